use std::{fmt, time::Duration};

use reqwest::{StatusCode, Url, header::ACCEPT};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{ClientCredentials, CredentialsSource, SignInError, Token, TokenSource, credentials::second_attempt};

/// Signs in a client that acts for itself, without a user: OAuth 2.0's `client_credentials` grant
/// ([RFC 6749, section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)) at the token endpoint of a Cognito
/// user pool's domain, or of any other provider. A token that is no JWT lives for the `expires_in` of the answer.
///
/// ```no_run
/// # fn f(http: reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_cache::{ClientCredentials, ClientCredentialsTokenSource};
///
/// let source = ClientCredentialsTokenSource::new(
///     http,
///     "https://my-domain.auth.eu-west-1.amazoncognito.com/oauth2/token".parse()?,
///     ClientCredentials::new("the client's id", "the client's secret"),
/// )
/// .with_scopes(["orders/read", "orders/write"]);
/// # Ok(())
/// # }
/// ```
///
/// The client proves itself with an `Authorization: Basic` header. There is no refresh token in this grant: each token
/// takes one request, of 5 s at most, and a second one if the first met a connection that had died while Lambda froze
/// the process. Of `http` give the TLS configuration, and a connect timeout.
#[derive(Clone)]
pub struct ClientCredentialsTokenSource<C> {
    http: reqwest::Client,
    token_endpoint: Url,
    scope: Option<String>,
    credentials: C,
}

const LONGEST_REQUEST: Duration = Duration::from_secs(5);

impl<C: CredentialsSource<ClientCredentials>> ClientCredentialsTokenSource<C> {
    /// Signs in with what `credentials` gives, for all scopes that the client may have.
    pub fn new(http: reqwest::Client, token_endpoint: Url, credentials: C) -> Self {
        Self { http, token_endpoint, scope: None, credentials }
    }

    /// The same source, but it asks for these scopes only, such as `orders/read`.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scope = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect::<Vec<_>>().join(" ");
        Self { scope: Some(scope).filter(|scope| !scope.is_empty()), ..self }
    }

    async fn sign_in_as(&self, credentials: &ClientCredentials) -> Result<Token, SignInError> {
        let answer = match self.send(credentials).await {
            Err(error) if !error.is_timeout() && !error.is_builder() => self.send(credentials).await,
            result => result,
        };
        let (status, body) = answer.map_err(|error| SignInError::unavailable(error.without_url()))?;
        match status {
            status if status.is_success() => token(&body),
            StatusCode::TOO_MANY_REQUESTS => Err(SignInError::Throttled { source: format!("HTTP {status}").into() }),
            StatusCode::REQUEST_TIMEOUT => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status if status.is_server_error() => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status => Err(refusal(status, &body)),
        }
    }

    async fn send(&self, credentials: &ClientCredentials) -> reqwest::Result<(StatusCode, Zeroizing<Vec<u8>>)> {
        let response = self
            .http
            .post(self.token_endpoint.clone())
            .timeout(LONGEST_REQUEST)
            .basic_auth(&credentials.client_id, Some(credentials.client_secret.as_str()))
            .header(ACCEPT, "application/json")
            .form(&Form { grant_type: "client_credentials", scope: self.scope.as_deref() })
            .send()
            .await?;
        let status = response.status();
        Ok((status, Zeroizing::new(response.bytes().await?.into())))
    }
}

#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

/// The token of a success. serde_json's message is not shown: it could show a part of the answer.
fn token(body: &[u8]) -> Result<Token, SignInError> {
    #[derive(Deserialize)]
    struct Success {
        access_token: String,
        expires_in: Option<u64>,
    }
    match serde_json::from_slice(body) {
        Ok(Success { access_token, expires_in: Some(seconds) }) if access_token.split('.').count() != 3 => {
            Ok(Token::opaque(access_token, Duration::from_secs(seconds))?)
        }
        Ok(Success { access_token, .. }) => Ok(Token::issued(access_token)?),
        Err(_) => Err(SignInError::misconfigured("the token endpoint's answer holds no token: is its address right?")),
    }
}

/// What a refusal means, by the codes of [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
fn refusal(status: StatusCode, body: &[u8]) -> SignInError {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let code = serde_json::from_slice(body).map_or_else(|_| String::new(), |Refusal { error }| error);
    let reason = match code.as_str() {
        "invalid_client" => return SignInError::WrongCredentials,
        "invalid_scope" => "the client may not have the scopes that it asks for",
        "unauthorized_client" | "unsupported_grant_type" => "the client may not use the client_credentials grant",
        "" => "the token endpoint refuses without a reason: is its address right?",
        _ => "the token endpoint refuses it",
    };
    let source = format!("HTTP {status} {code}").trim_end().to_owned();
    SignInError::Misconfigured { reason: reason.to_owned(), source: Some(source.into()) }
}

impl<C: CredentialsSource<ClientCredentials>> TokenSource for ClientCredentialsTokenSource<C> {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let credentials = self.credentials.read().await?;
        match self.sign_in_as(&credentials).await {
            Err(SignInError::WrongCredentials) => {
                let others = second_attempt(&self.credentials, &credentials).await?;
                self.sign_in_as(&others).await
            }
            result => result,
        }
    }
}

impl<C> fmt::Debug for ClientCredentialsTokenSource<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentialsTokenSource").field("scope", &self.scope).finish_non_exhaustive()
    }
}
