use http::StatusCode;

use crate::GraphqlError;

/// What an [`AppSyncError`](crate::AppSyncError) means to the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no token to call with: the sign-in failed. Nothing was sent.
    SignIn,
    /// AppSync refused the token: a service identity's and the new one as well, or the caller's own. Nothing was executed.
    TokenRefused,
    /// The schema's directives, a resolver or a firewall do not allow the operation to this identity.
    Denied,
    /// What the caller needs is not there; see [`AppSyncError::not_found`](crate::AppSyncError::not_found).
    NotFound,
    /// A condition of a write did not hold: somebody else was faster. A DynamoDB transaction that was cancelled
    /// (`TransactionCanceledException`) is a [`Resolver`](Self::Resolver) error: only its `errorInfo` can tell whether a
    /// condition was the reason.
    ConditionFailed,
    /// AppSync throttles, or the data source behind it does.
    Throttled,
    /// The operation does not fit the schema or the API's limits of depth and resolvers, AppSync cannot read the request, or
    /// this client cannot send it.
    Invalid,
    /// The request or the answer is larger than allowed.
    TooLarge,
    /// A resolver failed or refused; see [`AppSyncError::error_type`](crate::AppSyncError::error_type).
    Resolver,
    /// The deadline passed.
    TimedOut,
    /// AppSync could not be reached or failed.
    #[default]
    Unavailable,
    /// The answer is not what the schema promises.
    Malformed,
}

impl ErrorKind {
    /// A name that does not change between versions, for metrics and traces: `token_refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::TokenRefused => "token_refused",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::ConditionFailed => "condition_failed",
            Self::Throttled => "throttled",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Resolver => "resolver",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
        }
    }
}

/// What an answer means, by its status and the first of its errors. Messages vary for the same cause: they do not count.
pub(crate) fn of_answer(status: Option<StatusCode>, errors: &[GraphqlError], has_data: bool) -> ErrorKind {
    let status = status.unwrap_or_default();
    let first = errors.first();
    let error_type = first.and_then(|error| error.error_type.as_deref()).unwrap_or_default();
    // A document that does not fit the schema is not executed: no field is to blame, and no resolver.
    let is_executed = has_data || errors.iter().any(|error| error.path.is_some());
    let bare = bare(error_type);
    let name = name(error_type);

    match status.as_u16() {
        401 | 403 if is_refused_signature(name) => return ErrorKind::TokenRefused,
        401 if name == "UnauthorizedException" => return ErrorKind::TokenRefused,
        401 | 403 => return ErrorKind::Denied,
        413 => return ErrorKind::TooLarge,
        429 => return ErrorKind::Throttled,
        _ if is_throttled(name) => return ErrorKind::Throttled,
        408 | 500.. => return ErrorKind::Unavailable,
        400.. => return ErrorKind::Invalid,
        200 => {}
        // A success without data or a redirection is not AppSync's.
        _ => return ErrorKind::Malformed,
    }
    match name {
        "Unauthorized" | "AccessDeniedException" => ErrorKind::Denied,
        // The latter is Amplify's, of an API with conflict detection.
        "ConditionalCheckFailedException" | "ConflictUnhandled" => ErrorKind::ConditionFailed,
        "ExecutionTimeout" | "ExecutionTimeoutException" | "RequestTimeout" | "RequestTimeoutException" => {
            ErrorKind::TimedOut
        }
        "InternalServerError"
        | "InternalServerErrorException"
        | "InternalFailure"
        | "InternalFailureException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => ErrorKind::Unavailable,
        _ if is_limit(bare) => ErrorKind::Invalid,
        _ if is_executed || bare != name => ErrorKind::Resolver,
        "ValidationException" | "MalformedHttpRequestException" => ErrorKind::Invalid,
        "" if first.is_some_and(|error| error.message.is_some()) => ErrorKind::Invalid,
        _ => ErrorKind::Resolver,
    }
}

/// `UnauthorizedException`, of `com.amazonaws#UnauthorizedException:http://...` as well as of
/// `DynamoDB:UnauthorizedException`: resolvers put the data source in front.
pub(crate) fn name(error_type: &str) -> &str {
    let bare = bare(error_type);
    bare.rsplit_once(':').map_or(bare, |(_source, name)| name)
}

