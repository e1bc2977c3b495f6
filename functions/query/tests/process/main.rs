//! The real program, in a process of its own, driven as Lambda drives it.

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

mod function;
mod traces;

use std::{pin::pin, time::Duration};

use auth_cache::Clock;
use function::Function;
use futures_util::future::{join_all, try_join_all};
use local_cloud::{Fault, LocalCloud, Service};
use runtime_api::RuntimeApi;
use serde_json::{Value, json};

const TOKEN_LIFE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_process_that_was_frozen_for_longer_than_its_token_lives_answers_the_next_call() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_token_lifetime(TOKEN_LIFE);
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud, &lambda);
    get_order(&lambda).await;

    function.freeze();
    real_time_passes(TOKEN_LIFE).await;
    let tokens = cloud.count(Service::Cognito);
    function.thaw();

    get_order(&lambda).await;
    assert_eq!(cloud.count(Service::Cognito), tokens + 1);
    // It knew by the wall clock that its token had ended.
    assert_eq!(cloud.calls().iter().filter(|call| call.status == 401).count(), 0);
}

#[tokio::test]
async fn a_process_signs_in_before_its_first_invocation_and_never_again() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start(&cloud, &lambda);
    lambda.idle().await.unwrap();
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 1);
    for _ in 0..10 {
        get_order(&lambda).await;
    }
    assert_eq!(cloud.count(Service::Cognito), 1);
    assert_eq!(cloud.count(Service::Ssm), 1);
}

/// The threads are counted where the kernel shows them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_has_a_thread_for_each_processor_only_if_it_gets_several_invocations_at_once() {
    let cloud = LocalCloud::start().await.unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    // The main thread waits for the others.
    let several = if processors > 1 { 1 + processors } else { 1 };
    for (invocations, threads) in [(None, 1), (Some("1"), 1), (Some("4"), several)] {
        let lambda = RuntimeApi::start().await.unwrap();
        let function = match invocations {
            None => Function::start(&cloud, &lambda),
            Some(invocations) => Function::start_concurrent(invocations, &cloud, &lambda),
        };
        get_order(&lambda).await;
        assert_eq!(function.threads(), threads, "{invocations:?}");
    }
}

#[tokio::test]
async fn four_invocations_at_once_share_one_sign_in() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_latency(Service::AppSync, Duration::from_secs(1));
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start_concurrent("4", &cloud, &lambda);
    let all_at_once = async {
        while cloud.under_way("GetOrder") < 4 {
            tokio::task::yield_now().await;
        }
    };
    let mut answers = pin!(join_all((0..4).map(|_| get_order(&lambda))));
    tokio::select! {
        _ = &mut answers => panic!("they were not under way at once"),
        () = all_at_once => {}
    }
    answers.await;
    assert_eq!(cloud.count(Service::Cognito), 1);
}

/// Cognito's own quota for one user, with the SSM's for an account: a burst of cold starts.
#[tokio::test]
async fn fifty_processes_that_start_at_once_all_answer_although_cognito_signs_in_ten_a_second() {
    const PROCESSES: usize = 50;
    let cloud = LocalCloud::builder().sign_in_quota(10).parameter_read_quota(40).start().await.unwrap();
    let lambdas = try_join_all((0..PROCESSES).map(|_| RuntimeApi::start())).await.unwrap();
    let _functions: Vec<_> = lambdas.iter().map(|lambda| Function::start(&cloud, lambda)).collect();
    join_all(lambdas.iter().map(async |lambda| {
        for _ in 0..3 {
            get_order(lambda).await;
        }
    }))
    .await;
    let refused = cloud.calls().iter().filter(|call| call.service == Service::Cognito && call.status == 400).count();
    assert_eq!(cloud.count_of("AdminInitiateAuth") - refused, PROCESSES, "each process signs in once");
    assert!(refused <= 3 * PROCESSES, "{refused} sign-ins were throttled");
}

#[tokio::test]
async fn no_call_fails_when_renewals_are_not_supported_or_are_down_by_themselves() {
    for status in [501, 500, 503] {
        let cloud = LocalCloud::start().await.unwrap();
        cloud.set_token_lifetime(TOKEN_LIFE);
        cloud.inject(Fault::status(Service::Cognito, status).on("GetTokensFromRefreshToken").always());
        let lambda = RuntimeApi::start().await.unwrap();
        let _function = Function::start(&cloud, &lambda);
        get_order(&lambda).await;
        for _ in 0..2 {
            real_time_passes(TOKEN_LIFE).await;
            get_order(&lambda).await;
        }
        assert!(cloud.count_of("GetTokensFromRefreshToken") > 0, "{status}");
    }
}

#[tokio::test]
async fn a_failed_invocation_has_a_stable_error_type_and_the_process_goes_on() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start(&cloud, &lambda);
    let error = failure(&lambda, json!({"operation": "Nothing"}).to_string()).await;
    assert_eq!(error["errorType"], "UnknownOperation");
    get_order(&lambda).await;
}

