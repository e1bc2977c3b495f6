//! The operations of a schema of one's own.

include!(concat!(env!("OUT_DIR"), "/operations.rs"));
