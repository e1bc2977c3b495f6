use std::collections::BTreeSet;

use aws_sdk_ssm::{
    Client,
    types::{Parameter, ParameterTier, ParameterType},
};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    ClientCredentials, Credentials, CredentialsError, CredentialsSource, Stored, TokenStore,
    credentials::store_error::classify,
    sdk_retry::{OnlyLostConnections, at_most_once},
};

/// Credentials in SSM Parameter Store, by default under one prefix:
///
/// | parameter | type | value |
/// | --- | --- | --- |
/// | `PREFIX/credentials` | SecureString | `{"username": "...", "password": "..."}` |
/// | `PREFIX/user-pool-id` | String | such as `eu-west-1_a1b2c3d4e` |
/// | `PREFIX/client-id` | String | the app client |
/// | `PREFIX/client-secret` | SecureString | only if the app client has a secret |
///
/// User name and password are one parameter, so that a rotation switches both in one write. All are read in one
/// `GetParameters` call, for which the role needs `ssm:GetParameters` on all four, even if one does not exist.
/// [`ClientCredentials`] are the last two alone.
///
/// A request is repeated only if its connection failed; see [`CognitoTokenSource`](crate::CognitoTokenSource).
///
/// Parameters with other names, or of another account, are named one by one:
///
/// ```no_run
/// # fn f(ssm: aws_sdk_ssm::Client) -> auth_cache::SsmCredentials {
/// use auth_cache::{SsmCredentials, SsmValue};
///
/// SsmCredentials::new(ssm, "/orders/service-user")
///     .with_name(SsmValue::UserPoolId, "/shared/user-pool-id")
///     .with_name(SsmValue::ClientId, "arn:aws:ssm:eu-west-1:111122223333:parameter/shared/client-id")
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SsmCredentials {
    ssm: Client,
    /// In the order of [`SsmValue`].
    names: [String; 5],
    client_secret_is_named: bool,
}

/// The token that a [`Publisher`](crate::Publisher) has put into SSM Parameter Store, as the SecureString `PREFIX/token`.
///
/// To read it, a role needs `ssm:GetParameters` on it, and to publish, `ssm:PutParameter` too. One of more than 4 KiB, as that of
/// a user in very many groups, makes the parameter an advanced one, which AWS charges for. The parameter's history holds past
/// tokens, for whoever may read that, until they end.
///
/// By default an account has 40 reads of parameters in a second, which AWS raises on request or for a fee ("higher
/// throughput"); a secret of Secrets Manager has 10,000:
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>, <https://docs.aws.amazon.com/general/latest/gr/asm.html>.
#[derive(Clone, Debug)]
pub struct SsmTokenStore {
    parameters: SsmCredentials,
    key_id: Option<String>,
    with_credentials: bool,
}

/// One of the values that [`SsmCredentials`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SsmValue {
    /// User name and password, as JSON.
    Credentials,
    /// The id of the user pool.
    UserPoolId,
    /// The id of the app client.
    ClientId,
    /// The app client's secret.
    ClientSecret,
    /// The published token.
    Token,
}

impl SsmCredentials {
    /// The credentials under `prefix`, such as `/orders/service-user`.
    pub fn new(ssm: Client, prefix: impl AsRef<str>) -> Self {
        let config = ssm.config();
        let config = config.to_builder().retry_config(at_most_once(config.retry_config()));
        let ssm = Client::from_conf(config.retry_classifier(OnlyLostConnections).build());
        let prefix = prefix.as_ref().trim_end_matches('/');
        let names = ["credentials", "user-pool-id", "client-id", "client-secret", "token"]
            .map(|last| format!("{prefix}/{last}"));
        Self { ssm, names, client_secret_is_named: false }
    }

    /// The same credentials, but `value` is in the parameter with this name or ARN, with `:3` or `:label` at its end
    /// for one version. A client secret that is named must exist.
    #[must_use]
    pub fn with_name(mut self, value: SsmValue, name: impl Into<String>) -> Self {
        self.names[value as usize] = name.into();
        self.client_secret_is_named |= value == SsmValue::ClientSecret;
        self
    }

