use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt as _;

use crate::{
    Clock, ErrorChain, SignInError, Token, TokenError, TokenSource,
    slot::{Action, Flight, Loaded, Outcome, Settled, Slot},
    windows::Windows,
};

/// Holds one identity's token for as long as the process lives. Made to be a `static`.
///
/// See the [crate's documentation](crate) for what it does and an example.
pub struct TokenCache {
    slot: Mutex<Slot>,
    clock: Clock,
}

/// How long [`TokenCache::get`] waits for a sign-in.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl TokenCache {
    /// An empty cache.
    pub const fn new() -> Self {
        Self::with_clock(Clock::wall())
    }

    /// An empty cache that judges expiry by `clock`: for tests.
    pub const fn with_clock(clock: Clock) -> Self {
        Self { slot: Mutex::new(Slot::new()), clock }
    }

    /// The token, from memory if it is valid, else from `source`.
    ///
    /// Waits 10 s at most, in a tokio runtime that has a timer. Dropping the future cancels nothing: the next caller
    /// carries on with the sign-in.
    ///
    /// # Errors
    /// When the sign-in fails, or has failed so recently that it is not tried again yet, and no valid token is left.
    pub async fn get<S: TokenSource>(&self, source: &Arc<S>) -> Result<Token, TokenError> {
        self.get_within(LONGEST_WAIT, source).await
    }

    /// As [`TokenCache::get`], but waits no longer than `limit`: for a caller with a deadline of its own.
    ///
    /// # Errors
    /// As [`TokenCache::get`], and [`TokenError::TimedOut`] when the limit passes and no valid token is left.
    pub async fn get_within<S: TokenSource>(&self, limit: Duration, source: &Arc<S>) -> Result<Token, TokenError> {
        let flight = match self.begin(source) {
            Begin::Done(result) => return result,
            Begin::Wait(flight) => flight,
        };
        match tokio::time::timeout(limit, flight.outcome).await {
            Ok(result) => self.finish(flight.id, result),
            Err(_elapsed) => {
                self.slot().usable(self.clock.now()).cloned().ok_or(TokenError::TimedOut { waited: limit })
            }
        }
    }

    /// Drops the token if it still is the one that was rejected by the API, so that the next caller signs in.
    ///
    /// Call it when the API refuses the token as such (AppSync: HTTP 401 with `UnauthorizedException`), not when it
    /// refuses an operation. However many callers report the same token, one sign-in follows.
    ///
    /// A token that replaced a rejected one is kept for 10 s, or half of its life if that is shorter, even if it is
    /// rejected too. [`TokenCache::get`] then returns it once more; a caller that sees so should not try it again, but
    /// report the API's refusal.
    pub fn invalidate(&self, rejected: &Token) {
        self.slot().invalidate(rejected, self.clock.now());
    }

    /// Drops the token, the sign-in under way and what is remembered of failures: the cache is as new.
    pub fn forget(&self) {
        *self.slot() = Slot::new();
    }

    fn begin<S: TokenSource>(&self, source: &Arc<S>) -> Begin {
        let now = self.clock.now();
        let mut slot = self.slot();
        match slot.classify(now) {
            Action::Serve(token) => Begin::Done(Ok(token)),
            Action::Fail(error) => Begin::Done(Err(error)),
            Action::Join(flight) => Begin::Wait(flight),
            Action::Start(reason) => {
                tracing::debug!(?reason, "signing in");
                Begin::Wait(slot.start(sign_in(Arc::clone(source), self.clock.clone()), now))
            }
        }
    }

    fn finish(&self, id: u64, result: Result<Loaded, Arc<SignInError>>) -> Result<Token, TokenError> {
        let settled = self.slot().settle(id, result, self.clock.now(), fastrand::f64());
        match settled {
            Settled::Token(token) => Ok(token),
            Settled::Failed { error, fallback: None, .. } => Err(error),
            Settled::Failed { error, fallback: Some(token), first } => {
                if first {
                    tracing::warn!(
                        error = %ErrorChain(&error),
                        retry_after = ?error.retry_after(),
                        "could not renew the token; the old one is served until it expires",
                    );
                }
                Ok(token)
            }
        }
    }

    /// A panic elsewhere leaves the slot consistent: it is only ever changed by statements that cannot panic.
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.clock.now();
        f.debug_struct("TokenCache").field("token", &self.slot().usable(now)).finish_non_exhaustive()
    }
}

enum Begin {
    Done(Result<Token, TokenError>),
    Wait(Flight),
}

/// The sign-in as a future that the cache owns: it lives on when the caller that started it is dropped.
fn sign_in<S: TokenSource>(source: Arc<S>, clock: Clock) -> Outcome {
    async move {
        let requested_at = clock.now();
        let token = AssertUnwindSafe(async { source.sign_in().await })
            .catch_unwind()
            .await
            .unwrap_or(Err(SignInError::Panicked))?;
        match Windows::of(&token, requested_at, clock.now(), fastrand::f64()) {
            Some(windows) => Ok(Loaded { token, windows }),
            None => Err(SignInError::ExpiredOnArrival),
        }
    }
    .map(|result: Result<_, SignInError>| result.map_err(Arc::new))
    .boxed()
    .shared()
}
