//! Samples, tables, and what must hold on any machine.

use std::{array, iter, time::Duration};

use crate::{
    FLOORS, TASKS,
    measure::{FAILS_AFTER, Herd, WORKERS},
    peers::{AuthCache, AwsLazyCache, Moka, OwnedFloor, Peer},
};

/// What was found out about one cache.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// A warm hit, for each number of [`TASKS`].
    pub(crate) warm: [Samples; TASKS.len()],
    pub(crate) allocations: f64,
    pub(crate) cold: Samples,
    /// `None` for a floor.
    pub(crate) herd: Option<Herd>,
}

impl Figures {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, warm: Default::default(), allocations: f64::NAN, cold: Samples::default(), herd: None }
    }

    /// A warm hit when one task has the cache for itself.
    fn hit(&self) -> f64 {
        self.warm[0].median()
    }

    /// The slowest of all numbers of tasks, to one task.
    fn flatness(&self) -> f64 {
        self.warm.iter().map(Samples::median).fold(f64::NAN, f64::max) / self.hit()
    }
}

/// How many nanoseconds one of so many repetitions took, each time that it was measured.
#[derive(Default)]
pub(crate) struct Samples(Vec<(f64, u64)>);

impl Samples {
    /// Notes a measurement, and hands it on.
    pub(crate) fn note(&mut self, repetitions: u64, elapsed: Duration) -> Duration {
        self.0.push((elapsed.as_nanos() as f64 / repetitions as f64, repetitions));
        elapsed
    }

    /// The median repetition, or NaN: a measurement of few, as those for warming up are, has little weight.
    fn median(&self) -> f64 {
        let mut samples = self.0.clone();
        samples.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let total: u64 = samples.iter().map(|(_, repetitions)| repetitions).sum();
        let mut passed = 0;
        samples
            .into_iter()
            .find_map(|(nanoseconds, repetitions)| {
                passed += repetitions;
                (2 * passed >= total).then_some(nanoseconds)
            })
            .unwrap_or(f64::NAN)
    }
}

#[expect(clippy::expect_used, reason = "it is one of the subjects")]
fn of<P: Peer>(figures: &[Figures]) -> &Figures {
    figures.iter().find(|of| of.name == P::NAME).expect("a subject of the benchmark")
}

/// What is wrong with our cache, whatever the machine.
pub(crate) fn broken_claims(figures: &[Figures]) -> Vec<String> {
    let Figures { name, allocations, herd, .. } = of::<AuthCache>(figures);
    let mut broken = Vec::new();
    if *allocations > 0.0 {
        broken.push(format!("a warm hit of {name} makes {allocations} allocations; it must make none"));
    }
    if let Some(Herd { sign_ins, .. }) = herd.filter(|herd| herd.sign_ins != 1) {
        broken.push(format!("{name} signs in {sign_ins} times for a failing herd; it must do so once"));
    }
    broken
}

/// Prints what was found out, as Markdown. `direct` is a sign-in without a cache.
pub(crate) fn print(figures: &[Figures], direct: &Samples, callers: usize) {
    let (ours, floor, caches) = (of::<AuthCache>(figures), of::<OwnedFloor>(figures), &figures[FLOORS..]);

    println!(
        "\nWarm hit: nanoseconds of wall time per get, by the number of tasks that get at once on {WORKERS} threads\n"
    );
    let tasks = TASKS.map(|tasks| format!("{tasks} task{}", if tasks == 1 { "" } else { "s" }));
    let [one, two, eight, many] = tasks.each_ref().map(String::as_str);
    print_table(
        ["cache", "allocations", one, two, eight, many, "most : 1 task", ": floor", ": auth-cache"],
        figures.iter().map(|of| {
            let [one, two, eight, many] = of.warm.each_ref().map(|samples| number(samples.median()));
            let [floor, ours] = [floor, ours].map(|other| ratio(of.hit() / other.hit()));
            [of.name.to_owned(), number(of.allocations), one, two, eight, many, ratio(of.flatness()), floor, ours]
        }),
    );

    let micros = |samples: &Samples| samples.median() / 1e3;
    println!("\nCold miss: microseconds of a first get, of which {} are the sign-in itself\n", number(micros(direct)));
    print_table(
        ["cache", "get", "overhead", ": auth-cache"],
        caches.iter().map(|of| {
            let [overhead, ours] = [of, ours].map(|of| micros(&of.cold) - micros(direct));
            [of.name.to_owned(), number(micros(&of.cold)), number(overhead), ratio(overhead / ours)]
        }),
    );

    println!("\nFailing herd: {callers} callers at once, and a sign-in that fails after {FAILS_AFTER:?}\n");
    let millis = |herd: Herd| herd.took.as_secs_f64() * 1e3;
    let shortest = ours.herd.map_or(f64::NAN, millis);
    print_table(
        ["cache", "sign-ins", "milliseconds", ": auth-cache"],
        caches.iter().filter_map(|of| {
            let herd = of.herd?;
            Some([of.name.to_owned(), herd.sign_ins.to_string(), number(millis(herd)), ratio(millis(herd) / shortest)])
        }),
    );

    println!("\nWhat auth-cache aims at\n");
    let [moka, aws] = [of::<Moka>(figures), of::<AwsLazyCache>(figures)].map(Figures::hit);
    let aims = [
        ("warm hit : floor", "at most 1.5 x", ratio(ours.hit() / floor.hit())),
        ("warm hit : floor that lends", "at most 1.5 x", ratio(ours.hit() / figures[0].hit())),
        ("moka : warm hit", "at least 10 x", ratio(moka / ours.hit())),
        ("LazyCache : warm hit", "at least 10 x", ratio(aws / ours.hit())),
        ("most : 1 task", "at most 2 x", ratio(ours.flatness())),
        ("overhead of a cold miss", "at most 5 us", format!("{} us", number(micros(&ours.cold) - micros(direct)))),
        ("allocations of a warm hit", "none", number(ours.allocations)),
        ("sign-ins of a failing herd", "1", ours.herd.map_or(0, |herd| herd.sign_ins).to_string()),
    ];
    print_table(["", "aim", "measured"], aims.map(|(what, aim, is)| [what.to_owned(), aim.to_owned(), is]).into_iter());
}

/// The first column is text, the others are numbers.
fn print_table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut rows: Vec<_> = iter::once(header.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; N] =
        array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default());
    rows.insert(1, array::from_fn(|column| "-".repeat(widths[column] - 1) + if column == 0 { "-" } else { ":" }));
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            if column == 0 { print!("| {cell:<width$} |") } else { print!(" {cell:>width$} |") }
        }
        println!();
    }
}

/// Three digits are what a noisy machine tells; a dash stands for what was not measured.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "-".to_owned(),
        _ if value.abs() < 10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn ratio(value: f64) -> String {
    if value.is_nan() { "-".to_owned() } else { format!("{} x", number(value)) }
}
