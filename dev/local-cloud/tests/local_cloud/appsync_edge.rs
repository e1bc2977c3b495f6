//! What AppSync refuses before it executes anything.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::support::{Cloud, claims, part, text};

const QUERY: &str = r#"{"query":"query GetOrder { getOrder(id: \"order-1\") { id } }"}"#;

#[tokio::test]
async fn a_refused_token_has_appsyncs_wire_shape() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    cloud.set_clock_offset(3601);
    let reply = cloud.graphql_as(Some(&token), QUERY).await;
    assert_eq!(reply.status, 401);
    let wanted = concat!(
        "{\n  \"errors\" : [ {\n    \"errorType\" : \"UnauthorizedException\",\n",
        "    \"message\" : \"Token has expired.\"\n  } ]\n}"
    );
    assert_eq!(reply.text, wanted);
    assert_eq!(reply.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(reply.header("x-amzn-errortype"), "UnauthorizedException");
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
    assert_eq!(reply.header("x-amzn-appsync-tokensconsumed"), "");
}

#[tokio::test]
async fn each_kind_of_bad_authorization_is_told_apart() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{message}.{first}{}", &signature[1..]);
    let refused = "You are not authorized to make this call.";
    for (authorization, wanted) in [
        (None, "Valid authorization header not provided."),
        (Some(""), "Valid authorization header not provided."),
        (Some("garbage"), "Unable to parse JWT token."),
        (Some(format!("Bearer {token}").as_str()), "Unable to parse JWT token."),
        (Some(forged.as_str()), refused),
    ] {
        let reply = cloud.graphql_as(authorization, QUERY).await;
        assert_eq!(reply.status, 401, "{authorization:?}");
        assert_eq!(reply.json()["errors"][0]["message"], wanted, "{authorization:?}");
    }
    assert_eq!(cloud.graphql_as(Some(&token), QUERY).await.status, 200);
}

#[tokio::test]
async fn a_token_of_another_pool_is_refused() {
    let cloud = Cloud::start().await;
    let (pool, client) = cloud.new_pool(json!({}), json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]})).await;
    cloud.new_user(&pool, "u").await;
    let result = cloud.tokens_of(&pool, &client, "u").await;
    let reply = cloud.graphql_as(Some(&text(&result["AccessToken"])), QUERY).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["errors"][0]["message"], "You are not authorized to make this call.");
}

/// The token with one claim changed, signed with the stand-in's own key: only the claim can be what is refused.
fn resigned(token: &str, claim: &str, value: Value) -> String {
    let mut claims = claims(token);
    claims[claim] = value;
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&part(token, 0)), encode(&claims));
    let key = RsaKeyPair::from_pkcs8(include_bytes!("../../keys/access-token-signing-key.pk8")).expect("a key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("signed");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_well_signed_token_with_a_wrong_claim_is_refused() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let not_ours = "You are not authorized to make this call.";
    for (claim, value, message) in [
        ("iss", json!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"), not_ours),
        ("client_id", json!("another"), not_ours),
        ("token_use", json!("refresh"), not_ours),
        ("exp", json!(0), "Token has expired."),
        ("exp", json!(null), "Unable to parse JWT token."),
    ] {
        let reply = cloud.graphql_as(Some(&resigned(&token, claim, value)), QUERY).await;
        assert_eq!((reply.status, &reply.json()["errors"][0]["message"]), (401, &json!(message)), "{claim}");
    }
    let unchanged = resigned(&token, "token_use", json!("access"));
    assert_eq!(cloud.graphql_as(Some(&unchanged), QUERY).await.status, 200);
}

#[tokio::test]
async fn access_and_id_tokens_both_work_and_outlive_a_restart() {
    let cloud = Cloud::start().await;
    let tokens = cloud.tokens().await;
    let restarted = Cloud::start().await;
    for name in ["AccessToken", "IdToken"] {
        let reply = restarted.graphql_as(Some(&text(&tokens[name])), QUERY).await;
        assert_eq!(reply.ok(), json!({"data": {"getOrder": {"id": "order-1"}}}), "{name}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_malformed() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    for (body, message) in [
        ("", "Request body is empty."),
        ("not JSON", "Unable to parse GraphQL query."),
        (r#"{"variables":{}}"#, "Unable to parse GraphQL query."),
        (r#"{"query":"query { getOrder("}"#, "Unable to parse GraphQL query."),
    ] {
        let reply = cloud.graphql_as(Some(&token), body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.header("x-amzn-errortype"), "MalformedHttpRequestException");
        let wanted = json!({"errors": [{"errorType": "MalformedHttpRequestException", "message": message}]});
        assert_eq!(reply.json(), wanted);
    }
    // The token is looked at first.
    assert_eq!(cloud.graphql_as(None, "").await.status, 401);
}

#[tokio::test]
async fn options_needs_no_token_and_is_not_counted() {
    let cloud = Cloud::start().await;
    let reply = cloud.http("OPTIONS", "/graphql", "").await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert_eq!(reply.header("access-control-allow-methods"), "POST, OPTIONS");
    assert_eq!(cloud.count(local_cloud::Service::AppSync), 0);
    assert_eq!(cloud.count_of("OPTIONS"), 1);
}

#[tokio::test]
async fn a_request_larger_than_a_megabyte_is_refused() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let body = json!({"query": "{ __typename }", "variables": {"padding": "x".repeat(1024 * 1024)}}).to_string();
    assert_eq!(cloud.graphql_as(Some(&token), &body).await.status, 413);
}

#[tokio::test]
async fn the_user_pool_can_be_another_emulators_whose_keys_are_fetched() {
    let elsewhere = Cloud::start().await;
    let (pool, client) = elsewhere.new_pool(json!({}), json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]})).await;
    elsewhere.new_user(&pool, "u").await;
    let token = text(&elsewhere.tokens_of(&pool, &client, "u").await["AccessToken"]);
    let keys = format!("{}/{pool}/.well-known/jwks.json", elsewhere.url());

    let cloud = Cloud::start().await;
    let own = cloud.access_token().await;
    assert_eq!(cloud.graphql_as(Some(&token), QUERY).await.status, 401);
    cloud.trust_user_pool(&keys).await.expect("the keys are there");
    assert_eq!(cloud.graphql_as(Some(&token), QUERY).await.status, 200);
    assert_eq!(cloud.graphql_as(Some(&own), QUERY).await.status, 401, "an API trusts one pool");

    let started = Cloud::start_with(local_cloud::LocalCloud::builder().user_pool(&keys)).await;
    assert_eq!(started.graphql_as(Some(&token), QUERY).await.status, 200);
    started.set_clock_offset(3601);
    let expired = started.graphql_as(Some(&token), QUERY).await;
    assert_eq!(expired.json()["errors"][0]["message"], "Token has expired.");

    let nobody =
        cloud.trust_user_pool(&keys.replace(&pool, "eu-west-1_Nobody")).await.expect_err("there is no such pool");
    assert!(nobody.to_string().contains("404"), "{nobody}");
    assert_eq!(cloud.graphql_as(Some(&token), QUERY).await.status, 200, "the pool is as it was");
}
