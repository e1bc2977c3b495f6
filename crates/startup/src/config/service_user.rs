use std::time::Duration;

use auth_cache::TokenUse;
use tracing::Level;

use crate::{
    AwsConfig, ConfigError,
    settings::{Settings, environment, is_loopback, is_made_of, text, url},
};

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
/// | `SERVICE_USER_TOKEN_SECRET` | the secret of Secrets Manager that the token is published in | the parameter `token` |
/// | `PUBLISH_MINUTES` | how often the token is published; `0` is never | `0` |
/// | `TOKEN_USE` | which token is published | `access` |
/// | `AWS_...`, `LOG_LEVEL`, `METRICS_NAMESPACE` | as for [`Config`](crate::Config) | |
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
    /// The secret that the token is published in, if it is not an SSM parameter.
    pub token_secret: Option<String>,
    /// How often the token is published, if it is.
    pub publish_every: Option<Duration>,
    /// Which token is published.
    pub token_use: TokenUse,
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
        let (pool_id, client_id) = (settings.required_pool(), settings.required_client());
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
        let token_secret = settings.optional("SERVICE_USER_TOKEN_SECRET", "the name or ARN of a secret", text);
        let publish_minutes = settings.optional("PUBLISH_MINUTES", "a whole number up to 1440", |value| {
            value.parse::<u64>().ok().filter(|minutes| *minutes <= 1440)
        });
        let publish_minutes = publish_minutes.filter(|minutes| *minutes > 0);
        let token_use = settings.token_use();
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
            token_secret,
            publish_every: publish_minutes.map(|minutes| Duration::from_secs(60 * minutes)),
            token_use,
            metrics_namespace,
            aws: aws?,
        })
    }
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
    use crate::config::tests::COMPLETE;

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
            ("PUBLISH_MINUTES", "canary"),
            ("PUBLISH_MINUTES", "1441"),
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
}
