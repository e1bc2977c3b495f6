//! Whoever has the policy `docs/deployer-policy.json` can deploy, repair and delete.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::arguments::Deploy;
use crate::stack::Stack;
use crate::{deploy, destroy, project, repair};

/// What CloudFormation does for whoever deploys, by the type of the resource, and what the commands do: what they act on, or
/// the service if that cannot be said, and the actions. `STACK` is either stack.
const NEEDED: &str = "
AWS::ApiGatewayV2::Api apigateway:eu-west-1::/apis/1 POST PATCH DELETE GET TagResource
AWS::ApiGatewayV2::Stage apigateway:eu-west-1::/apis/1/stages/2 POST PATCH DELETE GET
AWS::ApiGatewayV2::Api iam::1:role/aws-service-role/ops.apigateway.amazonaws.com/1 CreateServiceLinkedRole
AWS::ApiGatewayV2::Stage logs CreateLogDelivery GetLogDelivery ListLogDeliveries PutResourcePolicy
AWS::AppSync::DataSource appsync:eu-west-1:1:apis/1 CreateDataSource DeleteDataSource
AWS::AppSync::FunctionConfiguration appsync:eu-west-1:1:apis/1 CreateFunction DeleteFunction
AWS::AppSync::GraphQLApi appsync:eu-west-1:1:apis/1 CreateGraphqlApi DeleteGraphqlApi TagResource
AWS::AppSync::GraphQLApi iam::1:role/aws-service-role/appsync.amazonaws.com/1 CreateServiceLinkedRole
AWS::AppSync::GraphQLSchema appsync:eu-west-1:1:apis/1 StartSchemaCreation GetSchemaCreationStatus
AWS::AppSync::Resolver appsync:eu-west-1:1:apis/1 CreateResolver DeleteResolver
AWS::CloudWatch::Alarm cloudwatch:eu-west-1:1:alarm:STACK-1 PutMetricAlarm DeleteAlarms DescribeAlarms
AWS::CloudWatch::Dashboard cloudwatch::1:dashboard/STACK PutDashboard DeleteDashboards GetDashboard
AWS::CodeDeploy::Application codedeploy:eu-west-1:1:application:STACK-1 CreateApplication
AWS::CodeDeploy::DeploymentGroup codedeploy:eu-west-1:1:deploymentgroup:STACK-1/2 CreateDeployment
AWS::CodeDeploy::DeploymentGroup codedeploy:eu-west-1:1:deploymentconfig:CodeDeployDefault.X GetDeploymentConfig
AWS::Cognito::UserPool cognito-idp CreateUserPool
AWS::Cognito::UserPool cognito-idp:eu-west-1:1:userpool/1 UpdateUserPool DeleteUserPool DescribeUserPool
AWS::Cognito::UserPoolClient cognito-idp:eu-west-1:1:userpool/1 CreateUserPoolClient
AWS::Cognito::UserPoolDomain cognito-idp:eu-west-1:1:userpool/1 CreateUserPoolDomain
AWS::Cognito::UserPoolDomain cognito-idp DescribeUserPoolDomain
AWS::Cognito::UserPoolGroup cognito-idp:eu-west-1:1:userpool/1 CreateGroup DeleteGroup GetGroup
AWS::Cognito::UserPoolResourceServer cognito-idp:eu-west-1:1:userpool/1 CreateResourceServer
AWS::DynamoDB::Table dynamodb:eu-west-1:1:table/STACK-1 CreateTable UpdateContinuousBackups UpdateTimeToLive
AWS::Events::Rule events:eu-west-1:1:rule/STACK-1 PutRule PutTargets RemoveTargets DeleteRule DescribeRule
AWS::IAM::ManagedPolicy iam::1:policy/STACK-1 CreatePolicy CreatePolicyVersion DeletePolicyVersion DeletePolicy
AWS::IAM::ManagedPolicy iam::1:policy/STACK-1 GetPolicy GetPolicyVersion ListPolicyVersions ListEntitiesForPolicy
AWS::IAM::Role iam::1:role/STACK-1 CreateRole PutRolePolicy AttachRolePolicy PutRolePermissionsBoundary
AWS::IAM::Role iam::1:role/STACK-1 DeleteRole DeleteRolePolicy DetachRolePolicy UpdateAssumeRolePolicy UpdateRole
AWS::IAM::Role iam::1:role/STACK-1 GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies TagRole PassRole
AWS::Lambda::Alias lambda:eu-west-1:1:function:STACK-1 CreateAlias UpdateAlias DeleteAlias GetAlias
AWS::Lambda::EventSourceMapping lambda CreateEventSourceMapping UpdateEventSourceMapping
AWS::Lambda::EventSourceMapping lambda DeleteEventSourceMapping GetEventSourceMapping TagResource ListTags
AWS::Lambda::Function lambda:eu-west-1:1:function:STACK-1 CreateFunction UpdateFunctionCode DeleteFunction
AWS::Lambda::Permission lambda:eu-west-1:1:function:STACK-1:live AddPermission RemovePermission GetPolicy
AWS::Lambda::Version lambda:eu-west-1:1:function:STACK-1 PublishVersion
AWS::Logs::LogGroup logs:eu-west-1:1:log-group:/aws/lambda/STACK-1 CreateLogGroup PutRetentionPolicy
AWS::Logs::LogGroup logs:eu-west-1:1:log-group:/aws/apigateway/STACK DeleteLogGroup
AWS::Logs::LogGroup logs:eu-west-1:1:log-group:/aws/appsync/apis/1 TagResource
AWS::Logs::LogGroup logs DescribeLogGroups
AWS::SecretsManager::Secret secretsmanager:eu-west-1:1:secret:TokenSecret-1 CreateSecret DeleteSecret DescribeSecret
AWS::SecretsManager::Secret secretsmanager:eu-west-1:1:secret:TokenSecret-1 UpdateSecret TagResource
AWS::SQS::Queue sqs:eu-west-1:1:STACK-1 CreateQueue SetQueueAttributes DeleteQueue TagQueue
AWS::SQS::QueuePolicy sqs:eu-west-1:1:STACK-1 SetQueueAttributes
Custom::ServiceUser lambda:eu-west-1:1:function:STACK-1 InvokeFunction
aws:cloudformation cloudformation:eu-west-1:1:stack/STACK/1 DescribeStacks SetStackPolicy UpdateTerminationProtection
aws:lambda lambda:eu-west-1:1:function:STACK-1:live InvokeFunction
sam:deploy cloudformation:eu-west-1:1:stack/STACK/1 CreateChangeSet DescribeChangeSet ExecuteChangeSet DescribeStackEvents
sam:deploy cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31 CreateChangeSet
sam:deploy cloudformation:eu-west-1:1:stack/aws-sam-cli-managed-default/1 CreateChangeSet DescribeStacks
sam:deploy s3:::aws-sam-cli-managed-default-samclisourcebucket-1 CreateBucket PutBucketPolicy PutEncryptionConfiguration
sam:deploy s3:::aws-sam-cli-managed-default-samclisourcebucket-1/orders-dev/1 PutObject GetObject
sam:deploy cloudformation GetTemplateSummary ValidateTemplate
sam:delete cloudformation:eu-west-1:1:stack/STACK/1 DeleteStack GetTemplate
sam:delete s3:::aws-sam-cli-managed-default-samclisourcebucket-1/orders-dev/1 DeleteObject
";

