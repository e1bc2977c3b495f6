//! Events that are published to an Event API.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use appsync::{Auth, ErrorKind, EventsClient, Iam, RetryPolicy};
use auth_cache::{Identity, ManualClock, Token};
use aws_credential_types::Credentials;
use local_cloud::{Fault, LocalCloud, Service};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::{
    secrets::Log,
    setup::{self, ends_after, until},
    spans::span_of,
    wire::{Step, Wire, answer, http_client, identity, json as answer_of},
};

#[derive(Serialize)]
struct Shipped {
    order: &'static str,
    parcels: u32,
}

/// A cloud, and a client of its Event API whose service signs in with a new token each time, and counts.
struct Setup {
    cloud: Arc<LocalCloud>,
    events: EventsClient,
    sign_ins: Arc<AtomicUsize>,
}

impl Setup {
    async fn start() -> Self {
        let cloud = Arc::new(LocalCloud::start().await.unwrap());
        let sign_ins = Arc::new(AtomicUsize::new(0));
        let (signing_in, counted) = (Arc::clone(&cloud), Arc::clone(&sign_ins));
        let service = Identity::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let token = signing_in.customer_token("service");
            async move { Ok(Token::issued(token)?) }
        });
        let events =
            EventsClient::new(http_client(), cloud.event_url().parse().unwrap(), service).with_retry(at_once());
        Self { cloud, events, sign_ins }
    }

    fn published(&self) -> Value {
        json!(self.cloud.published())
    }

    fn sign_ins(&self) -> usize {
        self.sign_ins.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.cloud.count_of("EventPublish")
    }
}

fn at_once() -> RetryPolicy {
    RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO)
}

/// A client of what `wire` stands in for.
fn events_of(wire: &Wire, auth: impl Into<Auth>) -> EventsClient {
    EventsClient::new(http_client(), wire.url.parse().unwrap(), auth).with_retry(at_once())
}

/// What AppSync answers when it takes one event.
fn taken() -> Step {
    Step::Answer(answer_of(json!({"failed": [], "successful": [{"identifier": "id-1", "index": 0}]})))
}

#[tokio::test]
async fn events_arrive_in_their_channel_in_their_order() {
    let t = Setup::start().await;
    let shipped = [Shipped { order: "order-1", parcels: 2 }, Shipped { order: "order-2", parcels: 1 }];
    let published = t.events.publish("/default/orders", &shipped).await.unwrap();
    let indexes: Vec<_> = published.successful.iter().map(|event| event.index).collect();
    assert_eq!(indexes, [0, 1]);
    assert!(published.successful.iter().all(|event| event.identifier.is_some()), "{published:?}");
    assert!(published.request_id().is_some());
    assert_eq!(published.require_all(), Ok(()));

    t.events.publish("default", &[json!("é\n\"")]).await.unwrap().require_all().unwrap();
    let wanted = json!([
        {"channel": "/default/orders", "event": {"order": "order-1", "parcels": 2}},
        {"channel": "/default/orders", "event": {"order": "order-2", "parcels": 1}},
        {"channel": "default", "event": "é\n\""},
    ]);
    assert_eq!((t.published(), t.requests(), t.sign_ins()), (wanted, 2, 1));
}

#[tokio::test]
async fn a_function_that_publishes_too_signs_in_once() {
    let t = setup::Setup::start().await;
    let events = EventsClient::like(&t.appsync, t.cloud.event_url().parse().unwrap());
    t.get_order().await.unwrap();
    events.publish("/default/orders", &["order-1"]).await.unwrap().require_all().unwrap();
    assert_eq!((t.sign_ins(), t.cloud.published().len()), (1, 1));

    let wire = Wire::always(taken()).await;
    let url = wire.url.replace("://", "://user:canary@").parse().unwrap();
    let events = EventsClient::like(&t.appsync.clone().traced_by(Some("Root=1-2-3")), url);
    events.publish("/default/orders", &["order-1"]).await.unwrap().require_all().unwrap();
    assert_eq!(wire.requests()[0].header("x-amzn-trace-id"), Some("Root=1-2-3"));
    assert!(wire.requests()[0].header("authorization").unwrap().starts_with("eyJ"));
    assert!(!format!("{events:?}").contains("canary"), "{events:?}");
}

