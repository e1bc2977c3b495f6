//! Passwords that nobody knows.

/// 64 characters, so that six random bits choose one. Each means nothing to JSON and to a shell.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
/// Six bits each: 192 bits.
const LENGTH: usize = 32;
/// Cognito takes no longer ones; a policy asks for 99 characters at the most.
const LONGEST: usize = 256;

/// A new password with characters of every class that a policy can ask for, and with at least as many as it asks for.
///
/// It is drawn again until every class is there, so that all passwords of this kind are equally likely.
pub(crate) fn generate(shortest: usize) -> Result<String, getrandom::Error> {
    let length = LENGTH.max(shortest).min(LONGEST);
    let mut random = vec![0; length];
    loop {
        getrandom::fill(&mut random)?;
        let password: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect();
        if has_every_class(&password) {
            return Ok(password);
        }
    }
}

fn has_every_class(password: &str) -> bool {
    let classes: [fn(&char) -> bool; 4] =
        [char::is_ascii_uppercase, char::is_ascii_lowercase, char::is_ascii_digit, char::is_ascii_punctuation];
    classes.iter().all(|class| password.chars().any(|character| class(&character)))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn a_password_has_every_class_and_the_length_that_a_policy_asks_for() {
        for (shortest, length) in [(6, 32), (32, 32), (99, 99), (1000, 256)] {
            for _ in 0..1000 {
                let password = generate(shortest).unwrap();
                assert_eq!(password.len(), length);
                assert!(has_every_class(&password), "{password}");
            }
        }
    }

    #[test]
    fn no_password_comes_twice_and_no_character_comes_too_often() {
        let passwords: HashSet<_> = (0..2000).map(|_| generate(0).unwrap()).collect();
        assert_eq!(passwords.len(), 2000);
        let mut counts = HashMap::new();
        for character in passwords.iter().flat_map(|password| password.chars()) {
            *counts.entry(character).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), ALPHABET.len());
        for (character, count) in counts {
            // There has to be one of the two symbols in each password, so 1575 are expected of each, and 981 of the others.
            let expected = if character.is_ascii_punctuation() { 1350..1800 } else { 800..1200 };
            assert!(expected.contains(&count), "{character} comes {count} times");
        }
    }

    #[test]
    fn the_alphabet_has_no_character_twice_and_none_that_needs_quotes() {
        assert_eq!(ALPHABET.iter().collect::<HashSet<_>>().len(), ALPHABET.len());
        assert!(ALPHABET.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte)));
    }
}
