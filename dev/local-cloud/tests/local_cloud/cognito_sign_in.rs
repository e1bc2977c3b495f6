//! AdminInitiateAuth with a password: what is refused, in which words, and when a user is locked out.

use serde_json::{Value, json};

use crate::support::{Cloud, secret_hash, text};

const WRONG: &str = "Incorrect username or password.";

fn with(mut parameters: Value, name: &str, value: Value) -> Value {
    parameters[name] = value;
    parameters
}

#[tokio::test]
async fn a_refusal_has_cognitos_wire_shape() {
    let cloud = Cloud::start().await;
    let reply = cloud.sign_in(with(cloud.seed_parameters(), "PASSWORD", json!("wrong"))).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.text, r#"{"__type":"NotAuthorizedException","message":"Incorrect username or password."}"#);
    assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(reply.header("x-amzn-errortype"), "NotAuthorizedException:");
    assert_eq!(reply.header("x-amzn-errormessage"), WRONG);
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
}

#[tokio::test]
async fn both_names_of_the_flow_sign_in() {
    let cloud = Cloud::start().await;
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] {
        let reply = cloud.auth(flow, cloud.seed_parameters()).await;
        let result = &reply.ok()["AuthenticationResult"];
        assert_eq!((&result["TokenType"], &result["ExpiresIn"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
        assert_eq!(reply.header("x-amzn-errortype"), "");
    }
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 2);
}

#[tokio::test]
async fn the_secret_hash_must_be_the_users_and_the_clients() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed();
    let unable = format!("Unable to verify secret hash for client {}", seed.client_id);
    let of_another = secret_hash(&seed.client_secret, "somebody-else", &seed.client_id);
    for hash in [json!(of_another), json!("not base64")] {
        let reply = cloud.sign_in(with(cloud.seed_parameters(), "SECRET_HASH", hash)).await;
        reply.assert_error("NotAuthorizedException", &unable);
    }
    let reply = cloud.sign_in(json!({"USERNAME": seed.username, "PASSWORD": seed.password})).await;
    let missing = format!("Client {} is configured with secret but SECRET_HASH was not received", seed.client_id);
    reply.assert_error("NotAuthorizedException", &missing);
}

#[tokio::test]
async fn only_flows_that_the_client_allows_work() {
    let cloud = Cloud::start().await;
    let (pool, client) = cloud.new_pool(json!({}), json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]})).await;
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"] {
        let input = json!({"UserPoolId": pool, "ClientId": client["ClientId"], "AuthFlow": flow, "AuthParameters": {}});
        let reply = cloud.cognito("AdminInitiateAuth", input).await;
        reply.assert_error("InvalidParameterException", "Auth flow not enabled for this client");
    }
}

#[tokio::test]
async fn an_unknown_user_is_hidden_or_not_as_the_client_says() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed().clone();
    let hash = secret_hash(&seed.client_secret, "nobody", &seed.client_id);
    let reply = cloud.sign_in(json!({"USERNAME": "nobody", "PASSWORD": "x", "SECRET_HASH": hash})).await;
    reply.assert_error("NotAuthorizedException", WRONG);

    let flows = json!(["ADMIN_NO_SRP_AUTH"]);
    for (setting, wanted) in
        [("LEGACY", ("UserNotFoundException", "User does not exist.")), ("ENABLED", ("NotAuthorizedException", WRONG))]
    {
        let client = json!({"ExplicitAuthFlows": flows, "PreventUserExistenceErrors": setting});
        let (pool, client) = cloud.new_pool(json!({}), client).await;
        let input = json!({
            "UserPoolId": pool,
            "ClientId": client["ClientId"],
            "AuthFlow": "ADMIN_NO_SRP_AUTH",
            "AuthParameters": {"USERNAME": "nobody", "PASSWORD": "x"},
        });
        cloud.cognito("AdminInitiateAuth", input).await.assert_error(wanted.0, wanted.1);
    }
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_until_it_is_enabled() {
    let cloud = Cloud::start().await;
    let user = json!({"UserPoolId": cloud.seed().user_pool_id, "Username": cloud.seed().username});
    cloud.cognito("AdminDisableUser", user.clone()).await.ok();
    let reply = cloud.sign_in(cloud.seed_parameters()).await;
    reply.assert_error("NotAuthorizedException", "User is disabled.");
    cloud.cognito("AdminEnableUser", user).await.ok();
    cloud.tokens().await;
}

