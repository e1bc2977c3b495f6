use std::collections::HashMap;

use aws_sdk_ssm::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::get_parameters::GetParametersError,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Credentials, CredentialsError, CredentialsSource};

/// Credentials in SSM Parameter Store, under one prefix:
///
/// | parameter | type | value |
/// | --- | --- | --- |
/// | `PREFIX/credentials` | SecureString | `{"username": "...", "password": "..."}` |
/// | `PREFIX/user-pool-id` | String | such as `eu-west-1_a1b2c3d4e` |
/// | `PREFIX/client-id` | String | the app client |
/// | `PREFIX/client-secret` | SecureString | only if the app client has a secret |
///
/// User name and password are one parameter, so that a rotation switches both in one write. All are read in one
/// `GetParameters` call.
#[derive(Clone, Debug)]
pub struct SsmCredentials {
    ssm: Client,
    prefix: String,
}

impl SsmCredentials {
    /// The credentials under `prefix`, such as `/orders/service-user`.
    pub fn new(ssm: Client, prefix: impl Into<String>) -> Self {
        let mut prefix = prefix.into();
        prefix.truncate(prefix.trim_end_matches('/').len());
        Self { ssm, prefix }
    }

    fn name(&self, last: &str) -> String {
        format!("{}/{last}", self.prefix)
    }
}

const CREDENTIALS: &str = "credentials";
const USER_POOL_ID: &str = "user-pool-id";
const CLIENT_ID: &str = "client-id";
const CLIENT_SECRET: &str = "client-secret";

impl CredentialsSource for SsmCredentials {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        let names = [CREDENTIALS, USER_POOL_ID, CLIENT_ID, CLIENT_SECRET].map(|last| self.name(last));
        let answer = self
            .ssm
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .with_decryption(true)
            .send()
            .await
            .map_err(classify)?;
        // The answer is in any order, and lacks what does not exist.
        let mut values: HashMap<String, String> = answer
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|parameter| Some((parameter.name?, parameter.value?)))
            .collect();

        let client_secret = values.remove(&self.name(CLIENT_SECRET)).map(Zeroizing::new);
        let missing: Vec<String> = names[..3].iter().filter(|name| !values.contains_key(*name)).cloned().collect();
        let [Some(credentials), Some(user_pool_id), Some(client_id)] =
            [CREDENTIALS, USER_POOL_ID, CLIENT_ID].map(|last| values.remove(&self.name(last)))
        else {
            return Err(CredentialsError::Missing { names: missing });
        };
        let credentials = Zeroizing::new(credentials);
        // serde_json's message could show a part of the value.
        let SignInName { username, password } =
            serde_json::from_str(&credentials).map_err(|_| CredentialsError::Malformed {
                name: self.name(CREDENTIALS),
                expected: r#"JSON: {"username": "...", "password": "..."}"#,
            })?;
        Ok(Credentials { user_pool_id, client_id, client_secret, username, password: Zeroizing::new(password) })
    }
}

#[derive(Deserialize)]
struct SignInName {
    username: String,
    password: String,
}

fn classify(error: SdkError<GetParametersError>) -> CredentialsError {
    let refused = matches!(&error, SdkError::ServiceError(service) if !service.raw().status().is_server_error())
        && !matches!(error.code(), Some("ThrottlingException" | "TooManyUpdates"));
    if refused {
        CredentialsError::Refused { source: error.into() }
    } else {
        CredentialsError::Unavailable { source: error.into() }
    }
}