#[tokio::test]
async fn each_event_is_sent_as_json_in_a_string_with_the_raw_token() {
    let wire = Wire::always(taken()).await;
    let events = events_of(&wire, identity(&Arc::default()));
    events
        .publish("/default/orders", &[Shipped { order: "order-1", parcels: 2 }])
        .await
        .unwrap()
        .require_all()
        .unwrap();
    let request = &wire.requests()[0];
    assert_eq!(request.header("authorization"), Some("token-1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body = r#"{"channel":"/default/orders","events":["{\"order\":\"order-1\",\"parcels\":2}"]}"#;
    assert_eq!(String::from_utf8_lossy(&request.body), body);
}

#[tokio::test]
async fn it_is_published_as_the_caller_where_that_is_asked_for() {
    let t = Setup::start().await;
    let caller = Auth::token(&format!("Bearer {}", t.cloud.customer_token("grace"))).unwrap();
    t.events.publish("/default/a", &[1]).authorized_by(caller).await.unwrap().require_all().unwrap();
    assert_eq!((t.published(), t.sign_ins()), (json!([{"channel": "/default/a", "event": 1}]), 0));

    let stranger = Auth::token("no.jwt").unwrap();
    let error = t.events.publish("/default/a", &[1]).authorized_by(stranger).await.unwrap_err();
    assert_eq!((error.kind(), t.requests()), (ErrorKind::TokenRefused, 2));
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_events_sent_once_more() {
    for (times, arrived) in [(1, 1), (2, 0)] {
        let t = Setup::start().await;
        t.cloud.inject(Fault::unauthorized().times(times));
        let result = t.events.publish("/default/a", &[1]).await;
        assert_eq!((t.requests(), t.sign_ins(), t.cloud.published().len()), (2, 2, arrived));
        match times {
            1 => result.unwrap().require_all().unwrap(),
            _ => {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TokenRefused);
                assert!(!error.may_have_executed());
            }
        }
    }
}

#[tokio::test]
async fn a_throttled_request_is_sent_again_and_published_once() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::throttle(Service::AppSync).times(2));
    t.events.publish("/default/a", &[1]).await.unwrap().require_all().unwrap();
    assert_eq!((t.requests(), t.cloud.published().len()), (3, 1));

    t.cloud.inject(Fault::throttle(Service::AppSync).always());
    let error = t.events.publish("/default/a", &[1]).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Throttled, false));
    assert_eq!(t.cloud.published().len(), 1);
}

#[tokio::test]
async fn what_may_have_been_published_is_sent_again_only_if_that_does_no_harm() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::lose_answer(Service::AppSync));
    let error = t.events.publish("/default/a", &[1]).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Unavailable, true));
    assert_eq!((t.requests(), t.cloud.published().len()), (1, 1));

    t.cloud.inject(Fault::lose_answer(Service::AppSync));
    t.events.publish("/default/a", &[2]).idempotent().await.unwrap().require_all().unwrap();
    assert_eq!((t.requests(), t.cloud.published().len()), (3, 3), "subscribers get it twice");

    t.cloud.inject(Fault::status(Service::AppSync, 503));
    let error = t.events.publish("/default/a", &[3]).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Unavailable, true));
    assert_eq!(t.requests(), 4);
}

#[tokio::test]
async fn events_that_appsync_refuses_are_named_and_not_sent_again() {
    let t = Setup::start().await;
    let answer = json!({
        "successful": [{"identifier": "id-0", "index": 0}, {"identifier": "id-2", "index": 2}],
        "failed": [{"identifier": "id-1", "index": 1, "code": 429, "message": "Rate exceeded"}],
    });
    t.cloud.inject(Fault::answer(Service::AppSync, 200, answer));
    let published = t.events.publish("/default/a", &[1, 2, 3]).await.unwrap();
    assert_eq!(published.successful.iter().map(|event| event.index).collect::<Vec<_>>(), [0, 2]);
    let failed = &published.failed[0];
    assert_eq!((failed.index, failed.identifier.as_deref(), failed.code), (1, Some("id-1"), Some(429)));
    assert_eq!(failed.message.as_deref(), Some("Rate exceeded"));
    assert_eq!(t.requests(), 1);
    let error = published.require_all().unwrap_err();
    assert_eq!(error.to_string(), "not all events were published: events[1]: Rate exceeded (429)");
}

