use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use futures_util::future::{Either, select};
use tokio::time::sleep;

use crate::{
    Clock, Deadline, ErrorChain, Observer, Refresh, RefreshOutcome, SignInError, Token, TokenError, TokenSource,
    cache::{
        jitter,
        refresh_windows::LONGEST_LIFE,
        sign_in::{SignIn, sign_in},
        slot::{ATTENDANCE, Action, Ended, Flight, FlightId, Landed, Landing, Loaded, Patience, QUIET, Slot},
    },
    source::ErasedSource,
};

/// One identity: the source that signs it in, and its token, for as long as the process lives. Cheap to clone; clones
/// share the token.
///
/// Made to be a `static`, and what a client of an API holds. See the [crate's documentation](crate) for what it does and an
/// example.
#[derive(Clone)]
pub struct Identity {
    state: Arc<State>,
    source: Arc<dyn ErasedSource>,
    clock: Clock,
    observer: Option<Arc<dyn Observer>>,
    reuse: bool,
}

/// How long a caller waits for a new token at most if the old one is still valid.
const LONGEST_WAIT_FOR_RENEWAL: Duration = Duration::from_secs(3);
/// How long a caller waits for a sign-in that a freeze interrupted: the answer has come meanwhile, or never will.
const LONGEST_WAIT_FOR_WHAT_HAS_COME: Duration = Duration::from_millis(200);

impl Identity {
    /// The identity that `source` signs in.
    pub fn new(source: impl TokenSource) -> Self {
        Self { state: Arc::default(), source: Arc::new(source), clock: Clock::wall(), observer: None, reuse: true }
    }

