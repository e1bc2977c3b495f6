use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body::{Body, Frame, SizeHint};
use reqwest::Request;
use url::Url;

use crate::{AppSyncClient, AppSyncError, ErrorKind, answer::AnswerInfo, auth::Grant};

/// A complete answer: whatever came, it has a status and a body that is not too large.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) info: AnswerInfo,
    pub(crate) body: Bytes,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Sends one request and reads its answer, within `limit`.
pub(crate) async fn exchange(
    client: &AppSyncClient,
    body: &Bytes,
    added: &HeaderMap,
    grant: &Grant<'_>,
    limit: Duration,
) -> Result<Answer, AppSyncError> {
    if limit.is_zero() {
        return Err(AppSyncError::new(ErrorKind::TimedOut, false).because("before the operation was sent"));
    }
    let was_sent = Arc::new(AtomicBool::new(false));
    let watched = Watched { bytes: Some(body.clone()), was_sent: Arc::clone(&was_sent) };
    let mut request = Request::new(Method::POST, Url::clone(&client.endpoint));
    *request.timeout_mut() = Some(limit);
    *request.body_mut() = Some(reqwest::Body::wrap(watched));
    let headers = request.headers_mut();
    headers.clone_from(&client.headers);
    for (name, value) in added {
        headers.insert(name, value.clone());
    }
    headers.insert(header::CONTENT_TYPE, JSON);
    grant.authorize(headers, client, body)?;
    let mut response = client
        .http
        .execute(request)
        .await
        .map_err(|error| AppSyncError::transport(error, was_sent.load(Ordering::Relaxed)))?;

    let info = AnswerInfo::of(response.status(), response.headers(), &client.clock);
    match read(&mut response, client.response_limit).await {
        Ok(body) => Ok(Answer { info, body }),
        Err(error) => Err(error.with_answer(info)),
    }
}

/// The body of an answer, which is read to its end so that the connection can be used again.
pub(crate) async fn read(response: &mut reqwest::Response, limit: usize) -> Result<Bytes, AppSyncError> {
    let too_large = || {
        let context = format!("the answer has more than {limit} bytes");
        AppSyncError::new(ErrorKind::TooLarge, true).because(context)
    };
    let lost = |error| AppSyncError::transport(error, true);
    // Not known of a compressed one.
    let length = response.content_length().and_then(|length| usize::try_from(length).ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let Some(first) = response.chunk().await.map_err(lost)? else { return Ok(Bytes::new()) };
    let mut body = bytes::BytesMut::new();
    let mut chunk = first;
    loop {
        if chunk.len() > limit - body.len() {
            return Err(too_large());
        }
        match response.chunk().await.map_err(lost)? {
            // It came in one piece: no copy.
            None if body.is_empty() => return Ok(chunk),
            None => {
                body.extend_from_slice(&chunk);
                return Ok(body.freeze());
            }
            Some(next) => {
                body.reserve(length.unwrap_or(0).saturating_sub(body.len()).max(chunk.len()));
                body.extend_from_slice(&chunk);
                chunk = next;
            }
        }
    }
}

/// A request's body that remembers whether the connection has taken it. As long as it has not, AppSync has no operation
/// that it could execute, whatever else has been written: so much is certain even if the connection then breaks.
#[derive(Debug)]
struct Watched {
    bytes: Option<Bytes>,
    was_sent: Arc<AtomicBool>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.was_sent.store(true, Ordering::Relaxed);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
