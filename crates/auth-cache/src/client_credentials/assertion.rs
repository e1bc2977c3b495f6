use std::time::{Duration, SystemTime};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::SignInError;

/// The form's `client_assertion_type`.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The request that it goes with takes seconds. Some servers take no more than five minutes.
const LIFETIME: Duration = Duration::from_secs(60);

/// A JWT that proves who the client is: [RFC 7523, section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3). The key's
/// kind decides how it is signed: RS256 with RSA, ES256 with P-256.
pub(super) fn sign(
    client_id: &str,
    audience: &str,
    key_id: Option<&str>,
    private_key: &str,
    now: SystemTime,
) -> Result<String, SignInError> {
    let key = Key::of(private_key).ok_or_else(|| {
        SignInError::misconfigured("the client's private key must be RSA or P-256, as PKCS #8 in PEM")
    })?;
    let mut header = json!({"alg": key.algorithm(), "typ": "JWT"});
    if let Some(key_id) = key_id {
        header["kid"] = json!(key_id);
    }
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let failed = || SignInError::misconfigured("the client's private key could not sign");
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| failed())?;
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": URL_SAFE_NO_PAD.encode(id),
        "iat": now.as_secs(),
        "exp": (now + LIFETIME).as_secs(),
    });
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.sign(message.as_bytes()).map_err(|Unspecified| failed())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl Key {
    fn of(pem: &str) -> Option<Self> {
        let base64: Zeroizing<String> =
            Zeroizing::new(pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect());
        let der = Zeroizing::new(STANDARD.decode(base64.as_bytes()).ok()?);
        let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
        p256.map(Self::P256).or_else(|_| RsaKeyPair::from_pkcs8(&der).map(Self::Rsa)).ok()
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Self::P256(key) => Ok(key.sign(&random, message)?.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn pem(der: &[u8]) -> String {
        let base64 = STANDARD.encode(der);
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// Header, claims, and what was signed with which signature.
    fn signed(der: &[u8], key_id: Option<&str>) -> (Value, Value, String, Vec<u8>) {
        let now = SystemTime::UNIX_EPOCH + NOW;
        let jwt = sign("client-1", "https://orders.example/token", key_id, &pem(der), now).unwrap();
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| serde_json::from_slice(&decode(part)).unwrap();
        (json(header), json(claims), message.to_owned(), decode(signature))
    }

    #[test]
    fn an_assertion_says_who_asks_whom_and_until_when() {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let (header, mut claims, ..) = signed(der.as_ref(), Some("key-1"));
        assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": "key-1"}));
        let (_, other, ..) = signed(der.as_ref(), None);
        assert_ne!(claims["jti"], other["jti"], "each is used once");
        claims.as_object_mut().unwrap().remove("jti");
        let expected = json!({
            "iss": "client-1",
            "sub": "client-1",
            "aud": "https://orders.example/token",
            "iat": 1_800_000_000,
            "exp": 1_800_000_060,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn either_kind_of_key_signs_in_its_own_way() {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let (_, _, message, signature) = signed(der.as_ref(), None);
        let Some(Key::P256(key)) = Key::of(&pem(der.as_ref())) else { panic!("a key") };
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
        public.verify(message.as_bytes(), &signature).unwrap();

        let der = include_bytes!("../../../../dev/local-cloud/keys/access-token-signing-key.pk8");
        let (header, _, message, signature) = signed(der, None);
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
        let Some(Key::Rsa(key)) = Key::of(&pem(der)) else { panic!("a key") };
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref());
        public.verify(message.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn what_is_no_key_is_told_without_being_shown() {
        for nonsense in ["", "canary", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----"] {
            let error = sign("client-1", "a", None, nonsense, SystemTime::UNIX_EPOCH).unwrap_err();
            assert!(matches!(error, SignInError::Misconfigured { .. }), "{error:?}");
            assert!(!format!("{error:?}").contains("canary") && !format!("{error:?}").contains("Y2Fu"), "{error:?}");
        }
    }
}
