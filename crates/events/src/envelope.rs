//! What senders put around an operation.

use serde_json::Value;

use crate::dispatch::{DispatchError, DynamicRequest};

/// What is inside the envelopes of an event.
#[derive(Debug)]
pub(crate) enum Content {
    /// One operation, and the key of the innermost envelope that has one.
    Operation(DynamicRequest, Option<String>),
    /// A request to an HTTP API or a function URL, whose body is the operation.
    Request(Value),
    /// Records, each with an operation of its own.
    Records(Vec<Value>),
}

/// Takes off one envelope after the other.
pub(crate) fn unwrap(mut event: Value) -> Result<Content, DispatchError> {
    let mut taken_off: Vec<&Envelope> = Vec::new();
    let mut key = None;
    loop {
        let wrong = |what: &str| Err(DispatchError::invalid_event(sentence(what, &taken_off)));
        if let Value::String(text) = &event {
            event = match serde_json::from_str(text) {
                Ok(inside) => inside,
                Err(_) => return wrong("it is not JSON"),
            };
            continue;
        }
        let candidates = if is_bare(&event) { &[] } else { ENVELOPES };
        let Some(envelope) = candidates.iter().find(|envelope| envelope.is_around(&event)) else {
            return match DynamicRequest::parse(event) {
                Ok(request) => Ok(Content::Operation(request, key)),
                Err(DispatchError::InvalidEvent { reason, .. }) => wrong(&reason),
                Err(other) => Err(other),
            };
        };
        match envelope.holds {
            One(inside, id) => {
                let id = event.pointer(id).and_then(Value::as_str).filter(|id| !id.is_empty());
                key = id.map(str::to_owned).or(key);
                event = event.pointer_mut(inside).map(Value::take).unwrap_or_default();
                taken_off.push(envelope);
            }
            Nothing => {
                return wrong(&format!("it is {}, which names no operation; {}", envelope.name, envelope.advice));
            }
            Request | Many(_) if !taken_off.is_empty() => return wrong(&format!("it is {}", envelope.name)),
            Request => return Ok(Content::Request(event)),
            Many(inside) => {
                return match event.pointer_mut(inside).map(Value::take) {
                    Some(Value::Array(records)) => Ok(Content::Records(records)),
                    _ => wrong("it has no records"),
                };
            }
        }
    }
}

/// Whether it has no other members than an operation: no envelope has only these, so the table need not be searched.
fn is_bare(event: &Value) -> bool {
    let is_of_operation = |name: &String| matches!(name.as_str(), "operation" | "variables");
    event.as_object().is_some_and(|members| members.keys().all(is_of_operation))
}

/// The operation of one record of a list or of the body of a request, and its key.
pub(crate) fn operation(wrapped: Value) -> Result<(DynamicRequest, Option<String>), DispatchError> {
    match unwrap(wrapped)? {
        Content::Operation(request, key) => Ok((request, key)),
        Content::Request(_) | Content::Records(_) => {
            Err(DispatchError::invalid_event("it is one event inside of another, where one operation should be"))
        }
    }
}

/// What is wrong, where, and what helps.
fn sentence(what: &str, taken_off: &[&Envelope]) -> String {
    let place: String = taken_off.iter().rev().map(|envelope| format!(" in {}", envelope.name)).collect();
    match taken_off.last() {
        Some(Envelope { advice, .. }) if !advice.is_empty() => format!("{what},{place}; {advice}"),
        Some(_) => format!("{what},{place}"),
        None => what.to_owned(),
    }
}

struct Envelope {
    name: &'static str,
    /// Whether a value is this envelope, by what AWS always puts in.
    is: fn(&Value) -> bool,
    holds: Holds,
    /// What to switch on, or to put in between, when what it holds is not understood.
    advice: &'static str,
}

