//! Signature Version 4, as an API with `AWS_IAM` checks it:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use hyper::header::{AUTHORIZATION, HOST};
use hyper::{HeaderMap, Method};
use ring::{digest, hmac};

use crate::clock::format_date_time;

/// A request as it came.
pub(super) struct Signed<'a> {
    pub(super) method: &'a Method,
    /// As it is in the request, encoded.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// Why a signature is refused: AppSync's error type and its message, both with status 403.
pub(super) type Refusal = (&'static str, &'static str);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "appsync";
/// How far the clocks may be apart, in seconds.
const TOLERANCE: i64 = 5 * 60;

const INCOMPLETE: Refusal = ("IncompleteSignatureException", "Authorization header is malformed.");
const UNKNOWN: Refusal = ("UnrecognizedClientException", "The security token included in the request is invalid.");
const SCOPE: Refusal =
    ("InvalidSignatureException", "Credential should be scoped to a valid region and to the service 'appsync'.");
const EXPIRED: Refusal = ("InvalidSignatureException", "Signature expired: the request's date is too far from now.");
const WRONG: Refusal = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
);

/// Whether the header is a signature at all, rather than a token.
pub(super) fn is_signature(headers: &HeaderMap) -> bool {
    text(headers, AUTHORIZATION.as_str()).is_some_and(|header| header.starts_with(ALGORITHM))
}

impl Signed<'_> {
    /// # Errors
    /// When the signature is not that of a key that `secret_of` knows, for this region, this service, this request and now.
    pub(super) fn verify<'k>(
        &self,
        region: &str,
        now: i64,
        secret_of: impl FnOnce(&str) -> Option<&'k str>,
    ) -> Result<(), Refusal> {
        let header = text(self.headers, AUTHORIZATION.as_str()).ok_or(INCOMPLETE)?;
        let part = |name: &str| {
            let parts = header.strip_prefix(ALGORITHM)?.split(',');
            parts.map(str::trim).find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let (credential, names, signature) = (
            part("Credential").ok_or(INCOMPLETE)?,
            part("SignedHeaders").ok_or(INCOMPLETE)?,
            part("Signature").ok_or(INCOMPLETE)?,
        );
        let [key, day, of_region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(INCOMPLETE);
        };
        let secret = secret_of(key).ok_or(UNKNOWN)?;
        let date = text(self.headers, "x-amz-date").ok_or(INCOMPLETE)?;
        if (of_region, service) != (region, SERVICE) || !date.starts_with(day) {
            return Err(SCOPE);
        }
        if !(compact(now - TOLERANCE)..=compact(now + TOLERANCE)).contains(&date.to_owned()) {
            return Err(EXPIRED);
        }
        let names: Vec<_> = names.split(';').collect();
        if !names.contains(&HOST.as_str()) {
            return Err(INCOMPLETE);
        }
        let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
        let request = self.canonical(&names).ok_or(WRONG)?;
        let to_sign = format!(
            "{ALGORITHM}\n{date}\n{scope}\n{}",
            hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref())
        );
        let start = format!("AWS4{secret}").into_bytes();
        let key = [day, region, SERVICE, "aws4_request"].into_iter().fold(start, |key, part| mac(&key, part));
        if hex(&mac(&key, &to_sign)) == signature { Ok(()) } else { Err(WRONG) }
    }

    /// What is hashed and signed; none if a header that was signed is not there.
    fn canonical(&self, names: &[&str]) -> Option<String> {
        let mut query: Vec<_> = self.query.split('&').filter(|pair| !pair.is_empty()).collect();
        query.sort_unstable();
        let headers: Option<String> =
            names.iter().map(|name| Some(format!("{name}:{}\n", text(self.headers, name)?.trim()))).collect();
        let body = hex(digest::digest(&digest::SHA256, self.body).as_ref());
        Some(format!("{}\n{}\n{}\n{}\n{}\n{body}", self.method, self.path, query.join("&"), headers?, names.join(";"),))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20260131T235959Z`, of seconds since 1970.
fn compact(seconds: i64) -> String {
    let date = format_date_time(seconds * 1000);
    let date = date.split('.').next().unwrap_or_default().trim_end_matches('Z');
    date.chars().filter(|c| !"-:".contains(*c)).chain(['Z']).collect()
}
