//! Answers, and the ways in which a connection ends instead of giving one.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A whole answer, before it goes to the socket well or badly.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// For the record of calls: `ok` or the name of the error.
    pub(crate) outcome: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: String, outcome: impl Into<String>) -> Self {
        Self { status, outcome: outcome.into(), headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// What a load balancer or firewall in front of a service says.
    pub(crate) fn html(status: u16) -> Self {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
        Self::new(status, "text/html", body, format!("HTTP {status}"))
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let body = Full::new(Bytes::from(self.body.clone())).boxed_unsync();
        self.response_with(body)
    }

    /// Status and headers at once, the body in small pieces until `until_last_byte` has passed.
    pub(crate) fn into_dripping_response(self, until_last_byte: Duration) -> Response<Body> {
        const PIECES: usize = 10;
        let bytes = Bytes::from(self.body.clone());
        let pause = until_last_byte / u32::try_from(PIECES).unwrap_or(1);
        let pieces = stream::unfold((bytes, PIECES), move |(mut rest, pieces_left)| async move {
            if pieces_left == 0 {
                return None;
            }
            tokio::time::sleep(pause).await;
            let piece = rest.split_to(rest.len() / pieces_left);
            Some((Ok(Frame::data(piece)), (rest, pieces_left - 1)))
        });
        self.response_with(StreamBody::new(pieces).boxed_unsync())
    }

    fn response_with(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status.try_into().unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, self.body.len().into());
        for (name, value) in self.headers {
            let value = HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("unprintable"));
            headers.insert(HeaderName::from_static(name), value);
        }
        debug_assert!(headers.contains_key(CONTENT_TYPE), "every answer says its content type");
        response
    }

    /// The bytes of a response whose body ends halfway.
    fn cut_off(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} Truncated\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = format!("{bytes}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body.as_bytes()[..self.body.len() / 2]);
        bytes
    }
}

/// How a connection ends when a fault takes it away from hyper.
pub(crate) enum Ending {
    Reset,
    Truncated(Answer),
}

impl Ending {
    /// Errors are of no interest: the caller may have closed first.
    pub(crate) async fn perform(self, mut stream: TcpStream) {
        match self {
            // Closing with SO_LINGER 0 sends RST instead of FIN.
            Self::Reset => drop(stream.set_zero_linger()),
            Self::Truncated(answer) => {
                let _ = stream.write_all(&answer.cut_off()).await;
                let _ = stream.shutdown().await;
            }
        }
    }
}
