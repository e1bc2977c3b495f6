//! The parameters under one prefix, which the functions sign in with, and the one that says whose they are.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_ssm::{
    Client,
    types::{Parameter, ParameterType},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{ServiceUserError, pool::AppClient};

/// Where the parameters are, and how they are written.
pub(crate) struct Parameters {
    ssm: Client,
    prefix: String,
    key: Option<String>,
}

/// The values of the parameters that the functions read, by the last part of their names.
pub(crate) type Values = BTreeMap<String, String>;

/// What is stored.
pub(crate) struct Stored {
    pub(crate) owner: Option<Owner>,
    pub(crate) values: Values,
    /// How often the credentials were written, as SSM counts.
    pub(crate) version: i64,
    /// When they were written last, since 1970.
    pub(crate) written: Option<Duration>,
}

/// Whose the parameters are.
#[derive(Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The id of the stack.
    pub(crate) stack: String,
    /// What was adopted, as it was.
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    pub(crate) before: Values,
}

/// User name and password, which are one parameter, so that they change in one write.
#[derive(Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

const OWNER: &str = "owner";
const TOKEN: &str = "token";
const USER_POOL_ID: &str = "user-pool-id";
const CLIENT_ID: &str = "client-id";
const CLIENT_SECRET: &str = "client-secret";
pub(crate) const CREDENTIALS: &str = "credentials";
/// In the order in which they are written: until the credentials are there, nobody takes the parameters for complete.
const ALL: [&str; 4] = [USER_POOL_ID, CLIENT_SECRET, CLIENT_ID, CREDENTIALS];

impl Parameters {
    pub(crate) fn new(ssm: Client, prefix: &str, key: Option<String>) -> Self {
        Self { ssm, prefix: prefix.to_owned(), key }
    }

    pub(crate) fn name(&self, last: &str) -> String {
        format!("{}/{last}", self.prefix)
    }

    pub(crate) async fn read(&self) -> Result<Stored, ServiceUserError> {
        let names = ALL.iter().chain([&OWNER]).map(|last| self.name(last)).collect();
        let answer = self.ssm.get_parameters().set_names(Some(names)).with_decryption(true).send().await;
        let answer = answer.map_err(|error| ServiceUserError::of_call("GetParameters", error))?;
        let mut stored = Stored { owner: None, values: Values::new(), version: 0, written: None };
        for Parameter { name, value, version, last_modified_date, .. } in answer.parameters.unwrap_or_default() {
            let last = name.as_deref().and_then(|name| name.strip_prefix(&self.prefix)?.strip_prefix('/'));
            let (Some(last), Some(value)) = (last, value) else { continue };
            if last == OWNER {
                let unknown = |_| Owner { stack: "somebody unknown".to_owned(), before: Values::new() };
                stored.owner = Some(serde_json::from_str(&value).unwrap_or_else(unknown));
                continue;
            }
            if last == CREDENTIALS {
                stored.version = version;
                let seconds = last_modified_date.and_then(|date| date.secs().try_into().ok());
                stored.written = seconds.map(Duration::from_secs);
            }
            stored.values.insert(last.to_owned(), value);
        }
        Ok(stored)
    }

    /// Notes whose the parameters are, if nobody has done so; gives whether that is so.
    pub(crate) async fn claim(&self, owner: &Owner) -> Result<bool, ServiceUserError> {
        match self.put(OWNER, &json!(owner).to_string(), false).await {
            Err(error) if error.is_refusal("ParameterAlreadyExists") => Ok(false),
            claimed => claimed.map(|_| true),
        }
    }

    /// Makes `stored` become `wanted`, and writes no more than differs.
    pub(crate) async fn write(&self, stored: &Values, wanted: &Values) -> Result<(), ServiceUserError> {
        // First, because a sign-in with the secret of another client would be refused.
        let gone: Vec<_> = stored.keys().filter(|last| !wanted.contains_key(*last)).map(String::as_str).collect();
        if !gone.is_empty() {
            self.delete(&gone).await?;
        }
        for last in ALL {
            if let Some(value) = wanted.get(last).filter(|value| stored.get(last) != Some(value)) {
                self.put(last, value, true).await?;
            }
        }
        Ok(())
    }

    /// Switches to another user or password in one write, and gives the number of the write.
    pub(crate) async fn write_credentials(&self, credentials: &Credentials) -> Result<i64, ServiceUserError> {
        self.put(CREDENTIALS, &json!(credentials).to_string(), true).await
    }

    /// From now on the parameters are nobody's, and no token is published.
    pub(crate) async fn release(&self) -> Result<(), ServiceUserError> {
        self.delete(&[TOKEN, OWNER]).await
    }

    /// Those that do not exist are deleted already.
    async fn delete(&self, last: &[&str]) -> Result<(), ServiceUserError> {
        let names = last.iter().map(|last| self.name(last)).collect();
        let deleted = self.ssm.delete_parameters().set_names(Some(names)).send().await;
        deleted.map(drop).map_err(|error| ServiceUserError::of_call("DeleteParameters", error))
    }

    async fn put(&self, last: &str, value: &str, overwrite: bool) -> Result<i64, ServiceUserError> {
        let (kind, key) = match last {
            USER_POOL_ID | CLIENT_ID => (ParameterType::String, None),
            _ => (ParameterType::SecureString, self.key.clone()),
        };
        let request = self.ssm.put_parameter().name(self.name(last)).value(value).r#type(kind).set_key_id(key);
        let written = request.overwrite(overwrite).send().await;
        written.map(|written| written.version).map_err(|error| ServiceUserError::of_call("PutParameter", error))
    }
}

impl Stored {
    /// The user name and password, if that is what is stored.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        serde_json::from_str(self.values.get(CREDENTIALS)?).ok()
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.values.contains_key(CREDENTIALS)
    }
}

/// What the functions sign in with.
pub(crate) fn values(pool: &str, client: &AppClient, credentials: &Credentials) -> Values {
    let AppClient { id, secret } = client;
    let secret = secret.iter().map(|secret| (CLIENT_SECRET, secret.clone()));
    let others =
        [(USER_POOL_ID, pool.to_owned()), (CLIENT_ID, id.clone()), (CREDENTIALS, json!(credentials).to_string())];
    secret.chain(others).map(|(last, value)| (last.to_owned(), value)).collect()
}
