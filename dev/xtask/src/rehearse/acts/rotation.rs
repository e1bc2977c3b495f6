//! Rotation, while every request signs in with the password.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use serde_json::json;

use super::orders::expect;
use crate::rehearse::stage::{Deployed, Stage};

pub(super) async fn play(stage: &Stage, deployed: &Deployed, staff: &str) -> Result<()> {
    let before = stage.stored(&deployed.prefix()).await?;
    let function = deployed.output("HttpApiFunction")?;
    // A token lives for an hour, so nothing would be seen of a rotation: each request signs in.
    let variables = stage.variables(function).await?;
    let mut forgetful = variables.clone();
    forgetful["TOKEN_REUSE"] = json!("off");
    stage.set_variables(function, &forgetful).await?;

    let rotated = Cell::new(false);
    let answered = Cell::new(0);
    let callers = (0..CALLERS).map(|_| call_until(stage, deployed, staff, &rotated, &answered));
    let rotate = async {
        let mut actives = Vec::new();
        for _ in 0..ROTATIONS {
            // Some requests before, between and after.
            let enough = answered.get() + 3 * CALLERS;
            while answered.get() < enough {
                tokio::time::sleep(PAUSE).await;
            }
            actives.push(rotate(stage, deployed).await?);
        }
        rotated.set(true);
        anyhow::Ok(actives)
    };
    let (actives, _) = tokio::try_join!(rotate, futures_util::future::try_join_all(callers))?;
    stage.set_variables(function, &variables).await?;

    ensure!(actives[0] != actives[1] && actives[0] == actives[2], "the users do not take turns: {actives:?}");
    let after = stage.stored(&deployed.prefix()).await?;
    let changed: Vec<_> = after.iter().filter(|(name, value)| before.get(*name) != Some(value)).collect();
    let credentials = format!("{}/credentials", deployed.prefix());
    ensure!(
        changed.len() == 1 && *changed[0].0 == credentials && changed[0].1.contains(&actives[2]),
        "rotation changed {:?}",
        changed.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let published = &stage.all_stored(&deployed.prefix()).await?[&format!("{}/token", deployed.prefix())];
    ensure!(published.contains(&actives[2]), "the published token is not that of {}", actives[2]);
    stage.began.say(format!(
        "{ROTATIONS} rotations while {CALLERS} callers at once sign in for each of {} requests: none failed",
        answered.get()
    ));
    Ok(())
}

/// The name of the user that is active now.
pub(super) async fn rotate(stage: &Stage, deployed: &Deployed) -> Result<String> {
    let answer =
        stage.emulator.invoke(deployed.output("ServiceUserFunction")?, json!({"RequestType": "Rotate"})).await?;
    let active = answer["active"].as_str().with_context(|| format!("service-user answers {answer}"))?;
    Ok(active.to_owned())
}

async fn call_until(
    stage: &Stage,
    deployed: &Deployed,
    staff: &str,
    rotated: &Cell<bool>,
    answered: &Cell<usize>,
) -> Result<()> {
    let mut client = deployed.http_api(stage).await?;
    while !rotated.get() {
        let page = expect(&mut client, "/orders?limit=1", Some(staff), StatusCode::OK).await?;
        ensure!(page["items"].is_array(), "not a page of orders: {page}");
        answered.set(answered.get() + 1);
    }
    Ok(())
}

const CALLERS: usize = 3;
const ROTATIONS: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);
