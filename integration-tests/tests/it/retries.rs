//! What bounds retries besides the kind of failure: policy, budget, deadline.

use std::time::{Duration, SystemTime};

use appsync::{Auth, Deadline, ErrorKind, RetryPolicy};
use auth_cache::ManualClock;

use crate::wire::{GetThing, SetThing, Step, Variables, Wire, answer, good};

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
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
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
