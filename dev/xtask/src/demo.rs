//! `cargo xtask demo`: every function with and without token reuse, side by side.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use local_cloud::{LocalCloud, Service};
use runtime_api::{Stopwatch, millis};
use serde_json::Value;

use crate::arguments::Demo;
use crate::cargo_lambda::{self, CargoLambda};
use crate::client::{Call, Client};
use crate::cloud;
use crate::functions::{self, Function};
use crate::story;
use crate::table::{self, Row};
use crate::watch::Watch;

/// Runs it. An error also when the numbers are not what this project promises.
pub(crate) async fn run(began: Stopwatch, options: Demo) -> Result<()> {
    let (cargo_lambda, ()) = tokio::try_join!(cargo_lambda::find_or_install(began), functions::build(began))?;
    let cloud = cloud::start(began).await?;
    let calls = options.calls.get();
    began.say(format!("calling each function {} times, with token reuse", 1 + calls));
    let (mut rows, story) = measure(&cargo_lambda, &cloud, true, calls).await?;
    began.say("the same without token reuse");
    rows.extend(measure(&cargo_lambda, &cloud, false, calls).await?.0);
    began.say("done");
    // Together what belongs together; the sort is stable.
    rows.sort_by_key(|row| Function::ALL.iter().position(|function| function.name() == row.function));

    println!("\n{}", table::render(&rows));
    println!("The first call includes the start of the function, by `cargo run` and unoptimized, and its sign-in.");
    println!("{}\n\n{story}", table::conclusion(&rows));
    if let Some(path) = &options.json {
        let json = format!("{:#}\n", table::to_json(&rows));
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let problems: Vec<_> = rows.iter().filter_map(Row::problem).collect();
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

/// One `cargo lambda watch` from start to stop, and all calls of it; with reuse, the life of an order too.
async fn measure(
    cargo_lambda: &CargoLambda,
    cloud: &LocalCloud,
    token_reuse: bool,
    calls: usize,
) -> Result<(Vec<Row>, String)> {
    let mut watch = Watch::steady(cargo_lambda, cloud, token_reuse)?;
    let outcome = async {
        let rows = call_every_function(&mut watch, cloud, token_reuse, calls).await?;
        let story = if token_reuse { tell_story(watch.port(), cloud).await? } else { String::new() };
        Ok((rows, story))
    }
    .await;
    if outcome.is_err() {
        eprintln!("\n{}", watch.log_tail());
    }
    outcome
}

async fn tell_story(port: u16, cloud: &LocalCloud) -> Result<String> {
    story::tell(Client::connect(port).await?, cloud.customer_token("ada")).await
}

async fn call_every_function(
    watch: &mut Watch,
    cloud: &LocalCloud,
    token_reuse: bool,
    calls: usize,
) -> Result<Vec<Row>> {
    watch.ready().await?;
    let mut rows = Vec::new();
    for function in Function::ALL {
        let row = call_function(function, watch, cloud, token_reuse, calls).await;
        rows.push(row.with_context(|| format!("the function {} failed", function.name()))?);
    }
    Ok(rows)
}

async fn call_function(
    function: Function,
    watch: &mut Watch,
    cloud: &LocalCloud,
    token_reuse: bool,
    calls: usize,
) -> Result<Row> {
    cloud.reset_calls();
    let mut client = Client::connect(watch.port()).await?;
    let staff = cloud.member_token("grace", "order-staff");
    let mut durations = Vec::new();
    for number in 0..=calls {
        let tag = format!("demo-{}-{number}", if token_reuse { "with-reuse" } else { "without-reuse" });
        let limit = if number == 0 { FIRST_CALL_LIMIT } else { WARM_CALL_LIMIT };
        let call = Stopwatch::start();
        let answer = send(&mut client, &function.call(&tag, &staff), limit, watch).await;
        durations.push(millis(call.elapsed()));
        let checked = answer.and_then(|answer| function.check(&tag, &answer));
        checked.with_context(|| format!("call {} of {}", number + 1, calls + 1))?;
    }
    Ok(Row {
        function: function.name(),
        token_reuse,
        first: durations.remove(0),
        warm: durations,
        sign_ins: cloud.count(Service::Cognito),
        ssm_calls: cloud.count(Service::Ssm),
        appsync_calls: cloud.count(Service::AppSync),
    })
}

async fn send(client: &mut Client, call: &Call, limit: Duration, watch: &mut Watch) -> Result<Value> {
    tokio::select! {
        answer = client.send(call, limit) => answer,
        error = watch.failure() => Err(error),
    }
}

/// Nothing is left to compile by then, but another cargo may hold the lock on the target folder for a while.
const FIRST_CALL_LIMIT: Duration = Duration::from_secs(180);
const WARM_CALL_LIMIT: Duration = Duration::from_secs(10);