#[tokio::test]
async fn what_appsync_refuses_as_a_whole_keeps_its_words() {
    let t = Setup::start().await;
    for (code, error_type, kind) in
        [(400, "BadRequestException", ErrorKind::Invalid), (403, "ForbiddenException", ErrorKind::Denied)]
    {
        let body = json!({"errors": [{"errorType": error_type, "message": "no such namespace"}]});
        t.cloud.inject(Fault::answer(Service::AppSync, code, body));
        let error = t.events.publish("/default/a", &[1]).idempotent().await.unwrap_err();
        assert_eq!((error.kind(), error.error_type()), (kind, Some(error_type)));
        assert_eq!(error.status().map(|status| status.as_u16()), Some(code));
        assert!(!error.may_have_executed());
        assert!(error.to_string().contains("no such namespace"), "{error}");
    }
    assert_eq!(t.requests(), 2);
}

/// Cannot be written as JSON.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("its lock is poisoned"))
    }
}

#[tokio::test]
async fn what_appsync_would_not_take_is_refused_before_anything_is_sent() {
    let t = Setup::start().await;
    let largest = "x".repeat(240 * 1024 - 2);
    let too_large = [largest.clone(), format!("{largest}x")];
    let publish = |channel: &str, events: &[Value]| t.events.publish(channel, events);
    for (call, kind, problem) in [
        (publish("/default/*", &[json!(1)]), ErrorKind::Invalid, "segment 2 of the channel is a wildcard"),
        (publish("", &[json!(1)]), ErrorKind::Invalid, "the channel is empty"),
        (publish("/default/a", &[]), ErrorKind::Invalid, "there are no events"),
        (publish("/default/a", &vec![json!(1); 6]), ErrorKind::TooLarge, "6 events, and AppSync takes 5"),
        (t.events.publish("/default/a", &too_large), ErrorKind::TooLarge, "events[1] has 245761 bytes"),
        (
            t.events.publish("/default/a", &[Unwritable]),
            ErrorKind::Invalid,
            "events[0] cannot be written as JSON: its lock is poisoned",
        ),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{problem}");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!error.may_have_executed());
    }
    assert_eq!((t.requests(), t.sign_ins()), (0, 0));

    let five = vec![largest; EventsClient::MOST_EVENTS];
    t.events.publish("/default/a", &five).await.unwrap().require_all().unwrap();
    assert_eq!(t.cloud.published().len(), 5);
}

#[tokio::test]
async fn more_than_five_events_are_published_in_several_calls() {
    let t = Setup::start().await;
    let numbers: Vec<u32> = (0..12).collect();
    for batch in numbers.chunks(EventsClient::MOST_EVENTS) {
        t.events.publish("/default/a", batch).await.unwrap().require_all().unwrap();
    }
    let arrived: Vec<_> = t.cloud.published().into_iter().map(|published| published.event).collect();
    assert_eq!((json!(arrived), t.requests()), (json!(numbers), 3));
}