    /// The token that is published beside them, in `PREFIX/token`: it is read together with the credentials, in one request.
    pub fn token_store(&self) -> SsmTokenStore {
        SsmTokenStore { parameters: self.clone(), key_id: None, with_credentials: true }
    }

    /// These values, each if it exists. The answer is in any order.
    async fn get<const N: usize>(&self, values: [SsmValue; N]) -> Result<[Option<String>; N], CredentialsError> {
        let names = values.map(|value| self.names[value as usize].clone());
        let asked: BTreeSet<_> = names.iter().cloned().collect();
        let request = self.ssm.get_parameters().set_names(Some(asked.into_iter().collect())).with_decryption(true);
        let mut parameters = request.send().await.map_err(classify)?.parameters.unwrap_or_default();
        // One parameter may be several of the values.
        let found = names.map(|name| parameters.iter().find(|parameter| is_named(parameter, &name)));
        let list = found.iter().flatten().find(|parameter| parameter.r#type() == Some(&ParameterType::StringList));
        let result = match list {
            Some(list) => Err(CredentialsError::Malformed {
                name: list.name().unwrap_or_default().to_owned(),
                expected: "a parameter of type String or SecureString, not StringList",
            }),
            None => Ok(found.map(|parameter| parameter?.value.clone())),
        };
        parameters.iter_mut().for_each(|parameter| parameter.value.zeroize());
        result
    }

    fn credentials(&self, values: [Option<String>; 4]) -> Result<Credentials, CredentialsError> {
        use SsmValue::{ClientId, ClientSecret, Credentials as SignInName, UserPoolId};

        let [credentials, user_pool_id, client_id, client_secret] = values;
        let (credentials, client_secret) = (credentials.map(Zeroizing::new), client_secret.map(Zeroizing::new));
        let has_client_secret = client_secret.is_some() || !self.client_secret_is_named;
        let (Some(credentials), Some(user_pool_id), Some(client_id), true) =
            (&credentials, &user_pool_id, &client_id, has_client_secret)
        else {
            return Err(self.missing(&[
                (SignInName, credentials.is_some()),
                (UserPoolId, user_pool_id.is_some()),
                (ClientId, client_id.is_some()),
                (ClientSecret, has_client_secret),
            ]));
        };

        #[derive(Deserialize)]
        struct Json {
            username: String,
            password: String,
        }
        // serde_json's message could show a part of the value.
        let Json { username, password } =
            serde_json::from_str(credentials).map_err(|_| CredentialsError::Malformed {
                name: self.names[SignInName as usize].clone(),
                expected: r#"JSON: {"username": "...", "password": "..."}"#,
            })?;
        Ok(Credentials {
            user_pool_id: user_pool_id.clone(),
            client_id: client_id.clone(),
            client_secret,
            username,
            password: Zeroizing::new(password),
        })
    }

    fn missing(&self, values: &[(SsmValue, bool)]) -> CredentialsError {
        let missing = values.iter().filter(|(_, found)| !found);
        CredentialsError::Missing { names: missing.map(|(value, _)| self.names[*value as usize].clone()).collect() }
    }
}

impl CredentialsSource for SsmCredentials {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        use SsmValue::{ClientId, ClientSecret, Credentials as SignInName, UserPoolId};

        let values = self.get([SignInName, UserPoolId, ClientId, ClientSecret]).await?;
        self.credentials(values)
    }
}

impl CredentialsSource<ClientCredentials> for SsmCredentials {
    async fn read(&self) -> Result<ClientCredentials, CredentialsError> {
        match self.get([SsmValue::ClientId, SsmValue::ClientSecret]).await? {
            [Some(client_id), Some(client_secret)] => Ok(ClientCredentials::new(client_id, client_secret)),
            [client_id, client_secret] => Err(self.missing(&[
                (SsmValue::ClientId, client_id.is_some()),
                (SsmValue::ClientSecret, client_secret.is_some()),
            ])),
        }
    }
}

