//! `/_local-cloud/…`, and the record of calls.

use std::time::Duration;

use local_cloud::{LocalCloud, Service};
use serde_json::{Value, json};

use crate::support::Cloud;

#[tokio::test]
async fn calls_are_recorded_in_order_and_forgotten_on_demand() {
    let cloud = Cloud::start().await;
    let mut subscriber = cloud.subscribe();
    cloud.tokens().await;
    cloud.ssm("GetParameter", json!({"Name": "/nope"})).await;
    let calls = cloud.http("GET", "/_local-cloud/calls", "").await.ok();
    assert_eq!(
        (&calls[0]["service"], &calls[0]["operation"], &calls[0]["status"]),
        (&json!("cognito"), &json!("AdminInitiateAuth"), &json!(200))
    );
    assert_eq!((&calls[1]["service"], &calls[1]["outcome"]), (&json!("ssm"), &json!("ParameterNotFound")));
    assert_eq!(subscriber.recv().await.expect("a call").to_string(), cloud.calls()[0].to_string());
    assert_eq!((cloud.count(Service::Cognito), cloud.count(Service::Ssm), cloud.count(Service::AppSync)), (1, 1, 0));
    cloud.http("DELETE", "/_local-cloud/calls", "").await.ok();
    assert_eq!(cloud.calls(), []);
}

#[tokio::test]
async fn no_record_of_a_call_holds_a_secret() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    cloud.graphql_as(Some(&token), r#"{"query":"{ getOrder(id: \"canary\") { id } }"}"#).await.ok();
    let name = format!("{}/credentials", cloud.seed().parameters_prefix);
    cloud.ssm("GetParameter", json!({"Name": name, "WithDecryption": true})).await.ok();
    let records: String = cloud.calls().iter().map(|call| format!("{call} {call:?}\n")).collect();
    for secret in [&cloud.seed().password, &cloud.seed().client_secret, &token, &"canary".to_owned()] {
        assert!(!records.contains(secret.as_str()), "{records}");
    }
    assert_eq!(cloud.calls().len(), 3);
    assert!(!format!("{:?}", *cloud).contains(&cloud.seed().password));
}