/// What SAM makes of its own types.
const TRANSFORMED: [(&str, &[&str]); 2] = [
    (
        "AWS::Serverless::Function",
        &[
            "AWS::CodeDeploy::Application",
            "AWS::CodeDeploy::DeploymentGroup",
            "AWS::Events::Rule",
            "AWS::Lambda::Alias",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Function",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Version",
        ],
    ),
    ("AWS::Serverless::HttpApi", &["AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"]),
];

fn read(file: &str) -> String {
    std::fs::read_to_string(project::root().join(file)).unwrap()
}

/// The types of the templates' resources, and the commands of the plans.
fn used() -> BTreeSet<String> {
    let templates = ["template.yaml", "backend/template.yaml"].map(read).concat();
    let types = templates.lines().filter_map(|line| line.strip_prefix("    Type: "));
    let types = types.filter(|name| name.contains("::")).flat_map(|name| {
        let transformed = TRANSFORMED.iter().find(|(of, _)| *of == name);
        transformed.map_or(vec![name], |(_, into)| into.to_vec())
    });

    let [mut functions, mut backend] = [Stack::of_functions("dev"), Stack::of_backend("dev")].map(Result::unwrap);
    (functions.is_protected, backend.is_protected) = (true, true);
    let options = Deploy {
        env: String::new(),
        backend: true,
        parameters: vec![],
        backend_parameters: vec![],
        dry_run: true,
        yes: false,
    };
    let deploy = deploy::plan(&options, &functions, Some(&backend)).unwrap();
    let plans = format!("{deploy}{}{}", destroy::plan(&functions, Some(&backend)), repair::plan(&functions));
    let commands = plans.lines().flat_map(|line| {
        let line = line.rsplit_once("=$(").map_or(line, |(_, command)| command);
        line.split(" | ").map(|command| command.split(' ').take(2).collect::<Vec<_>>().join(":")).collect::<Vec<_>>()
    });
    let commands = commands.filter(|command| command.starts_with("aws:") || command.starts_with("sam:"));
    types.map(str::to_owned).chain(commands).filter(|command| command != "sam:build").collect()
}

