//! Random histories of calls, answers, freezes, clock jumps and rejections, and what holds in all of them.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_cache::{SignInError, Token, TokenError};
use futures_util::future::{Either, select, select_all};
use proptest::{collection::vec, option, prelude::*, test_runner::TestRunner};
use tokio::time::{Instant, sleep};

use crate::{
    setup::{HOUR, SECOND, Setup, on_one_clock, paused_clock, setup, unavailable},
    source::{jwt, unsigned},
};

#[derive(Clone, Debug)]
enum Step {
    /// This many callers with this many milliseconds ask.
    Get {
        callers: u8,
        limit: u16,
    },
    /// So many milliseconds pass while those wait who have to.
    Pass(u16),
    /// The process is frozen for so many seconds.
    Freeze(u16),
    SetBack(u16),
    /// The caller that has waited longest goes away.
    DropOne,
    /// The API refuses the token that was handed out last, or the one before.
    Reject {
        before: bool,
    },
    Forget,
    CloseGate,
    OpenGate,
    /// What the source will answer after what it has been told before.
    Answer(Answer),
}

#[derive(Clone, Debug)]
enum Answer {
    Issue {
        life: u16,
    },
    Stored {
        life: u16,
    },
    IssuedByAnotherClock {
        life: u16,
        off: i16,
    },
    /// A token that was handed out before, perhaps refused since, as a provider does that caches.
    OneOfTheLast {
        before: u8,
    },
    NoExpiry,
    Unavailable,
    Throttled {
        stated: Option<u16>,
    },
    LockedOut,
    WrongCredentials,
    Panic,
    Hang,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        4 => (0..7200_u16).prop_map(|life| Answer::Issue { life }),
        1 => (0..7200_u16).prop_map(|life| Answer::Stored { life }),
        1 => (0..7200_u16, -900..900_i16).prop_map(|(life, off)| Answer::IssuedByAnotherClock { life, off }),
        2 => (0..10_u8).prop_map(|before| Answer::OneOfTheLast { before }),
        1 => Just(Answer::NoExpiry),
        2 => Just(Answer::Unavailable),
        2 => option::of(0..30_u16).prop_map(|stated| Answer::Throttled { stated }),
        1 => Just(Answer::LockedOut),
        1 => Just(Answer::WrongCredentials),
        1 => Just(Answer::Panic),
        1 => Just(Answer::Hang),
    ];
    prop_oneof![
        8 => (1..5_u8, 0..10_000_u16).prop_map(|(callers, limit)| Step::Get { callers, limit }),
        4 => (0..500_u16).prop_map(Step::Pass),
        2 => (0..10_000_u16).prop_map(Step::Pass),
        1 => (0..100_u16).prop_map(Step::Freeze),
        2 => (0..7200_u16).prop_map(Step::Freeze),
        1 => (0..7200_u16).prop_map(Step::SetBack),
        1 => Just(Step::DropOne),
        2 => any::<bool>().prop_map(|before| Step::Reject { before }),
        1 => Just(Step::Forget),
        1 => Just(Step::CloseGate),
        2 => Just(Step::OpenGate),
        6 => answer.prop_map(Step::Answer),
    ]
}

/// A caller, when it asked by either clock, and its limit.
struct Caller<'a> {
    get: Pin<Box<dyn Future<Output = Result<Token, TokenError>> + 'a>>,
    asked: (SystemTime, Instant),
    limit: Duration,
}

/// How often what is rare has happened, in all histories together.
#[derive(Debug, Default)]
struct Seen {
    time_outs: AtomicUsize,
    waits_for_another_attempt: AtomicUsize,
    lasting_failures: AtomicUsize,
    passing_failures: AtomicUsize,
    given_up: AtomicUsize,
}

impl Seen {
    fn all(&self) -> [usize; 5] {
        let Self { time_outs, waits_for_another_attempt, lasting_failures, passing_failures, given_up } = self;
        [time_outs, waits_for_another_attempt, lasting_failures, passing_failures, given_up]
            .map(|count| count.load(Ordering::Relaxed))
    }
}

/// What is known of the history, beside what the cache knows itself.
struct History<'a> {
    t: &'a Setup,
    seen: &'a Seen,
    waiting: Vec<Caller<'a>>,
    handed_out: Vec<Token>,
    /// When each of the tokens was handed out last, since it was issued.
    last_use: Arc<Mutex<Vec<(Token, SystemTime)>>>,
    /// Those that were issued by another clock, which may be off.
    by_another_clock: Arc<Mutex<Vec<Token>>>,
    /// The token that was dropped last because it was rejected: it must not come again.
    refused: Option<Token>,
    gate_is_open: bool,
    /// Whether the sign-in under way may have been interrupted.
    was_disturbed: bool,
    /// Whether the clock was set back: then no pause can be told.
    was_set_back: bool,
    under_way_for: Duration,
    issued: u32,
}

