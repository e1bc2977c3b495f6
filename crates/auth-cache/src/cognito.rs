use std::fmt;

use aws_sdk_cognitoidentityprovider::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::admin_initiate_auth::AdminInitiateAuthError,
    types::AuthFlowType,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{Credentials, CredentialsSource, SignInError, Token, TokenSource};

/// Signs a service user in to a Cognito user pool: `AdminInitiateAuth` with `ADMIN_USER_PASSWORD_AUTH`.
///
/// The app client must allow that flow (`ALLOW_ADMIN_USER_PASSWORD_AUTH`), the service user's password must be
/// permanent, and the function's role needs `cognito-idp:AdminInitiateAuth` on the user pool.
#[derive(Clone, Debug)]
pub struct CognitoTokenSource<C> {
    cognito: Client,
    credentials: C,
    token_use: TokenUse,
}

/// Which of the two tokens of a sign-in is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenUse {
    /// The access token: it says what its bearer may do.
    #[default]
    Access,
    /// The ID token: it says who its bearer is, and carries the user's attributes.
    Id,
}

impl fmt::Display for TokenUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access",
            Self::Id => "ID",
        })
    }
}

impl<C: CredentialsSource> CognitoTokenSource<C> {
    /// Signs in with what `credentials` gives.
    pub fn new(cognito: Client, credentials: C, token_use: TokenUse) -> Self {
        Self { cognito, credentials, token_use }
    }

    async fn sign_in_with(&self, credentials: &Credentials) -> Result<Token, SignInError> {
        let Credentials { user_pool_id, client_id, client_secret, username, password } = credentials;
        let mut request = self
            .cognito
            .admin_initiate_auth()
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .user_pool_id(user_pool_id)
            .client_id(client_id)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password.as_str());
        if let Some(secret) = client_secret {
            request = request.auth_parameters("SECRET_HASH", secret_hash(username, client_id, secret));
        }
        let answer = request.send().await.map_err(classify)?;
        // From here on nothing of the answer may be shown: it holds tokens, or the session of a challenge.
        if let Some(challenge) = answer.challenge_name {
            return Err(SignInError::ChallengeRequired { challenge: challenge.as_str().to_owned() });
        }
        let tokens = answer.authentication_result;
        let jwt = match self.token_use {
            TokenUse::Access => tokens.and_then(|tokens| tokens.access_token),
            TokenUse::Id => tokens.and_then(|tokens| tokens.id_token),
        };
        match jwt {
            Some(jwt) => Ok(Token::issued(jwt)?),
            None => Err(SignInError::misconfigured(format!("Cognito's answer holds no {} token", self.token_use))),
        }
    }
}

impl<C: CredentialsSource> TokenSource for CognitoTokenSource<C> {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let credentials = self.credentials.read().await?;
        match self.sign_in_with(&credentials).await {
            Err(SignInError::WrongCredentials) => {
                // They may have been rotated between reading and using them. One more attempt, only if they were:
                // five wrong ones lock the user out.
                let rotated = self.credentials.read().await?;
                if rotated == credentials {
                    return Err(SignInError::WrongCredentials);
                }
                self.sign_in_with(&rotated).await
            }
            result => result,
        }
    }
}

/// Base64(HMAC-SHA256(client secret, user name + client id)):
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash>
fn secret_hash(username: &str, client_id: &str, client_secret: &str) -> String {
    #[expect(clippy::expect_used, reason = "RFC 2104: a key may have any length")]
    let mut hmac = Hmac::<Sha256>::new_from_slice(client_secret.as_bytes()).expect("HMAC takes any key");
    hmac.update(username.as_bytes());
    hmac.update(client_id.as_bytes());
    STANDARD.encode(hmac.finalize().into_bytes())
}

/// What a refusal means. Cognito's `NotAuthorizedException` is several things, told apart by its message alone; it is
/// matched loosely, and what is not known is final until somebody looks at it.
fn classify(error: SdkError<AdminInitiateAuthError>) -> SignInError {
    if !matches!(&error, SdkError::ServiceError(service) if !service.raw().status().is_server_error()) {
        return SignInError::unavailable(error);
    }
    let message = error.message().unwrap_or_default().to_ascii_lowercase();
    match error.code().unwrap_or_default() {
        "NotAuthorizedException" if message.contains("attempts exceeded") => SignInError::LockedOut,
        "NotAuthorizedException" if message.contains("incorrect username or password") => SignInError::WrongCredentials,
        "UserNotFoundException" => SignInError::WrongCredentials,
        "TooManyRequestsException" | "LimitExceededException" | "ThrottlingException" => {
            SignInError::Throttled { source: error.into() }
        }
        "InternalErrorException" | "UnexpectedLambdaException" | "InvalidLambdaResponseException" => {
            SignInError::unavailable(error)
        }
        _ => SignInError::Misconfigured { reason: "Cognito refuses it".to_owned(), source: Some(error.into()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_hash_is_what_openssl_computes() {
        // printf %s 'aliceclient-1' | openssl dgst -sha256 -hmac 'secret-1' -binary | base64
        assert_eq!(secret_hash("alice", "client-1", "secret-1"), "zlUKX2niPjSU74M3rkwmZocVGaXX+sNF9bOdFiOSbxo=");
    }
}
