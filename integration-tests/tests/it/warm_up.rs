//! The init phase leaves nothing to do for the first invocation, and nothing in it is fatal.

use std::time::Duration;

use local_cloud::{Fault, LocalCloud, Service};

use crate::setup::Setup;

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