impl<'a> History<'a> {
    fn new(t: &'a Setup, seen: &'a Seen) -> Self {
        Self {
            t,
            seen,
            waiting: Vec::new(),
            handed_out: Vec::new(),
            last_use: Arc::default(),
            by_another_clock: Arc::default(),
            refused: None,
            gate_is_open: true,
            was_disturbed: false,
            was_set_back: false,
            under_way_for: Duration::ZERO,
            issued: 0,
        }
    }

    async fn take(&mut self, step: &Step) {
        let t = self.t;
        match *step {
            Step::Get { callers, limit } => {
                let limit = Duration::from_millis(limit.into());
                for _ in 0..callers {
                    let asked = (t.clock.now(), paused_clock());
                    self.waiting.push(Caller { get: Box::pin(t.get_within(limit)), asked, limit });
                }
                self.pass(Duration::ZERO).await;
            }
            Step::Pass(millis) => self.pass(Duration::from_millis(millis.into())).await,
            Step::Freeze(seconds) => t.clock.advance(u32::from(seconds) * SECOND),
            Step::SetBack(seconds) => t.clock.set_back(u32::from(seconds) * SECOND),
            Step::DropOne => {
                if !self.waiting.is_empty() {
                    drop(self.waiting.remove(0));
                }
            }
            Step::Reject { before } => self.reject(usize::from(before)),
            Step::Forget => {
                t.identity.forget();
                self.refused = None;
            }
            Step::CloseGate if self.gate_is_open => {
                t.source.close_gate();
                self.gate_is_open = false;
            }
            Step::OpenGate if !self.gate_is_open => {
                t.source.open_gate();
                self.gate_is_open = true;
            }
            Step::CloseGate | Step::OpenGate => {}
            Step::Answer(ref answer) => self.answer(answer),
        }
        // Two sign-ins overlap only if a freeze may have interrupted the first, if nobody waited for it, if it hung, or if
        // it was forgotten.
        self.was_disturbed |= match *step {
            Step::Pass(_) => self.waiting.is_empty() || self.under_way_for > 30 * SECOND,
            Step::Freeze(_) | Step::SetBack(_) | Step::Forget | Step::DropOne => true,
            _ => false,
        };
        self.was_set_back |= matches!(step, Step::SetBack(_));
        let under_way = t.source.in_flight.load(Ordering::Relaxed);
        assert!(under_way <= 1 || self.was_disturbed, "{under_way} sign-ins at the same time");
        if under_way == 0 {
            self.was_disturbed = false;
            self.under_way_for = Duration::ZERO;
        }
    }

    /// Lets time pass, for those who wait too.
    async fn pass(&mut self, time: Duration) {
        let clock = self.t.clock.clone();
        self.under_way_for += time;
        let until = async {
            sleep(time).await;
            tokio::task::yield_now().await;
        };
        on_one_clock(&clock, async {
            let mut until = pin!(until);
            while !self.waiting.is_empty() {
                let callers = select_all(self.waiting.iter_mut().map(|caller| caller.get.as_mut()));
                match select(callers, until.as_mut()).await {
                    Either::Left(((result, index, _), _)) => {
                        let caller = self.waiting.swap_remove(index);
                        self.check(&caller, result);
                    }
                    Either::Right(_) => return,
                }
            }
            until.await;
        })
        .await;
    }

    fn answer(&mut self, answer: &Answer) {
        let source = &self.t.source;
        self.issued += 1;
        let subject = self.issued.to_string();
        match *answer {
            Answer::Issue { life } => source.issues(subject, u32::from(life) * SECOND),
            Answer::Stored { life } => {
                source.gives(move |now| Token::stored(jwt(&subject, now, u32::from(life) * SECOND)).unwrap())
            }
            Answer::IssuedByAnotherClock { life, off } => {
                let noted = Arc::clone(&self.by_another_clock);
                source.gives(move |now| {
                    let off_by = u32::from(off.unsigned_abs()) * SECOND;
                    let now = if off < 0 { now - off_by } else { now + off_by };
                    let token = Token::issued(jwt(&subject, now, u32::from(life) * SECOND)).unwrap();
                    noted.lock().unwrap().push(token.clone());
                    token
                });
            }
            Answer::OneOfTheLast { before } => {
                let Some(token) = self.handed_out.iter().rev().nth(before.into()).cloned() else { return };
                let last_use = Arc::clone(&self.last_use);
                source.gives(move |_| {
                    last_use.lock().unwrap().retain(|(used, _)| *used != token);
                    token
                });
            }
            Answer::NoExpiry => source.fails(Token::issued(unsigned("{}")).unwrap_err().into()),
            Answer::Unavailable => source.fails(unavailable()),
            Answer::Throttled { stated } => {
                let stated = stated.map(|seconds| u32::from(seconds) * SECOND);
                source.fails(SignInError::throttled("Rate exceeded", stated));
            }
            Answer::LockedOut => source.fails(SignInError::locked_out(None)),
            Answer::WrongCredentials => source.fails(SignInError::WrongCredentials),
            Answer::Panic => source.panics(),
            Answer::Hang => source.hangs(),
        }
    }

