//! What one handshake and one sign-in take, measured by the benchmark itself.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use ring::hmac;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use runtime_api::Stopwatch;

use crate::backend::Backend;

pub(crate) struct Probed {
    pub(crate) handshake: Duration,
    pub(crate) sign_in: Duration,
    /// The token that came of it.
    pub(crate) token: String,
}

/// Opens a connection over TLS, and signs in on it with the password.
pub(crate) async fn probe(backend: &Backend) -> Result<Probed> {
    let began = Stopwatch::start();
    let stream = TcpStream::connect(backend.front.address()).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::IpAddress(backend.front.address().ip().into());
    let stream = TlsConnector::from(backend.certificates.client.clone()).connect(name, stream).await?;
    let handshake = began.elapsed();

    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let began = Stopwatch::start();
    let answer = sender.send_request(request(backend)?).await?.into_body().collect().await?.to_bytes();
    let sign_in = began.elapsed();
    connection.abort();
    let answer: Value = serde_json::from_slice(&answer)?;
    let Some(token) = answer["AuthenticationResult"]["AccessToken"].as_str() else { bail!("no token: {answer}") };
    Ok(Probed { handshake, sign_in, token: token.to_owned() })
}

fn request(backend: &Backend) -> Result<Request<Full<Bytes>>> {
    let seed = backend.cloud.seed();
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed.client_secret.as_bytes());
    let hash = hmac::sign(&key, format!("{}{}", seed.username, seed.client_id).as_bytes());
    let body = json!({
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "UserPoolId": seed.user_pool_id,
        "ClientId": seed.client_id,
        "AuthParameters": {
            "USERNAME": seed.username,
            "PASSWORD": seed.password,
            "SECRET_HASH": STANDARD.encode(hash.as_ref()),
        },
    });
    Request::post("/")
        .header("host", backend.front.address().to_string())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.AdminInitiateAuth")
        .body(Full::from(body.to_string()))
        .context("cannot ask for a token")
}
