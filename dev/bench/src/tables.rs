//! The figures as tables in Markdown, which read well in a terminal too.

use runtime_api::percentile;

use crate::{
    backend::SIGN_IN,
    fleet::is_met,
    results::{Fleet, Results, Run, Scenario, figure},
    statistics::Spread,
    targets::{self, times},
    variants::{OURS, title},
};

/// The tables by the names of their places in `docs/performance.md`.
pub(crate) fn all(results: &Results) -> Vec<(&'static str, String)> {
    let scenario = |name, table: fn(&Scenario) -> String| results.scenario(name).map(table).unwrap_or_default();
    vec![
        ("machine", machine(results)),
        ("targets", targets(results)),
        ("cold", scenario("realistic", cold)),
        ("warm", scenario("immediate", warm)),
        ("plain", scenario("plain", warm)),
        ("starved", scenario("starved", starved)),
        ("size", size(results)),
        ("frozen", frozen(results)),
        ("storm", storm(results)),
        ("fleet", fleet(results)),
        ("instructions", instructions(results)),
    ]
}

fn machine(results: &Results) -> String {
    format!("Measured on {}, with {}, in {:.0} s.\n", results.machine, results.tools.join(", "), results.took_s)
}

fn targets(results: &Results) -> String {
    let rows = targets::all(results).into_iter().map(|target| {
        let measured = match (target.measured, target.failures) {
            (None, _) => "not measured".to_owned(),
            (Some(measured), 0) => times(measured.median),
            (Some(measured), failures) => format!("{}, {failures} failed", times(measured.median)),
        };
        let met = if target.is_met() { "yes" } else { "**no**" };
        vec![target.figure.to_owned(), target.against.to_owned(), times(target.wanted), measured, met.to_owned()]
    });
    table(&["figure", "against", "at most", "measured", "met"], rows)
}

fn cold(scenario: &Scenario) -> String {
    compare(
        scenario,
        &["init ms", "first invocation ms", "CPU of both ms", "warm p50 ms", "peak MiB"],
        &[|run| run.init_ms, |run| run.first_ms, Run::cold_cpu_ms, Run::warm_p50_ms, |run| run.peak_mib],
    )
}

fn warm(scenario: &Scenario) -> String {
    compare(
        scenario,
        &["p50 ms", "p90 ms", "p99 ms", "CPU per invocation ms"],
        &[
            Run::warm_p50_ms,
            |run| percentile(&run.warm_ms, 90),
            |run| percentile(&run.warm_ms, 99),
            |run| run.warm_cpu_ms,
        ],
    )
}

fn starved(scenario: &Scenario) -> String {
    let table = compare(
        scenario,
        &["first invocation ms", "warm p50 ms", "CPU of init + first ms"],
        &[|run| run.first_ms, Run::warm_p50_ms, Run::cold_cpu_ms],
    );
    format!("Held to 1/14 of a core after the init phase, by a quota of the kernel's (cgroup).\n\n{table}")
}

/// A row for each variant, with the median of each figure and between what half of the measurements lie.
fn compare(scenario: &Scenario, names: &[&str], figures: &[fn(&Run) -> f64]) -> String {
    let rows = scenario.variants().into_iter().map(|variant| {
        let mut row = vec![titled(variant)];
        row.extend(figures.iter().map(|of| figure(scenario, variant, *of).map_or_else(String::new, |s| s.to_string())));
        row
    });
    let mut columns = vec!["variant"];
    columns.extend(names);
    table(&columns, rows)
}

fn size(results: &Results) -> String {
    let rows = results
        .variants
        .iter()
        .map(|variant| vec![titled(&variant.name), format!("{:.2}", variant.zip_bytes as f64 / 1e6)]);
    table(&["variant", "zip MB"], rows)
}

fn frozen(results: &Results) -> String {
    let rows = results.frozen.iter().map(|frozen| {
        let next = if frozen.next_ms.is_empty() { "–".to_owned() } else { Spread::of(&frozen.next_ms).to_string() };
        let tried = frozen.next_ms.len() + frozen.failures.len();
        vec![
            titled(&frozen.variant),
            Spread::of(&frozen.warm_ms).to_string(),
            next,
            format!("{} of {tried}", frozen.failures.len()),
        ]
    });
    let table = table(&["variant", "warm before ms", "next invocation ms", "failed"], rows);
    format!("Cognito takes {} ms for a sign-in.\n\n{table}", SIGN_IN.as_millis())
}

