//! Every answer that Cognito, Parameter Store, Secrets Manager and a token endpoint can give, by the real sources and the
//! real clients of the SDK, in simulated time: what callers see of it, how often the service is called, and when they
//! recover. The result is a table in the crate's documentation, which this test compares:
//!
//! ```text
//! cargo test -p auth-cache --all-features --test matrix
//! WRITE_ANSWERS=1 cargo test -p auth-cache --all-features --test matrix   # writes the table anew
//! ```

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

mod aws;
#[path = "../cache/one_clock.rs"]
mod one_clock;
mod script;
mod table;
mod token_endpoint;

use std::{sync::Arc, thread, time::Duration};

use auth_cache::{CredentialsError, Identity, Renewal, SignInError, Token, TokenError};
use futures_util::future::join_all;

use crate::{
    one_clock::on_one_clock,
    script::{Answer, COGNITO, Place, REFRESH, SECRETS_MANAGER, SSM, Script, TOKEN_ENDPOINT},
    table::Row,
    token_endpoint::TokenEndpoint,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How long the fault lasts, with one invocation in each second.
const FAULT: u32 = 60;
/// How long the traffic goes on after that at most.
const AFTERWARDS: Duration = Duration::from_secs(130);
/// Within what time there is a new token if there is a way to one: after throttling, a pause of up to 4 s comes first, and
/// then the next invocation.
const SOON: Duration = Duration::from_secs(6);
/// How long an invocation waits for its token.
const LIMIT: Duration = Duration::from_millis(2500);

/// What the process holds when the fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    /// A token that is due for renewal.
    Valid,
    Ended,
}

/// What the failures of a sign-in have in common, by which the pauses go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Passes,
    Throttled,
    WrongCredentials,
    Lasts,
}

/// What callers saw.
struct Seen {
    /// During the fault.
    failures: Vec<TokenError>,
    /// When an invocation first had a new token, counted from the beginning of the fault.
    new_token_after: Option<Duration>,
    /// During the fault.
    calls: usize,
    wrong_passwords: usize,
}

