//! Cases 47 to 52: one process publishes a token, and many read it.

mod store;

use std::{sync::Arc, time::Duration};

use auth_cache::{
    Credentials, Identity, ManualClock, PublishError, Published, Publisher, SignInError, Token, TokenUse,
};
use futures_util::{FutureExt as _, future::join_all};
use serde_json::{Value, json};

use self::store::{MemoryStore, Mode, WithQuota};
use crate::{
    setup::{HOUR, MINUTE, SECOND, cause, on_one_clock, start, throttled, unavailable},
    source::{ScriptedSource, unsigned},
};

const PERIOD: Duration = Duration::from_secs(15 * 60);
/// How late a publisher may be.
const LATE: Duration = Duration::from_secs(120);

/// Cognito, as the publisher and the readers see it, a store, and one clock.
struct Fleet {
    clock: ManualClock,
    store: Arc<MemoryStore>,
    /// Signs the publisher in.
    publishers: Arc<ScriptedSource>,
    /// Signs the readers in, should they need it.
    readers: Arc<ScriptedSource>,
}

fn fleet() -> Fleet {
    let clock = ManualClock::at(start());
    let source = || Arc::new(ScriptedSource::new(clock.clone()));
    Fleet { store: Arc::default(), publishers: source(), readers: source(), clock: clock.clone() }
}

fn credentials(username: &str) -> Credentials {
    Credentials::new("eu-west-1_Pool", "client", username, "canary-password")
}

/// What a token of Cognito's says of itself.
fn claims(issued_at: Duration, life: Duration) -> Value {
    let iat = (start() + issued_at).duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    json!({
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
        "client_id": "client", "token_use": "access", "iat": iat, "exp": iat + life.as_secs(),
    })
}

/// A text as a publisher writes it, of a token with these claims.
fn publication(claims: &Value) -> Value {
    json!({
        "user_pool_id": "eu-west-1_Pool", "client_id": "client", "username": "user-a", "token_use": "access",
        "token": unsigned(&claims.to_string()), "expires_at": claims["exp"], "next_at": 1_800_000_900,
    })
}

impl Fleet {
    fn at(&self, elapsed: Duration) {
        self.clock.set(start() + elapsed);
    }

    fn issues(source: &ScriptedSource, life: Duration) {
        source.gives(move |now| {
            let issued_at = now.duration_since(start()).unwrap_or_default();
            Token::issued(unsigned(&claims(issued_at, life).to_string())).unwrap()
        });
    }

    /// Publishes a token that lives for so long from now.
    async fn publish(&self, life: Duration) -> Result<Token, PublishError> {
        Self::issues(&self.publishers, life);
        self.try_to_publish("user-a").await
    }

    async fn try_to_publish(&self, username: &str) -> Result<Token, PublishError> {
        self.publisher().publish(&self.publishers, &credentials(username)).await
    }

    fn publisher(&self) -> Publisher<Arc<MemoryStore>> {
        Publisher::new(self.store.clone(), TokenUse::Access, PERIOD).with_clock(self.clock.clone())
    }

    fn strict(&self) -> Published<Arc<MemoryStore>> {
        let published = Published::new(self.store.clone(), TokenUse::Access).with_clock(self.clock.clone());
        published.of_user_pool("eu-west-1_Pool").of_client("client")
    }

    fn identity(&self, published: Published<Arc<MemoryStore>>) -> Identity {
        Identity::new(published).with_clock(self.clock.clone())
    }

    /// A new process that signs in by itself if no token is published.
    fn reader(&self) -> Identity {
        self.identity(self.strict().or_else(self.readers.clone()))
    }
}

#[tokio::test]
async fn two_hundred_processes_that_start_at_once_take_the_published_token_and_sign_in_nowhere() {
    let fleet = fleet();
    let published = fleet.publish(HOUR).await.unwrap();
    let readers: Vec<_> = (0..200).map(|_| fleet.reader()).collect();
    for token in join_all(readers.iter().map(|reader| reader.token(SECOND))).await {
        assert_eq!(token.unwrap(), published);
    }
    assert_eq!((fleet.publishers.calls(), fleet.readers.calls(), fleet.store.reads()), (1, 0, 201));
    assert_eq!(readers[0].token(SECOND).await.unwrap(), published);
    assert_eq!(fleet.store.reads(), 201, "memory stays in front");
}

