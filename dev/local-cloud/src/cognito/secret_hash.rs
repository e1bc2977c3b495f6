//! `SECRET_HASH`: proof that the caller has the app client's secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::pool::Client;
use crate::aws_json::AwsError;

/// Checks `SECRET_HASH` = Base64(HMAC-SHA256(client secret, username + client id)) if the client has a secret.
pub(super) fn check(client: &Client, username: &str, given: Option<&str>) -> Result<(), AwsError> {
    let Some(secret) = &client.secret else { return Ok(()) };
    let Some(given) = given else {
        let message = format!("Client {} is configured with secret but SECRET_HASH was not received", client.id);
        return Err(AwsError::new("NotAuthorizedException", message));
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let message = format!("{username}{}", client.id);
    let verified = STANDARD.decode(given).is_ok_and(|tag| hmac::verify(&key, message.as_bytes(), &tag).is_ok());
    if verified { Ok(()) } else { Err(unverified(client)) }
}

/// Cognito's refusal of a wrong hash, or of a wrong plain secret.
pub(super) fn unverified(client: &Client) -> AwsError {
    AwsError::new("NotAuthorizedException", format!("Unable to verify secret hash for client {}", client.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf %s alice4f2example | openssl dgst -sha256 -hmac s3cret -binary | base64`.
    const KNOWN: &str = "Fye4Kq9KNo4Tg7MIDx2Ach6X4jWr8uK6HCFtrY8mT2M=";

    #[test]
    fn a_hash_computed_elsewhere_is_accepted_for_its_user_only() {
        let client = Client::new("4f2example", "", Some("s3cret".to_owned()));
        assert_eq!(check(&client, "alice", Some(KNOWN)), Ok(()));
        assert_eq!(check(&client, "bob", Some(KNOWN)), Err(unverified(&client)));
        assert_eq!(check(&client, "alice", Some("not base64!")), Err(unverified(&client)));
        assert!(check(&client, "alice", None).is_err());
    }
}
