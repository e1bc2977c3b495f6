use std::{future::poll_fn, pin::pin};

use auth_cache::ManualClock;
use tokio::time::Instant;

/// Does the work on tokio's paused clock, and moves the wall clock along with it.
#[expect(clippy::disallowed_methods, reason = "tokio's clock, which stands still but for what everybody waits for")]
pub(crate) async fn on_one_clock<F: Future>(clock: &ManualClock, work: F) -> F::Output {
    let mut work = pin!(work);
    let mut last = Instant::now();
    poll_fn(|context| {
        let now = Instant::now();
        clock.advance(now - last);
        last = now;
        work.as_mut().poll(context)
    })
    .await
}
