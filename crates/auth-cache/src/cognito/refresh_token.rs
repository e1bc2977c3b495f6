use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

use zeroize::Zeroizing;

/// How a [`CognitoTokenSource`](crate::CognitoTokenSource) gets the tokens after the first, while it has a refresh token.
///
/// A renewal reads no credentials and sends no password: it takes one round trip instead of two, and nothing that it
/// does can lock the user out. Where it cannot work, such as in a user pool that tracks devices, or at an emulator that
/// lacks the operation, it is tried once in the life of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// By `GetTokensFromRefreshToken`. Works with and without refresh token rotation, and needs no permission.
    #[default]
    GetTokensFromRefreshToken,
    /// By `AdminInitiateAuth` with `REFRESH_TOKEN_AUTH`, for app clients that allow `ALLOW_REFRESH_TOKEN_AUTH` and for
    /// emulators that know nothing newer. Cognito refuses it when refresh token rotation is on.
    RefreshTokenAuth,
    /// Not at all: each token takes a sign-in with the password, and no refresh token is kept.
    Never,
}

/// What a renewal needs, and nothing else of the credentials: the password does not stay in memory.
#[derive(Clone)]
pub(crate) struct Renewable {
    pub(crate) refresh_token: Zeroizing<String>,
    pub(crate) user_pool_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Zeroizing<String>>,
    /// The user's real name, which may differ from the one that it signed in with.
    pub(crate) username: String,
    /// Whether this refresh token, or the one that rotation replaced by it, has ever given a token.
    pub(crate) has_worked: Arc<AtomicBool>,
}

/// Keeps the refresh token of the newest request that gave one.
///
/// Requests may overlap, after a freeze of the process, and may be dropped at any time; they are numbered in the order
/// in which they began, so that a late answer replaces nothing newer.
#[derive(Default)]
pub(crate) struct RefreshTokens(Mutex<State>);

#[derive(Default)]
struct State {
    /// The number of the last request that began.
    begun: u64,
    /// The number of the newest request whose refresh token was kept; answers to older ones come too late.
    newest: u64,
    kept: Option<Arc<Renewable>>,
    /// Whether the next request makes do without the refresh token.
    is_skipped: bool,
    /// Whether the password was of no use since the refresh token last worked.
    password_fails: bool,
    /// Whether no refresh token is kept any more.
    has_given_up: bool,
}

impl RefreshTokens {
    /// Numbers a request that begins now, and gives what it can renew with.
    pub(crate) fn begin(&self) -> (u64, Option<Arc<Renewable>>) {
        let mut state = self.lock();
        state.begun += 1;
        let is_skipped = std::mem::take(&mut state.is_skipped);
        (state.begun, state.kept.clone().filter(|_| !is_skipped))
    }

    /// Lets the next request make do without the refresh token, and the one after it use it again. If the password was of
    /// no use, that is not tried again before the refresh token has worked: it could be a wrong one.
    pub(crate) fn skip_once(&self) {
        let mut state = self.lock();
        state.is_skipped = !state.password_fails;
    }

    /// Takes note that the password is of no use. Returns whether there still is a refresh token.
    pub(crate) fn rely_on_refresh_token(&self) -> bool {
        let mut state = self.lock();
        state.password_fails = state.kept.is_some();
        state.password_fails
    }

    /// Takes note that the refresh token has worked.
    pub(crate) fn note_success(&self) {
        self.lock().password_fails = false;
    }

    /// Drops the refresh token and keeps none from now on.
    pub(crate) fn give_up(&self) {
        let mut state = self.lock();
        state.has_given_up = true;
        state.kept = None;
    }

    /// Keeps what the answer to this request brought, unless a newer request has brought something or all was forgotten
    /// since.
    pub(crate) fn keep(&self, request: u64, renewable: Renewable) {
        let mut state = self.lock();
        if state.newest < request && !state.has_given_up {
            state.newest = request;
            state.kept = Some(Arc::new(renewable));
            state.password_fails = false;
        }
    }

    /// Drops a refresh token that is of no use any more, and only that one.
    pub(crate) fn discard(&self, dead: &Arc<Renewable>) {
        self.lock().kept.take_if(|kept| Arc::ptr_eq(kept, dead));
    }

    /// Drops the refresh token, and those that requests under way will bring.
    pub(crate) fn forget(&self) {
        let mut state = self.lock();
        state.newest = state.begun;
        state.kept = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renewable(refresh_token: &str) -> Renewable {
        Renewable {
            refresh_token: Zeroizing::new(refresh_token.to_owned()),
            user_pool_id: String::new(),
            client_id: String::new(),
            client_secret: None,
            username: String::new(),
            has_worked: Arc::default(),
        }
    }

    fn kept(tokens: &RefreshTokens) -> Option<String> {
        tokens.lock().kept.as_ref().map(|kept| kept.refresh_token.to_string())
    }

    #[test]
    fn a_late_answer_never_replaces_a_newer_refresh_token() {
        let tokens = RefreshTokens::default();
        let (frozen, _) = tokens.begin();
        let (newer, _) = tokens.begin();
        tokens.keep(newer, renewable("newer"));
        tokens.keep(frozen, renewable("late"));
        assert_eq!(kept(&tokens).as_deref(), Some("newer"));
    }

    #[test]
    fn of_two_overlapping_rotations_the_one_that_began_later_stays() {
        let tokens = RefreshTokens::default();
        let (first, _) = tokens.begin();
        let (second, _) = tokens.begin();
        tokens.keep(first, renewable("first"));
        tokens.keep(second, renewable("second"));
        assert_eq!(kept(&tokens).as_deref(), Some("second"));
    }

    #[test]
    fn a_dead_refresh_token_takes_no_newer_one_with_it() {
        let tokens = RefreshTokens::default();
        let (first, _) = tokens.begin();
        tokens.keep(first, renewable("dead"));
        let (second, dead) = tokens.begin();
        tokens.keep(second, renewable("alive"));
        tokens.discard(&dead.unwrap());
        assert_eq!(kept(&tokens).as_deref(), Some("alive"));
        let (_, alive) = tokens.begin();
        tokens.discard(&alive.unwrap());
        assert_eq!(kept(&tokens), None);
    }

    #[test]
    fn a_request_that_was_under_way_brings_nothing_back_that_was_forgotten() {
        let tokens = RefreshTokens::default();
        let (under_way, _) = tokens.begin();
        tokens.forget();
        tokens.keep(under_way, renewable("forgotten"));
        assert_eq!(kept(&tokens), None);
        let (next, _) = tokens.begin();
        tokens.keep(next, renewable("next"));
        assert_eq!(kept(&tokens).as_deref(), Some("next"));
    }
}
