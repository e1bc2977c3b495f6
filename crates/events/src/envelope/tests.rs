use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::http;

/// What a sender sends, with `content` at the place for it.
fn sent(sender: &str, place: &str, content: &Value) -> Value {
    let mut senders: Value = serde_json::from_str(include_str!("../../senders.json")).unwrap();
    let mut event = senders[sender].take();
    *event.pointer_mut(place).unwrap() = content.clone();
    event
}

fn in_rule(content: &Value) -> Value {
    sent("EventBridge", "/detail", content)
}

fn in_queue(content: &Value) -> Value {
    sent("SQS", "/body", &json!(content.to_string()))
}

fn in_topic(content: &Value) -> Value {
    sent("notification", "/Message", &json!(content.to_string()))
}

fn in_payload(content: &Value) -> Value {
    json!({"FunctionName": "mutate", "InvocationType": "Event", "Payload": content.to_string()})
}

fn as_text(content: &Value) -> Value {
    json!(content.to_string())
}

/// The name of the operation and its key.
fn unwrapped(event: Value) -> String {
    match unwrap(event) {
        Ok(Content::Operation(request, key)) => format!("{} {}", request.operation(), key.unwrap_or_default()),
        Ok(Content::Request(_)) => "request".to_owned(),
        Ok(Content::Records(records)) => format!("{} records", records.len()),
        Err(error) => error.to_string().split_once("}: ").unwrap().1.to_owned(),
    }
}

const OF_RULE: &str = "6a7e8feb-b491-4cf7-a9f1-bf3703467718";
const OF_QUEUE: &str = "059f36b4-87a3-44ab-83d2-661975830a7d";
const OF_TOPIC: &str = "dc1e94d9-56c5-5e96-808d-cc7f68faa162";

#[test]
fn an_operation_is_found_in_any_envelope_and_the_innermost_key_counts() {
    let a = &json!({"operation": "A"});
    for (event, key) in [
        (a.clone(), ""),
        (as_text(a), ""),
        (in_rule(a), OF_RULE),
        (in_rule(&as_text(a)), OF_RULE),
        (sent("Scheduler", "/detail", &as_text(a)), "9a3c1d52-7f0e-4be4-93f6-0c1f8a52e7b1"),
        (in_payload(a), ""),
        (in_queue(a), OF_QUEUE),
        (sent("SQS", "/body", a), OF_QUEUE),
        (in_queue(&as_text(a)), OF_QUEUE),
        (in_queue(&in_rule(a)), OF_RULE),
        (in_queue(&in_rule(&as_text(a))), OF_RULE),
        (in_queue(&in_topic(a)), OF_TOPIC),
        (in_queue(&in_topic(&in_rule(a))), OF_RULE),
        (sent("SNS", "/Records/0/Sns/Message", &as_text(a)), "95df01b4-ee98-5cb9-9903-4c221d41eb5e"),
        (sent("SNS", "/Records/0/Sns/Message", &as_text(&in_rule(a))), OF_RULE),
    ] {
        assert_eq!(unwrapped(event.clone()), format!("A {key}"), "{event}");
    }
    // An envelope without an id leaves the one around it.
    let mut rule = in_rule(a);
    for id in [json!(null), json!(""), json!(1)] {
        rule["id"] = id;
        assert_eq!(unwrapped(in_queue(&rule)), format!("A {OF_QUEUE}"));
    }
}

#[test]
fn several_records_and_http_requests_are_answered_in_their_own_way() {
    let record = in_queue(&json!({"operation": "A"}));
    let notice = sent("SNS", "/Records/0/Sns/Message", &json!("a"))["Records"][0].take();
    for (event, expected) in [
        (json!({"Records": [record, record]}), "2 records"),
        (json!([record]), "1 records"),
        (json!([{"operation": "A"}, {"operation": "B"}]), "2 records"),
        (json!({"Records": [notice, notice]}), "2 records"),
        (sent("HTTP API", "/body", &json!("{}")), "request"),
        (sent("function URL", "/body", &json!("{}")), "request"),
    ] {
        assert_eq!(unwrapped(event.clone()), expected, "{event}");
        let refusal = unwrapped(in_queue(&event));
        assert!(refusal.starts_with("it is a") && refusal.contains("in an SQS message"), "{refusal}");
    }
}