    /// The same identity, which tells `observer` what it does.
    #[must_use]
    pub fn with_observer(self, observer: impl Observer) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// The same identity, which judges expiry by `clock`: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), state: Arc::default(), ..self }
    }

    /// The same identity, but it signs in whenever it is asked for a token. Exists to show what reuse saves.
    #[must_use]
    pub fn without_reuse(self) -> Self {
        Self { reuse: false, ..self }
    }

    /// The token, from memory if it is valid, else from the source. Waits for `limit` at most, in a tokio runtime that has
    /// a timer.
    ///
    /// If the sign-in fails in a way that may pass, the caller waits for the next attempt, as long as that comes within its
    /// limit. Dropping the future cancels nothing: the next caller carries on with the sign-in.
    ///
    /// While the old token is still valid, it waits half of the limit at most, and never more than 3 s, so that time is
    /// left to use it. With less than a second, it starts no renewal that can wait.
    ///
    /// # Errors
    /// When no valid token is left and the sign-in fails, or has failed so recently that it is not tried again within the
    /// limit; and [`TokenError::TimedOut`] when the limit passes.
    pub async fn token(&self, limit: Duration) -> Result<Token, TokenError> {
        let fresh;
        let this = match self.reuse {
            true => self,
            false => {
                fresh = Self { state: Arc::default(), ..self.clone() };
                &fresh
            }
        };
        this.get(limit).await
    }

    /// As [`Identity::token`], for a caller with a deadline, such as that of its invocation.
    ///
    /// # Errors
    /// As [`Identity::token`].
    pub async fn token_until(&self, deadline: Deadline) -> Result<Token, TokenError> {
        self.token(deadline.remaining(self.clock.now())).await
    }

    /// Sends something with the token, and if the API refuses the token, once more with another one.
    ///
    /// `is_refused` tells by the answer: of HTTP, status 401. Nothing is sent again if there is no other token. The answer
    /// to the first attempt is then the result, or the error of the sign-in.
    ///
    /// ```
    /// # use auth_cache::{Deadline, Identity};
    /// # async fn example(identity: Identity, http: reqwest::Client, deadline: Deadline) -> Result<(), Box<dyn std::error::Error>> {
    /// let send = |token: auth_cache::Token| {
    ///     let request = http.get("https://api.example.com/orders").header("authorization", token.bearer());
    ///     async { Ok::<_, Box<dyn std::error::Error>>(request.send().await?) }
    /// };
    /// let response = identity.send(deadline, send, |response| response.status() == 401).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `send`, and of [`Identity::token`].
    pub async fn send<T, E, F>(
        &self,
        deadline: Deadline,
        mut send: impl FnMut(Token) -> F,
        is_refused: impl Fn(&T) -> bool,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<TokenError>,
    {
        let token = self.token_until(deadline).await?;
        let answer = send(token.clone()).await?;
        if !is_refused(&answer) {
            return Ok(answer);
        }
        self.invalidate(&token);
        let other = self.token_until(deadline).await?;
        if other == token { Ok(answer) } else { send(other).await }
    }

    /// Drops the token if it still is the one that was rejected by the API, so that the next caller signs in.
    ///
    /// Call it when the API refuses the token as such (AppSync: HTTP 401 with `UnauthorizedException`), not when it
    /// refuses an operation. However many callers report the same token, one sign-in follows.
    ///
    /// For 10 s after it dropped one, or half of the new token's life if that is shorter, it drops no other.
    /// [`Identity::token`] then returns it once more; a caller that sees so should not try it again, but report the
    /// API's refusal.
    ///
    /// Returns whether the token was dropped.
    pub fn invalidate(&self, rejected: &Token) -> bool {
        let now = self.clock.now();
        self.state.change(|slot| slot.invalidate(rejected, now))
    }

    /// Drops the token, the sign-in under way, what is remembered of failures, and what the source keeps: the identity is
    /// as new, as it should be before a snapshot of the process.
    pub fn forget(&self) {
        let now = self.clock.now();
        // First: no sign-in must begin with what the source keeps. And once more for one that began in between, whose token
        // is dropped.
        self.source.forget_erased();
        let abandoned = self.state.change(|slot| slot.forget(now));
        if let Some(abandoned) = abandoned {
            self.observe_end(abandoned.ended, RefreshOutcome::Abandoned);
        }
        self.source.forget_erased();
    }

    /// The deadline of a call that may take as long as `limit` from now.
    #[cfg(feature = "tower")]
    pub(crate) fn after(&self, limit: Duration) -> Deadline {
        Deadline::after(self.clock.now(), limit)
    }

    /// When its token was asked for last.
    pub(crate) fn last_use(&self) -> SystemTime {
        self.slot().last_use()
    }

    /// Notes that its token is about to be asked for.
    pub(crate) fn note_use(&self) {
        let now = self.clock.now();
        self.slot().note_use(now);
    }

    async fn get(&self, limit: Duration) -> Result<Token, TokenError> {
        let now = self.clock.now();
        if let Some(held) = self.state.fresh.load().as_ref().filter(|held| held.is_fresh(now)) {
            self.observe(|observer| observer.hit(held.age(now)));
            return Ok(held.token.clone());
        }
        let until = now.checked_add(limit.min(LONGEST_LIFE)).unwrap_or(now);
        let next = self.begin(until);
        match &next {
            Next::Hit(held) => self.observe(|observer| observer.hit(held.age(now))),
            Next::Refused(_) | Next::Wait { is_new: true, .. } => self.observe(Observer::miss),
            Next::Wait { is_new: false, .. } | Next::Pause(..) => self.observe(Observer::wait),
        }
        match next {
            Next::Hit(held) => Ok(held.token.clone()),
            Next::Refused(error) => Err(error),
            next => Box::pin(self.wait(next, limit, until)).await,
        }
    }

    /// Does what has to be done next until there is a token, or an error that lasts, or the limit passes.
    async fn wait(&self, mut next: Next, limit: Duration, until: SystemTime) -> Result<Token, TokenError> {
        let mut timer = pin!(sleep(limit));
        loop {
            match next {
                Next::Hit(held) => return Ok(held.token.clone()),
                Next::Refused(error) => return Err(error),
                Next::Pause(pause, error) => {
                    if let Either::Right(_) = select(pin!(sleep(pause)), timer.as_mut()).await {
                        return Err(error);
                    }
                }
                Next::Wait { flight, patience, .. } => {
                    let id = flight.id.clone();
                    let longest = match patience {
                        Patience::WithoutToken => limit,
                        Patience::WithToken => LONGEST_WAIT_FOR_RENEWAL.min(limit / 2),
                        Patience::ForWhatHasCome => LONGEST_WAIT_FOR_WHAT_HAS_COME,
                    };
                    let watched = match select(pin!(self.watch(flight, longest)), timer.as_mut()).await {
                        Either::Left((watched, _)) => watched,
                        Either::Right(_) => Watched::UntilTheLimit,
                    };
                    if patience == Patience::ForWhatHasCome && !matches!(watched, Watched::Ended(_)) {
                        self.slot().give_up(&id);
                    }
                    let token = match watched {
                        Watched::Ended(result) => self.land(&id, result),
                        Watched::Superseded => None,
                        Watched::TooLong if patience == Patience::ForWhatHasCome => None,
                        Watched::TooLong if patience == Patience::WithToken => self.time_out(&id),
                        Watched::TooLong | Watched::UntilTheLimit => {
                            return self.time_out(&id).ok_or(TokenError::TimedOut { waited: limit });
                        }
                    };
                    if let Some(token) = token {
                        return Ok(token);
                    }
                }
            }
            next = self.begin(until);
        }
    }

    /// Waits for the sign-in. The slot takes note of the caller for as long as it waits: while the process is frozen, nobody
    /// attends, which tells of the freeze.
    ///
    /// That the sign-in is polled again at each note also makes up for a wake-up that `Shared` loses when the caller that
    /// was to have it is dropped: <https://github.com/rust-lang/futures-rs/issues/2706>.
    async fn watch(&self, mut flight: Flight<SignIn>, longest: Duration) -> Watched {
        let waiter = Waiter { identity: self, id: flight.id };
        let attendance = pin!(waiter.attend());
        match select(&mut flight.outcome, select(pin!(sleep(longest)), attendance)).await {
            Either::Left((result, _)) => Watched::Ended(result),
            Either::Right((Either::Left(_), _)) => Watched::TooLong,
            Either::Right((Either::Right(_), _)) => Watched::Superseded,
        }
    }

    /// Finds out what a caller has to do that can wait until `until`, and starts a sign-in if that is it.
    fn begin(&self, until: SystemTime) -> Next {
        let now = self.clock.now();
        let mut slot = self.slot();
        let (next, abandoned) = match slot.classify(now, until) {
            Action::Serve(held) => return Next::Hit(held),
            Action::Pause(pause, error) => return Next::Pause(pause, error),
            Action::Fail(error) => return Next::Refused(error),
            Action::Join { flight, patience } => {
                slot.join(&flight.id, now, until);
                return Next::Wait { flight, patience, is_new: false };
            }
            Action::Start { reason, patience } => {
                let request = slot.request(reason);
                let outcome = sign_in(request, Arc::clone(&self.source), self.clock.clone());
                let (flight, abandoned) = slot.start(reason, outcome, now, until);
                (Next::Wait { flight, patience, is_new: true }, abandoned)
            }
        };
        // What is abandoned is dropped without the lock, because dropping it runs code of the source.
        drop(slot);
        if let Some(abandoned) = abandoned {
            self.observe_end(abandoned.ended, RefreshOutcome::Abandoned);
        }
        next
    }

    /// Reports the result of the sign-in `id`. The first to do so gets the token, if that is it; what the result means
    /// to the others, and to all if it is an error, they find out when they begin again.
    fn land(&self, id: &FlightId, result: Result<Arc<Loaded>, Arc<SignInError>>) -> Option<Token> {
        let now = self.clock.now();
        let Landed { ended, outcome } = self.state.change(|slot| slot.land(id, result, now, jitter::draw))?;
        match outcome {
            Landing::Token(token) => {
                self.observe_end(ended, RefreshOutcome::Succeeded);
                return Some(token);
            }
            Landing::Failed { error, retry_after, keeps_token } => {
                self.observe_end(ended, RefreshOutcome::Failed(&error));
                if keeps_token {
                    warn_of_old_token(&error, retry_after);
                }
            }
            Landing::Interrupted => self.observe_end(ended, RefreshOutcome::Abandoned),
        }
        None
    }

    /// What a caller that waited in vain for the sign-in `id` can use.
    fn time_out(&self, id: &FlightId) -> Option<Token> {
        let now = self.clock.now();
        let timed_out = self.slot().time_out(id, now);
        let (token, is_first) = timed_out?;
        if is_first {
            warn_of_old_token(&SignInError::unavailable("no answer yet"), QUIET);
        }
        Some(token)
    }

    fn slot(&self) -> MutexGuard<'_, Slot<SignIn>> {
        self.state.lock()
    }

    fn observe_end(&self, Ended { reason, took }: Ended, outcome: RefreshOutcome<'_>) {
        self.observe(|observer| observer.refreshed(&Refresh { reason, outcome, took }));
    }

    fn observe(&self, tell: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.observer {
            tell(observer.as_ref());
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.clock.now();
        let token = self.slot().usable(now).map(|held| held.token.clone());
        f.debug_struct("Identity").field("token", &token).finish_non_exhaustive()
    }
}