impl SsmTokenStore {
    /// The token in `PREFIX/token`, and nothing else: for roles that may read no credentials, and to publish.
    pub fn new(ssm: Client, prefix: impl AsRef<str>) -> Self {
        Self { with_credentials: false, ..SsmCredentials::new(ssm, prefix).token_store() }
    }

    /// The same, encrypted with this KMS key instead of the account's own.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }
}

impl TokenStore for SsmTokenStore {
    async fn read(&self) -> Result<Stored, CredentialsError> {
        use SsmValue::{ClientId, ClientSecret, Credentials, Token, UserPoolId};

        let (token, credentials) = if self.with_credentials {
            match self.parameters.get([Token, Credentials, UserPoolId, ClientId, ClientSecret]).await {
                // What is wrong with them is for the fallback to say, which reads them again.
                Ok([token, credentials @ ..]) => (token, self.parameters.credentials(credentials).ok()),
                // As where a deployment has just taken the right to read the credentials: one refusal fails the whole request.
                Err(CredentialsError::Refused { .. }) => {
                    let [token] = self.parameters.get([Token]).await?;
                    (token, None)
                }
                Err(error) => return Err(error),
            }
        } else {
            let [token] = self.parameters.get([Token]).await?;
            (token, None)
        };
        let stored = token.map_or_else(Stored::nothing, Stored::text);
        Ok(match credentials {
            Some(credentials) => stored.with_credentials(credentials),
            None => stored,
        })
    }

    async fn write(&self, text: &str) -> Result<(), CredentialsError> {
        let SsmCredentials { ssm, names, .. } = &self.parameters;
        let request = ssm.put_parameter().name(&names[SsmValue::Token as usize]).value(text).overwrite(true);
        let request = request.r#type(ParameterType::SecureString).set_key_id(self.key_id.clone());
        // A parameter that has become an advanced one stays so.
        request.tier(ParameterTier::IntelligentTiering).send().await.map(drop).map_err(classify)
    }
}

/// Whether this is the parameter that was asked for by name or ARN, with or without a version.
///
/// The answer to an ARN carries the parameter's name, or the ARN in place of it if the parameter is another account's.
fn is_named(parameter: &Parameter, asked: &str) -> bool {
    let asked = parameter.selector().and_then(|selector| asked.strip_suffix(selector)).unwrap_or(asked);
    let name = parameter.name().unwrap_or_default();
    // arn:aws:ssm:REGION:ACCOUNT:parameter/a/b is /a/b, or a if it is .../a
    let of_arn = asked.strip_prefix("arn:").and_then(|arn| arn.split_once(":parameter/")).map(|(_, name)| name);
    asked == name
        || Some(asked) == parameter.arn()
        || of_arn.is_some_and(|of_arn| of_arn == name.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_name_or_an_arn_carries_either() {
        const ARN: &str = "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b";
        let parameter = |name: &str, arn: Option<&str>, selector: Option<&str>| {
            let parameter = Parameter::builder().name(name).set_arn(arn.map(str::to_owned));
            parameter.set_selector(selector.map(str::to_owned)).build()
        };
        for (asked, answered) in [
            ("/a/b", parameter("/a/b", Some(ARN), None)),
            ("/a/b:3", parameter("/a/b", Some(ARN), Some(":3"))),
            (ARN, parameter("/a/b", Some(ARN), None)),
            (ARN, parameter("/a/b", None, None)),
            (ARN, parameter(ARN, Some(ARN), None)),
            (ARN, parameter(ARN, None, None)),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/a/b:live", parameter("/a/b", Some(ARN), Some(":live"))),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/plain", parameter("plain", None, None)),
        ] {
            assert!(is_named(&answered, asked), "{asked}: {answered:?}");
        }
        for asked in ["/a/b", "/a", "b", ARN, "", "arn:aws:ssm:eu-west-1:111122223333:parameter/"] {
            assert!(!is_named(&parameter("/a/b/c", Some("arn:aws:ssm:r:a:parameter/a/b/c"), None), asked), "{asked}");
        }
    }
}
