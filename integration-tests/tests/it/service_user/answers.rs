//! CloudFormation is answered whatever happens.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_cognitoidentityprovider::types::UserPoolMfaType;
use local_cloud::{Fault, Service};
use serde_json::{Value, json};

use super::{Ask, Deployment, SIGNATURE, pool_of, short_invocation};
use crate::{
    setup::invocation,
    wire::{Step, Wire, answer},
};

/// Every call that a creation makes.
const CALLS: [(Service, &str); 9] = [
    (Service::Cognito, "DescribeUserPoolClient"),
    (Service::Cognito, "DescribeUserPool"),
    (Service::Ssm, "GetParameters"),
    (Service::Cognito, "AdminCreateUser"),
    (Service::Cognito, "AdminListGroupsForUser"),
    (Service::Cognito, "AdminAddUserToGroup"),
    (Service::Cognito, "AdminSetUserPassword"),
    (Service::Cognito, "AdminInitiateAuth"),
    (Service::Ssm, "PutParameter"),
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
        cloud.inject(Fault::error(service, "ForbiddenException", "not authorized").on(operation).always());
        let answer = t.ask(Ask::Create, &t.properties()).await;
        assert_eq!(answer["Status"], "FAILED", "{operation}");
        let reason = answer["Reason"].as_str().unwrap();
        // A sign-in is told about in the words of the token cache.
        let expected = if operation == "AdminInitiateAuth" { "orders-1-a cannot sign in: " } else { operation };
        assert!(reason.contains(expected) && reason.contains("ForbiddenException"), "{operation}: {reason}");
        let id = answer["PhysicalResourceId"].as_str().unwrap();
        assert_eq!(id, format!("{}/orders@{}", t.pool, t.prefix));

        cloud.clear_faults();
        assert_eq!(t.create().await, id);
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
        t.succeed(Ask::Delete(id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_creation_that_failed_halfway_is_deleted_without_a_trace() {
    for (service, operation) in CALLS {
        let (cloud, t) = Deployment::start().await;
        cloud.inject(Fault::error(service, "ForbiddenException", "not authorized").on(operation).always());
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
        cloud.inject(Fault::error(service, "ForbiddenException", "not authorized").on(operation).always());
        let reason = t.fail(Ask::Delete(&id), &t.properties()).await;
        assert_eq!(reason, format!("{operation} is refused: ForbiddenException: not authorized"));
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
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
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
    let (_cloud, mut t) = Deployment::start().await;
    t.sdk = t.sdk.to_builder().credentials_provider(SharedCredentialsProvider::new(Panicking)).build();
    let reason = t.fail(Ask::Create, &t.properties()).await;
    assert_eq!(reason, "the function panicked: see its log");
}

#[tokio::test]
async fn an_answer_is_given_before_the_time_is_over() {
    let (cloud, t) = Deployment::start().await;
    cloud.set_latency(Service::Cognito, Duration::from_secs(3600));
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function(&t.properties()), short_invocation(event)).await.unwrap();
    let answer: Value = serde_json::from_slice(&t.cloud_formation.requests()[0].body).unwrap();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("not finished after 7") && reason.ends_with("increase the function's timeout"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let (_cloud, mut t) = Deployment::start().await;
    let script = [Step::Answer(answer("503 Slow Down", &[], "")), Step::ResetAfter];
    t.cloud_formation = Wire::start(script, Step::Answer(answer("200 OK", &[], ""))).await;
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap();
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
        let error = service_user::handle(t.function(&t.properties()), short_invocation(event)).await.unwrap_err();
        assert_eq!(error.error_type, "NotAnswered");
        assert!(error.error_message.starts_with("CloudFormation did not accept the response: "), "{error:?}");
        assert!(!error.error_message.contains(SIGNATURE), "{error:?}");
        // The repetition finds everything done.
        t.cloud_formation = Wire::always(Step::Answer(answer("200 OK", &[], ""))).await;
        t.create().await;
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    }
}

#[tokio::test]
async fn an_environment_that_is_not_complete_is_told_and_its_resource_can_be_deleted() {
    let (cloud, t) = Deployment::start().await;
    for (properties, expected) in [
        (t.properties_with("Group", "a b"), "SERVICE_USER_GROUP is malformed (the name of a group of"),
        (t.properties_with("ParametersPrefix", "/aws/x"), "SERVICE_USER_PARAMETERS is malformed (an SSM prefix such"),
        (json!({}), "SERVICE_USER_POOL_ID is missing (the id of a user pool, such as"),
    ] {
        let answer = t.ask(Ask::Create, &properties).await;
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.starts_with("the environment variables are invalid: ") && reason.contains(expected), "{answer}");
        assert_eq!(answer["PhysicalResourceId"], "not-created");
        // CloudFormation has deleted what could not be created.
        t.succeed(Ask::Delete("not-created"), &properties).await;
        assert_eq!(t.invoke("Rotate", &properties).await.unwrap_err().error_type, "NotConfigured");
    }
    assert_eq!(cloud.calls(), []);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_told() {
    let (cloud, t) = Deployment::start().await;
    let mut event = t.event(Ask::Create, &t.properties());
    event["RequestType"] = json!("Replace");
    service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap();
    let requests = t.cloud_formation.requests();
    let answer: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    assert_eq!(answer["Reason"], "the event is invalid: there is no RequestType Replace");

    for event in [json!(null), json!({"RequestType": "Create"}), json!("canary")] {
        let error = service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap_err();
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(!error.error_message.contains("canary"), "{error:?}");
    }

    let mut event = t.event(Ask::Create, &t.properties());
    event["ResponseURL"] = json!("https://canary.example/");
    let error = service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap_err();
    let message = "the event is invalid: its ResponseURL is not an address of CloudFormation";
    assert_eq!((error.error_type.as_str(), error.error_message.as_str()), ("InvalidEvent", message));
    assert_eq!(cloud.calls(), []);
}

#[tokio::test]
async fn an_event_chooses_nothing_and_another_stack_is_refused() {
    let (_cloud, t) = Deployment::start().await;
    let mut event = t.event(Ask::Create, &t.properties());
    event["ResourceProperties"] = json!({"Group": "order-admins", "Username": "canary", "ParametersPrefix": "/canary"});
    service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    assert_eq!(t.groups("orders-1-a").await, ["order-services"]);

    for ask in [Ask::Create, Ask::Delete("eu-west-1_a/orders@/orders")] {
        let mut event = t.event(ask, &t.properties());
        event["StackId"] = json!("arn:aws:cloudformation:eu-west-1:111122223333:stack/others/2");
        service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap();
        let requests = t.cloud_formation.requests();
        let answer: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
        assert_eq!(answer["Reason"], "the event is invalid: it comes from another stack");
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    }
}

#[tokio::test]
async fn a_role_that_iam_does_not_know_yet_is_waited_for() {
    for (service, operation) in CALLS {
        let (cloud, t) = Deployment::start().await;
        cloud.inject(Fault::error(service, "AccessDeniedException", "not authorized").on(operation));
        t.create().await;
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    }
}

#[tokio::test]
async fn a_role_that_is_never_allowed_to_is_told_before_the_time_is_over() {
    let (cloud, t) = Deployment::start().await;
    let denied = Fault::error(Service::Ssm, "AccessDeniedException", "not authorized");
    cloud.inject(denied.on("GetParameters").always());
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function(&t.properties()), short_invocation(event)).await.unwrap();
    let answer: Value = serde_json::from_slice(&t.cloud_formation.requests()[0].body).unwrap();
    assert_eq!(answer["Reason"], "GetParameters is refused: AccessDeniedException: not authorized");
}

#[tokio::test]
async fn an_answer_follows_the_bucket_to_another_address_and_to_no_other_place() {
    let (_cloud, mut t) = Deployment::start().await;
    let other = Wire::always(Step::Answer(answer("200 OK", &[], ""))).await;
    let elsewhere = answer("307 Temporary Redirect", &[&format!("location: {}", other.url)], "");
    t.cloud_formation = Wire::start([Step::Answer(elsewhere)], Step::ResetBefore).await;
    let event = t.event(Ask::Create, &t.properties());
    service_user::handle(t.function(&t.properties()), invocation(event)).await.unwrap();
    let answered: Value = serde_json::from_slice(&other.requests()[0].body).unwrap();
    assert_eq!(answered["Status"], "SUCCESS");

    for (status, location) in [("307 Temporary Redirect", "https://canary.example/"), ("303 See Other", &*other.url)] {
        let elsewhere = answer(status, &[&format!("location: {location}")], "");
        t.cloud_formation = Wire::always(Step::Answer(elsewhere)).await;
        let event = t.event(Ask::Create, &t.properties());
        let error = service_user::handle(t.function(&t.properties()), short_invocation(event)).await.unwrap_err();
        assert_eq!(error.error_type, "NotAnswered");
    }
    assert_eq!(other.requests().len(), 1);
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
    let pool = t.cognito.create_user_pool().mfa_configuration(UserPoolMfaType::On);
    let (pool, client, _) = pool_of(&t.cognito, pool).await;
    let mut properties = t.properties_with("UserPoolId", &pool);
    properties["ClientId"] = json!(client);
    let reason = t.fail(Ask::Create, &properties).await;
    assert!(reason.ends_with("requires MFA, so no service user can sign in: set its MFA to optional"), "{reason}");
}
