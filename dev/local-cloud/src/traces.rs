//! An OpenTelemetry collector, as X-Ray's OTLP endpoint is one: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.
//! It takes traces as JSON, and checks no signature.

use std::sync::Mutex;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::lock::lock;

/// A span that was sent to `POST /v1/traces`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// The function's name: the resource's `service.name`.
    pub service: String,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits, or nothing.
    pub parent_span_id: String,
    /// What it is called.
    pub name: String,
    /// 1: internal, 2: server, 3: client, 4: producer, 5: consumer.
    pub kind: u8,
    /// In nanoseconds since 1970.
    pub start: u64,
    /// In nanoseconds since 1970.
    pub end: u64,
    /// By their names.
    pub attributes: Map<String, Value>,
    /// Whether its status is that of an error.
    pub has_failed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Traces(Mutex<Vec<Span>>);

impl Traces {
    /// `POST /v1/traces`: all spans are taken, or none.
    pub(crate) fn answer(&self, body: &[u8]) -> Answer {
        let request: ExportRequest = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => {
                let status = json!({"code": 3, "message": error.to_string()}); // INVALID_ARGUMENT
                return Answer::new(400, "application/json", status.to_string(), "INVALID_ARGUMENT");
            }
        };
        let mut spans = lock(&self.0);
        for ResourceSpans { resource, scope_spans } in request.resource_spans {
            let service = resource.attributes.0.get("service.name").and_then(Value::as_str).unwrap_or_default();
            let sent = scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| span.of(service)));
        }
        Answer::new(200, "application/json", "{}".to_owned(), "ok")
    }

    pub(crate) fn all(&self) -> Vec<Span> {
        lock(&self.0).clone()
    }
}

/// <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportRequest {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
struct Resource {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct ScopeSpans {
    spans: Vec<SentSpan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentSpan {
    #[serde(deserialize_with = "hexadecimal::<_, 16>")]
    trace_id: String,
    #[serde(deserialize_with = "hexadecimal::<_, 8>")]
    span_id: String,
    #[serde(deserialize_with = "hexadecimal::<_, 8>")]
    parent_span_id: String,
    name: String,
    kind: u8,
    #[serde(deserialize_with = "decimal")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "decimal")]
    end_time_unix_nano: u64,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    status: Status,
}

impl SentSpan {
    fn of(self, service: &str) -> Span {
        Span {
            service: service.to_owned(),
            trace_id: self.trace_id,
            span_id: self.span_id,
            parent_span_id: self.parent_span_id,
            name: self.name,
            kind: self.kind,
            start: self.start_time_unix_nano,
            end: self.end_time_unix_nano,
            attributes: self.attributes.0,
            has_failed: self.status.code == 2,
        }
    }
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: u8,
}

/// A list of `{"key": ..., "value": {"stringValue": ...}}`.
#[derive(Default)]
struct Attributes(Map<String, Value>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Attribute {
            key: String,
            value: AttributeValue,
        }

        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(clippy::enum_variant_names, reason = "the names are OTLP's")]
        enum AttributeValue {
            StringValue(String),
            BoolValue(bool),
            IntValue(#[serde(deserialize_with = "decimal")] i64),
        }

        let mut attributes = Map::new();
        for Attribute { key, value } in Vec::<Attribute>::deserialize(deserializer)? {
            let value = match value {
                AttributeValue::StringValue(text) => json!(text),
                AttributeValue::BoolValue(truth) => json!(truth),
                AttributeValue::IntValue(number) => json!(number),
            };
            // Keys must be unique.
            if attributes.insert(key.clone(), value).is_some() {
                return Err(D::Error::custom(format!("the attribute {key} is there twice")));
            }
        }
        Ok(Self(attributes))
    }
}

/// An id, which JSON has in hexadecimal digits and not in Base64, and which is not all zeros.
fn hexadecimal<'de, D: Deserializer<'de>, const BYTES: usize>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    let is_hexadecimal = id.len() == 2 * BYTES && id.chars().all(|c| c.is_ascii_hexdigit());
    match is_hexadecimal && id.chars().any(|c| c != '0') {
        true => Ok(id.to_ascii_lowercase()),
        false => Err(D::Error::custom(format!("an id must have {} hexadecimal digits", 2 * BYTES))),
    }
}

/// Numbers of 64 bits are strings in the JSON of Protocol Buffers.
fn decimal<'de, D: Deserializer<'de>, N: std::str::FromStr>(deserializer: D) -> Result<N, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("a number must be a string of digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str) -> Value {
        json!({
            "traceId": "5759e988bd862e3fe1be46a994272793", "spanId": id, "parentSpanId": "53995c3f42cd8ad8", "name": "a",
            "kind": 3, "startTimeUnixNano": "1", "endTimeUnixNano": "2", "status": {"code": 2},
            "attributes": [
                {"key": "server.port", "value": {"intValue": "443"}},
                {"key": "server.address", "value": {"stringValue": "example.com"}},
                {"key": "faas.coldstart", "value": {"boolValue": true}},
            ],
        })
    }

    fn request(spans: &[Value]) -> Vec<u8> {
        let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "query"}}]});
        json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).to_string().into_bytes()
    }

    #[test]
    fn spans_are_read_as_otlp_has_them() {
        let traces = Traces::default();
        assert_eq!(traces.answer(&request(&[span("00000000000000ab")])).status, 200);
        let [span] = &traces.all()[..] else { panic!("{traces:?}") };
        assert_eq!((span.service.as_str(), span.kind, span.start, span.end), ("query", 3, 1, 2));
        assert!(span.has_failed);
        assert_eq!(
            Value::from(span.attributes.clone()),
            json!({"server.port": 443, "server.address": "example.com", "faas.coldstart": true})
        );
    }

    #[test]
    fn what_is_not_otlp_is_refused_and_nothing_of_it_is_kept() {
        let traces = Traces::default();
        for id in ["0000000000000000", "ab", "00000000000000zz"] {
            assert_eq!(traces.answer(&request(&[span("00000000000000ab"), span(id)])).status, 400, "{id}");
        }
        let mut twice = span("00000000000000ab");
        twice["attributes"] =
            json!([{"key": "a", "value": {"boolValue": true}}, {"key": "a", "value": {"boolValue": true}}]);
        let mut number = span("00000000000000ab");
        number["endTimeUnixNano"] = json!(2);
        assert_eq!([twice, number].map(|span| traces.answer(&request(&[span])).status), [400, 400]);
        assert_eq!(traces.all(), []);
    }
}
