#[cfg(feature = "private-key-jwt")]
mod assertion;

use std::{
    fmt,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{ACCEPT, AGE, DATE, HeaderMap, HeaderName, RETRY_AFTER},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{ClientCredentials, CredentialsSource, SignInError, Token, TokenSource, credentials::source::next_attempt};

/// Signs in a machine-to-machine client, without a user: OAuth 2.0's `client_credentials` grant
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
/// The client proves itself with an `Authorization: Basic` header, or in the body
/// ([`with_secret_in_body`](Self::with_secret_in_body)), or, with the feature `private-key-jwt`, with a signed assertion.
/// The endpoint must be an https URL, except on this machine.
///
/// There is no refresh token in this grant: each token takes one request, of 3 s at most, and a second one if the first
/// met a connection that had died while Lambda froze the process. A request that timed out is not repeated: no time
/// would be left.
///
/// Of `http` give the TLS configuration, and a connect timeout; a `pool_idle_timeout` of some seconds and a
/// `tcp_user_timeout` of one or two let it notice a connection that died without a word. Let it follow no redirects
/// (`redirect::Policy::none()`), which could take the secret to another server.
#[derive(Clone)]
pub struct ClientCredentialsTokenSource<C> {
    http: reqwest::Client,
    token_endpoint: Url,
    scope: Option<String>,
    parameters: Vec<(String, String)>,
    proof: Proof,
    credentials: C,
}

/// How the client proves who it is.
#[derive(Clone)]
enum Proof {
    SecretInHeader,
    SecretInBody,
    #[cfg(feature = "private-key-jwt")]
    Assertion {
        key_id: Option<String>,
    },
}

const LONGEST_REQUEST: Duration = Duration::from_secs(3);

impl<C: CredentialsSource<ClientCredentials>> ClientCredentialsTokenSource<C> {
    /// Signs in with what `credentials` gives, for all scopes that the client may have.
    pub fn new(http: reqwest::Client, token_endpoint: Url, credentials: C) -> Self {
        Self { http, token_endpoint, scope: None, parameters: Vec::new(), proof: Proof::SecretInHeader, credentials }
    }

    /// The same source, but it asks for these scopes only, such as `orders/read`.
    #[must_use]
    pub fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scope = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect::<Vec<_>>().join(" ");
        Self { scope: Some(scope).filter(|scope| !scope.is_empty()), ..self }
    }

    /// The same source, but it sends one more parameter, such as `audience` (Auth0) or `resource`
    /// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)), which may come several times.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The same source, but it sends id and secret in the body (`client_secret_post`), for endpoints that read no
    /// `Authorization` header.
    #[must_use]
    pub fn with_secret_in_body(self) -> Self {
        Self { proof: Proof::SecretInBody, ..self }
    }

    /// The same source, but its client secret is a private key, as PKCS #8 in PEM (`BEGIN PRIVATE KEY`) of RSA or P-256:
    /// it stays here, and signs an assertion for each request (`private_key_jwt`, RS256 or ES256). `key_id` is what the
    /// endpoint calls the public key, if it has several.
    #[cfg(feature = "private-key-jwt")]
    #[must_use]
    pub fn with_private_key(self, key_id: Option<String>) -> Self {
        Self { proof: Proof::Assertion { key_id }, ..self }
    }

    async fn sign_in_as(&self, credentials: &ClientCredentials) -> Result<Token, SignInError> {
        if !is_safe(&self.token_endpoint) {
            let reason =
                "the token endpoint must be an https URL: without TLS the client secret could be read on the way";
            return Err(SignInError::misconfigured(reason));
        }
        let answer = match send(self.request(credentials)?).await {
            // Another request: an assertion is good for one.
            Err(error) if !error.is_timeout() && !error.is_builder() => send(self.request(credentials)?).await,
            result => result,
        };
        let Answer { status, headers, body } = answer.map_err(|error| SignInError::unavailable(error.without_url()))?;
        match status {
            // Some servers refuse with a success.
            status if status.is_success() && !is_refusal(&body) => token(&body, answered_at(&headers)),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(SignInError::throttled(format!("HTTP {status}"), retry_after(&headers)))
            }
            StatusCode::REQUEST_TIMEOUT => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status if status.is_server_error() => Err(SignInError::unavailable(format!("HTTP {status}"))),
            status => Err(refusal(status, &body)),
        }
    }

    fn request(&self, credentials: &ClientCredentials) -> Result<RequestBuilder, SignInError> {
        let ClientCredentials { client_id, client_secret } = credentials;
        let request = self.http.post(self.token_endpoint.clone()).timeout(LONGEST_REQUEST);
        let request = request.header(ACCEPT, "application/json");
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        form.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        match &self.proof {
            Proof::SecretInHeader => {
                let (client_id, client_secret) = (form_encoded(client_id), form_encoded(client_secret));
                Ok(request.basic_auth(client_id.as_str(), Some(client_secret.as_str())).form(&form))
            }
            Proof::SecretInBody => {
                form.extend([("client_id", client_id.as_str()), ("client_secret", client_secret.as_str())]);
                Ok(request.form(&form))
            }
            #[cfg(feature = "private-key-jwt")]
            Proof::Assertion { key_id } => {
                let audience = self.token_endpoint.as_str();
                let now = crate::Clock::wall().now();
                let assertion = assertion::sign(client_id, audience, key_id.as_deref(), client_secret, now)?;
                form.extend([
                    ("client_id", client_id.as_str()),
                    ("client_assertion_type", assertion::TYPE),
                    ("client_assertion", assertion.as_str()),
                ]);
                Ok(request.form(&form))
            }
        }
    }
}

