//! The token endpoint of a pool's domain, `POST /oauth2/token`, for clients that act for themselves.
//!
//! RFC 6749, sections 4.4 and 5.2; Cognito sends status 400 for every refusal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde_json::json;

use super::state::{Cognito, Context};
use super::tokens;
use crate::answer::Answer;

impl Cognito {
    pub(crate) fn token(&self, headers: &HeaderMap, body: &[u8], context: &Context) -> Answer {
        match self.granted(headers, body, context) {
            Ok(body) => Answer::new(200, "application/json", body, "ok"),
            Err(error) => Answer::new(400, "application/json", json!({"error": error}).to_string(), error),
        }
    }

    fn granted(&self, headers: &HeaderMap, body: &[u8], context: &Context) -> Result<String, &'static str> {
        let form = std::str::from_utf8(body).map_err(|_| "invalid_request")?;
        let parameter = |name: &str| {
            let value = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.map(percent_decode)
        };
        let in_body = || parameter("client_id").zip(parameter("client_secret"));
        let (id, secret) = in_header(headers).or_else(in_body).ok_or("invalid_client")?;
        let (pool, client) = self.client(&id).map_err(|_| "invalid_client")?;
        if client.secret != Some(secret) {
            return Err("invalid_client");
        }
        match parameter("grant_type").ok_or("invalid_request")?.as_str() {
            "client_credentials" => {}
            _ => return Err("unsupported_grant_type"),
        }
        if !client.oauth.flows.iter().any(|flow| flow == "client_credentials") {
            return Err("unauthorized_client");
        }
        let scope = match parameter("scope") {
            Some(scope) => scope,
            None => client.oauth.scopes.join(" "),
        };
        if scope.split(' ').any(|asked| !client.oauth.scopes.iter().any(|allowed| allowed == asked)) {
            return Err("invalid_scope");
        }
        let (token, lifetime) = tokens::issue_to_client(&self.keys, pool, client, &scope, context);
        Ok(json!({"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}).to_string())
    }
}

/// The id and the secret in an `Authorization: Basic` header. Cognito's have no characters that would be encoded there.
fn in_header(headers: &HeaderMap) -> Option<(String, String)> {
    let basic = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let basic = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    let (id, secret) = basic.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// One value of an `application/x-www-form-urlencoded` body.
fn percent_decode(value: &str) -> String {
    let mut bytes = value.bytes();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_value_is_decoded() {
        assert_eq!(percent_decode("orders%2Fwrite+orders%2fread"), "orders/write orders/read");
        assert_eq!(percent_decode("%zz%4"), "?@");
    }
}
