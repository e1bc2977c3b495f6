//! What a token cache costs, next to the caches that other projects use for the same purpose, in one run:
//!
//! ```text
//! cargo bench -p auth-cache                  # a minute; the tables come last
//! cargo bench -p auth-cache -- --quick       # a quarter of it, for a first look
//! WRITE_TABLES=1 cargo bench -p auth-cache   # puts the tables into DEVELOPMENT.md, in place of those that are there
//! cargo test -p auth-cache --benches         # seconds: no times, only what must hold on any machine
//! ```
//!
//! Every cache is driven by the same code, through [`Peer`](peers::Peer), and each is used as its documentation says,
//! with its check of expiry on. The measurements of one cache are spread over several rounds, so that a busy moment of
//! the machine does not hit one cache alone; the median is shown. Only ratios carry over to another machine.
//!
//! The process fails if our cache allocates in a warm hit or signs in more often than once where once is enough, and
//! never because of a time.

#![expect(clippy::print_stdout, reason = "the tables are the purpose")]

mod measure;
mod peers;
mod report;

use std::{process::ExitCode, time::Duration};

use criterion::{Criterion, SamplingMode};

use crate::{
    measure::{Load, Subject},
    peers::{AuthCache, AwsLazyCache, AzureIdentity, Direct, Floor, GoogleCloudAuth, Moka, TokioOnceCell, TokioRwLock},
    report::{Figures, Samples},
};

/// Who shares a cache while its warm hits are measured.
const LOADS: [Load; 5] = [Load::of(1), Load::of(2), Load::of(8), Load::of(64), Load::of(64).holding()];

/// The floor, which shows what a hit costs at least and is no cache, then the caches: the order of the tables.
const SUBJECTS: [Subject; 8] = [
    Subject::of::<Floor>(),
    Subject::of::<AuthCache>(),
    Subject::of::<TokioOnceCell>(),
    Subject::of::<TokioRwLock>(),
    Subject::of::<GoogleCloudAuth>(),
    Subject::of::<AzureIdentity>(),
    Subject::of::<Moka>(),
    Subject::of::<AwsLazyCache>(),
];
const FLOORS: usize = 1;

fn main() -> ExitCode {
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    let timed = given("--bench") && !given("--test");
    let rounds = if timed && !given("--quick") { 5 } else { 1 };
    let callers = if timed { 100 } else { 10 };

    let mut figures = SUBJECTS.map(|subject| Figures::new(subject.name));
    let mut direct = Samples::default();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .nresamples(1000)
        .configure_from_args();
    for _ in 0..rounds {
        time_warm_hits(&mut criterion, &mut figures);
        time_cold_misses(&mut criterion, &mut figures[FLOORS..], &mut direct);
    }

    for (subject, figures) in SUBJECTS.iter().zip(&mut figures) {
        figures.allocations = (subject.allocations)();
    }
    for (subject, figures) in SUBJECTS.iter().zip(&mut figures).skip(FLOORS) {
        figures.herd = Some((subject.failing_herd)(callers));
    }

    if timed {
        let tables = report::tables(&figures, &direct, callers);
        println!("\n{tables}");
        if write_tables_into_document() {
            report::write_into_document(&tables);
        }
    }
    let broken = report::broken_claims(&figures);
    for claim in &broken {
        eprintln!("FAILED: {claim}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// By a variable, because criterion takes no flags but its own.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration")]
fn write_tables_into_document() -> bool {
    std::env::var_os("WRITE_TABLES").is_some()
}

fn time_warm_hits(criterion: &mut Criterion, figures: &mut [Figures]) {
    let runtime = measure::workers();
    for (nth, load) in LOADS.into_iter().enumerate() {
        let mut group = criterion.benchmark_group(format!("warm hit, {load}"));
        group.sampling_mode(SamplingMode::Flat);
        for (subject, figures) in SUBJECTS.iter().zip(&mut *figures) {
            group.bench_function(subject.name, |bencher| {
                bencher.iter_custom(|gets| figures.warm[nth].note(gets, (subject.warm_hits)(&runtime, load, gets)));
            });
        }
    }
}

fn time_cold_misses(criterion: &mut Criterion, caches: &mut [Figures], direct: &mut Samples) {
    const DIRECT: Subject = Subject::of::<Direct>();
    let caches = SUBJECTS[FLOORS..].iter().zip(caches.iter_mut().map(|figures| &mut figures.cold));
    let mut group = criterion.benchmark_group("cold miss");
    // Making a new cache each time takes several times as long as what is measured.
    group
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(10))
        .measurement_time(Duration::from_millis(20));
    for (subject, samples) in std::iter::once((&DIRECT, direct)).chain(caches) {
        group.bench_function(subject.name, |bencher| {
            bencher.iter_custom(|gets| samples.note(gets, (subject.cold_misses)(gets)));
        });
    }
}
