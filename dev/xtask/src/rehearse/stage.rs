//! What every act of the rehearsal has at hand: the emulator, AppSync's part, and how stacks come and go.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use hyper::Method;
use local_cloud::LocalCloud;
use runtime_api::Stopwatch;
use serde_json::{Value, json};

use super::emulator::{self, Emulator};
use super::{http_api, left_out};
use crate::arguments::{self, Deploy};
use crate::client::Client;
use crate::deploy;
use crate::plan::Plan;
use crate::project;
use crate::stack::Stack;

/// Where the rehearsal takes place.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) began: Stopwatch,
    pub(crate) emulator: Emulator,
    /// Plays AppSync.
    pub(crate) appsync: LocalCloud,
    /// The functions' template, for the emulator.
    pub(crate) template: PathBuf,
    pub(crate) backend: Stack,
    pub(crate) functions: Stack,
    log: File,
}

/// A stack of functions that is there, with its HTTP API.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) stack: Stack,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) fn new(
        began: Stopwatch,
        emulator: Emulator,
        appsync: LocalCloud,
        template: PathBuf,
        (backend, functions): (Stack, Stack),
    ) -> Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(emulator::deployments_log())?;
        Ok(Self { began, emulator, appsync, template, backend, functions, log })
    }

    /// As `cargo xtask deploy --backend` begins.
    pub(crate) async fn deploy_backend(&self) -> Result<()> {
        let mut plan = Plan::default();
        let template = Self::backend_template()?;
        deploy::deploy_backend(&mut plan, &options(&[]), &self.backend, &template.each_ref().map(String::as_str))?;
        self.execute(&plan).await
    }

    /// What `sam deploy` must be told of the backend.
    pub(crate) fn backend_template() -> Result<[String; 4]> {
        let original = fs::read_to_string(project::root().join("backend/template.yaml"))?;
        let file = emulator::folder().join("backend.yaml");
        fs::write(&file, left_out::of_backend(&original, &project::root())?)?;
        let config = project::root().join("backend/samconfig.toml").display().to_string();
        Ok(["--template-file".to_owned(), file.display().to_string(), "--config-file".to_owned(), config])
    }

    /// As `cargo xtask deploy --backend` goes on, under another name perhaps, and until CloudFormation is done with it.
    pub(crate) async fn deploy_functions(&self, stack: &Stack, parameters: &[(&str, &str)]) -> Result<Deployed> {
        let url = self.appsync.graphql_url();
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let release = deploy::release();
        let own = [("AppSyncUrl", url.as_str()), ("Architecture", architecture), ("Release", release.as_str())];
        let parameters = [&own, parameters].concat();
        let template = self.template.display().to_string();
        let config = project::root().join("samconfig.toml").display().to_string();
        let built = ["--template-file", template.as_str(), "--config-file", config.as_str()];
        let mut plan = Plan::default();
        deploy::deploy_functions(&mut plan, &options(&parameters), stack, Some(&self.backend), Some(&built))?;
        self.execute(&plan).await?;
        let deployed = Deployed { stack: stack.clone(), outputs: self.outputs(&stack.name).await? };
        self.make_routes(&deployed).await.context("the HTTP API has no routes")?;
        Ok(deployed)
    }

    async fn make_routes(&self, deployed: &Deployed) -> Result<()> {
        let stack = deployed.stack.name.as_str();
        let resources = self.resources(stack).await?;
        let mut known = self.parameters(stack).await?;
        let alias = deployed.output("HttpApiFunction")?;
        known.extend(
            [("AWS::Region", self.emulator.region()), ("AWS::Partition", "aws"), ("HttpApiFunctionAliaslive", alias)]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let api = resources.get("HttpApi").context("there is no HTTP API")?;
        http_api::make_routes(&self.emulator, stack, api, &known).await
    }

    /// As `cargo xtask deploy` ends.
    pub(crate) async fn smoke_test(&self, deployed: &Deployed) -> Result<()> {
        let mut plan = Plan::default();
        deploy::smoke_test(&mut plan, &deployed.stack);
        self.execute(&plan).await
    }

    /// What `sam` says goes into a file, and what is checked onto the terminal.
    pub(crate) async fn execute(&self, plan: &Plan) -> Result<()> {
        let prepare = |command: &mut Command| {
            self.emulator.prepare(command);
            if command.get_program() == "sam"
                && let (Ok(out), Ok(err)) = (self.log.try_clone(), self.log.try_clone())
            {
                command.stdout(out).stderr(err);
            }
        };
        plan.execute(prepare).await.with_context(|| format!("see {}", emulator::shown(&emulator::deployments_log())))
    }

    /// Ends the functions' processes, so that the next calls sign in. Another description, as in docs/operations.md, ends none
    /// in the emulator: another environment does.
    pub(crate) async fn new_processes(&self, deployed: &Deployed) -> Result<()> {
        for name in ["QueryFunction", "MutateFunction", "HttpApiFunction"] {
            let function = deployed.output(name)?;
            let mut variables = self.variables(function).await?;
            variables["REHEARSED_AT_SECOND"] = json!(self.began.elapsed().as_secs_f64().to_string());
            self.set_variables(function, &variables).await?;
        }
        Ok(())
    }

    /// The environment of a function.
    pub(crate) async fn variables(&self, function: &str) -> Result<Value> {
        let found = self.emulator.rest("lambda", Method::GET, &configuration(function), None).await?;
        let variables = found["Environment"]["Variables"].clone();
        ensure!(variables.is_object(), "the function's variables are {variables}");
        Ok(variables)
    }

    /// Gives a function another environment, by a version of its own to which its alias points from then on.
    pub(crate) async fn set_variables(&self, alias: &str, variables: &Value) -> Result<()> {
        let function = alias.strip_suffix(":live").context("the function's output is not its alias")?;
        let change = |method, path: String, input: Value| async move {
            self.emulator.rest("lambda", method, &path, Some(input)).await
        };
        change(Method::PUT, configuration(function), json!({"Environment": {"Variables": variables}})).await?;
        let path = format!("/2015-03-31/functions/{function}");
        let published = change(Method::POST, format!("{path}/versions"), json!({})).await?;
        let version = json!({"FunctionVersion": published["Version"]});
        change(Method::PUT, format!("{path}/aliases/live"), version).await.map(drop)
    }

    /// An operation of Cognito in the backend's user pool.
    pub(crate) async fn cognito(&self, operation: &str, mut input: Value) -> Result<Value> {
        let outputs = self.outputs(&self.backend.name).await?;
        input["UserPoolId"] = json!(outputs.get("UserPoolId").context("the backend has no user pool")?);
        self.emulator.call("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), input).await
    }

    /// The groups of the service user that is active.
    pub(crate) async fn groups_of_service_user(&self, deployed: &Deployed) -> Result<Vec<String>> {
        let stored = self.stored(&deployed.prefix()).await?;
        let credentials =
            stored.get(&format!("{}/credentials", deployed.prefix())).context("there are no credentials")?;
        let credentials: Value = serde_json::from_str(credentials)?;
        let found = self.cognito("AdminListGroupsForUser", json!({"Username": credentials["username"]})).await?;
        let groups = found["Groups"].as_array().into_iter().flatten();
        Ok(groups.filter_map(|group| Some(group["GroupName"].as_str()?.to_owned())).collect())
    }

    /// The outputs of a stack.
    pub(crate) async fn outputs(&self, stack: &str) -> Result<BTreeMap<String, String>> {
        let described = self.describe(stack).await?;
        Ok(pairs(&described["Outputs"], "OutputKey", "OutputValue"))
    }

    /// The parameters with which a stack was deployed.
    pub(crate) async fn parameters(&self, stack: &str) -> Result<BTreeMap<String, String>> {
        let described = self.describe(stack).await?;
        Ok(pairs(&described["Parameters"], "ParameterKey", "ParameterValue"))
    }

    /// What CloudFormation says of a stack.
    pub(crate) async fn describe(&self, stack: &str) -> Result<Value> {
        let described = self.emulator.cli(&["cloudformation", "describe-stacks", "--stack-name", stack]).await?;
        Ok(described["Stacks"][0].clone())
    }

    /// Fails unless the stack is in this state; otherwise the reason of the newest failure that it had on its way there.
    pub(crate) async fn failed_as(&self, stack: &str, status: &str) -> Result<String> {
        let described = self.describe(stack).await?;
        ensure!(described["StackStatus"] == status, "{stack} is {} instead of {status}", described["StackStatus"]);
        let events = self.emulator.cli(&["cloudformation", "describe-stack-events", "--stack-name", stack]).await?;
        let failed =
            |event: &&Value| event["ResourceStatus"].as_str().is_some_and(|status| status.ends_with("_FAILED"));
        let event = events["StackEvents"].as_array().into_iter().flatten().find(failed);
        let reason = event.and_then(|event| event["ResourceStatusReason"].as_str());
        Ok(reason.context("no event says why it failed")?.to_owned())
    }

    /// The physical ids of a stack's resources by their logical ones.
    pub(crate) async fn resources(&self, stack: &str) -> Result<BTreeMap<String, String>> {
        let listed = self.emulator.cli(&["cloudformation", "list-stack-resources", "--stack-name", stack]).await?;
        Ok(pairs(&listed["StackResourceSummaries"], "LogicalResourceId", "PhysicalResourceId"))
    }

    /// What a service user is: the parameters' values by their names, without the token, which is another one every minute.
    pub(crate) async fn stored(&self, prefix: &str) -> Result<BTreeMap<String, String>> {
        let mut stored = self.all_stored(prefix).await?;
        stored.remove(&format!("{prefix}/token"));
        Ok(stored)
    }

    /// All that is stored under a prefix.
    pub(crate) async fn all_stored(&self, prefix: &str) -> Result<BTreeMap<String, String>> {
        let input = json!({"Path": prefix, "Recursive": true, "WithDecryption": true});
        let found = self.emulator.call("ssm", "AmazonSSM.GetParametersByPath", input).await?;
        Ok(pairs(&found["Parameters"], "Name", "Value"))
    }
}

impl Deployed {
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).with_context(|| format!("{} has no output {name}", self.stack.name))
    }

    /// The prefix of its service user's parameters.
    pub(crate) fn prefix(&self) -> String {
        format!("/{}/service-user", self.stack.name)
    }

    /// A connection to its HTTP API.
    pub(crate) async fn http_api(&self, stage: &Stage) -> Result<Client> {
        let Some(host) = self.output("HttpApiUrl")?.strip_prefix("http://") else { bail!("it is not on this machine") };
        Ok(Client::connect(stage.emulator.port()).await?.with_host(host.to_owned()))
    }
}

fn configuration(function: &str) -> String {
    format!("/2015-03-31/functions/{function}/configuration")
}

/// Of a deployment with the backend, for development.
pub(crate) fn options(parameters: &[(&str, &str)]) -> Deploy {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Deploy {
        env: arguments::DEV.to_owned(),
        backend: true,
        parameters,
        backend_parameters: Vec::new(),
        dry_run: false,
        yes: false,
    }
}

fn pairs(list: &Value, key: &str, value: &str) -> BTreeMap<String, String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    list.as_array().into_iter().flatten().map(|entry| (text(entry, key), text(entry, value))).collect()
}