#[test]
fn the_policy_allows_what_the_templates_and_the_commands_take_and_has_no_other_statement() {
    let policy: Value = serde_json::from_str(&read("docs/deployer-policy.json")).unwrap();
    assert!(policy.to_string().len() <= 6_144, "IAM takes no longer policy");
    let statements = policy["Statement"].as_array().unwrap();
    let (mut known, mut helpful) = (BTreeSet::new(), BTreeSet::new());
    for row in NEEDED.trim().lines() {
        let mut words = row.split(' ');
        let (user, on) = (words.next().unwrap(), words.next().unwrap());
        known.insert(user.to_owned());
        let service = on.split(':').next().unwrap();
        for (action, stack) in
            words.flat_map(|action| ["orders-dev", "orders-backend-dev"].map(|stack| (action, stack)))
        {
            let action = format!("{service}:{action}");
            let on = if on == service { "*".to_owned() } else { format!("arn:aws:{}", on.replace("STACK", stack)) };
            let by = statements.iter().find(|one| allows(&one["Action"], &action) && allows(&one["Resource"], &on));
            let by = by.unwrap_or_else(|| panic!("{user} takes {action} on {on}"));
            helpful.insert(by["Sid"].to_string());
        }
    }
    assert_eq!(known, used(), "the table, and what is used");
    assert_eq!(helpful.len(), statements.len(), "only these help: {helpful:?}");
}

fn allows(patterns: &Value, text: &str) -> bool {
    match patterns {
        Value::Array(patterns) => patterns.iter().any(|pattern| allows(pattern, text)),
        pattern => matches(pattern.as_str().unwrap(), text),
    }
}

/// As IAM does: `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|text| (0..=text.len()).any(|at| text.get(at..).is_some_and(|text| matches(rest, text)))),
    }
}

#[test]
fn every_role_can_have_a_permissions_boundary() {
    for template in ["template.yaml", "backend/template.yaml"].map(read) {
        let boundary =
            "PermissionsBoundary: !If [HasPermissionsBoundary, !Ref PermissionsBoundaryArn, !Ref AWS::NoValue]";
        let roles = template.matches("Type: AWS::IAM::Role\n").count();
        assert!(roles > 0);
        assert_eq!(template.matches(boundary).count(), roles);
    }
}
