mod error;
mod refresh_token;

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use aws_sdk_cognitoidentityprovider::{
    Client,
    error::ProvideErrorMetadata as _,
    types::{AuthFlowType, AuthenticationResultType},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use tokio::time::timeout;
use zeroize::Zeroizing;

pub use self::refresh_token::Renewal;
use self::{
    error::{RenewalError, classify, classify_renewal},
    refresh_token::{RefreshTokens, Renewable},
};
use crate::{
    Credentials, CredentialsSource, ErrorChain, SignInError, SignInRequest, Token, TokenSource, TokenUse,
    credentials::source::next_attempt,
    sdk_retry::{OnlyLostConnections, at_most_once},
};

/// Signs a service user in to a Cognito user pool: `AdminInitiateAuth` with `ADMIN_USER_PASSWORD_AUTH`, and afterwards
/// with the refresh token that the sign-in gave; see [`Renewal`].
///
/// The app client must allow that flow (`ALLOW_ADMIN_USER_PASSWORD_AUTH`), the service user's password must be
/// permanent, and the function's role needs `cognito-idp:AdminInitiateAuth` on the user pool.
///
/// ```no_run
/// # fn f(cognito: aws_sdk_cognitoidentityprovider::Client) {
/// use auth_cache::{CognitoTokenSource, Credentials, Identity, TokenUse};
///
/// let credentials = Credentials::new("eu-west-1_a1b2c3d4e", "the app client's id", "the user's name", "its password");
/// let identity = Identity::new(CognitoTokenSource::new(cognito, credentials, TokenUse::Access));
/// # }
/// ```
///
/// # Refusals
/// - A refresh token that Cognito refuses for good (expired, revoked, used twice) is forgotten, and one sign-in with the
///   password follows in the same call. If it was refused at its first use, as where the user pool tracks devices,
///   renewals end and each token takes the password.
/// - When a renewal fails otherwise (throttled, an outage, no answer within a second), the refresh token is kept and the
///   next attempt takes the password, then the refresh token again: a way that works is found, and each attempt is one
///   request to Cognito. A password that is of no use is tried once in such a series, because it may be a wrong one.
/// - When Cognito calls the password wrong, the credentials are read once more and tried if they differ: two attempts,
///   three with Secrets Manager, then a pause, because five wrong passwords lock the user out.
/// - A rotated password is picked up when the refresh token has ended. To end it sooner, sign the user out with
///   `AdminUserGlobalSignOut`.
///
/// # Retries and timeouts
/// A request is repeated once, after the pause that the retry configuration of `cognito` says, and only if its connection
/// failed, as one does that died while Lambda froze the process. What Cognito answers is not repeated: the cache makes
/// the next attempt when its pause ends, and the SDK's own attempts would multiply the load on a service that throttles.
/// With `RetryConfig::disabled()` nothing is repeated.
///
/// Give `cognito` timeouts, which the SDK does not by default: without `operation_attempt_timeout` a server that never
/// answers is waited for until the cache gives the sign-in up.
#[derive(Clone)]
pub struct CognitoTokenSource<C> {
    cognito: Client,
    credentials: C,
    token_use: TokenUse,
    renewal: Renewal,
    refresh_tokens: Arc<RefreshTokens>,
}

/// How long a renewal is waited for, which usually takes a tenth of it. Callers then have time left for the sign-in with
/// the password.
const LONGEST_RENEWAL: Duration = Duration::from_secs(1);

impl<C: CredentialsSource> CognitoTokenSource<C> {
    /// Signs in with what `credentials` gives.
    pub fn new(cognito: Client, credentials: C, token_use: TokenUse) -> Self {
        let config = cognito.config();
        let config = config.to_builder().retry_config(at_most_once(config.retry_config()));
        let cognito = Client::from_conf(config.retry_classifier(OnlyLostConnections).build());
        Self { cognito, credentials, token_use, renewal: Renewal::default(), refresh_tokens: Arc::default() }
    }

    /// The same source with another way of renewing tokens, and without a refresh token as yet.
    #[must_use]
    pub fn with_renewal(self, renewal: Renewal) -> Self {
        Self { renewal, refresh_tokens: Arc::default(), ..self }
    }

    /// Signs in with the refresh token that is kept, or with the password: the one that has just been read, if one has.
    async fn sign_in_from(&self, mut read: Option<Credentials>) -> Result<Token, SignInError> {
        loop {
            let (request, kept) = self.refresh_tokens.begin();
            let Some(kept) = kept else {
                return match self.sign_in_with_password(request, read.take()).await {
                    Err(error) if !error.is_transient() && self.refresh_tokens.rely_on_refresh_token() => {
                        tracing::warn!(error = %ErrorChain(&error), "could not sign in with the password; trying the refresh token again");
                        Err(SignInError::unavailable(error))
                    }
                    result => result,
                };
            };
            let RenewalError { error, has_ended } = match timeout(LONGEST_RENEWAL, self.renew(request, &kept)).await {
                Ok(Ok(token)) => return Ok(token),
                Ok(Err(error)) => error,
                Err(_) => SignInError::unavailable("no answer to the refresh token within a second").into(),
            };
            if error.is_transient() {
                self.refresh_tokens.skip_once();
                return Err(error);
            }
            if has_ended || kept.has_worked.load(Ordering::Relaxed) {
                tracing::warn!(error = %ErrorChain(&error), "could not renew with the refresh token; signing in with the password");
                self.refresh_tokens.discard(&kept);
            } else {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    "a new refresh token is rejected, as where the user pool tracks devices; from now on each token takes a sign-in with the password",
                );
                self.refresh_tokens.give_up();
            }
        }
    }

    async fn sign_in_with_password(&self, request: u64, read: Option<Credentials>) -> Result<Token, SignInError> {
        let mut credentials = match read {
            Some(credentials) => credentials,
            None => self.credentials.read().await?,
        };
        let mut refused = Vec::new();
        loop {
            match self.sign_in_as(request, &credentials).await {
                Err(SignInError::WrongCredentials) => refused.push(credentials),
                // The cause is what this process has just sent, so the pause is that of a wrong password.
                Err(SignInError::LockedOut { .. }) if !refused.is_empty() => return Err(SignInError::WrongCredentials),
                result => return result,
            }
            credentials = next_attempt(&self.credentials, &refused).await?;
        }
    }

    async fn sign_in_as(&self, request: u64, credentials: &Credentials) -> Result<Token, SignInError> {
        let Credentials { user_pool_id, client_id, client_secret, username, password } = credentials;
        let answer = self
            .cognito
            .admin_initiate_auth()
            .auth_flow(AuthFlowType::AdminUserPasswordAuth)
            .user_pool_id(user_pool_id)
            .client_id(client_id)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password.as_str());
        let answer = match client_secret {
            Some(secret) => answer.auth_parameters("SECRET_HASH", secret_hash(username, client_id, secret)),
            None => answer,
        };
        let answer = answer.send().await.map_err(|error| match error.code() {
            Some("AccessDeniedException" | "ResourceNotFoundException") => {
                self.with_region(user_pool_id, classify(error))
            }
            _ => classify(error),
        })?;
        // From here on nothing of the answer may be shown: it holds tokens, or the session of a challenge.
        if let Some(challenge) = answer.challenge_name {
            return Err(SignInError::ChallengeRequired { challenge: challenge.as_str().to_owned() });
        }
        self.take(request, answer.authentication_result, |refresh_token, username| Renewable {
            refresh_token,
            user_pool_id: user_pool_id.clone(),
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            username: username.unwrap_or_else(|| credentials.username.clone()),
            has_worked: Arc::default(),
        })
    }

    /// A refusal, which is explained if the pool's id names another region than the one that is called.
    fn with_region(&self, user_pool_id: &str, error: SignInError) -> SignInError {
        match (error, user_pool_id.split_once('_'), self.cognito.config().region()) {
            (SignInError::Misconfigured { source, .. }, Some((of_pool, _)), Some(called))
                if of_pool != called.as_ref() =>
            {
                let reason = format!(
                    "the user pool {user_pool_id} is in {of_pool}, but Cognito is called in {called}: give the client that region"
                );
                SignInError::Misconfigured { reason, source }
            }
            (error, ..) => error,
        }
    }

    async fn renew(&self, request: u64, kept: &Renewable) -> Result<Token, RenewalError> {
        let Renewable { refresh_token, user_pool_id, client_id, client_secret, username, has_worked } = kept;
        let tokens = if self.renewal == Renewal::RefreshTokenAuth {
            let renewal = self
                .cognito
                .admin_initiate_auth()
                .auth_flow(AuthFlowType::RefreshTokenAuth)
                .user_pool_id(user_pool_id)
                .client_id(client_id)
                .auth_parameters("REFRESH_TOKEN", refresh_token.as_str());
            let renewal = match client_secret {
                Some(secret) => renewal.auth_parameters("SECRET_HASH", secret_hash(username, client_id, secret)),
                None => renewal,
            };
            renewal.send().await.map_err(classify_renewal)?.authentication_result
        } else {
            let renewal = self.cognito.get_tokens_from_refresh_token().client_id(client_id);
            let renewal = renewal.set_client_secret(client_secret.as_ref().map(|secret| secret.to_string()));
            renewal.refresh_token(refresh_token.as_str()).send().await.map_err(classify_renewal)?.authentication_result
        };
        // Without rotation no refresh token comes back, and the old one stays good.
        let token = self.take(request, tokens, |refresh_token, _| Renewable { refresh_token, ..kept.clone() })?;
        has_worked.store(true, Ordering::Relaxed);
        self.refresh_tokens.note_success();
        Ok(token)
    }

    /// The chosen token of an answer. If a refresh token came with it, that is kept too.
    fn take(
        &self,
        request: u64,
        tokens: Option<AuthenticationResultType>,
        renewable: impl FnOnce(Zeroizing<String>, Option<String>) -> Renewable,
    ) -> Result<Token, SignInError> {
        // The one that is not used is overwritten too.
        let [access_token, id_token, refresh_token] = tokens
            .map(|tokens| {
                [tokens.access_token, tokens.id_token, tokens.refresh_token].map(|text| text.map(Zeroizing::new))
            })
            .unwrap_or_default();
        let jwt = match self.token_use {
            TokenUse::Access => access_token,
            TokenUse::Id => id_token,
        };
        let Some(mut jwt) = jwt else {
            return Err(SignInError::misconfigured(format!("Cognito's answer holds no {} token", self.token_use)));
        };
        let username = real_username(&jwt);
        let token = Token::issued(std::mem::take(&mut *jwt))?;
        if let Some(refresh_token) = refresh_token.filter(|_| self.renewal != Renewal::Never) {
            self.refresh_tokens.keep(request, renewable(refresh_token, username));
        }
        Ok(token)
    }
}

