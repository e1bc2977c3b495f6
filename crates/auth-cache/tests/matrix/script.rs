//! What the services are told to answer.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use auth_cache::ManualClock;

/// What a call takes.
pub(crate) const LATENCY: Duration = Duration::from_millis(100);

/// Who gives the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Cognito, to the password.
    SignIn,
    /// Cognito, to the refresh token.
    Refresh,
    /// Cognito, to both.
    Cognito,
    /// Cognito, to the password, after it has failed to answer the refresh token once.
    SignInAfterRefresh,
    /// Parameter Store, before the password is sent.
    Ssm,
    /// Parameter Store, after Cognito has called the password wrong.
    SsmAgain,
    /// Secrets Manager, before the password is sent.
    Secret,
    /// Secrets Manager, after Cognito has called the password wrong.
    SecretAgain,
    TokenEndpoint,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// An error of the service's own: HTTP status, code, message.
    Error(u16, &'static str, &'static str),
    /// Anything else: HTTP status, what it is, body.
    Other(u16, &'static str, &'static str),
    /// HTTP 429 with so many seconds in `Retry-After`.
    RetryAfter(u64),
    /// No answer at all.
    Never,
    /// A connection that is reset.
    Reset,
}

/// The operations of AWS that are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    SignIn,
    Renewal,
    Read,
}

/// What the services of one test answer, and what they were asked.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) place: Place,
    pub(crate) answer: Answer,
    pub(crate) clock: ManualClock,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    lasts: bool,
    calls: usize,
    renewals: usize,
    wrong_passwords: usize,
}

impl Script {
    pub(crate) fn new(place: Place, answer: Answer) -> Arc<Self> {
        let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        Arc::new(Self { place, answer, clock, books: Mutex::default() })
    }

    /// The fault begins; what was asked before does not count.
    pub(crate) fn begin(&self) {
        *self.books() = Books { lasts: true, ..Books::default() };
    }

    /// The fault ends. Returns how many calls it has seen, and how many wrong passwords were among them.
    pub(crate) fn end(&self) -> (usize, usize) {
        let mut books = self.books();
        books.lasts = false;
        (books.calls, books.wrong_passwords)
    }

    pub(crate) fn lasts(&self) -> bool {
        self.books().lasts
    }

    pub(crate) fn note_calls(&self, calls: usize) {
        self.books().calls += calls;
    }

    /// Takes note of a call to AWS. Returns its answer, if that is not a success.
    pub(crate) fn answer(&self, operation: Operation) -> Option<Answer> {
        use Place::{Cognito, Refresh, Secret, SecretAgain, SignIn, SignInAfterRefresh, Ssm, SsmAgain};

        let mut books = self.books();
        books.calls += 1;
        books.renewals += usize::from(operation == Operation::Renewal);
        let answer = match (self.place, operation) {
            _ if !books.lasts => None,
            (SsmAgain | SecretAgain, Operation::SignIn) => Some(WRONG_PASSWORD),
            (SsmAgain | SecretAgain, _) if books.wrong_passwords == 0 => None,
            (SignInAfterRefresh, Operation::Renewal) if books.renewals == 1 => Some(Answer::Other(503, "", HTML)),
            (SignIn | SignInAfterRefresh | Cognito, Operation::SignIn)
            | (Refresh | Cognito, Operation::Renewal)
            | (Ssm | SsmAgain | Secret | SecretAgain, Operation::Read) => Some(self.answer),
            _ => None,
        };
        books.wrong_passwords += usize::from(operation == Operation::SignIn && answer == Some(WRONG_PASSWORD));
        answer
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(status, code, "") => write!(f, "{status} `{code}`"),
            Self::Error(status, code, message) => write!(f, "{status} `{code}`: {message}"),
            Self::Other(status, what, _) => write!(f, "{status} {what}"),
            Self::RetryAfter(seconds) => write!(f, "429 with `Retry-After: {seconds}`"),
            Self::Never => f.write_str("no answer"),
            Self::Reset => f.write_str("connection reset"),
        }
    }
}

