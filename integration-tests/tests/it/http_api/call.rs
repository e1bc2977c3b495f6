//! A request as API Gateway hands it to the function, and the answer to it.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use http_api::Callers;
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::setup::{Setup, context_that_ends_in};

/// A recorded event of an HTTP API, version 2.0, of a member of the staff, with what a test changes in it.
#[derive(Clone)]
pub(crate) struct Call {
    event: Value,
    time_left: Duration,
}

impl Call {
    /// To a path without special characters, on the route that the gateway would match.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments: Vec<_> = path.split('/').collect();
        let (route, id) = match segments.as_slice() {
            ["", "orders", id @ ..] | ["", "me", "orders", id @ ..] if !id.contains(&"") => {
                let list = path.split_inclusive("orders").next().unwrap_or_default();
                match id {
                    [] => (format!("{method} {list}"), None),
                    [id] => (format!("{method} {list}/{{id}}"), Some(*id)),
                    [id, "cancel"] => (format!("{method} {list}/{{id}}/cancel"), Some(*id)),
                    _ => ("$default".to_owned(), None),
                }
            }
            _ => ("$default".to_owned(), None),
        };
        Self::on(method, &route, path, id).with("/rawQueryString", query)
    }

    /// As the gateway sends it: `path` and `id` are decoded.
    pub(crate) fn on(method: &str, route: &str, path: &str, id: Option<&str>) -> Self {
        let event = serde_json::from_str(include_str!("event.json")).unwrap();
        let parameters = id.map_or(Value::Null, |id| json!({"id": id}));
        Self::of(event)
            .with("/routeKey", route)
            .with("/rawPath", path)
            .with("/requestContext/routeKey", route)
            .with("/requestContext/http/method", method)
            .with("/requestContext/http/path", path)
            .with("/pathParameters", parameters)
    }

    /// As a REST API sends it: `path` is encoded.
    pub(crate) fn rest(method: &str, resource: &str, path: &str) -> Self {
        let event = serde_json::from_str(include_str!("rest-event.json")).unwrap();
        Self::of(event)
            .with("/resource", resource)
            .with("/path", path)
            .with("/httpMethod", method)
            .with("/pathParameters", Value::Null)
            .with("/requestContext/resourcePath", resource)
            .with("/requestContext/path", format!("/prod{path}"))
            .with("/requestContext/httpMethod", method)
    }

    /// An event as it is.
    pub(crate) fn of(event: Value) -> Self {
        Self { event, time_left: Duration::from_secs(60) }
    }

    /// With another value at this place.
    pub(crate) fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.event.pointer_mut(parent).unwrap()[name] = value.into();
        self
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self::new("POST", target).json(body)
    }

    pub(crate) fn patch(target: &str, etag: &str, body: &Value) -> Self {
        Self::new("PATCH", target).header("if-match", etag).json(body)
    }

    /// As the owner of this token: the gateway has verified it, and passes its claims on as text.
    pub(crate) fn by(self, token: &str) -> Self {
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

    pub(crate) fn claims(mut self, claims: Value) -> Self {
        self.event["requestContext"]["authorizer"]["jwt"]["claims"] = claims;
        self
    }

    /// As if the route had no authorizer, or another kind of it.
    pub(crate) fn authorizer(mut self, authorizer: Value) -> Self {
        self.event["requestContext"]["authorizer"] = authorizer;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.event["headers"][name] = json!(value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(&body.to_string())
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.event["body"] = json!(body);
        self
    }

    pub(crate) fn base64_body(mut self, body: &[u8]) -> Self {
        self.event["body"] = json!(STANDARD.encode(body));
        self.event["isBase64Encoded"] = json!(true);
        self
    }

    /// In an invocation that has this long to go.
    pub(crate) fn within(self, time_left: Duration) -> Self {
        Self { time_left, ..self }
    }

    pub(crate) async fn send(self, t: &Setup) -> Answer {
        self.send_to(t, Callers::Authorizer).await
    }

    pub(crate) async fn send_to(self, t: &Setup, callers: Callers) -> Answer {
        serde_json::from_value(self.invoke(t, callers).await).unwrap()
    }

    /// The function's answer to the gateway, as it is.
    pub(crate) async fn invoke(self, t: &Setup, callers: Callers) -> Value {
        let event = LambdaEvent::new(self.event, context_that_ends_in(self.time_left));
        let router = http_api::router(t.appsync.clone(), callers);
        http_api::handle(router, event).await.unwrap_or_else(|never| match never {})
    }
}

/// What the gateway gets, and gives to the client.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    #[serde(rename = "statusCode")]
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    #[serde(rename = "body")]
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The problem document of a refusal with this status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-request-id"), Some("request-1"));
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }
}

pub(crate) fn claims(token: &str) -> Map<String, Value> {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

pub(crate) fn new_order() -> Value {
    let line = json!({"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    json!({"customerEmail": "ada@example.com", "lines": [line]})
}

/// Makes an order and gives it.
pub(crate) async fn create(t: &Setup) -> Value {
    Call::post("/orders", &new_order()).send(t).await.expect(201)
}
