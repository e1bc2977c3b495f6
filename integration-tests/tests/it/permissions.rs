//! What `template.yaml` allows each function's role: all that the function calls, and nothing else. `docs/deploy.md` has it as
//! a table.

use std::collections::BTreeSet;

use local_cloud::{Allow, LocalCloud, Service};
use serde_json::json;

use crate::{
    service_user::{Ask, Deployment},
    setup::Setup,
};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// A statement of a role's policy.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    id: &'static str,
    actions: Vec<&'static str>,
    resource: String,
}

/// The statements of a policy, where these parameters have these values and the others their defaults.
pub(crate) fn statements(policy: &str, parameters: &[(&str, &str)]) -> Vec<Statement> {
    let (_, policy) = TEMPLATE.split_once(policy).unwrap();
    // The next resource is less indented.
    let policy = policy.split("\n\n").next().unwrap();
    let chunks: Vec<_> = policy.split("- Sid: ").collect();
    let mut found = Vec::new();
    for pair in chunks.windows(2) {
        let condition = pair[0].trim_end().rsplit_once("- !If\n").and_then(|(_, name)| name.trim().strip_prefix("- "));
        if condition.is_some_and(|name| !name.contains('\n') && !holds(name, parameters)) {
            continue;
        }
        let (id, rest) = pair[1].split_once('\n').unwrap();
        let (actions, resource) = rest.split_once("Resource:").unwrap();
        let words = actions.split(|c: char| !c.is_ascii_alphanumeric() && !":-".contains(c));
        let actions: Vec<_> = words.filter(|word| word.contains(':') && !word.ends_with(':')).collect();
        found.push(Statement { id, resource: resource_of(actions[0], resource, parameters), actions });
    }
    found
}

/// As the table says it.
fn resource_of(action: &str, text: &str, parameters: &[(&str, &str)]) -> String {
    let is_parameter = action.starts_with("ssm:");
    match text.split_once("Last: !If [") {
        Some((_, choice)) if is_parameter => {
            let choice: Vec<_> = choice.split(']').next().unwrap().split(", ").collect();
            let last = if holds(choice[0], parameters) { choice[1] } else { choice[2] };
            format!("PREFIX/{}", last.trim_matches('"'))
        }
        _ if is_parameter => "PREFIX/*".to_owned(),
        _ if action.starts_with("cognito-idp:") => "the user pool".to_owned(),
        _ => text.split(['$', '{', '}', '/', '\n', ' ']).find(|word| word.len() > 4).unwrap().to_owned(),
    }
}

/// Whether a condition of the template is true.
fn holds(condition: &str, parameters: &[(&str, &str)]) -> bool {
    let start = format!("  {condition}: !");
    let expression = TEMPLATE.lines().find_map(|line| line.strip_prefix(&start));
    is_true(expression.unwrap_or_else(|| panic!("{condition} is not in template.yaml")), parameters)
}

fn is_true(expression: &str, parameters: &[(&str, &str)]) -> bool {
    let (function, arguments) = expression.split_once(' ').unwrap();
    let mut arguments = split(arguments);
    match function {
        "Condition" => holds(arguments[0], parameters),
        "Not" => !is_true(&arguments[0][1..], parameters),
        "And" => arguments.iter().all(|argument| is_true(&argument[1..], parameters)),
        "Equals" => {
            let right = arguments.pop().unwrap().trim_matches('"');
            let name = arguments[0].strip_prefix("!Ref ").unwrap();
            let given = parameters.iter().find(|(given, _)| *given == name);
            given.map_or_else(|| default(name), |(_, value)| value) == right
        }
        other => panic!("!{other} is not known to this test"),
    }
}

fn default(parameter: &str) -> &'static str {
    let (_, text) = TEMPLATE.split_once(&format!("\n  {parameter}:\n")).unwrap();
    let text = text.split("\n  ").take_while(|line| line.starts_with(' '));
    text.filter_map(|line| line.trim().strip_prefix("Default: ")).next().unwrap().trim_matches('"')
}

/// The members of a list, which may have lists in them.
fn split(list: &str) -> Vec<&str> {
    let Some(list) = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')) else { return vec![list] };
    let (mut depth, mut start, mut members) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                members.push(&list[start..at]);
                start = at + 2;
            }
            _ => {}
        }
    }
    members.push(&list[start..]);
    members
}

impl Statement {
    /// The same for the stand-in, which checks the calls of Cognito and SSM.
    pub(crate) fn allow(&self, pool: &str, prefix: &str) -> Allow {
        let resource = match self.resource.strip_prefix("PREFIX") {
            Some(last) => format!("parameter{prefix}{last}"),
            None => format!("userpool/{pool}"),
        };
        Allow { actions: self.actions.iter().map(|action| (*action).to_owned()).collect(), resource }
    }

    /// KMS is called by SSM and Secrets Manager.
    fn is_for_the_code(&self) -> bool {
        !self.actions[0].starts_with("kms:")
    }
}

/// The actions that were needed, but for those of AppSync.
fn called(cloud: &LocalCloud) -> BTreeSet<String> {
    let calls = cloud.calls().into_iter().filter_map(|call| {
        let service = match call.service {
            Service::Cognito => "cognito-idp",
            Service::Ssm => "ssm",
            Service::SecretsManager => "secretsmanager",
            _ => return None,
        };
        let needs_permission = call.operation.chars().all(|c| c.is_ascii_alphabetic());
        needs_permission.then(|| format!("{service}:{}", call.operation))
    });
    calls.collect()
}

