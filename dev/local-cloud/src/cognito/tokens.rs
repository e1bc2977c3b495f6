//! The tokens of a sign-in, with the claims that Cognito writes.

use serde_json::{Value, json};

use super::pool::{Client, Pool, User};
use super::state::{Context, SignIn};
use crate::ids;
use crate::jwt::{Claims, Keys};

/// `AuthenticationResult` without a refresh token.
pub(super) fn issue(
    keys: &Keys,
    pool: &Pool,
    client: &Client,
    user: &User,
    sign_in: &SignIn,
    context: &Context,
) -> Value {
    let access_lifetime = context.token_lifetime.unwrap_or(client.access_lifetime);
    let id_lifetime = context.token_lifetime.unwrap_or(client.id_lifetime);

    let mut access = common(pool, user, sign_in, context.now, access_lifetime);
    access.insert("token_use".to_owned(), json!("access"));
    access.insert("client_id".to_owned(), json!(client.id));
    access.insert("scope".to_owned(), json!("aws.cognito.signin.user.admin"));
    access.insert("username".to_owned(), json!(user.username));

    let mut id = common(pool, user, sign_in, context.now, id_lifetime);
    id.insert("token_use".to_owned(), json!("id"));
    id.insert("aud".to_owned(), json!(client.id));
    id.insert("cognito:username".to_owned(), json!(user.username));
    for (name, value) in &user.attributes {
        let verified = name.ends_with("_verified");
        id.insert(name.clone(), if verified { json!(value == "true") } else { json!(value) });
    }

    json!({
        "AccessToken": keys.sign(&access),
        "IdToken": keys.sign(&id),
        "ExpiresIn": access_lifetime,
        "TokenType": "Bearer",
    })
}

/// The access token of a client itself, which names no user, and its lifetime in seconds.
pub(super) fn issue_to_client(
    keys: &Keys,
    pool: &Pool,
    client: &Client,
    scope: &str,
    context: &Context,
) -> (String, i64) {
    let lifetime = context.token_lifetime.unwrap_or(client.access_lifetime);
    let claims = json!({
        "sub": client.id,
        "token_use": "access",
        "scope": scope,
        "auth_time": context.now,
        "iss": pool.issuer(),
        "exp": context.now + lifetime,
        "iat": context.now,
        "version": 2,
        "jti": ids::uuid(),
        "client_id": client.id,
    });
    (keys.sign(claims.as_object().expect("an object")), lifetime)
}

fn common(pool: &Pool, user: &User, sign_in: &SignIn, now: i64, lifetime: i64) -> Claims {
    let mut claims = Claims::new();
    claims.insert("sub".to_owned(), json!(user.sub));
    if !user.groups.is_empty() {
        claims.insert("cognito:groups".to_owned(), json!(user.groups));
    }
    claims.insert("iss".to_owned(), json!(pool.issuer()));
    claims.insert("origin_jti".to_owned(), json!(sign_in.origin_jti));
    claims.insert("event_id".to_owned(), json!(sign_in.event_id));
    claims.insert("auth_time".to_owned(), json!(sign_in.auth_time));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now + lifetime));
    claims.insert("jti".to_owned(), json!(ids::uuid()));
    claims
}
