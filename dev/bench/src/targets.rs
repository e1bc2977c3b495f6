//! What the project wants to reach, as ratios within one run.

use runtime_api::{millis, percentile};

use crate::{
    backend::{PARAMETERS, SIGN_IN},
    results::{Figure, Fleet, Results, Run, figure, ratio},
    statistics::Spread,
    variants::{FLOOR, HELLO, NAIVE, NODE_CACHED, OURS, PYTHON},
};

/// A ratio of ours to something else.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) figure: &'static str,
    pub(crate) against: &'static str,
    /// The ratio is at most this.
    pub(crate) wanted: f64,
    /// None if this run did not measure it.
    pub(crate) measured: Option<Spread>,
    /// Failed calls, where none may fail.
    pub(crate) failures: usize,
}

impl Target {
    pub(crate) fn is_met(&self) -> bool {
        self.failures == 0 && self.measured.is_some_and(|measured| measured.median <= self.wanted)
    }
}

/// `1/30`, `1/1.8` or `1.10`.
pub(crate) fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio <= 0.0 || ratio >= 0.6 => format!("{ratio:.2}"),
        ratio if ratio > 0.1 => format!("1/{:.1}", 1.0 / ratio).trim_end_matches(".0").to_owned(),
        ratio => format!("1/{:.0}", 1.0 / ratio),
    }
}

pub(crate) fn all(results: &Results) -> Vec<Target> {
    let against = |scenario: &str, other: &str, figure: Figure| {
        results.scenario(scenario).and_then(|scenario| ratio(scenario, OURS, other, figure))
    };
    let target = |figure, against, wanted, measured| Target { figure, against, wanted, measured, failures: 0 };
    let cold = "CPU of init + first invocation";
    vec![
        target(cold, "Node, cached", 1.0 / 30.0, against("realistic", NODE_CACHED, Run::cold_cpu_ms)),
        target(cold, "Python", 1.0 / 60.0, against("realistic", PYTHON, Run::cold_cpu_ms)),
        target(cold, "Rust, the obvious way", 1.0 / 6.0, against("realistic", NAIVE, Run::cold_cpu_ms)),
        target(cold, "bare hello", 4.0, against("realistic", HELLO, Run::cold_cpu_ms)),
        target("first invocation", "our own warm p50", 1.1, first_to_warm(results)),
        target(
            "first invocation at 1/14 of a core",
            "Node, cached",
            1.0 / 50.0,
            against("starved", NODE_CACHED, |run| run.first_ms),
        ),
        target("init phase", "SSM, then sign-in: waiting alone", 1.15, init_to_chain(results)),
        target("init phase, published token", "one read of the store", 1.15, init_to_read(results)),
        target("warm p50, services as in AWS", "floor", 1.05, against("realistic", FLOOR, Run::warm_p50_ms)),
        target("warm p50, services that answer at once", "floor", 1.04, against("immediate", FLOOR, Run::warm_p50_ms)),
        target("warm CPU per invocation", "floor", 1.1, against("immediate", FLOOR, |run| run.warm_cpu_ms)),
        target(
            "warm CPU per invocation",
            "Node, cached",
            1.0 / 8.0,
            against("immediate", NODE_CACHED, |run| run.warm_cpu_ms),
        ),
        target("zip of one function", "Rust, the obvious way", 0.5, zip_to_naive(results)),
        target("peak memory", "Node, cached", 1.0 / 8.0, against("realistic", NODE_CACHED, |run| run.peak_mib)),
        after_a_freeze(results),
        sign_ins_of_fleets(results),
    ]
}

fn first_to_warm(results: &Results) -> Option<Spread> {
    let runs = results.scenario("realistic")?.of(OURS);
    Some(Spread::of(&runs.map(|run| run.first_ms / run.warm_p50_ms()).collect::<Vec<_>>()))
}

fn init_to_chain(results: &Results) -> Option<Spread> {
    let chain = millis(PARAMETERS + SIGN_IN);
    let init = figure(results.scenario("realistic")?, OURS, |run| run.init_ms)?;
    Some(Spread { low: init.low / chain, median: init.median / chain, high: init.high / chain })
}

fn init_to_read(results: &Results) -> Option<Spread> {
    let ratios: Vec<f64> =
        published(results).flat_map(|fleet| fleet.alone_ms.iter().map(|init| init / fleet.read_ms)).collect();
    (!ratios.is_empty()).then(|| Spread::of(&ratios))
}

fn sign_ins_of_fleets(results: &Results) -> Target {
    let most = published(results).map(|fleet| fleet.sign_ins).max();
    Target {
        figure: "sign-ins of a fleet with a published token",
        against: "the publisher's one",
        wanted: 1.0,
        measured: most.map(|most| Spread::of(&[most as f64])),
        failures: published(results).map(|fleet| fleet.failures).sum(),
    }
}

fn published(results: &Results) -> impl Iterator<Item = &Fleet> {
    results.fleets.iter().filter(|fleet| fleet.is_published())
}

fn zip_to_naive(results: &Results) -> Option<Spread> {
    let size = |name| results.variants.iter().find(|variant| variant.name == name).map(|variant| variant.zip_bytes);
    let ratio = size(OURS)? as f64 / size(NAIVE)? as f64;
    Some(Spread { low: ratio, median: ratio, high: ratio })
}

fn after_a_freeze(results: &Results) -> Target {
    let ours = results.frozen.iter().find(|frozen| frozen.variant == OURS);
    let measured = ours.filter(|frozen| !frozen.next_ms.is_empty()).map(|frozen| {
        let least = percentile(&frozen.warm_ms, 50) + millis(SIGN_IN);
        Spread::of(&frozen.next_ms.iter().map(|next| next / least).collect::<Vec<_>>())
    });
    Target {
        figure: "after a freeze past the token's life",
        against: "warm p50 + what Cognito takes for a sign-in",
        wanted: 1.1,
        measured,
        failures: ours.map_or(0, |frozen| frozen.failures.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ratios_are_written_as_fractions() {
        let ratios = [1.0 / 30.0, 0.5, 0.56, 1.1, 0.0];
        assert_eq!(ratios.map(times), ["1/30", "1/2", "1/1.8", "1.10", "0.00"]);
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        assert!(all(&Results::default()).iter().all(|target| !target.is_met()));
    }

    #[test]
    fn a_process_of_a_fleet_that_signs_in_although_a_token_is_published_is_one_too_many() {
        let fleet = Fleet { sign_ins: 1, ..Fleet::default() };
        let is_met =
            |fleets: &[Fleet]| sign_ins_of_fleets(&Results { fleets: fleets.to_vec(), ..Results::default() }).is_met();
        let by_itself = Fleet { mode: "sign-in".to_owned(), sign_ins: 900, failures: 300, ..Fleet::default() };
        assert!(is_met(&[by_itself, fleet.clone()]));
        assert!(!is_met(&[fleet.clone(), Fleet { sign_ins: 2, ..fleet.clone() }]));
        assert!(!is_met(&[Fleet { failures: 1, ..fleet }]));
    }

    #[test]
    fn one_failure_is_too_many() {
        let fast = Spread { low: 1.0, median: 1.0, high: 1.0 };
        let target = Target { figure: "", against: "", wanted: 1.1, measured: Some(fast), failures: 1 };
        assert!(!target.is_met());
        assert!(Target { failures: 0, ..target }.is_met());
    }
}
