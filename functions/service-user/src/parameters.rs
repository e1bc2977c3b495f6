//! The parameters under one prefix, which the functions sign in with.

use aws_sdk_ssm::{
    Client,
    types::{Parameter, ParameterType},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{ServiceUserError, event::ResourceId, pool::AppClient};

/// Where the parameters are, and how they are written.
#[derive(Clone)]
pub(crate) struct Parameters {
    ssm: Client,
    prefix: String,
    key: Option<String>,
}

/// What is stored, each value if it is there.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) credentials: Option<StoredCredentials>,
    /// How often the credentials were written, as SSM counts.
    pub(crate) version: i64,
    pub(crate) user_pool_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Zeroizing<String>>,
    /// The prefix that the users belong to now, if it is another.
    moved_to: Option<String>,
}

/// User name and password, which are one parameter, so that they change in one write.
pub(crate) struct StoredCredentials {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
}

/// The value of that parameter.
#[derive(Serialize)]
struct Written<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Read {
    username: String,
    password: String,
}

const CREDENTIALS: &str = "credentials";
const USER_POOL_ID: &str = "user-pool-id";
const CLIENT_ID: &str = "client-id";
const CLIENT_SECRET: &str = "client-secret";
const MOVED_TO: &str = "moved-to";

impl Parameters {
    pub(crate) fn new(ssm: Client, prefix: &str, key: Option<String>) -> Self {
        Self { ssm, prefix: prefix.trim_end_matches('/').to_owned(), key }
    }

    pub(crate) fn name(&self, last: &str) -> String {
        format!("{}/{last}", self.prefix)
    }

    pub(crate) async fn read(&self) -> Result<Stored, ServiceUserError> {
        let names = [CREDENTIALS, USER_POOL_ID, CLIENT_ID, CLIENT_SECRET, MOVED_TO].map(|last| self.name(last));
        let answer = self.ssm.get_parameters().set_names(Some(names.into())).with_decryption(true).send().await;
        let answer = answer.map_err(|error| ServiceUserError::of_call("GetParameters", error))?;
        let mut stored = Stored::default();
        for Parameter { name, value, version, .. } in answer.parameters.unwrap_or_default() {
            let last = name.as_deref().and_then(|name| name.strip_prefix(&self.prefix)?.strip_prefix('/'));
            let value = value.map(Zeroizing::new);
            match last {
                Some(CREDENTIALS) => {
                    stored.version = version;
                    // Something else than credentials is nobody's, and is written over.
                    let read = value.and_then(|value| serde_json::from_str(&value).ok());
                    stored.credentials = read.map(|Read { username, password }| StoredCredentials {
                        username,
                        password: Zeroizing::new(password),
                    });
                }
                Some(USER_POOL_ID) => stored.user_pool_id = value.map(|value| value.to_string()),
                Some(CLIENT_ID) => stored.client_id = value.map(|value| value.to_string()),
                Some(CLIENT_SECRET) => stored.client_secret = value,
                Some(MOVED_TO) => stored.moved_to = value.map(|value| value.to_string()),
                _ => {}
            }
        }
        Ok(stored)
    }

    /// Writes everything, the credentials last: until they are there, nobody takes the parameters for complete.
    pub(crate) async fn write(
        &self,
        pool: &str,
        client: &AppClient,
        credentials: &StoredCredentials,
    ) -> Result<(), ServiceUserError> {
        self.put(USER_POOL_ID, ParameterType::String, pool).await?;
        match &client.secret {
            Some(secret) => _ = self.put(CLIENT_SECRET, ParameterType::SecureString, secret).await?,
            // A sign-in with the secret of another client would be refused.
            None => self.delete(&[CLIENT_SECRET]).await?,
        }
        self.put(CLIENT_ID, ParameterType::String, &client.id).await?;
        self.write_credentials(credentials).await?;
        self.delete(&[MOVED_TO]).await
    }

    /// Switches to another user or password in one write, and gives the number of the write.
    pub(crate) async fn write_credentials(&self, credentials: &StoredCredentials) -> Result<i64, ServiceUserError> {
        let StoredCredentials { username, password } = credentials;
        #[expect(clippy::expect_used, reason = "two strings have nothing that JSON could not hold")]
        let json = serde_json::to_string(&Written { username, password }).map(Zeroizing::new).expect("JSON");
        self.put(CREDENTIALS, ParameterType::SecureString, &json).await
    }

    /// Notes that the users belong to another prefix from now on.
    pub(crate) async fn write_moved_to(&self, prefix: &str) -> Result<(), ServiceUserError> {
        self.put(MOVED_TO, ParameterType::String, prefix).await.map(drop)
    }

    /// Deletes all of them; those that do not exist are deleted already.
    pub(crate) async fn delete_all(&self) -> Result<(), ServiceUserError> {
        self.delete(&[CREDENTIALS, USER_POOL_ID, CLIENT_ID, CLIENT_SECRET, MOVED_TO]).await
    }

    async fn delete(&self, last: &[&str]) -> Result<(), ServiceUserError> {
        let names = last.iter().map(|last| self.name(last)).collect();
        let deleted = self.ssm.delete_parameters().set_names(Some(names)).send().await;
        deleted.map(drop).map_err(|error| ServiceUserError::of_call("DeleteParameters", error))
    }

    async fn put(&self, last: &str, kind: ParameterType, value: &str) -> Result<i64, ServiceUserError> {
        let key = self.key.clone().filter(|_| kind == ParameterType::SecureString);
        let request = self.ssm.put_parameter().name(self.name(last)).value(value).r#type(kind);
        let written = request.set_key_id(key).overwrite(true).send().await;
        written.map(|written| written.version).map_err(|error| ServiceUserError::of_call("PutParameter", error))
    }
}

impl Stored {
    /// The stored user name and password, if they are of one of this resource's users.
    pub(crate) fn credentials_of(&self, id: &ResourceId) -> Option<&StoredCredentials> {
        self.credentials.as_ref().filter(|credentials| id.users().contains(&credentials.username))
    }

    /// Whether nothing of what is stored is of another resource.
    pub(crate) fn is_of(&self, id: &ResourceId) -> bool {
        self.user_pool_id.as_ref().is_none_or(|pool| *pool == id.pool)
            && (self.credentials.is_none() || self.credentials_of(id).is_some())
    }

    pub(crate) fn is_moved(&self) -> bool {
        self.moved_to.is_some()
    }
}
