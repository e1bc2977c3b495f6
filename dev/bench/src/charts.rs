//! The charts of the documentation.

use runtime_api::percentile;

use crate::{
    results::{Figure, Results, Run, figure},
    svg,
    variants::{OURS, title},
};

/// The charts by the names of their files in `docs/`.
pub(crate) fn all(results: &Results) -> Vec<(&'static str, String)> {
    let mut charts = Vec::new();
    charts.extend(session(results).map(|svg| ("session.svg", svg)));
    charts.extend(fleet(results).map(|svg| ("fleet.svg", svg)));
    let bars: [(_, _, _, Figure); 3] = [
        ("cold-start.svg", "realistic", "CPU time of a cold start: init phase and first invocation", Run::cold_cpu_ms),
        ("warm.svg", "immediate", "CPU time of one warm invocation", |run| run.warm_cpu_ms),
        ("starved.svg", "starved", "First invocation with 1/14 of a core, as with 128 MB", |run| run.first_ms),
    ];
    for (file, scenario, title, of) in bars {
        charts.extend(compare(results, scenario, title, of).map(|svg| (file, svg)));
    }
    charts
}

fn session(results: &Results) -> Option<String> {
    let mut lines = Vec::new();
    for session in &results.sessions {
        let label = if session.token_reuse { "token reused" } else { "sign-in at each invocation" };
        let typical = percentile(&session.invocations_ms, 50);
        lines.push((format!("{label}: {typical:.0} ms"), session.invocations_ms.as_slice(), session.token_reuse));
    }
    let title = "Latency of one function process, invocation by invocation";
    let across = "invocation since the process started";
    (!lines.is_empty()).then(|| svg::lines(title, across, &lines))
}

/// The two modes with the token in a parameter hardly differ: one of them will do.
fn fleet(results: &Results) -> Option<String> {
    let fleets: Vec<_> = results.fleets.iter().filter(|fleet| fleet.mode != "published").collect();
    let labels: Vec<_> = fleets
        .iter()
        .map(|fleet| {
            let token = if fleet.is_published() { &fleet.store } else { &fleet.mode };
            format!("{token}: {} of {} failed", fleet.failures, fleet.invocations)
        })
        .collect();
    let bars: Vec<_> = fleets
        .iter()
        .zip(&labels)
        .map(|(fleet, label)| (label.as_str(), percentile(&fleet.ready_ms, 50), fleet.is_published()))
        .collect();
    let title =
        format!("Median init phase of {} new processes, by where their token is from", fleets.first()?.processes);
    Some(svg::bars(&title, &bars))
}

fn compare(results: &Results, scenario: &str, heading: &str, of: Figure) -> Option<String> {
    let scenario = results.scenario(scenario)?;
    let mut bars: Vec<_> = scenario
        .variants()
        .into_iter()
        .filter_map(|variant| Some((title(variant), figure(scenario, variant, of)?.median, variant == OURS)))
        .collect();
    bars.sort_by(|(_, one, _), (_, other, _)| one.total_cmp(other));
    Some(svg::bars(heading, &bars))
}
