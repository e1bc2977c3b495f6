use auth_cache::TokenUse;

use crate::{
    AwsConfig, ConfigError,
    settings::{Settings, is_made_of, text},
};

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
    pub(super) fn sign_in(&mut self) -> Option<SignInConfig> {
        let parameters = self.parameters();
        let token_use = self.token_use();
        let mode = self.optional("SERVICE_USER_MODE", "sign-in, published-or-sign-in or published", SignInMode::parse);
        let mode = mode.unwrap_or_default();
        if cfg!(not(feature = "sign-in")) && mode != SignInMode::Published {
            self.problems.push(
                "SERVICE_USER_MODE must be published (the function was built without the feature sign-in)".to_owned(),
            );
        }
        let token_secret = self.optional("SERVICE_USER_TOKEN_SECRET", "the name or ARN of a secret", text);
        if cfg!(not(feature = "secrets-manager")) && token_secret.is_some() {
            self.problems.push(
                "SERVICE_USER_TOKEN_SECRET must be empty (the function was built without the feature secrets-manager)"
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
    fn a_malformed_setting_is_named_without_its_value() {
        for name in ["SERVICE_USER_MODE", "TOKEN_USE", "SERVICE_USER_POOL_ID", "SERVICE_USER_CLIENT_ID"] {
            let error = read(&[(name, "canary canary")]).unwrap_err();
            assert!(error.contains(&format!("{name} is malformed (")) && !error.contains("canary"), "{error}");
        }
    }
}
