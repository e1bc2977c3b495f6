//! Lists, page by page.

use std::time::{Duration, SystemTime};

use appsync::{AppSyncClient, Auth, Deadline, ErrorKind, Pages, RetryPolicy};
use auth_cache::ManualClock;
use futures_util::{StreamExt as _, TryStreamExt as _};
use operations::{ListOrders, list_orders};
use serde_json::json;

use crate::{
    setup::Setup,
    wire::{GetThing, Step, Variables, Wire, answer, json as answer_of},
};

#[tokio::test]
async fn all_orders_are_read_page_by_page_and_none_twice() {
    let t = Setup::start().await;
    let pages = t.appsync.paginate::<ListOrders>(
        |next_token| list_orders::Variables { limit: 2.into(), next_token: next_token.into(), ..Default::default() },
        |data| data.list_orders.next_token.as_deref(),
    );
    let pages: Vec<_> = pages.stream().map_ok(|data| data.list_orders.items).try_collect().await.unwrap();
    let mut ids: Vec<_> = pages.iter().flatten().map(|order| order.id.clone()).collect();
    assert!(pages.len() >= 2 && ids.len() >= 3, "{ids:?}");
    let listed = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), listed, "an order was listed twice");
}

/// A page that names this token as the next one, or none if it is empty.
fn page(next: &str) -> Step {
    Step::Answer(answer_of(json!({"data": {"thing": {"id": next, "size": 1}}})))
}

fn pages(client: &AppSyncClient) -> Pages<'_, GetThing> {
    client.paginate::<GetThing>(
        |token| Variables { note: token.unwrap_or_default() },
        |data| Some(data.thing.id.as_str()).filter(|token| !token.is_empty()),
    )
}

/// How many pages came, and how it ended.
async fn read(pages: Pages<'_, GetThing>) -> (usize, Option<ErrorKind>) {
    let results: Vec<_> = pages.stream().collect().await;
    let error = results.iter().find_map(|result| Some(result.as_ref().err()?.kind()));
    (results.iter().filter(|result| result.is_ok()).count(), error)
}

#[tokio::test]
async fn each_page_is_asked_for_with_the_token_of_the_one_before() {
    let wire = Wire::start([page("b"), page("c")], page("")).await;
    assert_eq!(read(pages(&wire.client())).await, (3, None));
    let tokens: Vec<_> = wire
        .requests()
        .iter()
        .map(|request| serde_json::from_slice::<serde_json::Value>(&request.body).unwrap()["variables"]["note"].clone())
        .collect();
    assert_eq!(tokens, ["", "b", "c"]);
}

#[tokio::test]
async fn a_token_that_comes_again_ends_the_list_with_an_error() {
    for (script, read_pages) in [(vec![], 2), (vec![page("b"), page("c"), page("a")], 4)] {
        let wire = Wire::start(script, page("b")).await;
        assert_eq!(read(pages(&wire.client())).await, (read_pages, Some(ErrorKind::Malformed)));
        assert_eq!(wire.requests().len(), read_pages, "no page is asked for twice");
    }
}

#[tokio::test]
async fn a_list_with_too_many_pages_is_not_taken_for_complete() {
    for (limit, expected) in [(3, (3, None)), (2, (2, Some(ErrorKind::TooLarge)))] {
        let wire = Wire::start([page("b"), page("c")], page("")).await;
        assert_eq!(read(pages(&wire.client()).at_most(limit)).await, expected);
        assert_eq!(wire.requests().len(), limit);
    }
}

#[tokio::test]
async fn all_pages_share_one_deadline() {
    let wire = Wire::start([page("b"), page("c")], page("")).await;
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let client = wire.client().with_clock(clock.clone());
    let pages = pages(&client).authorized_by(Auth::token("jwt").unwrap()).until(Deadline::longest(clock.now()));
    let mut pages = std::pin::pin!(pages.stream());
    assert!(pages.next().await.unwrap().is_ok());
    clock.advance(Duration::from_secs(31));
    assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(pages.next().await.is_none());
    assert_eq!(wire.requests().len(), 1);
    assert_eq!(wire.requests()[0].header("authorization"), Some("jwt"));
}

#[tokio::test]
async fn pages_can_have_another_retry_policy_than_their_client() {
    let unavailable = Step::Answer(answer("503 Service Unavailable", &[], ""));
    let wire = Wire::start([unavailable], page("")).await;
    let client = wire.client().with_retry(RetryPolicy::never());
    let at_once = RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO);
    assert_eq!(read(pages(&client).retried_by(at_once)).await, (1, None));
    assert_eq!(wire.requests().len(), 2);
}

#[tokio::test]
async fn a_page_that_nobody_asks_for_is_not_read() {
    let wire = Wire::start([page("b"), page("c")], page("")).await;
    let client = wire.client();
    let first: Vec<_> = pages(&client).stream().take(1).collect().await;
    assert_eq!((first.len(), wire.requests().len()), (1, 1));
}
