//! Samples, tables, and what must hold on any machine.

use std::{
    array,
    fmt::{self, Write as _},
    fs, iter,
    time::Duration,
};

use crate::{
    FLOORS, LOADS,
    measure::{FAILS_AFTER, Herd, WORKERS},
    peers::{AuthCache, Floor, Peer, TokioOnceCell},
};

/// What was found out about one cache.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// A warm hit, under each of the [`LOADS`].
    pub(crate) warm: [Samples; LOADS.len()],
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

    /// The time of a thread per hit under the worst load, to that of one task alone.
    fn flatness(&self) -> f64 {
        let thread_times = self.warm.iter().zip(LOADS).map(|(samples, load)| samples.median() * load.threads() as f64);
        thread_times.fold(f64::NAN, f64::max) / self.hit()
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

/// What was found out, as Markdown. `direct` is a sign-in without a cache.
pub(crate) fn tables(figures: &[Figures], direct: &Samples, callers: usize) -> String {
    let mut text = String::new();
    #[expect(clippy::expect_used, reason = "a string takes everything")]
    write_tables(&mut text, figures, direct, callers).expect("a string can be written to");
    text
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/DEVELOPMENT.md");
const START: &str = "<!-- the tables of the benchmark: start -->\n";
const END: &str = "<!-- the tables of the benchmark: end -->\n";

/// Puts the tables in place of those that are in `DEVELOPMENT.md`.
#[expect(clippy::expect_used, reason = "no result without the file")]
pub(crate) fn write_into_document(tables: &str) {
    let document = fs::read_to_string(DOCUMENT).expect("it can be read");
    let (before, rest) = document.split_once(START).expect("it says where the tables start");
    let (_, after) = rest.split_once(END).expect("it says where the tables end");
    fs::write(DOCUMENT, format!("{before}{START}\n{tables}\n{END}{after}")).expect("it can be written");
}

fn write_tables(to: &mut String, figures: &[Figures], direct: &Samples, callers: usize) -> fmt::Result {
    let [ours, floor] = [of::<AuthCache>(figures), of::<Floor>(figures)];
    let caches = &figures[FLOORS..];

    writeln!(to, "Warm hit: nanoseconds of wall time per get, under several loads on {WORKERS} threads\n")?;
    let loads = LOADS.map(|load| load.to_string());
    let [one, two, eight, many, holding] = loads.each_ref().map(String::as_str);
    write_table(
        to,
        ["cache", "allocations", one, two, eight, many, holding, "most : 1 task", ": floor", ": auth-cache"],
        figures.iter().map(|of| {
            let [one, two, eight, many, holding] = of.warm.each_ref().map(|samples| number(samples.median()));
            let [floor, ours] = [floor, ours].map(|other| ratio(of.hit() / other.hit()));
            let (name, allocations) = (of.name.to_owned(), number(of.allocations));
            [name, allocations, one, two, eight, many, holding, ratio(of.flatness()), floor, ours]
        }),
    )?;

    let micros = |samples: &Samples| samples.median() / 1e3;
    let sign_in = number(micros(direct));
    writeln!(to, "\nCold miss: microseconds of a first get, of which {sign_in} are the sign-in itself\n")?;
    write_table(
        to,
        ["cache", "get", "overhead", ": auth-cache"],
        caches.iter().map(|of| {
            let [overhead, ours] = [of, ours].map(|of| micros(&of.cold) - micros(direct));
            [of.name.to_owned(), number(micros(&of.cold)), number(overhead), ratio(overhead / ours)]
        }),
    )?;

    writeln!(to, "\n{callers} concurrent callers, and a sign-in that fails after {FAILS_AFTER:?}\n")?;
    let millis = |herd: Herd| herd.took.as_secs_f64() * 1e3;
    let shortest = ours.herd.map_or(f64::NAN, millis);
    write_table(
        to,
        ["cache", "sign-ins", "milliseconds", ": auth-cache"],
        caches.iter().filter_map(|of| {
            let herd = of.herd?;
            Some([of.name.to_owned(), herd.sign_ins.to_string(), number(millis(herd)), ratio(millis(herd) / shortest)])
        }),
    )?;

    writeln!(to, "\nWhat auth-cache aims at\n")?;
    // Those that expire.
    let others = caches.iter().filter(|of| ![AuthCache::NAME, TokioOnceCell::NAME].contains(&of.name));
    let fastest = others.map(Figures::hit).fold(f64::NAN, f64::min);
    let [_, two, _, many, _] = ours.warm.each_ref().map(Samples::median);
    let overhead = micros(&ours.cold) - micros(direct);
    let sign_ins = ours.herd.map_or(f64::NAN, |herd| herd.sign_ins as f64);
    let aims = [
        at_least("fastest other cache that expires : warm hit", 1.0, fastest / ours.hit(), " x"),
        at_most("64 tasks : 2 tasks", 1.2, many / two, " x"),
        at_most("overhead of a cold miss", 5.0, overhead, " us"),
        at_most("allocations of a warm hit", 0.0, ours.allocations, ""),
        at_most("failing sign-ins of concurrent callers", 1.0, sign_ins, ""),
    ];
    write_table(to, ["", "aim", "measured", ""], aims.into_iter())
}

fn at_most(what: &str, aim: f64, is: f64, unit: &str) -> [String; 4] {
    let verdict = if is <= aim { "met" } else { "missed" };
    [what.to_owned(), format!("at most {aim}{unit}"), format!("{}{unit}", number(is)), verdict.to_owned()]
}

fn at_least(what: &str, aim: f64, is: f64, unit: &str) -> [String; 4] {
    let verdict = if is >= aim { "met" } else { "missed" };
    [what.to_owned(), format!("at least {aim}{unit}"), format!("{}{unit}", number(is)), verdict.to_owned()]
}

/// The first column is text, the others are numbers.
fn write_table<const N: usize>(
    to: &mut String,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let mut rows: Vec<_> = iter::once(header.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; N] =
        array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default());
    rows.insert(1, array::from_fn(|column| "-".repeat(widths[column] - 1) + if column == 0 { "-" } else { ":" }));
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            if column == 0 { write!(to, "| {cell:<width$} |")? } else { write!(to, " {cell:>width$} |")? }
        }
        writeln!(to)?;
    }
    Ok(())
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
