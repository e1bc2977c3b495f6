//! Cases 10-17: when a token is fresh, due, and over.

use std::time::{Duration, SystemTime};

use auth_cache::{Identity, ManualClock, SignInError, Token};
use futures_util::FutureExt as _;

use crate::{
    setup::{HOUR, MINUTE, SECOND, Setup, cause, setup, start, unavailable},
    source::{jwt, unsigned},
};

/// What a get does.
#[derive(Debug, PartialEq)]
enum Does {
    /// It uses the token from memory.
    Hits,
    /// It renews the token while others are served.
    Renews,
    /// It renews the token, and all others wait.
    Waits,
}

/// What a get does now, if the source does not answer.
fn does(t: &Setup) -> Does {
    t.source.close_gate();
    t.source.issues("next", HOUR);
    let mut first = Box::pin(t.get());
    match first.as_mut().now_or_never() {
        Some(_) => Does::Hits,
        None => match t.get().now_or_never() {
            Some(_) => Does::Renews,
            None => Does::Waits,
        },
    }
}

#[tokio::test]
async fn a_token_is_renewed_and_waited_for_from_the_second_on_that_it_should() {
    let table = [
        // Life, time since the sign-in, what a get does.
        (HOUR, Duration::ZERO, Does::Hits),
        (HOUR, HOUR * 60 / 100 - SECOND, Does::Hits), // jitter lets it begin between 60 and 75 %
        (HOUR, HOUR * 75 / 100, Does::Renews),
        (HOUR, HOUR - 61 * SECOND, Does::Renews),
        (HOUR, HOUR - 60 * SECOND, Does::Waits),
        (HOUR, HOUR - SECOND, Does::Waits),
        (HOUR, HOUR, Does::Waits),
        (HOUR, 100 * HOUR, Does::Waits),
        (24 * HOUR, 24 * HOUR - 61 * SECOND, Does::Renews),
        (24 * HOUR, 24 * HOUR - 60 * SECOND, Does::Waits),
        (5 * MINUTE, 3 * MINUTE - SECOND, Does::Hits),
        (5 * MINUTE, 4 * MINUTE - SECOND, Does::Renews),
        (5 * MINUTE, 4 * MINUTE, Does::Waits),
        // A quarter of a short life is less than a minute.
        (20 * SECOND, 11 * SECOND, Does::Hits),
        (20 * SECOND, 15 * SECOND, Does::Waits),
    ];
    for (life, elapsed, expected) in table {
        let t = setup();
        t.sign_in("a", life).await;
        t.at(elapsed);
        assert_eq!(does(&t), expected, "life {life:?}, after {elapsed:?}");
    }
}

