//! A token source whose answers are scripted, and which can be held up at a gate.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_cache::{ManualClock, SignInError, Token, TokenSource};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::Semaphore;

/// Gives its answers one after the other. A call without one left panics, unless a test expects it.
pub(crate) struct ScriptedSource {
    clock: ManualClock,
    answers: Mutex<VecDeque<Answer>>,
    calls: AtomicUsize,
    /// How many sign-ins are under way.
    pub(crate) in_flight: AtomicUsize,
    gate: Semaphore,
    /// What is issued when no answer is left, by the number of the call and the time.
    otherwise: OnceLock<Box<dyn Fn(usize, SystemTime) -> Token + Send + Sync>>,
}

enum Answer {
    Token(Box<dyn FnOnce(SystemTime) -> Token + Send>),
    Fail(SignInError),
    Panic,
    Hang,
}

impl ScriptedSource {
    /// A source without answers; tokens are issued at the time of `clock`.
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self {
            clock,
            answers: Mutex::default(),
            calls: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            gate: Semaphore::new(OPEN),
            otherwise: OnceLock::new(),
        }
    }

    pub(crate) fn issues(&self, subject: impl Into<String>, life: Duration) {
        let subject = subject.into();
        self.gives(move |now| Token::issued(jwt(&subject, now, life)).unwrap());
    }

    /// The next answer is made when the gate has been passed, from the time it is then.
    pub(crate) fn gives(&self, token: impl FnOnce(SystemTime) -> Token + Send + 'static) {
        self.push(Answer::Token(Box::new(token)));
    }

    pub(crate) fn fails(&self, error: SignInError) {
        self.push(Answer::Fail(error));
    }

    pub(crate) fn panics(&self) {
        self.push(Answer::Panic);
    }

    /// The next answer never comes.
    pub(crate) fn hangs(&self) {
        self.push(Answer::Hang);
    }

    /// How often it was asked to sign in.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// From now on sign-ins wait.
    pub(crate) fn close_gate(&self) {
        self.gate.forget_permits(OPEN);
    }

    /// Lets all sign-ins through.
    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(OPEN);
    }

    /// From now on, a call without an answer is no fault: it gets a token that lives for `life`.
    pub(crate) fn otherwise_issues(&self, life: Duration) {
        self.otherwise_gives(move |call, now| Token::issued(jwt(&format!("call {call}"), now, life)).unwrap());
    }

    /// The same with any token.
    pub(crate) fn otherwise_gives(&self, token: impl Fn(usize, SystemTime) -> Token + Send + Sync + 'static) {
        assert!(self.otherwise.set(Box::new(token)).is_ok());
    }

    pub(crate) fn forget_answers(&self) {
        self.answers.lock().unwrap().clear();
    }

    fn push(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }
}

const OPEN: usize = 1 << 20;

impl TokenSource for ScriptedSource {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.lock().unwrap().pop_front();
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let _landing = Landing(&self.in_flight);
        let _passed = self.gate.acquire().await.unwrap();
        match answer {
            Some(Answer::Token(token)) => Ok(token(self.clock.now())),
            Some(Answer::Fail(error)) => Err(error),
            // Without the message that a test would show.
            Some(Answer::Panic) => std::panic::resume_unwind(Box::new("scripted")),
            Some(Answer::Hang) => std::future::pending().await,
            None => {
                let token = self.otherwise.get().expect("the source was called more often than the test allows");
                Ok(token(call, self.clock.now()))
            }
        }
    }
}

/// Counts a sign-in that ends, also when it is dropped.
struct Landing<'a>(&'a AtomicUsize);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An unsigned JWT that lives from `issued_at` for `life`, to the second.
pub(crate) fn jwt(subject: &str, issued_at: SystemTime, life: Duration) -> String {
    let iat = issued_at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{subject}","iat":{iat},"exp":{}}}"#, iat + life.as_secs());
    unsigned(&claims)
}

/// An unsigned JWT with these claims.
pub(crate) fn unsigned(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}
