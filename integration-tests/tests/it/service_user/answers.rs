//! CloudFormation is answered whatever happens.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use local_cloud::{Fault, Service};
use serde_json::{Value, json};
use service_user::ServiceUser;

use super::{Ask, Deployment, REGION, SIGNATURE, config, short_invocation};
use crate::{
    client_credentials::http_client,
    peer::sdk_config,
    setup::invocation,
    wire::{Step, Wire, answer},
};

/// Every call that a creation makes.
const CALLS: [(Service, &str); 10] = [
    (Service::Cognito, "DescribeUserPoolClient"),
    (Service::Ssm, "GetParameters"),
    (Service::Cognito, "DescribeUserPool"),
    (Service::Cognito, "AdminCreateUser"),
    (Service::Cognito, "AdminListGroupsForUser"),
    (Service::Cognito, "AdminAddUserToGroup"),
    (Service::Cognito, "AdminSetUserPassword"),
    (Service::Cognito, "AdminInitiateAuth"),
    (Service::Ssm, "PutParameter"),
    (Service::Ssm, "DeleteParameters"),
];

#[tokio::test]
async fn a_creation_makes_these_calls_and_no_others() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    for call in cloud.calls() {
        assert!(CALLS.contains(&(call.service, &call.operation)), "{call}");
    }
    for (_, operation) in CALLS {
        assert!(cloud.count_of(operation) > 0, "{operation}");
    }
}

