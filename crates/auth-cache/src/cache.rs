mod jitter;
#[cfg(all(test, auth_cache_loom))]
mod model;
mod refresh_windows;
mod slot;
mod state;

use std::{
    cell::RefCell, convert::Infallible, fmt, future::Future, panic::AssertUnwindSafe, pin::pin, sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Either, Shared, poll_fn, select},
};

use self::{
    refresh_windows::Windows,
    slot::{ATTENDANCE, Action, Flight, FlightId, Landed, Loaded, Outcome, Settled},
    state::State,
};
use crate::{
    Clock, ErrorChain, Observer, Refresh, RefreshOutcome, RefreshReason, SignInError, Token, TokenError, TokenSource,
    clock::Nanos,
};

/// Holds one identity's token for as long as the process lives. Made to be a `static`.
///
/// See the [crate's documentation](crate) for what it does and an example.
pub struct TokenCache {
    state: State<SignIn>,
    clock: Clock,
    observer: Option<ObserverHandle>,
}

/// The shared future of a sign-in: every waiter gets the same result.
type SignIn = Shared<BoxFuture<'static, Result<Loaded, Arc<SignInError>>>>;

impl Outcome for SignIn {
    fn is_awaited(&self) -> bool {
        // One handle is the slot's own.
        self.strong_count().is_some_and(|handles| handles > 1)
    }
}

/// How long [`TokenCache::get`] waits for a sign-in.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a caller waits for a new token at most if the old one is still valid.
const LONGEST_WAIT_FOR_RENEWAL: Duration = Duration::from_secs(3);

impl TokenCache {
    /// An empty cache.
    pub const fn new() -> Self {
        Self { state: State::new(), clock: Clock::wall(), observer: None }
    }

    /// An empty cache that tells `observer` what it does.
    pub const fn observed_by(observer: &'static dyn Observer) -> Self {
        Self { state: State::new(), clock: Clock::wall(), observer: Some(ObserverHandle::Static(observer)) }
    }

