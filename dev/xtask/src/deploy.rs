//! `cargo xtask deploy`: the backend, the functions, and a look at whether they work.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::Command;

use anyhow::{Result, ensure};
use runtime_api::Stopwatch;
use serde_json::json;

use crate::account;
use crate::arguments::Deploy;
use crate::cargo_lambda;
use crate::plan::Plan;
use crate::project;
use crate::stack::Stack;

/// Prints the plan and follows it.
pub(crate) async fn run(began: Stopwatch, options: Deploy) -> Result<()> {
    ensure!(options.backend || options.backend_parameters.is_empty(), "--backend-parameter needs --backend");
    let mut functions = Stack::of_functions(&options.env)?;
    set(&mut functions.parameters, "Release", release());
    let backend = options.backend.then(|| Stack::of_backend(&options.env)).transpose()?;
    let plan = plan(&options, &functions, backend.as_ref())?;
    println!("{plan}");
    let missing = account::missing(&["sam", "aws", "curl"], &functions.region);
    if options.dry_run {
        account::print_missing(&missing);
        return Ok(());
    }
    account::require(&missing)?;
    let cargo_lambda = cargo_lambda::find_or_install(began).await?;
    plan.execute(|command: &mut Command| cargo_lambda.put_on_path_of(command)).await?;
    println!("\n{} is deployed and answers.", functions.name);
    Ok(())
}

/// The outputs of the backend that are parameters of the functions.
const HANDED_OVER: [&str; 8] = [
    "AppSyncUrl",
    "UserPoolId",
    "ServiceClientId",
    "ServiceGroup",
    "HttpApiClientIds",
    "AppSyncApiArn",
    "TokenUrl",
    "MachineSecretArn",
];
/// The outputs of the functions that the smoke test needs.
const SMOKE_TESTED: [&str; 4] = ["QueryFunction", "MutateFunction", "HttpApiFunction", "HttpApiUrl"];
/// What `samconfig.toml` says where only the user knows what belongs there.
const OPEN: &str = "FILL-IN";

pub(crate) fn plan(options: &Deploy, functions: &Stack, backend: Option<&Stack>) -> Result<Plan> {
    let mut plan = Plan::default();
    if let Some(backend) = backend {
        deploy_backend(&mut plan, options, backend, &["--template-file", "backend/template.yaml"])?;
    }
    deploy_functions(&mut plan, options, functions, backend, None)?;
    smoke_test(&mut plan, functions);
    Ok(plan)
}

/// The sample backend; `template` is what `sam deploy` must be told of it.
pub(crate) fn deploy_backend(plan: &mut Plan, options: &Deploy, backend: &Stack, template: &[&str]) -> Result<()> {
    let mut given = backend.parameters.clone();
    set_all(&mut given, &options.backend_parameters);
    refuse_open(backend, &given, "backend/samconfig.toml or with --backend-parameter NAME=VALUE")?;
    deploy(plan, options, "The backend", backend, template, &given);
    Ok(())
}

/// The functions, for the outputs of `backend` if there is one. Those that `built` are not built by `sam`: it is what
/// `sam deploy` must be told of them.
pub(crate) fn deploy_functions(
    plan: &mut Plan,
    options: &Deploy,
    functions: &Stack,
    backend: Option<&Stack>,
    built: Option<&[&str]>,
) -> Result<()> {
    let mut parameters = functions.parameters.clone();
    if let Some(backend) = backend {
        for name in HANDED_OVER {
            plan.read_output(&backend.name, &backend.region, name);
            set(&mut parameters, name, format!("${name}"));
        }
    }
    set_all(&mut parameters, &options.parameters);
    refuse_open(
        functions,
        &parameters,
        "samconfig.toml or with --parameter NAME=VALUE; --backend deploys an API that sets them",
    )?;
    if built.is_none() {
        let given = overrides(&parameters);
        plan.run(
            "The programs",
            &[&["sam", "build", "--config-env", &functions.config_env], &words(&given)[..]].concat(),
        );
    }
    deploy(plan, options, "The functions", functions, built.unwrap_or_default(), &parameters);
    Ok(())
}

fn refuse_open(stack: &Stack, parameters: &[(String, String)], place: &str) -> Result<()> {
    let open: Vec<&str> = parameters.iter().filter(|(_, value)| value == OPEN).map(|(name, _)| name.as_str()).collect();
    ensure!(open.is_empty(), "{} of {} must be set, in {place}", open.join(", "), stack.name);
    Ok(())
}

/// What the versions of the functions are called: no two deployments alike.
pub(crate) fn release() -> String {
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(project::root()).output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    format!("{commit}.{}", random())
}