async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let mut response = request.send().await?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    Ok(Answer { status, headers, body: Zeroizing::new(response.bytes().await?.into()) })
}

/// Whether a secret may be sent there: with TLS, or to this machine.
fn is_safe(endpoint: &Url) -> bool {
    let is_loopback = match endpoint.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    endpoint.scheme() == "https" || is_loopback
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

/// Claims, `Date` and `expires_in` are in whole seconds.
const RESOLUTION: Duration = Duration::from_secs(2);

/// The token of a success. serde_json's message is not shown: it could show a part of the answer.
fn token(body: &[u8], answered_at: Option<SystemTime>) -> Result<Token, SignInError> {
    #[derive(Deserialize)]
    struct Success {
        access_token: String,
        #[serde(default)]
        expires_in: Value,
    }
    let Ok(Success { access_token, expires_in }) = serde_json::from_slice(body) else {
        let reason = "the token endpoint's response holds no token: check its address";
        return Err(SignInError::misconfigured(reason));
    };
    let access_token = Zeroizing::new(access_token);
    let lifetime = lifetime(&expires_in);
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

/// The lifetime that a server states: as a number, with a fraction or not, or as text with one. Some state none, by an
/// empty text or by zero or less.
fn lifetime(expires_in: &Value) -> Option<Duration> {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|lifetime| !lifetime.is_zero())
}

/// Whether a body tells of an error and brings no token.
fn is_refusal(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Members {
        error: Option<IgnoredAny>,
        access_token: Option<IgnoredAny>,
    }
    let members = serde_json::from_slice(body);
    members.is_ok_and(|Members { error, access_token }| error.is_some() && access_token.is_none())
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
        "server_error" | "temporarily_unavailable" => return SignInError::unavailable(format!("HTTP {status} {code}")),
        "invalid_scope" => "the client may not have the scopes that it asks for",
        "unauthorized_client" | "unsupported_grant_type" => "the client may not use the client_credentials grant",
        "" => "the token endpoint rejected the request without a reason: check its address",
        _ => "the token endpoint rejected the request",
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
    fn a_lifetime_is_understood_as_servers_write_it() {
        for (expires_in, seconds) in [
            ("3600", Some(3600.0)),
            ("3600.5", Some(3600.5)),
            ("\"3600\"", Some(3600.0)),
            ("\" 3600.0 \"", Some(3600.0)),
            ("0", None),
            ("-1", None),
            ("\"-1\"", None),
            ("\"\"", None),
            ("\"soon\"", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("1e300", None),
            ("null", None),
            ("true", None),
            ("[60]", None),
        ] {
            let found = lifetime(&serde_json::from_str(expires_in).unwrap());
            assert_eq!(found, seconds.map(Duration::from_secs_f64), "{expires_in}");
        }
    }

    #[test]
    fn a_lifetime_that_says_nothing_leaves_the_claims_to_count() {
        let issued = jwt(r#"{"iat":1800000000,"exp":1800003600}"#);
        for expires_in in
            ["", r#","expires_in":null"#, r#","expires_in":"""#, r#","expires_in":-1"#, r#","expires_in":"3600""#]
        {
            let body = format!(r#"{{"access_token":"{issued}"{expires_in}}}"#);
            let life = token(body.as_bytes(), Some(SystemTime::UNIX_EPOCH + IAT)).map(|token| token.life());
            assert!(matches!(life, Ok(Life::Issued { .. })), "{expires_in}: {life:?}");
        }
    }

    #[test]
    fn secrets_are_sent_with_tls_or_to_this_machine_only() {
        for (url, safe) in [
            ("https://orders.example/oauth2/token", true),
            ("http://127.0.0.1:8900/oauth2/token", true),
            ("http://localhost/oauth2/token", true),
            ("http://[::1]:8900/oauth2/token", true),
            ("http://orders.example/oauth2/token", false),
            ("http://localhost.orders.example/oauth2/token", false),
            ("http://127.0.0.1.orders.example/oauth2/token", false),
            ("http://192.168.0.1/oauth2/token", false),
            ("ftp://orders.example/oauth2/token", false),
        ] {
            assert_eq!(is_safe(&url.parse().unwrap()), safe, "{url}");
        }
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
