mod service_user;
mod sign_in;
mod traces;

use std::sync::Arc;

use tracing::Level;
use url::Url;

pub(crate) use self::sign_in::sign_in_from;
pub use self::{
    service_user::{ServiceUserConfig, WantedServiceUser},
    sign_in::{ClientCredentialsConfig, IdentityConfig, SignInConfig, SignInMode},
};
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
/// | `IDENTITY` | `service-user`, `client-credentials` or `iam`: as whom AppSync is called, see [`IdentityConfig`] | `service-user` |
/// | `SERVICE_USER_...`, `TOKEN_USE` | how the service user signs in, see [`SignInConfig`] | |
/// | `TOKEN_URL`, `TOKEN_SCOPES`, `CLIENT_CREDENTIALS_SECRET` | how a machine-to-machine client signs in, see [`ClientCredentialsConfig`] | |
/// | `TOKEN_REUSE` | `off` signs in at every invocation, to show what reuse saves | `on` |
/// | `METRICS_NAMESPACE` | the CloudWatch namespace of the token's metrics, see [`auth_cache::EmfObserver`] | no metrics |
/// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | where traces are sent, over OTLP: `https://xray.REGION.amazonaws.com/v1/traces`, or another collector, over https or on this machine; with the feature `traces` only | no traces |
/// | `AWS_LAMBDA_FUNCTION_NAME` | set by Lambda: in logs, and as the dimension `Function` of the metrics | `function` |
/// | `AWS_LAMBDA_MAX_CONCURRENCY` | set by Lambda Managed Instances: invocations at once in one process, see [`run`](crate::run) | 1 |
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
    /// As whom AppSync is called.
    pub identity: IdentityConfig,
    /// Whether a token is used for more than one invocation.
    pub token_reuse: bool,
    /// The CloudWatch namespace of the token's metrics; none are written without one.
    pub metrics_namespace: Option<String>,
    /// Where traces are sent; none are recorded without it.
    pub traces_endpoint: Option<Url>,
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
        let identity = settings.identity();
        let token_reuse = settings.optional("TOKEN_REUSE", "on or off", |value| match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        let metrics_namespace = settings.metrics_namespace();
        let traces_endpoint = settings.traces_endpoint();
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

        match (appsync_url, identity, aws) {
            (Some(appsync_url), Some(identity), Some(aws)) if settings.problems.is_empty() => Ok(Self {
                appsync_url,
                identity,
                token_reuse: token_reuse.unwrap_or(true),
                metrics_namespace,
                traces_endpoint,
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

#[cfg(test)]
mod tests {
    use auth_cache::TokenUse;

    use super::*;

    pub(super) const COMPLETE: [(&str, &str); 5] = [
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
        let IdentityConfig::ServiceUser(sign_in) = config.identity else { panic!("{:?}", config.identity) };
        assert_eq!(sign_in.parameters, "/orders/service-user");
        assert_eq!((sign_in.token_use, sign_in.mode), (TokenUse::Access, SignInMode::SignIn));
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
