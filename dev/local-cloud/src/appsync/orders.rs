//! The example's data source: orders in memory, behind the resolvers of `schema.graphql`.

pub(super) mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::store::{Line, Order, Party};
use super::failure::Failure;
use super::resolve::Resolve;
use crate::ids;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListOrders {
    #[serde(default)]
    filter: Option<Filter>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Filter {
    status: Option<String>,
    customer_email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateOrder {
    client_token: Option<String>,
    customer_email: String,
    lines: Vec<Line>,
    card: Option<Card>,
    note: Option<String>,
    attributes: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    brand: String,
    last_four: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelOrder {
    id: String,
    expected_version: i64,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct PurgeOrders {
    before: i64,
}

pub(super) fn get_order(call: Resolve<'_>) -> Result<Value, Failure> {
    let id = call.arguments.get("id").and_then(Value::as_str).unwrap_or_default();
    let party = Party::of(call.caller);
    Ok(call.orders.get(id).filter(|order| party.sees(order)).map_or(Value::Null, Order::to_json))
}

/// Newest first. As with DynamoDB, the limit counts what is looked at, and the filter comes after it.
pub(super) fn list_orders(call: Resolve<'_>) -> Result<Value, Failure> {
    let ListOrders { filter, limit, next_token } = read(call.arguments)?;
    let filter = filter.unwrap_or_default();
    let limit = match limit.unwrap_or(20) {
        limit @ 1..=100 => usize::try_from(limit).unwrap_or(100),
        _ => return Err(Failure::new("BadRequest", "limit must be between 1 and 100")),
    };
    let older_than = match next_token {
        None => u64::MAX,
        Some(token) => {
            read_token(&token).ok_or_else(|| Failure::new("BadRequest", "Invalid pagination token given."))?
        }
    };
    let party = Party::of(call.caller);
    let mut visible = call.orders.newest_first().filter(|order| order.sequence < older_than && party.sees(order));
    let examined: Vec<&Order> = visible.by_ref().take(limit).collect();
    let more = visible.next().is_some();
    let next_token = examined.last().filter(|_| more).map(|order| token(order.sequence));
    let matching = examined.into_iter().filter(|order| {
        filter.status.as_ref().is_none_or(|status| *status == order.status)
            && filter.customer_email.as_ref().is_none_or(|email| *email == order.customer_email)
    });
    let items: Vec<Value> = matching.map(Order::to_json).collect();
    Ok(json!({"items": items, "nextToken": next_token}))
}

/// `clientToken` becomes the id: the same one again gives the order that its owner created the first time.
pub(super) fn create_order(call: Resolve<'_>) -> Result<Value, Failure> {
    let party = Party::of(call.caller);
    let input: CreateOrder = read_input(call.arguments)?;
    // An order whose total cannot be computed must not come into being.
    store::total(&input.lines)?;
    let id = input.client_token.unwrap_or_else(ids::uuid);
    if let Some(order) = call.orders.get(&id) {
        return match order.owner.as_deref() == party.owner() {
            true => Ok(order.to_json()),
            false => Err(Failure::unauthorized("Mutation", "createOrder")),
        };
    }
    let order = Order {
        id,
        owner: party.owner().map(ToOwned::to_owned),
        customer_email: input.customer_email,
        lines: input.lines,
        payment: input
            .card
            .map(|card| json!({"__typename": "CardPayment", "brand": card.brand, "lastFour": card.last_four})),
        note: input.note,
        attributes: input.attributes,
        ..Order::placed(call.now_millis)
    };
    Ok(call.orders.add(order).to_json())
}

/// Absent members stay as they are; an explicit null removes `note` and `attributes`.
pub(super) fn update_order(call: Resolve<'_>) -> Result<Value, Failure> {
    let input = call.arguments.get("input").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let expected = input.get("expectedVersion").and_then(Value::as_i64).unwrap_or_default();
    let party = Party::of(call.caller);
    if party != Party::Service && text("status").is_some() {
        return Err(Failure::unauthorized("Mutation", "updateOrder"));
    }
    let order = call.orders.at_version(&party, &text("id").unwrap_or_default(), expected)?;
    if let Some(status) = text("status") {
        order.status = status;
    }
    if input.contains_key("note") {
        order.note = text("note");
    }
    if input.contains_key("attributes") {
        order.attributes = text("attributes");
    }
    order.changed(call.now_millis);
    Ok(order.to_json())
}

pub(super) fn cancel_order(call: Resolve<'_>) -> Result<Value, Failure> {
    let CancelOrder { id, expected_version, reason } = read(call.arguments)?;
    let order = call.orders.at_version(&Party::of(call.caller), &id, expected_version)?;
    if order.status == "SHIPPED" {
        let failure = Failure::new("OrderNotCancellable", format!("Order {id} has been shipped"));
        return Err(failure.with_info(json!({"status": order.status})));
    }
    "CANCELLED".clone_into(&mut order.status);
    order.cancellation_reason = reason;
    order.changed(call.now_millis);
    Ok(order.to_json())
}

pub(super) fn purge_orders(call: Resolve<'_>) -> Result<Value, Failure> {
    let PurgeOrders { before } = read(call.arguments)?;
    Ok(json!(call.orders.remove_created_before(before.saturating_mul(1000))))
}

/// Not stored: the sum of the order's lines.
pub(super) fn order_total(call: Resolve<'_>) -> Result<Value, Failure> {
    let lines: Vec<Line> = serde_json::from_value(call.source["lines"].clone()).unwrap_or_default();
    Ok(json!(store::total(&lines)?))
}

/// Wrong only when the schema was replaced and the resolver was not.
fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        let message = format!("local-cloud's resolver does not fit the schema any more: {error}");
        Failure::new("MappingTemplate", message)
    })
}

fn read_input<T: DeserializeOwned>(mut arguments: Map<String, Value>) -> Result<T, Failure> {
    match arguments.remove("input") {
        Some(Value::Object(input)) => read(input),
        _ => read(Map::new()),
    }
}

fn token(sequence: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("after {sequence}"))
}

fn read_token(token: &str) -> Option<u64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("after ")?.parse().ok()
}
