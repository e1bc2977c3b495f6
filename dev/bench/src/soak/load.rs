//! Invocations, many of them at once, and what they came to.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use futures_util::future::try_join_all;
use hyper::body::Bytes;
use runtime_api::{Outcome, Stopwatch, millis};
use serde_json::{Value, json};

use crate::function::{Account, Function};

/// The orders that are asked for in turn: an answer that belongs to another invocation is seen.
const ORDERS: [&str; 3] = ["order-1", "order-2", "order-3"];

/// What a number of invocations came to.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) took: Duration,
    /// How long each invocation took, in milliseconds, the shortest first.
    pub(super) times_ms: Vec<f64>,
    pub(super) failures: Vec<String>,
    /// What each thread used that worked at all, the busiest first.
    pub(super) cpu: Vec<Duration>,
}

impl Load {
    /// Invokes `function` so often, with `in_flight` invocations under way at a time.
    pub(super) async fn run(function: &Function, in_flight: usize, invocations: usize) -> Result<Self> {
        let state = State::default();
        let (began, before) = (Stopwatch::start(), function.threads()?);
        try_join_all((0..in_flight).map(|_| state.work(function, invocations))).await?;
        let mut load =
            Self { took: began.elapsed(), cpu: used(&before, &function.threads()?), ..state.load.into_inner() };
        load.times_ms.sort_by(f64::total_cmp);
        Ok(load)
    }

    /// Adds what another number of invocations came to, of another process with as many threads.
    pub(super) fn add(&mut self, other: Self) {
        self.took += other.took;
        self.times_ms.extend(other.times_ms);
        self.times_ms.sort_by(f64::total_cmp);
        self.failures.extend(other.failures);
        self.cpu.resize(self.cpu.len().max(other.cpu.len()), Duration::ZERO);
        self.cpu.iter_mut().zip(other.cpu).for_each(|(cpu, more)| *cpu += more);
    }

    /// What part of the CPU time the busiest thread had.
    pub(super) fn busiest(&self) -> f64 {
        let all: Duration = self.cpu.iter().sum();
        self.cpu.first().map_or(f64::NAN, |cpu| cpu.as_secs_f64() / all.as_secs_f64())
    }

    /// What all threads used for one invocation, in microseconds.
    pub(super) fn cpu_us(&self) -> f64 {
        self.cpu.iter().sum::<Duration>().as_secs_f64() * 1e6 / self.times_ms.len() as f64
    }

    /// The nearest-rank quantile, `part` in 0..=1, in milliseconds.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        let rank = (self.times_ms.len() as f64 * part).ceil() as usize;
        self.times_ms.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.times_ms.len() as f64 / self.took.as_secs_f64()
    }
}

fn used(before: &BTreeMap<PathBuf, Account>, after: &BTreeMap<PathBuf, Account>) -> Vec<Duration> {
    let used =
        |(task, account): (&PathBuf, &Account)| account.used - before.get(task).copied().unwrap_or_default().used;
    let mut used: Vec<_> = after.iter().map(used).filter(|cpu| !cpu.is_zero()).collect();
    used.sort_by(|one, other| other.cmp(one));
    used
}

/// What the workers share.
#[derive(Default)]
struct State {
    begun: Cell<usize>,
    load: RefCell<Load>,
    /// The first answer for each order, which all others for it are equal to.
    answers: RefCell<BTreeMap<&'static str, Bytes>>,
}

impl State {
    /// One invocation after the other, until there are enough.
    async fn work(&self, function: &Function, invocations: usize) -> Result<()> {
        while self.begun.get() < invocations {
            let number = self.begun.replace(self.begun.get() + 1);
            let order = ORDERS[number % ORDERS.len()];
            let event = json!({"operation": "GetOrder", "variables": {"id": order}}).to_string();
            let Outcome { wall, answer, .. } = function.api().invoke(event).await?;
            let mut load = self.load.borrow_mut();
            load.times_ms.push(millis(wall));
            let checked = match answer {
                Ok(answer) => self.check(order, answer),
                Err(error) => Err(anyhow!("{}", String::from_utf8_lossy(&error))),
            };
            load.failures.extend(checked.err().map(|error| format!("invocation {number}: {error:#}")));
        }
        Ok(())
    }

    fn check(&self, order: &'static str, answer: Bytes) -> Result<()> {
        let mut answers = self.answers.borrow_mut();
        if let Some(first) = answers.get(order) {
            ensure!(*first == answer, "not the answer for {order}: {}", String::from_utf8_lossy(&answer));
            return Ok(());
        }
        let json: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
        ensure!(json.pointer("/data/getOrder/id") == Some(&json!(order)), "not {order}: {json}");
        answers.insert(order, answer);
        Ok(())
    }
}
