use std::{fmt, path::PathBuf};

use auth_cache::TokenUse;
use aws_sdk_ssm::config::{Credentials, Region};
use tracing::Level;
use url::{Host, Url};

/// A function's configuration. Every setting is an environment variable:
///
/// | variable | what | default |
/// | --- | --- | --- |
/// | `APPSYNC_URL` | the URL of the GraphQL API: https, or http on this machine | |
/// | `SERVICE_USER_PARAMETERS` | the prefix of the service user's SSM parameters, see [`auth_cache::SsmCredentials`] | |
/// | `TOKEN_USE` | `access` or `id`: which token the API is called with | `access` |
/// | `TOKEN_REUSE` | `off` signs in at every invocation, to show what reuse saves | `on` |
/// | `METRICS_NAMESPACE` | the CloudWatch namespace of the token's metrics, see [`auth_cache::EmfObserver`] | no metrics |
/// | `AWS_LAMBDA_FUNCTION_NAME` | set by Lambda: in logs, and as the dimension `Function` of the metrics | `function` |
/// | `HTTP_API_CALLERS` | `authorizer`: who calls `http-api`, the gateway's authorizer says; `unverified-token`: the token itself, on a developer's machine only | `authorizer` |
/// | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda | |
/// | `AWS_ENDPOINT_URL` | where Cognito and SSM are, when it is not AWS | |
/// | `AWS_CA_BUNDLE` | a file of certificates to trust as well, only where `APPSYNC_URL` and `AWS_ENDPOINT_URL` are on this machine | |
/// | `LOG_LEVEL` | `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL` | `AWS_LAMBDA_LOG_LEVEL`, or `INFO` |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The URL of the GraphQL API.
    pub appsync_url: Url,
    /// The prefix of the service user's SSM parameters.
    pub service_user_parameters: String,
    /// Which token the API is called with.
    pub token_use: TokenUse,
    /// Whether a token is used for more than one invocation.
    pub token_reuse: bool,
    /// The CloudWatch namespace of the token's metrics; none are written without one.
    pub metrics_namespace: Option<String>,
    /// The function's name.
    pub function_name: String,
    /// Whether `http-api` believes its callers' tokens without a gateway that has verified them. It never does unless
    /// [`AwsConfig::endpoint_url`] is on this machine.
    pub unverified_callers: bool,
    /// How to reach AWS.
    pub aws: AwsConfig,
    /// What is logged.
    pub log_level: Level,
}

/// How to reach AWS: what Lambda sets in every function's environment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AwsConfig {
    /// The region of Cognito and SSM.
    pub region: Region,
    /// The credentials of the function's role.
    pub credentials: Credentials,
    /// Where Cognito and SSM are, when it is not AWS.
    pub endpoint_url: Option<Url>,
    /// Certificates to trust beside those that are compiled in, for a stand-in on this machine.
    pub ca_bundle: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    /// As [`Config::from_lookup`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(environment)
    }

    /// Reads the configuration through `lookup`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// One error names every variable that is missing or malformed, and says what it should look like.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut settings = Settings { lookup, problems: Vec::new() };
        let appsync_url = settings.required("APPSYNC_URL", "https://ID.appsync-api.REGION.amazonaws.com/graphql", url);
        let service_user_parameters = settings.parameters();
        let token_use = settings.token_use();
        let token_reuse = settings.optional("TOKEN_REUSE", "on or off", |value| match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        let metrics_namespace = settings.optional(
            "METRICS_NAMESPACE",
            "up to 255 letters, digits and any of .-_/#: such as Orders",
            namespace,
        );
        let function_name = settings.function_name();
        let unverified_callers =
            settings.optional("HTTP_API_CALLERS", "authorizer or unverified-token", |value| match value {
                "authorizer" => Some(false),
                "unverified-token" => Some(true),
                _ => None,
            });
        let log_level = settings.log_level();
        let aws = settings.aws();
        let is_aws = |aws: &AwsConfig| !aws.endpoint_url.as_ref().is_some_and(is_loopback);
        if unverified_callers == Some(true) && aws.as_ref().is_some_and(is_aws) {
            settings.problems.push(
                "HTTP_API_CALLERS must be authorizer (unverified-token is for a machine with its own AWS_ENDPOINT_URL)"
                    .to_owned(),
            );
        }

        let trusts_others = aws.as_ref().is_some_and(|aws| aws.ca_bundle.is_some());
        if trusts_others && !appsync_url.as_ref().is_some_and(is_loopback) {
            settings.problems.push(format!("AWS_CA_BUNDLE is malformed ({CA_BUNDLE})"));
        }

        match (appsync_url, service_user_parameters, aws) {
            (Some(appsync_url), Some(service_user_parameters), Some(aws)) if settings.problems.is_empty() => Ok(Self {
                appsync_url,
                service_user_parameters,
                token_use,
                token_reuse: token_reuse.unwrap_or(true),
                metrics_namespace,
                function_name,
                unverified_callers: unverified_callers.unwrap_or(false),
                aws,
                log_level,
            }),
            _ => Err(ConfigError { problems: settings.problems }),
        }
    }
}

