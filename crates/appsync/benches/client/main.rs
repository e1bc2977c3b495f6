//! What a call through this client costs, next to the same bytes sent by hand with reqwest and serde_json.
//!
//! ```text
//! cargo bench -p appsync            # half a minute
//! cargo test -p appsync --benches   # seconds: one call of each, to see that it works
//! ```
//!
//! The server is another process, so that the CPU time of this one is the client's alone. Both run on one core: a call
//! between two cores takes three times as long here, and it is for the scheduler to say which connections get that. The
//! contenders take turns, a few calls each, and a ratio is that of two turns next to each other: whatever else the
//! machine does hits both. The contender that is there twice shows how much of a ratio is chance: the benchmark fails when
//! an aim is missed by more than that.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints, and ends where something fails")]

mod contenders;
mod operations;
mod report;
mod server;

use std::{process::ExitCode, time::Duration};

use contenders::{Again, ByHand, Call, Contender, Ours, Unread};
use operations::{Example, GetOrder, ListOrders};
use report::{Figures, Turn, print};
use rustix::time::{ClockId, clock_gettime};

/// How many heats there are, how often the contenders take turns in one, and how many calls each makes in a turn.
#[derive(Clone, Copy)]
struct Plan {
    heats: usize,
    turns: usize,
    calls: u32,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == server::ARGUMENT) {
        server::serve();
        return ExitCode::SUCCESS;
    }
    // Cargo passes this option to `cargo bench` only.
    let measures = arguments.iter().any(|argument| argument == "--bench");
    let plan = |heats, turns, calls| match measures {
        true => Plan { heats, turns, calls },
        false => Plan { heats: 1, turns: 1, calls: 1 },
    };

    stay_on_one_core();
    let server = server::Process::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let (small, large) = runtime.block_on(async {
        (
            race::<GetOrder>(&server.small, plan(40, 12, 50), &[&Ours, &ByHand, &Again]).await,
            race::<ListOrders>(&server.large, plan(20, 12, 2), &[&Ours, &ByHand, &Again, &Unread]).await,
        )
    });
    match !measures || print(&small, &large) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// This process, and those that it starts.
fn stay_on_one_core() {
    #[cfg(target_os = "linux")]
    {
        let mut cores = rustix::thread::CpuSet::new();
        cores.set(rustix::thread::sched_getcpu());
        rustix::thread::sched_setaffinity(None, &cores).expect("a process may stay where it is");
    }
}

/// Lets the contenders take turns at calling the API at `url`.
async fn race<O: Example>(url: &str, plan: Plan, contenders: &[&dyn Contender<O>]) -> Vec<Figures> {
    let mut figures: Vec<_> = contenders.iter().map(|contender| Figures::new(contender.name())).collect();
    for _ in 0..plan.heats {
        let mut calls: Vec<_> = contenders.iter().map(|contender| contender.prepare(url)).collect();
        for call in &mut calls {
            // Opens the connection.
            call().await;
        }
        for turn in 0..plan.turns {
            for nth in 0..calls.len() {
                let who = (nth + turn) % calls.len();
                figures[who].note(take_turn(&mut calls[who], plan.calls).await);
            }
        }
    }
    figures
}

async fn take_turn(call: &mut Call, calls: u32) -> Turn {
    let (cpu, wall) = (now(ClockId::ThreadCPUTime), now(ClockId::Monotonic));
    for _ in 0..calls {
        call().await;
    }
    let (cpu, wall) = (now(ClockId::ThreadCPUTime) - cpu, now(ClockId::Monotonic) - wall);
    Turn { latency: wall / calls, cpu: cpu / calls }
}

fn now(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).expect("below a second"))
}
