use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

use auth_cache::Clock;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::{
    otlp::{CLIENT, INTERNAL, SERVER, Span, Value},
    pending::Pending,
};

/// Records the spans below that of a sampled invocation.
pub(crate) struct Recorder {
    ended: &'static Mutex<Pending>,
    clock: Clock,
}

impl Recorder {
    pub(super) fn new(ended: &'static Mutex<Pending>, clock: Clock) -> Self {
        Self { ended, clock }
    }
}

/// This workspace's own spans and no others, because it knows what is in them; and errors, which mark their span.
pub(crate) fn is_recorded(metadata: &Metadata<'_>) -> bool {
    const TARGETS: [&str; 5] =
        ["startup::logging", "appsync::span", "auth_cache::cache::sign_in", "auth_cache::published", "events::batch"];
    match metadata.is_span() {
        true => *metadata.level() == Level::INFO && TARGETS.contains(&metadata.target()),
        false => *metadata.level() == Level::ERROR,
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(parent) = span.parent().and_then(|parent| Some(parent.extensions().get::<Span>()?.context())) else {
            return;
        };
        let Some(mut recorded) = Span::child_of(parent, self.clock.now()) else { return };
        recorded.name = span.name().into();
        attributes.record(&mut recorded);
        span.extensions_mut().insert(recorded);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(recorded) = span.extensions_mut().get_mut::<Span>() {
            values.record(recorded);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        if let Some(recorded) = span.extensions_mut().get_mut::<Span>() {
            recorded.fail();
            event.record(&mut ErrorType(recorded));
        }
    }

    /// A span is closed when all below it are, which may be in another invocation; but it ends when it is left for the last time.
    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(recorded) = span.extensions_mut().get_mut::<Span>() {
            recorded.end_at(self.clock.now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let recorded = context.span(&id).and_then(|span| span.extensions_mut().remove::<Span>());
        if let Some(recorded) = recorded {
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(&recorded);
        }
    }
}

/// The names of the log's fields are not always OpenTelemetry's.
fn attribute(field: &Field) -> &'static str {
    match field.name() {
        "operation" => "graphql.operation.name",
        "messageId" => "messaging.message.id",
        name => name,
    }
}

impl Visit for Span {
    fn record_str(&mut self, field: &Field, value: &str) {
        match (field.name(), value) {
            ("otel.name", name) => self.name = name.to_owned().into(),
            ("otel.kind", "client") => self.kind = CLIENT,
            ("otel.kind", "server") => self.kind = SERVER,
            ("otel.kind", _) => self.kind = INTERNAL,
            ("otel.status_code", "ERROR") => self.fail(),
            _ => self.set(attribute(field), Value::StringValue(value.to_owned())),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(attribute(field), Value::BoolValue(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(attribute(field), Value::IntValue(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(attribute(field), Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Takes nothing from an event but what the error is called: its text may tell more.
struct ErrorType<'a>(&'a mut Span);

impl Visit for ErrorType<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "error_type" {
            self.0.set("error.type", Value::StringValue(value.to_owned()));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::{Value as Json, json};
    use tracing::{Dispatch, field::Empty, info_span, subscriber::NoSubscriber, subscriber::with_default};
    use tracing_subscriber::{filter::filter_fn, layer::SubscriberExt as _, registry};

    use super::*;
    use crate::traces::{Traces, trace_header};

    const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    /// The spans of what `work` does in the span of an invocation, in the order of their ends.
    fn spans(work: impl FnOnce()) -> Vec<Json> {
        let traces: &Traces = Box::leak(Box::new(Traces::new()));
        let subscriber = registry().with(traces.recorder().with_filter(filter_fn(is_recorded)));
        // With a single dispatcher, what other threads' tests say of a span holds for this one's.
        let _second = Dispatch::new(NoSubscriber::new());
        with_default(subscriber, || {
            let span = crate::invocation_span(None, true);
            let parent = super::super::trace_header::sampled(TRACE).unwrap();
            traces.begin(&span, parent, Some(&"query".to_owned()), true);
            span.in_scope(work);
            traces.end(&span);
        });
        let batch = traces.pending().take().unwrap();
        serde_json::from_slice(&[b"[", &batch.json[..], b"]"].concat()).unwrap()
    }

    fn attributes(span: &Json) -> Json {
        let all = span["attributes"].as_array().unwrap().iter();
        all.map(|attribute| (attribute["key"].as_str().unwrap().to_owned(), attribute["value"].clone())).collect()
    }

    #[test]
    fn a_span_has_the_names_that_opentelemetry_has() {
        let spans = spans(|| {
            tracing::Span::current().record("operation", "GetOrder");
            let span = info_span!(target: "appsync::span", "appsync", otel.name = format_args!("{} a", "query"),
                otel.kind = "client", server.port = 443_u16, http.response.status_code = Empty, otel.status_code = Empty);
            span.record("http.response.status_code", 100);
            span.record("http.response.status_code", 403);
            span.record("otel.status_code", "ERROR");
        });
        let [call, invocation] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(
            (&call["name"], &call["kind"], &call["status"]),
            (&json!("query a"), &json!(3), &json!({"code": 2}))
        );
        let expected = json!({"server.port": {"intValue": "443"}, "http.response.status_code": {"intValue": "403"}});
        assert_eq!(attributes(call), expected);
        assert_eq!(call["parentSpanId"], invocation["spanId"]);
        assert_eq!((&invocation["name"], &invocation["kind"]), (&json!("query"), &json!(2)));
        assert_eq!(invocation.get("status"), None);
        let expected = json!({
            "faas.coldstart": {"boolValue": true}, "graphql.operation.name": {"stringValue": "GetOrder"},
        });
        assert_eq!(attributes(invocation), expected);
    }

    #[test]
    fn spans_of_others_are_left_out_and_do_not_come_in_between() {
        let spans = spans(|| {
            let _of_others = info_span!(target: "reqwest", "request", secret = "canary").entered();
            let _ours = info_span!(target: "events::batch", "message", messageId = "m-1").entered();
        });
        let [message, invocation] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(message["parentSpanId"], invocation["spanId"]);
        assert_eq!(attributes(message), json!({"messaging.message.id": {"stringValue": "m-1"}}));
    }

    #[test]
    fn an_error_marks_its_span_by_its_type_and_tells_nothing_else() {
        let spans = spans(|| tracing::error!(error_type = "Denied", error = "canary", "canary"));
        assert_eq!(spans[0]["status"], json!({"code": 2}));
        assert_eq!(attributes(&spans[0])["error.type"], json!({"stringValue": "Denied"}));
        assert!(!json!(spans).to_string().contains("canary"));
    }

    #[test]
    fn an_invocation_ends_although_something_in_it_goes_on() {
        let mut goes_on = None;
        let spans = spans(|| goes_on = Some(info_span!(target: "auth_cache::cache::sign_in", "sign in")));
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0]["name"], "query");
    }

    #[test]
    fn without_a_recorded_span_there_is_no_header() {
        let subscriber = registry();
        with_default(subscriber, || assert_eq!(trace_header(&crate::invocation_span(None, true)), None));
        assert_eq!(trace_header(&tracing::Span::none()), None);
    }

    #[test]
    fn no_span_ends_before_it_begins() {
        let parent = super::super::trace_header::sampled(TRACE).unwrap();
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(5);
        let mut span = Span::child_of(parent, now).unwrap();
        span.end_at(SystemTime::UNIX_EPOCH);
        let span = json!(span);
        assert_eq!(
            (&span["startTimeUnixNano"], &span["endTimeUnixNano"]),
            (&json!("5000000000"), &json!("5000000000"))
        );
    }
}
