//! The one place where resolvers are registered: **add yours to [`find`]**.
//!
//! A field without a resolver is read from the object that its parent's resolver gave. The fields of `Query` and
//! `Mutation` have no such object: without a resolver they answer null, and an error that names this file.

use serde_json::{Map, Value};

use super::authorize::Caller;
use super::failure::Failure;
use super::orders::{self, Orders};

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

/// The resolver of a field, by the name of its type and its own.
pub(super) fn find(type_name: &str, field: &str) -> Option<Resolver> {
    let resolver: Resolver = match (type_name, field) {
        ("Query", "getOrder") => orders::get_order,
        ("Query", "listOrders") => orders::list_orders,
        ("Mutation", "createOrder") => orders::create_order,
        ("Mutation", "updateOrder") => orders::update_order,
        ("Mutation", "cancelOrder") => orders::cancel_order,
        ("Mutation", "purgeOrders") => orders::purge_orders,
        ("Order", "total") => orders::order_total,
        _ => return None,
    };
    Some(resolver)
}

/// Says what to do about a root field without a resolver.
pub(super) fn missing(type_name: &str, field: &str) -> Failure {
    let message = format!(
        "local-cloud has no resolver for {type_name}.{field}: add one in dev/local-cloud/src/appsync/resolvers.rs"
    );
    Failure::new("LocalCloud:NoResolver", message)
}
