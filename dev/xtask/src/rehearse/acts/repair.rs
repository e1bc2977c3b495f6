//! Damage, that it is noticed, and repair.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::rehearse::stage::{Deployed, Stage};
use crate::repair;

pub(super) async fn play(stage: &Stage, deployed: &Deployed) -> Result<()> {
    let stored = stage.stored(&deployed.prefix()).await?;
    let groups = stage.groups_of_service_user(deployed).await?;
    let credentials = format!("{}/credentials", deployed.prefix());
    let user: Value = serde_json::from_str(&stored[&credentials])?;

    for group in &groups {
        let input = json!({"Username": user["username"], "GroupName": group});
        stage.cognito("AdminRemoveUserFromGroup", input).await?;
    }
    let lost = ["credentials", "client-id", "token"].map(|last| format!("{}/{last}", deployed.prefix()));
    stage.emulator.call("ssm", "AmazonSSM.DeleteParameters", json!({"Names": lost})).await?;
    stage.new_processes(deployed).await?;
    let event = json!({"operation": "ListOrders", "variables": {"limit": 1}});
    let answer = stage.emulator.invoke(deployed.output("QueryFunction")?, event).await?;
    ensure!(answer["errorType"] == "SignInFailed", "without credentials, query answers {answer}");

    stage.execute(&repair::plan(&deployed.stack)).await?;
    let repaired = stage.stored(&deployed.prefix()).await?;
    ensure!(repaired.keys().eq(stored.keys()), "after the repair there are {:?}", repaired.keys());
    ensure!(stage.groups_of_service_user(deployed).await? == groups, "the service user's groups are not as before");
    stage.new_processes(deployed).await?;
    stage.smoke_test(deployed).await?;
    stage
        .began
        .say("lost parameters and a lost group fail new processes (SignInFailed), and a repair brings both back");
    Ok(())
}
