use std::sync::Arc;

use auth_cache::TokenUse;
use tracing::Level;
use url::Url;

use crate::{
    AwsConfig, ConfigError,
    aws_config::COGNITO,
    grant::{Grant, LOCAL_CALLERS, grants},
    settings::{Settings, environment, is_loopback, url},
};

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
/// | `OPERATION_CALLERS` | who may call `query` and `mutate` over HTTP, which act as the service: those with one of these groups and scopes, such as `group:order-services scope:orders/admin`, or `iam`: whom IAM lets call | nobody; with an `AWS_ENDPOINT_URL` on this machine, `group:order-services group:order-staff` |
/// | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda | |
/// | `AWS_ENDPOINT_URL` | where Cognito and SSM are, when it is not AWS: https, or http on this machine | |
/// | `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`, `AWS_ENDPOINT_URL_SECRETS_MANAGER` | the same for one service | `AWS_ENDPOINT_URL` |
/// | `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT` | `true` uses AWS's endpoints of that kind | `false` |
/// | `AWS_CA_BUNDLE` | a PEM file of certificates to trust as well | |
/// | `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, or in lower case | proxies that speak HTTP, for all but this machine's loopback | |
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
    /// Cognito's [`AwsConfig::endpoint_url`] is on this machine.
    pub unverified_callers: bool,
    /// What lets a caller have operations executed over HTTP, as the service: any one of these.
    pub operation_callers: Arc<[Grant]>,
    /// How to reach AWS.
    pub aws: AwsConfig,
    /// What is logged.
    pub log_level: Level,
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
        let appsync_url = settings.secure("APPSYNC_URL", appsync_url);
        let service_user_parameters = settings.parameters();
        let token_use = settings.token_use();
        let token_reuse = settings.optional("TOKEN_REUSE", "on or off", |value| match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        let metrics_namespace = settings.metrics_namespace();
        let function_name = settings.function_name();
        let unverified_callers =
            settings.optional("HTTP_API_CALLERS", "authorizer or unverified-token", |value| match value {
                "authorizer" => Some(false),
                "unverified-token" => Some(true),
                _ => None,
            });
        let operation_callers = settings.optional(
            "OPERATION_CALLERS",
            "group:NAME, scope:NAME or iam, several with spaces in between",
            grants,
        );
        let log_level = settings.log_level();
        let aws = settings.aws();
        let is_aws = aws.as_ref().is_some_and(|aws| !aws.endpoint_url(COGNITO).is_some_and(is_loopback));
        if unverified_callers == Some(true) && is_aws {
            settings.problems.push(
                "HTTP_API_CALLERS must be authorizer (unverified-token is for a machine with its own AWS_ENDPOINT_URL)"
                    .to_owned(),
            );
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
                operation_callers: operation_callers
                    .or_else(|| grants(if is_aws { "" } else { LOCAL_CALLERS }))
                    .unwrap_or_default(),
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
/// | `SERVICE_USER_STACK` | the id of the CloudFormation stack that the service user belongs to | |
/// | `SERVICE_USER_PARAMETERS` | the prefix of the service user's SSM parameters | |
/// | `SERVICE_USER_PARAMETERS_KEY` | the ARN of the KMS key that they are encrypted with | the account's own key for SSM |
/// | `SERVICE_USER_POOL_ID`, `SERVICE_USER_CLIENT_ID` | the user pool, and the app client to sign in with | |
/// | `SERVICE_USER_GROUP` | the group that the service user belongs to | |
/// | `SERVICE_USER_NAME` | what the service user's two users are called after | |
/// | `SERVICE_USER_ADOPT` | `yes` takes over parameters that were made by hand | `no` |
/// | `AWS_...`, `LOG_LEVEL`, `METRICS_NAMESPACE` | as for [`Config`] | |
///
/// CloudFormation waits for an answer whatever the environment is, so reading it never fails as a whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceUserConfig {
    /// The name of the function.
    pub function_name: String,
    /// What is logged.
    pub log_level: Level,
    /// Whether an emulator on this machine plays AWS, and CloudFormation with it.
    pub is_local: bool,
    /// What the service user should be; or an error that names every variable that is missing or malformed.
    pub wanted: Result<WantedServiceUser, ConfigError>,
}

/// What the service user should be, and how to reach AWS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WantedServiceUser {
    /// The stack that it belongs to.
    pub stack_id: String,
    /// The prefix of its SSM parameters, without a slash at the end.
    pub parameters: String,
    /// The KMS key that they are encrypted with, if it is not the account's own key for SSM.
    pub parameters_key: Option<String>,
    /// The user pool.
    pub pool_id: String,
    /// The app client that it signs in with.
    pub client_id: String,
    /// Its group.
    pub group: String,
    /// What its two users are called after.
    pub name: String,
    /// Whether parameters that were made by hand are taken over.
    pub adopts: bool,
    /// The CloudWatch namespace of the password's age; it is not written without one.
    pub metrics_namespace: Option<String>,
    /// How to reach AWS.
    pub aws: AwsConfig,
}

