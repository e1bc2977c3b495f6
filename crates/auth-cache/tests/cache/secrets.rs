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
    t.cache.invalidate(&token);
    t.source.issues("canary", HOUR);
    let rejected = t.get().await.unwrap_err();
    let text = std::str::from_utf8(token.authorization().as_bytes()).unwrap();
    let printed =
        format!("{:?} {token:?} {:?} {error} {error:?} {rejected} {rejected:?}", t.cache, token.authorization());
    assert!(text.split('.').all(|part| part == "e30" || !printed.contains(part)), "{printed}");
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn the_header_value_is_marked_sensitive() {
    for token in [Token::issued(jwt("a", start(), HOUR)), Token::opaque("a".to_owned(), HOUR)] {
        assert!(token.unwrap().authorization().is_sensitive());
    }
}

/// Reads the memory of this very process, as a core dump would.
#[cfg(target_os = "linux")]
#[test]
fn a_token_is_overwritten_in_memory_when_its_last_clone_is_dropped() {
    use std::{fs::File, os::unix::fs::FileExt as _};

    let memory = File::open("/proc/self/mem").unwrap();
    let read = |address: u64, length: usize| {
        let mut bytes = vec![0; length];
        memory.read_exact_at(&mut bytes, address).unwrap();
        bytes
    };
    let token = Token::opaque("canary".repeat(100), HOUR).unwrap();
    let (address, length) = (token.authorization().as_bytes().as_ptr() as u64, 600);
    let shows_canary = || read(address, length).windows(6).any(|window| window == b"canary");

    let clone = token.clone();
    drop(token);
    assert!(shows_canary(), "a clone is left");
    drop(clone);
    assert!(!shows_canary());
}
