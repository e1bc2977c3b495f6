use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use auth_cache::{Identity, ManualClock, SignInError, Token, TokenError};
use futures_util::FutureExt as _;

pub(crate) use crate::one_clock::on_one_clock;
use crate::{observed::Counts, source::ScriptedSource};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// An identity, its clock, what it tells its observer, and a source that gives scripted answers.
///
/// At the end of each test the books must balance: each get was a hit, a miss or a wait, and each refresh that ended
/// was reported once.
pub(crate) struct Setup {
    pub(crate) clock: ManualClock,
    pub(crate) identity: Identity,
    pub(crate) source: Arc<ScriptedSource>,
    pub(crate) counts: Arc<Counts>,
    gets: AtomicU64,
    keeps_books: bool,
}

pub(crate) fn setup() -> Setup {
    let clock = ManualClock::at(start());
    let counts = Arc::new(Counts::default());
    let source = Arc::new(ScriptedSource::new(clock.clone()));
    let identity = Identity::new(source.clone()).with_clock(clock.clone()).with_observer(counts.clone());
    Setup { source, clock, identity, counts, gets: AtomicU64::new(0), keeps_books: true }
}

impl Setup {
    /// For a test that asks otherwise than by the methods below.
    pub(crate) fn without_books(mut self) -> Self {
        self.keeps_books = false;
        self
    }

    pub(crate) async fn get(&self) -> Result<Token, TokenError> {
        self.get_within(10 * SECOND).await
    }

    pub(crate) async fn get_within(&self, limit: Duration) -> Result<Token, TokenError> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        self.identity.token(limit).await
    }

    /// Gets a token that lives for `life`, from the source.
    pub(crate) async fn sign_in(&self, subject: &'static str, life: Duration) -> Token {
        self.source.issues(subject, life);
        self.get().await.unwrap()
    }

    /// A get that has to be answered at once.
    pub(crate) fn get_now(&self) -> Result<Token, TokenError> {
        self.get().now_or_never().expect("nobody has to wait")
    }

    /// A get of a caller that has no time: it is told why there is no token.
    pub(crate) async fn get_without_time(&self) -> Result<Token, TokenError> {
        self.get_within(Duration::ZERO).await
    }

    /// A get while time passes, by either clock.
    pub(crate) async fn get_in_time(&self, limit: Duration) -> Result<Token, TokenError> {
        on_one_clock(&self.clock, self.get_within(limit)).await
    }

    /// Polls a `get` once and drops it, as a caller does that is cancelled.
    pub(crate) fn get_and_drop(&self) {
        assert!(self.get().now_or_never().is_none(), "the caller should have had to wait");
    }

    /// Sets the clock to `elapsed` after the start.
    pub(crate) fn at(&self, elapsed: Duration) {
        self.clock.set(start() + elapsed);
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if self.keeps_books && !thread::panicking() {
            let Counts { hits, misses, waits, refreshes } = &*self.counts;
            let [hits, misses, waits] = [hits, misses, waits].map(|count| count.load(Ordering::Relaxed));
            assert_eq!(hits + misses + waits, self.gets.load(Ordering::Relaxed), "{:?}", self.counts);
            let not_ended = self.source.calls() - refreshes.lock().unwrap().len();
            assert!(not_ended <= 1, "{not_ended} sign-ins without an end: {:?}", self.counts);
        }
    }
}

/// Tokio's clock, which moves only when all tasks wait for it.
#[expect(clippy::disallowed_methods, reason = "no real time passes")]
pub(crate) fn paused_clock() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

pub(crate) fn unavailable() -> SignInError {
    SignInError::unavailable("connection refused")
}

pub(crate) fn throttled() -> SignInError {
    SignInError::throttled("Rate exceeded", None)
}

pub(crate) fn cause(error: &TokenError) -> &SignInError {
    match error {
        TokenError::SignIn { source, .. } => source,
        other => panic!("{other:?}"),
    }
}
