//! Several machine-to-machine clients, one per tenant, each with a token of its own:
//! `cargo run -p auth-cache --features client-credentials --example tenants`.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

#[path = "clients/config.rs"]
mod config;

use std::{error::Error, num::NonZeroUsize, time::Duration};

use auth_cache::{
    ClientCredentials, ClientCredentialsTokenSource, Identities, Identity,
    reqwest::{Client, Url},
};
use aws_sdk_cognitoidentityprovider::types::OAuthFlowType;
use local_cloud::LocalCloud;

static TENANTS: Identities<String> = Identities::new(NonZeroUsize::new(100).unwrap());

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let cloud = LocalCloud::start().await?;
    let client = machine_client(&cloud).await?;
    let token_endpoint: Url = cloud.token_url().parse()?;
    cloud.reset_calls();

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().connect_timeout(Duration::from_secs(1)).build()?;
    let identity_of = |tenant: &str| {
        println!("an identity for {tenant}");
        Identity::new(ClientCredentialsTokenSource::new(http.clone(), token_endpoint.clone(), client.clone()))
    };
    for tenant in ["red", "blue", "red", "blue"] {
        let token = TENANTS.get(tenant, &identity_of).token(Duration::from_secs(2)).await?;
        println!("{tenant}: {token:?}, after {} calls in all", cloud.calls().len());
    }
    Ok(())
}

/// A client of the stand-in's user pool that may act for itself. In real life each tenant has one.
async fn machine_client(cloud: &LocalCloud) -> Result<ClientCredentials, Box<dyn Error>> {
    let answer = aws_sdk_cognitoidentityprovider::Client::new(&config::sdk_config(cloud))
        .create_user_pool_client()
        .user_pool_id(&cloud.seed().user_pool_id)
        .client_name("machine")
        .generate_secret(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("orders/read")
        .send()
        .await?;
    let client = answer.user_pool_client.ok_or("no client")?;
    let (id, secret) = client.client_id.zip(client.client_secret).ok_or("no secret")?;
    Ok(ClientCredentials::new(id, secret))
}