#[test]
fn what_holds_no_operation_is_refused_by_name_with_advice() {
    let pointer = "software.amazon.payloadoffloading.PayloadS3Pointer";
    let record = |source: &str| json!({"Records": [{"eventSource": source}, {"eventSource": source}]});
    for (event, name, advice) in [
        (record("aws:s3"), "an S3 notification", "EventBridge"),
        (json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}), "an S3 notification", "EventBridge"),
        (record("aws:dynamodb"), "a DynamoDB stream record", "Pipes"),
        (record("aws:kinesis"), "a Kinesis record", "Pipes"),
        (json!([{"eventSource": "aws:kinesis", "data": "e30="}]), "a Kinesis record", "input template"),
        (json!({"eventSource": "aws:kafka", "records": {}}), "a batch of Kafka", "Pipes"),
        (json!({"eventSource": "aws:rmq"}), "a batch of Amazon MQ", "Pipes"),
        (record("aws:ses"), "a record of another source than SQS and SNS", "SQS"),
        (json!({"awslogs": {"data": "H4sI"}}), "a batch of CloudWatch Logs", "SQS"),
        (json!({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://a"}), "an SNS confirmation", "confirm"),
        (json!([pointer, {"s3BucketName": "a", "s3Key": "b"}]), "a pointer to a message in S3", "switch off"),
        (
            json!({"requestContext": {"functionArn": "arn"}, "requestPayload": {"operation": "A"}}),
            "the record of a Lambda destination",
            "dead-letter queue",
        ),
        (
            json!({"requestContext": {"elb": {}}, "httpMethod": "POST"}),
            "a request of an Application Load Balancer",
            "HTTP API",
        ),
        (json!({"requestContext": {"serviceArn": "arn"}, "version": "2.0"}), "a request of VPC Lattice", "HTTP API"),
        (json!({"requestContext": {"connectionId": "a"}}), "a message of a WebSocket API", "HTTP API"),
        (
            json!({"requestContext": {"httpMethod": "POST"}, "resource": "/"}),
            "a request in payload format 1.0, of a REST API or an HTTP API",
            "payload format 2.0",
        ),
    ] {
        for (event, place) in [(event.clone(), ""), (in_queue(&event), "in an SQS message")] {
            let refusal = unwrapped(event);
            let expected = format!("it is {name}, which names no operation");
            assert!(refusal.starts_with(&expected) && refusal.contains(advice), "{refusal}");
            assert!(refusal.contains(place), "{refusal}");
        }
    }
}

#[test]
fn what_is_wrong_inside_is_said_with_its_place_and_what_helps() {
    let other = &json!({"order": 1});
    for (event, expected) in [
        (other.clone(), "`operation` is missing"),
        (json!(null), "it is not an object"),
        (json!([]), "it is not an object"),
        (json!({"Records": []}), "`operation` is missing"),
        (json!("canary"), "it is not JSON"),
        (
            in_rule(other),
            "`operation` is missing, in an EventBridge event; its `detail` should be the operation, or an input \
             transformer of the rule should make one",
        ),
        (
            sent("Scheduler", "/detail", &json!("{}")),
            "`operation` is missing, in an EventBridge event; its `detail` should be the operation, or an input \
             transformer of the rule should make one",
        ),
        (in_queue(other), "`operation` is missing, in an SQS message; send the operation as the body"),
        (
            in_queue(&sent("notification", "/Message", &json!("canary"))),
            "it is not JSON, in an SNS notification in an SQS message; publish the operation as the message, with raw \
             message delivery to a queue switched on or off",
        ),
    ] {
        assert_eq!(unwrapped(event), expected);
    }
}

/// A valid event of each sender.
fn events() -> Vec<Value> {
    let request = &json!({"operation": "CancelOrder", "variables": {"id": "order-1", "input": {"expectedVersion": 1}}});
    let mut encoded = sent("HTTP API", "/body", &json!(STANDARD.encode(request.to_string())));
    encoded["isBase64Encoded"] = json!(true);
    encoded["headers"]["idempotency-key"] = json!("key-1");
    vec![
        request.clone(),
        in_rule(request),
        sent("Scheduler", "/detail", &as_text(request)),
        in_payload(request),
        json!([request, in_queue(request)]),
        json!({"Records": [in_queue(request), in_queue(&in_rule(request))]}),
        json!({"Records": [in_queue(&in_topic(&in_rule(&as_text(request))))]}),
        sent("SNS", "/Records/0/Sns/Message", &as_text(request)),
        sent("function URL", "/body", &as_text(request)),
        encoded,
    ]
}

/// The requests that would be sent for an event, or why none is.
fn requests(event: Value) -> Vec<Result<DynamicRequest, DispatchError>> {
    match unwrap(event) {
        Ok(Content::Operation(request, _)) => vec![Ok(request)],
        Ok(Content::Request(request)) => vec![http::operation(&request).map(|(request, _)| request)],
        // One after the other, as they are executed.
        Ok(Content::Records(records)) => {
            records.into_iter().map(|record| operation(record).map(|(request, _)| request)).collect()
        }
        Err(error) => vec![Err(error)],
    }
}

#[test]
fn each_sender_has_its_request_sent() {
    for event in events() {
        let requests = requests(event.clone());
        let operation = |request: &Result<DynamicRequest, _>| request.as_ref().ok().map(|it| it.operation().to_owned());
        let is_sent = requests.iter().all(|request| operation(request).as_deref() == Some("CancelOrder"));
        assert!(is_sent && !requests.is_empty(), "{event}: {requests:?}");
    }
}

/// The JSON pointers of a value and of everything in it.
fn places(value: &Value) -> Vec<String> {
    let inner: Vec<_> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let inner = inner.into_iter().flat_map(|(name, value)| {
        let name = name.replace('~', "~0").replace('/', "~1");
        places(value).into_iter().map(move |place| format!("/{name}{place}"))
    });
    std::iter::once(String::new()).chain(inner).collect()
}

#[derive(Clone, Debug)]
enum Damage {
    Replace(Value),
    Delete,
    Cut(prop::sample::Index),
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        almost_an_event().prop_map(Damage::Replace),
        Just(Damage::Delete),
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        (2..2000_usize).prop_map(Damage::Repeat),
    ]
}

