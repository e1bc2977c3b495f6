use std::error::Error;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

use crate::{BoxError, SignInError};

/// What a refusal means. Cognito's `NotAuthorizedException` is several things, told apart by its message alone; it is
/// matched loosely, and what is not known is final until somebody looks at it.
///
/// Answers that are not Cognito's own, such as a proxy's HTML, are judged by their HTTP status.
pub(super) fn classify<E>(error: SdkError<E>) -> SignInError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let message = error.message().unwrap_or_default().to_ascii_lowercase();
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let never_sent = matches!(error, SdkError::ConstructionFailure(_));
    // Not the whole `SdkError`: its `Debug` shows the body of the answer, which may hold tokens.
    let source: BoxError = error.into_source().unwrap_or_else(|error| error.to_string().into());

    let reason = match (code.as_str(), status) {
        // Not an outage, though some emulators say 500: it will never work.
        (
            "NotImplemented"
            | "Unsupported"
            | "UnsupportedOperation"
            | "UnsupportedOperationException"
            | "UnknownOperation"
            | "UnknownOperationException",
            _,
        )
        | (_, Some(501)) => "the endpoint does not support this operation",
        ("NotAuthorizedException", _) if message.contains("attempts exceeded") => return SignInError::locked_out(None),
        ("NotAuthorizedException", _) if message.contains("incorrect username or password") => {
            return SignInError::WrongCredentials;
        }
        ("UserNotFoundException", _) => return SignInError::WrongCredentials,
        ("TooManyRequestsException" | "LimitExceededException" | "ThrottlingException", _) | (_, Some(429)) => {
            return SignInError::throttled(source, None);
        }
        ("InternalErrorException" | "UnexpectedLambdaException" | "InvalidLambdaResponseException", _)
        | (_, Some(200..=299 | 408 | 500..)) => return SignInError::unavailable(source),
        (_, None) if !never_sent => return SignInError::unavailable(source),

        (_, None) => "the SDK's client is not configured for a call to Cognito",
        ("NotAuthorizedException", _) if message.contains("secret hash") || message.contains("secret_hash") => {
            "the stored client secret is not the app client's: store the right one"
        }
        ("NotAuthorizedException", _) if message.contains("disabled") => "the service user is disabled: enable it",
        ("NotAuthorizedException", _) if message.contains("temporary password") => {
            "the service user's temporary password has expired: set a permanent one"
        }
        ("PasswordResetRequiredException", _) => "the service user's password was reset: set a permanent one",
        ("UserNotConfirmedException", _) => "the service user is not confirmed: confirm it",
        ("InvalidParameterException", _) if message.contains("flow not enabled") => {
            "the app client does not allow this flow: add ALLOW_ADMIN_USER_PASSWORD_AUTH"
        }
        ("InvalidParameterException", _)
            if message.contains("authflow") || message.contains("method not supported") =>
        {
            "the endpoint does not know the flow ADMIN_USER_PASSWORD_AUTH: check its URL, or use an emulator that does"
        }
        ("ResourceNotFoundException", _) if message.contains("pool client") => {
            "the user pool has no such app client: check the client id"
        }
        ("ResourceNotFoundException", _) => {
            "this account has no such user pool in this region: check its id; a pool of another account is called with a \
             role of that account"
        }
        ("UserLambdaValidationException", _) => {
            "a Lambda trigger of the user pool rejects the sign-in: change the trigger"
        }
        ("ForbiddenException", _) => "a web ACL of the user pool blocks the request: allow the sign-in there",
        ("AccessDeniedException", _) => {
            "the role may not call Cognito: allow cognito-idp:AdminInitiateAuth on the user pool"
        }
        ("", Some(status)) => return misconfigured(format!("Cognito rejected the sign-in: HTTP {status}"), source),
        (code, _) => return misconfigured(format!("Cognito rejected the sign-in: {code}"), source),
    };
    misconfigured(reason.to_owned(), source)
}

fn misconfigured(reason: String, source: BoxError) -> SignInError {
    SignInError::Misconfigured { reason, source: Some(source) }
}

/// Why a renewal failed.
pub(super) struct RenewalError {
    pub(super) error: SignInError,
    /// Whether the refresh token was good once and has ended, so that the next one may be good too.
    pub(super) has_ended: bool,
}

pub(super) fn classify_renewal<E>(error: SdkError<E>) -> RenewalError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let message = error.message().unwrap_or_default().to_ascii_lowercase();
    let is_reused = error.code() == Some("RefreshTokenReuseException");
    let has_ended = is_reused || message.contains("expired") || message.contains("revoked");
    RenewalError { error: classify(error), has_ended }
}

impl From<SignInError> for RenewalError {
    fn from(error: SignInError) -> Self {
        Self { error, has_ended: false }
    }
}
