use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};

use crate::problem::Problem;

/// The version of an order as a strong entity tag: `"3"`. Two answers with the same one are equal byte for byte.
pub(crate) fn etag(version: i32) -> HeaderValue {
    HeaderValue::try_from(tag(version)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the client has this version already, as its `If-None-Match` says.
pub(crate) fn is_known(headers: &HeaderMap, version: i32) -> bool {
    let Some(value) = joined(headers, &header::IF_NONE_MATCH) else { return false };
    let tag = tag(version);
    // The comparison is the weak one: a weak tag is as good.
    value.trim() == "*" || entity_tags(&value).is_some_and(|tags| tags.iter().any(|(_, known)| *known == tag))
}

/// The version that the client has read and wants to change, by its `If-Match`.
///
/// A change must name it. `*` names none: it would change what the client has not seen, and is not taken.
pub(crate) struct IfMatch(pub(crate) i32);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let needed = || {
            let detail = "Name the version that you have read: send its ETag as If-Match.";
            Problem::new(StatusCode::PRECONDITION_REQUIRED, detail)
        };
        let value = joined(&parts.headers, &header::IF_MATCH).ok_or_else(needed)?;
        if value.trim() == "*" {
            return Err(needed());
        }
        match entity_tags(&value).as_deref() {
            // The comparison is the strong one, and no tag but ours can be current.
            Some([(Strength::Strong, text)]) => version(text).map(Self).ok_or_else(Problem::stale),
            Some([_]) => Err(Problem::stale()),
            _ => Err(Problem::new(StatusCode::BAD_REQUEST, "If-Match should be one entity tag, such as \"3\".")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
}

fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

fn version(text: &str) -> Option<i32> {
    let version = text.trim_matches('"').parse().ok()?; // GraphQL's Int has 32 bits.
    (tag(version) == text).then_some(version)
}

/// All fields of this name, as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The tags of a list, with their quotes: RFC 9110, section 8.8.3. A tag may have commas in it.
fn entity_tags(list: &str) -> Option<Vec<(Strength, &str)>> {
    let mut tags = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let (strength, opaque) = match rest.strip_prefix("W/") {
            Some(opaque) => (Strength::Weak, opaque),
            None => (Strength::Strong, rest),
        };
        let end = opaque.strip_prefix('"')?.find('"')? + 2;
        let (text, after) = opaque.split_at(end);
        if text.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return None;
        }
        tags.push((strength, text));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    (!tags.is_empty()).then_some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_entity_tags_is_read_as_the_rfc_says() {
        use Strength::{Strong, Weak};
        assert_eq!(entity_tags(r#""3""#), Some(vec![(Strong, r#""3""#)]));
        assert_eq!(entity_tags(r#" W/"3" , "a,b""#), Some(vec![(Weak, r#""3""#), (Strong, r#""a,b""#)]));
        for malformed in ["", "3", "\"3", "\"3\"4", "w/\"3\"", "\"a b\"", "*, \"3\""] {
            assert_eq!(entity_tags(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn only_our_own_tags_name_versions() {
        assert_eq!(version("\"3\""), Some(3));
        for other in ["\"03\"", "\"+3\"", "\"\"", "\"v3\"", "\"2147483648\"", "\"\"3\"\""] {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn a_client_knows_a_version_by_any_of_its_tags() {
        let known = |values: &[&'static str]| {
            let values = values.iter().map(|value| (header::IF_NONE_MATCH, HeaderValue::from_static(value)));
            is_known(&values.collect(), 3)
        };
        for values in [&["\"3\""][..], &["W/\"3\""], &["\"1\", \"3\""], &["\"1\"", "\"3\""], &["*"]] {
            assert!(known(values), "{values:?}");
        }
        for values in [&[][..], &["\"4\""], &["3"], &["\"1\", 3"]] {
            assert!(!known(values), "{values:?}");
        }
    }
}
