//! The tokens: claims as Cognito writes them, signatures that verify through the JWKS, lifetimes as configured.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_cloud::LocalCloud;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::support::{Cloud, claims, part, text};

fn names(claims: &Value) -> BTreeSet<&str> {
    claims.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_access_token_has_cognitos_claims() {
    let cloud = Cloud::start().await;
    let claims = claims(&cloud.access_token().await);
    let wanted = [
        "sub",
        "cognito:groups",
        "iss",
        "client_id",
        "origin_jti",
        "event_id",
        "token_use",
        "scope",
        "auth_time",
        "exp",
        "iat",
        "jti",
        "username",
    ];
    assert_eq!(names(&claims), BTreeSet::from(wanted));
    assert_eq!(claims["iss"], "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_LocalPool1");
    assert_eq!(claims["client_id"], json!(cloud.seed().client_id));
    assert_eq!(claims["username"], json!(cloud.seed().username));
    assert_eq!(claims["token_use"], "access");
    assert_eq!(claims["scope"], "aws.cognito.signin.user.admin");
    assert_eq!(claims["cognito:groups"], json!(["order-services"]));
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
}

#[tokio::test]
async fn the_id_token_has_cognitos_claims_and_the_users_attributes() {
    let cloud = Cloud::start_with(LocalCloud::builder().seed(false)).await;
    let client = json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]});
    let (pool, client) = cloud.new_pool(json!({"UsernameAttributes": ["email"]}), client).await;
    let attributes = json!([{"Name": "email_verified", "Value": "true"}]);
    let user = json!({"UserPoolId": pool, "Username": "ada@example.com", "UserAttributes": attributes});
    let username = text(&cloud.cognito("AdminCreateUser", user).await.ok()["User"]["Username"]);
    let password = json!({"UserPoolId": pool, "Username": username, "Password": "Permanent-1", "Permanent": true});
    cloud.cognito("AdminSetUserPassword", password).await.ok();
    let result = cloud.tokens_of(&pool, &client, "ada@example.com").await;
    let claims = claims(&text(&result["IdToken"]));
    let wanted = [
        "sub",
        "iss",
        "cognito:username",
        "aud",
        "origin_jti",
        "event_id",
        "token_use",
        "auth_time",
        "exp",
        "iat",
        "jti",
        "email",
        "email_verified",
    ];
    assert_eq!(names(&claims), BTreeSet::from(wanted));
    assert_eq!((&claims["token_use"], &claims["aud"]), (&json!("id"), &client["ClientId"]));
    // In such a pool the real user name is the sub, whatever one signs in with.
    assert_eq!((&claims["cognito:username"], &claims["sub"]), (&json!(username), &json!(username)));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("ada@example.com"), &json!(true)));
}

#[tokio::test]
async fn signatures_verify_with_the_key_that_the_header_names() {
    let cloud = Cloud::start().await;
    let tokens = cloud.tokens().await;
    let path = format!("/{}/.well-known/jwks.json", cloud.seed().user_pool_id);
    let jwks = cloud.http("GET", &path, "").await.ok();
    let keys = jwks["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    let mut used = BTreeSet::new();
    for name in ["AccessToken", "IdToken"] {
        let token = text(&tokens[name]);
        let header = part(&token, 0);
        assert_eq!(header["alg"], "RS256");
        let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key is in the set");
        assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("RSA"), &json!("sig"), &json!("RS256")));
        let decode = |value: &Value| URL_SAFE_NO_PAD.decode(text(value)).expect("base64url");
        let public = RsaPublicKeyComponents { n: decode(&key["n"]), e: decode(&key["e"]) };
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        public.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).expect("a good signature");
        assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"another message", &signature).is_err());
        used.insert(text(&key["kid"]));
    }
    assert_eq!(used.len(), 2, "ID and access tokens have different keys");
    assert_eq!(cloud.http("GET", "/eu-west-1_nope/.well-known/jwks.json", "").await.status, 404);
}

#[tokio::test]
async fn each_token_lives_as_long_as_its_client_says() {
    let cloud = Cloud::start().await;
    let client = json!({
        "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        "AccessTokenValidity": 10,
        "IdTokenValidity": 7,
        "TokenValidityUnits": {"AccessToken": "seconds", "IdToken": "minutes"},
    });
    let (pool, client) = cloud.new_pool(json!({}), client).await;
    cloud.new_user(&pool, "u").await;
    let lifetime = |token: &Value| {
        let claims = claims(&text(token));
        claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat)
    };
    let result = cloud.tokens_of(&pool, &client, "u").await;
    assert_eq!((lifetime(&result["AccessToken"]), lifetime(&result["IdToken"])), (Some(10), Some(420)));
    assert_eq!(result["ExpiresIn"], 10);
    // What the test says wins over what the client says.
    cloud.set_token_lifetime(Duration::from_secs(2));
    let result = cloud.tokens_of(&pool, &client, "u").await;
    assert_eq!((lifetime(&result["AccessToken"]), lifetime(&result["IdToken"])), (Some(2), Some(2)));
}

#[tokio::test]
async fn issue_times_follow_the_offset_clock() {
    let cloud = Cloud::start().await;
    let now = claims(&cloud.access_token().await)["iat"].as_i64().expect("iat");
    cloud.set_clock_offset(-86_400);
    let yesterday = claims(&cloud.access_token().await)["iat"].as_i64().expect("iat");
    assert!((86_390..=86_400).contains(&(now - yesterday)), "{now} {yesterday}");
}
