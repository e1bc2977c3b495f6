//! Ctrl-C and its relatives.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the first request to stop, with the code to exit with: 128 and the signal's number, as shells say it.
/// Later ones are ignored, because stopping is under way and takes a moment.
pub(crate) async fn received() -> ExitCode {
    let listen = |kind| signal(kind).expect("a signal handler can be installed inside the runtime");
    let mut interrupt = listen(SignalKind::interrupt());
    let mut terminate = listen(SignalKind::terminate());
    let mut hang_up = listen(SignalKind::hangup());
    let code = tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hang_up.recv() => 129,
    };
    eprintln!("\nstopping what was started");
    ExitCode::from(code)
}
