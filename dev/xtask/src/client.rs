//! Calls functions through `cargo lambda watch`, over one kept-alive HTTP connection.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// A connection to `cargo lambda watch`.
#[derive(Debug)]
pub(crate) struct Client {
    sender: SendRequest<String>,
    host: String,
}

impl Client {
    pub(crate) async fn connect(port: u16) -> Result<Self> {
        let host = format!("127.0.0.1:{port}");
        let stream = TcpStream::connect(&host).await.with_context(|| format!("cannot connect to {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host })
    }

    /// The answer's JSON. A function that exits leaves its caller waiting, so every call has its own limit.
    pub(crate) async fn send(&mut self, call: &Call, limit: Duration) -> Result<Value> {
        match timeout(limit, self.exchange(call)).await {
            Ok(answer) => answer,
            Err(_) => bail!("no answer within {} s", limit.as_secs()),
        }
    }

    async fn exchange(&mut self, call: &Call) -> Result<Value> {
        self.sender.ready().await?;
        let request = Request::builder().method(&call.method).uri(&call.path).header(HOST, &self.host);
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string())?,
            None => request.body(String::new())?,
        };
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("HTTP {status}: {}", excerpt(&String::from_utf8_lossy(&body)));
        }
        serde_json::from_slice(&body).with_context(|| format!("not JSON: {}", excerpt(&String::from_utf8_lossy(&body))))
    }
}

/// Enough of a text for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_in_an_error_message() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"ö".repeat(1000)).chars().count(), 301);
    }
}