#[tokio::test]
async fn it_ends_half_a_second_before_the_invocation() {
    const LEFT: Duration = Duration::from_millis(1500);
    let wire = Wire::always(Step::AnswerWithoutEnd(Vec::new(), Vec::new())).await;
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let events = events_of(&wire, identity(&Arc::default())).with_clock(clock.clone());
    let events = events.for_invocation(clock.now() + LEFT, Some("Root=1-2-3"));
    let is_waiting = until(|| wire.requests().len() == 1);
    let call = events.publish("/default/a", &[1]);
    let error = ends_after(LEFT - Duration::from_millis(500), &clock, is_waiting, call).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::TimedOut, true));
    assert_eq!(wire.requests()[0].header("x-amzn-trace-id"), Some("Root=1-2-3"));

    let error = events.publish("/default/a", &[1]).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::TimedOut, false), "the time is up already");
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_does_not_say_what_became_of_the_events_is_malformed() {
    let huge = json!({"failed": [], "successful": [], "x": "x".repeat(300_000)}).to_string();
    for (body, kind) in
        [("{}", ErrorKind::Malformed), ("<html>", ErrorKind::Malformed), (huge.as_str(), ErrorKind::TooLarge)]
    {
        let wire = Wire::always(Step::Answer(answer_of(body))).await;
        let error = events_of(&wire, identity(&Arc::default())).publish("/default/a", &[1]).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_executed()), (kind, true), "{error}");
        assert_eq!(wire.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_was_opened_ahead_is_the_one_that_is_used() {
    let preflight = Step::Answer(answer("200 OK", &[], ""));
    let wire = Wire::start([preflight], taken()).await;
    let events = events_of(&wire, identity(&Arc::default()));
    events.warm_up(Duration::from_secs(30)).await.unwrap();
    events.publish("/default/a", &[1]).await.unwrap().require_all().unwrap();
    assert!(wire.requests()[0].head.starts_with("OPTIONS "));
    assert_eq!((wire.requests().len(), wire.connections()), (2, 1));
}

#[tokio::test]
async fn neither_tokens_nor_events_nor_channels_are_logged_or_told() {
    let refusal = answer("401 Unauthorized", &[], r#"{"errors":[{"errorType":"UnauthorizedException"}]}"#);
    let (shown, log) = Log::of(async {
        let mut shown = Vec::new();
        let credentials = Credentials::new("AKID", "canary-secret", Some("canary-session".to_owned()), None, "test");
        for auth in [
            Auth::token("canary-jwt").unwrap(),
            Auth::api_key("canary-key").unwrap(),
            Auth::from(Iam::in_region(credentials, "eu-west-1")),
        ] {
            for step in [taken(), Step::Answer(refusal.clone()), Step::ResetAfter, Step::ResetBefore] {
                let wire = Wire::start([step], taken()).await;
                let events = events_of(&wire, auth.clone());
                let call = events.publish("/default/canary", &["canary"]).idempotent();
                shown.push(format!("{events:?} {call:?}"));
                shown.push(format!("{:?}", call.await));
            }
            let events = events_of(&Wire::always(taken()).await, auth);
            shown.push(format!("{:?}", events.publish("/canary/*", &["canary"]).await));
            shown.push(format!("{:?}", events.publish("/a", &["canary".repeat(50_000)]).await));
        }
        shown
    })
    .await;
    assert!(log.contains("the operation is sent again"), "the log was captured");
    for text in shown.iter().chain([&log]) {
        let found = text.find("canary").map(|at| &text[at.saturating_sub(80)..(at + 20).min(text.len())]);
        assert_eq!(found, None);
    }
}

#[tokio::test]
async fn a_span_names_the_namespace_and_how_it_ended() {
    let wire = Wire::start([taken()], Step::Answer(answer("400 Bad Request", &[], ""))).await;
    let events = events_of(&wire, identity(&Arc::default()));
    let publish = async || events.publish("/default/canary", &["canary"]).await;
    let span = span_of(async { publish().await.unwrap().require_all().unwrap() }).await;
    assert_eq!(span["otel.name"], "publish default");
    assert_eq!(span["messaging.operation.type"], "send");
    assert_eq!(span["messaging.batch.message_count"], 1);
    assert_eq!(span["http.response.status_code"], 200);
    assert_eq!(span["aws.request_id"], "request-1");
    let span = span_of(async { drop(publish().await.unwrap_err()) }).await;
    assert_eq!((&span["error.type"], &span["http.response.status_code"]), (&json!("invalid"), &json!(400)));
}

#[tokio::test]
async fn an_iam_principal_publishes_with_its_signature() {
    let t = Setup::start().await;
    let seed = t.cloud.seed();
    let iam = |access_key: &str, secret: &str| {
        let credentials = Credentials::new(access_key, secret, Some("session".to_owned()), None, "test");
        t.events.publish("/default/a", &[1]).authorized_by(Iam::in_region(credentials, &seed.region))
    };
    iam(&seed.access_key_id, &seed.secret_access_key).await.unwrap().require_all().unwrap();
    for (access_key, secret, error_type) in [
        (&*seed.access_key_id, "wrong", "InvalidSignatureException"),
        ("other", &*seed.secret_access_key, "UnrecognizedClientException"),
    ] {
        let error = iam(access_key, secret).await.unwrap_err();
        assert_eq!((error.kind(), error.error_type()), (ErrorKind::TokenRefused, Some(error_type)));
    }
    assert_eq!((t.cloud.published().len(), t.sign_ins()), (1, 0));
}
