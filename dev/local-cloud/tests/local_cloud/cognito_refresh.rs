//! Refresh tokens: two ways to use them, rotation, expiry, revocation.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Cloud, Reply, claims, secret_hash, text};

async fn exchange(cloud: &Cloud, client_id: &Value, secret: &Value, refresh_token: &str) -> Reply {
    let input = json!({"ClientId": client_id, "ClientSecret": secret, "RefreshToken": refresh_token});
    cloud.cognito("GetTokensFromRefreshToken", input).await
}

async fn exchange_seeded(cloud: &Cloud, refresh_token: &str) -> Reply {
    exchange(cloud, &json!(cloud.seed().client_id), &json!(cloud.seed().client_secret), refresh_token).await
}

#[tokio::test]
async fn both_ways_give_new_tokens_of_the_same_sign_in_and_no_new_refresh_token() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed();
    let first = cloud.tokens().await;
    let refresh_token = text(&first["RefreshToken"]);
    let hash = secret_hash(&seed.client_secret, &seed.username, &seed.client_id);
    let parameters = json!({"REFRESH_TOKEN": refresh_token, "SECRET_HASH": hash});
    let mut replies = vec![exchange_seeded(&cloud, &refresh_token).await];
    for flow in ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"] {
        replies.push(cloud.auth(flow, parameters.clone()).await);
    }
    let before = claims(&text(&first["AccessToken"]));
    for reply in replies {
        let result = reply.ok()["AuthenticationResult"].clone();
        assert!(result.get("RefreshToken").is_none());
        let after = claims(&text(&result["AccessToken"]));
        assert_eq!((&after["origin_jti"], &after["auth_time"]), (&before["origin_jti"], &before["auth_time"]));
        assert_ne!(after["jti"], before["jti"]);
        assert_eq!(claims(&text(&result["IdToken"]))["token_use"], "id");
    }
}

#[tokio::test]
async fn the_client_must_prove_its_secret_either_way() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed().clone();
    let refresh_token = text(&cloud.tokens().await["RefreshToken"]);
    let unable = format!("Unable to verify secret hash for client {}", seed.client_id);
    for secret in [json!(null), json!("wrong")] {
        let reply = exchange(&cloud, &json!(seed.client_id), &secret, &refresh_token).await;
        reply.assert_error("NotAuthorizedException", &unable);
    }
    let hash = secret_hash(&seed.client_secret, "an-alias", &seed.client_id);
    let reply = cloud.auth("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": refresh_token, "SECRET_HASH": hash})).await;
    reply.assert_error("NotAuthorizedException", &unable);
}

#[tokio::test]
async fn the_secret_hash_of_a_refresh_is_over_the_real_username_not_the_alias() {
    let cloud = Cloud::start().await;
    let flows = json!({"GenerateSecret": true, "ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]});
    let (pool, client) = cloud.new_pool(json!({"UsernameAttributes": ["email"]}), flows).await;
    let (id, secret) = (text(&client["ClientId"]), text(&client["ClientSecret"]));
    cloud.new_user(&pool, "ada@example.com").await;
    let auth = async |flow: &str, parameters: Value| {
        let input = json!({"UserPoolId": pool, "ClientId": id, "AuthFlow": flow, "AuthParameters": parameters});
        cloud.cognito("AdminInitiateAuth", input).await
    };

    let of_alias = secret_hash(&secret, "ada@example.com", &id);
    let parameters = json!({"USERNAME": "ada@example.com", "PASSWORD": "Permanent-1", "SECRET_HASH": of_alias});
    let result = auth("ADMIN_NO_SRP_AUTH", parameters).await.ok()["AuthenticationResult"].clone();
    let refresh = |hash: String| json!({"REFRESH_TOKEN": result["RefreshToken"], "SECRET_HASH": hash});
    let unable = format!("Unable to verify secret hash for client {id}");
    auth("REFRESH_TOKEN_AUTH", refresh(of_alias)).await.assert_error("NotAuthorizedException", &unable);
    let username = text(&claims(&text(&result["IdToken"]))["cognito:username"]);
    auth("REFRESH_TOKEN_AUTH", refresh(secret_hash(&secret, &username, &id))).await.ok();
}

#[tokio::test]
async fn a_dead_refresh_token_says_how_it_died() {
    let cloud = Cloud::start().await;
    exchange_seeded(&cloud, "garbage").await.assert_error("NotAuthorizedException", "Invalid Refresh Token");

    cloud.set_refresh_token_lifetime(Duration::from_secs(60));
    let short = text(&cloud.tokens().await["RefreshToken"]);
    cloud.set_clock_offset(61);
    exchange_seeded(&cloud, &short).await.assert_error("NotAuthorizedException", "Refresh Token has expired");

    let user = json!({"UserPoolId": cloud.seed().user_pool_id, "Username": cloud.seed().username});
    let signed_out = text(&cloud.tokens().await["RefreshToken"]);
    cloud.cognito("AdminUserGlobalSignOut", user).await.ok();
    exchange_seeded(&cloud, &signed_out).await.assert_error("NotAuthorizedException", "Refresh Token has been revoked");

    let revoked = text(&cloud.tokens().await["RefreshToken"]);
    let secret = &cloud.seed().client_secret;
    let input = json!({"ClientId": cloud.seed().client_id, "ClientSecret": secret, "Token": revoked});
    cloud.cognito("RevokeToken", input).await.ok();
    exchange_seeded(&cloud, &revoked).await.assert_error("NotAuthorizedException", "Refresh Token has been revoked");
}

#[tokio::test]
async fn under_rotation_each_use_gives_a_successor_and_the_old_one_dies_after_its_grace_period() {
    let cloud = Cloud::start().await;
    let client = json!({
        "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
    });
    let (pool, client) = cloud.new_pool(json!({}), client).await;
    let id = &client["ClientId"];
    cloud.new_user(&pool, "u").await;
    let first = text(&cloud.tokens_of(&pool, &client, "u").await["RefreshToken"]);

    let second = exchange(&cloud, id, &json!(null), &first).await.ok();
    let second = text(&second["AuthenticationResult"]["RefreshToken"]);
    assert_ne!(second, first);
    exchange(&cloud, id, &json!(null), &first).await.ok();
    cloud.set_clock_offset(31);
    let reused = exchange(&cloud, id, &json!(null), &first).await;
    reused.assert_error("RefreshTokenReuseException", "Refresh token has been invalidated");
    exchange(&cloud, id, &json!(null), &second).await.ok();
}

#[tokio::test]
async fn rotation_and_the_refresh_flow_exclude_each_other() {
    let cloud = Cloud::start().await;
    let input = json!({
        "UserPoolId": cloud.seed().user_pool_id,
        "ClientName": "both",
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED"},
    });
    assert_eq!(cloud.cognito("CreateUserPoolClient", input).await.error().0, "InvalidParameterException");
}
