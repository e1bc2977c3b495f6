//! What callers of the cache can rely on, by a manual clock and a source whose answers are scripted.
//!
//! The crate's documentation has a table of the corner cases and the tests that show them.

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

mod fleet;
mod identities;
mod lambda;
mod observed;
mod one_clock;
mod published;
mod random;
mod recovery;
mod refresh;
mod rejection;
mod secrets;
mod send;
mod setup;
mod single_flight;
mod source;
mod time;
