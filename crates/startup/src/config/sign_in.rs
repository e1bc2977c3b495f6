use auth_cache::TokenUse;
use url::Url;

use crate::{
    AwsConfig, ConfigError,
    settings::{Settings, is_made_of, text, url},
};

/// As whom AppSync is called: `IDENTITY`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum IdentityConfig {
    /// `service-user`, the default: as a user of the user pool.
    ServiceUser(SignInConfig),
    /// `client-credentials`: as a machine-to-machine client, with OAuth 2.0's grant of that name.
    ClientCredentials(ClientCredentialsConfig),
    /// `iam`: as the function's own role, whose credentials Lambda sets.
    Iam,
}

/// How a machine-to-machine client signs in. Every setting is an environment variable:
///
/// | variable | what |
/// | --- | --- |
/// | `TOKEN_URL` | the token endpoint, such as `https://DOMAIN.auth.REGION.amazoncognito.com/oauth2/token` |
/// | `TOKEN_SCOPES` | what the token is for, such as `orders/service`; several with spaces in between; without it, all that the client may ask for |
/// | `CLIENT_CREDENTIALS_SECRET` | the secret of Secrets Manager with the client's id and secret, see [`auth_cache::SecretsManagerCredentials`] |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientCredentialsConfig {
    /// The token endpoint.
    pub token_url: Url,
    /// What the token is for.
    pub scopes: Vec<String>,
    /// The name or ARN of the secret.
    pub secret: String,
}

/// How the service user signs in. Every setting is an environment variable:
///
/// | variable | what | default |
/// | --- | --- | --- |
/// | `SERVICE_USER_PARAMETERS` | the prefix of the service user's SSM parameters, see [`auth_cache::SsmCredentials`] | |
/// | `SERVICE_USER_MODE` | see [`SignInMode`] | `sign-in` |
/// | `SERVICE_USER_TOKEN_SECRET` | the secret of Secrets Manager that the token is published in, see [`auth_cache::SecretsManagerTokenStore`]; with the feature `secrets-manager` only | the parameter `token`, see [`auth_cache::SsmTokenStore`] |
/// | `SERVICE_USER_POOL_ID`, `SERVICE_USER_CLIENT_ID` | the user pool and the app client that a published token must be of | those in the parameters; required with the mode `published` |
/// | `TOKEN_USE` | `access` or `id`: which token the API is called with | `access` |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignInConfig {
    /// The prefix of the service user's SSM parameters.
    pub parameters: String,
    /// Who signs in.
    pub mode: SignInMode,
    /// The secret that the token is published in, if it is not an SSM parameter.
    pub token_secret: Option<String>,
    /// The user pool that a published token must be of.
    pub user_pool_id: Option<String>,
    /// The app client that a published token must be of.
    pub client_id: Option<String>,
    /// Which token the API is called with.
    pub token_use: TokenUse,
}

/// Who signs in: `SERVICE_USER_MODE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInMode {
    /// `sign-in`: each process signs in by itself.
    #[default]
    SignIn,
    /// `published-or-sign-in`: a process takes the token that the function `service-user` publishes, and signs in by itself if
    /// there is none.
    PublishedOrSignIn,
    /// `published`: a process takes the published token. It needs no password, and may not sign in.
    Published,
}