#[test]
fn whatever_a_service_answers_only_invocations_without_any_way_to_a_token_fail_and_the_documented_table_is_right() {
    let endpoint = TokenEndpoint::start();
    let places = [
        (Place::SignIn, COGNITO),
        (Place::Refresh, COGNITO),
        (Place::Refresh, REFRESH),
        (Place::Cognito, COGNITO),
        (Place::SignInAfterRefresh, COGNITO),
        (Place::Ssm, SSM),
        (Place::SsmAgain, SSM),
        (Place::Secret, SECRETS_MANAGER),
        (Place::SecretAgain, SECRETS_MANAGER),
        (Place::TokenEndpoint, TOKEN_ENDPOINT),
    ];
    // One thread each: all that they wait for is the processor.
    let rows: Vec<Row> = thread::scope(|scope| {
        let play = |(place, answers): (Place, &'static [Answer])| {
            let endpoint = &endpoint;
            scope.spawn(move || answers.iter().map(|answer| row(place, *answer, endpoint)).collect::<Vec<_>>())
        };
        let threads = places.map(play);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let broken: Vec<_> = rows.iter().flat_map(|row| &row.broken).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    table::compare(&rows);
}

#[test]
fn while_the_refresh_token_works_a_process_that_has_had_a_token_needs_neither_the_password_nor_a_store() {
    for place in [Place::SignIn, Place::Ssm, Place::SsmAgain, Place::Secret, Place::SecretAgain] {
        for held in [Held::Valid, Held::Ended] {
            let script = Script::new(place, Answer::Reset);
            let seen = play(&script, &aws::identity(&script, Renewal::default()), held);
            assert_eq!(seen.broken(true, 1, Duration::ZERO), None, "{place:?}, {held:?}");
        }
    }
}

/// Plays what happens when a service answers so.
fn row(place: Place, answer: Answer, endpoint: &Arc<TokenEndpoint>) -> Row {
    let renewal = match place {
        Place::Refresh | Place::Cognito | Place::SignInAfterRefresh => Renewal::default(),
        _ => Renewal::Never,
    };
    let all = [Held::Nothing, Held::Valid, Held::Ended];
    let seen = all.map(|held| {
        let script = Script::new(place, answer);
        let identity = match place {
            Place::TokenEndpoint => endpoint.identity(&script),
            _ => aws::identity(&script, renewal),
        };
        (held, play(&script, &identity, held))
    });
    let error = seen[0].1.failures.iter().find_map(cause);
    let (calls, recovery) = bounds(place, answer, error.map(Class::of));
    let mut broken = Vec::new();
    for (held, seen) in &seen {
        let has_a_way = match place {
            _ if *held == Held::Valid => true,
            Place::Refresh => true,
            // The process that has no token has no refresh token either. And a password that gets no answer takes the time.
            Place::SignInAfterRefresh => *held == Held::Ended && answer != Answer::Never,
            _ => false,
        };
        let recovery = if has_a_way && *held != Held::Valid { Duration::ZERO } else { recovery };
        let what = seen.broken(has_a_way, calls, recovery);
        broken.extend(what.map(|what| format!("{place:?}, {answer}, {held:?}: {what}")));
    }
    let outcome = |(_, seen): &(Held, Seen)| match seen {
        Seen { failures, .. } if !failures.is_empty() => "fails",
        Seen { new_token_after: Some(after), .. } if *after < FAULT * SECOND => "new token",
        _ => "old token",
    };
    Row {
        place,
        answer,
        error: error.map(|error| describe(error, answer)),
        seen: seen.each_ref().map(outcome),
        calls,
        recovery,
        broken,
    }
}

impl Class {
    fn of(error: &SignInError) -> Self {
        match error {
            SignInError::WrongCredentials => Self::WrongCredentials,
            SignInError::Throttled { .. } | SignInError::Credentials(CredentialsError::Throttled { .. }) => {
                Self::Throttled
            }
            error if error.is_transient() => Self::Passes,
            _ => Self::Lasts,
        }
    }
}

/// How many calls are made at most during the fault, and how long it takes at most from then on until there is a new token.
fn bounds(place: Place, answer: Answer, class: Option<Class>) -> (usize, Duration) {
    let (attempts, recovery) = match class {
        // The refresh token alone does not work.
        None => (2, Duration::ZERO),
        // Ten pauses that double from 200 ms to 40 s take more than a minute, even if each is halved; and the last one within
        // the time of the first caller does not count.
        Some(Class::Passes) => (12, 45 * SECOND),
        Some(Class::Throttled) if matches!(answer, Answer::RetryAfter(30)) => (2, 45 * SECOND),
        // Jitter may take all of a pause: eight on average, and more than this once in fifty million times.
        Some(Class::Throttled) => (24, 45 * SECOND),
        Some(Class::WrongCredentials) => (1, 2 * MINUTE),
        Some(Class::Lasts) => (2, MINUTE),
    };
    // A connection that was lost is tried twice.
    let twice = if matches!(answer, Answer::Reset) { 2 } else { 1 };
    let calls = match place {
        Place::Refresh => 3,
        // The refresh token is tried before the password, and where it works again, after it.
        Place::Cognito | Place::SignInAfterRefresh => attempts * twice + 2,
        // Reading, signing in, reading again, and once more if the connection is lost.
        Place::SsmAgain | Place::SecretAgain => 4,
        _ => attempts * twice,
    };
    (calls, recovery)
}

impl Seen {
    /// What does not hold.
    fn broken(&self, has_a_way: bool, calls: usize, recovery: Duration) -> Option<String> {
        let Self { failures, new_token_after, .. } = self;
        let recovered = new_token_after.unwrap_or(Duration::MAX);
        // An invocation comes once a second and takes its time. Who has a way to a token does not wait for the fault's end.
        let longest = if recovery.is_zero() { SOON } else { FAULT * SECOND + recovery + 2 * SECOND };
        if has_a_way != failures.is_empty() {
            Some(format!("{} failures, such as {:?}", failures.len(), failures.first()))
        } else if self.calls > calls || self.wrong_passwords > 1 {
            Some(format!("{} calls, {} wrong passwords", self.calls, self.wrong_passwords))
        } else if recovered > longest {
            Some(format!("a new token only after {recovered:?}"))
        } else {
            None
        }
    }
}

/// Plays a fault of a minute and what comes after it, with an invocation in each second.
fn play(script: &Script, identity: &Identity, held: Held) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(on_one_clock(&script.clock, traffic(identity, script, held)))
}

async fn traffic(identity: &Identity, script: &Script, held: Held) -> Seen {
    let old = match held {
        Held::Nothing => None,
        Held::Valid | Held::Ended => Some(identity.token(LIMIT).await.unwrap()),
    };
    script.clock.advance(match held {
        Held::Nothing | Held::Valid => 50 * MINUTE,
        Held::Ended => 61 * MINUTE,
    });
    script.begin();
    let begun_at = script.clock.now();
    let invoke = async || {
        let result = identity.token(LIMIT).await;
        (script.clock.now().duration_since(begun_at).unwrap(), result)
    };
    let invocations = (0..FAULT).map(|second| async move {
        tokio::time::sleep(second * SECOND).await;
        invoke().await
    });
    let end = async {
        tokio::time::sleep(FAULT * SECOND).await;
        script.end()
    };
    let (during, (calls, wrong_passwords)) = tokio::join!(join_all(invocations), end);

    let is_new = |token: &Token| Some(token) != old.as_ref();
    let new = during.iter().filter(|(_, result)| result.as_ref().is_ok_and(is_new));
    let mut new_token_after = new.map(|(after, _)| *after).min();
    while new_token_after.is_none() && script.clock.now() < begun_at + FAULT * SECOND + AFTERWARDS {
        let ((), (after, result)) = tokio::join!(tokio::time::sleep(SECOND), invoke());
        new_token_after = result.ok().filter(is_new).map(|_| after);
    }
    let failures = during.into_iter().filter_map(|(_, result)| result.err()).collect();
    Seen { failures, new_token_after, calls, wrong_passwords }
}

fn cause(error: &TokenError) -> Option<&SignInError> {
    match error {
        TokenError::SignIn { source, .. } => Some(source),
        _ => None,
    }
}

/// What an error says, whatever the code of the answer is.
fn describe(error: &SignInError, answer: Answer) -> String {
    let text = match error {
        SignInError::Misconfigured { reason, .. } => reason.clone(),
        SignInError::Credentials(error) => error.to_string(),
        error => error.to_string(),
    };
    match answer {
        Answer::Error(_, code, _) => text.replace(code, "…"),
        _ => text,
    }
}
