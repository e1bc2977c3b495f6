//! Which service and operation a request is for.

use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::appsync;
use crate::calls::{OPTIONS, Service, TOKEN};

pub(super) enum Route {
    Control { body: Bytes },
    Call(Call),
    Nowhere,
}

/// A request to one of the services.
pub(super) enum Call {
    Cognito { operation: String, body: Bytes },
    Ssm { operation: String, body: Bytes },
    SecretsManager { operation: String, body: Bytes },
    Jwks { pool: String },
    Token { body: Bytes },
    GraphQl { operation: String, body: Bytes },
    Options,
}

impl Route {
    pub(super) fn of(head: &Parts, body: &Bytes) -> Self {
        let (path, body) = (head.uri.path(), body.clone());
        if path.starts_with("/_local-cloud/") {
            return Self::Control { body };
        }
        match (&head.method, path) {
            (&Method::POST, "/") => Self::of_target(&head.headers, body),
            (&Method::POST, "/graphql") => {
                Self::Call(Call::GraphQl { operation: appsync::operation_name(&body), body })
            }
            (&Method::POST, "/oauth2/token") => Self::Call(Call::Token { body }),
            (&Method::OPTIONS, "/graphql") => Self::Call(Call::Options),
            (&Method::GET, _) => match path[1..].strip_suffix("/.well-known/jwks.json") {
                Some(pool) => Self::Call(Call::Jwks { pool: pool.to_owned() }),
                None => Self::Nowhere,
            },
            _ => Self::Nowhere,
        }
    }

    fn of_target(headers: &HeaderMap, body: Bytes) -> Self {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        match target.split_once('.') {
            Some(("AmazonSSM", operation)) => Self::Call(Call::Ssm { operation: operation.to_owned(), body }),
            Some(("secretsmanager", operation)) => {
                Self::Call(Call::SecretsManager { operation: operation.to_owned(), body })
            }
            Some(("AWSCognitoIdentityProviderService", operation)) => {
                Self::Call(Call::Cognito { operation: operation.to_owned(), body })
            }
            // Every service answers a target that it does not know; here it is Cognito that does.
            _ => Self::Call(Call::Cognito { operation: target.to_owned(), body }),
        }
    }
}

impl Call {
    pub(super) fn service(&self) -> Service {
        match self {
            Self::Cognito { .. } | Self::Jwks { .. } | Self::Token { .. } => Service::Cognito,
            Self::Ssm { .. } => Service::Ssm,
            Self::SecretsManager { .. } => Service::SecretsManager,
            Self::GraphQl { .. } | Self::Options => Service::AppSync,
        }
    }

    /// The name under which it is recorded and faults find it.
    pub(super) fn operation(&self) -> &str {
        match self {
            Self::Cognito { operation, .. }
            | Self::Ssm { operation, .. }
            | Self::SecretsManager { operation, .. }
            | Self::GraphQl { operation, .. } => operation,
            Self::Token { .. } => TOKEN,
            Self::Jwks { .. } => "GetJwks",
            Self::Options => OPTIONS,
        }
    }
}
