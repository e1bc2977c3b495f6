//! Random histories of calls, answers, clock jumps and rejections, and what holds in all of them.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use auth_cache::{SignInError, Token, TokenError};
use futures_util::FutureExt as _;
use proptest::{collection::vec, prelude::*};

use crate::{
    setup::{SECOND, Setup, setup, throttled, unavailable},
    source::{jwt, unsigned},
};

#[derive(Clone, Debug)]
enum Step {
    /// This many callers ask; those who have to wait do so until they are polled again or dropped.
    Get(u8),
    /// A caller with this many milliseconds asks.
    GetWithin(u16),
    /// All that wait are polled.
    Poll,
    /// The caller that has waited longest goes away.
    DropOne,
    Advance(u16),
    SetBack(u16),
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
    Throttled,
    WrongCredentials,
    Panic,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        4 => (0..7200_u16).prop_map(|life| Answer::Issue { life }),
        1 => (0..7200_u16).prop_map(|life| Answer::Stored { life }),
        1 => (0..7200_u16, -900..900_i16).prop_map(|(life, off)| Answer::IssuedByAnotherClock { life, off }),
        2 => (0..10_u8).prop_map(|before| Answer::OneOfTheLast { before }),
        1 => Just(Answer::NoExpiry),
        1 => Just(Answer::Unavailable),
        1 => Just(Answer::Throttled),
        1 => Just(Answer::WrongCredentials),
        1 => Just(Answer::Panic),
    ];
    prop_oneof![
        6 => (1..5_u8).prop_map(Step::Get),
        2 => (0..3000_u16).prop_map(Step::GetWithin),
        2 => Just(Step::Poll),
        1 => Just(Step::DropOne),
        4 => (0..100_u16).prop_map(Step::Advance),
        2 => (0..7200_u16).prop_map(Step::Advance),
        1 => (0..7200_u16).prop_map(Step::SetBack),
        2 => any::<bool>().prop_map(|before| Step::Reject { before }),
        1 => Just(Step::Forget),
        1 => Just(Step::CloseGate),
        2 => Just(Step::OpenGate),
        6 => answer.prop_map(Step::Answer),
    ]
}

type Caller<'a> = Pin<Box<dyn Future<Output = Result<Token, TokenError>> + 'a>>;

/// What is known of the history, beside what the cache knows itself.
struct History<'a> {
    t: &'a Setup,
    waiting: Vec<Caller<'a>>,
    handed_out: Vec<Token>,
    /// Those that were issued by another clock, which may be off.
    by_another_clock: Arc<Mutex<Vec<Token>>>,
    /// The tokens that were dropped last because they were rejected: they must not come again.
    refused: VecDeque<Token>,
    gate_is_open: bool,
    /// Whether the sign-in under way may have been interrupted.
    was_disturbed: bool,
    issued: u32,
}

impl<'a> History<'a> {
    fn take(&mut self, step: &Step) {
        let t = self.t;
        match step {
            Step::Get(callers) => {
                for _ in 0..*callers {
                    self.ask(Box::pin(t.get()));
                }
            }
            Step::GetWithin(limit) => self.ask(Box::pin(t.get_within(Duration::from_millis((*limit).into())))),
            Step::Poll => self.poll(),
            Step::DropOne => {
                if !self.waiting.is_empty() {
                    drop(self.waiting.remove(0));
                }
            }
            Step::Advance(seconds) => t.clock.advance(u32::from(*seconds) * SECOND),
            Step::SetBack(seconds) => t.clock.set_back(u32::from(*seconds) * SECOND),
            Step::Reject { before } => self.reject(usize::from(*before)),
            Step::Forget => {
                t.cache.forget();
                self.refused.clear();
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
            Step::Answer(answer) => self.answer(answer),
        }
        // Two sign-ins overlap only if a freeze may have interrupted the first, or if it was forgotten.
        self.was_disturbed |= match step {
            Step::Advance(seconds) => *seconds > 3,
            Step::SetBack(_) | Step::Forget => true,
            _ => false,
        };
        let under_way = t.source.in_flight.load(Ordering::Relaxed);
        assert!(under_way <= 1 || self.was_disturbed, "{under_way} sign-ins at the same time");
        self.was_disturbed &= under_way > 0;
    }

    /// Without an answer that was scripted, the source issues a token for an hour.
    fn ask(&mut self, mut caller: Caller<'a>) {
        if self.t.source.is_out_of_answers() {
            self.answer(&Answer::Issue { life: 3600 });
        }
        match caller.as_mut().now_or_never() {
            Some(result) => self.check(result),
            None => self.waiting.push(caller),
        }
    }

    fn poll(&mut self) {
        for mut caller in std::mem::take(&mut self.waiting) {
            // A caller may find its token rejected and start another sign-in.
            if self.t.source.is_out_of_answers() {
                self.answer(&Answer::Issue { life: 3600 });
            }
            match caller.as_mut().now_or_never() {
                Some(result) => self.check(result),
                None => self.waiting.push(caller),
            }
        }
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
                source.gives(move |_| token);
            }
            Answer::NoExpiry => source.fails(Token::issued(unsigned("{}")).unwrap_err().into()),
            Answer::Unavailable => source.fails(unavailable()),
            Answer::Throttled => source.fails(throttled()),
            Answer::WrongCredentials => source.fails(SignInError::WrongCredentials),
            Answer::Panic => source.panics(),
        }
    }

    fn check(&mut self, result: Result<Token, TokenError>) {
        let now = self.t.clock.now();
        let Ok(token) = result else { return };
        // Only one of another clock can tell that the local one is off, and then by ten minutes at most.
        let is_of_another_clock = self.by_another_clock.lock().unwrap().contains(&token);
        let skew = if is_of_another_clock { 600 * SECOND } else { Duration::ZERO };
        let end = token.expires_at().unwrap() + skew;
        assert!(now < end, "{token:?} is served at {now:?}");
        assert!(!self.refused.contains(&token), "{token:?} was refused before");
        self.handed_out.push(token);
    }

    fn reject(&mut self, back: usize) {
        let Some(token) = self.handed_out.iter().rev().nth(back).cloned() else { return };
        let holds_a_token = || format!("{:?}", self.t.cache).contains("Some");
        let held = holds_a_token();
        self.t.cache.invalidate(&token);
        if held && !holds_a_token() {
            self.refused.push_back(token);
            if self.refused.len() > 8 {
                self.refused.pop_front();
            }
        }
    }
}

proptest! {
    // What was found has a test of its own, and its history in this folder would not outlive the next kind of step.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_token_is_served_beyond_its_life_or_after_its_rejection_and_the_cache_recovers(
        steps in vec(step(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let t = setup();
            let mut history = History {
                t: &t,
                waiting: Vec::new(),
                handed_out: Vec::new(),
                by_another_clock: Arc::default(),
                refused: VecDeque::new(),
                gate_is_open: true,
                was_disturbed: false,
                issued: 0,
            };
            let mut latest = t.clock.now();
            for step in &steps {
                history.take(step);
                latest = latest.max(t.clock.now());
            }
            // Whatever came before: with a source that answers, the cache has a token when the longest pause is over,
            // which may have begun before the clock was set back.
            history.take(&Step::OpenGate);
            history.take(&Step::Poll);
            drop(history);
            t.source.forget_answers();
            t.clock.set(latest + 901 * SECOND);
            t.source.issues("last", 3600 * SECOND);
            t.source.issues("if the first was for a caller before", 3600 * SECOND);
            t.get().await.unwrap();
        });
    }
}
