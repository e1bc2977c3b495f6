//! How Cognito words what is wrong with an input.

use std::collections::BTreeMap;

use crate::aws_json::AwsError;

/// A required member, named as Cognito names it: `userPoolId`.
pub(super) fn required(member: Option<String>, name: &str) -> Result<String, AwsError> {
    member.ok_or_else(|| {
        let problem = format!("Value null at '{name}' failed to satisfy constraint: Member must not be null");
        AwsError::new("InvalidParameterException", format!("1 validation error detected: {problem}"))
    })
}

/// A member whose value is none of an enumeration's.
pub(super) fn not_in_enum(value: &str, name: &str, allowed: &[&str]) -> AwsError {
    let problem = format!(
        "Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        allowed.join(", ")
    );
    AwsError::new("InvalidParameterException", format!("1 validation error detected: {problem}"))
}

/// An entry of `AuthParameters` or `ChallengeResponses`.
pub(super) fn parameter<'a>(parameters: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, AwsError> {
    parameters
        .get(name)
        .map(String::as_str)
        .ok_or_else(|| AwsError::new("InvalidParameterException", format!("Missing required parameter {name}")))
}

pub(super) fn not_authorized(message: &str) -> AwsError {
    AwsError::new("NotAuthorizedException", message)
}
