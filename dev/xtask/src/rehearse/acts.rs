//! What happens to a deployment, one act after the other, each with its checks.

mod nothing_left;
mod orders;
mod production;
mod queue;
mod repair;
mod rotation;
mod second_stack;
mod updates;

use anyhow::{Context, Result};

use self::nothing_left::Inventory;
use super::customer;
use super::stage::Stage;

/// All acts, in the order of a life.
pub(crate) async fn play(stage: &Stage) -> Result<()> {
    let say = |what: &str| stage.began.say(what);
    let before = Inventory::take(stage).await?;

    stage.deploy_backend().await?;
    let pool = stage.outputs(&stage.backend.name).await?;
    let pool = pool.get("UserPoolId").context("the backend has no user pool")?;
    let keys = format!("http://127.0.0.1:{}/{pool}/.well-known/jwks.json", stage.emulator.port());
    stage.appsync.trust_user_pool(&keys).await?;
    say("the backend is deployed, and local-cloud believes the tokens of its user pool");

    let first = stage.deploy_functions(&stage.functions, &[]).await?;
    say("the functions are deployed; the custom resource has made the service user");
    stage.smoke_test(&first).await?;
    say("the smoke test passes");

    let customer = customer::sign_in(stage, "ada", None).await.context("the first customer cannot sign in")?;
    let staff = customer::sign_in(stage, "grace", Some("order-staff")).await.context("the staff cannot sign in")?;
    say("the first customer, and one of the staff, have signed in with PKCE and chosen their passwords");
    orders::play(stage, &first, &customer, &staff).await.context("orders over HTTP fail")?;
    queue::play(stage, &first).await.context("messages fail")?;
    rotation::play(stage, &first, &staff).await.context("rotation fails")?;
    repair::play(stage, &first).await.context("repair fails")?;
    updates::play(stage, &first).await.context("an update fails")?;
    second_stack::play(stage, &first).await.context("a second stack fails")?;

    production::play(stage).await.context("production fails")?;

    nothing_left::play(stage, &before).await.context("not all is deleted")
}
