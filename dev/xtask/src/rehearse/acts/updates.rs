//! Updates of a stack that is there: of everything that may change, and of what may not, which is rolled back.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::rehearse::stage::{Deployed, Stage};

/// A new value for every parameter that may change while all goes on working. `ServiceClientId` and `ServiceGroup` are below.
const CHANGED: [(&str, &str); 16] = [
    ("LogLevel", "DEBUG"),
    ("LogRetentionDays", "14"),
    ("RotationSchedule", "rate(7 days)"),
    ("RotationAlarmDays", "40"),
    ("MutationsConcurrency", "60"),
    ("TokenUse", "id"),
    ("OperationCallers", "group:order-staff"),
    ("AllowedOrigins", "https://orders.example.com"),
    ("HttpApiRate", "20"),
    ("HttpApiBurst", "40"),
    ("AlarmTopicArn", "arn:aws:sns:eu-west-1:000000000000:alarms"),
    ("RunbookUrl", "https://runbook.example.com"),
    ("MetricsNamespace", "Rehearsed"),
    ("AdoptServiceUser", "yes"),
    ("ServiceUserMode", "published"),
    ("PublishMinutes", "10"),
];

/// What has only one value here, and why.
#[cfg(test)]
const UNCHANGED: [(&str, &str); 13] = [
    ("AppSyncUrl", "there is one API"),
    ("HttpApiClientIds", "customers sign in with one app client"),
    ("Architecture", "this machine has one"),
    ("Identity", "AppSync's part is played for a service user"),
    ("AppSyncApiArn", "of another identity"),
    ("TokenUrl", "of another identity"),
    ("TokenScopes", "of another identity"),
    ("MachineSecretArn", "of another identity"),
    ("TokenStore", "to the emulator the reference of a secret is its name, where a policy needs its ARN"),
    ("PermissionsBoundaryArn", "the emulator has no policy that could be one"),
    ("TracesEndpoint", "the functions are built without traces"),
    ("GradualDeployment", "the emulator has no CodeDeploy"),
    ("Release", "each deployment has another"),
];

/// Another service user, which is refused.
const REFUSED: [(&str, &str); 4] = [
    ("ServiceUserParameters", "/elsewhere"),
    ("ServiceUsername", "somebody"),
    ("ParametersKeyArn", "arn:aws:kms:eu-west-1:000000000000:key/1"),
    ("UserPoolId", "eu-west-1_Elsewhere"),
];

/// What `query` must see of them.
const SEEN: [(&str, &str); 5] = [
    ("LOG_LEVEL", "DEBUG"),
    ("TOKEN_USE", "id"),
    ("OPERATION_CALLERS", "group:order-staff"),
    ("METRICS_NAMESPACE", "Rehearsed"),
    ("SERVICE_USER_MODE", "published"),
];

pub(super) async fn play(stage: &Stage, first: &Deployed) -> Result<()> {
    let (stored, before) = (stage.stored(&first.prefix()).await?, stage.parameters(&first.stack.name).await?);
    let updated = stage.deploy_functions(&first.stack, &CHANGED).await?;
    let parameters = stage.parameters(&first.stack.name).await?;
    for (name, value) in CHANGED {
        ensure!(parameters.get(name).is_some_and(|found| found == value), "{name} is {:?}", parameters.get(name));
    }
    let variables = stage.variables(updated.output("QueryFunction")?).await?;
    for (name, value) in SEEN {
        ensure!(variables[name] == value, "{name} of query is {}", variables[name]);
    }
    stage.smoke_test(&updated).await?;
    ensure!(stage.stored(&first.prefix()).await? == stored, "an update changed the service user");
    stage.began.say(format!("{} parameters are updated, and the service user is as it was", CHANGED.len()));

    for refused in REFUSED {
        ensure!(stage.deploy_functions(&first.stack, &[refused]).await.is_err(), "{} may change", refused.0);
        let reason = stage.failed_as(&first.stack.name, "UPDATE_ROLLBACK_COMPLETE").await?;
        ensure!(reason.contains("deploy a second stack"), "{} is refused by another reason: {reason}", refused.0);
        ensure!(stage.stored(&first.prefix()).await? == stored, "the rollback changed the service user");
        stage.began.say(format!("another {} is refused and rolled back: {reason}", refused.0));
    }
    ensure!(stage.all_stored("/elsewhere").await?.is_empty(), "something is left under /elsewhere");
    stage.new_processes(&updated).await?;
    stage.smoke_test(&updated).await?;

    let client = another_client(stage).await?;
    let before: Vec<_> = CHANGED.iter().filter_map(|(name, _)| Some((*name, before.get(*name)?.as_str()))).collect();
    let other = [("ServiceClientId", client.as_str()), ("ServiceGroup", "order-admins")];
    stage.deploy_functions(&first.stack, &[&before[..], &other].concat()).await?;
    let stored = stage.stored(&first.prefix()).await?;
    ensure!(stored.get(&format!("{}/client-id", first.prefix())) == Some(&client), "the app client is the old one");
    let groups = stage.groups_of_service_user(first).await?;
    ensure!(groups == ["order-admins"], "the service user is in {groups:?}");
    stage.deploy_functions(&first.stack, &[]).await?;
    let groups = stage.groups_of_service_user(first).await?;
    ensure!(groups == ["order-services"], "the service user is in {groups:?}");
    stage.new_processes(first).await?;
    stage.smoke_test(first).await?;
    stage
        .began
        .say("the service user got another app client and group, and its own again; all parameters are as before");
    Ok(())
}

/// Like the backend's.
async fn another_client(stage: &Stage) -> Result<String> {
    let input = json!({
        "ClientName": "others",
        "GenerateSecret": true,
        "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    });
    let made = stage.cognito("CreateUserPoolClient", input).await?;
    Ok(made["UserPoolClient"]["ClientId"].as_str().with_context(|| format!("no app client in {made}"))?.to_owned())
}

#[test]
fn every_parameter_of_the_template_is_changed_or_has_a_reason_not_to() {
    let template = std::fs::read_to_string(crate::project::root().join("template.yaml")).unwrap();
    let (_, parameters) = template.split_once("\nParameters:\n").unwrap();
    let (parameters, _) = parameters.split_once("\nConditions:\n").unwrap();
    let names = parameters.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let mut names: Vec<_> = names.filter(|name| !name.starts_with(' ')).collect();
    let lists = [&CHANGED[..], &UNCHANGED, &REFUSED].concat();
    let below = ["ServiceClientId", "ServiceGroup"];
    let mut listed: Vec<_> = lists.iter().map(|(name, _)| *name).chain(below).collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, names);
}
