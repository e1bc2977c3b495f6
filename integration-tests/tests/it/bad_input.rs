//! Events that are not what they should be.

use serde_json::json;

use crate::setup::Setup;

#[tokio::test]
async fn a_bad_event_gets_a_stable_error_type_and_a_message_that_says_what_to_do() {
    let t = Setup::start().await;
    for (event, error_type, message) in [
        (json!([]), "InvalidEvent", "it is not an object"),
        (json!({}), "InvalidEvent", "`operation` is missing"),
        (json!({"operation": 1}), "InvalidEvent", "`operation` is not a string"),
        (
            json!({"operation": "GetOrder", "variable": {}}),
            "InvalidEvent",
            "`variable` is not allowed beside `operation` and `variables`",
        ),
        (json!({"operation": "GetOrders"}), "UnknownOperation", "`GetOrders`; this function has GetOrder, ListOrders"),
        (json!({"operation": "CreateOrder"}), "UnknownOperation", "GetOrder, ListOrders"),
        (json!({"operation": "GetOrder"}), "InvalidVariables", "missing field `id`"),
        (json!({"operation": "GetOrder", "variables": null}), "InvalidVariables", "missing field `id`"),
        (json!({"operation": "GetOrder", "variables": "canary"}), "InvalidVariables", "JSON object"),
        (json!({"operation": "GetOrder", "variables": {"id": ["canary"]}}), "InvalidVariables", "`id`"),
        (
            json!({"operation": "ListOrders", "variables": {"limit": "ada, expected canary"}}),
            "InvalidVariables",
            "expected i64",
        ),
        (
            json!({"operation": "GetOrder", "variables": {"id": "order-1", "orderId": "canary"}}),
            "InvalidVariables",
            "GetOrder has no variable `orderId`; it takes id",
        ),
        (
            json!({"operation": "ListOrders", "variables": {"filter": {"state": "canary"}}}),
            "InvalidVariables",
            "`filter",
        ),
    ] {
        let error = t.query(event.clone()).await.unwrap_err();
        assert_eq!(error.error_type, error_type, "{event}: {error:?}");
        assert!(error.error_message.contains(message), "{event}: {error:?}");
        assert!(!error.error_message.contains("canary"), "{event}: {error:?}");
    }
    assert_eq!(t.cloud.count(local_cloud::Service::AppSync), 0, "nothing was sent");
}

#[tokio::test]
async fn mutate_does_not_answer_queries() {
    let t = Setup::start().await;
    let error = t.mutate(json!({"operation": "GetOrder", "variables": {"id": "order-1"}})).await.unwrap_err();
    assert_eq!(error.error_type, "UnknownOperation");
}
