//! Ctrl-C and its relatives.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// A request to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    /// Ctrl-C, or `kill -INT`.
    Interrupt,
    /// `kill`.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

impl Stop {
    /// 128 and the signal's number, as shells say it.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        })
    }
}

/// Resolves at the first request to stop; later ones are ignored, because stopping is under way and takes a moment.
pub(crate) async fn received() -> Stop {
    let listen = |kind| signal(kind).expect("a signal handler can be installed inside the runtime");
    let mut interrupt = listen(SignalKind::interrupt());
    let mut terminate = listen(SignalKind::terminate());
    let mut hang_up = listen(SignalKind::hangup());
    let stop = tokio::select! {
        _ = interrupt.recv() => Stop::Interrupt,
        _ = terminate.recv() => Stop::Terminate,
        _ = hang_up.recv() => Stop::HangUp,
    };
    eprintln!("\nstopping what was started");
    stop
}
