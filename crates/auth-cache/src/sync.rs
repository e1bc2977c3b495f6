//! The lock and the lock-free pointer, in a form that loom can take the place of.

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
    use super::Arc;

    pub(crate) use loom::sync::{Mutex, MutexGuard};

    pub(crate) type Guard<T> = Option<Arc<T>>;

    pub(crate) fn guard<T>(value: Arc<T>) -> Guard<T> {
        Some(value)
    }

    pub(crate) struct Published<T>(Mutex<Option<Arc<T>>>);

    impl<T> Published<T> {
        pub(crate) fn const_empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn load(&self) -> Guard<T> {
            self.0.lock().unwrap().clone()
        }

        pub(crate) fn store(&self, value: Option<Arc<T>>) {
            *self.0.lock().unwrap() = value;
        }
    }
}
