//! RS256 JSON Web Tokens over `ring`: the two signing keys of a pool, and the check of a token against them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
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
        let token = Token::parse(token)?;
        let key = [&self.id, &self.access].into_iter().find(|key| key.kid == token.kid).ok_or(Refusal::BadSignature)?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair.public_key());
        key.verify(token.message.as_bytes(), &token.signature).map_err(|_| Refusal::BadSignature)?;
        Ok(token.claims)
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

/// The keys of a pool that is not this stand-in's.
#[derive(Debug)]
pub(crate) struct PublicKeys(Vec<(String, PublicKeyComponents<Vec<u8>>)>);

impl PublicKeys {
    /// From a JSON Web Key Set, such as [`Keys::jwks`].
    ///
    /// # Errors
    /// What is not as it should be.
    pub(crate) fn from_jwks(jwks: &Value) -> Result<Self, String> {
        let keys = jwks.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
        let keys = keys.ok_or("this is no set of keys")?;
        let number = |key: &Value, name| {
            let text = key.get(name).and_then(Value::as_str).map(|text| text.trim_end_matches('='));
            text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        };
        let key = |key: &Value| {
            let kid = key.get("kid").and_then(Value::as_str)?.to_owned();
            Some((kid, PublicKeyComponents { n: number(key, "n")?, e: number(key, "e")? }))
        };
        keys.iter().map(key).collect::<Option<_>>().map(Self).ok_or_else(|| "a key lacks kid, n or e".to_owned())
    }

    /// As [`Keys::verify`].
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        let token = Token::parse(token)?;
        let (_, key) = self.0.iter().find(|(kid, _)| *kid == token.kid).ok_or(Refusal::BadSignature)?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, token.message.as_bytes(), &token.signature)
            .map_err(|_| Refusal::BadSignature)?;
        Ok(token.claims)
    }
}

/// A token in parts, not verified yet.
struct Token<'a> {
    kid: String,
    claims: Claims,
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Result<Self, Refusal> {
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Malformed)?;
        let header = decode(header)?;
        let claims = decode(claims)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Malformed)?;
        let text = |name| header.get(name).and_then(Value::as_str).ok_or(Refusal::BadSignature);
        if text("alg")? != "RS256" {
            return Err(Refusal::BadSignature);
        }
        Ok(Self { kid: text("kid")?.to_owned(), claims, message, signature })
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
    fn the_key_set_verifies_what_its_keys_have_signed_and_nothing_else() {
        let keys = Keys::development();
        let jwks = keys.jwks();
        let public = PublicKeys::from_jwks(&jwks).unwrap();
        for token_use in ["id", "access"] {
            assert_eq!(public.verify(&keys.sign(&claims(token_use))), Ok(claims(token_use)));
        }
        // The same names, but each with the other's key.
        let mut swapped = jwks.clone();
        let names = [&jwks["keys"][0]["kid"], &jwks["keys"][1]["kid"]];
        (swapped["keys"][0]["kid"], swapped["keys"][1]["kid"]) = (names[1].clone(), names[0].clone());
        let swapped = PublicKeys::from_jwks(&swapped).unwrap();
        assert_eq!(swapped.verify(&keys.sign(&claims("access"))), Err(Refusal::BadSignature));
        assert_eq!(public.verify("not a token"), Err(Refusal::Malformed));
        for none in [json!({}), json!({"keys": []}), json!({"keys": [{"kid": "1", "n": "AQ"}]})] {
            assert!(PublicKeys::from_jwks(&none).is_err(), "{none}");
        }
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
