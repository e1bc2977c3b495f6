//! Several identities: one cache per key.

use std::{num::NonZeroUsize, sync::Arc};

use auth_cache::{ManualClock, Token, TokenCaches};
use futures_util::FutureExt as _;

use crate::{
    observed::Counts,
    setup::{HOUR, setup, start},
};

fn caches(bound: usize) -> TokenCaches<String> {
    TokenCaches::new(NonZeroUsize::new(bound).unwrap())
}

#[tokio::test]
async fn keys_never_wait_for_one_another_and_keep_their_own_tokens() {
    let caches = caches(10);
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let a = caches.cache("a");
    assert!(a.get(&t.source).now_or_never().is_none());
    let source = Arc::new(|| async { Ok(Token::opaque("b".to_owned(), HOUR)?) });
    let token = caches.cache("b").get(&source).now_or_never().expect("no wait").unwrap();
    assert_eq!(token.authorization(), "b");
    t.source.open_gate();
    assert_ne!(a.get(&t.source).await.unwrap(), token);
    assert!(Arc::ptr_eq(&a, &caches.cache("a")), "a key keeps its cache");
}

#[test]
fn beyond_the_bound_the_least_recently_used_cache_goes_of_those_not_in_use_first() {
    let caches = caches(3);
    let pointers = |keys: &[&str]| keys.iter().map(|key| Arc::as_ptr(&caches.cache(*key))).collect::<Vec<_>>();
    let in_use = caches.cache("in use");
    let [old, recent] = pointers(&["old", "recent"])[..] else { panic!() };
    pointers(&["old"]);
    caches.cache("new");
    assert_eq!(pointers(&["old"]), [old], "it was used after `recent`");
    assert!(Arc::ptr_eq(&in_use, &caches.cache("in use")), "somebody uses it");
    let _ = recent; // its place may have been taken by another cache: no statement about it
    let all_in_use = ["in use", "old", "new"].map(|key| caches.cache(key));
    caches.cache("one more");
    assert!(!Arc::ptr_eq(&in_use, &caches.cache("in use")), "the bound holds even if all are in use");
    drop(all_in_use);
}

#[tokio::test]
async fn clearing_drops_the_tokens_even_of_caches_that_are_in_use() {
    let caches = caches(10);
    let t = setup();
    t.source.issues("a", HOUR);
    let in_use = caches.cache("a");
    in_use.get(&t.source).await.unwrap();
    caches.clear();
    t.source.close_gate();
    t.source.issues("b", HOUR);
    assert!(in_use.get(&t.source).now_or_never().is_none(), "it has to sign in");
    assert!(!Arc::ptr_eq(&in_use, &caches.cache("a")));
}

#[tokio::test]
async fn a_removed_key_starts_anew_with_the_clock_and_the_observer_of_the_others() {
    let counts = Arc::new(Counts::default());
    let clock = ManualClock::at(start());
    let caches = caches(10).with_clock(clock.clone()).with_observer(counts.clone());
    let t = setup();
    for expected in 1..=2 {
        t.source.issues("a", HOUR);
        caches.cache("a").get(&t.source).await.unwrap();
        assert_eq!(counts.refreshes().len(), expected);
        caches.remove("a");
    }
    t.source.issues("a", HOUR);
    caches.cache("a").get(&t.source).await.unwrap();
    clock.advance(HOUR);
    t.source.issues("b", HOUR);
    caches.cache("a").get(&t.source).await.unwrap();
    assert_eq!(t.source.calls(), 4, "their clock decides");
    assert!(format!("{caches:?}").contains("bound"));
}
