//! `cargo xtask soak`: one process that answers many invocations at once, for long, as on Lambda Managed Instances.

mod bounds;
mod load;
mod samples;

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use local_cloud::Service;
use runtime_api::Stopwatch;

use crate::{
    backend::Backend,
    build::{self, tools},
    function::Function,
    share::Share,
    tables::table,
    variants::{OURS, Variant},
};
use bounds::Bounds;
use load::Load;
use samples::Samples;

/// Invokes processes of the function, the one with tokens of 20 s `invocations` times, and prints what was measured.
///
/// # Errors
/// When a bound is missed, or the function cannot be run.
pub(crate) async fn run(invocations: usize, optimized: bool) -> Result<()> {
    let began = Stopwatch::start();
    let ours = build::all(optimized, |name| name == OURS)?.pop().context("the function is not built")?;
    let backend = Backend::start(tools().join("certificates")).await?;
    let mut soak = Soak {
        began,
        backend,
        ours,
        processors: processors()?,
        rows: Vec::new(),
        failures: 0,
        bounds: Bounds::default(),
    };
    // What unoptimized programs take says nothing of those that are deployed.
    if optimized {
        match Share::new(SHARE) {
            Ok(_) => {
                let few = (invocations / 500).max(1_000);
                soak.compare_threads("as in AWS", true, few).await?;
                soak.compare_threads("at once", false, few).await?;
            }
            Err(error) => {
                println!("        one thread and two: left out, only root can hold a process to a share ({error})")
            }
        }
    }
    soak.renew(invocations).await?;
    soak.bounds.at_most("failures", 0.0, soak.failures as f64);
    began.say("done");
    println!("\n{}\n{}", table(&COLUMNS, soak.rows.into_iter()), soak.bounds.table());
    soak.bounds.check()
}

struct Soak {
    began: Stopwatch,
    backend: Backend,
    ours: Variant,
    /// Those that this program may run on.
    processors: Vec<usize>,
    rows: Vec<Vec<String>>,
    failures: usize,
    bounds: Bounds,
}

/// A process of two vCPUs has two threads.
const THREADS: usize = 2;
/// As many invocations are under way at a time.
const IN_FLIGHT: usize = 16;
/// So many that there is always one to go on with.
const SATURATING: usize = 128;
/// Of a processor, for each thread: so little that the process is what limits the throughput, and not what invokes it.
const SHARE: f64 = 0.05;
const LONG_LIFE: Duration = Duration::from_secs(3600);
const SHORT_LIFE: Duration = Duration::from_secs(20);
/// The earliest part of a token's life after which it is renewed.
const RENEWED_AFTER: f64 = 0.6;

impl Soak {
    /// One thread and two in turn. The kernel gives the process CPU time by a quota, as a container has it: two threads get
    /// twice the time of one, and keep the throughput twice as high only if an invocation takes no more of it. That both of
    /// them work is seen afterwards, by what each has used.
    async fn compare_threads(&mut self, services: &str, latencies: bool, invocations: usize) -> Result<()> {
        const ROUNDS: usize = 5;
        self.began.say(format!("services {services}, {SHARE} of a processor for each thread: one and two in turn"));
        self.backend.set_latencies(latencies);
        self.backend.cloud.set_token_lifetime(LONG_LIFE);
        let (mut one, mut two) = (Load::default(), Load::default());
        for _ in 0..ROUNDS {
            one.add(self.saturate(1, invocations).await?);
            two.add(self.saturate(THREADS, invocations).await?);
        }
        let name = format!("throughput of two threads to that of one, services {services}");
        self.bounds.at_least(name, 1.8, two.per_second() / one.per_second());
        self.report(&format!("{services}, little CPU"), 1, LONG_LIFE, &one);
        self.report(&format!("{services}, little CPU"), THREADS, LONG_LIFE, &two);
        Ok(())
    }

    async fn saturate(&self, threads: usize, invocations: usize) -> Result<Load> {
        let mut function = self.start(threads, SATURATING).await?;
        function.hold_to(SHARE * threads as f64)?;
        Load::run(&function, SATURATING, invocations / 10).await?;
        let load = Load::run(&function, SATURATING, invocations).await?;
        function.end().await?;
        Ok(load)
    }

