//! Whatever goes wrong between the client and AppSync: what the caller is told, and how often it is sent.

use std::{
    io::Write as _,
    time::{Duration, SystemTime},
};

use appsync::{AppSyncClient, AppSyncError, Deadline, ErrorKind, RetryPolicy};
use auth_cache::ManualClock;
use flate2::{Compression, write::GzEncoder};

use crate::{
    secrets::Log,
    setup::{ends_after, in_a_minute, until},
    wire::{Data, GetThing, SetThing, Step, Variables, WatchThing, Wire, answer, client, good, json},
};

/// How an operation is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum As {
    Query,
    Mutation,
    IdempotentMutation,
}

const ALL: [As; 3] = [As::Query, As::Mutation, As::IdempotentMutation];

impl As {
    async fn send(self, client: &AppSyncClient, note: String, deadline: Deadline) -> Result<Data, AppSyncError> {
        let variables = Variables { note };
        match self {
            Self::Query => client.execute::<GetThing>(variables).until(deadline).await,
            Self::Mutation => client.execute::<SetThing>(variables).until(deadline).await,
            Self::IdempotentMutation => client.execute::<SetThing>(variables).until(deadline).idempotent().await,
        }
    }
}

/// What goes wrong, and what follows from it as long as it does.
struct Fault {
    name: &'static str,
    step: Step,
    kind: ErrorKind,
    /// How often a query, a mutation and an idempotent mutation are sent.
    sent: [usize; 3],
    /// Whether it may have been executed.
    executed: bool,
}

fn fault(name: &'static str, step: Step, kind: ErrorKind, sent: [usize; 3], executed: bool) -> Fault {
    Fault { name, step, kind, sent, executed }
}

const MAYBE: bool = true;
const NOT: bool = false;

/// It may pass, and nothing can have been executed.
const CERTAIN: [usize; 3] = [3, 3, 3];
/// It may pass, but the operation may have been executed.
const UNCERTAIN: [usize; 3] = [3, 1, 3];
/// It will not pass.
const ONCE: [usize; 3] = [1, 1, 1];
/// Once with each of two tokens.
const REPLAYED: [usize; 3] = [2, 2, 2];

const PAGE: &str = "<html><body><h1>Sorry</h1></body></html>";

fn page(status: &str) -> Step {
    Step::Answer(answer(status, &["content-type: text/html"], PAGE))
}

/// A 200 answer whose only error has this type and a path.
fn error(error_type: &str) -> Step {
    Step::Answer(json(format_args!(
        r#"{{"data":null,"errors":[{{"path":["thing"],"data":null,"errorType":"{error_type}","errorInfo":null,"locations":[],"message":"m"}}]}}"#
    )))
}

/// A refusal at the edge, as AppSync writes it.
fn refusal(status: &str, error_type: &str, message: &str) -> Step {
    let body = format!(
        "{{\n  \"errors\" : [ {{\n    \"errorType\" : \"{error_type}\",\n    \"message\" : \"{message}\"\n  }} ]\n}}"
    );
    Step::Answer(answer(status, &["content-type: application/json;charset=UTF-8"], body))
}

/// A refusal whose body does not say why.
fn by_header(status: &str, error_type: &str, body: &str) -> Step {
    Step::Answer(answer(status, &[&format!("x-amzn-ErrorType: {error_type}")], body))
}

fn ok(body: &str) -> Step {
    Step::Answer(json(body))
}

fn throttled(headers: &[&str], body: &str) -> Step {
    Step::Answer(answer("429 Too Many Requests", headers, body))
}

