//! The `service-user` function against whatever speaks the protocols of Cognito and SSM.

use auth_cache::{CognitoTokenSource, ErrorChain, Renewal, SsmCredentials, TokenSource as _, TokenUse};
use local_cloud::LocalCloud;
use serde_json::json;

use super::emulator_url;
use crate::service_user::{Ask, Deployment, load::through_rotations, new_pool};

async fn start() -> (Option<LocalCloud>, Deployment) {
    match emulator_url() {
        Some(url) => (None, Deployment::on(&url).await),
        None => {
            let (cloud, deployment) = Deployment::start().await;
            (Some(cloud), deployment)
        }
    }
}

#[tokio::test]
async fn a_service_user_is_created_rotated_and_deleted() {
    let (_cloud, t) = start().await;
    let id = t.create().await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    assert_eq!(t.groups("orders-a").await, ["order-services"]);
    assert_eq!(t.create().await, id);
    for (active, idle) in [("orders-b", "orders-a"), ("orders-a", "orders-b")] {
        assert_eq!(t.rotate().await.unwrap(), json!({"active": active, "idle": idle}));
        assert_eq!(t.signs_in(&t.prefix).await, active);
        assert_eq!(t.groups(active).await, ["order-services"]);
    }
    for _ in 0..2 {
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_service_user_is_changed_and_replaced() {
    let (_cloud, t) = start().await;
    let old = t.create().await;
    let others = t.properties_with("Group", "order-admins");
    assert_eq!(t.succeed(Ask::Update(&old, &t.properties()), &others).await, old);
    assert_eq!(t.groups("orders-a").await, ["order-admins"]);

    let (pool, client, _) = new_pool(&t.cognito).await;
    let mut others = t.properties_with("UserPoolId", &pool);
    others["ClientId"] = json!(client);
    others["Username"] = json!("parcels");
    let new = t.succeed(Ask::Update(&old, &t.properties()), &others).await;
    t.succeed(Ask::Delete(&old), &t.properties()).await;
    assert!(!t.user_exists(&t.pool, "orders-a").await);
    assert_eq!(t.signs_in(&t.prefix).await, "parcels-a");
    t.succeed(Ask::Delete(&new), &others).await;
    assert!(!t.user_exists(&pool, "parcels-a").await);
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn a_pool_or_a_group_that_does_not_exist_is_told() {
    let (_cloud, t) = start().await;
    for (name, value) in [("UserPoolId", "eu-west-1_nope"), ("Group", "readers")] {
        let reason = t.fail(Ask::Create, &t.properties_with(name, value)).await;
        assert!(reason.contains(" is refused: ResourceNotFoundException"), "{reason}");
    }
    let pool = t.properties_with("UserPoolId", "eu-west-1_nope");
    t.succeed(Ask::Delete(&format!("eu-west-1_nope/orders@{}", t.prefix)), &pool).await;
}

#[tokio::test]
async fn all_sign_ins_through_four_rotations_succeed() {
    let (cloud, t) = start().await;
    // On local-cloud another test makes a thousand calls.
    let number = if cloud.is_some() { 200 } else { 1000 };
    t.create().await;
    let t = &t;
    let failures = through_rotations(t, number, |call| async move {
        let credentials = SsmCredentials::new(t.ssm.clone(), &t.prefix);
        let source = CognitoTokenSource::new(t.cognito.clone(), credentials, TokenUse::Access);
        let result = source.with_renewal(Renewal::Never).sign_in().await;
        result.err().map(|error| format!("sign-in {call}: {}", ErrorChain(&error)))
    });
    assert_eq!(failures.await, [""; 0]);
}