fn random() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// If it is protected, what will change is shown first, and what was deployed is protected afterwards.
fn deploy(
    plan: &mut Plan,
    options: &Deploy,
    what: &str,
    Stack { name, region, config_env, is_protected, .. }: &Stack,
    template: &[&str],
    parameters: &[(String, String)],
) {
    let given = overrides(parameters);
    let deploy = |last| {
        let stack = ["--config-env", config_env, "--stack-name", name, last];
        [&["sam", "deploy"], template, &stack, &words(&given)].concat()
    };
    if *is_protected && !options.yes {
        plan.run(&format!("{what}: what will change"), &deploy("--no-execute-changeset"));
        plan.ask(name);
    }
    plan.run(what, &deploy("--no-confirm-changeset"));
    if *is_protected {
        let protect = |operation, options: &[&'static str]| {
            [&["aws", "cloudformation", operation, "--stack-name", name, "--region", region], options].concat()
        };
        plan.run(
            "No deletion by accident",
            &protect("update-termination-protection", &["--enable-termination-protection"]),
        );
        plan.run("No replacement of what holds data", &protect("set-stack-policy", &["--stack-policy-body", POLICY]));
    }
}

/// A stack policy. Whoever means to replace one of these sets another policy first.
const POLICY: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}, {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"], "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::Cognito::UserPool", "AWS::DynamoDB::Table", "AWS::SQS::Queue"]}}}]}"#;

/// Calls every function once, on its way to AppSync and back, and leaves nothing behind.
pub(crate) fn smoke_test(plan: &mut Plan, functions: &Stack) {
    for name in SMOKE_TESTED {
        plan.read_output(&functions.name, &functions.region, name);
    }
    let list = r#"{"operation": "ListOrders", "variables": {"limit": 1}}"#;
    let region = &functions.region;
    plan.invoke("query lists orders", "QueryFunction", region, list, r#""listOrders""#);
    // Nobody can have an order of this name, because nobody could guess it.
    let id = format!("smoke-test-{}", random());
    let cancel = json!({"operation": "CancelOrder", "variables": {"id": id, "expectedVersion": 1}}).to_string();
    plan.invoke("mutate cancels no order that does not exist", "MutateFunction", region, &cancel, "ConditionFailed");
    let listed = r#""statusCode":200"#;
    plan.invoke("http-api lists orders for staff", "HttpApiFunction", region, &staff_lists_orders(), listed);
    let status = ["curl", "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code}"];
    plan.check("http-api is there", &[&status[..], &["$HttpApiUrl/health"]].concat(), "200");
    plan.check("http-api lets nobody in without a token", &[&status[..], &["$HttpApiUrl/orders"]].concat(), "401");
}

/// What API Gateway sends for `GET /orders?limit=1` of somebody in the group `order-staff`.
fn staff_lists_orders() -> String {
    json!({
        "version": "2.0",
        "routeKey": "GET /orders",
        "rawPath": "/orders",
        "rawQueryString": "limit=1",
        "queryStringParameters": {"limit": "1"},
        "headers": {"accept": "application/json"},
        "requestContext": {
            "accountId": "smoke-test",
            "apiId": "smoke-test",
            "authorizer": {"jwt": {"claims": {"sub": "smoke-test", "cognito:groups": "[order-staff]"}, "scopes": null}},
            "http": {"method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""},
            "requestId": "smoke-test",
            "routeKey": "GET /orders",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    })
    .to_string()
}

fn set_all(parameters: &mut Vec<(String, String)>, given: &[(String, String)]) {
    for (name, value) in given {
        set(parameters, name, value.clone());
    }
}

fn set(parameters: &mut Vec<(String, String)>, name: &str, value: String) {
    match parameters.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => parameters.push((name.to_owned(), value)),
    }
}

/// As the option of `sam` that sets them; nothing if there are none.
fn overrides(parameters: &[(String, String)]) -> Vec<String> {
    let option = (!parameters.is_empty()).then(|| "--parameter-overrides".to_owned());
    option.into_iter().chain(parameters.iter().map(|(name, value)| as_override(name, value))).collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// As `sam` reads it. What is left out stays as it was deployed, so nothing has to be said too.
fn as_override(name: &str, value: &str) -> String {
    if value.is_empty() || value.contains(char::is_whitespace) {
        format!("{name}=\"{value}\"")
    } else {
        format!("{name}={value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str, parameters: &[(&str, &str)]) -> Stack {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let env = name.rsplit('-').next().unwrap_or_default().to_owned();
        let is_protected = env == "prod";
        Stack { name: name.to_owned(), region: "eu-west-1".to_owned(), config_env: env, is_protected, parameters }
    }

    fn options(parameters: &[(&str, &str)], backend_parameters: &[(&str, &str)]) -> Deploy {
        let [parameters, backend_parameters] =
            [parameters, backend_parameters].map(|given| stack("", given).parameters);
        Deploy { env: "dev".to_owned(), backend: false, parameters, backend_parameters, dry_run: true, yes: false }
    }

    fn lines(plan: &Plan) -> Vec<String> {
        plan.to_string().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn the_backend_comes_first_and_hands_its_outputs_to_the_functions() {
        let functions = stack("orders-dev", &[("AppSyncUrl", OPEN), ("LogRetentionDays", "7")]);
        let plan = plan(&options(&[], &[]), &functions, Some(&stack("orders-backend-dev", &[]))).unwrap();
        let lines = lines(&plan);
        let place = |start: &str| lines.iter().position(|line| line.starts_with(start)).expect(start);
        let order = [
            place("sam deploy --template-file backend/template.yaml --config-env dev"),
            place("AppSyncUrl=$(aws cloudformation describe-stacks --stack-name orders-backend-dev"),
            place("HttpApiClientIds=$("),
            place("sam build --config-env dev"),
            place("sam deploy --config-env dev"),
            place("QueryFunction=$(aws cloudformation describe-stacks --stack-name orders-dev"),
            place("printf %s '{\"operation\": \"ListOrders\""),
            place("curl"),
        ];
        assert!(order.is_sorted(), "{order:?}\n{plan}");
        let overrides =
            "--parameter-overrides \"AppSyncUrl=$AppSyncUrl\" LogRetentionDays=7 \"UserPoolId=$UserPoolId\"";
        assert!(lines[order[3]].contains(overrides) && lines[order[4]].contains(overrides), "{plan}");
    }

    #[test]
    fn parameters_of_the_backend_come_from_its_settings_and_from_the_command_line() {
        let functions = stack("orders-dev", &[]);
        let backend = stack("orders-backend-dev", &[("LogRetentionDays", "7"), ("DeletionProtection", "on")]);
        let options = options(&[], &[("DeletionProtection", "off")]);
        let plan = plan(&options, &functions, Some(&backend)).unwrap().to_string();
        assert!(plan.contains("--parameter-overrides LogRetentionDays=7 DeletionProtection=off\n"), "{plan}");
    }

    #[test]
    fn production_shows_what_will_change_asks_and_is_protected_afterwards() {
        let functions = stack("orders-prod", &[]);
        let backend = stack("orders-backend-prod", &[("CallbackUrls", OPEN)]);
        let prod =
            |parameters: &[(&str, &str)], yes| Deploy { env: "prod".to_owned(), yes, ..options(&[], parameters) };
        let error = plan(&prod(&[], false), &functions, Some(&backend)).unwrap_err().to_string();
        assert!(error.starts_with("CallbackUrls of orders-backend-prod must be set"), "{error}");

        let given = [("CallbackUrls", "https://x.example")];
        let asked = plan(&prod(&given, false), &functions, Some(&backend)).unwrap().to_string();
        for stack in ["orders-backend-prod", "orders-prod"] {
            let place = |text: &str| asked.rfind(text).expect(text);
            let order = [
                place(&format!("# This changes {stack}: type {stack} to go on")),
                place(&format!("update-termination-protection --stack-name {stack} ")),
                place(&format!("set-stack-policy --stack-name {stack} ")),
            ];
            assert!(order.is_sorted(), "{asked}");
        }
        assert!(asked.find("--no-execute-changeset") < asked.find("--no-confirm-changeset"), "{asked}");
        let unasked = plan(&prod(&given, true), &functions, Some(&backend)).unwrap().to_string();
        assert!(!unasked.contains("type") && !unasked.contains("--no-execute-changeset"), "{unasked}");
    }

    #[test]
    fn without_the_backend_every_open_parameter_is_asked_for() {
        let functions = stack("orders-dev", &[("AppSyncUrl", OPEN), ("UserPoolId", OPEN), ("LogLevel", "INFO")]);
        let error = plan(&options(&[], &[]), &functions, None).unwrap_err().to_string();
        assert!(error.starts_with("AppSyncUrl, UserPoolId of orders-dev must be set"), "{error}");
        let schedule = ("RotationSchedule", "rate(1 day)");
        let given = [("AppSyncUrl", "https://x/graphql"), ("UserPoolId", "p"), schedule, ("ServiceUsername", "")];
        let plan = plan(&options(&given, &[]), &functions, None).unwrap().to_string();
        assert!(!plan.contains("backend"), "{plan}");
        let overrides = "AppSyncUrl=https://x/graphql UserPoolId=p LogLevel=INFO 'RotationSchedule=\"rate(1 day)\"' \
                         'ServiceUsername=\"\"'\n";
        assert!(plan.contains(overrides), "{plan}");
    }

    #[test]
    fn what_the_backend_hands_over_is_an_output_there_and_a_parameter_here() {
        let template = |file: &str| std::fs::read_to_string(project::root().join(file)).unwrap();
        let (backend, functions) = (template("backend/template.yaml"), template("template.yaml"));
        let outputs = backend.split("\nOutputs:\n").nth(1).unwrap();
        let parameters = functions.split("\nConditions:\n").next().unwrap();
        let smoke = functions.split("\nOutputs:\n").nth(1).unwrap();
        for name in HANDED_OVER {
            let entry = format!("  {name}:\n");
            assert!(outputs.contains(&entry) && parameters.contains(&entry), "{name}");
        }
        for name in SMOKE_TESTED {
            assert!(smoke.contains(&format!("  {name}:\n")), "{name}");
        }
    }
}
