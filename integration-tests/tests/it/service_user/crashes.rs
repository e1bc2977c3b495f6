//! What is interrupted between any two steps is finished by the next attempt.

use local_cloud::LocalCloud;

use super::{Ask, Deployment};
use crate::setup::invocation;

/// Drops `work` as soon as the cloud has answered this many calls, before the function sees the last answer; gives
/// whether there were so many.
async fn interrupted(cloud: &LocalCloud, calls: usize, work: impl Future) -> bool {
    let mut answered = cloud.subscribe();
    let last = async {
        for _ in 0..calls {
            answered.recv().await.unwrap();
        }
    };
    tokio::select! {
        biased;
        () = last => true,
        _ = work => false,
    }
}

#[tokio::test]
async fn a_creation_is_finished_by_the_next_attempt_wherever_it_was_interrupted() {
    let mut calls = 1;
    loop {
        let (cloud, t) = Deployment::start().await;
        let event = invocation(t.event(Ask::Create, &t.properties()));
        if !interrupted(&cloud, calls, service_user::handle(t.function(&t.properties()), event)).await {
            break;
        }
        t.create().await;
        assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a", "after {calls} calls");
        assert_eq!(t.groups("orders-1-a").await, ["order-services"], "after {calls} calls");
        calls += 1;
    }
    assert!(calls > 12, "{calls}");
}

#[tokio::test]
async fn a_rotation_is_finished_by_the_next_one_and_until_then_the_functions_sign_in() {
    let mut calls = 1;
    loop {
        let (cloud, t) = Deployment::start().await;
        t.create().await;
        if !interrupted(&cloud, calls, t.rotate()).await {
            break;
        }
        let active = t.signs_in(&t.prefix).await;
        let rotated = t.rotate().await.unwrap();
        assert_eq!(rotated["idle"], active, "after {calls} calls");
        assert_ne!(t.signs_in(&t.prefix).await, active, "after {calls} calls");
        assert_eq!(t.groups(rotated["active"].as_str().unwrap()).await, ["order-services"], "after {calls} calls");
        calls += 1;
    }
    assert!(calls > 8, "{calls}");
}

#[tokio::test]
async fn a_deletion_is_finished_by_the_next_attempt_wherever_it_was_interrupted() {
    let mut calls = 1;
    loop {
        let (cloud, t) = Deployment::start().await;
        let id = t.create().await;
        t.rotate().await.unwrap();
        let event = invocation(t.event(Ask::Delete(&id), &t.properties()));
        if !interrupted(&cloud, calls, service_user::handle(t.function(&t.properties()), event)).await {
            break;
        }
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
        calls += 1;
    }
    assert_eq!(calls, 6);
}