#[tokio::test]
async fn the_expiry_is_the_tokens_own_claim_and_a_lifetime_counts_from_before_the_request_if_there_is_none() {
    for (token, expires_after) in [
        (Token::issued(jwt("a", start(), HOUR)), HOUR),
        (Token::stored(jwt("a", start() - HOUR / 2, HOUR)), HOUR / 2),
        (Token::opaque("opaque".to_owned(), HOUR), HOUR),
    ] {
        let t = setup();
        let token = token.unwrap();
        t.source.close_gate();
        t.source.gives(move |_| token);
        let mut caller = Box::pin(t.get());
        assert!(caller.as_mut().now_or_never().is_none());
        t.clock.advance(5 * SECOND);
        t.source.open_gate();
        let token = caller.await.unwrap();

        // A failing source shows until when the token is served at the most.
        t.at(expires_after - SECOND / 10);
        t.source.fails(unavailable());
        assert_eq!(t.get().await.unwrap(), token);
        t.at(expires_after);
        t.source.fails(unavailable());
        t.get_without_time().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_token_that_lives_for_seconds_is_served_for_half_of_its_life_and_more() {
    for life in 1..=90 {
        let t = setup();
        let life = life * SECOND;
        t.sign_in("a", life).await;
        t.at(life / 2);
        t.get_now().unwrap();
        assert_eq!(t.source.calls(), 1, "{life:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_expired_or_says_nothing_of_its_expiry_is_a_failure_and_not_repeated_at_once() {
    let t = setup();
    t.source.issues("a", Duration::ZERO);
    assert!(matches!(cause(&t.get().await.unwrap_err()), SignInError::ExpiredOnArrival));
    t.get().await.unwrap_err();
    assert_eq!(t.source.calls(), 1, "no loop");

    let t = setup();
    t.source.fails(Token::issued(unsigned("{}")).unwrap_err().into());
    assert!(matches!(cause(&t.get().await.unwrap_err()), SignInError::BadToken(_)));
    t.get().await.unwrap_err();
    assert_eq!(t.source.calls(), 1, "no loop");
}

#[tokio::test]
async fn a_token_that_expires_while_its_caller_is_frozen_is_replaced() {
    let t = setup();
    let token = jwt("a", start(), HOUR);
    t.source.gives(move |_| Token::stored(token).unwrap());
    t.source.close_gate();
    let mut caller = Box::pin(t.get());
    assert!(caller.as_mut().now_or_never().is_none());
    t.clock.advance(2 * HOUR);
    t.source.open_gate();
    t.source.issues("b", HOUR);
    assert_eq!(caller.await.unwrap().header(), jwt("b", t.clock.now(), HOUR).as_str());
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_causes_a_sign_in_and_one_that_is_set_back_lengthens_no_life() {
    for hours in [2, 24 * 365 * 200] {
        let t = setup();
        t.sign_in("a", HOUR).await;
        t.clock.advance(hours * HOUR);
        t.sign_in("b", HOUR).await;
        assert_eq!(t.source.calls(), 2);
    }
    for hours in [2, 24 * 365 * 50] {
        let t = setup();
        t.sign_in("a", HOUR).await;
        t.clock.set_back(hours * HOUR);
        t.sign_in("b", HOUR).await;
        assert_eq!(t.source.calls(), 2);
    }
}

#[tokio::test]
async fn a_clock_that_is_corrected_by_a_second_or_two_costs_nothing() {
    let t = setup();
    let token = t.sign_in("a", HOUR).await;
    t.clock.set_back(2 * SECOND);
    assert_eq!(t.get_now().unwrap(), token);
    t.clock.set_back(Duration::from_millis(1));
    t.sign_in("b", HOUR).await;
}

#[tokio::test]
async fn a_pause_after_a_failure_ends_when_the_clock_is_set_back() {
    let t = setup();
    t.source.fails(SignInError::WrongCredentials);
    t.get().await.unwrap_err();
    t.clock.set_back(HOUR);
    t.sign_in("a", HOUR).await;
}

#[tokio::test(start_paused = true)]
async fn a_monotonic_clock_that_stands_still_does_not_lengthen_a_life() {
    // Tokio's clock, which is the monotonic one, stands still in this test.
    let t = setup();
    t.sign_in("a", HOUR).await;
    t.clock.advance(HOUR);
    t.sign_in("b", HOUR).await;
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_local_clock_that_is_five_minutes_off_either_way_is_made_up_for_within_bounds() {
    for issuers_clock in [start() - 5 * MINUTE, start() + 5 * MINUTE] {
        let t = setup();
        let token = jwt("a", issuers_clock, HOUR);
        t.source.gives(move |_| Token::issued(token).unwrap());
        let token = t.get().await.unwrap();
        t.at(HOUR - 2 * SECOND);
        t.source.fails(unavailable());
        assert_eq!(t.get().await.unwrap(), token);
        t.at(HOUR);
        t.source.fails(unavailable());
        t.get_without_time().await.unwrap_err();
    }
    let t = setup();
    let token = jwt("a", start() - HOUR / 2, HOUR);
    t.source.gives(move |_| Token::issued(token).unwrap());
    t.get().await.unwrap();
    t.at(40 * MINUTE);
    t.source.fails(unavailable());
    t.get_without_time().await.unwrap_err(); // ten minutes beyond `exp` at the most
}

#[tokio::test]
async fn a_cache_that_was_never_filled_is_empty_at_any_time() {
    for now in [SystemTime::UNIX_EPOCH, start(), start() + 24 * 365 * 200 * HOUR] {
        let clock = ManualClock::at(now);
        let identity = Identity::new(|| async { Err::<Token, _>(SignInError::misconfigured("nothing there")) });
        identity.with_clock(clock).token(SECOND).await.unwrap_err();
    }
}

#[tokio::test]
async fn tokens_of_the_same_life_are_renewed_at_times_that_differ() {
    let mut renewed = 0;
    for _ in 0..64 {
        let t = setup();
        t.sign_in("a", HOUR).await;
        t.at(HOUR * 675 / 1000); // in the middle of the time in which renewals begin
        match does(&t) {
            Does::Hits => (0..100).for_each(|_| _ = t.get_now().expect("it is drawn once")),
            Does::Renews => renewed += 1,
            Does::Waits => panic!("it is not about to expire"),
        }
    }
    // All or none: the odds of a fair draw are below one in a billion.
    assert!((4..=60).contains(&renewed), "{renewed} of 64");
}