/// Without the namespace in front and the URL behind: what AWS's protocols say of error types
/// (<https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>).
fn bare(error_type: &str) -> &str {
    let without_url = match error_type.split_once("://") {
        Some((before, _url)) => before.rsplit_once(':').map_or("", |(name, _scheme)| name),
        None => error_type,
    };
    let without_url = without_url.trim_end_matches([':', ' ']);
    without_url.rsplit_once('#').map_or(without_url, |(_namespace, name)| name).trim()
}

/// Whether AppSync may have executed an operation to which it gave no data.
///
/// A status of 4xx is taken as a refusal of the request as a whole, before AppSync looks at its fields. That is known of
/// 401 and 400. Of 429 AppSync documents nothing but that it throttles requests at the API's rate of request tokens
/// (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>): a choice, for which the status itself speaks
/// (RFC 6585, section 4). Of throttling that a resolver reports in a 200 answer, nothing of that kind can be said: other
/// fields may have been resolved.
/// A limit ends an operation at the field that exceeds it: those before it have been resolved.
pub(crate) fn may_have_executed(status: Option<StatusCode>, kind: ErrorKind, errors: &[GraphqlError]) -> bool {
    let is_limit = |error: &GraphqlError| error.error_type.as_deref().map(bare).is_some_and(is_limit);
    match status {
        Some(status) if status.is_client_error() => false,
        Some(StatusCode::OK) => kind != ErrorKind::Invalid || errors.iter().any(is_limit),
        _ => true,
    }
}

/// The names by which AWS services throttle, as the SDKs retry them:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
fn is_throttled(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ];
    NAMES.contains(&name)
}

/// The limits that an API can set to its requests:
/// <https://docs.aws.amazon.com/appsync/latest/devguide/configuration-limits.html>
fn is_limit(name: &str) -> bool {
    matches!(name, "QueryDepthLimitReached" | "ResolverExecutionLimitReached")
}

