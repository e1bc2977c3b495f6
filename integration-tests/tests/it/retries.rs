//! What bounds retries besides the kind of failure: policy, budget, deadline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use appsync::{AppSyncClient, Auth, Deadline, ErrorKind, Iam, RetryPolicy};
use auth_cache::{Identity, ManualClock, Token};
use aws_credential_types::provider::{ProvideCredentials, future};

use crate::setup::{ends_after, until};
use crate::wire::{GetThing, SetThing, Step, Variables, Wire, answer, good, http_client};

fn unavailable() -> Step {
    Step::Answer(answer("503 Service Unavailable", &[], ""))
}

fn at_once() -> RetryPolicy {
    RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO)
}

#[tokio::test]
async fn an_operation_can_have_another_policy_than_its_client() {
    let wire = Wire::always(unavailable()).await;
    let client = wire.client().with_retry(RetryPolicy::never());
    client.execute::<GetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(wire.requests().len(), 1);
    let five = at_once().with_max_attempts(5);
    client.execute::<GetThing>(Variables::default()).retried_by(five).await.unwrap_err();
    assert_eq!(wire.requests().len(), 6);
}

#[tokio::test]
async fn while_all_calls_fail_the_budget_ends_the_retries_of_all_clones() {
    let wire = Wire::always(unavailable()).await;
    let client = wire.client().with_retry(at_once());
    let call = async || {
        let before = wire.requests().len();
        client.clone().execute::<GetThing>(Variables::default()).await.unwrap_err();
        wire.requests().len() - before
    };
    for _ in 0..50 {
        assert_eq!(call().await, 3);
    }
    assert_eq!(call().await, 1, "the budget of 500 has paid 100 retries of 5");
}

#[tokio::test]
async fn success_fills_the_budget_up_again() {
    let script = std::iter::repeat_n(unavailable(), 151).chain(std::iter::repeat_n(Step::Answer(good()), 5));
    let wire = Wire::start(script, unavailable()).await;
    let client = wire.client().with_retry(at_once());
    for _ in 0..51 {
        client.execute::<GetThing>(Variables::default()).await.unwrap_err();
    }
    for _ in 0..5 {
        client.execute::<GetThing>(Variables::default()).await.unwrap();
    }
    client.execute::<GetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(wire.requests().len(), 151 + 5 + 2, "five calls without a retry pay for one");
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let wire = Wire::always(Step::Answer(good())).await;
    let clock = clock();
    let deadline = Deadline::longest(clock.now());
    clock.advance(Duration::from_secs(30));
    let client = wire.client().with_clock(clock);
    let caller = Auth::token("jwt").unwrap();
    let error =
        client.execute::<GetThing>(Variables::default()).authorized_by(caller).until(deadline).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(!error.may_have_executed());
    assert_eq!(wire.connections(), 0);
}

/// Signs in as often as told, with `token-1`, `token-2` and so on, and then never again; counts how often it was begun.
fn identity_that_hangs_after(sign_ins: usize, begun: &Arc<AtomicUsize>) -> Identity {
    let begun = Arc::clone(begun);
    Identity::new(move || {
        let nth = begun.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            if nth > sign_ins {
                std::future::pending::<()>().await;
            }
            Ok(Token::opaque(format!("token-{nth}"), Duration::from_secs(3600))?)
        }
    })
}

/// Never has credentials; counts how often it was asked.
#[derive(Debug)]
struct Silent(Arc<AtomicUsize>);

impl ProvideCredentials for Silent {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.fetch_add(1, Ordering::SeqCst);
        future::ProvideCredentials::new(std::future::pending())
    }
}

fn clock() -> ManualClock {
    ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

/// Shorter than any other limit on the way.
const LIMIT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_sign_in_that_hangs_ends_at_the_deadline_and_nothing_is_sent() {
    let wire = Wire::always(Step::Answer(good())).await;
    let [identity, iam] = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    for (auth, begun) in [
        (Auth::from(identity_that_hangs_after(0, &identity)), &identity),
        (Auth::from(Iam::in_region(Silent(Arc::clone(&iam)), "eu-west-1")), &iam),
    ] {
        let clock = clock();
        let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), auth).with_clock(clock.clone());
        let call = client.execute::<SetThing>(Variables::default()).until(Deadline::after(clock.now(), LIMIT));
        let is_waiting = until(|| begun.load(Ordering::SeqCst) == 1);
        let error = ends_after(LIMIT, &clock, is_waiting, call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
        assert!(!error.may_have_executed());
    }
    assert_eq!(wire.connections(), 0);
}

#[tokio::test]
async fn a_sign_in_that_hangs_after_a_refused_token_ends_at_the_deadline() {
    let refusal = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Token has expired."}]}"#;
    let wire = Wire::always(Step::Answer(answer("401 Unauthorized", &[], refusal))).await;
    let (clock, begun) = (clock(), Arc::new(AtomicUsize::new(0)));
    let identity = identity_that_hangs_after(1, &begun);
    let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), identity).with_clock(clock.clone());
    let call = client.execute::<SetThing>(Variables::default()).until(Deadline::after(clock.now(), LIMIT));
    let is_waiting = until(|| begun.load(Ordering::SeqCst) == 2);
    let error = ends_after(LIMIT, &clock, is_waiting, call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
    assert!(!error.may_have_executed(), "a refused token executes nothing");
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_never_ready_ends_at_the_deadline_and_nothing_is_executed() {
    // It waits for the server's part of the TLS handshake.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/graphql", silent.local_addr().unwrap()).parse().unwrap();
    let client = AppSyncClient::new(http_client(), url, Auth::api_key("da2-key").unwrap());
    let clock = clock();
    let client = client.with_clock(clock.clone());
    let call = client.execute::<SetThing>(Variables::default()).until(Deadline::after(clock.now(), LIMIT));
    let is_waiting = async { drop(silent.accept().await.map(|(stream, _)| std::mem::forget(stream))) };
    let error = ends_after(LIMIT, &clock, is_waiting, call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
    assert!(!error.may_have_executed());
}

#[tokio::test]
async fn a_pause_that_ends_after_the_deadline_is_not_made_and_the_caller_learns_of_it() {
    let wire = Wire::always(Step::Answer(answer("429 Too Many Requests", &["retry-after: 30"], ""))).await;
    let error = wire.client().execute::<GetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_hangs_is_given_up_for_another_if_the_policy_says_so() {
    let wire = Wire::start([Step::AnswerWithoutEnd(Vec::new(), Vec::new())], Step::Answer(good())).await;
    let policy = at_once().with_attempt_timeout(Duration::from_secs(2));
    wire.client().execute::<GetThing>(Variables::default()).retried_by(policy).await.unwrap();
    assert_eq!(wire.requests().len(), 2);
}

#[tokio::test]
async fn a_mutation_whose_replay_is_lost_is_not_sent_a_third_time() {
    let refusal = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Token has expired."}]}"#;
    let refusal = Step::Answer(answer("401 Unauthorized", &[], refusal));
    let wire = Wire::start([refusal, Step::ResetAfter], Step::Answer(good())).await;
    let client = wire.client().with_retry(at_once());
    let error = client.execute::<SetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.may_have_executed());
    assert_eq!(wire.requests().len(), 2);
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    let throttled = Step::Answer(answer("429 Too Many Requests", &["retry-after: 3600"], ""));
    let wire = Wire::start([Step::ResetAfter], throttled).await;
    let client = wire.client().with_retry(at_once());
    let error = client.execute::<SetThing>(Variables::default()).idempotent().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.may_have_executed());
}
