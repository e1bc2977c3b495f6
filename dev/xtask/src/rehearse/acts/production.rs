//! Production: what was deployed is protected, and deleted only after somebody has taken the protection away.

use anyhow::{Result, ensure};

use crate::arguments::{Deploy, PROD};
use crate::deploy;
use crate::destroy;
use crate::plan::Plan;
use crate::project;
use crate::rehearse::stage::{self, Stage};
use crate::stack::Stack;

pub(super) async fn play(stage: &Stage) -> Result<()> {
    let (backend, functions) = (Stack::of_backend(PROD)?, Stack::of_functions(PROD)?);
    let url = stage.appsync.graphql_url();
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let parameters = [
        ("AppSyncUrl", url.as_str()),
        ("Architecture", architecture),
        ("AllowedOrigins", "https://orders.example.com"),
        ("AlarmTopicArn", "none"),
        ("GradualDeployment", "false"), // the emulator has no CodeDeploy
        ("Release", "1"),
    ];
    let backend_parameters = [("CallbackUrls", "https://orders.example.com/signed-in"), ("AlarmTopicArn", "none")];
    let backend_parameters = backend_parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let options = Deploy { env: PROD.to_owned(), backend_parameters, yes: true, ..stage::options(&parameters) };
    let template = stage.template.display().to_string();
    let config = project::root().join("samconfig.toml").display().to_string();
    let built = ["--template-file", template.as_str(), "--config-file", &config];
    let of_backend = Stage::backend_template()?;
    let of_backend = of_backend.each_ref().map(String::as_str);
    let mut plan = Plan::default();
    deploy::deploy_backend(&mut plan, &options, &backend, &of_backend)?;
    deploy::deploy_functions(&mut plan, &options, &functions, Some(&backend), Some(&built))?;
    stage.execute(&plan).await?;

    let destroy = destroy::plan(&functions, Some(&backend));
    ensure!(stage.execute(&destroy).await.is_err(), "`cargo xtask destroy` deletes production");
    let cloud_formation = |words: &[&'static str], stack: &Stack| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let name = stack.name.clone();
        async move {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            stage.emulator.cli(&[&["cloudformation"], &words[..], &["--stack-name", &name]].concat()).await
        }
    };
    for stack in [&functions, &backend] {
        ensure!(cloud_formation(&["delete-stack"], stack).await.is_err(), "{} can be deleted", stack.name);
        let status = stage.describe(&stack.name).await?["StackStatus"].clone();
        ensure!(status == "CREATE_COMPLETE", "{} is {status}", stack.name);
        let policy = cloud_formation(&["get-stack-policy"], stack).await?;
        ensure!(policy["StackPolicyBody"].as_str().is_some_and(|policy| policy.contains("Deny")), "there is {policy}");
    }
    let unprotect = ["update-termination-protection", "--no-enable-termination-protection"];
    cloud_formation(&unprotect, &functions).await?;
    ensure!(stage.execute(&destroy).await.is_err(), "`cargo xtask destroy` deletes a part of production");
    ensure!(stage.describe(&functions.name).await?["StackStatus"] == "CREATE_COMPLETE", "the functions are deleted");
    cloud_formation(&unprotect, &backend).await?;
    ensure!(stage.execute(&destroy).await.is_err(), "users and orders are deleted in spite of DeletionProtection");

    // As the refusal says it.
    let mut plan = Plan::default();
    let off = [
        "--config-env",
        PROD,
        "--stack-name",
        &backend.name,
        "--parameter-overrides",
        "DeletionProtection=off",
        "--no-confirm-changeset",
    ];
    plan.run("Users and orders may be deleted", &[&["sam", "deploy"], &of_backend[..], &off].concat());
    stage.execute(&plan).await?;
    stage.execute(&destroy).await?;
    stage.began.say("production is protected from deletion in three ways, and deleted when each is taken away");
    Ok(())
}