/// What AWS says of a request that is signed with the wrong credentials, or too late:
/// <https://docs.aws.amazon.com/appsync/latest/APIReference/CommonErrors.html>
fn is_refused_signature(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(status: u16, error: serde_json::Value) -> ErrorKind {
        let errors: Vec<GraphqlError> = vec![serde_json::from_value(error).unwrap()];
        of_answer(Some(StatusCode::from_u16(status).unwrap()), &errors, false)
    }

    #[test]
    fn the_status_and_the_error_type_decide_and_the_message_does_not() {
        use ErrorKind::*;
        for (status, error_type, expected) in [
            (401, "UnauthorizedException", TokenRefused),
            (401, "SomethingElse", Denied),
            (401, "a.b#UnauthorizedException", TokenRefused),
            (
                401,
                "com.amazonaws#UnauthorizedException:http://internal.amazon.com/coral/com.amazon.coral.service/",
                TokenRefused,
            ),
            (401, "UnauthorizedException:https://example.com:8443/a#b", TokenRefused),
            (401, "UnauthorizedException: http://example.com/", TokenRefused),
            (401, "UnauthorizedException:", TokenRefused),
            (401, "http://example.com/#UnauthorizedException", Denied),
            (403, "com.amazon.coral.service#UnrecognizedClientException", TokenRefused),
            (400, "com.amazonaws.appsync#ThrottlingException:http://example.com/", Throttled),
            (200, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", ConditionFailed),
            (200, "QueryDepthLimitReached", Invalid),
            (200, "ResolverExecutionLimitReached", Invalid),
            (200, "com.amazonaws#QueryDepthLimitReached:http://example.com/", Invalid),
            (200, "CreditLimitReached", Resolver),
            (200, "Lambda:QueryDepthLimitReached", Resolver),
            (403, "WAFForbiddenException", Denied),
            (403, "UnrecognizedClientException", TokenRefused),
            (403, "AccessDeniedException", Denied),
            (400, "MalformedHttpRequestException", Invalid),
            (400, "ThrottlingException", Throttled),
            (408, "", Unavailable),
            (413, "", TooLarge),
            (429, "whatever", Throttled),
            (500, "InternalFailure", Unavailable),
            (503, "", Unavailable),
            (204, "", Malformed),
            (302, "", Malformed),
            (200, "Unauthorized", Denied),
            (200, "UnauthorizedException", Resolver),
            (200, "DynamoDB:ConditionalCheckFailedException", ConditionFailed),
            (200, "ConditionalCheckFailedException", ConditionFailed),
            (200, "DynamoDB:ProvisionedThroughputExceededException", Throttled),
            (200, "DynamoDB:ThrottlingException", Throttled),
            (200, "DynamoDB:RequestLimitExceeded", Throttled),
            (200, "Lambda:TooManyRequestsException", Throttled),
            (200, "LimitExceededException", Throttled),
            (200, "DynamoDB:InternalServerError", Unavailable),
            (200, "ExecutionTimeout", TimedOut),
            (200, "Lambda:Unhandled", Resolver),
            (200, "MappingTemplate", Resolver),
            (200, "ConflictUnhandled", ConditionFailed),
            (200, "DynamoDB:TransactionCanceledException", Resolver),
            (200, "ValidationException", Resolver),
            (200, "MalformedHttpRequestException", Resolver),
            (200, "DynamoDB:ValidationException", Resolver),
            (200, "OutOfStock", Resolver),
        ] {
            for message in ["Unauthorized", "Rate exceeded", ""] {
                let error = serde_json::json!({"errorType": error_type, "message": message, "path": ["x"]});
                assert_eq!(kind(status, error), expected, "{status} {error_type}");
            }
        }
    }

    #[test]
    fn an_error_without_a_type_is_the_documents_unless_a_field_is_to_blame() {
        let message = "Validation error of type FieldUndefined";
        assert_eq!(kind(200, serde_json::json!({"message": message})), ErrorKind::Invalid);
        assert_eq!(kind(200, serde_json::json!({"message": message, "path": ["x"]})), ErrorKind::Resolver);
        assert_eq!(kind(200, serde_json::json!({})), ErrorKind::Resolver);
    }

    #[test]
    fn a_refusal_of_the_request_by_its_type_is_one_only_if_no_field_is_to_blame() {
        let of = |errors: serde_json::Value, has_data| {
            let errors: Vec<GraphqlError> = serde_json::from_value(errors).unwrap();
            of_answer(Some(StatusCode::OK), &errors, has_data)
        };
        for error_type in ["ValidationException", "MalformedHttpRequestException"] {
            let [whole, field] =
                [None, Some(["x"])].map(|path| json!({"errorType": error_type, "message": "m", "path": path}));
            assert_eq!(of(json!([whole]), false), ErrorKind::Invalid);
            assert_eq!(of(json!([whole]), true), ErrorKind::Resolver);
            assert_eq!(of(json!([field]), false), ErrorKind::Resolver);
            assert_eq!(of(json!([whole, field]), false), ErrorKind::Resolver);
        }
    }

    #[test]
    fn only_what_was_refused_as_a_whole_is_certain_not_to_have_been_executed() {
        let limit = GraphqlError { error_type: Some("QueryDepthLimitReached".to_owned()), ..GraphqlError::default() };
        assert!(may_have_executed(Some(StatusCode::OK), ErrorKind::Invalid, &[limit]));
        for (status, kind, expected) in [
            (Some(401), ErrorKind::TokenRefused, false),
            (Some(429), ErrorKind::Throttled, false),
            (Some(200), ErrorKind::Throttled, true),
            (Some(200), ErrorKind::Invalid, false),
            (Some(200), ErrorKind::Denied, true),
            (Some(500), ErrorKind::Unavailable, true),
            (Some(302), ErrorKind::Malformed, true),
            (None, ErrorKind::Unavailable, true),
        ] {
            let status = status.map(|status| StatusCode::from_u16(status).unwrap());
            assert_eq!(may_have_executed(status, kind, &[]), expected, "{status:?} {kind:?}");
        }
    }
}