    /// Two processes at the same time with services as in AWS: of one the tokens live for an hour, of the other for 20 s.
    /// Then the other alone, with services that answer at once.
    async fn renew(&mut self, invocations: usize) -> Result<()> {
        let began = self.began;
        let (cloud, side_by_side) = (&self.backend.cloud, invocations / 5);
        began.say("services as in AWS: tokens of an hour and of 20 s, side by side");
        self.backend.set_latencies(true);
        cloud.set_token_lifetime(LONG_LIFE);
        let without = self.start(THREADS, IN_FLIGHT).await?;
        cloud.set_token_lifetime(SHORT_LIFE);
        cloud.reset_calls();
        let (running, with) = (Stopwatch::start(), self.start(THREADS, IN_FLIGHT).await?);
        let samples = Samples::default();
        let work = async {
            let as_in_aws = tokio::try_join!(
                Load::run(&without, IN_FLIGHT, side_by_side),
                Load::run(&with, IN_FLIGHT, side_by_side)
            )?;
            without.end().await?;
            began.say("services that answer at once: tokens of 20 s");
            self.backend.set_latencies(false);
            anyhow::Ok((as_in_aws, Load::run(&with, IN_FLIGHT, invocations - side_by_side).await?))
        };
        let ((without, as_in_aws), at_once) = tokio::select! {
            loads = work => loads?,
            error = samples.take(&with) => return Err(error),
        };
        let most_generations = (running.elapsed().as_secs_f64() / SHORT_LIFE.as_secs_f64() / RENEWED_AFTER).ceil();
        let (sign_ins, with_password) = (cloud.count(Service::Cognito) as f64, cloud.count(Service::Ssm) as f64);

        // At least a hundred invocations are slower than the quantile: of fewer, one decides. Among them are those that renewed a
        // token, one for each renewal, which move the quantile by some hundredths. If all that are under way had to wait, there
        // would be sixteen for each renewal, and the quantile would be what Cognito takes.
        let (name, quantile) = if side_by_side >= 100_000 { ("p99.9", 0.999) } else { ("p99", 0.99) };
        let slower = as_in_aws.quantile(quantile) / without.quantile(quantile);
        self.bounds.at_most(format!("{name} with tokens of 20 s to that with tokens of an hour"), 1.15, slower);
        self.bounds.at_most("sign-ins and renewals: token generations + 1", most_generations + 1.0, sign_ins);
        self.bounds.at_least("of them renewals", 1.0, sign_ins - with_password);
        self.bounds.at_most("of them sign-ins with the password", 1.0, with_password);
        self.bounds.at_most("the busier thread's part of the CPU time", 0.55, at_once.busiest());
        self.bounds.at_most("growth of memory over the run, by its slope", 0.05, samples.growth());
        self.bounds.at_most("file descriptors more in the second half of the run", 0.0, samples.leaked_descriptors());
        let (memory, descriptors) = samples.most();
        println!("        the most that the process held: {memory:.1} MiB, {descriptors} file descriptors");
        self.report("as in AWS", THREADS, LONG_LIFE, &without);
        self.report("as in AWS", THREADS, SHORT_LIFE, &as_in_aws);
        self.report("at once", THREADS, SHORT_LIFE, &at_once);
        Ok(())
    }

    /// Starts a process that may use so many processors and gets so many invocations at once, and waits until it is idle.
    async fn start(&self, processors: usize, in_flight: usize) -> Result<Function> {
        let these: Vec<String> = self.processors.iter().take(processors).map(usize::to_string).collect();
        let pinned = ["taskset", "--cpu-list", &these.join(",")].map(str::to_owned);
        let mut environment = self.backend.environment(false);
        environment.push(("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), in_flight.to_string()));
        environment.push(("METRICS_NAMESPACE".to_owned(), "Soak".to_owned()));
        let mut function = Function::start_under(&pinned, &self.ours, &environment, &tools().join("soak")).await?;
        function.idle().await?;
        Ok(function)
    }

    fn report(&mut self, services: &str, threads: usize, life: Duration, load: &Load) {
        let of_threads: Vec<_> = load.cpu.iter().map(|cpu| format!("{:.1}", cpu.as_secs_f64())).collect();
        self.rows.push(vec![
            services.to_owned(),
            threads.to_string(),
            format!("{} s", life.as_secs()),
            load.times_ms.len().to_string(),
            format!("{:.0}", load.per_second()),
            format!("{:.0}", load.cpu_us()),
            of_threads.join(" + "),
            format!("{:.1}", load.quantile(0.5)),
            format!("{:.1}", load.quantile(0.999)),
            load.failures.len().to_string(),
        ]);
        for failure in load.failures.iter().take(3) {
            println!("        {services}: {failure}");
        }
        self.failures += load.failures.len();
    }
}

const COLUMNS: [&str; 10] = [
    "services",
    "threads",
    "token's life",
    "invocations",
    "per second",
    "CPU of one, µs",
    "CPU of the threads, s",
    "p50 ms",
    "p99.9 ms",
    "failed",
];

/// The processors that this program may run on; at least as many as the function gets.
fn processors() -> Result<Vec<usize>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut processors = Vec::new();
    for range in list.context("no Cpus_allowed_list in /proc")?.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        processors.extend(first.parse::<usize>()?..=last.parse()?);
    }
    ensure!(processors.len() >= THREADS, "it needs two processors, and may use one");
    Ok(processors)
}
