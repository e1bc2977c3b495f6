//! Updates of a stack that is there: one that succeeds and one that is rolled back.

use anyhow::{Result, ensure};
use hyper::Method;

use crate::rehearse::stage::{Deployed, Stage};

/// A new value for every parameter that may change while everything goes on working. `AppSyncUrl`, `UserPoolId` and the app
/// clients are those of the only backend.
const CHANGED: [(&str, &str); 12] = [
    ("LogLevel", "DEBUG"),
    ("LogRetentionDays", "14"),
    ("RotationSchedule", "rate(7 days)"),
    ("TokenUse", "id"),
    ("OperationCallers", "group:order-staff"),
    ("AllowedOrigins", "https://orders.example.com"),
    ("HttpApiRate", "20"),
    ("HttpApiBurst", "40"),
    ("AlarmTopicArn", "arn:aws:sns:eu-west-1:000000000000:alarms"),
    ("RunbookUrl", "https://runbook.example.com"),
    ("MetricsNamespace", "Rehearsed"),
    ("AdoptServiceUser", "yes"),
];

pub(super) async fn play(stage: &Stage, first: &Deployed) -> Result<()> {
    let (stored, before) = (stage.stored(&first.prefix()).await?, stage.parameters(&first.stack.name).await?);
    let updated = stage.deploy_functions(&first.stack, &CHANGED).await?;
    let parameters = stage.parameters(&first.stack.name).await?;
    for (name, value) in CHANGED {
        ensure!(parameters.get(name).is_some_and(|found| found == value), "{name} is {:?}", parameters.get(name));
    }
    let path = format!("/2015-03-31/functions/{}/configuration", updated.output("QueryFunction")?);
    let configuration = stage.emulator.rest("lambda", Method::GET, &path, None).await?;
    let variables = &configuration["Environment"]["Variables"];
    for (name, value) in [
        ("LOG_LEVEL", "DEBUG"),
        ("TOKEN_USE", "id"),
        ("OPERATION_CALLERS", "group:order-staff"),
        ("METRICS_NAMESPACE", "Rehearsed"),
    ] {
        ensure!(variables[name] == value, "{name} of query is {}", variables[name]);
    }
    stage.smoke_test(&updated).await?;
    ensure!(stage.stored(&first.prefix()).await? == stored, "an update changed the service user");
    stage.began.say(format!("{} parameters are updated, and the service user is as it was", CHANGED.len()));

    let elsewhere = stage.deploy_functions(&first.stack, &[("ServiceUserParameters", "/elsewhere")]).await;
    ensure!(elsewhere.is_err(), "the service user's parameters moved");
    let reason = stage.failed_as(&first.stack.name, "UPDATE_ROLLBACK_COMPLETE").await?;
    ensure!(stage.stored("/elsewhere").await?.is_empty(), "something is left under /elsewhere");
    ensure!(stage.stored(&first.prefix()).await? == stored, "the rollback changed the service user");
    stage.new_processes(&updated).await?;
    stage.smoke_test(&updated).await?;
    stage.began.say(format!("an update that fails is rolled back: {reason}"));

    let before: Vec<_> = CHANGED.iter().filter_map(|(name, _)| Some((*name, before.get(*name)?.as_str()))).collect();
    stage.deploy_functions(&first.stack, &before).await?;
    stage.smoke_test(first).await?;
    stage.began.say("the parameters are as before");
    Ok(())
}
