//! What a call through this client costs, next to the same bytes sent by hand with reqwest and serde_json.
//!
//! ```text
//! cargo bench -p appsync            # half a minute
//! cargo test -p appsync --benches   # seconds: one call of each, to see that it works
//! ```
//!
//! The server is another process, so that the CPU time of this one is the client's alone. The contenders take turns,
//! a few calls each, in one run: whatever else the machine does hits all of them.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints, and ends where something fails")]

mod contenders;
mod report;
mod server;

use std::time::Duration;

use contenders::{ByHand, Contender, GetOrder, ListOrders, Ours, Unread};
use report::{Figures, print};
use rustix::time::{ClockId, clock_gettime};

/// How often the contenders take turns, and how many calls each makes in a turn.
#[derive(Clone, Copy)]
struct Plan {
    turns: usize,
    calls: usize,
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == server::ARGUMENT) {
        return server::serve();
    }
    // Cargo passes this option to `cargo bench` only.
    let measures = arguments.iter().any(|argument| argument == "--bench");
    let plan = |turns, calls| if measures { Plan { turns, calls } } else { Plan { turns: 1, calls: 1 } };

    let server = server::Process::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let (small, large) = runtime.block_on(async {
        (
            race::<GetOrder>(&server.small, plan(300, 50), &[&Ours, &ByHand]).await,
            race::<ListOrders>(&server.large, plan(200, 2), &[&Ours, &ByHand, &Unread]).await,
        )
    });
    if measures {
        print(&small, &large);
    }
}

/// Lets the contenders take turns at calling the API at `url`.
async fn race<O: contenders::Example>(url: &str, plan: Plan, contenders: &[&dyn Contender<O>]) -> Vec<Figures> {
    let mut field = Vec::new();
    for contender in contenders {
        let mut call = contender.prepare(url);
        // Opens the connection.
        call().await;
        field.push((call, Figures::new(contender.name())));
    }
    for turn in 0..plan.turns {
        let first = turn % field.len();
        field.rotate_left(first);
        for (call, figures) in &mut field {
            let cpu = now(ClockId::ThreadCPUTime);
            for _ in 0..plan.calls {
                let start = now(ClockId::Monotonic);
                call().await;
                figures.latencies.push(now(ClockId::Monotonic) - start);
            }
            figures.cpu.push((now(ClockId::ThreadCPUTime) - cpu) / u32::try_from(plan.calls).expect("few calls"));
        }
        field.rotate_right(first);
    }
    field.into_iter().map(|(_, figures)| figures).collect()
}

fn now(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).expect("below a second"))
}
