use serde_json::Value;
use startup::Grant;

/// Whether the gateway's JWT authorizer has seen a token that has one of `callers`, or IAM has looked at the caller.
///
/// The authorizer's own list of scopes is of the route's, not the token's, and is not looked at.
pub(crate) fn may(authorizer: &Value, callers: &[Grant]) -> bool {
    let claims = &authorizer["jwt"]["claims"];
    let (groups, scopes) = (groups(claims), scopes(claims));
    callers.iter().any(|grant| match grant {
        Grant::Group(name) => groups.contains(name),
        Grant::Scope(name) => scopes.contains(name),
        Grant::Iam => authorizer["iam"].is_object(),
        _ => false,
    })
}

/// The groups in a token's claims, in whatever spelling a gateway hands them over. Where it is not sure, there are none.
pub fn groups(claims: &Value) -> Vec<String> {
    names(&claims["cognito:groups"], |c| c.is_ascii_whitespace() || c == ',')
}

/// The scopes in a token's claims, in the same way.
pub fn scopes(claims: &Value) -> Vec<String> {
    names(&claims["scope"], |c| c.is_ascii_whitespace())
}

/// In a token the names are a list, or text with spaces in between, and a gateway may make text of a list: `[a b]` an HTTP
/// API, `a,b` a REST API.
fn names(claim: &Value, separates: impl Fn(char) -> bool) -> Vec<String> {
    match claim {
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => {
            if let Ok(names) = serde_json::from_str(text) {
                return names;
            }
            match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
                // A name may have a comma in it, but no space.
                Some(list) => list.split_ascii_whitespace().map(|name| name.trim_end_matches(',').to_owned()).collect(),
                None => text.split(separates).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            }
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_and_scopes_are_read_in_each_spelling_and_in_no_other() {
        for (groups, expected) in [
            (json!("a"), &["a"][..]),
            (json!("[a]"), &["a"]),
            (json!("[a b]"), &["a", "b"]),
            (json!("[a, b]"), &["a", "b"]),
            (json!("a,b"), &["a", "b"]),
            (json!("a, b"), &["a", "b"]),
            (json!(["a", "b"]), &["a", "b"]),
            (json!(r#"["a","b"]"#), &["a", "b"]),
            (json!(["a", 1, null]), &["a"]),
            (json!("[a,b c]"), &["a,b", "c"]),
            (json!(["a,b"]), &["a,b"]),
            (json!("[]"), &[]),
            (json!(""), &[]),
            (json!(null), &[]),
            (json!(7), &[]),
            (json!(true), &[]),
            (json!({"a": "b"}), &[]),
        ] {
            assert_eq!(super::groups(&json!({"cognito:groups": groups})), expected, "{groups}");
        }
        for (scope, expected) in [
            (json!("a b"), &["a", "b"][..]),
            (json!("[a b]"), &["a", "b"]),
            (json!(["a", "b"]), &["a", "b"]),
            (json!("a,b"), &["a,b"]),
            (json!(1.5), &[]),
        ] {
            assert_eq!(scopes(&json!({"scope": scope})), expected, "{scope}");
        }
    }
}
