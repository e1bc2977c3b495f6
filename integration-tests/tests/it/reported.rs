//! Inputs of kinds that users of other projects have reported as faults:
//! `cargo test --workspace --test it reported`

use std::time::Duration;

use auth_cache::TokenSource as _;
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use crate::{
    client_credentials,
    events::{
        batch, cancel_order, create_order, failures, fifo_batch, keyed_request, mutate, orders_of_the_queue, rule,
    },
    http_api::{call::Call, get},
    network::{NOWHERE, PROXIES},
    setup::{Setup, invocation, invocation_with_id},
    sizes::{answer_with, both, http},
    wire::{self, Step, Wire},
};

#[tokio::test]
async fn message_groups_of_a_standard_queue_order_nothing() {
    let t = Setup::start().await;
    let unknown = json!({"operation": "NoSuch"}).to_string();
    let messages = [
        ("message-1", Some("tenant-1"), unknown.clone()),
        ("message-2", Some("tenant-1"), create_order().to_string()),
        ("message-3", Some("tenant-1"), create_order().to_string()),
    ];
    assert_eq!(mutate(&t, fifo_batch(&messages)).await, failures(&["message-1", "message-2", "message-3"]));
    assert_eq!(orders_of_the_queue(&t).await, 0);
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&["message-1"]));
    assert_eq!(orders_of_the_queue(&t).await, 2);
}

#[tokio::test]
async fn a_queue_that_a_rule_sends_to_has_events_in_it() {
    let t = Setup::start().await;
    let body = |id: &str, detail: Value| rule(id, detail).to_string();
    let messages = [
        ("message-1", None, body("event-1", create_order())),
        ("message-2", None, body("event-1", create_order())),
        ("message-3", None, body("event-2", json!(create_order().to_string()))),
        ("message-4", None, body("event-3", cancel_order(99))),
        ("message-5", None, body("event-4", json!({"order": 1}))),
    ];
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&["message-4", "message-5"]));
    assert_eq!(orders_of_the_queue(&t).await, 2, "one of each event");
}

