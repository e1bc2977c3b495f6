//! What a run has measured, as it is written to `results.json` and read from there.

use runtime_api::percentile;
use serde::{Deserialize, Serialize};

use crate::statistics::Spread;

/// Times are in milliseconds.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Results {
    pub(crate) machine: String,
    pub(crate) tools: Vec<String>,
    pub(crate) quick: bool,
    pub(crate) took_s: f64,
    pub(crate) variants: Vec<VariantSize>,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) frozen: Vec<Frozen>,
    pub(crate) storms: Vec<Storm>,
    #[serde(default)]
    pub(crate) fleets: Vec<Fleet>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) instructions: Vec<Instructions>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct VariantSize {
    pub(crate) name: String,
    pub(crate) zip_bytes: u64,
}

/// The variants under one set of conditions, each started once in each round.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) runs: Vec<Run>,
}

/// One process from its start to its last invocation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) variant: String,
    pub(crate) round: usize,
    pub(crate) init_ms: f64,
    pub(crate) init_cpu_ms: f64,
    pub(crate) first_ms: f64,
    pub(crate) first_cpu_ms: f64,
    pub(crate) warm_ms: Vec<f64>,
    /// Of one warm invocation.
    pub(crate) warm_cpu_ms: f64,
    pub(crate) peak_mib: f64,
}

/// Processes that were frozen until their tokens and connections had ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Frozen {
    pub(crate) variant: String,
    /// The last invocations before.
    pub(crate) warm_ms: Vec<f64>,
    /// The first invocation after, of those that succeeded.
    pub(crate) next_ms: Vec<f64>,
    pub(crate) failures: Vec<String>,
}

/// Many processes at once.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Storm {
    pub(crate) variant: String,
    pub(crate) processes: usize,
    pub(crate) invocations: usize,
    pub(crate) sign_ins: usize,
    pub(crate) failures: usize,
}

/// New processes of a function that start at once, and the services' quotas are those of AWS.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Fleet {
    /// `SERVICE_USER_MODE`.
    pub(crate) mode: String,
    /// Where the token is published, or where the credentials are.
    pub(crate) store: String,
    pub(crate) processes: usize,
    /// From the first start to the last.
    pub(crate) started_in_ms: f64,
    pub(crate) invocations: usize,
    pub(crate) failures: usize,
    pub(crate) first_failure: Option<String>,
    /// Asked of Cognito, by the publisher too.
    pub(crate) sign_ins: usize,
    pub(crate) sign_ins_throttled: usize,
    /// Asked of the store that the processes read first.
    pub(crate) reads: usize,
    pub(crate) reads_throttled: usize,
    /// Until the first request for an event, of each process.
    pub(crate) ready_ms: Vec<f64>,
    /// In that time, ready to run while others had the cores of this machine.
    pub(crate) waited_for_core_ms: Vec<f64>,
    /// Until the first request for an event, of processes that start alone.
    pub(crate) alone_ms: Vec<f64>,
    /// What one read of the store takes.
    pub(crate) read_ms: f64,
}

/// One process over many invocations, the first being the first after its start.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Session {
    pub(crate) token_reuse: bool,
    pub(crate) invocations_ms: Vec<f64>,
}

/// Instructions in user space, by callgrind.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Instructions {
    pub(crate) variant: String,
    pub(crate) init: u64,
    pub(crate) first: u64,
    pub(crate) warm: u64,
}

impl Results {
    pub(crate) fn scenario(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }
}

impl Fleet {
    /// Whether the token is published.
    pub(crate) fn is_published(&self) -> bool {
        self.mode != "sign-in"
    }
}

impl Scenario {
    pub(crate) fn of<'a>(&'a self, variant: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.variant == variant)
    }

    /// The names of its variants, in the order of the run.
    pub(crate) fn variants(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !names.contains(&run.variant.as_str()) {
                names.push(&run.variant);
            }
        }
        names
    }
}

/// A figure of a run.
pub(crate) type Figure = fn(&Run) -> f64;

impl Run {
    pub(crate) fn cold_cpu_ms(&self) -> f64 {
        self.init_cpu_ms + self.first_cpu_ms
    }

    pub(crate) fn warm_p50_ms(&self) -> f64 {
        percentile(&self.warm_ms, 50)
    }
}

/// A figure of one variant over all rounds.
pub(crate) fn figure(scenario: &Scenario, variant: &str, figure: Figure) -> Option<Spread> {
    let values: Vec<f64> = scenario.of(variant).map(figure).collect();
    (!values.is_empty()).then(|| Spread::of(&values))
}

/// How many times the figure of `variant` is that of `other`: in each round by itself, because what disturbs a round
/// disturbs both.
pub(crate) fn ratio(scenario: &Scenario, variant: &str, other: &str, figure: Figure) -> Option<Spread> {
    let in_round = |round| scenario.of(other).find(|run| run.round == round).map(figure);
    let ratios: Vec<f64> = scenario
        .of(variant)
        .filter_map(|run| Some(figure(run) / in_round(run.round)?))
        .filter(|r| r.is_finite())
        .collect();
    (!ratios.is_empty()).then(|| Spread::of(&ratios))
}
