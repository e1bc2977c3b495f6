//! What the API takes and gives: its own types, so that the GraphQL schema can change behind it.

mod answer;
mod request;

mod checks;
mod values;

pub(crate) use answer::{Order, OrderPage};
pub(crate) use request::{Cancellation, ListParameters, NewOrder, OrderChanges};
