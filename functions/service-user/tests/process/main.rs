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
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

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
    create(&lambda, "http://127.0.0.1:1/").await;
    assert_eq!(rotate(&lambda).await.unwrap(), json!({"active": "orders-1-b", "idle": "orders-1-a"}));
    let log = function.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rotations: Vec<_> = lines.iter().filter(|line| line["message"] == "rotated the service user").collect();
    assert_eq!(rotations.len(), 1, "{log}");
    assert_eq!((&rotations[0]["active"], &rotations[0]["idle"]), (&json!("orders-1-b"), &json!("orders-1-a")));
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
    create(&lambda, "http://127.0.0.1:1/?X-Amz-Signature=canary-signature").await;
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
async fn a_process_without_its_settings_or_with_others_than_it_can_use_tells_cloud_formation() {
    let cloud = LocalCloud::start().await.unwrap();
    for (settings, expected) in [
        (vec![format!("AWS_ENDPOINT_URL={}", cloud.url())], "SERVICE_USER_PARAMETERS is missing ("),
        (
            [&cloud.environment()[..], &["AWS_CA_BUNDLE=/nonexistent.pem".to_owned()]].concat(),
            "could not read certificates",
        ),
    ] {
        let lambda = RuntimeApi::start().await.unwrap();
        let function = Function::start(&settings, &lambda, "INFO");
        let cloud_formation = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", cloud_formation.local_addr().unwrap());
        let answer = async {
            let (mut stream, _) = cloud_formation.accept().await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                stream.read_buf(&mut answer).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        let (invocation, answer) = tokio::join!(invoke(&lambda, creation(&url)), answer);
        assert_eq!(invocation, Ok(Value::Null));
        assert!(answer.contains(r#""Status":"FAILED""#) && answer.contains(expected), "{answer}");
        assert!(!answer.contains("APPSYNC_URL"), "{answer}");
        assert_eq!(rotate(&lambda).await.unwrap_err()["errorType"], "NotConfigured");
        assert!(function.end().contains(expected));
    }
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
async fn create(lambda: &RuntimeApi, url: &str) {
    let error = invoke(lambda, creation(url)).await.unwrap_err();
    assert_eq!(error["errorType"], "NotAnswered");
}

fn creation(url: &str) -> Value {
    json!({
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": "arn:aws:cloudformation:eu-west-1:000000000000:stack/orders-local/1",
        "RequestId": "request-1",
        "LogicalResourceId": "ServiceUser",
    })
}