impl ServiceUserConfig {
    /// Reads the configuration from the environment.
    pub fn from_env() -> Self {
        Self::from_lookup(environment)
    }

    /// Reads the configuration through `lookup`, which gives the value of an environment variable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut settings = Settings { lookup, problems: Vec::new() };
        let (function_name, log_level) = (settings.function_name(), settings.log_level());
        let is_local =
            settings.value("AWS_ENDPOINT_URL").and_then(|value| url(&value)).is_some_and(|url| is_loopback(&url));
        let wanted = WantedServiceUser::read(&mut settings);
        let wanted = wanted.filter(|_| settings.problems.is_empty());
        let wanted = wanted.ok_or(ConfigError { problems: settings.problems });
        Self { function_name, log_level, is_local, wanted }
    }
}

impl WantedServiceUser {
    fn read(settings: &mut Settings<impl Fn(&str) -> Option<String>>) -> Option<Self> {
        let stack_id = settings.required("SERVICE_USER_STACK", "the id of a CloudFormation stack, its ARN", stack);
        let parameters =
            settings.required("SERVICE_USER_PARAMETERS", "an SSM prefix such as /orders/service-user", own_prefix);
        let parameters_key =
            settings.optional("SERVICE_USER_PARAMETERS_KEY", "the ARN of a KMS key, arn:aws:kms:...", |value| {
                (value.starts_with("arn:") && is_made_of(value, ":/_-", 256)).then(|| value.to_owned())
            });
        let pool_id =
            settings.required("SERVICE_USER_POOL_ID", "the id of a user pool, such as eu-west-1_a1b2c3d4e", |value| {
                (value.contains('_') && is_made_of(value, "_-", 55)).then(|| value.to_owned())
            });
        let client_id =
            settings.required("SERVICE_USER_CLIENT_ID", "the id of an app client of the user pool", |value| {
                is_made_of(value, "_+", 128).then(|| value.to_owned())
            });
        let group = settings.required("SERVICE_USER_GROUP", "the name of a group of the user pool", |value| {
            (value.len() <= 128 && !value.contains(char::is_whitespace)).then(|| value.to_owned())
        });
        let name = settings.required(
            "SERVICE_USER_NAME",
            "1 to 64 letters, digits, dots, hyphens and _, or such an e-mail address",
            username,
        );
        let adopts = settings.optional("SERVICE_USER_ADOPT", "yes or no", |value| match value {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        });
        let metrics_namespace = settings.metrics_namespace();
        let aws = settings.aws();
        Some(Self {
            stack_id: stack_id?,
            parameters: parameters?,
            parameters_key,
            pool_id: pool_id?,
            client_id: client_id?,
            group: group?,
            name: name?,
            adopts: adopts.unwrap_or(false),
            metrics_namespace,
            aws: aws?,
        })
    }
}

