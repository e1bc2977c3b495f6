//! Schemas of the kinds that others have: what is generated compiles, and keeps each answer as it is.

use appsync::{Operation, Patch};
use events::{DispatchError, DynamicRequest, Operations};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::wire::{self, Step, Wire};

mod amplify {
    include!(concat!(env!("OUT_DIR"), "/amplify/operations.rs"));
}

mod console {
    include!(concat!(env!("OUT_DIR"), "/console/operations.rs"));
}

mod social {
    include!(concat!(env!("OUT_DIR"), "/social/operations.rs"));
}

mod words {
    include!(concat!(env!("OUT_DIR"), "/words/operations.rs"));
}

/// Decodes and encodes; nothing must change on the way, and no key come twice, which makes the text longer.
fn round_trip<T: DeserializeOwned + Serialize>(json: &Value) -> T {
    let decoded: T = serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"));
    let text = serde_json::to_string(&decoded).unwrap();
    assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), json);
    assert_eq!(text.len(), json.to_string().len(), "{text}");
    decoded
}

#[test]
fn a_list_of_an_amplify_model_keeps_nulls_and_sync_fields() {
    use amplify::{list_parcels, types::ParcelState};
    let parcel = json!({
        "depot": "north", "number": 7, "state": "in_transit", "weights": [1.5, null], "tags": ["fragile"],
        "labels": "{\"a\":1}", "tracking": "https://example.com/7", "phone": "+49 30 123456",
        "scannedFrom": ["192.0.2.0/24"], "due": "2026-12-01", "opens": "08:00:00", "createdAt": "2026-11-23T12:30:45.500Z",
        "_version": 3, "_deleted": null, "_lastChangedAt": 1_795_437_045,
        "stops": {"items": [{"id": "stop-1", "next": {"id": "stop-2"}}, null]},
    });
    let page = json!({"listParcels": {"items": [parcel, null], "nextToken": null, "startedAt": 1_795_437_045}});
    let data: list_parcels::ResponseData = round_trip(&page);
    let parcels = data.list_parcels.unwrap().items;
    assert_eq!(parcels[0].as_ref().unwrap().state, Some(ParcelState::in_transit));
    assert!(parcels[1].is_none());
}

#[test]
fn filters_that_contain_themselves_can_be_written() {
    let variables = json!({
        "filter": {
            "or": [{"state": {"eq": "PACKED"}}, {"not": {"state": {"attributeType": "_null", "size": {"between": [1, 2]}}}}],
        },
    });
    round_trip::<amplify::list_parcels::Variables>(&variables);
    round_trip::<words::find_things::Variables>(
        &json!({"self": {"not": {"all": [{"dyn": "x"}]}}, "where": {"type": "struct"}}),
    );
}

#[test]
fn every_input_and_every_argument_of_a_mutation_tells_null_from_absent() {
    use amplify::types::{CreateParcelInput, UpdateParcelInput};
    let update: UpdateParcelInput = round_trip(&json!({"depot": "north", "number": 7, "state": null}));
    assert_eq!((update.state, update.tags), (Patch::Null, Patch::Absent));
    let create: CreateParcelInput = round_trip(&json!({"depot": "n", "number": 7, "state": null}));
    assert_eq!((create.state, create.labels), (Patch::Null, Patch::Absent));
    let change: words::types::MoveInput = round_trip(&json!({"to": {}, "at": null}));
    assert_eq!((change.at, change.ref_), (Patch::Null, Patch::Absent));
    // In a filter, null is a condition; and a recursive input is in a box.
    round_trip::<amplify::list_parcels::Variables>(&json!({"filter": {"state": {"eq": null}, "not": null}}));
}

/// What is sent for an operation that is chosen at run time: the variables as they came.
async fn sent(operation: &str, variables: &Value) -> Result<Value, DispatchError> {
    let wire = Wire::always(Step::Answer(wire::json(json!({"data": null, "errors": [{"message": "enough"}]})))).await;
    let kind = if operation.starts_with("List") { Operations::queries } else { Operations::mutations };
    let request = DynamicRequest::parse(json!({"operation": operation, "variables": variables}))?;
    let result = kind(amplify::each_operation).execute(&wire.client(), request).await;
    match wire.requests().first() {
        Some(request) => Ok(serde_json::from_slice::<Value>(&request.body).unwrap()["variables"].clone()),
        None => Err(result.unwrap_err()),
    }
}

