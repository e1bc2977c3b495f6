//! The real program, in a process of its own, driven as Lambda drives it.

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use local_cloud::{Fault, LocalCloud, Service};
use runtime_api::RuntimeApi;
use serde_json::{Value, json};

/// The function's process; dropping it ends it.
struct Function {
    process: Child,
    /// Reads on while the function writes, which would wait otherwise.
    log: Option<JoinHandle<String>>,
}

impl Function {
    fn start(settings: &[String], lambda: &RuntimeApi, level: &str) -> Self {
        let mut command = command(&lambda.address().to_string());
        command.envs(settings.iter().filter_map(|line| line.split_once('=')));
        command.env("AWS_LAMBDA_LOG_LEVEL", level).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut output = process.stdout.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = String::new();
            output.read_to_string(&mut log).unwrap();
            log
        });
        Self { process, log: Some(log) }
    }

    /// Ends it, and gives what it has logged.
    fn end(mut self) -> String {
        self.process.kill().unwrap();
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(runtime_api: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service-user"));
    command.env_clear();
    command.env("AWS_LAMBDA_FUNCTION_NAME", "service-user");
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    command.env("AWS_LAMBDA_RUNTIME_API", runtime_api);
    command
}

#[tokio::test]
async fn a_rotation_is_one_line_of_the_log_that_says_who_is_active() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud.environment(), &lambda, "INFO");
    let error = rotate(&lambda).await.unwrap_err();
    // The example's user was made by hand.
    assert_eq!(error["errorType"], "NothingToRotate");
    let seed = cloud.seed();
    create(&lambda, &cloud, "http://127.0.0.1:1/").await;
    assert_eq!(rotate(&lambda).await.unwrap(), json!({"active": "orders-b", "idle": "orders-a"}));
    let log = function.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rotations: Vec<_> = lines.iter().filter(|line| line["message"] == "rotated the service user").collect();
    assert_eq!(rotations.len(), 1, "{log}");
    assert_eq!((&rotations[0]["active"], &rotations[0]["idle"]), (&json!("orders-b"), &json!("orders-a")));
    let span = &rotations[0]["spans"][1];
    assert_eq!((&span["function"], &span["operation"]), (&json!("service-user"), &json!("Rotate")));
    assert_eq!(span["coldStart"], false);
    assert!(!log.contains(&seed.client_secret));
}

/// The runtime logs whole events at this level, and the SDK whole answers, unless they are kept from it.
#[tokio::test]
async fn the_log_of_a_process_holds_no_url_of_cloud_formation_and_no_secret_at_any_level() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud.environment(), &lambda, "TRACE");
    lambda.idle().await.unwrap();
    create(&lambda, &cloud, "http://127.0.0.1:1/?X-Amz-Signature=canary-signature").await;
    let refusal = Fault::error(Service::Ssm, "ValidationException", "Value 'canary-password' failed to satisfy");
    cloud.inject(refusal.on("PutParameter"));
    let error = rotate(&lambda).await.unwrap_err();
    assert_eq!(error["errorMessage"], "PutParameter is refused: ValidationException");
    let log = function.end();
    assert!(log.contains("the service user is as it should be") && log.contains("TRACE"), "{log}");
    assert!(!log.contains("canary-"), "{log}");
    assert!(!log.contains(&cloud.seed().client_secret), "{log}");
}

#[tokio::test]
async fn a_process_without_its_settings_names_them_and_ends() {
    let output = command("127.0.0.1:1").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("SERVICE_USER_PARAMETERS is missing ("), "{said}");
    assert!(!said.contains("APPSYNC_URL"), "{said}");
}

async fn rotate(lambda: &RuntimeApi) -> Result<Value, Value> {
    invoke(lambda, json!({"RequestType": "Rotate"})).await
}

/// The answer to an event, or the error.
async fn invoke(lambda: &RuntimeApi, event: Value) -> Result<Value, Value> {
    let json = |bytes| serde_json::from_slice(bytes).unwrap();
    lambda.invoke(event.to_string()).await.unwrap().answer.as_deref().map(json).map_err(|error| json(error))
}

/// Has the service user created; the answer goes to a port that nobody listens at.
async fn create(lambda: &RuntimeApi, cloud: &LocalCloud, url: &str) {
    let seed = cloud.seed();
    let event = json!({
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "ServiceUser",
        "ResourceProperties": {
            "UserPoolId": seed.user_pool_id,
            "ClientId": seed.client_id,
            "Group": seed.group,
            "Username": "orders",
            "ParametersPrefix": seed.parameters_prefix,
        },
    });
    let error = invoke(lambda, event).await.unwrap_err();
    assert_eq!(error["errorType"], "NotAnswered");
}
