//! Data and errors side by side.

use std::time::Duration;

use appsync::{AppSyncError, ErrorKind, OperationVisitor, Partial, RetryPolicy};
use events::Operations;
use serde_json::json;

use crate::{
    events::batch,
    setup::invocation,
    wire::{ChangeThing, Data, FindThing, GetThing, SetThing, Step, Variables, Wire, answer, good, json as answer_of},
};

async fn partial_of(body: serde_json::Value) -> Partial<Data> {
    let wire = Wire::always(Step::Answer(answer_of(body))).await;
    wire.client().execute::<SetThing>(Variables::default()).partial().await.unwrap()
}

#[tokio::test]
async fn data_is_given_with_the_errors_beside_it() {
    let error = json!({"path": ["thing", "x"], "errorType": "Custom", "errorInfo": {"a": 1}, "message": "m"});
    let partial = partial_of(json!({"data": {"thing": {"id": "a", "size": 1}}, "errors": [error]})).await;
    assert_eq!(partial.data.as_ref().unwrap().thing.id, "a");
    assert_eq!(partial.errors[0].error_type.as_deref(), Some("Custom"));
    assert_eq!(partial.errors[0].error_info, Some(json!({"a": 1})));
    assert_eq!(partial.request_id(), Some("request-1"));

    let (data, errors) = partial.require_data().unwrap();
    assert_eq!((data.thing.size, errors.len()), (1, 1));
}

#[tokio::test]
async fn a_complete_answer_has_no_errors() {
    let partial = partial_of(json!({"data": {"thing": {"id": "a", "size": 1}}})).await;
    assert!(partial.errors.is_empty());
    assert_eq!(partial.require_complete().unwrap().thing.id, "a");
}

#[tokio::test]
async fn errors_survive_data_that_is_null_or_does_not_fit() {
    for data in [json!(null), json!({"thing": null}), json!({"thing": {"id": null, "size": 1}})] {
        let error = json!({"path": ["thing"], "errorType": "Unauthorized", "message": "m"});
        let partial = partial_of(json!({"data": data, "errors": [error]})).await;
        assert_eq!(partial.data, None);
        let error = partial.require_data().unwrap_err();
        assert_eq!((error.kind(), error.error_type()), (ErrorKind::Denied, Some("Unauthorized")));
        assert_eq!(error.path(), Some(&[json!("thing")][..]));
        assert_eq!(error.request_id(), Some("request-1"));
    }
}

#[tokio::test]
async fn what_is_no_graphql_answer_is_an_error_all_the_same() {
    for (step, kind) in [
        (Step::Answer(answer("403 Forbidden", &[], "<html>")), ErrorKind::Denied),
        (Step::Answer(answer_of("{}")), ErrorKind::Malformed),
        (Step::Answer(answer_of(r#"{"data":{"thing":5}}"#)), ErrorKind::Malformed),
        (Step::ResetAfter, ErrorKind::Unavailable),
    ] {
        let wire = Wire::always(step).await;
        let error = wire.client().execute::<SetThing>(Variables::default()).partial().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_throttled_is_asked_for_again_only_if_it_has_no_data() {
    let error = json!({"path": ["thing"], "errorType": "DynamoDB:ThrottlingException"});
    let policy = RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO);
    for (data, requests) in [(json!(null), 2), (json!({"thing": {"id": "a", "size": 1}}), 1)] {
        let throttled = answer_of(json!({"data": data, "errors": [error]}));
        let wire = Wire::start([Step::Answer(throttled)], Step::Answer(good())).await;
        let client = wire.client().with_retry(policy.clone());
        let partial = client.execute::<GetThing>(Variables::default()).partial().await.unwrap();
        assert_eq!(partial.data.unwrap().thing.id, "a");
        assert_eq!(wire.requests().len(), requests);
    }
}

/// What AppSync answers when the only field fails, and the schema lets it be null.
fn failed(error_type: &str) -> Step {
    let error = json!({"path": ["thing"], "data": null, "errorType": error_type, "errorInfo": null, "message": "m"});
    Step::Answer(answer_of(json!({"data": {"thing": null}, "errors": [error]})))
}

#[tokio::test]
async fn an_answer_whose_fields_all_failed_has_no_data_although_they_may_be_null() {
    let at_once = RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO);
    for (error_type, kind, queries) in [
        ("DynamoDB:ThrottlingException", ErrorKind::Throttled, 3),
        ("DynamoDB:ConditionalCheckFailedException", ErrorKind::ConditionFailed, 1),
        ("Unauthorized", ErrorKind::Denied, 1),
    ] {
        let check = |error: &AppSyncError, wire: &Wire, requests| {
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(error.may_have_executed(), "{error:?}");
            assert_eq!(wire.requests().len(), requests, "{error_type}");
        };
        let wire = Wire::always(failed(error_type)).await;
        let client = wire.client().with_retry(at_once.clone());
        check(&client.execute::<FindThing>(Variables::default()).await.unwrap_err(), &wire, queries);
        let partial = client.execute::<FindThing>(Variables::default()).partial().await.unwrap();
        assert_eq!(partial.data, None);
        check(&partial.require_data().unwrap_err(), &wire, 2 * queries);

        let wire = Wire::always(failed(error_type)).await;
        let client = wire.client().with_retry(at_once.clone());
        check(&client.execute::<ChangeThing>(Variables::default()).await.unwrap_err(), &wire, 1);
        let partial = client.execute::<ChangeThing>(Variables::default()).partial().await.unwrap();
        check(&partial.require_data().unwrap_err(), &wire, 2);
    }
}

#[tokio::test]
async fn a_field_that_is_null_without_an_error_is_data() {
    let wire = Wire::always(Step::Answer(answer_of(r#"{"data":{"thing":null}}"#))).await;
    let client = wire.client();
    assert_eq!(client.execute::<FindThing>(Variables::default()).await.unwrap().thing, None);
    let partial = client.execute::<FindThing>(Variables::default()).partial().await.unwrap();
    assert_eq!(partial.require_data().unwrap().0.thing, None);
}

#[tokio::test]
async fn a_message_whose_mutation_failed_is_handed_back_although_its_field_may_be_null() {
    let wire = Wire::start([failed("DynamoDB:ConditionalCheckFailedException")], Step::Answer(good())).await;
    let message = json!({"operation": "ChangeThing", "variables": {"note": "a"}}).to_string();
    for failures in [json!([{"itemIdentifier": "message-1"}]), json!([])] {
        let event = invocation(batch(&[("message-1", None, message.clone())]));
        let answer =
            events::handle(Operations::mutations(|all| all.visit::<ChangeThing>()), wire.client(), [].into(), event)
                .await;
        assert_eq!(json!(answer.unwrap()), json!({"batchItemFailures": failures}));
    }
}
