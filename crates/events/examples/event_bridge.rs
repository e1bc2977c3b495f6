//! An event of an EventBridge rule becomes a mutation at AppSync, and makes one order although EventBridge delivers it twice.
//! Against the stand-in for AWS: `cargo run -p events --example event_bridge`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use events::Operations;
use lambda_runtime::{Context, LambdaEvent};
use local_cloud::LocalCloud;
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

    // What `aws events put-events` sends: the detail names the operation. A rule with an input transformer can make one.
    let price = json!({"currency": "EUR", "minorUnits": 450});
    let input =
        json!({"customerEmail": "eve@example.com", "lines": [{"sku": "tea", "quantity": 2, "unitPrice": price}]});
    let event = json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "order.requested",
        "source": "shop",
        "account": "123456789012",
        "time": "2026-11-23T12:30:45Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"operation": "CreateOrder", "variables": {"input": input}},
    });

    // The id of the event is the order's `clientToken`: EventBridge delivers each event at least once.
    let mut orders = Vec::new();
    for delivery in ["first", "second"] {
        let invocation = LambdaEvent::new(event.clone(), Context::default());
        let operations = Operations::mutations(operations::each_operation);
        let answer = events::handle(operations, appsync.clone(), [].into(), invocation).await;
        let answer = json!(answer.map_err(|failure| failure.error_message)?);
        let id = answer["data"]["createOrder"]["id"].clone();
        println!("the {delivery} delivery: order {id}");
        orders.push(id);
    }
    assert!(orders[0].is_string() && orders[0] == orders[1], "{orders:?}");
    assert_eq!(cloud.count_of("CreateOrder"), 2);
    Ok(())
}
