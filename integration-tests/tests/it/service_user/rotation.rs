//! Two users that take turns.

use aws_sdk_ssm::types::ParameterType;
use local_cloud::{Fault, Service};
use serde_json::json;

use super::Deployment;

#[tokio::test]
async fn the_users_take_turns_and_each_turn_has_a_new_password() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    let mut passwords = vec![t.password().await];
    for (active, idle) in [("orders-1-b", "orders-1-a"), ("orders-1-a", "orders-1-b"), ("orders-1-b", "orders-1-a")] {
        assert_eq!(t.rotate().await.unwrap(), json!({"active": active, "idle": idle}));
        assert_eq!(t.signs_in(&t.prefix).await, active);
        let password = t.password().await;
        assert!(!passwords.contains(&password));
        passwords.push(password);
    }
}

#[tokio::test]
async fn the_age_of_the_password_is_known_until_it_is_lost() {
    let (cloud, t) = Deployment::start().await;
    let missing = format!(r#"{}/credentials is missing: {{"RequestType": "Repair"}} restores it"#, t.prefix);
    assert_eq!(t.invoke("Age", &t.properties()).await.unwrap_err().error_message, missing);
    t.create().await;
    cloud.reset_calls();
    assert_eq!(t.invoke("Age", &t.properties()).await.unwrap(), json!({"passwordAge": 0}));
    assert_eq!(cloud.calls().len(), 1, "nothing but the parameters is read");
}

#[tokio::test]
async fn the_credentials_change_in_one_write_and_nothing_else_does() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    cloud.reset_calls();
    t.rotate().await.unwrap();
    assert_eq!(cloud.count_of("PutParameter"), 1);
    assert_eq!(cloud.count_of("DeleteParameters"), 0);
    let calls = cloud.calls();
    let at = |operation| calls.iter().position(|call| call.operation == operation).unwrap();
    assert!(at("AdminSetUserPassword") < at("AdminInitiateAuth"));
    assert_eq!(at("PutParameter"), calls.len() - 1);
}

#[tokio::test]
async fn the_next_user_gets_the_groups_of_the_active_one_and_loses_others() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    t.rotate().await.unwrap();
    for (username, groups) in [("orders-1-a", ["order-admins"].as_slice()), ("orders-1-b", &[])] {
        for group in groups {
            let request = t.cognito.admin_add_user_to_group().user_pool_id(&t.pool).username(username);
            request.group_name(*group).send().await.unwrap();
        }
    }
    t.rotate().await.unwrap();
    assert_eq!(t.groups("orders-1-a").await, ["order-services"]);
}

#[tokio::test]
async fn a_user_that_was_disabled_because_its_password_leaked_comes_back_with_another() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    t.rotate().await.unwrap();
    t.cognito.admin_disable_user().user_pool_id(&t.pool).username("orders-1-a").send().await.unwrap();
    t.rotate().await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
}

#[tokio::test]
async fn whichever_call_is_refused_the_active_user_stays_as_it_is_and_the_next_rotation_succeeds() {
    for (service, operation) in [
        (Service::Ssm, "GetParameters"),
        (Service::Cognito, "AdminListGroupsForUser"),
        (Service::Cognito, "DescribeUserPool"),
        (Service::Cognito, "AdminCreateUser"),
        (Service::Cognito, "AdminAddUserToGroup"),
        (Service::Cognito, "AdminSetUserPassword"),
        (Service::Cognito, "AdminInitiateAuth"),
        (Service::Ssm, "PutParameter"),
    ] {
        let (cloud, t) = Deployment::start().await;
        t.create().await;
        let password = t.password().await;
        cloud.inject(Fault::error(service, "ForbiddenException", "not authorized").on(operation).always());
        let error = t.rotate().await.unwrap_err();
        let expected = if operation == "AdminInitiateAuth" { "SignInFailed" } else { "Refused" };
        assert_eq!(error.error_type, expected, "{error:?}");
        assert!(error.error_message.contains("ForbiddenException"), "{error:?}");
        cloud.clear_faults();
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
        assert_eq!(t.password().await, password);
        t.rotate().await.unwrap();
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-b");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_does_no_harm() {
    for (service, operation) in [
        (Service::Cognito, "AdminCreateUser"),
        (Service::Cognito, "AdminAddUserToGroup"),
        (Service::Cognito, "AdminSetUserPassword"),
        (Service::Cognito, "AdminInitiateAuth"),
        (Service::Ssm, "PutParameter"),
    ] {
        let (cloud, t) = Deployment::start().await;
        t.create().await;
        cloud.inject(Fault::lose_answer(service).on(operation));
        let rotated = t.rotate().await.unwrap();
        assert_eq!(rotated["active"], t.signs_in(&t.prefix).await.as_str(), "{operation}");
    }
}

#[tokio::test]
async fn a_new_password_that_cognito_does_not_know_yet_is_tried_again() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    let refusal = Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password.");
    cloud.inject(refusal.on("AdminInitiateAuth").times(2));
    t.rotate().await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-b");
}

#[tokio::test]
async fn a_password_that_never_signs_in_is_not_switched_to_and_locks_nobody_out() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    cloud.reset_calls();
    let refusal = Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password.");
    cloud.inject(refusal.on("AdminInitiateAuth").always());
    let error = t.rotate().await.unwrap_err();
    assert_eq!(error.error_type, "SignInFailed");
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 3);
    assert_eq!(cloud.count_of("PutParameter"), 0);
}

#[tokio::test]
async fn rotations_that_run_at_the_same_time_leave_a_user_that_signs_in() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    let (one, other) = tokio::join!(t.rotate(), t.rotate());
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    t.signs_in(&t.prefix).await;
}

#[tokio::test]
async fn what_cannot_be_rotated_is_told() {
    let (_cloud, t) = Deployment::start().await;
    let credentials = format!("{}/credentials", t.prefix);
    let message = async || {
        let error = t.rotate().await.unwrap_err();
        assert_eq!(error.error_type, "NothingToRotate");
        error.error_message
    };
    let advice = r#": {"RequestType": "Repair"} restores it"#;
    assert_eq!(message().await, format!("{credentials} has no user name and password{advice}"));
    let by_hand = json!({"username": "by-hand", "password": "Password-1"}).to_string();
    t.put(&credentials, &by_hand, ParameterType::SecureString).await;
    let problem = "names a user that is not one of this stack's two";
    assert_eq!(message().await, format!("{credentials} {problem}{advice}"));
}
