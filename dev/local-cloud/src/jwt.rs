//! RS256 JSON Web Tokens over `ring`: the two signing keys of a pool, and the check of a token against them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Map, Value, json};

/// The claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Cognito has two keys per pool. Here every pool has the same two: see `keys/README.md`.
#[derive(Clone)]
pub(crate) struct Keys {
    id: Arc<Key>,
    access: Arc<Key>,
}

struct Key {
    pair: RsaKeyPair,
    kid: String,
}

/// Why a token was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not three parts of base64url with JSON in the first two.
    Malformed,
    /// No key of ours signed it.
    BadSignature,
}

impl Keys {
    pub(crate) fn development() -> Self {
        Self {
            id: Key::from_pkcs8(include_bytes!("../keys/id-token-signing-key.pk8")),
            access: Key::from_pkcs8(include_bytes!("../keys/access-token-signing-key.pk8")),
        }
    }

    /// Signs an ID or an access token, each with its own key, as the claim `token_use` says.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let key = if claims.get("token_use").and_then(Value::as_str) == Some("id") { &self.id } else { &self.access };
        let header = json!({"kid": key.kid, "alg": "RS256"});
        let message = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; key.pair.public().modulus_len()];
        key.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("the buffer is as long as the modulus");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that one of the keys signed. Expiry, issuer and audience are the caller's to judge.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Malformed)?;
        let header = decode(header)?;
        let claims = decode(claims)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Malformed)?;
        if header.get("alg").and_then(Value::as_str) != Some("RS256") {
            return Err(Refusal::BadSignature);
        }
        let kid = header.get("kid").and_then(Value::as_str);
        let key = [&self.id, &self.access].into_iter().find(|key| Some(key.kid.as_str()) == kid);
        ring::signature::UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            key.ok_or(Refusal::BadSignature)?.pair.public_key(),
        )
        .verify(message.as_bytes(), &signature)
        .map_err(|_| Refusal::BadSignature)?;
        Ok(claims)
    }

    /// The JSON Web Key Set, as Cognito serves it.
    pub(crate) fn jwks(&self) -> Value {
        let keys = [&self.id, &self.access].map(|key| {
            let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.pair.public());
            json!({
                "alg": "RS256",
                "e": URL_SAFE_NO_PAD.encode(e),
                "kid": key.kid,
                "kty": "RSA",
                "n": URL_SAFE_NO_PAD.encode(n),
                "use": "sig",
            })
        });
        json!({ "keys": keys })
    }
}

impl Key {
    fn from_pkcs8(der: &[u8]) -> Arc<Self> {
        let pair = RsaKeyPair::from_pkcs8(der).expect("the committed key is a PKCS#8 RSA key");
        let kid = STANDARD.encode(digest(&SHA256, pair.public_key().as_ref()));
        Arc::new(Self { pair, kid })
    }
}

fn encode(part: &impl serde::Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("claims are JSON"))
}

fn decode(part: &str) -> Result<Claims, Refusal> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Refusal::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(token_use: &str) -> Claims {
        json!({"sub": "someone", "token_use": token_use}).as_object().expect("an object").clone()
    }

    #[test]
    fn what_was_signed_verifies() {
        let keys = Keys::development();
        for token_use in ["id", "access"] {
            assert_eq!(keys.verify(&keys.sign(&claims(token_use))), Ok(claims(token_use)));
        }
    }

    #[test]
    fn id_and_access_tokens_have_different_keys() {
        let keys = Keys::development();
        let header = |token_use| keys.sign(&claims(token_use)).split('.').next().map(ToOwned::to_owned);
        assert_ne!(header("id"), header("access"));
    }

    #[test]
    fn a_changed_token_is_refused() {
        let keys = Keys::development();
        let token = keys.sign(&claims("access"));
        let parts: Vec<_> = token.split('.').collect();
        let forged = format!("{}.{}.{}", parts[0], encode(&claims("id")), parts[2]);
        assert_eq!(keys.verify(&forged), Err(Refusal::BadSignature));
        let unsigned = format!("{}.{}.", encode(&json!({"alg": "none"})), parts[1]);
        assert_eq!(keys.verify(&unsigned), Err(Refusal::BadSignature));
        assert_eq!(keys.verify("not a token"), Err(Refusal::Malformed));
        assert_eq!(keys.verify(&format!("Bearer {token}")), Err(Refusal::Malformed));
    }
}
