use std::{error::Error, time::Duration};

use auth_cache::{BoxError, ErrorChain, PublishError, SignInError};
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// Why the service user is not what it should be. What it says is for CloudFormation's console and for logs: it names
/// what is wrong and shows no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceUserError {
    /// The event is none of those that the function knows.
    #[error("the event is invalid: {reason}")]
    InvalidEvent {
        /// What is wrong with it.
        reason: String,
    },
    /// The function itself is not configured correctly.
    #[error("{reason}")]
    NotConfigured {
        /// What is wrong.
        reason: String,
    },
    /// Another user pool, user name, prefix or key would be another service user.
    #[error(
        "{was} cannot become {wanted}: deploy a second stack with the new settings, switch to it, and delete this one"
    )]
    Moved {
        /// The resource.
        was: String,
        /// What the environment says.
        wanted: String,
    },
    /// The parameters belong to another stack.
    #[error(
        "the parameters under {prefix} belong to {stack}: choose another prefix (ServiceUserParameters), or delete them if \
         that stack is gone"
    )]
    OwnedByAnother {
        /// Their prefix.
        prefix: String,
        /// That stack.
        stack: String,
    },
    /// The parameters were made by hand.
    #[error(
        "{prefix}/credentials was made by hand: choose another prefix (ServiceUserParameters), or say \
         AdoptServiceUser=yes to use others until this stack is deleted"
    )]
    MadeByHand {
        /// Their prefix.
        prefix: String,
    },
    /// The user pool asks for a second factor, which no service user has.
    #[error("the user pool {pool_id} requires MFA, so no service user can sign in: set its MFA to optional")]
    MfaRequired {
        /// Which.
        pool_id: String,
    },
    /// The app client does not let the service user sign in.
    #[error("the app client {client_id} does not allow the sign-in: add ALLOW_ADMIN_USER_PASSWORD_AUTH to its flows")]
    FlowNotAllowed {
        /// Which.
        client_id: String,
    },
    /// There is no service user to rotate, or one that this function did not create.
    #[error(r#"{parameter} {problem}: {{"RequestType": "Repair"}} restores it"#)]
    NothingToRotate {
        /// The name of the parameter with its user name and password.
        parameter: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A service refuses what is asked of it.
    #[error("{operation} is refused: {code}{}", colon(message))]
    Refused {
        /// The operation.
        operation: &'static str,
        /// The service's own name for the reason.
        code: String,
        /// What the service says about it; empty where it could show a secret.
        message: String,
    },
    /// A service could not be reached, or gave no answer that makes sense.
    #[error("{operation} failed")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The user cannot sign in with its new password.
    #[error("{username} cannot sign in")]
    SignIn {
        /// The user.
        username: String,
        /// Why.
        #[source]
        source: SignInError,
    },
    /// No token could be published.
    #[error("no token was published")]
    NotPublished(#[from] PublishError),
    /// Other rotations got in the way each time.
    #[error("gave up after several conflicting rotations; wait, then try again")]
    Contested,
    /// The operating system gives no random bytes.
    #[error("could not generate a password")]
    Random(#[source] getrandom::Error),
    /// The time that Lambda gives would soon have been over.
    #[error("not finished after {} ms: increase the function's timeout", limit.as_millis())]
    TimedOut {
        /// How long it was given.
        limit: Duration,
    },
    /// A defect of the function.
    #[error("the function panicked: see its log")]
    Panicked,
    /// CloudFormation did not take the answer.
    #[error("CloudFormation did not accept the response")]
    NotAnswered {
        /// Why, without the URL.
        #[source]
        source: BoxError,
    },
}

impl ServiceUserError {
    /// The error of a call to Cognito or SSM that `operation` names.
    pub(crate) fn of_call<E>(operation: &'static str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let Some(code) = error.code() else {
            // Not the whole `SdkError`: its `Debug` shows the body of the answer.
            let source = error.into_source().unwrap_or_else(|error| error.to_string().into());
            return Self::Unavailable { operation, source };
        };
        // What is said about a malformed value may repeat the value.
        let repeats_values = matches!(code, "ValidationException" | "InvalidParameterException");
        let carries_secrets = matches!(operation, "AdminSetUserPassword" | "PutParameter");
        let message = error.message().filter(|_| !(repeats_values && carries_secrets)).unwrap_or_default();
        Self::Refused { operation, code: code.to_owned(), message: message.to_owned() }
    }

    /// What Lambda calls the error.
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidEvent { .. } => "InvalidEvent",
            Self::NotConfigured { .. } => "NotConfigured",
            Self::Moved { .. } => "Moved",
            Self::OwnedByAnother { .. } | Self::MadeByHand { .. } => "NotOwned",
            Self::MfaRequired { .. } => "MfaRequired",
            Self::FlowNotAllowed { .. } => "FlowNotAllowed",
            Self::NothingToRotate { .. } => "NothingToRotate",
            Self::Refused { .. } => "Refused",
            Self::Unavailable { .. } => "Unavailable",
            Self::SignIn { .. } => "SignInFailed",
            Self::NotPublished { .. } => "NotPublished",
            Self::Contested => "Contested",
            Self::Random(_) | Self::Panicked => "Internal",
            Self::TimedOut { .. } => "TimedOut",
            Self::NotAnswered { .. } => "NotAnswered",
        }
    }

    /// Whether IAM refuses, which may not know yet what a role has just been allowed.
    pub(crate) fn is_denied(&self) -> bool {
        ErrorChain(self).to_string().contains("AccessDenied")
    }

    pub(crate) fn is_refusal(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
