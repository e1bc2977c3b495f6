use std::{fmt, time::Duration};

use reqwest::{StatusCode, Url, header::ACCEPT};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{ClientCredentials, CredentialsSource, SignInError, Token, TokenSource, credentials::second_attempt};

/// Signs in a client that acts for itself, without a user: OAuth 2.0's `client_credentials` grant
/// ([RFC 6749, section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)) at the token endpoint of a Cognito
/// user pool's domain, or of any other provider. A token that is no JWT, or one that
/// the endpoint has handed out before, lives for the `expires_in` of the answer.
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
            .basic_auth(
                form_encoded(&credentials.client_id).as_str(),
                Some(form_encoded(&credentials.client_secret).as_str()),
            )
            .header(ACCEPT, "application/json")
            .form(&Form { grant_type: "client_credentials", scope: self.scope.as_deref() })
            .send()
            .await?;
        let status = response.status();
        Ok((status, Zeroizing::new(response.bytes().await?.into())))
    }
}

/// How id and secret are written in the header: [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1).
fn form_encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
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
    let Ok(Success { access_token, expires_in }) = serde_json::from_slice(body) else {
        let reason = "the token endpoint's answer holds no token: is its address right?";
        return Err(SignInError::misconfigured(reason));
    };
    let Some(lifetime) = expires_in.map(Duration::from_secs) else { return Ok(Token::issued(access_token)?) };
    match Token::issued(access_token.clone()) {
        Ok(token) if !was_issued_before(&token, lifetime) => Ok(token),
        // It does not tell its life, or is one that the endpoint has handed out before.
        _ => Ok(Token::opaque(access_token, lifetime)?),
    }
}

/// Whether the token has been alive for a while: it then lives for less than its claims say from end to end.
fn was_issued_before(token: &Token, lifetime: Duration) -> bool {
    let life = token.expires_at().zip(token.issued_at()).and_then(|(exp, iat)| exp.duration_since(iat).ok());
    // Claims and `expires_in` are in whole seconds.
    life.is_some_and(|life| lifetime + Duration::from_secs(2) < life)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Life, tests::jwt};

    fn life(access_token: &str, expires_in: Option<u64>) -> Result<Life, SignInError> {
        let body = serde_json::json!({"access_token": access_token, "expires_in": expires_in}).to_string();
        token(body.as_bytes()).map(|token| token.life())
    }

    #[test]
    fn the_claims_count_unless_the_endpoint_says_that_less_is_left_or_there_are_none() {
        let issued = jwt(r#"{"iat":1800000000,"exp":1800003600}"#);
        for expires_in in [None, Some(3600), Some(3598), Some(7200)] {
            assert!(matches!(life(&issued, expires_in), Ok(Life::Issued { .. })), "{expires_in:?}");
        }
        let half_an_hour = Life::For(Duration::from_secs(1800));
        assert_eq!(life(&issued, Some(1800)).unwrap(), half_an_hour, "it was handed out before");
        for no_claims in ["opaque", "v4.public.text", &jwt("{}")] {
            assert_eq!(life(no_claims, Some(1800)).unwrap(), half_an_hour, "{no_claims}");
            assert!(matches!(life(no_claims, None), Err(SignInError::BadToken(_))), "{no_claims}");
        }
    }

    #[test]
    fn id_and_secret_are_form_encoded_in_the_header() {
        assert_eq!(form_encoded("a:b+c%2B d").as_str(), "a%3Ab%2Bc%252B+d");
        assert_eq!(form_encoded("7kq1secret").as_str(), "7kq1secret");
    }
}
