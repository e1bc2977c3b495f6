//! Events that are published over HTTP.

use local_cloud::{Fault, Service};
use serde_json::{Value, json};

use crate::support::Cloud;

fn batch(channel: &str, events: &[&str]) -> Value {
    json!({"channel": channel, "events": events})
}

#[tokio::test]
async fn published_events_are_acknowledged_by_their_place_and_recorded() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let reply = cloud.publish_as(Some(&token), &batch("/default/orders", &[r#"{"id":1}"#, "2"])).await;
    let answer = reply.ok();
    assert_eq!(answer["failed"], json!([]));
    let successful = answer["successful"].as_array().expect("a list");
    assert_eq!(successful.iter().map(|event| &event["index"]).collect::<Vec<_>>(), [0, 1]);
    assert!(successful.iter().all(|event| event["identifier"].as_str().is_some_and(|id| id.len() == 36)));
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);

    let recorded = json!([
        {"channel": "/default/orders", "event": {"id": 1}},
        {"channel": "/default/orders", "event": 2},
    ]);
    assert_eq!(json!(cloud.published()), recorded);
    assert_eq!(cloud.http("GET", "/_local-cloud/published", "").await.ok(), recorded);
    assert_eq!(cloud.count_of("EventPublish"), 1);
    cloud.reset_calls();
    assert_eq!(cloud.published(), []);
}

#[tokio::test]
async fn an_event_that_is_refused_does_not_keep_the_others_back() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let [largest, larger] = [245_760, 245_761].map(|bytes| format!("\"{}\"", "x".repeat(bytes - 2)));
    let answer = cloud.publish_as(Some(&token), &batch("default/a", &["{", &largest, &larger, "null"])).await.ok();
    let of = |list: &str| answer[list].as_array().expect("a list").iter().map(|event| event["index"].clone()).collect();
    let (successful, failed): (Vec<_>, Vec<_>) = (of("successful"), of("failed"));
    assert_eq!((successful, failed), (vec![json!(1), json!(3)], vec![json!(0), json!(2)]));
    assert_eq!(answer["failed"][0]["message"], "The event is not valid JSON.");
    assert_eq!(answer["failed"][1]["code"], 400);
    assert_eq!(cloud.published().len(), 2);
}

#[tokio::test]
async fn what_is_no_request_to_publish_is_refused_as_a_whole() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    for (body, message) in [
        (json!([]), "The request is not a channel and a list of strings."),
        (json!({"channel": "/a", "events": [{"id": 1}]}), "The request is not a channel and a list of strings."),
        (batch("/a", &[]), "A request has 1 to 5 events, and this one has 0."),
        (batch("/a", &["1"; 6]), "A request has 1 to 5 events, and this one has 6."),
        (batch("", &["1"]), "The channel is not valid."),
        (batch("//a", &["1"]), "The channel is not valid."),
        (batch("/a/*", &["1"]), "The channel is not valid."),
        (batch("/a/b/c/d/e/f", &["1"]), "The channel is not valid."),
        (batch(&"a".repeat(51), &["1"]), "The channel is not valid."),
    ] {
        let reply = cloud.publish_as(Some(&token), &body).await;
        let error = reply.json()["errors"][0].clone();
        assert_eq!(
            (reply.status, &error["errorType"], &error["message"]),
            (400, &json!("BadRequestException"), &json!(message))
        );
    }
    assert_eq!(cloud.published(), []);
}

#[tokio::test]
async fn the_edge_is_that_of_the_graphql_api() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    for authorization in [None, Some("garbage"), Some(format!("Bearer {token}").as_str())] {
        let reply = cloud.publish_as(authorization, &batch("/a", &["1"])).await;
        assert_eq!((reply.status, reply.header("x-amzn-errortype")), (401, "UnauthorizedException"));
    }
    cloud.inject(Fault::throttle(Service::AppSync).on("EventPublish"));
    assert_eq!(cloud.publish_as(Some(&token), &batch("/a", &["1"])).await.status, 429);
    assert_eq!(cloud.http("OPTIONS", "/event", "").await.status, 200);
    assert_eq!(cloud.published(), []);
}
