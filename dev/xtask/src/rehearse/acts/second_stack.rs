//! A second stack beside the first one: it takes nothing from it, whether it comes, goes, or fails to come.

use anyhow::{Result, ensure};

use super::rotation::rotate;
use crate::plan::Plan;
use crate::rehearse::stage::{Deployed, Stage};
use crate::stack::Stack;

pub(super) async fn play(stage: &Stage, first: &Deployed) -> Result<()> {
    let stored = stage.stored(&first.prefix()).await?;
    ensure!(!stored.is_empty(), "the first stack has no parameters");
    let second = Stack { name: "orders-second".to_owned(), ..stage.functions.clone() };

    // As somebody would do who copies the first one's settings.
    let taken = [("ServiceUserParameters", first.prefix())].map(|(name, value)| (name, value));
    let taken: Vec<(&str, &str)> = taken.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ensure!(stage.deploy_functions(&second, &taken).await.is_err(), "a second stack takes the first one's parameters");
    let reason = stage.failed_as(&second.name, "ROLLBACK_COMPLETE").await?;
    ensure!(reason.contains(&stage.functions.name), "the refusal does not say whose parameters they are: {reason}");
    ensure!(stage.stored(&first.prefix()).await? == stored, "the refused stack changed the first one's parameters");
    stage.began.say(format!("a create that fails is rolled back: {reason}"));
    delete(stage, &second).await?;

    let deployed = stage.deploy_functions(&second, &[("MetricsNamespace", "OrdersSecond")]).await?;
    stage.smoke_test(&deployed).await?;
    ensure!(stage.stored(&first.prefix()).await? == stored, "the second stack changed the first one's parameters");
    rotate(stage, &deployed).await?;
    // A process that has signed in already would not notice.
    stage.new_processes(first).await?;
    stage.smoke_test(first).await?;
    delete(stage, &second).await?;
    ensure!(stage.all_stored(&deployed.prefix()).await?.is_empty(), "the second stack's parameters are still there");
    ensure!(stage.stored(&first.prefix()).await? == stored, "the second stack took the first one's parameters with it");
    stage.new_processes(first).await?;
    stage.smoke_test(first).await?;
    rotate(stage, first).await?;
    stage.began.say("a second stack came, worked beside the first one, and went; the first one works on");
    Ok(())
}

async fn delete(stage: &Stage, Stack { name, region, .. }: &Stack) -> Result<()> {
    let mut plan = Plan::default();
    plan.run("The second stack goes", &["sam", "delete", "--stack-name", name, "--region", region, "--no-prompts"]);
    stage.execute(&plan).await
}