fn apply(damage: Damage, event: &mut Value, place: &str) {
    let value = event.pointer_mut(place).unwrap();
    match (damage, value) {
        (Damage::Replace(other), value) => *value = other,
        (Damage::Cut(at), Value::String(text)) => *text = text.chars().take(at.index(text.len() + 1)).collect(),
        (Damage::Cut(_), _) => {}
        (Damage::Repeat(times), Value::String(text)) => *text = text.repeat(times),
        (Damage::Repeat(times), Value::Array(items)) => *items = vec![items.clone(); times.min(100)].concat(),
        (Damage::Repeat(times), value) => *value = Value::Array(vec![value.take(); times.min(100)]),
        (Damage::Delete, value) => {
            value.take();
            let Some((parent, name)) = place.rsplit_once('/') else { return };
            if let Some(Value::Object(members)) = event.pointer_mut(parent) {
                members.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
}

/// JSON with the names that events are known by, in any place.
fn almost_an_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            prop::sample::select(vec!["aws:sqs", "aws:sns", "Notification", "{}", "[]", "null"])
                .prop_map(str::to_owned),
            ".*"
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let name = prop::sample::select(vec![
            "requestContext",
            "http",
            "method",
            "authorizer",
            "headers",
            "body",
            "isBase64Encoded",
            "Records",
            "eventSource",
            "messageId",
            "attributes",
            "detail-type",
            "detail",
            "EventSource",
            "Sns",
            "Type",
            "Message",
            "FunctionName",
            "Payload",
            "operation",
            "variables",
            "version",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_has_the_members_of_an_operation_alone_is_no_envelope(
        members in prop::collection::btree_map(prop::sample::select(vec!["operation", "variables"]), almost_an_event(), 0..3),
    ) {
        let event: Value = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        prop_assert!(is_bare(&event));
        prop_assert!(!ENVELOPES.iter().any(|envelope| envelope.is_around(&event)));
    }

    #[test]
    fn an_operation_is_found_however_deep_it_is(layers in prop::collection::vec(0..5_usize, 0..6)) {
        let layer = [in_rule, in_queue, in_topic, as_text, in_payload];
        let event = layers.iter().fold(json!({"operation": "A"}), |event, at| layer[*at](&event));
        let key = layers.iter().find_map(|at| [OF_RULE, OF_QUEUE, OF_TOPIC].get(*at)).unwrap_or(&"");
        prop_assert_eq!(unwrapped(event), format!("A {key}"));
    }

    #[test]
    fn no_event_makes_the_decoder_panic(event in almost_an_event()) {
        let _ = requests(event);
    }

    #[test]
    fn a_damaged_event_is_a_request_or_a_reason_and_takes_little_memory(
        mut event in prop::sample::select(events()),
        at in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        let places = places(&event);
        apply(damage, &mut event, &places[at.index(places.len())]);
        let size = event.to_string().len();
        let used = allocation_counter::measure(|| drop(requests(event)));
        prop_assert!(used.bytes_max < (64 << 10) + 32 * size as u64, "{} bytes for {size}", used.bytes_max);
    }
}
