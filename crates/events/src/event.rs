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
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

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
            let _ = Event::of(event);
        }
    }
}