fn is_made_of(text: &str, others: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn stack(value: &str) -> Option<String> {
    let id = value.starts_with("arn:").then(|| value.split_once(":stack/")?.1.split_once('/')).flatten();
    id.filter(|(name, id)| is_made_of(name, "-", 128) && is_made_of(id, "-", 64)).map(|_| value.to_owned())
}

/// AWS keeps the names that begin with its own for itself. The prefix has no slash at its end: it is part of an id.
fn own_prefix(value: &str) -> Option<String> {
    let path = value.strip_prefix('/')?;
    let reserved = ["aws", "ssm"].iter().any(|name| path.to_ascii_lowercase().starts_with(name));
    let is_prefix = !reserved && path.split('/').all(|folder| is_made_of(folder, "._-", 256)) && value.len() <= 512;
    is_prefix.then(|| value.to_owned())
}

fn username(value: &str) -> Option<String> {
    let (name, domain) = value.split_at(value.find('@').unwrap_or(value.len()));
    let is_domain = |domain: &str| is_made_of(domain, ".-", 64);
    let is_name = is_made_of(name, "._-", 64) && (domain.is_empty() || domain.strip_prefix('@').is_some_and(is_domain));
    is_name.then(|| value.to_owned())
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
        assert_eq!(config.aws.endpoint_url("SSM"), None);
        assert!(!config.aws.use_fips && !config.aws.use_dual_stack);
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
            ("APPSYNC_URL", "ftp://127.0.0.1/canary"),
            ("AWS_ENDPOINT_URL", "canary:8000"),
            ("AWS_ENDPOINT_URL_SSM", "https://"),
            ("AWS_USE_FIPS_ENDPOINT", "canary"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "1"),
            ("HTTP_PROXY", "http://canary:canary@:1"),
            ("all_proxy", "http://"),
            ("SERVICE_USER_PARAMETERS", "canary"),
            ("TOKEN_USE", "canary"),
            ("TOKEN_REUSE", "canary"),
            ("METRICS_NAMESPACE", "canary canary"),
            ("HTTP_API_CALLERS", "canary"),
            ("OPERATION_CALLERS", "canary"),
            ("OPERATION_CALLERS", "group:a canary"),
            ("OPERATION_CALLERS", "scope:"),
            ("OPERATION_CALLERS", "Group:canary"),
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
    fn a_url_that_is_refused_for_safety_is_refused_by_that_reason_and_not_shown() {
        for name in ["APPSYNC_URL", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_SECRETS_MANAGER"] {
            for (url, reason) in [
                ("http://canary.example/graphql", "must begin with https (http is for this machine only"),
                ("http://localhost.canary.example", "must begin with https (http is for this machine only"),
                ("http://10.0.0.1", "must begin with https (http is for this machine only"),
                ("https://canary:canary@example.com/graphql", "must have no user name and no password in it"),
                ("http://canary@127.0.0.1", "must have no user name and no password in it"),
            ] {
                let error = config(&[(name, url)]).unwrap_err().to_string();
                assert!(error.contains(&format!("{name} {reason}")), "{error}");
                assert!(!error.contains("malformed") && !error.contains("canary"), "{error}");
            }
        }
    }

    #[test]
    fn each_service_can_have_an_endpoint_of_its_own() {
        let aws = config(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:2"),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "https://cognito.example"),
        ]);
        let aws = aws.unwrap().aws;
        for (service, url) in [
            ("SSM", "http://127.0.0.1:2/"),
            ("Cognito Identity Provider", "https://cognito.example/"),
            ("Secrets Manager", "http://127.0.0.1:1/"),
            ("KMS", "http://127.0.0.1:1/"),
        ] {
            assert_eq!(aws.endpoint_url(service).map(Url::as_str), Some(url), "{service}");
        }
    }

    #[test]
    fn other_certificates_are_trusted_whatever_is_called() {
        let config = config(&[("AWS_CA_BUNDLE", "/bundle.pem")]).unwrap();
        assert_eq!(config.aws.ca_bundle, Some("/bundle.pem".into()));
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

    /// As the function that administers the service user reads it, which needs no API.
    fn service_user(overrides: &[(&str, &str)]) -> ServiceUserConfig {
        let own = [
            ("SERVICE_USER_STACK", "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders/5eed5eed-0000"),
            ("SERVICE_USER_POOL_ID", "eu-west-1_a1b2c3d4e"),
            ("SERVICE_USER_CLIENT_ID", "1h57kf5cpq17m0eml12EXAMPLE"),
            ("SERVICE_USER_GROUP", "order-services"),
            ("SERVICE_USER_NAME", "orders"),
        ];
        ServiceUserConfig::from_lookup(|name| {
            let all = overrides.iter().chain(&own).chain(&COMPLETE[1..]);
            all.clone().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_the_service_user_should_be_comes_from_the_environment() {
        let config = service_user(&[]);
        assert!(!config.is_local);
        let wanted = config.wanted.unwrap();
        assert_eq!((wanted.parameters.as_str(), wanted.parameters_key), ("/orders/service-user", None));
        assert_eq!((wanted.group.as_str(), wanted.adopts), ("order-services", false));
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
        let others = [
            ("SERVICE_USER_PARAMETERS_KEY", key),
            ("SERVICE_USER_NAME", "orders@example.com"),
            ("SERVICE_USER_ADOPT", "yes"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000"),
        ];
        let config = service_user(&others);
        assert!(config.is_local);
        let wanted = config.wanted.unwrap();
        assert_eq!((wanted.parameters_key.as_deref(), wanted.name.as_str()), (Some(key), "orders@example.com"));
        assert!(wanted.adopts);
    }

    #[test]
    fn what_is_wrong_with_the_service_user_is_named_without_its_value() {
        for (name, value) in [
            ("SERVICE_USER_STACK", "canary"),
            ("SERVICE_USER_STACK", "arn:aws:cloudformation:eu-west-1:111122223333:stack/canary"),
            ("SERVICE_USER_POOL_ID", "canary"),
            ("SERVICE_USER_CLIENT_ID", "canary canary"),
            ("SERVICE_USER_GROUP", "canary canary"),
            ("SERVICE_USER_NAME", "canary@"),
            ("SERVICE_USER_NAME", "@canary.com"),
            ("SERVICE_USER_NAME", "canary@canary@example.com"),
            ("SERVICE_USER_PARAMETERS", "canary"),
            ("SERVICE_USER_PARAMETERS", "/canary/"),
            ("SERVICE_USER_PARAMETERS", "/aws/canary"),
            ("SERVICE_USER_PARAMETERS", "/canary//canary"),
            ("SERVICE_USER_PARAMETERS_KEY", "canary"),
            ("SERVICE_USER_ADOPT", "canary"),
        ] {
            let error = service_user(&[(name, value)]).wanted.unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is malformed (")) && !error.contains("canary"), "{error}");
        }
        let config = ServiceUserConfig::from_lookup(|_| None);
        let error = config.wanted.unwrap_err().to_string();
        for name in ["STACK", "PARAMETERS", "POOL_ID", "CLIENT_ID", "GROUP", "NAME"] {
            assert!(error.contains(&format!("SERVICE_USER_{name} is missing (")), "{error}");
        }
        assert!(error.contains("AWS_REGION") && !error.contains("APPSYNC_URL"), "{error}");
        assert_eq!((config.function_name.as_str(), config.log_level), ("function", Level::INFO));
    }

    #[test]
    fn tokens_are_believed_unverified_on_this_machine_only() {
        let unverified = ("HTTP_API_CALLERS", "unverified-token");
        let here = ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000");
        assert!(config(&[unverified, here]).unwrap().unverified_callers);
        for elsewhere in [
            &[unverified][..],
            &[unverified, ("AWS_ENDPOINT_URL", "https://ssm.eu-west-1.amazonaws.com")],
            &[unverified, here, ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "https://cognito.example")],
        ] {
            let error = config(elsewhere).unwrap_err().to_string();
            assert!(error.contains("HTTP_API_CALLERS must be authorizer"), "{error}");
        }
    }

    #[test]
    fn nobody_acts_as_the_service_over_http_unless_a_setting_says_who() {
        let callers = |settings: &[(&str, &str)]| config(settings).unwrap().operation_callers.to_vec();
        let (group, scope) = (|name: &str| Grant::Group(name.to_owned()), |name: &str| Grant::Scope(name.to_owned()));
        let here = ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000");
        let elsewhere = ("AWS_ENDPOINT_URL", "https://ssm.eu-west-1.amazonaws.com");
        assert_eq!(callers(&[]), []);
        assert_eq!(callers(&[elsewhere]), []);
        assert_eq!(callers(&[("OPERATION_CALLERS", " ")]), []);
        assert_eq!(callers(&[here]), [group("order-services"), group("order-staff")]);
        let set = ("OPERATION_CALLERS", "scope:orders/admin  group:a:b iam");
        for settings in [&[set][..], &[set, here]] {
            assert_eq!(callers(settings), [scope("orders/admin"), group("a:b"), Grant::Iam]);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets =
            [("AWS_SESSION_TOKEN", "canary-session"), ("HTTPS_PROXY", "http://canary-user:canary-proxy@localhost:1")];
        let debug = format!("{:?}", config(&secrets).unwrap());
        assert!(
            !["canary-secret", "canary-session", "canary-proxy"].iter().any(|secret| debug.contains(secret)),
            "{debug}"
        );
    }
}
