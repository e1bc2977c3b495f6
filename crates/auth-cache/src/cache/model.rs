//! All interleavings of a few threads on one [`State`], by loom:
//!
//! ```sh
//! RUSTFLAGS='--cfg auth_cache_loom' cargo test -p auth-cache --no-default-features --lib --target-dir target/loom model
//! ```

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use loom::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    SignInError, Token,
    cache::{
        refresh_windows::Windows,
        slot::{Action, FlightId, Loaded, Outcome, Settled},
        state::State,
    },
    token::tests::token_that_expires_at,
};

const START: SystemTime = SystemTime::UNIX_EPOCH;
const HOUR: Duration = Duration::from_secs(3600);
const ADVISORY: Duration = Duration::from_secs(50 * 60);
const LIMIT: Duration = Duration::from_secs(10);

/// A waiter that is not modelled gives up at once.
#[derive(Clone)]
struct Awaited;

impl Outcome for Awaited {
    fn is_awaited(&self) -> bool {
        true
    }
}

/// A cache whose source answers at once, from within the thread that asks.
#[derive(Default)]
struct Model {
    state: State<Awaited>,
    sign_ins: AtomicUsize,
    failures: AtomicUsize,
}

impl Default for State<Awaited> {
    fn default() -> Self {
        Self::new()
    }
}

enum Got {
    Token(Token),
    Error,
    /// Somebody else is at it.
    Wait,
}

impl Got {
    fn token(self) -> Option<Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Error | Self::Wait => None,
        }
    }
}

impl Model {
    /// A model that holds a token for an hour from the start.
    fn holding(token: &Token) -> Arc<Self> {
        let model = Arc::new(Self::default());
        model.state.with(|slot| {
            let id = FlightId::default();
            let Action::Start { reason, .. } = slot.classify(START, LIMIT) else { panic!("it is empty") };
            slot.start(id.clone(), reason, Awaited, START);
            slot.settle(&id, Ok(loaded(token, START)), START, || 0.0);
        });
        model
    }

    fn get(&self, now: SystemTime, answer: Result<&Token, ()>) -> Got {
        if let Some(token) = self.state.fresh(now.into()) {
            return Got::Token(token);
        }
        let id = FlightId::default();
        let action = self.state.with(|slot| {
            let action = slot.classify(now, LIMIT);
            if let Action::Start { reason, .. } = action {
                slot.start(id.clone(), reason, Awaited, now);
            }
            action
        });
        match action {
            Action::Serve(held) => Got::Token(held.token),
            Action::Join { .. } => Got::Wait,
            Action::Fail(_) => Got::Error,
            Action::Start { .. } => {
                self.sign_ins.fetch_add(1, Ordering::Relaxed);
                thread::yield_now();
                self.settle(&id, now, answer)
            }
        }
    }

    fn settle(&self, id: &FlightId, now: SystemTime, answer: Result<&Token, ()>) -> Got {
        let result = answer.map(|token| loaded(token, now)).map_err(|()| Arc::new(SignInError::unavailable("refused")));
        let (settled, landed) = self.state.with(|slot| slot.settle(id, result, now, || 0.0));
        match settled {
            Settled::Token(token) | Settled::Failed { fallback: Some(token), .. } => Got::Token(token),
            Settled::Failed { .. } => {
                if landed.is_some() {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                }
                Got::Error
            }
            Settled::Outdated => Got::Wait,
        }
    }

    fn held(&self) -> Option<Token> {
        self.state.with(|slot| slot.held().map(|held| held.token.clone()))
    }
}

fn loaded(token: &Token, now: SystemTime) -> Loaded {
    Loaded { token: token.clone(), windows: Windows::of(token, now, now, 0.0).unwrap() }
}