#[rustfmt::skip]
fn faults() -> Vec<Fault> {
    use ErrorKind::*;
    let unauthorized = |message| refusal("401 Unauthorized", "UnauthorizedException", message);
    let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    let cut = answer("200 OK", &[], r#"{"data":{"thing":{"id":"a","size":1}}}"#);
    vec![
        fault("401: expired", unauthorized("Token has expired."), TokenRefused, REPLAYED, NOT),
        fault("401: missing", unauthorized("Valid authorization header not provided."), TokenRefused, REPLAYED, NOT),
        fault("401: unparsable", unauthorized("Unable to parse JWT token."), TokenRefused, REPLAYED, NOT),
        fault("401: refused", unauthorized("You are not authorized to make this call."), TokenRefused, REPLAYED, NOT),
        fault("401: with a namespace", refusal("401 Unauthorized", "com.amazonaws#UnauthorizedException:http://a.example/b#c", ""), TokenRefused, REPLAYED, NOT),
        fault("401: by its header alone", by_header("401 Unauthorized", "UnauthorizedException", ""), TokenRefused, REPLAYED, NOT),
        fault("401: by its header, with a URL", by_header("401 Unauthorized", "UnauthorizedException:https://a.example/b", PAGE), TokenRefused, REPLAYED, NOT),
        fault("401: by its header, other JSON", by_header("401 Unauthorized", "a.b#UnauthorizedException:", r#"{"message":"Unauthorized"}"#), TokenRefused, REPLAYED, NOT),
        fault("401: by its header, without a type", by_header("401 Unauthorized", "UnauthorizedException", r#"{"errors":[{"message":"m"}]}"#), TokenRefused, REPLAYED, NOT),
        fault("401: another type than its header's", by_header("401 Unauthorized", "UnauthorizedException", r#"{"errors":[{"errorType":"Other"}]}"#), Denied, ONCE, NOT),
        fault("400: throttled by its header", by_header("400 Bad Request", "ThrottlingException:http://a.example/", ""), Throttled, CERTAIN, NOT),
        fault("200: too deep", error("QueryDepthLimitReached"), Invalid, ONCE, MAYBE),
        fault("200: too many resolvers", error("ResolverExecutionLimitReached"), Invalid, ONCE, MAYBE),
        fault("401 of somebody else", page("401 Unauthorized"), Denied, ONCE, NOT),
        fault("403 of a firewall, a page", page("403 Forbidden"), Denied, ONCE, NOT),
        fault("403 of a firewall", refusal("403 Forbidden", "WAFForbiddenException", "403 Forbidden"), Denied, ONCE, NOT),
        fault("400", refusal("400 Bad Request", "MalformedHttpRequestException", "Unable to parse GraphQL query."), Invalid, ONCE, NOT),
        fault("404", page("404 Not Found"), Invalid, ONCE, NOT),
        fault("408", page("408 Request Timeout"), Unavailable, CERTAIN, NOT),
        fault("413", page("413 Payload Too Large"), TooLarge, ONCE, NOT),
        fault("302", Step::Answer(answer("302 Found", &["location: http://127.0.0.1:1/"], "")), Malformed, ONCE, MAYBE),
        fault("204", Step::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), Malformed, ONCE, MAYBE),
        fault("429", throttled(&[], PAGE), Throttled, CERTAIN, NOT),
        fault("429, at once", throttled(&["retry-after: 0"], "{}"), Throttled, CERTAIN, NOT),
        fault("429, since long", throttled(&["retry-after: Sun, 06 Nov 1994 08:49:37 GMT"], ""), Throttled, CERTAIN, NOT),
        fault("429, after the deadline", throttled(&["retry-after: 3600"], PAGE), Throttled, ONCE, NOT),
        fault("429, on a date after the deadline", throttled(&["retry-after: Tue, 31 Dec 2199 23:59:59 GMT"], PAGE), Throttled, ONCE, NOT),
        fault("429 with data", throttled(&[], r#"{"data":{"other":1}}"#), Throttled, UNCERTAIN, MAYBE),
        fault("500", page("500 Internal Server Error"), Unavailable, UNCERTAIN, MAYBE),
        fault("500, JSON", refusal("500 Internal Server Error", "InternalFailure", ""), Unavailable, UNCERTAIN, MAYBE),
        fault("502", page("502 Bad Gateway"), Unavailable, UNCERTAIN, MAYBE),
        fault("503", page("503 Service Unavailable"), Unavailable, UNCERTAIN, MAYBE),
        fault("504", page("504 Gateway Timeout"), Unavailable, UNCERTAIN, MAYBE),

        fault("200: unauthorized", error("Unauthorized"), Denied, ONCE, MAYBE),
        fault("200: condition", error("DynamoDB:ConditionalCheckFailedException"), ConditionFailed, ONCE, MAYBE),
        fault("200: throttled table", error("DynamoDB:ProvisionedThroughputExceededException"), Throttled, UNCERTAIN, MAYBE),
        fault("200: throttled function", error("Lambda:TooManyRequestsException"), Throttled, UNCERTAIN, MAYBE),
        fault("200: failing table", error("DynamoDB:InternalServerError"), Unavailable, UNCERTAIN, MAYBE),
        fault("200: timeout", error("ExecutionTimeout"), TimedOut, ONCE, MAYBE),
        fault("200: function", error("Lambda:Unhandled"), Resolver, ONCE, MAYBE),
        fault("200: template", error("MappingTemplate"), Resolver, ONCE, MAYBE),
        fault("200: not valid", ok(r#"{"data":null,"errors":[{"path":null,"message":"Validation error of type FieldUndefined"}]}"#), Invalid, ONCE, NOT),
        fault("200: a resolver's validation", error("ValidationException"), Resolver, ONCE, MAYBE),
        fault("200: a resolver's own word", error("MalformedHttpRequestException"), Resolver, ONCE, MAYBE),
        fault("200: null by a resolver", ok(r#"{"data":null,"errors":[{"path":["thing"],"locations":null,"message":"Cannot return null for non-nullable type"}]}"#), Resolver, ONCE, MAYBE),
        fault("200: data and errors", ok(r#"{"data":{"thing":{"id":"a","size":1}},"errors":[{"path":["x"],"errorType":"Custom"}]}"#), Resolver, ONCE, MAYBE),
        fault("200: misfit and errors", ok(r#"{"data":{"thing":null},"errors":[{"path":["thing"],"errorType":"Custom"}]}"#), Resolver, ONCE, MAYBE),
        fault("200: an empty error", ok(r#"{"errors":[{}]}"#), Resolver, ONCE, MAYBE),
        fault("200: errors of other types", ok(r#"{"errors":[null,"x",5,[]]}"#), Resolver, ONCE, MAYBE),
        fault("200: members of other types", ok(r#"{"errors":[{"message":5,"errorType":{},"path":"x","locations":true}]}"#), Resolver, ONCE, MAYBE),
        fault("200: neither", ok("{}"), Malformed, ONCE, MAYBE),
        fault("200: null data", ok(r#"{"data":null}"#), Malformed, ONCE, MAYBE),
        fault("200: no data, no errors", ok(r#"{"data":null,"errors":[]}"#), Malformed, ONCE, MAYBE),
        fault("200: both null", ok(r#"{"data":null,"errors":null}"#), Malformed, ONCE, MAYBE),
        fault("200: null where there must be none", ok(r#"{"data":{"thing":{"id":null,"size":1}}}"#), Malformed, ONCE, MAYBE),
        fault("200: another type", ok(r#"{"data":{"thing":{"id":"a","size":"big"}}}"#), Malformed, ONCE, MAYBE),
        fault("200: not an object", ok("[]"), Malformed, ONCE, MAYBE),
        fault("200: null", ok("null"), Malformed, ONCE, MAYBE),
        fault("200: a page", ok(PAGE), Malformed, ONCE, MAYBE),
        fault("200: empty", ok(""), Malformed, ONCE, MAYBE),
        fault("200: half of the JSON", ok(r#"{"data":{"thing":"#), Malformed, ONCE, MAYBE),
        fault("200: not UTF-8", Step::Answer(answer("200 OK", &[], b"{\"data\":{\"thing\":{\"id\":\"\xff\xfe\",\"size\":1}}}")), Malformed, ONCE, MAYBE),

        fault("reset during the request", Step::ResetDuring, Unavailable, UNCERTAIN, MAYBE),
        fault("reset after the request", Step::ResetAfter, Unavailable, UNCERTAIN, MAYBE),
        fault("closed without an answer", Step::AnswerAndClose(Vec::new()), Unavailable, UNCERTAIN, MAYBE),
        fault("closed in the head", Step::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()), Unavailable, UNCERTAIN, MAYBE),
        fault("closed in the body", Step::AnswerAndClose(cut[..cut.len() - 1].to_vec()), Unavailable, UNCERTAIN, MAYBE),
        fault("closed in a chunk", Step::AnswerAndClose([head("transfer-encoding: chunked\r\n"), b"5\r\n{\"da".to_vec()].concat()), Unavailable, UNCERTAIN, MAYBE),
        fault("not HTTP", Step::AnswerAndClose(b"\x00\x01\x02\x03\r\n\r\n".to_vec()), Unavailable, UNCERTAIN, MAYBE),
        fault("not gzip", Step::Answer(answer("200 OK", &["content-encoding: gzip"], "{}")), Unavailable, UNCERTAIN, MAYBE),
        fault("half of a gzip", Step::Answer(answer("200 OK", &["content-encoding: gzip"], half(&gzip(GOOD)))), Unavailable, UNCERTAIN, MAYBE),
        fault("larger than it comes", Step::Answer(answer("200 OK", &["content-encoding: gzip"], gzip(&" ".repeat(1 << 20)))), TooLarge, ONCE, MAYBE),
        fault("too long by its head", Step::AnswerAndClose(head("content-length: 1000000\r\n")), TooLarge, ONCE, MAYBE),
        fault("without an end", Step::AnswerWithoutEnd(head("transfer-encoding: chunked\r\n"), [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat()), TooLarge, ONCE, MAYBE),
    ]
}

const GOOD: &str = r#"{"data":{"thing":{"id":"a","size":1}}}"#;

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn half(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 2]
}

/// So large that it does not fit into the buffers of a connection.
fn large_note() -> String {
    "x".repeat(1_000_000)
}

fn at_once() -> RetryPolicy {
    RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO)
}

#[tokio::test]
async fn each_fault_has_a_kind_and_a_mutation_is_not_sent_twice_unless_that_is_safe() {
    for Fault { name, step, kind, sent, executed } in faults() {
        for (how, sent) in ALL.into_iter().zip(sent) {
            let what = format!("{how:?}, {name}");
            let note = if matches!(step, Step::ResetDuring) { large_note() } else { String::new() };

            let wire = Wire::always(step.clone()).await;
            let error = how.send(&wire.client().with_retry(at_once()), note.clone(), in_a_minute()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{what}: {error:?}");
            assert_eq!(wire.requests().len(), sent, "{what}: {error:?}");
            assert_eq!(error.may_have_executed(), executed, "{what}: {error:?}");
            assert!(how != As::Mutation || sent == 1 || !executed, "{what}: sent twice without being certain");

            // If it is sent again while it goes on, it is sent again when it is over, and succeeds.
            let wire = Wire::start([step.clone()], Step::Answer(good())).await;
            let result = how.send(&wire.client().with_retry(at_once()), note, in_a_minute()).await;
            assert_eq!(result.is_ok(), sent > 1, "{what}: {result:?}");
            assert_eq!(wire.requests().len(), sent.min(2), "{what}: {result:?}");
        }
    }
}

#[tokio::test]
async fn unusual_answers_that_make_sense_are_taken() {
    for (name, body) in [
        ("no errors", r#"{"data":{"thing":{"id":"a","size":1}},"errors":[]}"#),
        ("null errors", r#"{"errors":null,"data":{"thing":{"id":"a","size":1}}}"#),
        ("unknown members", r#"{"x":[{}],"data":{"y":1,"thing":{"id":"a","size":1,"z":{}}},"extensions":{"a":1}}"#),
        ("white space", " {\n \"data\" :\t{ \"thing\" : { \"id\" : \"a\" , \"size\" : 1 } } }\n"),
    ] {
        let wire = Wire::always(ok(body)).await;
        let result = As::Query.send(&wire.client(), String::new(), in_a_minute()).await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[tokio::test]
async fn what_was_never_sent_is_sent_again_and_is_certain_not_to_have_been_executed() {
    // Nothing listens at the port of a listener that is gone.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for how in ALL {
        let client = client(&format!("http://127.0.0.1:{port}/graphql")).with_retry(at_once());
        let (result, log) = Log::of(how.send(&client, String::new(), in_a_minute())).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{how:?}");
        assert!(!error.may_have_executed(), "{how:?}");
        assert_eq!(log.matches("the operation is sent again").count(), 2, "{how:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_when_it_opens_never_makes_a_mutation_execute_twice() {
    for how in ALL {
        let wire = Wire::start([Step::ResetBefore, Step::ResetBefore], Step::Answer(good())).await;
        let result = how.send(&wire.client().with_retry(at_once()), String::new(), in_a_minute()).await;
        // Whether the reset came before the client had written anything is for the network to decide.
        let uncertain = matches!(&result, Err(error) if how == As::Mutation && error.may_have_executed());
        assert!(result.is_ok() || uncertain, "{how:?}: {result:?}");
        assert_eq!(wire.requests().len(), usize::from(result.is_ok()), "{how:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_ends_at_the_deadline_and_is_not_asked_for_again() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec();
    let steps = [Step::AnswerWithoutEnd(Vec::new(), Vec::new()), Step::AnswerWithoutEnd(head, Vec::new())];
    for (step, how) in steps.iter().flat_map(|step| ALL.map(|how| (step.clone(), how))) {
        let wire = Wire::always(step).await;
        let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let client = wire.client().with_retry(at_once()).with_clock(clock.clone());
        let deadline = Deadline::of_invocation_at(clock.now() + Duration::from_millis(2500), clock.now());
        let is_read = until(|| wire.requests().len() == 1);
        let call = how.send(&client, String::new(), deadline);
        let error = ends_after(Duration::from_secs(2), &clock, is_read, call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{how:?}: {error:?}");
        assert!(error.may_have_executed(), "{how:?}: {error:?}");
        wire.closed(1).await; // when it has found that the client is gone
        assert_eq!(wire.requests().len(), 1, "{how:?}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nothing() {
    for how in ALL {
        let wire = Wire::start([Step::AnswerAndClose(good())], Step::Answer(good())).await;
        let client = wire.client().with_retry(RetryPolicy::never());
        how.send(&client, String::new(), in_a_minute()).await.unwrap();
        wire.closed(1).await;
        how.send(&client, String::new(), in_a_minute()).await.unwrap();
        assert_eq!(wire.requests().len(), 2, "{how:?}");
        assert_eq!(wire.connections(), 2, "{how:?}");
    }
}

#[tokio::test]
async fn a_connection_that_dies_under_a_request_costs_one_retry_if_that_is_safe() {
    for (how, expected) in ALL.into_iter().zip([Ok(3), Err(2), Ok(3)]) {
        for death in [Step::ResetAfter, Step::AnswerAndClose(Vec::new())] {
            let wire = Wire::start([Step::Answer(good()), death], Step::Answer(good())).await;
            let client = wire.client().with_retry(at_once());
            how.send(&client, String::new(), in_a_minute()).await.unwrap();
            let result = how.send(&client, String::new(), in_a_minute()).await;
            let requests = wire.requests().len();
            assert_eq!(result.map(|_| requests).map_err(|_| requests), expected, "{how:?}");
        }
    }
}

#[tokio::test]
async fn a_password_in_the_url_is_neither_sent_nor_shown() {
    let wire = Wire::always(Step::Answer(good())).await;
    let url = wire.url.replace("http://", "http://canary:canary@");
    As::Query.send(&client(&url), String::new(), in_a_minute()).await.unwrap();
    assert_eq!(wire.requests()[0].header("authorization"), Some("token-1"));

    let closed = client("http://canary:canary@127.0.0.1:1/graphql").with_retry(RetryPolicy::never());
    let error = As::Query.send(&closed, String::new(), in_a_minute()).await.unwrap_err();
    assert!(!format!("{error} {error:?} {closed:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn a_subscription_is_refused_before_anything_is_sent() {
    let wire = Wire::always(Step::Answer(good())).await;
    let error = wire.client().execute::<WatchThing>(Variables::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("WatchThing is a subscription"), "{error}");
    assert!(!error.may_have_executed());
    assert_eq!(wire.connections(), 0);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_before_anything_is_sent() {
    let wire = Wire::always(Step::Answer(good())).await;
    let largest = As::Query.send(&wire.client(), "x".repeat((1 << 20) - 200), in_a_minute()).await;
    assert!(largest.is_ok(), "{largest:?}");
    let error = As::Query.send(&wire.client(), "x".repeat(1 << 20), in_a_minute()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(!error.may_have_executed());
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn a_compressed_answer_is_asked_for_and_taken() {
    let wire = Wire::always(Step::Answer(answer("200 OK", &["content-encoding: gzip"], gzip(GOOD)))).await;
    let data = As::Query.send(&wire.client(), String::new(), in_a_minute()).await.unwrap();
    assert_eq!(data.thing.id, "a");
    assert_eq!(wire.requests()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_allowed_and_no_larger_after_decompression() {
    let data = |size: usize| format!(r#"{{"data":{{"thing":{{"id":"{}","size":1}}}}}}"#, "x".repeat(size));
    let framing = data(0).len();
    for (size, fits) in [((1 << 16) - framing, true), ((1 << 16) - framing + 1, false)] {
        let compressed = answer("200 OK", &["content-encoding: gzip"], gzip(&data(size)));
        assert!(compressed.len() < 1000, "{}", compressed.len());
        for bytes in [json(data(size)), compressed] {
            let wire = Wire::always(Step::Answer(bytes)).await;
            let result = As::Query.send(&wire.client(), String::new(), in_a_minute()).await;
            assert_eq!(result.as_ref().map_err(AppSyncError::kind).err(), (!fits).then_some(ErrorKind::TooLarge));
        }
    }
}
