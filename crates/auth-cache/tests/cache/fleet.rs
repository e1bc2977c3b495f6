//! Many processes that sign in as one user: a burst of cold starts, an outage, a lock-out.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use auth_cache::{Identity, ManualClock, SignInError, Token, TokenSource};
use futures_util::future::join_all;

use crate::setup::{HOUR, MINUTE, SECOND, on_one_clock, start, throttled, unavailable};

/// What Cognito takes of one user: ten sign-ins a second.
const QUOTA: u32 = 10;
const LATENCY: Duration = Duration::from_millis(100);

/// Cognito as all processes see it.
struct Cognito {
    clock: ManualClock,
    fault: Option<(Duration, fn() -> SignInError)>,
    books: Mutex<Books>,
}

struct Books {
    calls: Vec<Duration>,
    throttled: usize,
    /// What is left of the quota, and when that was.
    quota: (f64, SystemTime),
}

impl Cognito {
    /// Fails with `fault` until so long after the start, if there is one.
    fn new(fault: Option<(Duration, fn() -> SignInError)>) -> Arc<Self> {
        let quota = (f64::from(QUOTA), start());
        let books = Mutex::new(Books { calls: Vec::new(), throttled: 0, quota });
        Arc::new(Self { clock: ManualClock::at(start()), fault, books })
    }

    fn elapsed(&self) -> Duration {
        self.clock.now().duration_since(start()).unwrap()
    }

    fn calls_between(&self, from: Duration, until: Duration) -> usize {
        self.books.lock().unwrap().calls.iter().filter(|&&at| from <= at && at < until).count()
    }
}

impl TokenSource for Cognito {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let answer = {
            let (now, elapsed) = (self.clock.now(), self.elapsed());
            let mut books = self.books.lock().unwrap();
            books.calls.push(elapsed);
            let (left, since) = books.quota;
            let refilled = now.duration_since(since).unwrap().as_secs_f64() * f64::from(QUOTA);
            let left = (left + refilled).min(f64::from(QUOTA));
            match self.fault {
                Some((end, fault)) if elapsed < end => Err(fault()),
                _ if left < 1.0 => {
                    books.throttled += 1;
                    books.quota = (left, now);
                    Err(throttled())
                }
                _ => {
                    books.quota = (left - 1.0, now);
                    Ok(Token::opaque("token".to_owned(), HOUR)?)
                }
            }
        };
        tokio::time::sleep(LATENCY).await;
        answer
    }
}

/// So many processes start at once and make three calls each. Returns how many calls failed, and how many sign-ins were
/// throttled.
async fn burst_of_cold_starts(processes: usize, limit: Duration) -> (usize, usize) {
    let cognito = Cognito::new(None);
    let all: Vec<_> =
        (0..processes).map(|_| Identity::new(cognito.clone()).with_clock(cognito.clock.clone())).collect();
    let calls = all.iter().flat_map(|identity| [identity; 3]).map(|identity| identity.token(limit));
    let results = on_one_clock(&cognito.clock, join_all(calls)).await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    let throttled = cognito.books.lock().unwrap().throttled;
    (failed, throttled)
}

#[tokio::test(start_paused = true)]
async fn fifty_processes_that_start_at_once_all_get_their_token() {
    let (failed, throttled) = burst_of_cold_starts(50, 20 * SECOND).await;
    assert_eq!(failed, 0);
    assert!(throttled <= 3 * 50, "{throttled}");
}

#[tokio::test(start_paused = true)]
async fn two_hundred_processes_that_start_at_once_use_up_the_twenty_seconds_that_the_quota_needs() {
    let (failed, throttled) = burst_of_cold_starts(200, 20 * SECOND).await;
    assert!(failed <= 6, "{failed} of 600");
    assert!(throttled <= 3 * 200, "{throttled}");
}

/// So many processes start at once, and make one call after the other, each of which may take so long and begins when the
/// time of the last one is over. Returns how many of each round failed.
async fn rounds<const N: usize>(processes: usize, limits: [Duration; N]) -> [usize; N] {
    let cognito = Cognito::new(None);
    let failed = [const { Cell::new(0) }; N];
    let process = || async {
        let identity = Identity::new(cognito.clone()).with_clock(cognito.clock.clone());
        for (limit, failed) in limits.into_iter().zip(&failed) {
            let (result, ()) = tokio::join!(identity.token(limit), tokio::time::sleep(limit));
            failed.set(failed.get() + usize::from(result.is_err()));
        }
    };
    on_one_clock(&cognito.clock, join_all((0..processes).map(|_| process()))).await;
    failed.map(Cell::into_inner)
}

#[tokio::test(start_paused = true)]
async fn after_a_burst_the_next_invocations_are_not_kept_from_a_quota_that_is_free_again() {
    let warm_up_and_invocations = [8 * SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND];
    let failed = rounds(200, warm_up_and_invocations).await;
    assert!(failed[1..].iter().sum::<usize>() <= 90, "{failed:?}: of 600");
    assert!(failed[3] <= 15, "{failed:?}");

    let short = [SECOND * 5 / 2; 6];
    let failed = rounds(50, short).await;
    assert_eq!(failed[4..], [0, 0], "{failed:?}");
}

/// Two hundred processes that are called every two seconds through five minutes of `fault`. Returns after how long each
/// has a token, counted from the end of the fault.
async fn outage(cognito: &Arc<Cognito>, end: Duration) -> Vec<Duration> {
    let processes = (0..200).map(|_| async {
        let identity = Identity::new(cognito.clone()).with_clock(cognito.clock.clone());
        loop {
            let ((), result) = tokio::join!(tokio::time::sleep(2 * SECOND), identity.token(20 * SECOND));
            if result.is_ok() {
                return cognito.elapsed().saturating_sub(end);
            }
        }
    });
    let mut recovered = on_one_clock(&cognito.clock, join_all(processes)).await;
    recovered.sort();
    recovered
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_made_worse_and_over_forty_seconds_after_its_end() {
    for fault in [unavailable as fn() -> SignInError, throttled, || SignInError::locked_out(None)] {
        let end = 5 * MINUTE;
        let cognito = Cognito::new(Some((end, fault)));
        let recovered = outage(&cognito, end).await;

        let by_second: BTreeMap<u64, usize> =
            (0..360).map(|second| (second, cognito.calls_between(seconds(second), seconds(second + 1)))).collect();
        // The mean over twenty seconds: in a single second, a few more may fall together.
        for second in 60..300 {
            let calls = cognito.calls_between(seconds(second), seconds(second + 20));
            assert!(calls <= 200, "{calls} in the twenty seconds after {second} s: {by_second:?}");
        }
        assert!(recovered[10] <= 5 * SECOND, "{recovered:?}");
        assert!(recovered[100] <= 25 * SECOND, "{recovered:?}");
        assert!(recovered[190] <= 42 * SECOND, "{recovered:?}");
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
