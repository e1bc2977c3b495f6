//! `cargo xtask rehearse`: a deployment and its life, on an emulator of AWS.

mod acts;
mod customer;
mod emulator;
mod http_api;
mod left_out;
mod programs;
mod stage;

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use local_cloud::LocalCloud;
use runtime_api::Stopwatch;
use tokio::net::TcpStream;

use self::emulator::Emulator;
use self::programs::Programs;
use self::stage::Stage;
use crate::arguments::{self, Rehearse};
use crate::stack::Stack;

/// Deploys, goes through the acts, and says what was seen and what was not. An error at the first thing that is not as it
/// should be.
pub(crate) async fn run(began: Stopwatch, options: Rehearse) -> Result<()> {
    let programs = Programs::prepare(began, options.zips).await?;
    let stacks = (Stack::of_backend(arguments::DEV)?, Stack::of_functions(arguments::DEV)?);
    let emulator = Emulator::start(began, &stacks.1.region).await?;
    began.say(format!("the emulator is at http://127.0.0.1:{}", emulator.port()));
    let template = programs.template(emulator.port()).await?;
    let appsync = LocalCloud::start().await.context("local-cloud does not start")?;
    let stage = Stage::new(began, emulator, appsync, template, stacks)?;

    acts::play(&stage).await?;
    let port = stage.emulator.port();
    drop(stage);
    ensure!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err(), "the emulator is still there");

    println!("\nLeft out of the templates for the emulator:");
    for left_out in left_out::LEFT_OUT.iter().chain([&left_out::LEFT_OUT_OF_BACKEND]) {
        println!("  {}: {}", left_out.what, left_out.why);
    }
    println!("\nNot seen here, because the emulator cannot show it:");
    for unseen in UNSEEN {
        println!("  {unseen}");
    }
    began.say("the rehearsal is over, and what it started has ended");
    Ok(())
}

/// What only an account of AWS can show.
const UNSEEN: [&str; 9] = [
    "APPSYNC_JS: local-cloud answers in AppSync's place; the tests of backend/ compare its answers with the resolvers'",
    "the import of the OpenAPI definition: routes, authorizer and CORS are made from it one by one; throttling is not",
    "IAM in its details: conditions, the AWS-managed key, the minute until a new role takes effect",
    "alarms, the dashboard and metrics at work; logs are there, but nobody queries them",
    "the change sets that prod shows, gradual deployments, and whether stack policies are obeyed",
    "quotas and throttling of Cognito, SSM and Lambda; the freeze between invocations; more processes at once than a few",
    "the schedule of rotations: it is there, but rotations are asked for here",
    "TLS and the addresses of AWS: all is plain HTTP on one port",
    "arm64, unless this machine is one",
];
