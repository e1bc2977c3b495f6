//! Events for the subscribers of a channel of an AppSync Event API, against the stand-in for AWS:
//! `cargo run -p appsync --example publish`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, sync::Arc};

use appsync::{AppSyncClient, EventsClient};
use auth_cache::{Identity, Token};
use local_cloud::{Fault, LocalCloud, Service};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Shipped {
    order: String,
    parcels: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = Arc::new(LocalCloud::start().await?);

    // In a function, `startup::service_user()` is such an identity.
    let at = Arc::clone(&cloud);
    let identity = Identity::new(move || {
        let jwt = at.member_token("shop", "order-services");
        async move { Ok(Token::issued(jwt)?) }
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = AppSyncClient::http_client().no_proxy().build()?;
    let events = EventsClient::new(http, cloud.event_url().parse()?, identity);

    // AppSync takes five events in a request.
    let shipped: Vec<_> = (1..=7).map(|number| Shipped { order: format!("order-{number}"), parcels: 1 }).collect();
    for batch in shipped.chunks(EventsClient::MOST_EVENTS) {
        events.publish("/default/orders", batch).await?.require_all()?;
        println!("published {} events", batch.len());
    }
    let arrived: Vec<_> = cloud.published().into_iter().map(|published| published.event["order"].clone()).collect();
    println!("subscribers see {}", json!(arrived));
    assert_eq!(arrived.len(), 7);

    // Of one request AppSync may take some events and refuse others.
    let failed = json!([{"index": 1, "identifier": "id-1", "code": 429, "message": "Rate exceeded"}]);
    let answer = json!({"successful": [{"index": 0, "identifier": "id-0"}], "failed": failed});
    cloud.inject(Fault::answer(Service::AppSync, 200, answer));
    let published = events.publish("/default/orders", &shipped[..2]).await?;
    let again: Vec<_> = published.failed.iter().map(|event| &shipped[event.index]).collect();
    println!("AppSync took {} of 2; to publish again: {}", published.successful.len(), again[0].order);
    events.publish("/default/orders", &again).await?.require_all()?;
    assert_eq!(cloud.published().last().map(|last| last.event["order"].clone()), Some(json!("order-2")));

    match events.publish("/default/*", &shipped[..1]).await {
        Err(error) => println!("refused before it is sent: {error}"),
        Ok(published) => return Err(format!("a wildcard was published to: {published:?}").into()),
    }
    Ok(())
}