#[tokio::test]
async fn five_wrong_passwords_lock_a_user_out_and_attempts_meanwhile_change_nothing() {
    let cloud = Cloud::start().await;
    let wrong = with(cloud.seed_parameters(), "PASSWORD", json!("wrong"));
    for _ in 0..5 {
        cloud.sign_in(wrong.clone()).await.assert_error("NotAuthorizedException", WRONG);
    }
    // Each failure after a lock doubles the next one, until it is long against the time that this test takes.
    let mut offset = 0;
    for lock in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        offset += lock;
        cloud.set_clock_offset(offset);
        cloud.sign_in(wrong.clone()).await.assert_error("NotAuthorizedException", WRONG);
    }
    for parameters in [&wrong, &cloud.seed_parameters()].into_iter().cycle().take(20) {
        let reply = cloud.sign_in(parameters.clone()).await;
        reply.assert_error("NotAuthorizedException", "Password attempts exceeded");
    }
    cloud.set_clock_offset(offset + 450);
    let reply = cloud.sign_in(cloud.seed_parameters()).await;
    reply.assert_error("NotAuthorizedException", "Password attempts exceeded");
    cloud.set_clock_offset(offset + 512);
    cloud.tokens().await;
    // The right password forgot the wrong ones.
    cloud.sign_in(wrong).await.assert_error("NotAuthorizedException", WRONG);
    cloud.tokens().await;
}

#[tokio::test]
async fn a_temporary_password_leads_to_a_challenge_and_its_answer_to_tokens() {
    let cloud = Cloud::start().await;
    let seed = cloud.seed().clone();
    let temporary = json!({
        "UserPoolId": seed.user_pool_id, "Username": seed.username, "Password": "Temporary-1", "Permanent": false,
    });
    cloud.cognito("AdminSetUserPassword", temporary).await.ok();
    let challenge = cloud.sign_in(with(cloud.seed_parameters(), "PASSWORD", json!("Temporary-1"))).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], json!(seed.username));
    assert!(challenge.get("AuthenticationResult").is_none());

    let answer = |session: &Value| {
        json!({
            "UserPoolId": seed.user_pool_id,
            "ClientId": seed.client_id,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": {
                "USERNAME": seed.username,
                "NEW_PASSWORD": "Permanent-1",
                "SECRET_HASH": secret_hash(&seed.client_secret, &seed.username, &seed.client_id),
            },
        })
    };
    let invented = cloud.cognito("AdminRespondToAuthChallenge", answer(&json!("invented"))).await;
    invented.assert_error("NotAuthorizedException", "Invalid session for the user.");
    let tokens = cloud.cognito("AdminRespondToAuthChallenge", answer(&challenge["Session"])).await.ok();
    assert!(text(&tokens["AuthenticationResult"]["AccessToken"]).starts_with("ey"));
    cloud.sign_in(with(cloud.seed_parameters(), "PASSWORD", json!("Permanent-1"))).await.ok();
}

#[tokio::test]
async fn what_is_missing_or_unreadable_is_named() {
    let cloud = Cloud::start().await;
    let pool = cloud.seed().user_pool_id.clone();
    let reply = cloud.cognito("AdminInitiateAuth", json!({"UserPoolId": pool, "AuthFlow": "REFRESH_TOKEN"})).await;
    let message =
        "1 validation error detected: Value null at 'clientId' failed to satisfy constraint: Member must not be null";
    reply.assert_error("InvalidParameterException", message);
    let reply = cloud.auth("NO_SUCH_FLOW", json!({})).await;
    assert!(reply.error().1.contains("Value 'NO_SUCH_FLOW' at 'authFlow'"), "{}", reply.text);
    let reply = cloud.sign_in(json!({"USERNAME": "x"})).await;
    reply.assert_error("InvalidParameterException", "Missing required parameter PASSWORD");
    let reply = cloud.aws("AWSCognitoIdentityProviderService.AdminInitiateAuth", "{".to_owned()).await;
    assert_eq!(reply.error().0, "SerializationException");
    let reply = cloud.auth("ADMIN_NO_SRP_AUTH", json!({"USERNAME": 1})).await;
    assert_eq!(reply.error().0, "SerializationException");
    for target in ["AWSCognitoIdentityProviderService.NoSuchOperation", "NoSuchService.X", ""] {
        assert_eq!(cloud.aws(target, "{}".to_owned()).await.error().0, "UnknownOperationException");
    }
}

#[tokio::test]
async fn an_unknown_pool_or_client_is_not_found() {
    let cloud = Cloud::start().await;
    let input =
        |pool: &str, client: &str| json!({"UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_NO_SRP_AUTH"});
    let reply = cloud.cognito("AdminInitiateAuth", input("eu-west-1_nope", "x")).await;
    reply.assert_error("ResourceNotFoundException", "User pool eu-west-1_nope does not exist.");
    let reply = cloud.cognito("AdminInitiateAuth", input(&cloud.seed().user_pool_id, "x")).await;
    reply.assert_error("ResourceNotFoundException", "User pool client x does not exist.");
}
