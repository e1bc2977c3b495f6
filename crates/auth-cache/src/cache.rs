//! What a process knows of one identity's token, and what it does next.

pub(crate) mod backoff;
pub(crate) mod jitter;
pub(crate) mod refresh_windows;
pub(crate) mod sign_in;
pub(crate) mod slot;
