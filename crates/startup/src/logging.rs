use tracing::Level;

/// Logs everything from `level` up as one JSON object a line, on standard output, which Lambda sends to CloudWatch.
///
/// The span of the Lambda runtime is part of each line: it has the request id.
///
/// Does nothing when a subscriber is set already.
pub fn log_as_json(level: Level) {
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_max_level(level).finish();
    // It fails only when there is a subscriber already, as in a test.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
