use appsync::DispatchError;
use aws_lambda_events::{apigw::ApiGatewayV2httpRequest, sqs::SqsEvent};
use serde_json::Value;

/// An event, by its sender.
#[derive(Debug)]
pub(crate) enum Event {
    /// The operation and its variables, and the id of the event that has them as its detail.
    Direct(Value, Option<String>),
    /// A request to an HTTP API.
    Http(Box<ApiGatewayV2httpRequest>),
    /// Messages of a queue.
    Queue(SqsEvent),
}

impl Event {
    pub(crate) fn of(mut event: Value) -> Result<Self, DispatchError> {
        let invalid = DispatchError::invalid_event;
        if event["requestContext"]["http"].is_object() {
            let request = serde_json::from_value(event);
            return request.map(Self::Http).map_err(|_| invalid("it is not what API Gateway sends (payload 2.0)"));
        }
        if event["requestContext"].is_object() {
            return Err(invalid("it has another payload format than 2.0 of an HTTP API"));
        }
        if event["Records"][0]["eventSource"] == "aws:sqs" {
            return serde_json::from_value(event).map(Self::Queue).map_err(|_| invalid("it is not what SQS sends"));
        }
        if event["Records"].is_array() {
            return Err(invalid("its records are not those of an SQS queue"));
        }
        if event["detail-type"].is_string() {
            let id = event["id"].as_str().map(str::to_owned);
            return Ok(Self::Direct(event["detail"].take(), id));
        }
        Ok(Self::Direct(event, None))
    }
}

#[cfg(test)]
mod tests {
    use appsync::DynamicRequest;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::{http, queue};

    fn of(event: Value) -> String {
        match Event::of(event) {
            Ok(Event::Direct(request, None)) => format!("direct {request}"),
            Ok(Event::Direct(request, Some(id))) => format!("direct {request} of {id}"),
            Ok(Event::Http(_)) => "http".to_owned(),
            Ok(Event::Queue(batch)) => format!("queue of {}", batch.records.len()),
            Err(error) => error.to_string().rsplit(": ").next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn an_event_is_known_by_what_its_sender_puts_in() {
        for (event, expected) in [
            (json!({"operation": "A"}), r#"direct {"operation":"A"}"#),
            (json!({"detail-type": "order", "detail": {"operation": "A"}}), r#"direct {"operation":"A"}"#),
            (json!({"detail-type": "order", "detail": {"id": "b"}, "id": "a"}), r#"direct {"id":"b"} of a"#),
            (json!({"detail-type": "order"}), "direct null"),
            (json!(null), "direct null"),
            (json!({"Records": [{"eventSource": "aws:sqs"}, {}]}), "queue of 2"),
            (json!({"Records": [{"eventSource": "aws:sqs"}, 1]}), "it is not what SQS sends"),
            (json!({"Records": [{"eventSource": "aws:s3"}]}), "its records are not those of an SQS queue"),
            (json!({"requestContext": {"http": {"method": "POST"}}}), "http"),
            (json!({"requestContext": {"http": {}}}), "it is not what API Gateway sends (payload 2.0)"),
            (
                json!({"requestContext": {"httpMethod": "POST"}}),
                "it has another payload format than 2.0 of an HTTP API",
            ),
        ] {
            assert_eq!(of(event.clone()), expected, "{event}");
        }
    }

    /// A valid event of each sender.
    fn events() -> [Value; 4] {
        let request =
            json!({"operation": "CancelOrder", "variables": {"id": "order-1", "input": {"expectedVersion": 1}}});
        let record = json!({
            "messageId": "message-1", "receiptHandle": "AQEB", "body": request.to_string(), "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "a"}, "messageAttributes": {},
            "md5OfBody": "e4e6", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:orders", "awsRegion": "eu-west-1",
        });
        let http = json!({"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"});
        [
            request.clone(),
            json!({"version": "0", "id": "event-1", "detail-type": "order", "source": "shop", "detail": request}),
            json!({"Records": [record, record]}),
            json!({
                "version": "2.0", "routeKey": "POST /", "rawPath": "/", "rawQueryString": "", "cookies": ["a=b"],
                "headers": {"content-type": "application/json", "idempotency-key": "key-1"},
                "requestContext": {
                    "accountId": "1", "apiId": "a", "http": http, "requestId": "r", "stage": "$default",
                    "authorizer": {"jwt": {"claims": {"sub": "user-1"}, "scopes": ["orders/read"]}},
                    "time": "23/Nov/2026:12:30:45 +0000", "timeEpoch": 1_795_437_045_500_i64,
                },
                "body": STANDARD.encode(request.to_string()), "isBase64Encoded": true,
            }),
        ]
    }

    /// The requests that would be sent for an event, or why none is.
    fn requests(event: Value) -> Vec<Result<DynamicRequest, DispatchError>> {
        match Event::of(event) {
            Ok(Event::Direct(request, _)) => vec![DynamicRequest::parse(request)],
            Ok(Event::Http(request)) => vec![http::operation(&request)],
            Ok(Event::Queue(batch)) => batch.records.iter().map(queue::request).collect(),
            Err(error) => vec![Err(error)],
        }
    }

    #[test]
    fn each_sender_has_its_request_sent() {
        for event in events() {
            let requests = requests(event.clone());
            let operation =
                |request: &Result<DynamicRequest, _>| request.as_ref().ok().map(|it| it.operation().to_owned());
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
            prop_oneof![Just("aws:sqs".to_owned()), Just("2.0".to_owned()), ".*"].prop_map(Value::from),
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
                "operation",
                "variables",
                "version",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..6).prop_map(|map| Value::Object(
                    map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_event_makes_the_decoder_panic(event in almost_an_event()) {
            let _ = requests(event);
        }

        #[test]
        fn a_damaged_event_is_a_request_or_a_reason_and_takes_little_memory(
            mut event in prop::sample::select(events().to_vec()),
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
}
