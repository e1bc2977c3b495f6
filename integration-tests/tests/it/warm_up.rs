//! The init phase leaves nothing to do for the first invocation, and nothing in it is fatal.

use std::time::Duration;

use local_cloud::{Fault, LocalCloud, Service};
use serde_json::Value;
use startup::ExecutionContext;

use crate::{
    http_api::call::Call,
    setup::{Setup, config},
};

#[tokio::test]
async fn the_init_phase_signs_in_and_connects_so_that_the_first_invocation_is_warm() {
    let t = Setup::start().await;
    assert_eq!(t.sign_ins(), 1);
    assert_eq!(t.cloud.count_of("OPTIONS"), 1);
    t.cloud.reset_calls();

    t.get_order().await.unwrap();
    let calls: Vec<_> = t.cloud.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["GetOrder"]);
}

#[tokio::test]
async fn requests_that_anybody_may_send_sign_in_nowhere_even_in_a_new_process() {
    let cloud = LocalCloud::start().await.unwrap();
    let config = config(&cloud, &[]);
    let context: &'static ExecutionContext = Box::leak(Box::default());
    // As the main function of `http-api` starts.
    let appsync = context.connect(&config).await.unwrap().clone();
    assert_eq!(cloud.count_of("OPTIONS"), 1, "it is connected");
    let customer = cloud.customer_token("ada");
    let t = Setup { cloud, appsync, callers: config.operation_callers };
    t.cloud.reset_calls();
    for path in ["/health", "/docs", "/openapi.json", "/nowhere"] {
        Call::get(path).authorizer(Value::Null).send(&t).await;
    }
    Call::get("/me/orders").by(&customer).send(&t).await.expect(200);
    assert_eq!((t.sign_ins(), t.cloud.count(Service::Ssm)), (0, 0));
    Call::get("/orders").send(&t).await.expect(200);
    assert_eq!((t.sign_ins(), t.cloud.count(Service::Ssm)), (1, 1));
}

#[tokio::test]
async fn a_failed_sign_in_in_the_init_phase_is_made_up_for_by_the_first_invocation() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.inject(Fault::status(Service::Cognito, 500).times(3));
    let t = Setup::start_on(cloud, &[]).await;
    wait_until_retried(&t).await;
}

#[tokio::test]
async fn a_failed_connection_in_the_init_phase_is_made_up_for_by_the_first_invocation() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.inject(Fault::reset(Service::AppSync).on("OPTIONS"));
    let t = Setup::start_on(cloud, &[]).await;
    t.get_order().await.unwrap();
    assert_eq!(t.sign_ins(), 1);
}

/// The cache pauses for up to 200 ms after a failure: calls meanwhile fail at once and say when to come back.
async fn wait_until_retried(t: &Setup) {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, async {
        while let Err(error) = t.get_order().await {
            assert_eq!(error.error_type, "SignInFailed");
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
