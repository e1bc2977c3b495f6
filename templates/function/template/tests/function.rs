//! The handler and its real client over real HTTP, against `local-cloud`.

use lambda_runtime::{Context, Error, LambdaEvent};
use local_cloud::{LocalCloud, Service};
use serde_json::json;
use startup::{Config, ExecutionContext};

use {{ project_name | replace: "-", "_" }}::handle;

static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::test]
async fn a_warm_process_answers_without_signing_in_again() -> Result<(), Error> {
    let cloud = LocalCloud::start().await?;
    let config = Config::from_lookup(|name| variable(&cloud, name))?;
    let appsync = CONTEXT.start(&config).await?;

    for _ in 0..2 {
        let event = serde_json::from_value(json!({"id": "order-1"}))?; // what {{ operation }} needs
        let answer = handle(appsync.clone(), LambdaEvent::new(event, Context::default())).await?;
        assert_eq!(serde_json::to_value(answer)?["getOrder"]["id"], "order-1");
    }
    assert_eq!(cloud.count(Service::Cognito), 1);
    assert_eq!(cloud.count(Service::AppSync), 2);
    Ok(())
}

/// Of the environment that the stand-in has for a function.
fn variable(cloud: &LocalCloud, name: &str) -> Option<String> {
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
    cloud.environment().iter().find_map(|line| value(line))
}