/// What it takes to sign the service user in, and no more: the variables of the same names of [`Config`].
pub(crate) struct SignInConfig {
    pub(crate) service_user_parameters: String,
    pub(crate) token_use: TokenUse,
    pub(crate) aws: AwsConfig,
}

impl SignInConfig {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(environment)
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut settings = Settings { lookup, problems: Vec::new() };
        let (service_user_parameters, token_use) = (settings.parameters(), settings.token_use());
        match (service_user_parameters, settings.aws()) {
            (Some(service_user_parameters), Some(aws)) if settings.problems.is_empty() => {
                Ok(Self { service_user_parameters, token_use, aws })
            }
            _ => Err(ConfigError { problems: settings.problems }),
        }
    }
}

/// The configuration of the function that administers the service user. Every setting is an environment variable:
///
/// | variable | what | default |
/// | --- | --- | --- |
/// | `SERVICE_USER_PARAMETERS` | the prefix of the service user's SSM parameters | |
/// | `SERVICE_USER_PARAMETERS_KEY` | the ARN of the KMS key that they are encrypted with | the account's own key for SSM |
/// | `AWS_...` | as for [`Config`] | |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceUserConfig {
    /// The name of the function.
    pub function_name: String,
    /// The prefix of the service user's SSM parameters.
    pub service_user_parameters: String,
    /// The KMS key that they are encrypted with, if it is not the account's own key for SSM.
    pub service_user_parameters_key: Option<String>,
    /// How to reach AWS.
    pub aws: AwsConfig,
    /// What is logged.
    pub log_level: Level,
}

impl ServiceUserConfig {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    /// As [`ServiceUserConfig::from_lookup`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(environment)
    }

    /// Reads the configuration through `lookup`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// As [`Config::from_lookup`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut settings = Settings { lookup, problems: Vec::new() };
        let function_name = settings.function_name();
        let service_user_parameters = settings.parameters();
        let service_user_parameters_key =
            settings.optional("SERVICE_USER_PARAMETERS_KEY", "the ARN of a KMS key, arn:aws:kms:...", |value| {
                value.starts_with("arn:").then(|| value.to_owned())
            });
        let log_level = settings.log_level();
        match (service_user_parameters, settings.aws()) {
            (Some(service_user_parameters), Some(aws)) if settings.problems.is_empty() => {
                Ok(Self { function_name, service_user_parameters, service_user_parameters_key, aws, log_level })
            }
            _ => Err(ConfigError { problems: settings.problems }),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What is wrong with the environment. It shows no value.
///
/// `Debug` is the same text as `Display`: it is what a `main` that returns the error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not complete: {}", self.problems.join("; "))
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

/// Reads settings and collects what is wrong with them.
struct Settings<L> {
    lookup: L,
    problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    fn aws(&mut self) -> Option<AwsConfig> {
        let region = self.required("AWS_REGION", "a region such as eu-west-1", text);
        let key_id = self.required("AWS_ACCESS_KEY_ID", "set by Lambda from the function's role", text);
        let secret = self.required("AWS_SECRET_ACCESS_KEY", "set by Lambda from the function's role", text);
        let session = self.optional("AWS_SESSION_TOKEN", "set by Lambda from the function's role", text);
        let endpoint_url = self.optional("AWS_ENDPOINT_URL", "a URL such as http://127.0.0.1:8000", url);
        let is_here = endpoint_url.as_ref().is_some_and(is_loopback);
        let ca_bundle = self.optional("AWS_CA_BUNDLE", CA_BUNDLE, |path| is_here.then(|| PathBuf::from(path)));
        Some(AwsConfig {
            region: Region::new(region?),
            credentials: Credentials::new(key_id?, secret?, session, None, "environment"),
            endpoint_url,
            ca_bundle,
        })
    }

    fn parameters(&mut self) -> Option<String> {
        self.required("SERVICE_USER_PARAMETERS", "an SSM prefix such as /orders/service-user", prefix)
    }

    fn token_use(&mut self) -> TokenUse {
        let token_use = self.optional("TOKEN_USE", "access or id", |value| match value {
            "access" => Some(TokenUse::Access),
            "id" => Some(TokenUse::Id),
            _ => None,
        });
        token_use.unwrap_or_default()
    }

    fn function_name(&mut self) -> String {
        let name = self.optional("AWS_LAMBDA_FUNCTION_NAME", "set by Lambda", text);
        name.unwrap_or_else(|| "function".to_owned())
    }

    /// Lambda drops what is below its own level, and a line of metrics counts as `INFO`: `LOG_LEVEL` silences logs alone.
    fn log_level(&mut self) -> Level {
        let levels = ["LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"]
            .map(|name| self.optional(name, "one of TRACE DEBUG INFO WARN ERROR FATAL", level));
        levels.into_iter().flatten().next().unwrap_or(Level::INFO)
    }

    fn required<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(value) = self.value(name) else {
            self.problems.push(format!("{name} is missing ({expected})"));
            return None;
        };
        self.parsed(name, expected, &value, parse)
    }

    fn optional<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        self.parsed(name, expected, &value, parse)
    }

    /// A variable that is set to nothing is not set.
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn parsed<T>(&mut self, name: &str, expected: &str, value: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let parsed = parse(value);
        if parsed.is_none() {
            self.problems.push(format!("{name} is malformed ({expected})"));
        }
        parsed
    }
}