#[tokio::test]
async fn a_failure_is_logged_once_with_the_request_the_operation_and_whether_the_process_is_new() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud, &lambda);
    get_order(&lambda).await;
    cloud.inject(Fault::status(Service::AppSync, 403).times(1));
    let event = json!({"operation": "GetOrder", "variables": {"id": "order-1"}});
    failure(&lambda, event.to_string()).await;

    let log = function.end();
    let errors: Vec<_> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    let [error] = errors[..] else { panic!("{errors:?}") };
    assert_eq!(error["message"], "invocation failed");
    assert_eq!(error["error_type"], "Denied");
    assert_eq!(error["spans"][0]["requestId"], "00000000-0000-4000-8000-000000000001");
    assert_eq!(error["spans"][1]["function"], "query");
    assert_eq!(error["spans"][1]["operation"], "GetOrder");
    assert_eq!(error["spans"][1]["coldStart"], false);
}

#[tokio::test]
async fn a_sign_in_is_written_to_the_log_as_metrics_after_the_first_invocation() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud, &lambda);
    for _ in 0..3 {
        get_order(&lambda).await;
    }
    let metrics: Vec<_> = function.end().into_iter().filter(|line| line["_aws"].is_object()).collect();
    let refreshes: Vec<_> = metrics.iter().filter(|line| line["TokenRefreshes"] == 1).collect();
    let [refresh] = refreshes[..] else { panic!("{metrics:?}") };
    assert_eq!(refresh["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Orders");
    assert_eq!(refresh["Function"], "query");
    assert_eq!((&refresh["Reason"], &refresh["Outcome"]), (&json!("empty"), &json!("succeeded")));
    assert!(metrics.iter().any(|line| line["TokenMisses"] == 1), "{metrics:?}");
    assert!(metrics.len() <= 3, "hits alone are not worth a line each: {metrics:?}");
}

#[tokio::test]
async fn an_answer_that_lambda_would_not_hand_over_is_logged_and_counted() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud, &lambda);
    // The metrics of the sign-in are written with the first.
    get_order(&lambda).await;
    // The owner's name has two bytes for each character in JSON, and four in JSON in JSON.
    let order = json!({
        "id": "order-1", "version": 1, "owner": "\"".repeat(2_000_000), "status": "PLACED", "customerEmail": "a@example.com",
        "lines": [], "payment": null, "total": {"currency": "EUR", "minorUnits": 1},
        "createdAt": "2026-11-23T12:30:45Z", "updatedAt": "2026-11-23T12:30:45Z",
    });
    cloud.inject(Fault::answer(Service::AppSync, 200, json!({"data": {"getOrder": order}})));
    let operation = json!({"operation": "GetOrder", "variables": {"id": "order-1"}});
    let context =
        json!({"http": {"method": "POST"}, "authorizer": {"jwt": {"claims": {"cognito:groups": "[order-services]"}}}});
    let event = json!({"version": "2.0", "requestContext": context, "headers": {}, "body": operation.to_string()});
    let answer = lambda.invoke(event.to_string()).await.unwrap().answer.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["statusCode"], 500, "{answer}");
    assert!(answer["body"].as_str().unwrap().contains("TooLarge"), "{answer}");

    let log = function.end();
    let error = log.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(
        (&error["message"], &error["limit"]),
        (&json!("the response exceeds Lambda's payload limit; select fewer fields or items"), &json!(6_291_556))
    );
    assert!(log.iter().any(|line| line["PayloadsTooLarge"] == 1), "{log:?}");
}

#[tokio::test]
async fn an_answer_of_appsync_that_lambda_would_not_hand_over_is_logged_and_counted() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start(&cloud, &lambda);
    get_order(&lambda).await;
    cloud.inject(Fault::answer(Service::AppSync, 200, json!({"data": {"getOrder": null}, "x": "x".repeat(7_000_000)})));
    let error = failure(&lambda, json!({"operation": "GetOrder", "variables": {"id": "order-1"}}).to_string()).await;
    assert_eq!(error["errorType"], "TooLarge");

    let log = function.end();
    let logged = log.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!((&logged["message"], &logged["error_type"]), (&json!("invocation failed"), &json!("TooLarge")));
    assert!(log.iter().any(|line| line["PayloadsTooLarge"] == 1), "{log:?}");
}

/// Lambda itself refuses such an event; `cargo lambda watch` passes it on, and the runtime names its own error.
#[tokio::test]
async fn an_event_that_is_not_json_has_an_error_type_that_does_not_change() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start(&cloud, &lambda);
    let error = failure(&lambda, r#"{"operation""#.to_owned()).await;
    assert_eq!(error["errorType"], "&lambda_runtime::deserializer::DeserializeError");
    assert!(error["errorMessage"].as_str().unwrap().contains("EOF while parsing"), "{error}");
}

#[tokio::test]
async fn a_process_without_its_settings_names_them_and_ends() {
    let output = Function::start_without_settings();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("APPSYNC_URL is missing (https://"), "{said}");
}

async fn get_order(lambda: &RuntimeApi) {
    let event = json!({"operation": "GetOrder", "variables": {"id": "order-1"}});
    let answer = lambda.invoke(event.to_string()).await.unwrap().answer.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["data"]["getOrder"]["id"], "order-1", "{answer}");
}

/// The error that the function reports for an event.
async fn failure(lambda: &RuntimeApi, event: String) -> Value {
    serde_json::from_slice(&lambda.invoke(event).await.unwrap().answer.unwrap_err()).unwrap()
}

/// The other process judges its token by the real clock, which no test can set.
async fn real_time_passes(time: Duration) {
    let end = Clock::wall().now() + time;
    while Clock::wall().now() < end {
        tokio::task::yield_now().await;
    }
}