    /// The same cache, which tells `observer` what it does; for a cache that is not a `static`.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(ObserverHandle::Shared(observer)), ..self }
    }

    /// The same cache, which judges expiry by `clock`: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
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
    /// While the old token is still valid, it waits half of the limit at most, and never more than 3 s, so that time is
    /// left to use it. With less than a second, it starts no renewal that can wait.
    ///
    /// # Errors
    /// As [`TokenCache::get`], and [`TokenError::TimedOut`] when the limit passes and no valid token is left.
    pub async fn get_within<S: TokenSource>(&self, limit: Duration, source: &Arc<S>) -> Result<Token, TokenError> {
        let now = self.clock.coarse();
        if let Some(token) = self.state.fresh(now) {
            self.observe(|observer| observer.hit(token.age(now)));
            return Ok(token);
        }
        let (flight, fallback) = match self.begin(limit, source) {
            Begin::Hit { token, age } => {
                self.observe(|observer| observer.hit(age));
                return Ok(token);
            }
            Begin::Refused(error) => {
                self.observe(Observer::miss);
                return Err(error);
            }
            Begin::Started { flight, fallback } => {
                self.observe(Observer::miss);
                (flight, fallback)
            }
            Begin::Joined { flight, fallback } => {
                self.observe(Observer::wait);
                (flight, fallback)
            }
        };
        Box::pin(self.wait(flight, limit, fallback, source)).await
    }

    /// Drops the token if it still is the one that was rejected by the API, so that the next caller signs in.
    ///
    /// Call it when the API refuses the token as such (AppSync: HTTP 401 with `UnauthorizedException`), not when it
    /// refuses an operation. However many callers report the same token, one sign-in follows.
    ///
    /// For 10 s after it dropped one, or half of the new token's life if that is shorter, it drops no other.
    /// [`TokenCache::get`] then returns it once more; a caller that sees so should not try it again, but report the
    /// API's refusal.
    ///
    /// Returns whether the token was dropped.
    pub fn invalidate(&self, rejected: &Token) -> bool {
        let now = self.clock.now();
        self.state.with(|slot| slot.invalidate(rejected, now))
    }

    /// Whether [`TokenCache::invalidate`] would drop the token now.
    pub(crate) fn would_drop(&self, rejected: &Token) -> bool {
        let now = self.clock.now();
        self.state.with(|slot| slot.would_drop(rejected, now))
    }

    /// The same cache, which tells `observer` what it does, if there is one.
    pub(crate) fn observed(self, observer: Option<ObserverHandle>) -> Self {
        Self { observer, ..self }
    }

    pub(crate) fn now(&self) -> Nanos {
        self.clock.coarse()
    }

    /// Drops the token, the sign-in under way and what is remembered of failures: the cache is as new.
    pub fn forget(&self) {
        let now = self.clock.now();
        if let Some(abandoned) = self.state.with(|slot| slot.forget(now)) {
            self.observe_end(abandoned.landed, RefreshOutcome::Abandoned);
        }
    }

    /// Waits for the sign-in within `limit`, but not for long as long as there is an old token to fall back on.
    async fn wait<S: TokenSource>(
        &self,
        mut flight: Flight<SignIn>,
        limit: Duration,
        fallback: bool,
        source: &Arc<S>,
    ) -> Result<Token, TokenError> {
        let mut patience = if fallback { LONGEST_WAIT_FOR_RENEWAL.min(limit / 2) } else { limit };
        let mut timer = pin!(tokio::time::sleep(patience));
        loop {
            let waiter = Waiter { cache: self, id: flight.id.clone() };
            let attendance = pin!(waiter.attend());
            match select(&mut flight.outcome, select(timer.as_mut(), attendance)).await {
                Either::Left((result, _)) => {
                    if let Some(result) = self.finish(&waiter.id, result) {
                        return result;
                    }
                    match self.begin(limit, source) {
                        Begin::Hit { token, .. } => return Ok(token),
                        Begin::Refused(error) => return Err(error),
                        Begin::Started { flight: next, .. } | Begin::Joined { flight: next, .. } => flight = next,
                    }
                }
                Either::Right(_) => {
                    if let Some(token) = self.time_out(&waiter.id) {
                        return Ok(token);
                    }
                    if patience == limit {
                        return Err(TokenError::TimedOut { waited: limit });
                    }
                    // The old token has expired or was refused meanwhile: now there is nothing better than to wait.
                    timer.set(tokio::time::sleep(limit - patience));
                    patience = limit;
                }
            }
        }
    }

    /// Finds out what the caller has to do, and starts a sign-in if that is it.
    fn begin<S: TokenSource>(&self, limit: Duration, source: &Arc<S>) -> Begin {
        let now = self.clock.now();
        let (begin, abandoned) = self.state.with(|slot| match slot.classify(now, limit) {
            Action::Serve(Loaded { token, windows }) => {
                (Begin::Hit { token, age: now.duration_since(windows.admitted_at).unwrap_or_default() }, None)
            }
            Action::Fail(error) => (Begin::Refused(error), None),
            Action::Join { flight, .. } if flight.id.is_driven_by_this_call() => {
                (Begin::Refused(TokenError::Reentrant), None)
            }
            Action::Join { flight, fallback } => {
                slot.attend(&flight.id, now);
                (Begin::Joined { flight, fallback }, None)
            }
            Action::Start { reason, fallback } => {
                let id = FlightId::default();
                let outcome = sign_in(id.clone(), reason, Arc::clone(source), self.clock.clone());
                let (flight, abandoned) = slot.start(id, reason, outcome, now);
                (Begin::Started { flight, fallback }, abandoned)
            }
        });
        if let Some(abandoned) = abandoned {
            self.observe_end(abandoned.landed, RefreshOutcome::Abandoned);
        }
        begin
    }

    /// Reports the result of a sign-in; `None` when it is outdated by now.
    fn finish(&self, id: &FlightId, result: Result<Loaded, Arc<SignInError>>) -> Option<Result<Token, TokenError>> {
        let now = self.clock.now();
        let (settled, landed) = self.state.with(|slot| slot.settle(id, result, now, jitter::draw));
        if let Some(landed) = landed {
            let outcome = match &settled {
                Settled::Failed { error, .. } => RefreshOutcome::Failed(error),
                Settled::Token(_) | Settled::Outdated => RefreshOutcome::Succeeded,
            };
            self.observe_end(landed, outcome);
        }
        match settled {
            Settled::Token(token) => Some(Ok(token)),
            Settled::Failed { error, retry_after, fallback: None } => {
                Some(Err(TokenError::SignIn { source: error, retry_after }))
            }
            Settled::Failed { error, retry_after, fallback: Some(token) } => {
                if landed.is_some() {
                    warn_of_old_token(&error, retry_after);
                }
                Some(Ok(token))
            }
            Settled::Outdated => None,
        }
    }

    /// What a caller that waited in vain for the sign-in `id` can use.
    fn time_out(&self, id: &FlightId) -> Option<Token> {
        let now = self.clock.now();
        let (token, held_up) = self.state.with(|slot| slot.time_out(id, now, jitter::draw))?;
        if let Some((error, retry_after)) = held_up {
            warn_of_old_token(&error, retry_after);
        }
        Some(token)
    }

    fn observe_end(&self, Landed { reason, took }: Landed, outcome: RefreshOutcome<'_>) {
        self.observe(|observer| observer.refreshed(&Refresh { reason, outcome, took }));
    }

    #[inline]
    fn observe(&self, tell: impl FnOnce(&dyn Observer)) {
        match &self.observer {
            None => {}
            Some(ObserverHandle::Static(observer)) => tell(*observer),
            Some(ObserverHandle::Shared(observer)) => tell(observer.as_ref()),
        }
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
        let token = self.state.with(|slot| slot.usable(now).map(|held| held.token.clone()));
        f.debug_struct("TokenCache").field("token", &token).finish_non_exhaustive()
    }
}

