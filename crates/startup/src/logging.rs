use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _};

/// Logs everything from `level` up as one JSON object a line, on standard output, which Lambda sends to CloudWatch.
///
/// The span of the Lambda runtime is part of each line: it has the request id. The one thing that is left out is what
/// the runtime itself logs at `TRACE`, the whole of each event: it may hold its caller's token or a presigned URL.
///
/// Does nothing when a subscriber is set already.
pub fn log_as_json(level: Level) {
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let runtime = level.min(Level::DEBUG);
    let levels = Targets::new().with_default(level).with_target("lambda_runtime", runtime);
    // It fails only when there is a subscriber already, as in a test.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(levels).with(json));
}