    fn check(&mut self, caller: &Caller<'_>, result: Result<Token, TokenError>) {
        let (wall, monotonic) = caller.asked;
        let waited = monotonic.elapsed();
        assert!(waited <= caller.limit + SECOND / 100, "{waited:?} of {:?}", caller.limit);
        match result {
            Ok(token) => self.check_token(token),
            Err(TokenError::TimedOut { .. }) => {
                self.seen.time_outs.fetch_add(1, Ordering::Relaxed);
                assert!(waited >= caller.limit, "{waited:?} of {:?}", caller.limit);
            }
            Err(error) if error.is_transient() => {
                self.seen.passing_failures.fetch_add(1, Ordering::Relaxed);
                let next = self.t.clock.now() + error.retry_after().unwrap();
                let has_no_time = next >= wall + caller.limit || waited >= caller.limit;
                assert!(has_no_time || self.was_set_back, "{error:?} with time left");
            }
            Err(_) => _ = self.seen.lasting_failures.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn check_token(&mut self, token: Token) {
        let now = self.t.clock.now();
        // Only one of another clock can tell that the local one is off, and then by ten minutes at most.
        let is_of_another_clock = self.by_another_clock.lock().unwrap().contains(&token);
        let skew = if is_of_another_clock { 600 * SECOND } else { Duration::ZERO };
        let end = token.expires_at().unwrap() + skew;
        assert!(now < end, "{token:?} is served at {now:?}");
        assert!(self.refused.as_ref() != Some(&token), "{token:?} was refused before");

        let mut last_use = self.last_use.lock().unwrap();
        match last_use.iter_mut().find(|(used, _)| *used == token) {
            Some((_, last)) => {
                assert!(
                    *last <= now + 2 * SECOND + SECOND / 10,
                    "{token:?} is served again at {now:?}, after {last:?}"
                );
                *last = now.max(*last);
            }
            None => last_use.push((token.clone(), now)),
        }
        self.handed_out.push(token);
    }

    fn reject(&mut self, back: usize) {
        let Some(token) = self.handed_out.iter().rev().nth(back).cloned() else { return };
        if self.t.identity.invalidate(&token) {
            self.refused = Some(token);
        }
    }
}

#[test]
fn whatever_happens_no_token_is_served_beyond_its_life_or_after_its_rejection_and_the_cache_recovers() {
    let seen = Seen::default();
    // What was found has a test of its own, and its history in this folder would not outlive the next kind of step.
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&vec(step(), 1..80), |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(&steps, &seen));
        Ok(())
    });
    outcome.unwrap();
    assert!(seen.all().iter().all(|count| *count > 10), "what is rare has to be played too: {seen:?}");
}

async fn play(steps: &[Step], seen: &Seen) {
    let t = setup();
    t.source.otherwise_issues(HOUR);
    let mut history = History::new(&t, seen);
    let mut latest = t.clock.now();
    for step in steps {
        history.take(step).await;
        latest = latest.max(t.clock.now());
    }
    drop(history);
    let ended = t.counts.refreshes();
    seen.given_up.fetch_add(ended.iter().filter(|(_, outcome)| *outcome == "abandoned").count(), Ordering::Relaxed);
    let attempts = ended.len() as u64;
    let waits = t.counts.waits.load(Ordering::Relaxed);
    seen.waits_for_another_attempt.fetch_add(usize::from(waits > 0 && attempts > 1), Ordering::Relaxed);
    // Whatever came before: with a source that answers, there is a token when the longest pause is over. That may have begun
    // before the clock was set back, or begin with the end of a sign-in that was under way, which may be seen only when the
    // token that was served meanwhile is over.
    t.source.forget_answers();
    t.source.open_gate();
    t.clock.set(latest);
    for _ in 0..2 {
        let _ = on_one_clock(&t.clock, t.get()).await;
        t.clock.advance(901 * SECOND);
    }
    on_one_clock(&t.clock, t.get()).await.unwrap();
}
