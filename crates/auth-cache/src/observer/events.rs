use std::{sync::Arc, time::Duration};

use crate::SignInError;

/// Is told what an [`Identity`](crate::Identity) does, for metrics and logs.
///
/// Each call for a token is exactly one of a hit, a miss or a wait; each refresh has exactly one reason and one outcome.
///
/// The methods are called without any lock, in the task of the caller: they should be quick, and must not panic.
pub trait Observer: Send + Sync + 'static {
    /// A caller got a token from memory, at once. `age` is the time since it was signed in for.
    fn hit(&self, age: Duration) {
        let _ = age;
    }

    /// A caller got no token from memory: it started a refresh, or was told of the last failure because it is too
    /// early for another.
    fn miss(&self) {}

    /// A caller waits for a refresh that another one started, or for the next attempt after one that failed.
    fn wait(&self) {}

    /// A refresh came to its end.
    fn refreshed(&self, refresh: &Refresh<'_>) {
        let _ = refresh;
    }
}

/// A refresh of the token, at its end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Refresh<'a> {
    /// Why it was started.
    pub reason: RefreshReason,
    /// How it ended.
    pub outcome: RefreshOutcome<'a>,
    /// How long it took, by the wall clock: a freeze of the process counts.
    pub took: Duration,
}

impl<'a> Refresh<'a> {
    /// A refresh to tell an observer of, as its tests do.
    pub const fn new(reason: RefreshReason, outcome: RefreshOutcome<'a>, took: Duration) -> Self {
        Self { reason, outcome, took }
    }
}

/// Why a refresh is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshReason {
    /// There is no token.
    Empty,
    /// The token is valid and soon to expire.
    Advisory,
    /// The token is about to expire, or has expired.
    Mandatory,
    /// The API refused the token.
    Rejected,
}

impl RefreshReason {
    /// All reasons.
    pub const ALL: &[Self] = &[Self::Empty, Self::Advisory, Self::Mandatory, Self::Rejected];

    /// Its name in logs and metrics, such as `advisory`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Advisory => "advisory",
            Self::Mandatory => "mandatory",
            Self::Rejected => "rejected",
        }
    }
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RefreshOutcome<'a> {
    /// With a new token.
    Succeeded,
    /// With an error; [`SignInError::is_transient`] tells whether somebody has to do something.
    Failed(&'a SignInError),
    /// It was given up, because a freeze of the process interrupted it or because the cache was emptied. Another one
    /// takes its place.
    Abandoned,
}

impl RefreshOutcome<'_> {
    /// Whether it is [`RefreshOutcome::Abandoned`].
    pub const fn is_abandoned(&self) -> bool {
        matches!(self, Self::Abandoned)
    }

    /// Its name in logs and metrics, such as `succeeded`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Tells both.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn hit(&self, age: Duration) {
        self.0.hit(age);
        self.1.hit(age);
    }

    fn miss(&self) {
        self.0.miss();
        self.1.miss();
    }

    fn wait(&self) {
        self.0.wait();
        self.1.wait();
    }

    fn refreshed(&self, refresh: &Refresh<'_>) {
        self.0.refreshed(refresh);
        self.1.refreshed(refresh);
    }
}

macro_rules! tells_the_observer_that_it_points_to {
    ($($pointer:ty),*) => {$(
        impl<O: Observer + ?Sized> Observer for $pointer {
            fn hit(&self, age: Duration) {
                (**self).hit(age);
            }

            fn miss(&self) {
                (**self).miss();
            }

            fn wait(&self) {
                (**self).wait();
            }

            fn refreshed(&self, refresh: &Refresh<'_>) {
                (**self).refreshed(refresh);
            }
        }
    )*};
}

tells_the_observer_that_it_points_to!(Arc<O>, &'static O);
