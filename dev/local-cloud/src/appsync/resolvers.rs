//! The resolvers of this workspace: **add yours to [`find`]**. Other projects have theirs in
//! [`Builder::resolver`](crate::Builder::resolver).
//!
//! A field without a resolver is read from the object that its parent's resolver gave. The fields of `Query` and
//! `Mutation` have no such object: without a resolver they answer null, and an error that names this file.
//! What a resolver gets and gives is in `resolve.rs`.

use super::failure::Failure;
use super::orders;
use super::resolve::Resolver;

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
        "local-cloud has no resolver for {type_name}.{field}: add one with Builder::resolver, or to local-cloud itself in \
         dev/local-cloud/src/appsync/resolvers.rs"
    );
    Failure::new("LocalCloud:NoResolver", message)
}