#[tokio::test]
async fn settings_are_changed_over_http() {
    let cloud = Cloud::start().await;
    let wanted = json!({"latency_ms": {"ssm": 30}, "token_lifetime_s": 60, "clock_offset_s": 5});
    let after = cloud.http("PUT", "/_local-cloud/settings", &wanted.to_string()).await.ok();
    assert_eq!(after["latency_ms"], json!({"cognito": 0, "ssm": 30, "appsync": 0, "secretsmanager": 0, "traces": 0}));
    assert_eq!(after, cloud.http("GET", "/_local-cloud/settings", "").await.ok());
    assert_eq!(cloud.tokens().await["ExpiresIn"], 60);
    cloud.ssm("GetParameter", json!({"Name": "/a"})).await;
    assert!(cloud.calls()[1].millis >= 29, "{:?}", cloud.calls());
    let refused = cloud.http("PUT", "/_local-cloud/settings", r#"{"latency":1}"#).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("there is no setting latency")));
}

#[tokio::test]
async fn a_user_may_sign_in_so_often_a_second_and_others_are_not_held_up() {
    let cloud = Cloud::start_with(LocalCloud::builder().sign_in_quota(3)).await;
    let (pool, client) =
        cloud.new_pool(json!({}), json!({"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]})).await;
    cloud.new_user(&pool, "another").await;
    // All would be let through in 13 s; this takes less than one.
    let mut refused = 0;
    for _ in 0..40 {
        let reply = cloud.sign_in(cloud.seed_parameters()).await;
        if reply.status == 400 {
            reply.assert_error("TooManyRequestsException", "Rate exceeded");
            refused += 1;
        }
    }
    assert!(refused > 0, "40 sign-ins, three a second");
    cloud.tokens_of(&pool, &client, "another").await;

    cloud.set_clock_offset(2);
    cloud.tokens().await;
    cloud.set_sign_in_quota(None);
    for _ in 0..10 {
        cloud.tokens().await;
    }
}

#[tokio::test]
async fn parameters_are_read_so_often_a_second_by_all_operations_together() {
    let cloud = Cloud::start().await;
    let quota = json!({"parameter_reads_per_second": 2, "sign_ins_per_second": 10});
    let settings = cloud.http("PUT", "/_local-cloud/settings", &quota.to_string()).await.ok();
    assert_eq!((&settings["parameter_reads_per_second"], &settings["sign_ins_per_second"]), (&json!(2), &json!(10)));
    let name = format!("{}/client-id", cloud.seed().parameters_prefix);
    let mut refused = 0;
    for _ in 0..10 {
        for (operation, input) in [
            ("GetParameter", json!({"Name": name})),
            ("GetParameters", json!({"Names": [name]})),
            ("GetParametersByPath", json!({"Path": "/"})),
        ] {
            let reply = cloud.ssm(operation, input).await;
            if reply.status == 400 {
                reply.assert_error("ThrottlingException", "Rate exceeded");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "30 reads, two a second");
    let put = json!({"Name": "/a", "Value": "x", "Type": "String"});
    cloud.ssm("PutParameter", put).await.ok();
    cloud.set_clock_offset(2);
    cloud.ssm("GetParameter", json!({"Name": name})).await.ok();
    let refused = cloud.http("PUT", "/_local-cloud/settings", r#"{"sign_ins_per_second":0}"#).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &json!("sign_ins_per_second must be a positive integer or null"))
    );
}

#[tokio::test]
async fn faults_are_injected_over_http() {
    let cloud = Cloud::start().await;
    let fault = json!({"service": "ssm", "operation": "GetParameter", "kind": "status", "code": 503, "times": 2});
    assert_eq!(
        cloud.http("POST", "/_local-cloud/faults", &fault.to_string()).await.ok().as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(cloud.ssm("GetParameter", json!({"Name": "/a"})).await.status, 503);
    let left = cloud.http("GET", "/_local-cloud/faults", "").await.ok();
    assert_eq!(left[0]["times"], 1);
    assert_eq!(cloud.http("DELETE", "/_local-cloud/faults", "").await.ok(), json!([]));
    assert_eq!(cloud.ssm("GetParameter", json!({"Name": "/a"})).await.status, 400);
    assert_eq!(cloud.http("POST", "/_local-cloud/faults", r#"{"service":"s3","kind":"reset"}"#).await.status, 400);
}

#[tokio::test]
async fn health_and_seed_are_there_and_nothing_else() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.http("GET", "/_local-cloud/health", "").await.ok(), json!({"status": "ok"}));
    let seed = cloud.http("GET", "/_local-cloud/seed", "").await.ok();
    assert_eq!(seed["user_pool_id"], "eu-west-1_LocalPool1");
    assert_eq!(cloud.http("GET", "/_local-cloud/nope", "").await.status, 404);
    assert_eq!(cloud.http("GET", "/", "").await.status, 404);
    assert_eq!(cloud.http("GET", "/graphql", "").await.status, 404);
    assert_eq!(cloud.calls(), [], "control is no call to a service");
}

#[tokio::test]
async fn without_the_seed_nothing_exists() {
    let builder = LocalCloud::builder().seed(false).latency(Service::AppSync, Duration::from_millis(1));
    let cloud = Cloud::start_with(builder).await;
    let reply = cloud.sign_in(cloud.seed_parameters()).await;
    assert_eq!(reply.error().0, "ResourceNotFoundException");
    let path = json!({"Path": "/", "Recursive": true});
    assert_eq!(cloud.ssm("GetParametersByPath", path).await.ok()["Parameters"], Value::Array(vec![]));
}