const HTML: &str = "<html><head><title>Service Unavailable</title></head></html>";

pub(crate) const WRONG_PASSWORD: Answer =
    Answer::Error(400, "NotAuthorizedException", "Incorrect username or password.");

pub(crate) const COGNITO: &[Answer] = &[
    Answer::Error(400, "TooManyRequestsException", "Rate exceeded"),
    Answer::Error(400, "LimitExceededException", ""),
    Answer::Error(400, "ThrottlingException", "Rate exceeded"),
    Answer::Other(429, "without a body", ""),
    Answer::Error(500, "InternalErrorException", "Something went wrong"),
    Answer::Other(500, "with an HTML page", HTML),
    Answer::Other(502, "with an HTML page", HTML),
    Answer::Other(503, "with an HTML page", HTML),
    Answer::Other(504, "without a body", ""),
    Answer::Other(408, "without a body", ""),
    Answer::Error(400, "UnexpectedLambdaException", ""),
    Answer::Error(400, "InvalidLambdaResponseException", ""),
    Answer::Other(200, "with broken JSON", "{\"AuthenticationResult\":{\"Acc"),
    Answer::Never,
    Answer::Reset,
    Answer::Error(400, "NotAuthorizedException", "Password attempts exceeded"),
    WRONG_PASSWORD,
    Answer::Error(400, "UserNotFoundException", "User does not exist."),
    Answer::Error(400, "NotAuthorizedException", "User is disabled."),
    Answer::Error(400, "NotAuthorizedException", "Unable to verify secret hash for client 1example23456789"),
    Answer::Error(
        400,
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    ),
    Answer::Error(400, "PasswordResetRequiredException", "Password reset required for the user"),
    Answer::Error(400, "UserNotConfirmedException", "User is not confirmed."),
    Answer::Error(400, "ResourceNotFoundException", "User pool eu-west-1_a1b2c3d4e does not exist."),
    Answer::Error(400, "ResourceNotFoundException", "User pool client 1example23456789 does not exist."),
    Answer::Error(400, "InvalidParameterException", "Auth flow not enabled for this client"),
    Answer::Error(400, "InvalidUserPoolConfigurationException", ""),
    Answer::Error(400, "InvalidSmsRoleAccessPolicyException", ""),
    Answer::Error(400, "InvalidSmsRoleTrustRelationshipException", ""),
    Answer::Error(400, "InvalidEmailRoleAccessPolicyException", ""),
    Answer::Error(400, "MFAMethodNotFoundException", ""),
    Answer::Error(400, "UnrecognizedClientException", ""),
    Answer::Error(400, "ExpiredTokenException", ""),
    Answer::Error(400, "UserLambdaValidationException", "PreAuthentication failed with error not today."),
    Answer::Error(400, "AccessDeniedException", "not authorized to perform: cognito-idp:AdminInitiateAuth"),
    Answer::Error(403, "ForbiddenException", "Request not allowed due to WAF block."),
    Answer::Error(500, "Unsupported", ""),
    Answer::Other(501, "without a body", ""),
    Answer::Error(400, "UnsupportedOperationException", ""),
    Answer::Error(400, "UnknownOperationException", ""),
    Answer::Other(
        200,
        "with the challenge `NEW_PASSWORD_REQUIRED`",
        r#"{"ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"s"}"#,
    ),
    Answer::Other(200, "with the challenge `SMS_MFA`", r#"{"ChallengeName":"SMS_MFA","Session":"s"}"#),
    Answer::Other(200, "without a token", "{}"),
    Answer::Other(200, "with a token that is no JWT", r#"{"AuthenticationResult":{"AccessToken":"opaque"}}"#),
];

/// What only the refresh token is answered.
pub(crate) const REFRESH: &[Answer] = &[
    Answer::Error(400, "NotAuthorizedException", "Refresh Token has expired"),
    Answer::Error(400, "NotAuthorizedException", "Refresh Token has been revoked"),
    Answer::Error(400, "NotAuthorizedException", "Invalid Refresh Token"),
    Answer::Error(400, "RefreshTokenReuseException", ""),
];

pub(crate) const SSM: &[Answer] = &[
    Answer::Error(400, "ThrottlingException", "Rate exceeded"),
    Answer::Other(429, "without a body", ""),
    Answer::Error(500, "InternalServerError", ""),
    Answer::Other(503, "with an HTML page", HTML),
    Answer::Other(200, "with broken JSON", "{\"Parameters\":[{"),
    Answer::Never,
    Answer::Reset,
    Answer::Error(400, "AccessDeniedException", "not authorized to perform: ssm:GetParameters"),
    Answer::Error(400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist"),
    Answer::Error(400, "ExpiredTokenException", ""),
    Answer::Error(400, "InvalidKeyId", "KMS key is disabled"),
    Answer::Other(200, "without a parameter", r#"{"Parameters":[],"InvalidParameters":["/orders/credentials"]}"#),
    Answer::Other(
        200,
        "with credentials that are no JSON",
        r#"{"Parameters":[{"Name":"/orders/credentials","Type":"SecureString","Value":"alice:secret"},
            {"Name":"/orders/user-pool-id","Type":"String","Value":"p"},{"Name":"/orders/client-id","Type":"String","Value":"c"}]}"#,
    ),
    Answer::Other(
        200,
        "with a `StringList`",
        r#"{"Parameters":[{"Name":"/orders/credentials","Type":"StringList","Value":"alice,secret"}]}"#,
    ),
];

pub(crate) const SECRETS_MANAGER: &[Answer] = &[
    Answer::Error(400, "ThrottlingException", "Rate exceeded"),
    Answer::Other(429, "without a body", ""),
    Answer::Error(500, "InternalServiceError", ""),
    Answer::Other(503, "with an HTML page", HTML),
    Answer::Other(200, "with broken JSON", "{\"SecretString\":\"{"),
    Answer::Never,
    Answer::Reset,
    Answer::Error(400, "AccessDeniedException", "not authorized to perform: secretsmanager:GetSecretValue"),
    Answer::Error(400, "AccessDeniedException", "Access to KMS is not allowed"),
    Answer::Error(400, "ExpiredTokenException", ""),
    Answer::Error(400, "DecryptionFailure", ""),
    Answer::Error(400, "InvalidRequestException", "the secret was marked for deletion"),
    Answer::Error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    Answer::Other(200, "with a secret that is no JSON", r#"{"SecretString":"alice:secret"}"#),
    Answer::Other(200, "with a binary secret", r#"{"SecretBinary":"YWxpY2U="}"#),
];

pub(crate) const TOKEN_ENDPOINT: &[Answer] = &[
    Answer::RetryAfter(30),
    Answer::Other(429, "with an HTML page", HTML),
    Answer::Other(500, "with an HTML page", HTML),
    Answer::Other(503, "with an HTML page", HTML),
    Answer::Other(408, "with an HTML page", HTML),
    Answer::Never,
    Answer::Reset,
    Answer::Error(400, "invalid_client", ""),
    Answer::Error(401, "invalid_client", ""),
    Answer::Error(200, "invalid_client", ""),
    Answer::Error(400, "invalid_scope", ""),
    Answer::Error(400, "unauthorized_client", ""),
    Answer::Error(400, "unsupported_grant_type", ""),
    Answer::Error(400, "invalid_request", ""),
    Answer::Other(401, "with an HTML page", HTML),
    Answer::Other(403, "with an HTML page", HTML),
    Answer::Other(404, "with an HTML page", HTML),
    Answer::Other(200, "with an HTML page", HTML),
];