impl<C: CredentialsSource> TokenSource for CognitoTokenSource<C> {
    fn sign_in(&self) -> impl Future<Output = Result<Token, SignInError>> + Send {
        self.sign_in_from(None)
    }

    fn sign_in_for(&self, request: &SignInRequest) -> impl Future<Output = Result<Token, SignInError>> + Send {
        self.sign_in_from(request.credentials.clone())
    }

    fn forget(&self) {
        self.refresh_tokens.forget();
    }
}

impl<C> fmt::Debug for CognitoTokenSource<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CognitoTokenSource")
            .field("token_use", &self.token_use)
            .field("renewal", &self.renewal)
            .finish_non_exhaustive()
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

/// The user name that the token states. The secret hash of a renewal is over this one, whereas the user may have signed
/// in with an alias, such as an e-mail address.
fn real_username(jwt: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        username: Option<String>,
        #[serde(rename = "cognito:username")]
        in_id_token: Option<String>,
    }
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?);
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    claims.in_id_token.or(claims.username)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_hash_is_what_openssl_computes() {
        for (username, hash) in [
            // printf %s 'aliceclient-1' | openssl dgst -sha256 -hmac 'secret-1' -binary | base64
            ("alice", "zlUKX2niPjSU74M3rkwmZocVGaXX+sNF9bOdFiOSbxo="),
            // The same with an alias, over which a password sign-in is hashed, and with the real name behind it.
            ("alice@example.com", "HbivJfdfdOMoTTMMXAGv10ZF52WVnF8M4tiDrNEtaxY="),
            ("5eed5eed-0000-4000-8000-000000000001", "q/4otQNwn2p+AIFNwIu+qQM5kL6xH6c+iTiddQntDzE="),
        ] {
            assert_eq!(secret_hash(username, "client-1", "secret-1"), hash, "{username}");
        }
    }

    #[test]
    fn the_real_username_is_the_claim_of_either_token() {
        let jwt = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        for (claims, username) in [
            (r#"{"username":"alice","token_use":"access"}"#, Some("alice")),
            (r#"{"cognito:username":"alice","email":"a@example.com"}"#, Some("alice")),
            (r#"{"cognito:username":"alice","username":"an attribute"}"#, Some("alice")),
            (r#"{"sub":"1"}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(real_username(&jwt(claims)).as_deref(), username, "{claims}");
        }
        assert_eq!(real_username("no token"), None);
    }
}
