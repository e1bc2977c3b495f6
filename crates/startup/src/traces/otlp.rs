//! OTLP's JSON of a span: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>,
//! <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto>

use std::{
    borrow::Cow,
    fmt::{self, Display},
    time::SystemTime,
};

use serde::{Serialize, Serializer};
use serde_json::json;

/// A span that is recorded, and its parent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: SpanId,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: u8,
    #[serde(serialize_with = "decimal")]
    start_time_unix_nano: u64,
    #[serde(serialize_with = "decimal")]
    end_time_unix_nano: u64,
    attributes: Vec<Attribute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// Which span it is: what a child has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanContext {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
}

pub(super) const INTERNAL: u8 = 1;
pub(super) const SERVER: u8 = 2;
pub(super) const CLIENT: u8 = 3;

impl Span {
    /// A span that begins now. Nothing if the operating system has no random number for its id.
    pub(super) fn child_of(parent: SpanContext, now: SystemTime) -> Option<Self> {
        let mut id = [0; 8];
        getrandom::fill(&mut id).ok()?;
        let now = nanos(now);
        Some(Self {
            trace_id: parent.trace_id,
            span_id: SpanId(u64::from_ne_bytes(id)),
            parent_span_id: parent.span_id,
            name: Cow::Borrowed(""),
            kind: INTERNAL,
            start_time_unix_nano: now,
            end_time_unix_nano: now,
            attributes: Vec::new(),
            status: None,
        })
    }

    pub(super) fn context(&self) -> SpanContext {
        SpanContext { trace_id: self.trace_id, span_id: self.span_id }
    }

    /// No span ends before it has begun, even if the clock was set back.
    pub(super) fn end_at(&mut self, now: SystemTime) {
        self.end_time_unix_nano = nanos(now).max(self.start_time_unix_nano);
    }

    pub(super) fn fail(&mut self) {
        self.status = Some(Status { code: 2 });
    }

    /// Sets an attribute; one that is there already gets the new value.
    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        match self.attributes.iter_mut().find(|attribute| attribute.key == key) {
            Some(attribute) => attribute.value = value,
            None => self.attributes.push(Attribute { key, value }),
        }
    }
}

#[derive(Debug, Serialize)]
struct Attribute {
    key: &'static str,
    value: Value,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the names are OTLP's")]
pub(super) enum Value {
    StringValue(String),
    BoolValue(bool),
    IntValue(#[serde(serialize_with = "decimal")] i64),
}

#[derive(Debug, Serialize)]
struct Status {
    code: u8,
}

/// 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceId(pub(super) u128);

/// 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpanId(pub(super) u64);

impl Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for SpanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Numbers of 64 bits are strings in the JSON of Protocol Buffers.
fn decimal<S: Serializer>(number: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn nanos(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// What comes before and after the spans of a function, which have commas in between.
///
/// <https://opentelemetry.io/docs/specs/semconv/resource/faas/>, <https://opentelemetry.io/docs/specs/semconv/resource/cloud/>
pub(super) fn frame(function: &str, region: &str) -> [String; 2] {
    let attributes = [
        ("service.name", function),
        ("faas.name", function),
        ("cloud.provider", "aws"),
        ("cloud.platform", "aws_lambda"),
        ("cloud.region", region),
    ];
    let attributes = attributes.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
    let resource = json!({"attributes": attributes});
    let scope = json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")});
    let before = format!(r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{scope},"spans":["#);
    [before, "]}]}]}".to_owned()]
}
