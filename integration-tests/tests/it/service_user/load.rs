//! A rotation costs nobody a call.

use std::{cell::Cell, future::ready, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::sync::watch;

use super::Deployment;
use crate::setup::{config, invocation, start_context};

const CALLS: usize = 1000;
const AT_ONCE: usize = 20;

#[tokio::test]
async fn a_thousand_calls_through_four_rotations_all_succeed() {
    let (cloud, t) = Deployment::start().await;
    cloud.set_token_lifetime(Duration::from_secs(5));
    t.create().await;
    let mut processes = Vec::new();
    for reuse in ["on", "on", "on", "off"] {
        // The one that signs in for each call meets every moment of a rotation.
        let settings = [("SERVICE_USER_PARAMETERS", t.prefix.as_str()), ("TOKEN_REUSE", reuse)];
        processes.push(start_context(&config(&cloud, &settings)).await);
    }
    let id = {
        let line = json!({"sku": "tea", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
        let input = json!({"customerEmail": "ada@example.com", "lines": [line]});
        let event = invocation(json!({"operation": "CreateOrder", "variables": {"input": input}}));
        json!(mutate::handle(processes[0].clone(), Arc::default(), event).await.unwrap())["data"]["createOrder"]["id"]
            .clone()
    };
    cloud.reset_calls();

    let failures = through_rotations(&t, CALLS, |call| {
        let event = invocation(json!({"operation": "GetOrder", "variables": {"id": id}}));
        let answer = query::handle(processes[call % processes.len()].clone(), Arc::default(), event);
        let id = &id;
        async move {
            match answer.await {
                Ok(answer) if json!(answer)["data"]["getOrder"]["id"] == *id => None,
                other => Some(format!("call {call}: {other:?}")),
            }
        }
    })
    .await;
    assert_eq!(failures, [""; 0]);
    assert!(cloud.count_of("GetOrder") >= CALLS);
    assert!(cloud.count_of("AdminInitiateAuth") > CALLS / 4, "one of the processes signs in for each call");
}

/// Makes this many calls, or as many more as it takes to rotate four times in the meantime; gives what failed.
pub(crate) async fn through_rotations<F>(t: &Deployment, number: usize, call: impl Fn(usize) -> F) -> Vec<String>
where
    F: Future<Output = Option<String>>,
{
    let rotated = Cell::new(false);
    let (progress, mut done) = watch::channel(0);
    let progress = &progress;
    let goes_on = |next: &usize| ready(*next < number || !rotated.get());
    let calls = stream::iter(0..).take_while(goes_on).map(|number| {
        let call = call(number);
        async move {
            let failure = call.await;
            progress.send_modify(|done| *done += 1);
            failure
        }
    });
    let calls = calls.buffer_unordered(AT_ONCE).filter_map(ready).collect::<Vec<_>>();
    let rotations = async {
        for fifth in 1..=4 {
            done.wait_for(|done| *done >= fifth * number / 5).await.unwrap();
            t.rotate().await.unwrap();
        }
        rotated.set(true);
    };
    tokio::join!(calls, rotations).0
}