/// Of 8 s, as a function's init phase has, and of an invocation's 9.5 s after it. The source of the readers panics when it is
/// asked.
#[tokio::test(start_paused = true)]
async fn two_hundred_processes_share_forty_reads_in_a_second_and_none_signs_in() {
    for strict in [false, true] {
        let fleet = fleet();
        let published = fleet.publish(HOUR).await.unwrap();
        let store = WithQuota::new(fleet.store.clone(), fleet.clock.clone());
        let process = async || {
            let reader = Published::new(store.clone(), TokenUse::Access).with_clock(fleet.clock.clone());
            let reader = if strict { reader } else { reader.or_else(fleet.readers.clone()) };
            let reader = Identity::new(reader).with_clock(fleet.clock.clone());
            let _ = reader.token(8 * SECOND).await;
            reader.token(SECOND * 19 / 2).await
        };
        let tokens = on_one_clock(&fleet.clock, join_all((0..200).map(|_| process()))).await;
        let failed = tokens.iter().filter(|token| token.as_ref().ok() != Some(&published)).count();
        assert_eq!((failed, fleet.readers.calls()), (0, 0), "strict: {strict}");
    }
}

#[tokio::test]
async fn what_is_no_usable_token_is_a_miss_that_a_strict_reader_explains() {
    let good = claims(Duration::ZERO, HOUR);
    let with = |field: &str, value: &str| {
        let mut publication = publication(&good);
        publication[field] = json!(value);
        publication
    };
    let with_claim = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        publication(&claims)
    };
    let garbled = ["", "canary", "{}", "[]", "null", r#"{"user_pool_id":"canary"}"#]
        .map(|text| (text.to_owned(), "the stored value is not a published token"));
    let others = [
        (with("user_pool_id", "eu-west-1_Other"), "it belongs to another user pool"),
        (with("client_id", "other"), "it belongs to another app client"),
        (with("username", "user-b"), "it belongs to another user"),
        (with("token_use", "id"), "it belongs to another use"),
        (with("token", "canary"), "the stored value is not a published token"),
        (with("token", "e30.canary.c2ln"), "the stored value is not a published token"),
        (
            with_claim("iss", json!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other")),
            "the stored value is not a published token",
        ),
        (with_claim("client_id", json!("other")), "the stored value is not a published token"),
        (with_claim("token_use", json!("id")), "the stored value is not a published token"),
        (with_claim("exp", json!("canary")), "the stored value is not a published token"),
        (publication(&claims(Duration::ZERO, MINUTE)), ""),
        (
            publication(
                &json!({"iss": "x/eu-west-1_Pool", "client_id": "client", "token_use": "access", "exp": 1_800_000_060}),
            ),
            "is about to",
        ),
        (
            publication(
                &json!({"iss": "x/eu-west-1_Pool", "client_id": "client", "token_use": "access", "exp": 1_799_999_999}),
            ),
            "it has expired or is about to",
        ),
    ];
    let texts = garbled.into_iter().chain(others.map(|(publication, why)| (publication.to_string(), why)));
    for (text, why) in texts {
        let fleet = fleet();
        fleet.store.put(&text);
        fleet.store.gives_credentials(credentials("user-a"));
        let strict = fleet.identity(fleet.strict()).token(SECOND).await;
        if why.is_empty() {
            strict.unwrap();
            continue;
        }
        let error = strict.unwrap_err();
        let error = auth_cache::ErrorChain(&error).to_string();
        assert!(error.contains("no usable token is published") && error.contains(why), "{text}: {error}");
        assert!(!error.contains("canary"), "{error}");
        fleet.readers.otherwise_issues(HOUR);
        fleet.reader().token(SECOND).await.unwrap();
        assert_eq!(fleet.readers.calls(), 1, "{text}");
    }
}

#[tokio::test]
async fn nothing_is_published_is_a_miss_too() {
    let fleet = fleet();
    let error = fleet.identity(fleet.strict()).token(SECOND).await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::NotPublished { next_in: None, .. }), "{error:?}");
    fleet.readers.otherwise_issues(HOUR);
    fleet.reader().token(SECOND).await.unwrap();
}