/// Nobody can have a function in AWS trust other certificates than those that are compiled in.
const CA_BUNDLE: &str = "a PEM file, and only where everything that is called is on this machine";

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn prefix(value: &str) -> Option<String> {
    value.starts_with('/').then(|| value.to_owned())
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Namespace>
fn namespace(value: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#:".contains(c);
    (value.len() <= 255 && value.chars().all(allowed)).then(|| value.to_owned())
}

/// Tokens and passwords leave the machine over TLS only; a URL is shown in errors, so it has none in it.
fn url(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    (url.scheme() == "https" && url.has_host() || url.scheme() == "http" && is_loopback(&url)).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn level(value: &str) -> Option<Level> {
    match value.to_ascii_uppercase().as_str() {
        "FATAL" => Some(Level::ERROR),
        other => other.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 5] = [
        ("APPSYNC_URL", "https://abc.appsync-api.eu-west-1.amazonaws.com/graphql"),
        ("SERVICE_USER_PARAMETERS", "/orders/service-user"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "canary-id"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
    ];

    fn config(overrides: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            let all = overrides.iter().chain(&COMPLETE);
            all.clone().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_lambda_sets_and_two_settings_are_enough() {
        let config = config(&[]).unwrap();
        assert_eq!(config.service_user_parameters, "/orders/service-user");
        assert_eq!(config.token_use, TokenUse::Access);
        assert!(config.token_reuse);
        assert_eq!(config.metrics_namespace, None);
        assert!(!config.unverified_callers);
        assert_eq!(config.log_level, Level::INFO);
        assert_eq!(config.aws.endpoint_url, None);
    }

    #[test]
    fn one_error_names_everything_that_is_missing_and_says_what_it_should_be() {
        let error = Config::from_lookup(|_| None).unwrap_err().to_string();
        for (name, _) in COMPLETE {
            assert!(error.contains(&format!("{name} is missing (")), "{error}");
        }
        assert!(error.contains("https://ID.appsync-api.REGION.amazonaws.com/graphql"), "{error}");
    }

    #[test]
    fn a_malformed_setting_is_named_without_its_value() {
        for (name, value) in [
            ("APPSYNC_URL", "canary"),
            ("APPSYNC_URL", "http://canary.example/graphql"),
            ("APPSYNC_URL", "ftp://127.0.0.1/canary"),
            ("APPSYNC_URL", "https://canary:canary@example.com/graphql"),
            ("AWS_ENDPOINT_URL", "http://canary.example"),
            ("SERVICE_USER_PARAMETERS", "canary"),
            ("TOKEN_USE", "canary"),
            ("TOKEN_REUSE", "canary"),
            ("METRICS_NAMESPACE", "canary canary"),
            ("HTTP_API_CALLERS", "canary"),
            ("LOG_LEVEL", "canary"),
            ("AWS_LAMBDA_LOG_LEVEL", "canary"),
        ] {
            let error = config(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(&format!("{name} is malformed (")), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_functions_own_log_level_comes_before_lambdas() {
        let lambdas = ("AWS_LAMBDA_LOG_LEVEL", "INFO");
        assert_eq!(config(&[lambdas, ("LOG_LEVEL", "ERROR")]).unwrap().log_level, Level::ERROR);
        assert_eq!(config(&[lambdas]).unwrap().log_level, Level::INFO);
    }

    #[test]
    fn a_variable_that_is_set_to_nothing_is_missing() {
        let error = config(&[("APPSYNC_URL", " ")]).unwrap_err().to_string();
        assert!(error.contains("APPSYNC_URL is missing"), "{error}");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:8000/graphql", "http://localhost:8000/graphql", "http://[::1]:8000/graphql"] {
            config(&[("APPSYNC_URL", url)]).unwrap();
        }
    }

    #[test]
    fn other_certificates_are_trusted_on_this_machine_only() {
        let local = [
            ("AWS_CA_BUNDLE", "/canary.pem"),
            ("APPSYNC_URL", "https://127.0.0.1:8000/graphql"),
            ("AWS_ENDPOINT_URL", "https://localhost:8000"),
        ];
        assert_eq!(config(&local).unwrap().aws.ca_bundle, Some("/canary.pem".into()));
        for elsewhere in [
            &local[..1],
            &local[..2],
            &[local[0], local[2]],
            &[local[0], local[1], ("AWS_ENDPOINT_URL", "https://canary.example")],
            &[local[0], local[2], ("APPSYNC_URL", "https://127.0.0.1.example/graphql")],
        ] {
            let error = config(elsewhere).unwrap_err().to_string();
            assert!(error.contains("AWS_CA_BUNDLE is malformed (") && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn whoever_needs_a_token_alone_needs_no_api() {
        let read = |token_use: &str| {
            SignInConfig::from_lookup(|name| match name {
                "TOKEN_USE" => Some(token_use.to_owned()),
                "APPSYNC_URL" => None,
                name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
            })
        };
        let config = read("id").ok().unwrap();
        assert_eq!(config.service_user_parameters, "/orders/service-user");
        assert_eq!((config.token_use, config.aws.region.as_ref()), (TokenUse::Id, "eu-west-1"));
        assert!(read("canary").err().unwrap().to_string().contains("TOKEN_USE is malformed ("));
        let error = SignInConfig::from_lookup(|_| None).err().unwrap().to_string();
        assert!(error.contains("SERVICE_USER_PARAMETERS is missing (") && error.contains("AWS_REGION"), "{error}");
    }

    #[test]
    fn the_function_that_administers_the_service_user_needs_no_api() {
        let read = |key: Option<&str>| {
            ServiceUserConfig::from_lookup(|name| match name {
                "SERVICE_USER_PARAMETERS_KEY" => key.map(str::to_owned),
                "APPSYNC_URL" => None,
                name => COMPLETE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
            })
        };
        let config = read(None).unwrap();
        assert_eq!(config.service_user_parameters, "/orders/service-user");
        assert_eq!(config.service_user_parameters_key, None);
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
        assert_eq!(read(Some(key)).unwrap().service_user_parameters_key.as_deref(), Some(key));
        let error = read(Some("canary")).unwrap_err().to_string();
        assert!(error.contains("SERVICE_USER_PARAMETERS_KEY is malformed (") && !error.contains("canary"), "{error}");
        let error = ServiceUserConfig::from_lookup(|_| None).unwrap_err().to_string();
        assert!(error.contains("SERVICE_USER_PARAMETERS is missing (") && error.contains("AWS_REGION"), "{error}");
    }

    #[test]
    fn tokens_are_believed_unverified_on_this_machine_only() {
        let unverified = ("HTTP_API_CALLERS", "unverified-token");
        let here = [unverified, ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000")];
        assert!(config(&here).unwrap().unverified_callers);
        for elsewhere in [&[unverified][..], &[unverified, ("AWS_ENDPOINT_URL", "https://ssm.eu-west-1.amazonaws.com")]]
        {
            let error = config(elsewhere).unwrap_err().to_string();
            assert!(error.contains("HTTP_API_CALLERS must be authorizer"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let debug = format!("{:?}", config(&[("AWS_SESSION_TOKEN", "canary-session")]).unwrap());
        assert!(!debug.contains("canary-secret") && !debug.contains("canary-session"), "{debug}");
    }
}
