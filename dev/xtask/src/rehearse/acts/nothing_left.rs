//! Deletion, and a look at whether anything stayed.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use crate::destroy;
use crate::rehearse::stage::Stage;

/// What there is in the account, such as `AWS::IAM::Role x`.
#[derive(Debug)]
pub(super) struct Inventory(BTreeSet<String>);

impl Inventory {
    pub(super) async fn take(stage: &Stage) -> Result<Self> {
        let mut all = BTreeSet::new();
        let mut add = |kind: &str, found: &Value, list: &str, name: &str| {
            for one in found[list].as_array().into_iter().flatten() {
                let name = if name.is_empty() { one.as_str() } else { one[name].as_str() };
                all.insert(format!("{kind} {}", name.unwrap_or_default()));
            }
        };
        let emulator = &stage.emulator;
        let rest = async |service, path| emulator.rest(service, Method::GET, path, None).await;
        add("function", &rest("lambda", "/2015-03-31/functions").await?, "Functions", "FunctionName");
        add("event source", &rest("lambda", "/2015-03-31/event-source-mappings").await?, "EventSourceMappings", "UUID");
        add("HTTP API", &rest("apigateway", "/v2/apis").await?, "items", "apiId");
        add("GraphQL API", &rest("appsync", "/v1/apis").await?, "graphqlApis", "apiId");
        let call = async |service, operation, input| emulator.call(service, operation, input).await;
        add("queue", &call("sqs", "AmazonSQS.ListQueues", json!({})).await?, "QueueUrls", "");
        add("table", &call("dynamodb", "DynamoDB_20120810.ListTables", json!({})).await?, "TableNames", "");
        add(
            "log group",
            &call("logs", "Logs_20140328.DescribeLogGroups", json!({})).await?,
            "logGroups",
            "logGroupName",
        );
        add("rule", &call("events", "AWSEvents.ListRules", json!({})).await?, "Rules", "Name");
        let pools = call("cognito-idp", "AWSCognitoIdentityProviderService.ListUserPools", json!({"MaxResults": 60}));
        add("user pool", &pools.await?, "UserPools", "Id");
        add("parameter", &call("ssm", "AmazonSSM.DescribeParameters", json!({})).await?, "Parameters", "Name");
        add("role", &emulator.cli(&["iam", "list-roles"]).await?, "Roles", "RoleName");
        add("policy", &emulator.cli(&["iam", "list-policies", "--scope", "Local"]).await?, "Policies", "PolicyName");
        add("alarm", &emulator.cli(&["cloudwatch", "describe-alarms"]).await?, "MetricAlarms", "AlarmName");
        add("dashboard", &emulator.cli(&["cloudwatch", "list-dashboards"]).await?, "DashboardEntries", "DashboardName");
        Ok(Self(all))
    }
}

pub(super) async fn play(stage: &Stage, before: &Inventory) -> Result<()> {
    let there = Inventory::take(stage).await?.0.len();
    let plan = destroy::plan(&stage.functions, Some(&stage.backend));
    stage.execute(&plan).await?;
    let after = Inventory::take(stage).await?;
    let left: Vec<_> = after.0.difference(&before.0).collect();
    ensure!(left.is_empty(), "this is left: {left:?}");
    stage.began.say(format!("both stacks are deleted, and nothing is left of {} things", there - before.0.len()));
    Ok(())
}