impl SignInMode {
    fn parse(value: &str) -> Option<Self> {
        match value {
            "sign-in" => Some(Self::SignIn),
            "published-or-sign-in" => Some(Self::PublishedOrSignIn),
            "published" => Some(Self::Published),
            _ => None,
        }
    }
}

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    pub(super) fn identity(&mut self) -> Option<IdentityConfig> {
        let expected = "service-user, client-credentials or iam";
        let identity = self.optional("IDENTITY", expected, |value| match value {
            "service-user" | "client-credentials" | "iam" => Some(value.to_owned()),
            _ => None,
        });
        let is_built = |feature: &str| match feature {
            "client-credentials" => cfg!(feature = "client-credentials"),
            "iam" => cfg!(feature = "iam"),
            _ => true,
        };
        match identity.as_deref().unwrap_or("service-user") {
            feature if !is_built(feature) => {
                self.problems
                    .push(format!("IDENTITY cannot be {feature} (build the function with that feature first)"));
                None
            }
            "client-credentials" => self.client_credentials().map(IdentityConfig::ClientCredentials),
            "iam" => Some(IdentityConfig::Iam),
            _ => self.sign_in().map(IdentityConfig::ServiceUser),
        }
    }

    fn client_credentials(&mut self) -> Option<ClientCredentialsConfig> {
        let expected = "https://DOMAIN.auth.REGION.amazoncognito.com/oauth2/token";
        let token_url = self.required("TOKEN_URL", expected, url);
        let token_url = self.secure("TOKEN_URL", token_url);
        let scopes = self.optional("TOKEN_SCOPES", "scopes such as orders/service", text);
        let secret = self.required("CLIENT_CREDENTIALS_SECRET", "the name or ARN of a secret", text);
        let scopes = scopes.iter().flat_map(|scopes| scopes.split_whitespace()).map(str::to_owned).collect();
        Some(ClientCredentialsConfig { token_url: token_url?, scopes, secret: secret? })
    }

    pub(super) fn sign_in(&mut self) -> Option<SignInConfig> {
        let parameters = self.parameters();
        let token_use = self.token_use();
        let mode = self.optional("SERVICE_USER_MODE", "sign-in, published-or-sign-in or published", SignInMode::parse);
        let mode = mode.unwrap_or_default();
        if cfg!(not(feature = "sign-in")) && mode != SignInMode::Published {
            self.problems.push(
                "SERVICE_USER_MODE must be published (build the function with the feature sign-in for other modes)"
                    .to_owned(),
            );
        }
        let token_secret = self.optional("SERVICE_USER_TOKEN_SECRET", "the name or ARN of a secret", text);
        if cfg!(not(feature = "secrets-manager")) && token_secret.is_some() {
            self.problems.push(
                "SERVICE_USER_TOKEN_SECRET must be empty (build the function with the feature secrets-manager to set it)"
                    .to_owned(),
            );
        }
        let [user_pool_id, client_id] = if mode == SignInMode::Published {
            [self.required_pool(), self.required_client()]
        } else {
            [
                self.value("SERVICE_USER_POOL_ID").and_then(|_| self.required_pool()),
                self.value("SERVICE_USER_CLIENT_ID").and_then(|_| self.required_client()),
            ]
        };
        Some(SignInConfig { parameters: parameters?, mode, token_secret, user_pool_id, client_id, token_use })
    }

    pub(super) fn required_pool(&mut self) -> Option<String> {
        self.required("SERVICE_USER_POOL_ID", "the id of a user pool, such as eu-west-1_a1b2c3d4e", |value| {
            (value.contains('_') && is_made_of(value, "_-", 55)).then(|| value.to_owned())
        })
    }

    pub(super) fn required_client(&mut self) -> Option<String> {
        self.required("SERVICE_USER_CLIENT_ID", "the id of an app client of the user pool", |value| {
            is_made_of(value, "_+", 128).then(|| value.to_owned())
        })
    }
}

