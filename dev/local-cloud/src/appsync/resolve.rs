//! What a resolver gets and gives.

use serde_json::{Map, Value};

use super::authorize::Caller;
use super::failure::Failure;
use super::orders::store::Orders;

/// What a resolver gets.
pub(super) struct Resolve<'a> {
    /// As the schema says: coerced, with defaults.
    pub(super) arguments: Map<String, Value>,
    /// The object whose field is resolved, as its own resolver gave it; empty for `Query` and `Mutation`.
    pub(super) source: &'a Map<String, Value>,
    pub(super) caller: &'a Caller,
    pub(super) orders: &'a mut Orders,
    /// Milliseconds since 1970 by the stand-in's clock.
    pub(super) now_millis: i64,
}

/// Gives the field's value: objects as JSON objects, with `__typename` where the schema has an interface or a union.
pub(super) type Resolver = fn(Resolve<'_>) -> Result<Value, Failure>;
