//! auth-cache
