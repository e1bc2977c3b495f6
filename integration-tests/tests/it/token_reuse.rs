//! One sign-in for many invocations, and no invocation that fails because a token has ended.

use std::time::Duration;

use appsync::AppSyncClient;
use auth_cache::{CognitoTokenSource, Identity, SsmCredentials, TokenUse};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use crate::{
    peer::sdk_clients,
    setup::{Setup, config},
    wire::{self, Step, Wire},
};

#[tokio::test]
async fn a_warm_process_signs_in_once_for_many_invocations() {
    let t = Setup::start().await;
    for _ in 0..50 {
        t.get_order().await.unwrap();
    }
    assert_eq!(t.sign_ins(), 1);
    assert_eq!(t.cloud.count(Service::Ssm), 1, "SSM is not on the warm path");
    assert_eq!(t.cloud.count(Service::AppSync), 50);
}

#[tokio::test]
async fn concurrent_invocations_of_a_process_without_a_token_share_one_sign_in() {
    let cloud = LocalCloud::start().await.unwrap();
    let config = config(&cloud, &[]);
    let (cognito, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let credentials = SsmCredentials::new(ssm, &cloud.seed().parameters_prefix);
    let identity = Identity::new(CognitoTokenSource::new(cognito, credentials, TokenUse::Access));
    let http = startup::http_client(&config.aws).unwrap();
    // Without the init phase, which signs in.
    let appsync = AppSyncClient::new(http, config.appsync_url, identity);
    let t = Setup { appsync, cloud, callers: config.operation_callers };
    let invocations = (0..20).map(|_| t.get_order());
    for result in futures_util::future::join_all(invocations).await {
        result.unwrap();
    }
    assert_eq!((t.sign_ins(), t.cloud.count(Service::Ssm)), (1, 1));
    assert_eq!(t.cloud.count(Service::AppSync), 20);
}

#[tokio::test]
async fn without_reuse_every_invocation_signs_in() {
    let cloud = LocalCloud::start().await.unwrap();
    let t = Setup::start_on(cloud, &[("TOKEN_REUSE", "off")]).await;
    for _ in 0..5 {
        t.get_order().await.unwrap();
    }
    assert!(t.sign_ins() >= 5, "{}", t.sign_ins());
}

#[tokio::test]
async fn a_token_that_ends_while_the_process_is_warm_fails_no_call() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_token_lifetime(Duration::from_secs(2));
    let t = Setup::start_on(cloud, &[]).await;
    // 200 calls of 20 ms or more: they pass the end of several tokens.
    t.cloud.set_latency(Service::AppSync, Duration::from_millis(20));
    for call in 0..200 {
        t.get_order().await.unwrap_or_else(|error| panic!("call {call}: {error:?}"));
    }
    assert!(t.sign_ins() >= 3, "{} sign-ins: the tokens did not end during the test", t.sign_ins());
    assert_eq!(t.cloud.count(Service::AppSync), 200, "no token was refused");
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_operation_replayed_once() {
    let t = Setup::start().await;
    t.get_order().await.unwrap();
    t.cloud.inject(Fault::unauthorized());
    t.get_order().await.unwrap();
    assert_eq!(t.sign_ins(), 2);
    assert_eq!(t.cloud.count(Service::AppSync), 3);
}

#[tokio::test]
async fn a_mutation_whose_token_was_refused_is_replayed_and_executed_once() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::unauthorized());
    let cancelled = t
        .mutate(json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}))
        .await
        .unwrap();
    assert_eq!(cancelled["cancelOrder"]["version"], 2);
}

#[tokio::test]
async fn a_second_refusal_goes_to_the_caller_without_a_third_attempt() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::unauthorized().times(2));
    let error = t.get_order().await.unwrap_err();
    assert_eq!(error.error_type, "TokenRefused");
    assert_eq!(t.cloud.count(Service::AppSync), 2);
    assert_eq!(t.sign_ins(), 2);
}

#[tokio::test]
async fn an_api_that_refuses_every_token_causes_two_sign_ins_and_not_one_per_call() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::unauthorized().always());
    for _ in 0..20 {
        assert_eq!(t.get_order().await.unwrap_err().error_type, "TokenRefused");
    }
    assert_eq!(t.sign_ins(), 2);
}

#[tokio::test]
async fn a_hundred_calls_that_are_refused_with_one_token_cause_one_sign_in() {
    let t = Setup::start().await;
    // The tokens of before are two hours old by the cloud's clock.
    t.cloud.set_clock_offset(7200);
    let results = futures_util::future::join_all((0..100).map(|_| t.get_order())).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 0);
    assert_eq!(t.sign_ins(), 2);
}

#[tokio::test]
async fn a_local_clock_that_is_minutes_off_costs_nothing() {
    for seconds in [-300, 300] {
        let cloud = LocalCloud::start().await.unwrap();
        cloud.set_clock_offset(seconds);
        let t = Setup::start_on(cloud, &[]).await;
        for _ in 0..5 {
            t.get_order().await.unwrap();
        }
        assert_eq!(t.sign_ins(), 1, "{seconds}");
        assert_eq!(t.cloud.count(Service::AppSync), 5, "{seconds}");
    }
}

#[tokio::test]
async fn the_id_token_is_used_when_it_is_chosen() {
    for (setting, expected) in [("", "access"), ("access", "access"), ("id", "id")] {
        let cloud = LocalCloud::start().await.unwrap();
        let appsync = Wire::always(Step::Answer(wire::json(r#"{"data":{"getOrder":null}}"#))).await;
        let t = Setup::start_on(cloud, &[("TOKEN_USE", setting), ("APPSYNC_URL", &appsync.url)]).await;
        t.get_order().await.unwrap();
        let requests = appsync.requests();
        let token = requests.last().unwrap().header("authorization").unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
        assert_eq!(claims["token_use"], expected, "{setting:?}");
    }
}
