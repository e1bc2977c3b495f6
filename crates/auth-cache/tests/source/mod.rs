//! A token source whose answers are scripted, and which can be held up at a gate.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use auth_cache::{ManualClock, SignInError, Token, TokenSource};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::Semaphore;

/// Gives its answers one after the other; a call without one left is an error that no test expects.
pub(crate) struct ScriptedSource {
    clock: ManualClock,
    answers: Mutex<VecDeque<Answer>>,
    calls: AtomicUsize,
    gate: Semaphore,
}

enum Answer {
    Issue { subject: &'static str, life: u64 },
    Fail(SignInError),
    Panic,
}

impl ScriptedSource {
    /// A source without answers; tokens are issued at the time of `clock`.
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { clock, answers: Mutex::default(), calls: AtomicUsize::new(0), gate: Semaphore::new(OPEN) }
    }

    pub(crate) fn issues(&self, subject: &'static str, life: u64) {
        self.push(Answer::Issue { subject, life });
    }

    pub(crate) fn fails(&self, error: SignInError) {
        self.push(Answer::Fail(error));
    }

    pub(crate) fn panics(&self) {
        self.push(Answer::Panic);
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

    fn push(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }
}

const OPEN: usize = 1 << 20;

impl TokenSource for ScriptedSource {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.lock().unwrap().pop_front();
        let _passed = self.gate.acquire().await.unwrap();
        match answer {
            Some(Answer::Issue { subject, life }) => Ok(Token::issued(jwt(subject, self.clock.now(), life))?),
            Some(Answer::Fail(error)) => Err(error),
            Some(Answer::Panic) => panic!("scripted"),
            None => panic!("the source was called more often than the test allows"),
        }
    }
}

/// An unsigned JWT that lives from `issued_at` for `life` seconds.
pub(crate) fn jwt(subject: &str, issued_at: SystemTime, life: u64) -> String {
    let iat = issued_at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{subject}","iat":{iat},"exp":{}}}"#, iat + life);
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}
