use std::{
    fmt,
    time::{Duration, SystemTime},
};

use reqwest::{
    StatusCode, Url,
    header::{ACCEPT, AGE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{ClientCredentials, CredentialsSource, SignInError, Token, TokenSource, credentials::source::next_attempt};

/// Signs in a client that acts for itself, without a user: OAuth 2.0's `client_credentials` grant
/// ([RFC 6749, section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)) at the token endpoint of a Cognito
/// user pool's domain, or of any other provider.
///
/// A token that is no JWT lives for the `expires_in` of the answer. One that the endpoint, or a cache in front of it, has
/// handed out before is told by the answer's `Date` and `Age`: it ends at its `exp`, whatever `expires_in` says.
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
/// the process. A request that timed out is not repeated: no time would be left. Of `http` give the TLS configuration,
/// and a connect timeout; a `pool_idle_timeout` of some seconds and a `tcp_user_timeout` of one or two let it notice a
/// connection that died without a word.
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
        let Answer { status, headers, body } = answer.map_err(|error| SignInError::unavailable(error.without_url()))?;
        match status {
            status if status.is_success() => token(&body, answered_at(&headers)),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(SignInError::throttled(format!("HTTP {status}"), retry_after(&headers)))
            }
            StatusCode::REQUEST_TIMEOUT => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status if status.is_server_error() => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status => Err(refusal(status, &body)),
        }
    }

    async fn send(&self, credentials: &ClientCredentials) -> reqwest::Result<Answer> {
        let mut response = self
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
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Answer { status, headers, body: Zeroizing::new(response.bytes().await?.into()) })
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

