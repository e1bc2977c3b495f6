use serde_json::Value;
use startup::Grant;

/// Whether the gateway's JWT authorizer has seen a token that has one of `callers`, or IAM has looked at the caller.
///
/// All claims are text there: a list of groups is `[a b]`, but for emulators, which hand over the list. The authorizer's own
/// list of scopes is of the route's, not the token's, and is not looked at.
pub(crate) fn may(authorizer: &Value, callers: &[Grant]) -> bool {
    let claims = &authorizer["jwt"]["claims"];
    let has = |claim: &str, name: &str| {
        if let Some(names) = claims[claim].as_array() {
            return names.iter().any(|granted| granted == name);
        }
        let names = claims[claim].as_str().unwrap_or_default();
        let names = names.strip_prefix('[').and_then(|names| names.strip_suffix(']')).unwrap_or(names);
        names.split_ascii_whitespace().any(|granted| granted == name)
    };
    callers.iter().any(|grant| match grant {
        Grant::Group(name) => has("cognito:groups", name),
        Grant::Scope(name) => has("scope", name),
        Grant::Iam => authorizer["iam"].is_object(),
        _ => false,
    })
}