/// An observer that lives for ever, or one that is shared.
#[derive(Clone)]
pub(crate) enum ObserverHandle {
    Static(&'static dyn Observer),
    Shared(Arc<dyn Observer>),
}

enum Begin {
    Hit { token: Token, age: Duration },
    Refused(TokenError),
    Started { flight: Flight<SignIn>, fallback: bool },
    Joined { flight: Flight<SignIn>, fallback: bool },
}

/// A caller that waits for a sign-in. The cache takes note of it for as long as it does.
struct Waiter<'a> {
    cache: &'a TokenCache,
    id: FlightId,
}

impl Waiter<'_> {
    /// Never ends. While the process is frozen, nobody attends, which tells the cache of the freeze.
    async fn attend(&self) -> Infallible {
        loop {
            tokio::time::sleep(ATTENDANCE).await;
            self.note();
        }
    }

    fn note(&self) {
        let now = self.cache.clock.now();
        self.cache.state.with(|slot| slot.attend(&self.id, now));
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.note();
    }
}

fn warn_of_old_token(error: &SignInError, retry_after: Duration) {
    tracing::warn!(
        error = %ErrorChain(error),
        ?retry_after,
        "could not renew the token; the old one is served until it expires",
    );
}

/// The sign-in as a future that the cache owns: it lives on when the caller that started it is dropped.
fn sign_in<S: TokenSource>(id: FlightId, reason: RefreshReason, source: Arc<S>, clock: Clock) -> SignIn {
    let signing_in = async move {
        tracing::debug!(reason = reason.name(), "signing in");
        let requested_at = clock.now();
        let token = id.while_driven(async { source.sign_in().await }).await?;
        match Windows::of(&token, requested_at, clock.now(), jitter::draw()) {
            Some(windows) => Ok(Loaded { token: token.admitted(windows.expires_at), windows }),
            None => Err(SignInError::ExpiredOnArrival),
        }
    };
    AssertUnwindSafe(signing_in)
        .catch_unwind()
        .map(|result| result.unwrap_or(Err(SignInError::Panicked)).map_err(Arc::new))
        .boxed()
        .shared()
}

thread_local! {
    /// The sign-ins that are being polled on this thread at this moment, each by the one before.
    static DRIVEN: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

impl FlightId {
    /// Whether whoever asks is a part of the very sign-in, and would wait for itself.
    fn is_driven_by_this_call(&self) -> bool {
        DRIVEN.with_borrow(|driven| driven.iter().any(|id| id.is(self)))
    }

    /// The same future, which can be told to be driven while it is polled.
    async fn while_driven<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            DRIVEN.with_borrow_mut(|driven| driven.push(self.clone()));
            let _pop = Pop;
            future.as_mut().poll(context)
        })
        .await
    }
}

/// Takes the last entry off [`DRIVEN`], after a panic too.
struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        DRIVEN.with_borrow_mut(Vec::pop);
    }
}
