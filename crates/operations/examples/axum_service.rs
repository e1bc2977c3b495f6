//! A web service outside Lambda, with axum, whose handlers call AppSync. Each request has a deadline of its own; all share one
//! token, which the first request to need it renews. Against the stand-in for AWS:
//! `cargo run -p operations --example axum_service`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{error::Error, time::Duration};

use appsync::{AppSyncClient, AppSyncError, Deadline, ErrorKind};
use auth_cache::{ClientCredentials, ClientCredentialsTokenSource, Clock, Identity};
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use local_cloud::{Fault, LocalCloud, Service};
use operations::{CreateOrder, ListOrders, create_order, list_orders, types::CreateOrderInput};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let seed = cloud.seed();

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = AppSyncClient::http_client().no_proxy().build()?;
    let credentials = ClientCredentials::new(&seed.machine_client_id, &seed.machine_client_secret);
    let source = ClientCredentialsTokenSource::new(http.clone(), cloud.token_url().parse()?, credentials);
    let appsync = AppSyncClient::new(http.clone(), cloud.graphql_url().parse()?, Identity::new(source));
    // Before it listens. A failure would be no reason not to start: the first request would try again.
    appsync.warm_up(Duration::from_secs(8)).await?;

    let router = Router::new().route("/orders", get(list).post(create)).with_state(appsync);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/orders", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let body = r#"{"customerEmail": "eve@example.com", "lines": [{"sku": "tea", "quantity": 2,
        "unitPrice": {"currency": "EUR", "minorUnits": 450}}], "clientToken": "the-first-order-of-eve"}"#;
    let created = http.post(&url).header("content-type", "application/json").body(body).send().await?.text().await?;
    println!("POST /orders: {created}");
    let listed = http.get(&url).send().await?.text().await?;
    println!("GET /orders: {listed}, after {} sign-in in all", cloud.count_of("oauth2/token"));
    assert_eq!((listed.contains(&created), cloud.count_of("oauth2/token")), (true, 1));

    cloud.inject(Fault::slow(Service::AppSync, Duration::from_secs(600)));
    let late = http.get(&url).send().await?.status();
    println!("GET /orders while AppSync hangs: {late}");
    assert_eq!(late, StatusCode::GATEWAY_TIMEOUT);
    Ok(())
}

/// `POST /orders`: the body is the input of the GraphQL mutation, and the answer the order's id.
async fn create(
    State(appsync): State<AppSyncClient>,
    Json(input): Json<CreateOrderInput>,
) -> Result<Json<String>, StatusCode> {
    let create = appsync.execute::<CreateOrder>(create_order::Variables { input }).until(in_two_seconds());
    // With a `clientToken`, creating it twice makes one order.
    Ok(Json(create.idempotent().await.map_err(|error| status(&error))?.create_order.id))
}

/// `GET /orders`: the ids of the newest ones.
async fn list(State(appsync): State<AppSyncClient>) -> Result<Json<Vec<String>>, StatusCode> {
    let variables = list_orders::Variables { limit: 10.into(), ..Default::default() };
    let list = appsync.execute::<ListOrders>(variables).until(in_two_seconds());
    let orders = list.await.map_err(|error| status(&error))?.list_orders.items;
    Ok(Json(orders.into_iter().map(|order| order.id).collect()))
}

fn in_two_seconds() -> Deadline {
    Deadline::after(Clock::wall().now(), Duration::from_secs(2))
}

fn status(error: &AppSyncError) -> StatusCode {
    match error.kind() {
        ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Throttled | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    }
}
