//! A machine-to-machine client, without a user and without AWS credentials: it signs in at the user pool's token endpoint by
//! OAuth 2.0 client credentials, and calls AppSync. Against the stand-in for AWS:
//! `cargo run -p operations --example machine`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use appsync::AppSyncClient;
use auth_cache::{ClientCredentials, ClientCredentialsTokenSource, Identity};
use local_cloud::LocalCloud;
use operations::{CreateOrder, ListOrders, list_orders};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let seed = cloud.seed();

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = AppSyncClient::http_client().no_proxy().build()?;
    // `https://DOMAIN.auth.REGION.amazoncognito.com/oauth2/token`
    let token_endpoint = cloud.token_url().parse()?;
    let credentials = ClientCredentials::new(&seed.machine_client_id, &seed.machine_client_secret);
    let source = ClientCredentialsTokenSource::new(http.clone(), token_endpoint, credentials);
    let source = source.with_scopes([&seed.machine_scope]);
    let appsync = AppSyncClient::new(http, cloud.graphql_url().parse()?, Identity::new(source));

    let price = json!({"currency": "EUR", "minorUnits": 450});
    let line = json!({"sku": "tea", "quantity": 2, "unitPrice": price});
    let input = json!({"customerEmail": "eve@example.com", "lines": [line], "clientToken": "the-first-order-of-eve"});
    let create = appsync.execute_as_given::<CreateOrder>(&json!({"input": input})).idempotent();
    let created = create.await?.create_order.id;
    println!("created {created} after {} sign-in", cloud.count_of("oauth2/token"));

    let variables = list_orders::Variables { limit: 10.into(), ..Default::default() };
    let orders = appsync.execute::<ListOrders>(variables).await?.list_orders.items;
    println!("its scope shows it all {} orders, after {} sign-in in all", orders.len(), cloud.count_of("oauth2/token"));
    assert!(orders.iter().any(|order| order.id == created));
    assert_eq!(cloud.count_of("oauth2/token"), 1);
    Ok(())
}