/// The time of an answer by the server's clock: when it was made, and for how long caches have kept it since.
fn answered_at(headers: &HeaderMap) -> Option<SystemTime> {
    let made = httpdate::parse_http_date(text(headers, DATE)?).ok()?;
    let kept = text(headers, AGE).and_then(|age| age.parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    made.checked_add(kept)
}

/// How long the server asks to be left alone.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, RETRY_AFTER)?;
    match asked.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(asked).ok()?.duration_since(answered_at(headers)?).ok(),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
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

/// Claims, `Date` and `expires_in` are in whole seconds.
const RESOLUTION: Duration = Duration::from_secs(2);

/// The token of a success. serde_json's message is not shown: it could show a part of the answer.
fn token(body: &[u8], answered_at: Option<SystemTime>) -> Result<Token, SignInError> {
    #[derive(Deserialize)]
    struct Success {
        access_token: String,
        expires_in: Option<u64>,
    }
    let Ok(Success { access_token, expires_in }) = serde_json::from_slice(body) else {
        let reason = "the token endpoint's answer holds no token: is its address right?";
        return Err(SignInError::misconfigured(reason));
    };
    let access_token = Zeroizing::new(access_token);
    let lifetime = expires_in.map(Duration::from_secs);
    let token = match (Token::issued(access_token.to_string()), lifetime) {
        (Ok(token), _) => token,
        (Err(_), Some(lifetime)) => return Ok(Token::opaque(access_token.to_string(), lifetime)?),
        (Err(error), None) => return Err(error.into()),
    };
    let Some((iat, exp)) = token.issued_at().zip(token.expires_at()) else { return Ok(token) };
    let was_kept = answered_at.is_none_or(|now| now.duration_since(iat).is_ok_and(|age| age > RESOLUTION));
    let left = exp.duration_since(answered_at.unwrap_or(iat).max(iat)).unwrap_or_default();
    match lifetime {
        Some(lifetime) if lifetime.saturating_add(RESOLUTION) < left => {
            Ok(Token::opaque(access_token.to_string(), lifetime)?)
        }
        // Its `iat` does not tell how far the local clock is off.
        _ if was_kept => Ok(Token::stored(access_token.to_string())?),
        _ => Ok(token),
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
        let mut credentials = self.credentials.read().await?;
        let mut refused = Vec::new();
        loop {
            match self.sign_in_as(&credentials).await {
                Err(SignInError::WrongCredentials) => refused.push(credentials),
                result => return result,
            }
            credentials = next_attempt(&self.credentials, &refused).await?;
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

    const IAT: Duration = Duration::from_secs(1_800_000_000);

    /// The life of a token in an answer that comes so many seconds after its `iat`.
    fn life(access_token: &str, expires_in: Option<u64>, age: u64) -> Result<Life, SignInError> {
        let body = serde_json::json!({"access_token": access_token, "expires_in": expires_in}).to_string();
        let answered_at = SystemTime::UNIX_EPOCH + IAT + Duration::from_secs(age);
        token(body.as_bytes(), Some(answered_at)).map(|token| token.life())
    }

    #[test]
    fn the_claims_count_unless_the_endpoint_says_that_less_is_left_or_there_are_none() {
        let issued = jwt(r#"{"iat":1800000000,"exp":1800003600}"#);
        for expires_in in [None, Some(3600), Some(3598), Some(7200), Some(u64::MAX)] {
            assert!(matches!(life(&issued, expires_in, 2), Ok(Life::Issued { .. })), "{expires_in:?}");
        }
        let half_an_hour = Life::For(Duration::from_secs(1800));
        assert_eq!(life(&issued, Some(1800), 0).unwrap(), half_an_hour);
        for no_claims in ["opaque", "v4.public.text", &jwt("{}")] {
            assert_eq!(life(no_claims, Some(1800), 0).unwrap(), half_an_hour, "{no_claims}");
            assert!(matches!(life(no_claims, None, 0), Err(SignInError::BadToken(_))), "{no_claims}");
        }
    }

    #[test]
    fn a_token_that_was_handed_out_before_ends_at_its_exp() {
        let issued = jwt(r#"{"iat":1800000000,"exp":1800003600}"#);
        let exp = SystemTime::UNIX_EPOCH + IAT + Duration::from_secs(3600);
        for (age, expires_in) in
            [(3, Some(3600)), (600, Some(3600)), (600, Some(3000)), (600, None), (4000, Some(3600))]
        {
            assert_eq!(life(&issued, expires_in, age).unwrap(), Life::Until { exp }, "{age} {expires_in:?}");
        }
        assert_eq!(life(&issued, Some(60), 600).unwrap(), Life::For(Duration::from_secs(60)), "the endpoint says so");
        let body = serde_json::json!({"access_token": issued, "expires_in": 3600}).to_string();
        assert_eq!(token(body.as_bytes(), None).unwrap().life(), Life::Until { exp }, "nothing tells that it is new");
    }

    #[test]
    fn the_time_of_an_answer_and_of_the_next_attempt_are_in_its_headers() {
        let headers = |of: &[(HeaderName, &'static str)]| -> HeaderMap {
            of.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
        };
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (given, expected) in [
            (vec![date.clone()], Some(made)),
            (vec![date.clone(), (AGE, "60")], Some(made + Duration::from_secs(60))),
            (vec![date.clone(), (AGE, "nonsense")], Some(made)),
            (vec![(DATE, "nonsense")], None),
            (vec![(AGE, "60")], None),
        ] {
            assert_eq!(answered_at(&headers(&given)), expected, "{given:?}");
        }
        for (asked, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sun, 06 Nov 1994 08:49:17 GMT", None),
            ("soon", None),
        ] {
            let found = retry_after(&headers(&[date.clone(), (RETRY_AFTER, asked)]));
            assert_eq!(found, expected.map(Duration::from_secs), "{asked}");
        }
        assert_eq!(retry_after(&headers(&[date])), None);
    }

    #[test]
    fn id_and_secret_are_form_encoded_in_the_header() {
        assert_eq!(form_encoded("a:b+c%2B d").as_str(), "a%3Ab%2Bc%252B+d");
        assert_eq!(form_encoded("7kq1secret").as_str(), "7kq1secret");
    }
}