#[tokio::test]
async fn variables_that_fit_are_sent_as_they_came_and_others_are_refused() {
    for (operation, variables) in [
        ("ListParcels", json!({})),
        ("ListParcels", json!({"limit": null, "filter": {"state": {"eq": null}, "and": {"state": null}}})),
        ("UpdateParcel", json!({"input": {"depot": 7, "number": 7, "state": null, "tags": "one"}, "condition": null})),
    ] {
        assert_eq!(sent(operation, &variables).await.unwrap(), variables);
    }
    for (variables, reason) in [
        (json!({"input": null}), "variable `input` of UpdateParcel"),
        (json!({"input": {"depot": "d", "number": null}}), "variable `input.number` of UpdateParcel"),
        (json!({"input": {"depot": "d", "number": 3_000_000_000_i64}}), "expected an Int of 32 bits"),
        (json!({"input": {"depot": 1.5, "number": 1}}), "expected an ID: a string or an integer"),
        (json!({"input": {"depot": "d", "number": 1, "tags": [null]}}), "variable `input.tags[0]` of UpdateParcel"),
        (json!({"input": {"depot": "d", "number": 1, "colour": "red"}}), "variable `input.colour` of UpdateParcel"),
    ] {
        let error = sent("UpdateParcel", &variables).await.unwrap_err();
        assert!(matches!(error, DispatchError::InvalidVariables { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn values_may_be_written_in_each_way_that_graphql_takes() {
    use amplify::types::UpdateParcelInput;
    let update = json!({"depot": "north", "number": 7, "tags": "one"});
    let update: UpdateParcelInput = serde_json::from_value(update).unwrap();
    assert_eq!(serde_json::to_value(update).unwrap()["tags"], json!(["one"]));
    let too_large = json!({"depot": "north", "number": 3_000_000_000_i64});
    serde_json::from_value::<UpdateParcelInput>(too_large).unwrap_err();
}

#[test]
fn unions_and_interfaces_nest_and_tolerate_types_that_are_added_later() {
    use social::get_timeline::ResponseData;
    let post = json!({
        "__typename": "Post", "id": "1", "text": "hi", "createdAt": "2026-11-23T12:30:45Z", "author": {"name": "ada"},
    });
    for of in [post.clone(), json!({"__typename": "Poll"})] {
        let repost = json!({"__typename": "Repost", "id": "2", "of": of});
        let entries = json!([post, repost, null, {"__typename": "Advertisement"}]);
        round_trip::<ResponseData>(&json!({"getTimeline": {"entries": entries, "nextToken": "next"}}));
    }
    let mentioned =
        json!({"__typename": "Mentioned", "id": "3", "by": {"name": "ada", "website": null, "pinned": null}});
    let notifications = json!({"getNotifications": [mentioned, {"__typename": "Followed", "id": "4"}]});
    round_trip::<social::get_notifications::ResponseData>(&notifications);
}

#[test]
fn a_console_gets_keys_nested_lists_and_answers_of_a_single_value() {
    use console::types::Phase;
    let pump = json!({
        "PK": "pump#1", "SK": "state", "SourceARN": "arn:aws:iam::123456789012:role/pump", "HTTPStatus": 200,
        "phases": ["ACTIVE", "IN_ACTIVE"], "matrix": [[0.5, 1.0], null], "startedAt": "2026-11-23T12:30:45Z",
        "settings": [{"Key": "speed", "Value": null, "children": [{"Key": "unit"}]}, null],
    });
    let page: console::list_pumps::ResponseData = round_trip(&json!({"listPumps": {"pumps": [pump], "total": 1}}));
    assert_eq!(page.list_pumps.unwrap().pumps.unwrap()[0].phases, [Phase::ACTIVE, Phase::IN_ACTIVE]);
    let tags = json!([{"Key": "site", "Values": ["north", null]}, null]);
    round_trip::<console::list_pumps::Variables>(&json!({"phases": ["CREATING"], "tags": tags}));

    let settings = json!([{"Key": "speed", "phase": "ACTIVE", "children": [{"Key": "unit", "Value": "rpm"}]}]);
    round_trip::<console::start_pump::Variables>(&json!({"PK": "pump#1", "settings": settings, "force": true}));
    round_trip::<console::start_pump::ResponseData>(&json!({"startPump": "job-1"}));
    round_trip::<console::remove_pump::ResponseData>(&json!({"removePump": true}));
    round_trip::<console::export_layout::ResponseData>(&json!({"exportLayout": "{\"a\":[1]}"}));
    round_trip::<console::check_names::ResponseData>(&json!({"checkNames": [true, false]}));
    round_trip::<console::on_phase::Variables>(&json!({"PK": "pump#1", "Phase": "ACTIVE"}));
}

#[test]
fn names_that_are_words_of_rust_are_sent_as_they_are() {
    use words::types::Type;
    let variables: words::thing::Variables = round_trip(&json!({"type": "crate", "ref": "a", "async": true}));
    assert_eq!(variables.type_, Type::crate_);
    let thing = json!({
        "id": "1", "type": "None", "ref": "a", "match": {"id": "2"}, "fooBar": 1, "foo_bar": 2,
        "option": {"value": "x"}, "string": "s", "result": {"ok": true}, "size": "SMALL",
        "either": {"__typename": "Object", "size": "LARGE"},
    });
    let data: words::thing::ResponseData = round_trip(&json!({"thing": thing}));
    let thing = data.thing.unwrap();
    assert_eq!((thing.foo_bar, thing.foo_bar_2), (Some(1), Some(2)));
    for (name, value) in [
        ("struct", Type::struct_),
        ("Struct", Type::Struct),
        ("Other", Type::Other),
        ("New", Type::Other_("New".to_owned())),
    ] {
        assert_eq!(round_trip::<Type>(&json!(name)), value);
    }
}

#[test]
fn a_key_by_which_the_api_knows_a_repetition_is_found_wherever_it_is() {
    assert_eq!(amplify::CreateParcel::CLIENT_TOKEN, None, "build.rs names none");
    assert_eq!(social::PostText::CLIENT_TOKEN, Some(&["requestId"][..]));
    assert_eq!(words::Thing::CLIENT_TOKEN, None, "a query needs none");
    assert_eq!(words::Move::CLIENT_TOKEN, Some(&["input", "ref"][..]));
}

#[test]
fn subscriptions_have_types_but_are_in_no_list() {
    round_trip::<amplify::on_create_parcel::Variables>(&json!({"filter": {"state": {"in": ["PACKED"]}}}));
    let operations = [Operations::queries, Operations::mutations].map(|kind| kind(amplify::each_operation));
    let names: Vec<&str> = operations.iter().flat_map(Operations::names).collect();
    assert_eq!(names, ["ListParcels", "CreateParcel", "UpdateParcel"]);
}
