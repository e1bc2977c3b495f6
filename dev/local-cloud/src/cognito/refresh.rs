//! Refresh tokens: both ways of using them, rotation, and revocation.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::input::{not_authorized, parameter, required};
use super::pool::Client;
use super::state::{Cognito, Context, RefreshToken, SignIn};
use super::{secret_hash, tokens};
use crate::aws_json::{AwsError, Outcome};
use crate::ids;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTokensFromRefreshToken {
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RevokeToken {
    client_id: Option<String>,
    client_secret: Option<String>,
    token: Option<String>,
}

impl Cognito {
    /// `REFRESH_TOKEN_AUTH`: the secret hash is over the user's real name, never over an alias.
    pub(super) fn refresh_token_auth(
        &mut self,
        client: &Client,
        parameters: &BTreeMap<String, String>,
        context: &Context,
    ) -> Outcome {
        client.require_flow("ALLOW_REFRESH_TOKEN_AUTH", "Auth flow not enabled for this client")?;
        let token = parameter(parameters, "REFRESH_TOKEN")?;
        let refresh = self.valid_refresh_token(token, client, context)?;
        secret_hash::check(client, &refresh.username, parameters.get("SECRET_HASH").map(String::as_str))?;
        let result = self.refreshed(client, &refresh, context)?;
        Ok(json!({"AuthenticationResult": result, "ChallengeParameters": {}}))
    }

    /// The plain client secret and no hash; a new refresh token only under rotation.
    pub(super) fn get_tokens_from_refresh_token(
        &mut self,
        input: GetTokensFromRefreshToken,
        context: &Context,
    ) -> Outcome {
        let token = required(input.refresh_token, "refreshToken")?;
        let client = self.client_with_secret(input.client_id, input.client_secret)?;
        let refresh = self.valid_refresh_token(&token, &client, context)?;
        let mut result = self.refreshed(&client, &refresh, context)?;
        if let Some(grace) = client.rotation_grace {
            // The successor lives no longer than its predecessor would have.
            let successor = random_refresh_token();
            self.refresh_tokens.insert(successor.clone(), RefreshToken { superseded_from: None, ..refresh });
            if let Some(used) = self.refresh_tokens.get_mut(&token) {
                used.superseded_from.get_or_insert(context.now + grace);
            }
            result["RefreshToken"] = json!(successor);
        }
        Ok(json!({"AuthenticationResult": result}))
    }

    pub(super) fn revoke_token(&mut self, input: RevokeToken) -> Outcome {
        let token = required(input.token, "token")?;
        let client = self.client_with_secret(input.client_id, input.client_secret)?;
        if let Some(refresh) = self.refresh_tokens.get_mut(&token).filter(|refresh| refresh.client == client.id) {
            refresh.revoked = true;
        }
        Ok(json!({}))
    }

    pub(super) fn new_refresh_token(
        &mut self,
        pool: &str,
        client: &Client,
        username: &str,
        sign_in: SignIn,
        context: &Context,
    ) -> String {
        let token = random_refresh_token();
        self.refresh_tokens.insert(
            token.clone(),
            RefreshToken {
                pool: pool.to_owned(),
                client: client.id.clone(),
                username: username.to_owned(),
                sign_in,
                expires: context.now + context.refresh_token_lifetime.unwrap_or(client.refresh_lifetime),
                revoked: false,
                superseded_from: None,
            },
        );
        token
    }

    pub(super) fn revoke_refresh_tokens_of(&mut self, pool: &str, username: &str) {
        for refresh in self.refresh_tokens.values_mut() {
            refresh.revoked |= refresh.pool == pool && refresh.username == username;
        }
    }

    fn valid_refresh_token(&self, token: &str, client: &Client, context: &Context) -> Result<RefreshToken, AwsError> {
        let refresh = self.refresh_tokens.get(token).filter(|refresh| refresh.client == client.id);
        let refresh = refresh.ok_or_else(|| not_authorized("Invalid Refresh Token"))?;
        if refresh.revoked {
            return Err(not_authorized("Refresh Token has been revoked"));
        }
        if refresh.expires <= context.now {
            return Err(not_authorized("Refresh Token has expired"));
        }
        if refresh.superseded_from.is_some_and(|from| from <= context.now) {
            return Err(AwsError::new("RefreshTokenReuseException", "Refresh token has been invalidated"));
        }
        Ok(refresh.clone())
    }

    fn refreshed(&mut self, client: &Client, refresh: &RefreshToken, context: &Context) -> Outcome {
        let keys = self.keys.clone();
        let pool = self.pool(&refresh.pool)?;
        let user = pool.users.get(&refresh.username).ok_or_else(|| not_authorized("User does not exist."))?;
        if !user.enabled {
            return Err(not_authorized("User is disabled."));
        }
        Ok(tokens::issue(&keys, pool, client, user, &refresh.sign_in, context))
    }

    fn client_with_secret(&self, id: Option<String>, secret: Option<String>) -> Result<Client, AwsError> {
        let id = required(id, "clientId")?;
        let (_, client) = self.client(&id)?;
        if client.secret.is_some() && client.secret != secret {
            return Err(secret_hash::unverified(client));
        }
        Ok(client.clone())
    }
}

/// Five parts, like the encrypted token that Cognito gives; nothing can be read out of it.
fn random_refresh_token() -> String {
    let header = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ";
    let (key, nonce, tag) = (ids::opaque::<256>(), ids::opaque::<12>(), ids::opaque::<16>());
    format!("{header}.{key}.{nonce}.{}.{tag}", ids::opaque::<800>())
}