#[derive(Clone, Copy)]
enum Holds {
    /// One thing, and the id by which the sender's repetitions of it are known, each at a JSON pointer.
    One(&'static str, &'static str),
    /// Records, at a JSON pointer, each in its own envelope.
    Many(&'static str),
    /// A request that wants an HTTP response.
    Request,
    /// No operation.
    Nothing,
}
use Holds::{Many, Nothing, One, Request};

impl Envelope {
    fn is_around(&self, value: &Value) -> bool {
        // A list of what holds nothing holds nothing.
        (self.is)(value) || matches!(self.holds, Nothing) && ((self.is)(&value["Records"][0]) || (self.is)(&value[0]))
    }
}

const fn row(name: &'static str, is: fn(&Value) -> bool, holds: Holds, advice: &'static str) -> Envelope {
    Envelope { name, is, holds, advice }
}

/// All envelopes. The first one that a value is counts.
#[rustfmt::skip]
const ENVELOPES: &[Envelope] = &[
    row("an HTTP request", |it| it["requestContext"]["http"].is_object(), Request, ""),
    row("an EventBridge event", |it| it["detail-type"].is_string(), One("/detail", "/id"), MAKE_DETAIL),
    row("an SQS message", |it| it["eventSource"] == "aws:sqs", One("/body", "/messageId"), SEND_AS_BODY),
    row("an SNS event", |it| it["Records"][0]["EventSource"] == "aws:sns" && it["Records"][1].is_null(),
        One("/Records/0/Sns/Message", "/Records/0/Sns/MessageId"), PUBLISH),
    row("an SNS record", |it| it["EventSource"] == "aws:sns", One("/Sns/Message", "/Sns/MessageId"), PUBLISH),
    row("an SNS notification", |it| it["Type"] == "Notification", One("/Message", "/MessageId"), PUBLISH),
    row("an input of Lambda's Invoke", |it| it["FunctionName"].is_string(), One("/Payload", NO_KEY), SEND_AS_PAYLOAD),

    row("an S3 notification", |it| it["eventSource"] == "aws:s3" || it["Event"] == "s3:TestEvent",
        Nothing, MAKE_A_RULE),
    row("a DynamoDB stream record", |it| it["eventSource"] == "aws:dynamodb", Nothing, PUT_A_PIPE),
    row("a Kinesis record", |it| it["eventSource"] == "aws:kinesis", Nothing, PUT_A_PIPE),
    row("a batch of Kafka", |it| it["eventSource"] == "aws:kafka" || it["eventSource"] == "SelfManagedKafka",
        Nothing, PUT_A_PIPE),
    row("a batch of Amazon MQ", |it| it["eventSource"] == "aws:mq" || it["eventSource"] == "aws:rmq",
        Nothing, PUT_A_PIPE),
    row("a record of another source than SQS and SNS",
        |it| it["eventSource"].is_string() && it["eventSource"] != "aws:sqs", Nothing, USE_A_QUEUE),
    row("a batch of CloudWatch Logs", |it| it["awslogs"].is_object(), Nothing, USE_A_QUEUE),
    row("an SNS confirmation", |it| it["SubscribeURL"].is_string(), Nothing, CONFIRM),
    row("a pointer to a message in S3", |it| it[0].as_str().is_some_and(|class| class.ends_with("S3Pointer")),
        Nothing, SEND_IT_WHOLE),
    row("the record of a Lambda destination", |it| it["requestContext"]["functionArn"].is_string(), Nothing, USE_A_DLQ),
    row("a request of an Application Load Balancer", |it| it["requestContext"]["elb"].is_object(),
        Nothing, USE_AN_HTTP_API),
    row("a request of VPC Lattice", |it| it["requestContext"]["serviceArn"].is_string() || it["raw_path"].is_string(),
        Nothing, USE_AN_HTTP_API),
    row("a message of a WebSocket API", |it| it["requestContext"]["connectionId"].is_string(),
        Nothing, USE_AN_HTTP_API),
    row("a request in payload format 1.0, of a REST API or an HTTP API", |it| it["requestContext"].is_object(),
        Nothing, USE_AN_HTTP_API),

    row("a list of records", |it| !it["Records"][0].is_null(), Many("/Records"), ""),
    row("a list", |it| !it[0].is_null(), Many(""), ""),
];

/// A pointer to nothing.
const NO_KEY: &str = "/";
const MAKE_DETAIL: &str = "its `detail` should be the operation, or an input transformer of the rule should make one";
const SEND_AS_BODY: &str = "send the operation as the body";
const SEND_AS_PAYLOAD: &str = "send the operation as `Payload`";
const PUBLISH: &str = "publish the operation as the message, with raw message delivery to a queue switched on or off";
const MAKE_A_RULE: &str = "switch on EventBridge for the bucket: an input transformer of a rule makes the operation";
const PUT_A_PIPE: &str = "put EventBridge Pipes in between: an input template makes the operation";
const USE_A_QUEUE: &str = "send the operation to an SQS queue";
const CONFIRM: &str = "confirm the subscription at its `SubscribeURL`";
const SEND_IT_WHOLE: &str = "switch off the Extended Client Library: the operation has to be in the message";
const USE_A_DLQ: &str = "use a dead-letter queue instead, which gets the event as it was";
const USE_AN_HTTP_API: &str = "use an HTTP API with payload format 2.0, or a function URL";

#[cfg(test)]
mod tests;
