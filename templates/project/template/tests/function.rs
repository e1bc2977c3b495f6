//! The handler and its real client over real HTTP, against a stand-in for Cognito, SSM and AppSync.

mod stand_in;

use lambda_runtime::{Context, Error, LambdaEvent};
use local_cloud::{LocalCloud, Service};
use serde_json::json;
use startup::{Config, ExecutionContext};

use {{ project_name | replace: "-", "_" }}::handle;

static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::test]
async fn a_warm_process_answers_without_signing_in_again() -> Result<(), Error> {
    let cloud = stand_in::rooms().start().await?;
    let config = Config::from_lookup(|name| variable(&cloud, name))?;
    let appsync = CONTEXT.start(&config).await?;

    for _ in 0..2 {
        let event = serde_json::from_value(json!({"id": "blue"}))?;
        let event = LambdaEvent::new(event, Context::default());
        let answer = handle(appsync.clone(), event).await?;
        assert_eq!(answer.get_room.expect("it is there").beds, 2);
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
