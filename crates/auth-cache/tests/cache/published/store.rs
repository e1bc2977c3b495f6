//! A store of the token in memory, which can be slow, down, or busy.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_cache::{Clock, Credentials, CredentialsError, Stored, TokenStore};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Mode {
    #[default]
    Good,
    /// It never answers.
    Slow,
    SlowToWrite,
    Down,
    Throttled,
}

#[derive(Default)]
pub(super) struct MemoryStore {
    text: Mutex<Option<String>>,
    credentials: Mutex<Option<Credentials>>,
    mode: Mutex<Mode>,
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl MemoryStore {
    pub(super) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub(super) fn put(&self, text: &str) {
        *self.text.lock().unwrap() = Some(text.to_owned());
    }

    /// The credentials are read along with the token.
    pub(super) fn gives_credentials(&self, credentials: Credentials) {
        *self.credentials.lock().unwrap() = Some(credentials);
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn answer(&self, slow: &[Mode]) -> Result<(), CredentialsError> {
        let mode = *self.mode.lock().unwrap();
        match mode {
            mode if slow.contains(&mode) => std::future::pending().await,
            Mode::Down => Err(CredentialsError::unavailable("connection refused")),
            Mode::Throttled => Err(CredentialsError::throttled("Rate exceeded")),
            _ => Ok(()),
        }
    }
}

impl TokenStore for MemoryStore {
    async fn read(&self) -> Result<Stored, CredentialsError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer(&[Mode::Slow]).await?;
        let stored = self.text.lock().unwrap().as_ref().map_or_else(Stored::nothing, Stored::text);
        Ok(match &*self.credentials.lock().unwrap() {
            Some(credentials) => stored.with_credentials(credentials.clone()),
            None => stored,
        })
    }

    async fn write(&self, text: &str) -> Result<(), CredentialsError> {
        self.answer(&[Mode::Slow, Mode::SlowToWrite]).await?;
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.put(text);
        Ok(())
    }
}

/// A store that takes 40 reads in any second, as SSM does by default, and 20 ms for each.
pub(super) struct WithQuota {
    store: Arc<MemoryStore>,
    clock: Clock,
    passed: Mutex<Vec<SystemTime>>,
}

impl WithQuota {
    pub(super) fn new(store: Arc<MemoryStore>, clock: impl Into<Clock>) -> Arc<Self> {
        Arc::new(Self { store, clock: clock.into(), passed: Mutex::default() })
    }
}

impl TokenStore for WithQuota {
    async fn read(&self) -> Result<Stored, CredentialsError> {
        let now = self.clock.now();
        let is_throttled = {
            let mut passed = self.passed.lock().unwrap();
            passed.retain(|at| now.duration_since(*at).unwrap() < Duration::from_secs(1));
            let is_throttled = passed.len() >= 40;
            passed.extend((!is_throttled).then_some(now));
            is_throttled
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        if is_throttled { Err(CredentialsError::throttled("Rate exceeded")) } else { self.store.read().await }
    }

    async fn write(&self, text: &str) -> Result<(), CredentialsError> {
        self.store.write(text).await
    }
}
