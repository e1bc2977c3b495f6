//! The token endpoint, for clients that act for themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Cloud, claims, text};

const FORM: &str = "grant_type=client_credentials";

async fn machine_client(cloud: &Cloud) -> (String, String) {
    let client = json!({
        "GenerateSecret": true,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthScopes": ["orders/read", "orders/write"],
    });
    let (_, client) = cloud.new_pool(json!({}), client).await;
    assert_eq!(client["AllowedOAuthScopes"], json!(["orders/read", "orders/write"]));
    (text(&client["ClientId"]), text(&client["ClientSecret"]))
}

async fn post(cloud: &Cloud, client: &(String, String), form: &str) -> (u16, Value) {
    let basic = STANDARD.encode(format!("{}:{}", client.0, client.1));
    let reply = cloud.token(&format!("Basic {basic}"), form).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn a_client_gets_an_access_token_for_all_of_its_scopes_or_for_those_it_asks_for() {
    let cloud = Cloud::start().await;
    let client = machine_client(&cloud).await;
    for (form, scope) in [
        (FORM.to_owned(), "orders/read orders/write"),
        (format!("{FORM}&scope=orders%2Fwrite"), "orders/write"),
        (format!("scope=orders%2Fwrite+orders%2Fread&{FORM}"), "orders/write orders/read"),
    ] {
        let (status, answer) = post(&cloud, &client, &form).await;
        assert_eq!((status, &answer["token_type"], &answer["expires_in"]), (200, &json!("Bearer"), &json!(3600)));
        let claims = claims(&text(&answer["access_token"]));
        assert_eq!((&claims["scope"], &claims["token_use"]), (&json!(scope), &json!("access")));
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(client.0), &json!(client.0)));
    }
    assert_eq!(cloud.count_of("oauth2/token"), 3);
}

#[tokio::test]
async fn refusals_are_those_of_rfc_6749() {
    let cloud = Cloud::start().await;
    let (id, secret) = machine_client(&cloud).await;
    let seeded = (cloud.seed().client_id.clone(), cloud.seed().client_secret.clone());
    for (client, form, error) in [
        ((id.clone(), "wrong".to_owned()), FORM, "invalid_client"),
        (("nobody".to_owned(), secret.clone()), FORM, "invalid_client"),
        ((id.clone(), secret.clone()), "", "invalid_request"),
        ((id.clone(), secret.clone()), "grant_type=password", "unsupported_grant_type"),
        ((id, secret), "grant_type=client_credentials&scope=orders%2Fdelete", "invalid_scope"),
        (seeded, FORM, "unauthorized_client"),
    ] {
        assert_eq!(post(&cloud, &client, form).await, (400, json!({"error": error})));
    }
}

#[tokio::test]
async fn only_a_client_with_a_secret_may_have_client_credentials() {
    let cloud = Cloud::start().await;
    let input = json!({
        "UserPoolId": cloud.seed().user_pool_id,
        "ClientName": "open",
        "AllowedOAuthFlows": ["client_credentials"],
    });
    assert_eq!(cloud.cognito("CreateUserPoolClient", input).await.error().0, "InvalidOAuthFlowException");
}
