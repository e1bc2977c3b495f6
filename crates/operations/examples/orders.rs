//! An order from its creation to its cancellation, against the stand-in for AWS:
//! `cargo run -p operations --example orders`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, time::Duration};

use appsync::{Auth, Deadline, ErrorKind, Patch};
use auth_cache::Clock;
use futures_util::TryStreamExt as _;
use local_cloud::{Fault, LocalCloud, Service};
use operations::{
    CancelOrder, CreateOrder, GetOrder, ListOrders, UpdateOrder, cancel_order, create_order, get_order, list_orders,
    types::{CreateOrderInput, Currency, MoneyInput, OrderLineInput, UpdateOrderInput},
    update_order,
};
use serde_json::json;
use startup::{Config, ExecutionContext};

/// What a function keeps between its invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let settings = cloud.environment();
    let config = Config::from_lookup(|name| {
        let (_, value) = settings.iter().filter_map(|line| line.split_once('=')).find(|(key, _)| *key == name)?;
        Some(value.to_owned())
    })?;
    let appsync = CONTEXT.start(&config).await?;

    // With a key of its own, creating it twice makes one order: it may be repeated after a lost answer.
    let input = new_order()?;
    let create = appsync.execute::<CreateOrder>(create_order::Variables { input }).idempotent();
    let order = create.await?.create_order;
    println!("created {} for {} cents", order.id, order.total.minor_units);

    let pages = appsync.paginate::<ListOrders>(
        |next_token| list_orders::Variables { limit: 2.into(), next_token: next_token.into(), ..Default::default() },
        |data| data.list_orders.next_token.as_deref(),
    );
    let sizes: Vec<usize> = pages.stream().map_ok(|data| data.list_orders.items.len()).try_collect().await?;
    println!("listed the orders, page by page: {sizes:?}");

    // As a caller of the function, who has a token of their own and does not see the orders of others.
    let read = || appsync.execute::<GetOrder>(get_order::Variables { id: order.id.clone() });
    let customer = Auth::token(&format!("Bearer {}", cloud.customer_token("grace")))?;
    let seen = read().authorized_by(customer).await?.get_order;
    println!("a customer sees {}", if seen.is_some() { "the order" } else { "nothing" });

    // Within two seconds, whatever it has to wait for. A function takes `Deadline::of_invocation`.
    cloud.inject(Fault::slow(Service::AppSync, Duration::from_secs(600)));
    let deadline = Deadline::after(Clock::wall().now(), Duration::from_secs(2));
    match read().until(deadline).await {
        Err(error) if error.kind() == ErrorKind::TimedOut => println!("given up: {error}"),
        other => return Err(format!("a slow answer was waited for: {other:?}").into()),
    }

    // The fields that there are, and the errors of the others.
    let error = json!({"path": ["getOrder", "note"], "errorType": "Lambda:Unhandled", "message": "the notes are gone"});
    let body = json!({"data": read().await?, "errors": [error]});
    cloud.inject(Fault::answer(Service::AppSync, 200, body));
    let (data, errors) = read().partial().await?.require_data()?;
    let lines = data.get_order.map_or(0, |order| order.lines.len());
    println!("read {lines} line, and instead of another field: {}", errors[0]);

    let mut version = order.version;
    for note in [Patch::Value("ring twice".to_owned()), Patch::Null] {
        let (id, status, attributes) = (order.id.clone(), Patch::Absent, Patch::Absent);
        let input = UpdateOrderInput { id, expected_version: version, note, status, attributes };
        let changed = appsync.execute::<UpdateOrder>(update_order::Variables { input }).await?.update_order;
        version = changed.version;
        println!("changed the note to {:?}: version {version}", changed.note);
    }

    let cancel = |expected_version| {
        let (id, reason) = (order.id.clone(), Patch::from("changed my mind".to_owned()));
        appsync.execute::<CancelOrder>(cancel_order::Variables { id, expected_version, reason })
    };
    match cancel(order.version).await {
        Err(error) if error.kind() == ErrorKind::ConditionFailed => {
            println!("refused, as the order has changed: {error}")
        }
        other => return Err(format!("a stale version was not refused: {other:?}").into()),
    }
    let cancelled = cancel(version).await?.cancel_order;
    println!("cancelled: {}", cancelled.status.as_str());
    Ok(())
}

fn new_order() -> Result<CreateOrderInput, Box<dyn Error>> {
    let unit_price = MoneyInput { currency: Currency::EUR, minor_units: 450 };
    Ok(CreateOrderInput {
        client_token: "the-first-order-of-eve".to_owned().into(),
        customer_email: "eve@example.com".to_owned().try_into()?,
        lines: vec![OrderLineInput { sku: "tea".to_owned(), quantity: 2, unit_price }],
        card: Patch::Absent,
        note: Patch::Absent,
        attributes: Patch::Absent,
    })
}