#[tokio::test]
async fn whichever_call_is_refused_cloud_formation_is_told_and_the_next_attempt_succeeds() {
    for (service, operation) in CALLS {
        let (cloud, t) = Deployment::start().await;
        cloud.inject(Fault::error(service, "AccessDeniedException", "not authorized").on(operation).always());
        let answer = t.ask(Ask::Create, &t.properties()).await;
        assert_eq!(answer["Status"], "FAILED", "{operation}");
        let reason = answer["Reason"].as_str().unwrap();
        // A sign-in is told about in the words of the token cache.
        let expected = if operation == "AdminInitiateAuth" { "orders-a cannot sign in: " } else { operation };
        assert!(reason.contains(expected) && reason.contains("AccessDeniedException"), "{operation}: {reason}");
        let id = answer["PhysicalResourceId"].as_str().unwrap();
        assert_eq!(id, format!("{}/orders@{}", t.pool, t.prefix));

        cloud.clear_faults();
        assert_eq!(t.create().await, id);
        assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
        t.succeed(Ask::Delete(id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_creation_that_failed_halfway_is_deleted_without_a_trace() {
    for (service, operation) in CALLS {
        let (cloud, t) = Deployment::start().await;
        cloud.inject(Fault::error(service, "AccessDeniedException", "not authorized").on(operation).always());
        let answer = t.ask(Ask::Create, &t.properties()).await;
        cloud.clear_faults();
        t.succeed(Ask::Delete(answer["PhysicalResourceId"].as_str().unwrap()), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_refused_deletion_is_told_and_can_be_repeated() {
    for (service, operation) in
        [(Service::Ssm, "GetParameters"), (Service::Cognito, "AdminDeleteUser"), (Service::Ssm, "DeleteParameters")]
    {
        let (cloud, t) = Deployment::start().await;
        let id = t.create().await;
        cloud.inject(Fault::error(service, "AccessDeniedException", "not authorized").on(operation).always());
        let reason = t.fail(Ask::Delete(&id), &t.properties()).await;
        assert_eq!(reason, format!("{operation} is refused: AccessDeniedException: not authorized"));
        cloud.clear_faults();
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn throttling_and_outages_that_end_are_waited_out() {
    let (cloud, t) = Deployment::start().await;
    for (service, operation) in CALLS {
        cloud.inject(Fault::throttle(service).on(operation).times(2));
        cloud.inject(Fault::status(service, 503).on(operation).times(1));
    }
    t.create().await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
}

/// Credentials that make whoever asks for them panic.
#[derive(Debug)]
struct Panicking;

impl ProvideCredentials for Panicking {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn a_panic_is_told() {
    let (cloud, mut t) = Deployment::start().await;
    let sdk = sdk_config(&cloud.url(), REGION);
    let sdk = sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(Panicking)).build();
    t.function = ServiceUser::new(&sdk, http_client(), &config(&t.prefix, None));
    let reason = t.fail(Ask::Create, &t.properties()).await;
    assert_eq!(reason, "the function panicked: its log says where");
}

#[tokio::test]
async fn an_answer_is_given_before_the_time_is_over() {
    let (cloud, t) = Deployment::start().await;
    cloud.set_latency(Service::Cognito, Duration::from_secs(3600));
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function.clone(), short_invocation(event)).await.unwrap();
    let answer: Value = serde_json::from_slice(&t.cloud_formation.requests()[0].body).unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("it was not done after 7") && reason.ends_with("give the function more time"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let (_cloud, mut t) = Deployment::start().await;
    let script = [Step::Answer(answer("503 Slow Down", &[], "")), Step::ResetAfter];
    t.cloud_formation = Wire::start(script, Step::Answer(answer("200 OK", &[], ""))).await;
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function.clone(), invocation(event)).await.unwrap();
    let requests = t.cloud_formation.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        let answer: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&answer["Status"], &answer["RequestId"]), (&json!("SUCCESS"), &json!("request-1")));
        let path = format!("PUT /graphql?X-Amz-Signature={SIGNATURE} HTTP/1.1");
        assert_eq!(request.head.lines().next(), Some(path.as_str()));
        // The URL is presigned for this content type and a body of known length.
        assert_eq!(request.header("content-type"), Some(""));
        assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn an_answer_that_is_never_taken_fails_the_invocation_so_that_lambda_repeats_it() {
    for step in [Step::Answer(answer("403 Forbidden", &[], "expired")), Step::ResetBefore] {
        let (_cloud, mut t) = Deployment::start().await;
        t.cloud_formation = Wire::always(step).await;
        let event = t.event(Ask::Create, &t.properties());
        let error = service_user::handle(t.function.clone(), short_invocation(event)).await.unwrap_err();
        assert_eq!(error.error_type, "NotAnswered");
        assert!(error.error_message.starts_with("CloudFormation did not take the answer: "), "{error:?}");
        assert!(!error.error_message.contains(SIGNATURE), "{error:?}");
        // The repetition finds everything done.
        t.cloud_formation = Wire::always(Step::Answer(answer("200 OK", &[], ""))).await;
        t.create().await;
        assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_told() {
    let (cloud, t) = Deployment::start().await;
    for (properties, expected) in [
        (t.properties_with("Group", ""), "the property Group is malformed: it should be the name of a group of"),
        (t.properties_with("ParametersPrefix", "/aws/x"), "the property ParametersPrefix is malformed: it should be"),
        (json!({}), "the property UserPoolId is missing: it should be the id of a user pool, such as"),
        (json!("canary"), "the property UserPoolId is missing"),
    ] {
        let answer = t.ask(Ask::Create, &properties).await;
        assert!(answer["Reason"].as_str().unwrap().starts_with(expected), "{answer}");
        assert_eq!(answer["PhysicalResourceId"], "not-created");
        // CloudFormation has deleted what could not be created.
        t.succeed(Ask::Delete("not-created"), &properties).await;
    }
    assert_eq!(cloud.calls(), []);

    let mut event = t.event(Ask::Create, &t.properties());
    event["RequestType"] = json!("Replace");
    service_user::handle(t.function.clone(), invocation(event)).await.unwrap();
    let requests = t.cloud_formation.requests();
    let answer: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    assert_eq!(answer["Reason"], "the event is not what it should be: there is no RequestType Replace");

    for event in [json!(null), json!({"RequestType": "Create"}), json!("canary")] {
        let error = service_user::handle(t.function.clone(), invocation(event)).await.unwrap_err();
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(!error.error_message.contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_pool_is_told() {
    let (_cloud, t) = Deployment::start().await;
    let reason = t.fail(Ask::Create, &t.properties_with("UserPoolId", "eu-west-1_nope")).await;
    assert_eq!(
        reason,
        "DescribeUserPoolClient is refused: ResourceNotFoundException: User pool eu-west-1_nope does not exist."
    );
    let reason = t.fail(Ask::Create, &t.properties_with("Group", "readers")).await;
    assert_eq!(reason, "AdminAddUserToGroup is refused: ResourceNotFoundException: Group not found.");
    let client = t.cognito.create_user_pool_client().user_pool_id(&t.pool).client_name("app").send().await.unwrap();
    let client = client.user_pool_client.unwrap().client_id.unwrap();
    let reason = t.fail(Ask::Create, &t.properties_with("ClientId", &client)).await;
    assert!(
        reason.ends_with("does not allow the sign-in: add ALLOW_ADMIN_USER_PASSWORD_AUTH to its flows"),
        "{reason}"
    );
}
