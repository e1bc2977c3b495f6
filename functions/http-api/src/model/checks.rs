use std::ops::RangeInclusive;

use appsync::scalars::AWSEmail;

use crate::problem::{Problem, Violation};

/// What is wrong with a body that has the right types: all of it, not only the first thing.
#[derive(Default)]
pub(super) struct Checks(Vec<Violation>);

impl Checks {
    pub(super) fn holds(&mut self, condition: bool, pointer: impl AsRef<str>, detail: impl Into<String>) {
        if !condition {
            self.0.push(Violation::at(pointer, detail));
        }
    }

    /// In characters.
    pub(super) fn length(&mut self, pointer: impl AsRef<str>, text: &str, length: RangeInclusive<usize>) {
        let detail = format!("should have {} to {} characters", length.start(), length.end());
        self.holds(length.contains(&text.chars().count()), pointer, detail);
    }

    pub(super) fn email(&mut self, pointer: &str, text: &str) -> Option<AWSEmail> {
        let email = email(text);
        self.holds(email.is_some(), pointer, "should be an e-mail address");
        email
    }

    /// The value that was checked, or all that is wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::invalid_body(self.0)),
        }
    }
}

/// An address as the document's pattern says. AppSync takes some more, which nobody has.
pub(super) fn email(text: &str) -> Option<AWSEmail> {
    let (name, domain) = text.split_once('@')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+'-".contains(&b));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_fine = is_name && domain.contains('.') && domain.split('.').all(is_label) && text.len() <= 254;
    is_fine.then(|| AWSEmail::new(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for address in ["ada@example.com", "o'neil+tag%x@sub-domain.example.co.uk", "a@b.c"] {
            assert!(email(address).is_some(), "{address}");
        }
        for other in
            ["", "ada", "@example.com", "ada@", "ada@example", "a b@c.d", "a@b..c", "a@-b.c", "a@b@c.d", "ä@b.c"]
        {
            assert_eq!(email(other), None, "{other}");
        }
    }
}
