//! As an IAM principal, such as a function's own role: requests are signed by Signature Version 4, and there is no sign-in.
//! Against the stand-in for AWS, which checks the signatures: `cargo run -p operations --example iam`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use appsync::{AppSyncClient, ErrorKind, Iam};
use aws_credential_types::Credentials;
use local_cloud::{LocalCloud, Service};
use operations::{ListOrders, list_orders};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = AppSyncClient::http_client().no_proxy().build()?;
    let call = async |secret: &str| {
        // A function has them in its environment; any provider of the AWS SDK does, such as `aws_config`'s chain.
        let credentials = Credentials::new(&cloud.seed().access_key_id, secret, None, None, "example");
        // `Iam::of_endpoint` finds the region in the name of a real API.
        let iam = Iam::in_region(credentials, &cloud.seed().region);
        let appsync = AppSyncClient::new(http.clone(), cloud.graphql_url().parse()?, iam);
        let variables = list_orders::Variables { limit: 10.into(), ..Default::default() };
        Ok::<_, Box<dyn Error>>(appsync.execute::<ListOrders>(variables).await)
    };

    let orders = call(&cloud.seed().secret_access_key).await??.list_orders.items;
    println!("signed by the role: {} orders, after {} sign-ins", orders.len(), cloud.count(Service::Cognito));
    assert_eq!(cloud.count(Service::Cognito), 0);

    match call("a-wrong-secret").await? {
        Err(error) if error.kind() == ErrorKind::TokenRefused => println!("signed by somebody else: {error}"),
        other => return Err(format!("a wrong signature was not refused: {other:?}").into()),
    }
    Ok(())
}
