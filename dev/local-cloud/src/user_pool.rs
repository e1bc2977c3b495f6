//! A user pool elsewhere, such as another emulator's, whose tokens AppSync believes: its keys come from its JWKS.

use std::io;

use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::jwt::{Claims, PublicKeys, Refusal};

const PATH: &str = "/.well-known/jwks.json";
const LARGEST_JWKS: usize = 64 * 1024;

/// What AppSync knows of it.
#[derive(Debug)]
pub(crate) struct UserPool {
    issuer: String,
    keys: PublicKeys,
}

impl UserPool {
    /// # Errors
    /// `InvalidInput` when the address is not `http://HOST:PORT/POOL/.well-known/jwks.json`; otherwise when nothing, or
    /// something else, answers there.
    pub(crate) async fn fetch(jwks_url: &str) -> io::Result<Self> {
        let (uri, id, region) = parse(jwks_url).ok_or_else(|| {
            let expected = "http://HOST:PORT/REGION_ID/.well-known/jwks.json";
            io::Error::new(io::ErrorKind::InvalidInput, format!("{jwks_url} is not like {expected}"))
        })?;
        let explained = |error: String| io::Error::other(format!("no keys from {jwks_url}: {error}"));
        let keys = get(&uri).await.and_then(|body| PublicKeys::from_jwks(&body)).map_err(explained)?;
        Ok(Self { issuer: format!("https://cognito-idp.{region}.amazonaws.com/{id}"), keys })
    }

    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        self.keys.verify(token)
    }

    /// Any of the pool's app clients will do, as for an API that does not name them.
    pub(crate) fn issued(&self, claims: &Claims) -> bool {
        let claim = |name| claims.get(name).and_then(Value::as_str);
        claim("iss") == Some(&self.issuer) && matches!(claim("token_use"), Some("access" | "id"))
    }
}

/// The address, the pool's id, and its region.
fn parse(jwks_url: &str) -> Option<(Uri, String, String)> {
    let uri: Uri = jwks_url.parse().ok()?;
    let id = uri.path().strip_prefix('/')?.strip_suffix(PATH)?.to_owned();
    let (region, _) = id.split_once('_')?;
    let region = region.to_owned();
    (uri.scheme_str() == Some("http") && uri.host().is_some() && !id.contains('/')).then_some((uri, id, region))
}

async fn get(uri: &Uri) -> Result<Value, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let address = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.map_err(|error| text(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let request = Request::get(uri.path()).header(HOST, authority).body(String::new()).map_err(|error| text(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| text(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("HTTP {}", response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST_JWKS).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| text(&error))
    };
    tokio::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut exchange => answer,
        // The connection may end with the answer in its buffers.
        _ = &mut connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_which_pool_it_is() {
        let (uri, id, region) = parse("http://127.0.0.1:4566/eu-west-1_Ab1/.well-known/jwks.json").unwrap();
        assert_eq!((uri.port_u16(), id.as_str(), region.as_str()), (Some(4566), "eu-west-1_Ab1", "eu-west-1"));
        for url in [
            "https://127.0.0.1/eu-west-1_Ab1/.well-known/jwks.json",
            "http://127.0.0.1/a/eu-west-1_Ab1/.well-known/jwks.json",
            "http://127.0.0.1/pool/.well-known/jwks.json",
            "/eu-west-1_Ab1/.well-known/jwks.json",
            "http://127.0.0.1/eu-west-1_Ab1",
        ] {
            assert!(parse(url).is_none(), "{url}");
        }
    }
}