/// What the clones of an identity share.
#[derive(Default)]
struct State {
    slot: Mutex<Slot<SignIn>>,
    /// The token in the slot, for hits without the lock.
    fresh: ArcSwapOption<Loaded>,
}

impl State {
    /// A change that may be one of the token.
    fn change<R>(&self, change: impl FnOnce(&mut Slot<SignIn>) -> R) -> R {
        let mut slot = self.lock();
        let result = change(&mut slot);
        // Under the lock, so that it never is older than what the lock protected last.
        self.fresh.store(slot.held().cloned());
        result
    }

    /// A panic elsewhere leaves the slot consistent: it is only ever changed by statements that cannot panic.
    fn lock(&self) -> MutexGuard<'_, Slot<SignIn>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a caller does next.
enum Next {
    Hit(Arc<Loaded>),
    Refused(TokenError),
    Pause(Duration, TokenError),
    Wait { flight: Flight<SignIn>, patience: Patience, is_new: bool },
}

/// What came of waiting for a sign-in.
enum Watched {
    Ended(Result<Arc<Loaded>, Arc<SignInError>>),
    /// Another took its place.
    Superseded,
    TooLong,
    UntilTheLimit,
}

/// A caller that waits for a sign-in.
struct Waiter<'a> {
    identity: &'a Identity,
    id: FlightId,
}

impl Waiter<'_> {
    /// Ends when it no longer is the sign-in to wait for.
    async fn attend(&self) {
        loop {
            sleep(ATTENDANCE).await;
            if !self.note() {
                return;
            }
        }
    }

    fn note(&self) -> bool {
        let now = self.identity.clock.now();
        self.identity.slot().attend(&self.id, now)
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
