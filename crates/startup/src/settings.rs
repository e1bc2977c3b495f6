use std::fmt;

use auth_cache::TokenUse;
use tracing::Level;
use url::{Host, Url};

/// Reads settings and collects what is wrong with them.
pub(crate) struct Settings<L> {
    pub(crate) lookup: L,
    pub(crate) problems: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    pub(crate) fn parameters(&mut self) -> Option<String> {
        self.required("SERVICE_USER_PARAMETERS", "an SSM prefix such as /orders/service-user", prefix)
    }

    pub(crate) fn token_use(&mut self) -> TokenUse {
        let token_use = self.optional("TOKEN_USE", "access or id", |value| match value {
            "access" => Some(TokenUse::Access),
            "id" => Some(TokenUse::Id),
            _ => None,
        });
        token_use.unwrap_or_default()
    }

    pub(crate) fn metrics_namespace(&mut self) -> Option<String> {
        self.optional("METRICS_NAMESPACE", "up to 255 letters, digits and any of .-_/#: such as Orders", namespace)
    }

    pub(crate) fn function_name(&mut self) -> String {
        let name = self.optional("AWS_LAMBDA_FUNCTION_NAME", "set by Lambda", text);
        name.unwrap_or_else(|| "function".to_owned())
    }

    /// Lambda drops what is below its own level, and a line of metrics counts as `INFO`: `LOG_LEVEL` silences logs alone.
    pub(crate) fn log_level(&mut self) -> Level {
        let levels = ["LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"]
            .map(|name| self.optional(name, "one of TRACE DEBUG INFO WARN ERROR FATAL", level));
        levels.into_iter().flatten().next().unwrap_or(Level::INFO)
    }

    pub(crate) fn required<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(value) = self.value(name) else {
            self.problems.push(format!("{name} is missing ({expected})"));
            return None;
        };
        self.parsed(name, expected, &value, parse)
    }

    pub(crate) fn optional<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        self.parsed(name, expected, &value, parse)
    }

    /// A variable that is set to nothing is not set.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn parsed<T>(&mut self, name: &str, expected: &str, value: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let parsed = parse(value);
        if parsed.is_none() {
            self.problems.push(format!("{name} is malformed ({expected})"));
        }
        parsed
    }

    /// Tokens and passwords leave the machine over TLS only; a URL is shown in errors, so it has none in it.
    pub(crate) fn secure(&mut self, name: &str, url: Option<Url>) -> Option<Url> {
        let url = url?;
        let problem = match () {
            () if url.scheme() == "http" && !is_loopback(&url) => {
                "must begin with https (http is for this machine only: localhost, 127.0.0.1 or [::1])"
            }
            () if !url.username().is_empty() || url.password().is_some() => {
                "must have no user name and no password in it"
            }
            () => return Some(url),
        };
        self.problems.push(format!("{name} {problem}"));
        None
    }
}

pub(crate) fn is_made_of(text: &str, others: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

pub(crate) fn text(value: &str) -> Option<String> {
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

pub(crate) fn url(value: &str) -> Option<Url> {
    Url::parse(value).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
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

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What is wrong with the environment. It shows no value.
///
/// `Debug` is the same text as `Display`: it is what a `main` that returns the error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub(crate) problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variables are invalid: {}", self.problems.join("; "))
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}