#[tokio::test]
async fn an_asynchronous_invocation_that_lambda_repeats_makes_one_order() {
    let t = Setup::start().await;
    let invoke = async |id: &str| {
        mutate::handle(t.appsync.clone(), t.callers.clone(), invocation_with_id(id, create_order())).await.unwrap()
    };
    for id in ["1c0f9a3e-6d55-4e0c-9a53-0d0a3b1f8f10", "1c0f9a3e-6d55-4e0c-9a53-0d0a3b1f8f10"] {
        invoke(id).await;
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    invoke("another").await;
    assert_eq!(orders_of_the_queue(&t).await, 2);
    // Whoever runs a function without a runtime has no id.
    invoke("").await;
    invoke("").await;
    assert_eq!(orders_of_the_queue(&t).await, 4);
}

#[tokio::test]
async fn an_idempotency_key_is_the_callers_own() {
    let callers = ("OPERATION_CALLERS", "group:order-services iam");
    let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[callers]).await;
    let mut ids = Vec::new();
    for caller in ["ada", "bob", "ada"] {
        let answer = mutate(&t, keyed_request(caller, "1", &create_order())).await;
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        ids.push(body["data"]["createOrder"]["id"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], "1", "nobody can guess another one's");
    for user in ["a", "b"] {
        let mut request = keyed_request("ada", "1", &create_order());
        request["requestContext"]["authorizer"] = json!({"iam": {"userArn": format!("arn:aws:iam::1:user/{user}")}});
        mutate(&t, request).await;
    }
    assert_eq!(orders_of_the_queue(&t).await, 4);
}

#[tokio::test]
async fn an_order_is_the_one_that_the_gateway_names_and_not_that_of_a_path_decoded_twice() {
    let t = Setup::start().await;
    let mut order = create_order();
    order["variables"]["input"]["clientToken"] = json!("A");
    t.mutate(order).await.unwrap();
    get(&t, "/orders/A").await;
    for id in ["order-1#x", "%41"] {
        Call::on("GET", "GET /orders/{id}", &format!("/orders/{id}"), Some(id)).send(&t).await.problem(404);
    }
}

#[tokio::test]
async fn a_named_stage_is_no_part_of_the_route() {
    let t = Setup::start().await;
    let call = Call::on("GET", "GET /orders", "/prod/orders", None).with("/requestContext/stage", "prod");
    call.send(&t).await.expect(200);
}

#[tokio::test]
async fn null_is_sent_and_what_is_absent_is_not() {
    let t = Setup::start().await;
    let wire = Wire::always(Step::Answer(wire::json(r#"{"data":null,"errors":[{"message":"enough"}]}"#))).await;
    for reason in [Some(json!(null)), None] {
        let mut event = cancel_order(1);
        event["variables"].as_object_mut().unwrap().extend(reason.map(|reason| ("reason".to_owned(), reason)));
        mutate::handle(wire.client(), t.callers.clone(), invocation(event.clone())).await.unwrap_err();
        let sent: Value = serde_json::from_slice(&wire.requests().last().unwrap().body).unwrap();
        assert_eq!(sent["variables"], event["variables"]);
    }
}

#[tokio::test]
async fn a_renewal_that_is_not_implemented_is_replaced_by_the_password() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_token_lifetime(Duration::from_secs(2));
    cloud.set_latency(Service::AppSync, Duration::from_millis(20));
    cloud.inject(Fault::status(Service::Cognito, 501).on("GetTokensFromRefreshToken").always());
    let t = Setup::start_on(cloud, &[]).await;
    while t.cloud.count_of("AdminInitiateAuth") < 3 {
        t.get_order().await.unwrap();
    }
    assert_eq!(t.cloud.count_of("GetTokensFromRefreshToken"), 1);
}

#[tokio::test]
async fn a_token_endpoint_may_say_how_long_as_text() {
    let (cloud, credentials) = client_credentials::setup().await;
    let answer = json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": "3600"});
    cloud.inject(Fault::answer(Service::Cognito, 200, answer));
    let token = client_credentials::source(&cloud, credentials).sign_in().await.unwrap();
    assert_eq!(token.header(), "opaque");
}

#[tokio::test]
async fn an_answer_of_appsync_that_lambda_would_not_hand_over_is_not_taken() {
    let t = Setup::start().await;
    answer_with(&t, "x".repeat(7_000_000)).await;
    for (result, log) in both(&t, &t.appsync, Value::clone).await {
        let error = result.unwrap_err();
        assert_eq!(error.error_type, "TooLarge");
        assert!(error.error_message.contains("executed"), "{error:?}");
        assert!(log.contains(r#""error_type":"TooLarge""#), "{log}");
    }
    for (result, log) in both(&t, &t.appsync, http).await {
        let answer = json!(result.unwrap());
        assert_eq!(answer["statusCode"], 500, "{answer}");
        assert!(answer["body"].as_str().unwrap().contains("TooLarge"), "{answer}");
        assert!(log.contains(r#""error_type":"TooLarge""#), "{log}");
    }
}

#[tokio::test]
async fn what_is_on_this_machine_is_never_asked_for_through_a_proxy() {
    for proxy in PROXIES {
        for no_proxy in [("NO_PROXY", ""), ("NO_PROXY", "example.com"), ("no_proxy", "example.com")] {
            let cloud = LocalCloud::start().await.unwrap();
            let url = cloud.graphql_url().replace("127.0.0.1", "localhost");
            let t = Setup::start_on(cloud, &[(proxy, NOWHERE), no_proxy, ("APPSYNC_URL", &url)]).await;
            t.get_order().await.unwrap_or_else(|error| panic!("{proxy}, {no_proxy:?}: {error:?}"));
        }
    }
}
