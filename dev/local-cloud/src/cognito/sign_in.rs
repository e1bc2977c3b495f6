//! Signing in with a password, and the one challenge an administrator's user can meet.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{not_authorized, not_in_enum, parameter, required};
use super::pool::{Client, Pool};
use super::state::{Cognito, Context, Session, SignIn};
use super::{secret_hash, tokens};
use crate::aws_json::{AwsError, Outcome};
use crate::ids;

/// A challenge must be answered within three minutes.
const SESSION_LIFETIME: i64 = 180;

const FLOWS: [&str; 8] = [
    "USER_SRP_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "CUSTOM_AUTH",
    "ADMIN_NO_SRP_AUTH",
    "USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
    "USER_AUTH",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateAuth {
    user_pool_id: Option<String>,
    client_id: Option<String>,
    auth_flow: Option<String>,
    #[serde(default)]
    auth_parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RespondToAuthChallenge {
    user_pool_id: Option<String>,
    client_id: Option<String>,
    challenge_name: Option<String>,
    session: Option<String>,
    #[serde(default)]
    challenge_responses: BTreeMap<String, String>,
}

impl Cognito {
    pub(super) fn admin_initiate_auth(&mut self, input: InitiateAuth, context: &Context) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let client = required(input.client_id, "clientId")?;
        let flow = required(input.auth_flow, "authFlow")?;
        let client = self.pool(&pool)?.client(&client)?.clone();
        match flow.as_str() {
            "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => {
                client.require_flow("ALLOW_ADMIN_USER_PASSWORD_AUTH", "Auth flow not enabled for this client")?;
                self.sign_in_with_password(&pool, &client, &input.auth_parameters, context)
            }
            "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => self.refresh_token_auth(&client, &input.auth_parameters, context),
            flow => Err(unsupported_flow(flow)),
        }
    }

    pub(super) fn initiate_auth(&mut self, input: InitiateAuth, context: &Context) -> Outcome {
        let client_id = required(input.client_id, "clientId")?;
        let flow = required(input.auth_flow, "authFlow")?;
        let (pool, client) = self.client(&client_id)?;
        let (pool, client) = (pool.id.clone(), client.clone());
        match flow.as_str() {
            "USER_PASSWORD_AUTH" => {
                client
                    .require_flow("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client")?;
                self.sign_in_with_password(&pool, &client, &input.auth_parameters, context)
            }
            "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => self.refresh_token_auth(&client, &input.auth_parameters, context),
            flow => Err(unsupported_flow(flow)),
        }
    }

    pub(super) fn admin_respond_to_auth_challenge(
        &mut self,
        input: RespondToAuthChallenge,
        context: &Context,
    ) -> Outcome {
        let pool_id = required(input.user_pool_id, "userPoolId")?;
        let client = required(input.client_id, "clientId")?;
        let challenge = required(input.challenge_name, "challengeName")?;
        let client = self.pool(&pool_id)?.client(&client)?.clone();
        if challenge != "NEW_PASSWORD_REQUIRED" {
            return Err(not_in_enum(&challenge, "challengeName", &["NEW_PASSWORD_REQUIRED"]));
        }
        let responses = &input.challenge_responses;
        let username = parameter(responses, "USERNAME")?;
        let new_password = parameter(responses, "NEW_PASSWORD")?;
        secret_hash::check(&client, username, responses.get("SECRET_HASH").map(String::as_str))?;

        let session = input.session.and_then(|session| self.sessions.remove(&session));
        let session = session.filter(|session| session.pool == pool_id && session.client == client.id);
        let Some(session) = session else {
            return Err(not_authorized("Invalid session for the user."));
        };
        if session.expires <= context.now {
            return Err(not_authorized("Invalid session for the user, session is expired."));
        }
        let pool = self.pool(&pool_id)?;
        pool.password_policy.check(new_password)?;
        let user = pool.existing_user(&session.username)?;
        user.set_password(new_password, true, context.now);
        self.signed_in(&pool_id, &client, &session.username, context)
    }

    fn sign_in_with_password(
        &mut self,
        pool_id: &str,
        client: &Client,
        parameters: &BTreeMap<String, String>,
        context: &Context,
    ) -> Outcome {
        let name = parameter(parameters, "USERNAME")?;
        let password = parameter(parameters, "PASSWORD")?;
        secret_hash::check(client, name, parameters.get("SECRET_HASH").map(String::as_str))?;

        let pool = self.pool(pool_id)?;
        let Some(user) = pool.user_mut(name) else {
            return Err(if client.prevent_user_existence_errors {
                not_authorized("Incorrect username or password.")
            } else {
                AwsError::new("UserNotFoundException", "User does not exist.")
            });
        };
        if !user.sign_ins.admits(context.sign_ins_per_second, context.now_millis) {
            return Err(AwsError::throttled("TooManyRequestsException"));
        }
        if user.lockout.is_locked(context.now) {
            return Err(not_authorized("Password attempts exceeded"));
        }
        if !user.enabled {
            return Err(not_authorized("User is disabled."));
        }
        if !user.has_password(password) {
            user.lockout.failed(context.now);
            return Err(not_authorized("Incorrect username or password."));
        }
        user.lockout.succeeded();
        let username = user.username.clone();
        if user.must_change_password() {
            return Ok(self.challenge(pool_id, client, &username, context));
        }
        self.signed_in(pool_id, client, &username, context)
    }

    fn challenge(&mut self, pool: &str, client: &Client, username: &str, context: &Context) -> Value {
        let session = ids::opaque::<400>();
        self.sessions.insert(
            session.clone(),
            Session {
                pool: pool.to_owned(),
                client: client.id.clone(),
                username: username.to_owned(),
                expires: context.now + SESSION_LIFETIME,
            },
        );
        json!({
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": username,
                "requiredAttributes": "[]",
                "userAttributes": "{}",
            },
            "Session": session,
        })
    }

    fn signed_in(&mut self, pool_id: &str, client: &Client, username: &str, context: &Context) -> Outcome {
        let sign_in = SignIn::at(context.now);
        let keys = self.keys.clone();
        let pool: &Pool = self.pool(pool_id)?;
        let user = pool.users.get(username).ok_or_else(|| not_authorized("User does not exist."))?;
        let mut result = tokens::issue(&keys, pool, client, user, &sign_in, context);
        result["RefreshToken"] = json!(self.new_refresh_token(pool_id, client, username, sign_in, context));
        Ok(json!({"AuthenticationResult": result, "ChallengeParameters": {}}))
    }
}

fn unsupported_flow(flow: &str) -> AwsError {
    if FLOWS.contains(&flow) {
        AwsError::new("InvalidParameterException", "Initiate Auth method not supported.")
    } else {
        not_in_enum(flow, "authFlow", &FLOWS)
    }
}