/// What it takes to sign the service user in, and no more.
pub(crate) fn sign_in_from(lookup: impl Fn(&str) -> Option<String>) -> Result<(SignInConfig, AwsConfig), ConfigError> {
    let mut settings = Settings { lookup, problems: Vec::new() };
    match (settings.sign_in(), settings.aws()) {
        (Some(sign_in), Some(aws)) if settings.problems.is_empty() => Ok((sign_in, aws)),
        _ => Err(ConfigError { problems: settings.problems }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::COMPLETE;

    fn read(settings: &[(&str, &str)]) -> Result<SignInConfig, String> {
        let lookup = |name: &str| {
            let all = settings.iter().chain(&COMPLETE[1..]);
            all.clone().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        sign_in_from(lookup).map(|(sign_in, _)| sign_in).map_err(|error| error.to_string())
    }

    #[test]
    fn whoever_needs_a_token_alone_needs_no_api() {
        let config = read(&[("TOKEN_USE", "id")]).unwrap();
        assert_eq!((config.parameters.as_str(), config.token_use), ("/orders/service-user", TokenUse::Id));
        assert_eq!(config.mode, SignInMode::SignIn);
        let error = sign_in_from(|_| None).err().unwrap().to_string();
        assert!(error.contains("SERVICE_USER_PARAMETERS is missing (") && error.contains("AWS_REGION"), "{error}");
    }

    #[test]
    fn whose_token_a_strict_function_takes_has_to_be_said() {
        let strict = ("SERVICE_USER_MODE", "published");
        let error = read(&[strict]).unwrap_err();
        for name in ["SERVICE_USER_POOL_ID", "SERVICE_USER_CLIENT_ID"] {
            assert!(error.contains(&format!("{name} is missing (")), "{error}");
        }
        let whose =
            [strict, ("SERVICE_USER_POOL_ID", "eu-west-1_a1b2c3d4e"), ("SERVICE_USER_CLIENT_ID", "1h57kf5EXAMPLE")];
        let config = read(&whose).unwrap();
        assert_eq!(config.mode, SignInMode::Published);
        assert_eq!(config.user_pool_id.as_deref(), Some("eu-west-1_a1b2c3d4e"));
        assert_eq!(read(&[("SERVICE_USER_MODE", "published-or-sign-in")]).unwrap().client_id, None);
    }

    #[test]
    fn each_identity_names_what_it_lacks_and_needs_nothing_of_the_others() {
        let identity = |settings: &[(&str, &str)]| {
            let lookup =
                |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let mut settings = Settings { lookup, problems: Vec::new() };
            let identity = settings.identity();
            (identity, settings.problems.join("; "))
        };
        let (_, problems) = identity(&[]);
        assert!(problems.starts_with("SERVICE_USER_PARAMETERS is missing ("), "{problems}");
        let machine = ("IDENTITY", "client-credentials");
        let (_, problems) = identity(&[machine]);
        assert!(problems.contains("TOKEN_URL is missing (https://DOMAIN"), "{problems}");
        assert!(problems.contains("CLIENT_CREDENTIALS_SECRET is missing (") && !problems.contains("SERVICE_USER"));
        let (_, problems) = identity(&[machine, ("TOKEN_URL", "http://canary.example/oauth2/token")]);
        assert!(problems.contains("TOKEN_URL must begin with https") && !problems.contains("canary"), "{problems}");
        let complete = [
            machine,
            ("TOKEN_URL", "https://orders.auth.eu-west-1.amazoncognito.com/oauth2/token"),
            ("TOKEN_SCOPES", "orders/read  orders/service"),
            ("CLIENT_CREDENTIALS_SECRET", "orders/machine"),
        ];
        let (found, problems) = identity(&complete);
        let Some(IdentityConfig::ClientCredentials(found)) = found else { panic!("{found:?} {problems}") };
        assert_eq!(
            (found.scopes.join(","), found.secret.as_str()),
            ("orders/read,orders/service".to_owned(), "orders/machine")
        );
        assert!(
            matches!(identity(&[("IDENTITY", "iam")]), (Some(IdentityConfig::Iam), problems) if problems.is_empty())
        );
        let (_, problems) = identity(&[("IDENTITY", "canary")]);
        assert!(problems.starts_with("IDENTITY is malformed (service-user, client-credentials or iam)"), "{problems}");
    }

    #[test]
    fn a_malformed_setting_is_named_without_its_value() {
        for name in ["SERVICE_USER_MODE", "TOKEN_USE", "SERVICE_USER_POOL_ID", "SERVICE_USER_CLIENT_ID"] {
            let error = read(&[(name, "canary canary")]).unwrap_err();
            assert!(error.contains(&format!("{name} is malformed (")) && !error.contains("canary"), "{error}");
        }
    }
}
