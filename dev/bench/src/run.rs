use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use runtime_api::Stopwatch;

use crate::{
    arguments::Arguments,
    backend::Backend,
    build::{self, root, tools, version},
    charts, document, fleet,
    results::{Results, VariantSize},
    scenarios::{Effort, IMMEDIATE, PLAIN, REALISTIC, SHARE_OF_128_MB, STARVED, Stage},
    share::Share,
    tables,
    variants::{OURS, Variant},
};

/// Measures, prints the figures, and writes them into `docs/`. An error when a variant cannot be built, fails, or answers
/// something else than the others.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    if let Some(processes) = arguments.fleet {
        return fleet_alone(processes, arguments.write).await;
    }
    let results = match &arguments.from {
        Some(file) => {
            let json = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            serde_json::from_slice(&json).with_context(|| format!("{} is not the result of a run", file.display()))?
        }
        None => {
            let results = measure(&arguments).await?;
            // Figures of a quick run are none: they do not take the place of a full run's.
            let file = tools().join(if results.quick { "quick.json" } else { "results.json" });
            fs::write(&file, serde_json::to_vec_pretty(&results)?)?;
            println!("all figures are in {}\n", file.display());
            results
        }
    };
    for (name, table) in tables::all(&results) {
        println!("{name}:\n\n{table}");
    }
    if arguments.is_for_publication() && !results.quick {
        write_into(&root().join("docs"), &results, |text| document::filled(text, &tables::all(&results)))?;
    }
    Ok(())
}

/// An error, too, when a token is published and a process signs in or an invocation fails.
async fn fleet_alone(processes: usize, write: bool) -> Result<()> {
    let fleets = fleet::measure(processes, &tools().join("logs")).await?;
    let problems = fleet::problems(&fleets);
    let results = Results { fleets, ..Results::default() };
    let table = tables::fleet(&results);
    println!("\n{table}");
    if write {
        write_into(&root().join("docs"), &results, |text| document::with_one(text, "fleet", &table))?;
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

const FULL: Effort = Effort { rounds: 11, warm: 300, processes: 7 };
const QUICK: Effort = Effort { rounds: 1, warm: 3, processes: 1 };

async fn measure(arguments: &Arguments) -> Result<Results> {
    ensure!(cfg!(target_os = "linux"), "the benchmark reads /proc, so it needs Linux");
    let began = Stopwatch::start();
    began.say("installing the variants in Node and Python, unless they are");
    let variants = build::all(!arguments.quick, |name| arguments.wants(name))?;
    ensure!(!variants.is_empty(), "there is no such variant");
    let mut effort = if arguments.quick { QUICK } else { FULL };
    effort.rounds = arguments.rounds.unwrap_or(effort.rounds);
    let few = Effort { rounds: effort.rounds.div_ceil(2), ..effort };
    let waiting = Effort { warm: effort.warm.min(20), ..effort };

    let mut sizes = Vec::new();
    if !arguments.quick {
        for Variant { name, files, .. } in &variants {
            sizes.push(VariantSize { name: (*name).to_owned(), zip_bytes: build::zip_size(files)? });
        }
    }
    let mut results = Results {
        machine: machine(),
        tools: ["node", "python3", "rustc"].into_iter().filter_map(version).collect(),
        quick: arguments.quick,
        variants: sizes,
        ..Results::default()
    };
    let backend = Backend::start(tools().join("certificates")).await?;
    let mut stage = Stage { backend, variants, logs: tools().join("logs"), expected: None };
    let measuring = Stopwatch::start();

    began.say("services as in AWS, over TLS");
    results.scenarios.push(stage.compare(REALISTIC, waiting).await?);
    began.say("services that answer at once, over TLS");
    results.scenarios.push(stage.compare(IMMEDIATE, effort).await?);
    began.say("the same without TLS");
    results.scenarios.push(stage.compare(PLAIN, few).await?);
    began.say("with 1/14 of a core");
    match Share::new(SHARE_OF_128_MB) {
        Ok(_) => results.scenarios.push(stage.compare(STARVED, Effort { warm: few.warm.min(5), ..few }).await?),
        Err(error) => println!("        left out: only root can hold a process to that, by a cgroup ({error})"),
    }
    began.say("frozen until tokens and connections have ended");
    results.frozen = stage.freeze(effort).await?;
    began.say("many processes at once");
    results.storms = stage.storm(if arguments.quick { 3 } else { 50 }).await?;
    if arguments.wants(OURS) {
        began.say("a fleet");
        results.fleets = fleet::measure(if arguments.quick { 3 } else { 200 }, &tools().join("logs")).await?;
    }
    began.say("a session");
    results.sessions = stage.sessions(if arguments.quick { 3 } else { 60 }).await?;
    if !arguments.quick {
        began.say("instructions");
        results.instructions = stage.count_instructions().await?;
    }
    results.took_s = measuring.elapsed().as_secs_f64();
    began.say("done");
    let answered = stage.expected.is_some();
    ensure!(answered || arguments.only.is_some(), "no variant has answered with the order");
    Ok(results)
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names: Vec<&str> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let name = names.first().and_then(|line| line.split_once(": ")).map_or("an unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores of {} with Linux", name.trim())
}

/// Writes the charts into the documentation, and the tables as `fill` does.
fn write_into(docs: &Path, results: &Results, fill: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    for (name, svg) in charts::all(results) {
        fs::write(docs.join(name), svg).with_context(|| format!("cannot write docs/{name}"))?;
    }
    let file = docs.join("performance.md");
    let text = fs::read_to_string(&file).context("cannot read docs/performance.md")?;
    fs::write(&file, fill(&text)?)?;
    println!("docs/performance.md and its charts show these figures now");
    Ok(())
}