fn token(life: Duration) -> Token {
    token_that_expires_at(START + life)
}

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn threads_on_an_empty_cache_sign_in_once() {
    explore(|| {
        let a = token(HOUR);
        let model = Arc::new(Model::default());
        let threads = [(), ()].map(|()| {
            let (model, a) = (Arc::clone(&model), a.clone());
            thread::spawn(move || model.get(START, Ok(&a)).token())
        });
        let here = model.get(START, Ok(&a)).token();
        let got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).chain([here]).flatten().collect();
        assert!(!got.is_empty() && got.iter().all(|token| *token == a));
        assert_eq!(model.sign_ins.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_failure_counts_once_and_is_not_repeated() {
    explore(|| {
        let model = Arc::new(Model::default());
        let other = Arc::clone(&model);
        let thread = thread::spawn(move || other.get(START, Err(())).token());
        assert!(model.get(START, Err(())).token().is_none());
        assert!(thread.join().unwrap().is_none());
        assert_eq!(model.sign_ins.load(Ordering::Relaxed), 1);
        assert_eq!(model.failures.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_rejected_token_is_handed_out_to_nobody_who_asks_after_its_rejection() {
    explore(|| {
        let [a, b] = [HOUR, 2 * HOUR].map(token);
        let model = Model::holding(&a);
        let (other, rejected, next) = (Arc::clone(&model), a.clone(), b.clone());
        let thread = thread::spawn(move || {
            other.state.with(|slot| slot.invalidate(&rejected, START));
            let got = other.get(START, Ok(&next)).token();
            assert!(got.is_none_or(|token| token == next), "it is refused, and comes no more");
        });
        let before_or_after = model.get(START, Ok(&b)).token();
        assert!(before_or_after.is_none_or(|token| token == a || token == b));
        thread.join().unwrap();
        assert_ne!(model.held(), Some(a));
        assert!(model.sign_ins.load(Ordering::Relaxed) <= 1);
    });
}

#[test]
fn two_threads_that_report_the_same_token_cause_one_sign_in() {
    explore(|| {
        let [a, b] = [HOUR, 2 * HOUR].map(token);
        let model = Model::holding(&a);
        let (other, rejected, next) = (Arc::clone(&model), a.clone(), b.clone());
        let report = |model: &Model, rejected: &Token, next: &Token| {
            model.state.with(|slot| slot.invalidate(rejected, START));
            model.get(START, Ok(next)).token()
        };
        let thread = thread::spawn(move || report(&other, &rejected, &next));
        let here = report(&model, &a, &b);
        for got in [here, thread.join().unwrap()].into_iter().flatten() {
            assert_eq!(got, b);
        }
        assert_eq!(model.sign_ins.load(Ordering::Relaxed), 1);
        assert_eq!(model.held(), Some(b));
    });
}

#[test]
fn in_the_advisory_window_one_thread_renews_and_none_waits_or_goes_back_to_the_old_token() {
    explore(|| {
        let [a, b] = [HOUR, 2 * HOUR].map(token);
        let model = Model::holding(&a);
        let now = START + ADVISORY;
        let threads = [(), ()].map(|()| {
            let (model, a, b) = (Arc::clone(&model), a.clone(), b.clone());
            thread::spawn(move || {
                let [first, second] = [(), ()].map(|()| model.get(now, Ok(&b)).token().unwrap());
                assert!((first == a && second == a) || second == b, "from old to new, never back");
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(model.sign_ins.load(Ordering::Relaxed), 1);
        assert_eq!(model.held(), Some(b));
    });
}

#[test]
fn the_late_result_of_a_sign_in_that_was_given_up_never_takes_the_place_of_a_longer_life() {
    explore(|| {
        let [late, next] = [HOUR, 2 * HOUR].map(token);
        let model = Arc::new(Model::default());
        let frozen = FlightId::default();
        let thaw = START + Duration::from_secs(31);
        model.state.with(|slot| slot.start(frozen.clone(), crate::RefreshReason::Empty, Awaited, START));
        let (other, result) = (Arc::clone(&model), late.clone());
        let thread = thread::spawn(move || other.settle(&frozen, thaw, Ok(&result)).token());
        let got = model.get(thaw, Ok(&next)).token();
        assert_eq!(thread.join().unwrap(), Some(late.clone()));
        assert!(got == Some(next.clone()) || got == Some(late.clone()));
        let held = model.held().unwrap();
        assert!(got == Some(late) || held == next, "a renewal that came is kept");
    });
}

#[test]
fn forgetting_leaves_nothing_to_those_who_ask_afterwards() {
    explore(|| {
        let [a, b] = [HOUR, 2 * HOUR].map(token);
        let model = Model::holding(&a);
        let (other, next) = (Arc::clone(&model), b.clone());
        let thread = thread::spawn(move || {
            drop(other.state.with(|slot| slot.forget(START)));
            assert!(other.get(START, Ok(&next)).token().is_none_or(|token| token == next));
        });
        let got = model.get(START, Ok(&b)).token();
        assert!(got.is_none_or(|token| token == a || token == b));
        thread.join().unwrap();
        assert_ne!(model.held(), Some(a));
    });
}

#[test]
fn a_sign_in_that_was_under_way_when_the_cache_was_emptied_does_not_fill_it() {
    explore(|| {
        let a = token(HOUR);
        let model = Arc::new(Model::default());
        let under_way = FlightId::default();
        model.state.with(|slot| slot.start(under_way.clone(), crate::RefreshReason::Empty, Awaited, START));
        let (other, result) = (Arc::clone(&model), a.clone());
        let thread = thread::spawn(move || other.settle(&under_way, START, Ok(&result)).token());
        drop(model.state.with(|slot| slot.forget(START)));
        assert!(thread.join().unwrap().is_none_or(|token| token == a), "its caller came before, or starts again");
        assert_eq!(model.held(), None);
    });
}
