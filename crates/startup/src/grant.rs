use std::sync::Arc;

/// What a caller's token may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// Membership in this group of the user pool.
    Group(String),
    /// This scope.
    Scope(String),
    /// What IAM lets call the route or the function URL: it has looked at the caller's policies already.
    Iam,
}

/// The groups of the local stand-in whose members are no customers.
pub(crate) const LOCAL_CALLERS: &str = "group:order-services group:order-staff";

pub(crate) fn grants(value: &str) -> Option<Arc<[Grant]>> {
    let grant = |word: &str| match word.split_once(':') {
        Some(("group", name)) if !name.is_empty() => Some(Grant::Group(name.to_owned())),
        Some(("scope", name)) if !name.is_empty() => Some(Grant::Scope(name.to_owned())),
        None if word == "iam" => Some(Grant::Iam),
        _ => None,
    };
    value.split_ascii_whitespace().map(grant).collect()
}