fn storm(results: &Results) -> String {
    let rows = results.storms.iter().map(|storm| {
        let mut row = vec![titled(&storm.variant)];
        row.extend([storm.processes, storm.invocations, storm.sign_ins, storm.failures].map(|count| count.to_string()));
        row
    });
    table(&["variant", "processes at once", "invocations", "sign-ins", "failed"], rows)
}

pub(crate) fn fleet(results: &Results) -> String {
    let Some(Fleet { processes, invocations, .. }) = results.fleets.first() else {
        return "Not measured in this run.\n".to_owned();
    };
    let rows = results.fleets.iter().map(|fleet| {
        let both = |values: &[f64]| format!("{:.0} / {:.0}", percentile(values, 50), percentile(values, 99));
        let of_them = |all: usize, throttled: usize| format!("{all}, {throttled} throttled");
        vec![
            format!("{}, {}", fleet.mode, fleet.store),
            of_them(fleet.sign_ins, fleet.sign_ins_throttled),
            of_them(fleet.reads, fleet.reads_throttled),
            format!("{} of {}", fleet.failures, fleet.invocations),
            both(&fleet.ready_ms),
            both(&fleet.waited_for_core_ms),
            format!("{:.2}", percentile(&fleet.alone_ms, 50) / fleet.read_ms),
            if !fleet.is_published() {
                "–"
            } else if is_met(fleet) {
                "yes"
            } else {
                "**no**"
            }
            .to_owned(),
        ]
    });
    let columns = [
        "mode, store",
        "sign-ins asked of Cognito",
        "reads of the store",
        "failed",
        "ready, p50 / p99 ms",
        "waited for a core, p50 / p99 ms",
        "alone, times one read",
        "met",
    ];
    let started = results.fleets.iter().map(|fleet| fleet.started_in_ms);
    let (first, last) = started.fold((f64::MAX, 0.0_f64), |(low, high), ms| (low.min(ms), high.max(ms)));
    format!(
        "{processes} processes in each mode, started within {first:.0} to {last:.0} ms, {invocations} invocations.\n\n{}",
        table(&columns, rows)
    )
}

fn instructions(results: &Results) -> String {
    if results.instructions.is_empty() {
        return "Not counted in this run.\n".to_owned();
    }
    let thousands = |count: u64| format!("{:.0}", count as f64 / 1000.0);
    let rows = results.instructions.iter().map(|counted| {
        let mut row = vec![titled(&counted.variant)];
        row.extend([counted.init, counted.first, counted.warm].map(thousands));
        row
    });
    table(&["variant", "init, thousands", "first invocation", "each warm invocation"], rows)
}

fn titled(variant: &str) -> String {
    if variant == OURS { format!("**{}**", title(variant)) } else { title(variant).to_owned() }
}

/// A table whose columns are aligned in the source too.
pub(crate) fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    let width = |column: usize, name: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(name.chars().count())
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(column, name)| width(column, name)).collect();
    let line = |cells: Vec<String>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    };
    let mut text = line(columns.iter().map(|name| (*name).to_owned()).collect());
    text += &format!("|{}|\n", widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|"));
    rows.into_iter().for_each(|row| text += &line(row));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = table(&["a", "longer"], [vec!["cell".to_owned(), "é".to_owned()]].into_iter());
        assert_eq!(text, "| a    | longer |\n|------|--------|\n| cell | é      |\n");
    }

    #[test]
    fn a_fleet_that_met_its_target_says_so_and_one_that_signs_in_by_itself_has_none() {
        let fleet = Fleet { sign_ins: 1, invocations: 3, alone_ms: vec![23.0], read_ms: 20.0, ..Fleet::default() };
        let fleets = vec![
            Fleet { mode: "sign-in".to_owned(), sign_ins: 9, sign_ins_throttled: 4, ..fleet.clone() },
            Fleet { failures: 1, ..fleet.clone() },
            fleet,
        ];
        let text = super::fleet(&Results { fleets, ..Results::default() });
        let rows: Vec<&str> = text.lines().skip(4).collect();
        assert!(
            rows[0].contains("| 9, 4 throttled ") && rows[0].ends_with("| 1.15                  | –      |"),
            "{text}"
        );
        assert!(rows[1].contains("| 1 of 3 ") && rows[1].ends_with("| **no** |"), "{text}");
        assert!(rows[2].contains("| 0 of 3 ") && rows[2].ends_with("| yes    |"), "{text}");
    }

    #[test]
    fn a_run_without_results_has_tables_all_the_same() {
        assert!(
            all(&Results::default()).iter().any(|(name, table)| *name == "targets" && table.contains("not measured"))
        );
    }
}
