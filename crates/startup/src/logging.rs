use tracing::{Level, Metadata, Span, field::Empty};
#[cfg(feature = "traces")]
use tracing_subscriber::{Layer as _, filter::LevelFilter};
use tracing_subscriber::{filter::filter_fn, layer::SubscriberExt as _, registry};

use crate::span_fields::SpanFields;
#[cfg(feature = "traces")]
use crate::traces::{Recorder, is_recorded};

/// Logs everything from `level` up as one JSON object a line, on standard output, which Lambda sends to CloudWatch.
///
/// The spans around an event are part of its line: that of the Lambda runtime has the request id, that of
/// [`invocation_span`] the function's name, its operation and whether it has just been started, and from `DEBUG` on
/// that of each call of AppSync and of each sign-in. What the runtime and the SDK log at `TRACE` is left out: whole
/// events, which may hold a caller's token or a presigned URL, and whole answers.
///
/// Does nothing when a subscriber is set already.
pub fn log_as_json(level: Level) {
    let wanted = filter_fn(move |metadata| is_wanted(level, metadata));
    let wanted = wanted.with_max_level_hint(level);
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let json = json.fmt_fields(SpanFields);
    // It fails only when there is a subscriber already, as in a test.
    let _ = tracing::subscriber::set_global_default(registry().with(wanted).with(json));
}

/// The same, beside a recorder of spans, which has a filter of its own: traces have spans that the log leaves out.
#[cfg(feature = "traces")]
pub(crate) fn log_as_json_and_record(level: Level, recorder: Recorder) {
    let wanted = filter_fn(move |metadata| is_wanted(level, metadata)).with_max_level_hint(level);
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let json = json.fmt_fields(SpanFields);
    let recorder = recorder.with_filter(filter_fn(is_recorded).with_max_level_hint(LevelFilter::INFO));
    let _ = tracing::subscriber::set_global_default(registry().with(json.with_filter(wanted)).with(recorder));
}

fn is_wanted(level: Level, metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= level
        && !repeats_a_failure(metadata)
        && !is_a_body(metadata)
        && (level > Level::INFO || !is_a_call(metadata))
}

/// What is logged in an invocation's span has the function's name, whether this is the process's first invocation, and the
/// operation as soon as that is known: `span.record("operation", ...)`.
pub fn invocation_span(function: Option<&String>, is_first: bool) -> Span {
    tracing::info_span!("invocation", function, coldStart = is_first, operation = Empty)
}

/// The Lambda runtime logs the error that a handler returns, outside of the invocation's span. It has been logged in there,
/// with more to it. A panic, which the runtime logs at the same place, comes with a field.
fn repeats_a_failure(event: &Metadata<'_>) -> bool {
    event.target() == "lambda_runtime::layers::panic" && event.fields().field("error").is_none()
}

/// The span of one call of AppSync, of a sign-in, or of a read of the published token. What is logged in it names the
/// operation, by itself or by the spans around, and it gets its own fields when it ends: to write them costs more than
/// all the rest of the log, and nobody reads them there.
fn is_a_call(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && (metadata.target() == "appsync::span" || metadata.target().starts_with("auth_cache::"))
}

fn is_a_body(event: &Metadata<'_>) -> bool {
    let target = event.target();
    *event.level() == Level::TRACE && (target.starts_with("lambda_runtime") || target.starts_with("aws_smithy_runtime"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{Subscriber, subscriber::with_default};
    use tracing_subscriber::{Layer, layer::Context};

    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            let names = event.fields().map(|field| field.name()).collect::<Vec<_>>().join(" ");
            self.0.lock().unwrap().push(names);
        }
    }

    #[test]
    fn the_span_of_a_call_is_shown_from_debug_on_and_that_of_an_invocation_always() {
        for (level, shown) in [(Level::INFO, false), (Level::DEBUG, true)] {
            let subscriber = registry().with(filter_fn(move |metadata| is_wanted(level, metadata)));
            with_default(subscriber, || {
                assert!(!invocation_span(None, true).is_disabled());
                assert_eq!(!tracing::info_span!(target: "appsync::span", "appsync").is_disabled(), shown, "{level}");
                assert!(!tracing::info_span!(target: "appsync_gateway", "request").is_disabled());
            });
        }
    }

    #[test]
    fn of_the_runtimes_lines_only_the_one_that_repeats_a_failure_is_left_out() {
        let seen = Seen::default();
        let subscriber = registry().with(filter_fn(|event| is_wanted(Level::INFO, event))).with(seen.clone());
        with_default(subscriber, || {
            tracing::error!(target: "lambda_runtime::layers::panic", "a failure that was returned");
            tracing::error!(target: "lambda_runtime::layers::panic", error = "panic", "user handler panicked");
            tracing::error!(target: "lambda_runtime::layers::api_client", "something else");
        });
        assert_eq!(*seen.0.lock().unwrap(), ["message error", "message"]);
    }
}