#[tokio::test]
async fn a_strict_reader_says_when_the_next_token_is_due_and_finds_it_then() {
    let fleet = fleet();
    fleet.publish(20 * MINUTE).await.unwrap();
    fleet.at(PERIOD - MINUTE);
    let reader = fleet.identity(fleet.strict());
    let first = reader.token(SECOND).await.unwrap();
    assert!(reader.invalidate(&first));
    let error = reader.token(SECOND).await.unwrap_err();
    let SignInError::NotPublished { next_in, .. } = cause(&error) else { panic!("{error:?}") };
    assert_eq!(*next_in, Some(MINUTE));
    assert_eq!(cause(&error).to_string(), "no usable token is published; the next one is due in 60 s");
    assert!(auth_cache::ErrorChain(&error).to_string().ends_with("the API rejected it; publish again"), "{error:?}");
    fleet.at(PERIOD);
    let next = fleet.publish(20 * MINUTE).await.unwrap();
    assert_eq!(reader.token(SECOND).await.unwrap(), next);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_costs_a_fifth_of_a_second_and_after_three_times_nothing_for_a_minute() {
    let fleet = fleet();
    fleet.store.set(Mode::Slow);
    fleet.readers.otherwise_issues(10 * SECOND);
    let reader = fleet.reader();
    for waits in [true, true, true, false] {
        let before = fleet.clock.now();
        on_one_clock(&fleet.clock, reader.token(5 * SECOND)).await.unwrap();
        let took = fleet.clock.now().duration_since(before).unwrap();
        assert_eq!(took.as_millis() / 100, if waits { 2 } else { 0 }, "{took:?}");
        fleet.clock.advance(10 * SECOND);
    }
    assert_eq!(fleet.store.reads(), 3);
    fleet.clock.advance(MINUTE);
    fleet.store.set(Mode::Good);
    let published = fleet.publish(HOUR).await.unwrap();
    assert_eq!(reader.token(SECOND).await.unwrap(), published);
}

#[tokio::test(start_paused = true)]
async fn a_strict_reader_waits_for_a_slow_store_and_asks_one_that_fails_again() {
    let fleet = fleet();
    fleet.store.set(Mode::Slow);
    let reader = fleet.identity(fleet.strict());
    let error = on_one_clock(&fleet.clock, reader.token(3 * SECOND)).await.unwrap_err();
    assert!(auth_cache::ErrorChain(&error).to_string().ends_with("no answer within 3000 ms"), "{error:?}");
    fleet.store.set(Mode::Down);
    for _ in 0..5 {
        let error = on_one_clock(&fleet.clock, reader.token(SECOND)).await.unwrap_err();
        assert!(matches!(cause(&error), SignInError::TokenStore(_)) && error.is_transient(), "{error:?}");
    }
    fleet.store.set(Mode::Good);
    let published = fleet.publish(HOUR).await.unwrap();
    assert_eq!(on_one_clock(&fleet.clock, reader.token(MINUTE)).await.unwrap(), published);
}

#[tokio::test]
async fn a_store_that_throttles_is_asked_again_for_half_a_minute_before_the_process_signs_in() {
    let fleet = fleet();
    fleet.store.set(Mode::Throttled);
    let reader = fleet.reader();
    let mut reads = 0;
    while fleet.clock.now() < start() + 30 * SECOND {
        // Signing in would panic.
        let error = reader.token(Duration::ZERO).await.unwrap_err();
        assert!(matches!(cause(&error), SignInError::TokenStore(_)) && error.is_transient(), "{error:?}");
        fleet.clock.advance(error.retry_after().unwrap());
        reads += 1;
    }
    Fleet::issues(&fleet.readers, HOUR);
    reader.token(SECOND).await.unwrap();
    assert_eq!((fleet.store.reads(), fleet.readers.calls()), (reads + 1, 1));
}

#[tokio::test]
async fn the_half_minute_begins_anew_when_the_store_has_answered() {
    let fleet = fleet();
    let reader = fleet.strict().or_else(fleet.readers.clone());
    let error = async || auth_cache::TokenSource::sign_in(&reader).await.unwrap_err();
    fleet.publish(HOUR).await.unwrap();
    for _ in 0..3 {
        fleet.store.set(Mode::Throttled);
        assert!(matches!(error().await, SignInError::TokenStore(_)));
        fleet.clock.advance(29 * SECOND);
        assert!(matches!(error().await, SignInError::TokenStore(_)));
        fleet.store.set(Mode::Good);
        auth_cache::TokenSource::sign_in(&reader).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_the_api_refused_is_not_taken_again() {
    let fleet = fleet();
    let published = fleet.publish(HOUR).await.unwrap();
    let reader = fleet.reader();
    assert_eq!(reader.token(SECOND).await.unwrap(), published);
    Fleet::issues(&fleet.readers, HOUR);
    fleet.clock.advance(SECOND);
    assert!(reader.invalidate(&published));
    let own = reader.token(SECOND).await.unwrap();
    assert_ne!(own, published);
    assert_eq!(fleet.readers.calls(), 1);
    // Nor is one that is older than that.
    Fleet::issues(&fleet.readers, HOUR);
    fleet.clock.advance(MINUTE);
    assert!(reader.invalidate(&own));
    assert_ne!(reader.token(SECOND).await.unwrap(), published);
    assert_eq!(fleet.readers.calls(), 2);
}

#[tokio::test]
async fn a_newer_token_is_taken_in_the_advisory_window_and_one_that_is_not_newer_costs_a_sign_in() {
    let fleet = fleet();
    let first = fleet.publish(HOUR).await.unwrap();
    let reader = fleet.reader();
    reader.token(SECOND).await.unwrap();
    fleet.at(45 * MINUTE);
    let second = fleet.publish(HOUR).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(reader.token(SECOND).await.unwrap(), second);
    assert_eq!(fleet.readers.calls(), 0);
    fleet.at(90 * MINUTE);
    Fleet::issues(&fleet.readers, HOUR);
    assert_ne!(reader.token(SECOND).await.unwrap(), second);
    assert_eq!(fleet.readers.calls(), 1, "the publisher is dead");
}

#[tokio::test]
async fn an_outage_of_cognito_of_half_an_hour_is_seen_by_nobody() {
    let fleet = fleet();
    let old = fleet.reader();
    for minute in 0..180 {
        fleet.at(minute * MINUTE);
        let is_down = (61..91).contains(&minute);
        if minute % 15 == 0 {
            let published = if is_down {
                fleet.publishers.fails(unavailable());
                fleet.try_to_publish("user-a").await
            } else {
                fleet.publish(HOUR).await
            };
            assert_eq!(published.is_err(), is_down, "{published:?}");
        }
        // One that was there before, and one that starts now. A sign-in of theirs would panic.
        old.token(SECOND).await.unwrap();
        fleet.reader().token(SECOND).await.unwrap();
    }
}

#[tokio::test]
async fn while_the_publisher_is_dead_readers_lose_nothing_and_sign_in_once_per_life_each() {
    let fleet = fleet();
    fleet.publish(HOUR).await.unwrap();
    fleet.readers.otherwise_gives(|_, now| {
        Token::issued(unsigned(&claims(now.duration_since(start()).unwrap(), HOUR).to_string())).unwrap()
    });
    let readers: Vec<_> = (0..100).map(|_| fleet.reader()).collect();
    for minute in 0..180 {
        fleet.at(minute * MINUTE);
        for token in join_all(readers.iter().map(|reader| reader.token(SECOND))).await {
            assert!(token.unwrap().expires_at().unwrap() > fleet.clock.now());
        }
    }
    // Renewed after 60 to 75 % of an hour: the published one, and then their own.
    let calls = fleet.readers.calls();
    assert!((300..=400).contains(&calls), "{calls}");
}

#[tokio::test]
async fn clocks_that_are_five_minutes_apart_cost_nobody_a_call() {
    for (publisher, reader) in [(0, 10), (10, 0)] {
        let fleet = fleet();
        let true_time = |minute: u32| minute * MINUTE;
        let own = ManualClock::at(start());
        let published = Published::new(fleet.store.clone(), TokenUse::Access).with_clock(own.clone());
        let identity = Identity::new(published).with_clock(own.clone());
        for minute in 5..180 {
            // Tokens are issued by Cognito's clock, which is right.
            fleet.at(true_time(minute));
            if minute % 15 == 5 {
                let publisher_clock = ManualClock::at(start() + true_time(minute + publisher) - 5 * MINUTE);
                Fleet::issues(&fleet.publishers, HOUR);
                let publisher =
                    Publisher::new(fleet.store.clone(), TokenUse::Access, PERIOD).with_clock(publisher_clock);
                publisher.publish(&fleet.publishers, &credentials("user-a")).await.unwrap();
            }
            own.set(start() + true_time(minute + reader) - 5 * MINUTE);
            let token = identity.token(SECOND).await.unwrap();
            assert!(token.expires_at().unwrap() > fleet.clock.now(), "minute {minute}");
        }
    }
}

#[tokio::test]
async fn an_old_publisher_does_not_overwrite_what_was_published_after_a_rotation() {
    let fleet = fleet();
    Fleet::issues(&fleet.publishers, HOUR);
    fleet.publishers.close_gate();
    // It signs in as the first user, and is frozen: the answer that it then gets is of before.
    let issued = claims(Duration::ZERO, HOUR);
    fleet.publishers.forget_answers();
    fleet.publishers.gives(move |_| Token::issued(unsigned(&issued.to_string())).unwrap());
    let mut old = Box::pin(fleet.try_to_publish("user-a"));
    assert!(old.as_mut().now_or_never().is_none());
    fleet.at(MINUTE);
    let other = Arc::new(ScriptedSource::new(fleet.clock.clone()));
    Fleet::issues(&other, HOUR);
    let publisher = Publisher::new(fleet.store.clone(), TokenUse::Access, PERIOD).with_clock(fleet.clock.clone());
    let newer = publisher.publish(&other, &credentials("user-b")).await.unwrap();
    fleet.publishers.open_gate();
    old.await.unwrap();
    fleet.store.gives_credentials(credentials("user-b"));
    assert_eq!(fleet.reader().token(SECOND).await.unwrap(), newer);
}

#[tokio::test]
async fn after_a_rotation_the_token_of_the_other_user_is_replaced_although_it_lives_longer() {
    let fleet = fleet();
    fleet.publish(24 * HOUR).await.unwrap();
    fleet.at(MINUTE);
    Fleet::issues(&fleet.publishers, HOUR);
    let token = fleet.try_to_publish("user-b").await.unwrap();
    assert_eq!(fleet.identity(fleet.strict()).token(SECOND).await.unwrap(), token);
}

#[tokio::test]
async fn a_publisher_that_is_killed_at_any_step_leaves_a_token_and_the_next_one_carries_on() {
    for mode in [Mode::Slow, Mode::SlowToWrite] {
        let fleet = fleet();
        let first = fleet.publish(HOUR).await.unwrap();
        fleet.at(PERIOD);
        fleet.store.set(mode);
        assert!(fleet.publish(HOUR).now_or_never().is_none(), "{mode:?}: it was killed while it waited");
        fleet.store.set(Mode::Good);
        assert_eq!(fleet.reader().token(SECOND).await.unwrap(), first);
        let second = fleet.publish(HOUR).await.unwrap();
        assert_eq!(fleet.reader().token(SECOND).await.unwrap(), second);
    }
    let fleet = fleet();
    let first = fleet.publish(HOUR).await.unwrap();
    fleet.publishers.hangs();
    assert!(fleet.try_to_publish("user-a").now_or_never().is_none(), "while it signed in");
    assert_eq!(fleet.reader().token(SECOND).await.unwrap(), first);
}

#[tokio::test]
async fn a_wrong_password_and_a_lock_out_are_published_so_that_a_fleet_does_not_send_it_again() {
    for (failure, why) in [
        (SignInError::WrongCredentials, "the stored password is wrong"),
        (SignInError::locked_out(None), "the user is locked out"),
    ] {
        let fleet = fleet();
        let token = fleet.publish(30 * MINUTE).await.unwrap();
        fleet.at(PERIOD);
        fleet.publishers.fails(failure);
        fleet.try_to_publish("user-a").await.unwrap_err();
        assert_eq!(fleet.reader().token(SECOND).await.unwrap(), token, "what is left of it is used");
        fleet.at(30 * MINUTE - SECOND);
        // The source of the readers panics when it is asked.
        let reader = fleet.reader();
        let error = reader.token(SECOND).await.unwrap_err();
        let left = match cause(&error) {
            SignInError::NotPublished { next_in: Some(left), .. } => *left,
            other => panic!("{other:?}"),
        };
        assert_eq!(left, SECOND + LATE, "until the outcome of the next attempt is known");
        assert!(auth_cache::ErrorChain(&error).to_string().contains(why), "{error:?}");
        fleet.at(33 * MINUTE);
        Fleet::issues(&fleet.readers, HOUR);
        reader.token(SECOND).await.unwrap();
        // A success ends it.
        let published = fleet.publish(HOUR).await.unwrap();
        assert_eq!(fleet.reader().token(SECOND).await.unwrap(), published);
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_although_the_store_is_down() {
    let fleet = fleet();
    fleet.publishers.fails(SignInError::WrongCredentials);
    fleet.store.set(Mode::Down);
    let error = fleet.try_to_publish("user-a").await.unwrap_err();
    assert!(matches!(error, PublishError::SignIn(SignInError::WrongCredentials)), "{error:?}");
    assert!(!error.is_transient(), "nobody sends it again");
}

#[tokio::test]
async fn a_schedule_sends_a_wrong_password_once_in_each_period_however_often_it_is_repeated() {
    let fleet = fleet();
    let (publisher, user_a) = (fleet.publisher(), credentials("user-a"));
    fleet.publishers.fails(SignInError::WrongCredentials);
    for minute in 0..14 {
        fleet.at(minute * MINUTE);
        publisher.publish_when_due(&fleet.publishers, &user_a).await.unwrap_err();
    }
    assert_eq!(fleet.publishers.calls(), 1);
    // The other user's password is another one.
    Fleet::issues(&fleet.publishers, HOUR);
    publisher.publish_when_due(&fleet.publishers, &credentials("user-b")).await.unwrap();
    fleet.publishers.fails(SignInError::locked_out(None));
    fleet.try_to_publish("user-a").await.unwrap_err();
    // Schedules are not exact.
    fleet.at(13 * MINUTE + PERIOD - SECOND);
    Fleet::issues(&fleet.publishers, HOUR);
    publisher.publish_when_due(&fleet.publishers, &user_a).await.unwrap();
}

#[tokio::test]
async fn a_publisher_that_cannot_sign_in_otherwise_leaves_the_store_alone() {
    let fleet = fleet();
    let token = fleet.publish(HOUR).await.unwrap();
    for failure in [unavailable(), throttled(), SignInError::misconfigured("no such client")] {
        fleet.publishers.fails(failure);
        fleet.try_to_publish("user-a").await.unwrap_err();
    }
    fleet.store.set(Mode::Down);
    let error = fleet.publish(HOUR).await.unwrap_err();
    assert!(matches!(error, PublishError::Store(_)), "{error:?}");
    fleet.store.set(Mode::Good);
    assert_eq!(fleet.reader().token(SECOND).await.unwrap(), token);
    assert_eq!(fleet.store.writes(), 1);
}

#[tokio::test]
async fn neither_token_nor_password_is_shown() {
    let fleet = fleet();
    let mut canary = claims(Duration::ZERO, HOUR);
    canary["sub"] = json!("canary");
    fleet.store.put(&publication(&canary).to_string());
    fleet.store.gives_credentials(credentials("user-b"));
    let published = fleet.strict();
    let stored = auth_cache::TokenStore::read(&fleet.store).await.unwrap();
    let error = fleet.identity(fleet.strict()).token(SECOND).await.unwrap_err();
    let printed = format!("{published:?} {stored:?} {error} {error:?} {}", auth_cache::ErrorChain(&error));
    let text = unsigned(&canary.to_string());
    assert!(text.split('.').all(|part| part == "e30" || !printed.contains(part)), "{printed}");
    assert!(!printed.contains("canary"), "{printed}");
}
