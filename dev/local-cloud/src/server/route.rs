//! Which service and operation a request is for.

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::appsync;
use crate::calls::{OPTIONS, PUBLISH, Service, TOKEN};

pub(super) enum Route {
    Control,
    Call(Call),
    Nowhere,
}

/// A request to one of the services.
pub(super) enum Call {
    Cognito { operation: String },
    Ssm { operation: String },
    SecretsManager { operation: String },
    Jwks { pool: String },
    Token,
    GraphQl { operation: String },
    Publish,
    Options,
    Traces,
}

impl Route {
    pub(super) fn of(head: &Parts, body: &[u8]) -> Self {
        let path = head.uri.path();
        if path.starts_with("/_local-cloud/") {
            return Self::Control;
        }
        match (&head.method, path) {
            (&Method::POST, "/") => Self::Call(Call::of_target(&head.headers)),
            (&Method::POST, "/graphql") => Self::Call(Call::GraphQl { operation: appsync::operation_name(body) }),
            (&Method::POST, "/oauth2/token") => Self::Call(Call::Token),
            (&Method::POST, "/v1/traces") => Self::Call(Call::Traces),
            (&Method::POST, "/event") => Self::Call(Call::Publish),
            (&Method::OPTIONS, "/graphql" | "/event") => Self::Call(Call::Options),
            (&Method::GET, _) => match path[1..].strip_suffix("/.well-known/jwks.json") {
                Some(pool) => Self::Call(Call::Jwks { pool: pool.to_owned() }),
                None => Self::Nowhere,
            },
            _ => Self::Nowhere,
        }
    }
}

impl Call {
    fn of_target(headers: &HeaderMap) -> Self {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        match target.split_once('.') {
            Some(("AmazonSSM", operation)) => Self::Ssm { operation: operation.to_owned() },
            Some(("secretsmanager", operation)) => Self::SecretsManager { operation: operation.to_owned() },
            Some(("AWSCognitoIdentityProviderService", operation)) => Self::Cognito { operation: operation.to_owned() },
            // Every service answers a target that it does not know; here it is Cognito that does.
            _ => Self::Cognito { operation: target.to_owned() },
        }
    }

    pub(super) fn service(&self) -> Service {
        match self {
            Self::Cognito { .. } | Self::Jwks { .. } | Self::Token => Service::Cognito,
            Self::Ssm { .. } => Service::Ssm,
            Self::SecretsManager { .. } => Service::SecretsManager,
            Self::GraphQl { .. } | Self::Publish | Self::Options => Service::AppSync,
            Self::Traces => Service::Traces,
        }
    }

    /// The name under which it is recorded and faults find it.
    pub(super) fn operation(&self) -> &str {
        match self {
            Self::Cognito { operation }
            | Self::Ssm { operation }
            | Self::SecretsManager { operation }
            | Self::GraphQl { operation } => operation,
            Self::Token => TOKEN,
            Self::Jwks { .. } => "GetJwks",
            Self::Publish => PUBLISH,
            Self::Options => OPTIONS,
            Self::Traces => "v1/traces",
        }
    }
}
