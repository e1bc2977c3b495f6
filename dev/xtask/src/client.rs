//! Calls functions through `cargo lambda watch`, over one kept-alive HTTP connection.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, ETAG, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    body: Bytes,
}

impl Reply {
    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.excerpt()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    pub(crate) fn excerpt(&self) -> String {
        excerpt(&String::from_utf8_lossy(&self.body))
    }
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

    /// The same connection, for a server that tells its services apart by the header `Host`.
    pub(crate) fn with_host(self, host: String) -> Self {
        Self { host, ..self }
    }

    /// The JSON of an answer that must be a success.
    pub(crate) async fn send(&mut self, call: &Call, limit: Duration) -> Result<Value> {
        let reply = self.reply(call, limit).await?;
        if !reply.status.is_success() {
            bail!("HTTP {}: {}", reply.status, reply.excerpt());
        }
        reply.json()
    }

    /// The answer, whatever it is. A function that exits leaves its caller waiting, so every call has its own limit.
    pub(crate) async fn reply(&mut self, call: &Call, limit: Duration) -> Result<Reply> {
        match timeout(limit, self.exchange(call)).await {
            Ok(reply) => reply,
            Err(_) => bail!("no answer within {} s", limit.as_secs()),
        }
    }

    async fn exchange(&mut self, call: &Call) -> Result<Reply> {
        let mut request = Request::builder().method(&call.method).uri(&call.path);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string())?,
            None => request.body(String::new())?,
        };
        let response = self.raw(request).await?;
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        Ok(Reply { status: response.status(), etag, body: response.into_body() })
    }

    /// Any request, and all of its answer, however long that takes.
    pub(crate) async fn raw(&mut self, mut request: Request<String>) -> Result<Response<Bytes>> {
        self.sender.ready().await?;
        request.headers_mut().insert(HOST, self.host.parse()?);
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
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
