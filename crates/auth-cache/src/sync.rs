//! The lock and the lock-free pointer of a cache, in a form that loom can take the place of.

use std::sync::Arc;

pub(crate) use imp::{Guard, Mutex, MutexGuard, Published, guard};

#[cfg(not(auth_cache_loom))]
mod imp {
    use super::Arc;

    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) use arc_swap::ArcSwapOption as Published;

    /// Keeps what was published alive, at half of the cost of counting one more reference.
    pub(crate) type Guard<T> = arc_swap::Guard<Option<Arc<T>>>;

    pub(crate) fn guard<T>(value: Arc<T>) -> Guard<T> {
        Guard::from_inner(Some(value))
    }
}

#[cfg(auth_cache_loom)]
mod imp {
    use std::sync::{LockResult, OnceLock, PoisonError};

    use super::Arc;

    pub(crate) use loom::sync::MutexGuard;

    /// Loom's lock, which exists only while a model runs, from its first use on.
    pub(crate) struct Mutex<T> {
        initial: std::sync::Mutex<Option<T>>,
        lock: OnceLock<loom::sync::Mutex<T>>,
    }

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self { initial: std::sync::Mutex::new(Some(value)), lock: OnceLock::new() }
        }

        pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            let initial = || self.initial.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.lock.get_or_init(|| loom::sync::Mutex::new(initial().expect("only the first use takes it"))).lock()
        }
    }

    pub(crate) type Guard<T> = Option<Arc<T>>;

    pub(crate) fn guard<T>(value: Arc<T>) -> Guard<T> {
        Some(value)
    }

    pub(crate) struct Published<T>(Mutex<Option<Arc<T>>>);

    impl<T> Published<T> {
        pub(crate) const fn const_empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn load(&self) -> Guard<T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }

        pub(crate) fn store(&self, value: Option<Arc<T>>) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
        }
    }
}
