//! From files on disk to generated text, or to a message that says what to do.

mod generated;
mod project;
mod rejected;
