//! A request as API Gateway hands it to the function, and the answer to it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use http_api::Callers;
use lambda_http::RequestExt as _;
use serde_json::{Map, Value, json};

use crate::setup::{Setup, context_that_ends_in};

/// A recorded event of an HTTP API, version 2.0, of a member of the staff, with what a test changes in it.
#[derive(Clone)]
pub(super) struct Call {
    event: Value,
    time_left: Duration,
}

impl Call {
    pub(super) fn new(method: &str, target: &str) -> Self {
        let mut event: Value = serde_json::from_str(include_str!("event.json")).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        event["rawPath"] = json!(path);
        event["rawQueryString"] = json!(query);
        event["requestContext"]["http"]["method"] = json!(method);
        event["requestContext"]["http"]["path"] = json!(path);
        Self { event, time_left: Duration::from_secs(60) }
    }

    pub(super) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(super) fn post(target: &str, body: &Value) -> Self {
        Self::new("POST", target).json(body)
    }

    pub(super) fn patch(target: &str, etag: &str, body: &Value) -> Self {
        Self::new("PATCH", target).header("if-match", etag).json(body)
    }

    /// As the owner of this token: the gateway has verified it, and passes its claims on as text.
    pub(super) fn by(self, token: &str) -> Self {
        let claims = claims(token);
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                format!("[{}]", items.join(" "))
            }
            other => other.to_string(),
        };
        let claims: Map<_, _> = claims.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect();
        self.header("authorization", &format!("Bearer {token}")).claims(json!(claims))
    }

    pub(super) fn claims(mut self, claims: Value) -> Self {
        self.event["requestContext"]["authorizer"]["jwt"]["claims"] = claims;
        self
    }

    /// As if the route had no authorizer, or another kind of it.
    pub(super) fn authorizer(mut self, authorizer: Value) -> Self {
        self.event["requestContext"]["authorizer"] = authorizer;
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.event["headers"][name] = json!(value);
        self
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(&body.to_string())
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        self.event["body"] = json!(body);
        self
    }

    pub(super) fn base64_body(mut self, body: &[u8]) -> Self {
        self.event["body"] = json!(STANDARD.encode(body));
        self.event["isBase64Encoded"] = json!(true);
        self
    }

    /// In an invocation that has this long to go.
    pub(super) fn within(self, time_left: Duration) -> Self {
        Self { time_left, ..self }
    }

    pub(super) async fn send(self, t: &Setup) -> Answer {
        self.send_to(t, Callers::Authorizer).await
    }

    pub(super) async fn send_to(self, t: &Setup, callers: Callers) -> Answer {
        let request = lambda_http::request::from_str(&self.event.to_string()).unwrap();
        let request = request.with_lambda_context(context_that_ends_in(self.time_left));
        let router = http_api::router(t.appsync.clone(), callers);
        let response = http_api::handle(router, request).await.unwrap_or_else(|never| match never {});
        let (head, body) = response.into_parts();
        Answer { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }
}

/// What the gateway gives to the client.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The problem document of a refusal with this status.
    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-request-id"), Some("request-1"));
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }
}

pub(super) fn claims(token: &str) -> Map<String, Value> {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

pub(super) fn new_order() -> Value {
    let line = json!({"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    json!({"customerEmail": "ada@example.com", "lines": [line]})
}

/// Makes an order and gives it.
pub(super) async fn create(t: &Setup) -> Value {
    Call::post("/orders", &new_order()).send(t).await.expect(201)
}
