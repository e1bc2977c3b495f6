//! Spans of what an invocation does, sent to X-Ray or another OpenTelemetry collector before the invocation ends.

mod exporter;
mod pending;
mod recorder;

mod otlp;
mod trace_header;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, SystemTime},
};

use auth_cache::{Clock, Deadline, ErrorChain};
use http::HeaderValue;
use tracing_subscriber::registry::{LookupSpan as _, Registry};

pub(crate) use self::recorder::{Recorder, is_recorded};
use self::{exporter::Exporter, otlp::Span, otlp::SpanContext, pending::Pending};
use crate::Config;

/// What a process has of traces: spans that have ended and are not sent yet, and where they go.
pub(crate) struct Traces {
    pending: Mutex<Pending>,
    exporter: OnceLock<Exporter>,
    clock: Clock,
}

/// How long an invocation waits for the collector. With less time left, its spans go with the next invocation.
const LONGEST_EXPORT: Duration = Duration::from_millis(500);

impl Traces {
    pub(crate) const fn new() -> Self {
        Self { pending: Mutex::new(Pending::new()), exporter: OnceLock::new(), clock: Clock::wall() }
    }

    /// What the subscriber needs.
    pub(crate) fn recorder(&'static self) -> Recorder {
        Recorder::new(&self.pending, self.clock.clone())
    }

    /// Where the spans go, if the configuration says so; without it, nothing is recorded.
    pub(crate) fn export(&self, http: &reqwest::Client, config: &Config) {
        if let Some(endpoint) = &config.traces_endpoint {
            self.exporter.get_or_init(|| Exporter::new(http.clone(), endpoint.clone(), config));
        }
    }

    /// What an invocation's spans belong to, by its `X-Amzn-Trace-Id`; nothing if they are not wanted.
    pub(crate) fn parent(&self, trace: Option<&str>) -> Option<SpanContext> {
        self.exporter.get()?;
        trace_header::sampled(trace?)
    }

    /// Records the span of an invocation. Those below it are recorded then, too.
    pub(crate) fn begin(&self, span: &tracing::Span, parent: SpanContext, function: Option<&String>, is_first: bool) {
        let Some(mut recorded) = Span::child_of(parent, self.clock.now()) else { return };
        recorded.name = function.map_or("function", String::as_str).to_owned().into();
        recorded.kind = otlp::SERVER;
        recorded.set("faas.coldstart", otlp::Value::BoolValue(is_first));
        with_extensions(span, |extensions| extensions.insert(recorded));
    }

    /// Ends the span of an invocation. What waits for something in it may hold the span itself for longer.
    pub(crate) fn end(&self, span: &tracing::Span) {
        if let Some(Some(mut recorded)) = with_extensions(span, |extensions| extensions.remove::<Span>()) {
            recorded.end_at(self.clock.now());
            self.pending().push(&recorded);
        }
    }

