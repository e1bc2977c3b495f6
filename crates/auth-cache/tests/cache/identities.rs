//! Several identities, one per key.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_cache::{Identities, Identity, ManualClock, SignInError, Token, TokenSource};
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{
    observed::Counts,
    setup::{HOUR, SECOND, start},
};

/// Identities whose tokens tell the key and how often a source was made or has forgotten.
struct Setup {
    identities: Identities<String>,
    clock: ManualClock,
    counts: Arc<Counts>,
    made: Arc<AtomicUsize>,
}

fn setup(bound: usize) -> Setup {
    let clock = ManualClock::at(start());
    let counts = Arc::new(Counts::default());
    Setup { identities: Identities::new(NonZeroUsize::new(bound).unwrap()), clock, counts, made: Arc::default() }
}

impl Setup {
    fn identity(&self, key: &str) -> Identity {
        self.identities.get(key, |key| {
            let (key, number) = (key.to_owned(), self.made.fetch_add(1, Ordering::Relaxed));
            self.observed(Identity::new(move || {
                let text = format!("{key} {number}");
                async move { Ok(Token::opaque(text, HOUR)?) }
            }))
        })
    }

    fn observed(&self, identity: Identity) -> Identity {
        identity.with_clock(self.clock.clone()).with_observer(self.counts.clone())
    }

    /// The token of `key`, a second later than what came before.
    fn token(&self, key: &str) -> String {
        text(&self.identity(key), &self.clock)
    }
}

fn text(identity: &Identity, clock: &ManualClock) -> String {
    clock.advance(SECOND);
    let token = identity.token(SECOND).now_or_never().expect("the source answers at once").unwrap();
    token.header().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_never_wait_for_one_another_and_keep_their_own_tokens() {
    let t = setup(10);
    let never = || -> BoxFuture<'static, _> { Box::pin(std::future::pending()) };
    let never = t.identities.get("a", |_| t.observed(Identity::new(never)));
    assert!(never.token(SECOND).now_or_never().is_none());
    assert_eq!(t.token("b"), "b 0");
    assert_eq!(t.token("b"), "b 0");
    assert_eq!(t.token("c"), "c 1");
}

#[tokio::test]
async fn beyond_the_bound_the_identity_goes_whose_token_was_asked_for_least_recently() {
    let t = setup(3);
    let held = t.identity("held");
    for key in ["held", "old", "new"] {
        t.token(key);
    }
    // It is used without asking for it by its key, as a client does that holds it.
    assert_eq!(text(&held, &t.clock), "held 0");
    t.token("one more");
    assert_eq!(t.token("held"), "held 0");
    assert_eq!(t.token("new"), "new 2");
    assert_eq!(t.token("old"), "old 4", "it had to go");
    assert_eq!(t.token("held"), "held 0");
}

#[tokio::test]
async fn an_identity_that_had_to_go_still_works_for_those_who_hold_it() {
    let t = setup(1);
    let held = t.identity("a");
    assert_eq!(text(&held, &t.clock), "a 0");
    assert_eq!(t.token("b"), "b 1");
    assert_eq!(text(&held, &t.clock), "a 0");
    assert_eq!(t.token("b"), "b 1", "the bound holds");
}

/// A source that forgets.
struct Forgetful(Arc<AtomicUsize>);

impl TokenSource for Forgetful {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        Ok(Token::opaque(format!("after {}", self.0.load(Ordering::Relaxed)), HOUR)?)
    }

    fn forget(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn removing_and_clearing_drop_tokens_and_what_sources_keep_even_of_identities_that_are_held() {
    for drop_it in [|identities: &Identities<String>| identities.remove("a"), Identities::clear] {
        let t = setup(10);
        let forgotten = Arc::new(AtomicUsize::new(0));
        let held = t.identities.get("a", |_| t.observed(Identity::new(Forgetful(Arc::clone(&forgotten)))));
        assert_eq!(text(&held, &t.clock), "after 0");
        drop_it(&t.identities);
        assert!(forgotten.load(Ordering::Relaxed) > 0);
        assert_ne!(text(&held, &t.clock), "after 0");
        assert_eq!(t.token("a"), "a 0", "the key has another one");
    }
}

#[cfg(feature = "snapstart")]
#[tokio::test]
async fn a_snapshot_holds_no_token_of_any_key() {
    use lambda_runtime::SnapStartResource as _;

    let t = setup(10);
    let held = t.identity("a");
    for hook in ["before", "after"] {
        let before = t.token("a");
        match hook {
            "before" => t.identities.before_snapshot().await.unwrap(),
            _ => t.identities.after_restore().await.unwrap(),
        }
        assert_ne!(t.token("a"), before, "{hook}");
    }
    let signed_in = t.counts.refreshes().len();
    text(&held, &t.clock);
    assert_eq!(t.counts.refreshes().len(), signed_in + 1, "nor has one that is held");
}
