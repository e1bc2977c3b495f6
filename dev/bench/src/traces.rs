//! `cargo xtask trace`: a picture of a trace, drawn from the spans that a run has sent, and what traces cost.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, write::DeflateEncoder};
use hyper::body::Bytes;
use local_cloud::{LocalCloud, Service, Span};
use serde_json::{Value, json};

use crate::{
    backend::Backend,
    build::{root, tools, version},
    document,
    function::Function,
    instructions::{callgrind, total},
    invocations::event,
    svg,
    variants::Variant,
};

/// The function's program without the feature `traces`, where `cargo xtask trace` has put it.
const PLAIN: &str = "query-without-traces";

/// Draws `docs/trace.svg` and fills `docs/traces.md`; a quick run only draws, from unoptimized programs, and writes into no docs.
pub(crate) async fn run(quick: bool) -> Result<()> {
    let backend = Backend::start(tools().join("certificates")).await?;
    let picture = picture(&backend, quick).await?;
    if quick {
        let file = tools().join("trace.svg");
        fs::write(&file, picture)?;
        println!("the trace is drawn in {}", file.display());
        return Ok(());
    }
    fs::write(root().join("docs/trace.svg"), picture)?;
    let table = costs(&backend).await?;
    println!("{table}");
    let file = root().join("docs/traces.md");
    let text = fs::read_to_string(&file).context("cannot read docs/traces.md")?;
    fs::write(&file, document::filled(&text, &[("traces", table)])?)?;
    println!("docs/traces.md and docs/trace.svg show these figures now");
    Ok(())
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const NOT_SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

/// The first call of a process of `http-api`, which signs in for it.
async fn picture(backend: &Backend, quick: bool) -> Result<String> {
    const COLLECTOR: Duration = Duration::from_millis(10);
    let cloud = &backend.cloud;
    backend.set_latencies(true);
    cloud.set_latency(Service::Traces, COLLECTOR);
    let http_api = variant("http-api", quick)?;
    let mut function =
        Function::start(&http_api, &environment(backend, false, Some(cloud)), &tools().join("logs")).await?;
    function.idle().await?;
    let outcome = function.invoke_in_trace(TRACE, &request(&cloud.member_token("grace", "order-staff"))).await?;
    let answer: Value = serde_json::from_slice(&outcome.answer.unwrap_or_else(|error| error))?;
    ensure!(answer["statusCode"] == 200, "http-api has failed: {answer}");
    function.end().await?;

    let begin = nanos(outcome.at);
    let end = begin + outcome.wall.as_nanos() as u64;
    let mut lines = vec![(0, "Lambda: GET /orders/order-1".to_owned(), begin, end, false)];
    add_children(&mut lines, cloud, "53995c3f42cd8ad8", 1);
    let export =
        cloud.calls().into_iter().find(|call| call.service == Service::Traces).context("no spans were sent")?;
    let sent = export.at as u64 * 1_000_000;
    lines.push((1, "spans sent to the collector".to_owned(), sent, sent + export.millis * 1_000_000, false));
    let lines: Vec<_> = lines
        .into_iter()
        .map(|(depth, label, start, end, ours)| {
            let millis = |time: u64| time.saturating_sub(begin) as f64 / 1e6;
            (depth, label, millis(start), millis(end), ours)
        })
        .collect();
    Ok(svg::spans("One trace: the first request to a new process of http-api", &lines))
}

/// The function's spans below a span, in the order of their starts, and AppSync's part by the trace header that it got.
fn add_children(lines: &mut Vec<(usize, String, u64, u64, bool)>, cloud: &LocalCloud, parent: &str, depth: usize) {
    let mut children: Vec<Span> = cloud.spans().into_iter().filter(|span| span.parent_span_id == parent).collect();
    children.sort_by_key(|span| span.start);
    for span in children {
        let label = if depth == 1 { format!("invocation of {}", span.name) } else { span.name.clone() };
        lines.push((depth, label, span.start, span.end, true));
        add_children(lines, cloud, &span.span_id, depth + 1);
        let is_below = |trace: &String| trace.contains(&format!("Parent={};", span.span_id));
        for call in cloud.calls().iter().filter(|call| call.trace.as_ref().is_some_and(is_below)) {
            // The stand-in's record has whole milliseconds.
            let end = span.end.min((call.at as u64 + call.millis) * 1_000_000);
            lines.push((depth + 1, format!("AppSync: {}", call.operation), end - call.millis * 1_000_000, end, false));
        }
    }
}

/// What the zip weighs and a warm invocation executes: without the feature, without the setting, not sampled, sampled.
async fn costs(backend: &Backend) -> Result<String> {
    ensure!(version("valgrind").is_some(), "there is no valgrind here, which counts the instructions");
    backend.set_latencies(false);
    backend.cloud.set_latency(Service::Traces, Duration::ZERO);
    let (plain, traced) = (variant(PLAIN, false)?, variant("query", false)?);
    let sizes = [deflated(&plain)?, deflated(&traced)?];
    let cases = [
        ("without the feature `traces`", &plain, None, NOT_SAMPLED),
        ("with it, without an endpoint", &traced, None, NOT_SAMPLED),
        ("with an endpoint, not sampled", &traced, Some(&backend.cloud), NOT_SAMPLED),
        ("with an endpoint, sampled", &traced, Some(&backend.cloud), TRACE),
    ];
    let mut table =
        "| | zip, bytes | instructions of a warm invocation | more |\n| --- | --- | --- | --- |\n".to_owned();
    let mut counts = Vec::new();
    for (_, variant, collector, trace) in cases {
        counts.push(warm(variant, &environment(backend, true, collector), trace).await?);
    }
    let mut row = |title: &str, size: u64, warm: u64| {
        let more = 100.0 * (warm as f64 / counts[0] as f64 - 1.0);
        table += &format!("| {title} | {size} | {warm} | {more:.1} % |\n");
    };
    for (index, (title, ..)) in cases.into_iter().enumerate() {
        row(title, sizes[usize::from(index > 0)], counts[index]);
    }
    row("on average, with 5 % sampled", sizes[1], (19 * counts[2] + counts[3]) / 20);
    Ok(table)
}

/// The instructions of one warm invocation, counted as those of `cargo xtask bench` are.
async fn warm(variant: &Variant, environment: &[(String, String)], trace: &str) -> Result<u64> {
    const WARM: u64 = 50;
    let first = count(variant, environment, trace, 1).await?;
    let last = count(variant, environment, trace, 1 + WARM).await?;
    Ok(last.saturating_sub(first) / WARM)
}

async fn count(variant: &Variant, environment: &[(String, String)], trace: &str, invocations: u64) -> Result<u64> {
    let logs = tools().join("logs");
    let output = logs.join("callgrind.out");
    let mut function = Function::start_under(&callgrind(&output), variant, environment, &logs).await?;
    function.idle().await?;
    for _ in 0..invocations {
        ensure!(function.invoke_in_trace(trace, &event()).await?.answer.is_ok(), "the function has failed");
        function.idle().await?;
    }
    function.end().await?;
    total(&output)
}

/// With a collector, if there is one, behind TLS if everything is.
fn environment(backend: &Backend, tls: bool, collector: Option<&LocalCloud>) -> Vec<(String, String)> {
    let mut environment = backend.environment(tls);
    environment.extend(collector.map(|_| {
        let url = format!("{}/v1/traces", backend.url(tls));
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT".to_owned(), url)
    }));
    environment
}

/// What `cargo xtask trace` has compiled. This program may be in another profile's folder of the same target folder.
fn variant(name: &'static str, quick: bool) -> Result<Variant> {
    let program = env::current_exe()?.with_file_name("..").join(if quick { "debug" } else { "release" }).join(name);
    ensure!(program.exists(), "{} does not exist: run `cargo xtask trace`", program.display());
    Ok(Variant {
        name,
        title: name,
        command: vec![program.display().to_string()],
        folder: root(),
        environment: Vec::new(),
        files: vec![program],
    })
}

/// As `.ci/budget.py` finds it in the zip: the best that deflate can do.
fn deflated(variant: &Variant) -> Result<u64> {
    let program: &Path = variant.files.first().map(PathBuf::as_path).context("there is no program")?;
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut deflate, &fs::read(program)?)?;
    Ok(deflate.finish()?.len() as u64)
}

/// A request by a member of the staff, who is believed by the token: no gateway has verified it here.
fn request(token: &str) -> Bytes {
    let request = json!({
        "version": "2.0",
        "routeKey": "GET /orders/{id}",
        "rawPath": "/orders/order-1",
        "rawQueryString": "",
        "headers": {"accept": "application/json", "authorization": format!("Bearer {token}")},
        "requestContext": {"http": {"method": "GET", "path": "/orders/order-1"}, "stage": "$default"},
        "pathParameters": {"id": "order-1"},
        "isBase64Encoded": false,
    });
    request.to_string().into()
}

fn nanos(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}
