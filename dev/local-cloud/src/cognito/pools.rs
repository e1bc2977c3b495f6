//! Creating and describing pools, app clients and groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{not_in_enum, required};
use super::pool::{Client, OAuth, PasswordPolicy, Pool};
use super::state::{Cognito, Context};
use crate::aws_json::{AwsError, Outcome};
use crate::ids;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUserPool {
    pool_name: Option<String>,
    #[serde(default)]
    policies: Policies,
    mfa_configuration: Option<String>,
    #[serde(default)]
    username_attributes: Vec<String>,
    #[serde(default)]
    alias_attributes: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Policies {
    password_policy: PasswordPolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeUserPool {
    user_pool_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUserPoolClient {
    user_pool_id: Option<String>,
    client_name: Option<String>,
    #[serde(default)]
    generate_secret: bool,
    explicit_auth_flows: Option<Vec<String>>,
    prevent_user_existence_errors: Option<String>,
    access_token_validity: Option<i64>,
    id_token_validity: Option<i64>,
    refresh_token_validity: Option<i64>,
    #[serde(default)]
    token_validity_units: TokenValidityUnits,
    refresh_token_rotation: Option<RefreshTokenRotation>,
    #[serde(default, rename = "AllowedOAuthFlows")]
    allowed_oauth_flows: Vec<String>,
    #[serde(default, rename = "AllowedOAuthScopes")]
    allowed_oauth_scopes: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct TokenValidityUnits {
    access_token: Option<String>,
    id_token: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RefreshTokenRotation {
    feature: String,
    #[serde(default)]
    retry_grace_period_seconds: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeUserPoolClient {
    user_pool_id: Option<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateGroup {
    user_pool_id: Option<String>,
    group_name: Option<String>,
}

impl Cognito {
    pub(super) fn create_user_pool(&mut self, input: CreateUserPool, context: &Context) -> Outcome {
        let name = required(input.pool_name, "poolName")?;
        let id = format!("{}_{}", self.region, ids::lowercase_id(9));
        let mut pool = Pool::new(&id, &name, &self.region, context.now);
        pool.sequence = self.pools.len();
        pool.password_policy = input.policies.password_policy;
        pool.mfa = input.mfa_configuration.unwrap_or(pool.mfa);
        pool.username_attributes = input.username_attributes;
        pool.alias_attributes = input.alias_attributes;
        let described = describe_pool(&pool);
        self.pools.insert(id, pool);
        Ok(json!({"UserPool": described}))
    }

    pub(super) fn describe_user_pool(&mut self, input: DescribeUserPool) -> Outcome {
        let id = required(input.user_pool_id, "userPoolId")?;
        Ok(json!({"UserPool": describe_pool(self.pool(&id)?)}))
    }

    pub(super) fn create_user_pool_client(&mut self, input: CreateUserPoolClient, context: &Context) -> Outcome {
        let pool_id = required(input.user_pool_id, "userPoolId")?;
        let name = required(input.client_name, "clientName")?;
        let secret = input.generate_secret.then(|| ids::lowercase_id(52));
        let mut client = Client::new(&ids::lowercase_id(26), &name, secret);
        client.created = context.now;
        client.prevent_user_existence_errors = input.prevent_user_existence_errors.as_deref() == Some("ENABLED");
        if let Some(flows) = input.explicit_auth_flows.filter(|flows| !flows.is_empty()) {
            client.flows = current_names(&flows)?;
        }
        let units = input.token_validity_units;
        if let Some(validity) = input.access_token_validity {
            client.access_lifetime = validity * seconds_per(units.access_token.as_deref().unwrap_or("hours"))?;
        }
        if let Some(validity) = input.id_token_validity {
            client.id_lifetime = validity * seconds_per(units.id_token.as_deref().unwrap_or("hours"))?;
        }
        // 0 asks for the default of 30 days.
        if let Some(validity) = input.refresh_token_validity.filter(|validity| *validity != 0) {
            client.refresh_lifetime = validity * seconds_per(units.refresh_token.as_deref().unwrap_or("days"))?;
        }
        let rotation = input.refresh_token_rotation.filter(|rotation| rotation.feature == "ENABLED");
        client.rotation_grace = rotation.map(|rotation| rotation.retry_grace_period_seconds);
        if client.rotation_grace.is_some() && client.flows.contains("ALLOW_REFRESH_TOKEN_AUTH") {
            let message = "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH.";
            return Err(AwsError::new("InvalidParameterException", message));
        }
        client.oauth = OAuth { flows: input.allowed_oauth_flows, scopes: input.allowed_oauth_scopes };
        if client.secret.is_none() && client.oauth.flows.iter().any(|flow| flow == "client_credentials") {
            let message = "client_credentials flow can not be selected if client does not have a client secret.";
            return Err(AwsError::new("InvalidOAuthFlowException", message));
        }
        let described = describe_client(&pool_id, &client);
        self.pool(&pool_id)?.clients.insert(client.id.clone(), client);
        Ok(json!({"UserPoolClient": described}))
    }

    pub(super) fn describe_user_pool_client(&mut self, input: DescribeUserPoolClient) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let client = required(input.client_id, "clientId")?;
        Ok(json!({"UserPoolClient": describe_client(&pool, self.pool(&pool)?.client(&client)?)}))
    }

    pub(super) fn create_group(&mut self, input: CreateGroup, context: &Context) -> Outcome {
        let pool = required(input.user_pool_id, "userPoolId")?;
        let group = required(input.group_name, "groupName")?;
        if !self.pool(&pool)?.groups.insert(group.clone()) {
            return Err(AwsError::new("GroupExistsException", "A group with the name already exists."));
        }
        Ok(json!({"Group": {"GroupName": group, "UserPoolId": pool, "CreationDate": context.now}}))
    }
}

/// The names before 2019 allow refreshing implicitly; old and new ones do not mix.
fn current_names(flows: &[String]) -> Result<std::collections::BTreeSet<String>, AwsError> {
    let (new, old): (Vec<_>, Vec<_>) = flows.iter().partition(|flow| flow.starts_with("ALLOW_"));
    if !new.is_empty() && !old.is_empty() {
        let message =
            "Invalid combination of explicit auth flows: those with and without the prefix ALLOW_ cannot be mixed";
        return Err(AwsError::new("InvalidParameterException", message));
    }
    let mut names: std::collections::BTreeSet<String> = new.into_iter().cloned().collect();
    for flow in old {
        names.insert("ALLOW_REFRESH_TOKEN_AUTH".to_owned());
        match flow.as_str() {
            "ADMIN_NO_SRP_AUTH" => names.insert("ALLOW_ADMIN_USER_PASSWORD_AUTH".to_owned()),
            other => names.insert(format!("ALLOW_{other}")),
        };
    }
    Ok(names)
}

/// Cognito refuses access tokens shorter than five minutes; tests need shorter ones.
fn seconds_per(unit: &str) -> Result<i64, AwsError> {
    match unit {
        "seconds" => Ok(1),
        "minutes" => Ok(60),
        "hours" => Ok(3600),
        "days" => Ok(24 * 3600),
        other => Err(not_in_enum(other, "tokenValidityUnits", &["days", "hours", "minutes", "seconds"])),
    }
}

fn describe_pool(pool: &Pool) -> Value {
    json!({
        "Id": pool.id,
        "Name": pool.name,
        "Arn": format!("arn:aws:cognito-idp:{}:000000000000:userpool/{}", pool.region, pool.id),
        "Policies": {"PasswordPolicy": pool.password_policy},
        "MfaConfiguration": pool.mfa,
        "UsernameAttributes": pool.username_attributes,
        "AliasAttributes": pool.alias_attributes,
        "EstimatedNumberOfUsers": pool.users.len(),
        "CreationDate": pool.created,
        "LastModifiedDate": pool.created,
    })
}

fn describe_client(pool: &str, client: &Client) -> Value {
    let mut described = json!({
        "UserPoolId": pool,
        "ClientId": client.id,
        "ClientName": client.name,
        "ExplicitAuthFlows": client.flows,
        "PreventUserExistenceErrors": if client.prevent_user_existence_errors { "ENABLED" } else { "LEGACY" },
        "AccessTokenValidity": client.access_lifetime,
        "IdTokenValidity": client.id_lifetime,
        "RefreshTokenValidity": client.refresh_lifetime,
        "TokenValidityUnits": {"AccessToken": "seconds", "IdToken": "seconds", "RefreshToken": "seconds"},
        "AllowedOAuthFlows": client.oauth.flows,
        "AllowedOAuthScopes": client.oauth.scopes,
        "EnableTokenRevocation": true,
        "CreationDate": client.created,
        "LastModifiedDate": client.created,
    });
    if let Some(secret) = &client.secret {
        described["ClientSecret"] = json!(secret);
    }
    if let Some(grace) = client.rotation_grace {
        described["RefreshTokenRotation"] = json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": grace});
    }
    described
}
