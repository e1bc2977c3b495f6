//! Cases 53 and 54: what can be printed, and what stays in memory.

use auth_cache::{SignInError, Token};

use crate::{
    setup::{HOUR, setup, start},
    source::{jwt, unsigned},
};

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_token() {
    let t = setup();
    let token = t.sign_in("canary", HOUR).await;
    let error = SignInError::BadToken(Token::issued(unsigned(r#"{"canary":"canary"}"#)).unwrap_err());
    t.identity.invalidate(&token);
    t.source.issues("canary", HOUR);
    let rejected = t.get().await.unwrap_err();
    let text = std::str::from_utf8(token.header().as_bytes()).unwrap();
    let printed = format!(
        "{:?} {token:?} {:?} {:?} {error} {error:?} {rejected} {rejected:?}",
        t.identity,
        token.header(),
        token.bearer()
    );
    assert!(text.split('.').all(|part| part == "e30" || !printed.contains(part)), "{printed}");
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn the_header_value_is_marked_sensitive() {
    for token in [Token::issued(jwt("a", start(), HOUR)), Token::opaque("a".to_owned(), HOUR)] {
        assert!(token.unwrap().header().is_sensitive());
    }
}

/// Whether the memory of this very process shows a canary in the place where this token is, as a core dump or a snapshot
/// would.
#[cfg(target_os = "linux")]
fn canary_of(token: &Token) -> impl Fn() -> bool + use<> {
    use std::{fs::File, os::unix::fs::FileExt as _};

    let memory = File::open("/proc/self/mem").unwrap();
    let text = token.header().as_bytes();
    let (address, length) = (text.as_ptr() as u64, text.len());
    move || {
        let mut bytes = vec![0; length];
        memory.read_exact_at(&mut bytes, address).unwrap();
        bytes.windows(6).any(|window| window == b"canary")
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_token_that_a_cache_forgets_is_overwritten_in_memory() {
    let t = setup();
    t.source.gives(|_| Token::opaque("canary".repeat(100), HOUR).unwrap());
    let token = t.get().await.unwrap();
    let shows_canary = canary_of(&token);
    drop(token);
    t.get_now().unwrap();
    assert!(shows_canary(), "the cache has it");
    t.identity.forget();
    assert!(!shows_canary());
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_is_overwritten_in_memory_when_its_last_clone_is_dropped() {
    let token = Token::opaque("canary".repeat(100), HOUR).unwrap();
    let shows_canary = canary_of(&token);
    let clone = token.clone();
    drop(token);
    assert!(shows_canary(), "a clone is left");
    drop(clone);
    assert!(!shows_canary());
}