    /// Sends what there is, in an invocation that ends at `ends_at`. A collector that fails is left alone for a while; what it has
    /// not taken is kept.
    pub(crate) async fn flush(&self, ends_at: SystemTime) {
        let Some(exporter) = self.exporter.get() else { return };
        let now = self.clock.now();
        if exporter.is_left_alone(now) || Deadline::of_invocation_at(ends_at, now).remaining(now) < LONGEST_EXPORT {
            return;
        }
        let Some(batch) = self.pending().take() else { return };
        let failure = exporter.send(&batch, LONGEST_EXPORT, &self.clock).await.err();
        if failure.as_ref().is_some_and(exporter::ExportError::may_pass) {
            self.pending().put_back(batch);
        }
        let was_failing = exporter.note(failure.as_ref(), self.clock.now());
        match failure {
            Some(error) if !was_failing => {
                tracing::warn!(error = %ErrorChain(&error), "could not send traces; the collector is left alone for a while");
            }
            Some(error) => tracing::debug!(error = %ErrorChain(&error), "could not send traces again"),
            None if was_failing => tracing::info!(dropped = self.pending().forget_dropped(), "traces are sent again"),
            None => {}
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trace header of a request that is a child of this span, if the span is recorded: with its own id as the parent.
pub(crate) fn trace_header(span: &tracing::Span) -> Option<HeaderValue> {
    let context = with_extensions(span, |extensions| extensions.get_mut::<Span>().map(|span| span.context()))??;
    HeaderValue::try_from(trace_header::of(context)).ok()
}

/// The data of a span, if it goes to [`Recorder`]'s subscriber.
fn with_extensions<T>(
    span: &tracing::Span,
    work: impl FnOnce(&mut tracing_subscriber::registry::ExtensionsMut<'_>) -> T,
) -> Option<T> {
    span.with_subscriber(|(id, subscriber)| {
        let span = subscriber.downcast_ref::<Registry>()?.span(id)?;
        Some(work(&mut span.extensions_mut()))
    })?
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use auth_cache::ManualClock;
    use local_cloud::{Fault, LocalCloud, Service};

    use super::*;
    use crate::clients;

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const LONG: Duration = Duration::from_secs(10);

    /// What a process has of traces, and a clock to set by hand.
    fn traces(cloud: &LocalCloud) -> (Traces, ManualClock) {
        let environment = cloud.environment();
        let endpoint = format!("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={}", cloud.traces_url());
        let config = Config::from_lookup(|name| {
            let mut lines = environment.iter().chain([&endpoint]).filter_map(|line| line.split_once('='));
            lines.find_map(|(key, value)| (key == name).then(|| value.to_owned()))
        });
        let config = config.unwrap();
        let clock = ManualClock::at(START);
        let traces = Traces { clock: clock.clone().into(), ..Traces::new() };
        traces.export(&clients::http_client(&config.aws).unwrap(), &config);
        (traces, clock)
    }

    /// An invocation that does nothing and ends in `left`.
    async fn invocation(traces: &Traces, name: &'static str, left: Duration) {
        let now = traces.clock.now();
        let parent =
            trace_header::sampled("Root=1-00000001-000000000000000000000001;Parent=0000000000000001;Sampled=1");
        let mut span = Span::child_of(parent.unwrap(), now).unwrap();
        span.name = name.into();
        traces.pending().push(&span);
        traces.flush(now + left).await;
    }

    fn names(cloud: &LocalCloud) -> Vec<String> {
        cloud.spans().into_iter().map(|span| span.name).collect()
    }

    #[tokio::test]
    async fn a_collector_that_fails_is_left_alone_for_a_while_and_gets_all_of_it_afterwards() {
        for fault in [Fault::status(Service::Traces, 503), Fault::reset(Service::Traces).times(2)] {
            let cloud = LocalCloud::start().await.unwrap();
            let (traces, clock) = traces(&cloud);
            cloud.inject(fault);
            invocation(&traces, "a", LONG).await;
            let failed = cloud.count(Service::Traces);
            clock.advance(Duration::from_secs(29));
            invocation(&traces, "b", LONG).await;
            assert_eq!((cloud.count(Service::Traces), names(&cloud).len()), (failed, 0));
            clock.advance(Duration::from_secs(1));
            invocation(&traces, "c", LONG).await;
            assert_eq!(names(&cloud), ["a", "b", "c"]);
            invocation(&traces, "d", LONG).await;
            assert_eq!(names(&cloud), ["a", "b", "c", "d"]);
        }
    }

    #[tokio::test]
    async fn a_collector_says_for_how_long_it_is_left_alone() {
        let cloud = LocalCloud::start().await.unwrap();
        let (traces, clock) = traces(&cloud);
        for (asked, kept) in [(60, 60), (1_000_000, 600)] {
            cloud.inject(Fault::status(Service::Traces, 429).retry_after(Duration::from_secs(asked)));
            invocation(&traces, "a", LONG).await;
            let taken = names(&cloud).len();
            clock.advance(Duration::from_secs(kept - 1));
            invocation(&traces, "b", LONG).await;
            assert_eq!(names(&cloud).len(), taken, "{asked}");
            clock.advance(Duration::from_secs(1));
            invocation(&traces, "c", LONG).await;
            assert_eq!(names(&cloud).len(), taken + 3, "{asked}");
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_does_not_lengthen_the_pause() {
        let cloud = LocalCloud::start().await.unwrap();
        let (traces, clock) = traces(&cloud);
        clock.advance(LONG);
        cloud.inject(Fault::status(Service::Traces, 503));
        invocation(&traces, "a", LONG).await;
        clock.set_back(LONG);
        invocation(&traces, "b", LONG).await;
        assert_eq!(names(&cloud), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_connection_that_broke_is_replaced_at_once() {
        let cloud = LocalCloud::start().await.unwrap();
        let (traces, _clock) = traces(&cloud);
        invocation(&traces, "a", LONG).await;
        cloud.inject(Fault::reset(Service::Traces));
        invocation(&traces, "b", LONG).await;
        assert_eq!(names(&cloud), ["a", "b"]);
    }

    #[tokio::test]
    async fn what_a_collector_refuses_for_good_is_not_sent_again() {
        let cloud = LocalCloud::start().await.unwrap();
        let (traces, clock) = traces(&cloud);
        cloud.inject(Fault::status(Service::Traces, 400));
        invocation(&traces, "a", LONG).await;
        clock.advance(Duration::from_secs(30));
        invocation(&traces, "b", LONG).await;
        assert_eq!(names(&cloud), ["b"]);
    }

    #[tokio::test]
    async fn an_invocation_that_is_about_to_end_leaves_its_spans_to_the_next() {
        let cloud = LocalCloud::start().await.unwrap();
        let (traces, _clock) = traces(&cloud);
        invocation(&traces, "a", Duration::from_millis(999)).await;
        assert_eq!(cloud.count(Service::Traces), 0);
        invocation(&traces, "b", Duration::from_millis(1000)).await;
        assert_eq!(names(&cloud), ["a", "b"]);
    }

    #[tokio::test]
    async fn without_an_endpoint_nothing_is_recorded() {
        let traces = Traces::new();
        assert_eq!(
            traces.parent(Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")),
            None
        );
    }
}
