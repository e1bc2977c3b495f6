use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _};

/// Logs everything from `level` up as one JSON object a line, on standard output, which Lambda sends to CloudWatch.
///
/// The span of the Lambda runtime is part of each line: it has the request id. What the runtime and the SDK log at
/// `TRACE` is left out: whole events, which may hold a caller's token or a presigned URL, and whole answers.
///
/// Does nothing when a subscriber is set already.
pub fn log_as_json(level: Level) {
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    let without_bodies = level.min(Level::DEBUG);
    let levels = Targets::new()
        .with_default(level)
        .with_target("lambda_runtime", without_bodies)
        .with_target("aws_smithy_runtime", without_bodies);
    // It fails only when there is a subscriber already, as in a test.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(levels).with(json));
}