/// A row for each statement; that these are the actions that were called is checked.
fn rows(role: &str, when: &str, statements: &[Statement], called: &BTreeSet<String>) -> Vec<String> {
    let for_the_code: Vec<_> = statements.iter().filter(|statement| statement.is_for_the_code()).collect();
    let allowed = for_the_code.iter().flat_map(|statement| &statement.actions).map(|action| (*action).to_owned());
    assert_eq!(*called, allowed.collect(), "{role}, {when}: called, and allowed");
    let row = |statement: &&Statement| {
        let actions: Vec<_> = statement.actions.iter().map(|action| format!("`{action}`")).collect();
        let Statement { id, resource, .. } = statement;
        format!("| {role} | {when} | {} | {resource} | `{id}` |", actions.join(", "))
    };
    for_the_code.iter().map(row).collect()
}

const FUNCTIONS: &str = "functions";

/// A function that signs in, or takes a published token.
async fn as_service_user(mode: &str, store: &str) -> Vec<String> {
    let (cloud, t) = Deployment::start().await;
    let mut properties = t.publishing();
    let mut settings = vec![
        ("SERVICE_USER_MODE", mode),
        ("SERVICE_USER_PARAMETERS", &*t.prefix),
        ("SERVICE_USER_POOL_ID", &t.pool),
        ("SERVICE_USER_CLIENT_ID", &t.client),
        ("AWS_ACCESS_KEY_ID", "role"),
    ];
    if store == "secret" {
        properties = t.publishing_in_secret().await;
        settings.push(("SERVICE_USER_TOKEN_SECRET", "TokenSecret"));
    }
    // Without a token there, so that all is called, unless nothing else may be.
    let properties = if mode == "published" { properties } else { t.properties() };
    t.succeed(Ask::Create, &properties).await;
    let parameters = [("ServiceClientId", "client"), ("ServiceUserMode", mode), ("TokenStore", store)];
    let statements = statements("\n  CallAppSync:", &parameters);
    cloud.set_policy("role", statements.iter().map(|statement| statement.allow(&t.pool, &t.prefix)).collect());
    cloud.reset_calls();
    let function = Setup::start_on(cloud, &settings).await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    let when = match store {
        "secret" => format!("`{mode}`, `TokenStore=secret`"),
        _ => format!("`{mode}`"),
    };
    rows(FUNCTIONS, &when, &statements, &called(&function.cloud))
}

async fn as_identity(identity: &str) -> Vec<String> {
    let function = Setup::start_on(LocalCloud::start().await.unwrap(), &[("IDENTITY", identity)]).await;
    function.get_order().await.unwrap();
    let mut called = called(&function.cloud);
    if identity == "iam" {
        called.insert("appsync:GraphQL".to_owned());
    }
    let statements = statements("\n  CallAppSync:", &[("Identity", identity)]);
    rows(FUNCTIONS, &format!("`IDENTITY={identity}`"), &statements, &called)
}

/// The life of a service user.
async fn of_service_user() -> Vec<String> {
    let (cloud, t) = Deployment::start().await;
    // A user who is there already and in another group, so that all is called.
    t.cognito.admin_create_user().user_pool_id(&t.pool).username("orders-1-a").send().await.unwrap();
    let group = t.cognito.admin_add_user_to_group().user_pool_id(&t.pool).username("orders-1-a");
    group.group_name("order-admins").send().await.unwrap();
    let properties = t.publishing_in_secret().await;
    cloud.reset_calls();
    let id = t.succeed(Ask::Create, &properties).await;
    t.invoke("Rotate", &properties).await.unwrap();
    t.invoke("Repair", &properties).await.unwrap();
    t.succeed(Ask::Delete(&id), &properties).await;
    let parameters = [("ServiceClientId", "client"), ("TokenStore", "secret")];
    rows(
        "`service-user`",
        "`TokenStore=secret`",
        &statements("PolicyName: ManageServiceUser", &parameters),
        &called(&cloud),
    )
}

#[tokio::test]
async fn each_role_allows_what_its_function_calls_and_nothing_else() {
    let mut table =
        vec!["| role of | when | calls | on | statement |".to_owned(), "| --- | --- | --- | --- | --- |".to_owned()];
    for (mode, store) in [
        ("published-or-sign-in", "parameter"),
        ("published-or-sign-in", "secret"),
        ("published", "parameter"),
        ("published", "secret"),
        ("sign-in", "parameter"),
    ] {
        table.extend(as_service_user(mode, store).await);
    }
    for identity in ["client-credentials", "iam"] {
        table.extend(as_identity(identity).await);
    }
    table.extend(of_service_user().await);
    let table = table.join("\n");
    let documented = include_str!("../../../docs/deploy.md");
    assert!(documented.contains(&table), "docs/deploy.md should have this table:\n{table}");
}

#[test]
fn statements_follow_from_parameters() {
    let ids = |policy, parameters: &[(&str, &str)]| {
        statements(policy, parameters).into_iter().map(|one| one.id).collect::<Vec<_>>().join(" ")
    };
    let functions = "\n  CallAppSync:";
    assert_eq!(ids(functions, &[]), "SignIn ReadParameters");
    let key = ("ParametersKeyArn", "arn:aws:kms:eu-west-1:1:key/1");
    assert_eq!(ids(functions, &[key]), "SignIn ReadParameters DecryptParameters");
    let strict = [key, ("ServiceClientId", "client"), ("ServiceUserMode", "published"), ("TokenStore", "secret")];
    assert_eq!(ids(functions, &strict), "ReadTokenSecret DecryptTokenSecret");
    assert_eq!(ids("PolicyName: ManageServiceUser", &[]), "ManageUsers ManageParameters");
    assert_eq!(
        ids("PolicyName: ManageServiceUser", &strict),
        "ManageUsers ManageParameters EncryptParameters PublishInSecret EncryptTokenSecret"
    );
}
