use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use tower_layer::Layer;
use tower_service::Service;

use crate::{BoxError, Identity, Token};

/// A layer for tower that authorizes requests as an identity: it adds the `Authorization` header, and if the answer is
/// 401, sends the request once more with another token, as [`Identity::send`] does.
///
/// A request waits for its token until the [`Deadline`](crate::Deadline) among its extensions, or for the layer's limit if
/// there is none. One that has an `Authorization` header of its own is sent as it is. The request is cloned, so its body has
/// to be one that can be, such as `http_body_util::Full`.
///
/// ```
/// # use auth_cache::{AuthorizeLayer, Identity, TokenSource};
/// # fn example<S>(source: impl TokenSource, client: S) {
/// use std::time::Duration;
/// use tower_layer::Layer as _;
///
/// let client = AuthorizeLayer::bearer(Identity::new(source), Duration::from_secs(2)).layer(client);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizeLayer {
    identity: Identity,
    limit: Duration,
    header: fn(&Token) -> &HeaderValue,
}

/// The service that [`AuthorizeLayer`] makes of another one.
#[derive(Clone, Debug)]
pub struct Authorize<S> {
    layer: AuthorizeLayer,
    inner: S,
}

impl AuthorizeLayer {
    /// Sends [`Token::bearer`], as most APIs expect it.
    pub fn bearer(identity: Identity, limit: Duration) -> Self {
        Self { identity, limit, header: Token::bearer }
    }

    /// Sends [`Token::header`], as AWS AppSync expects it.
    pub fn raw(identity: Identity, limit: Duration) -> Self {
        Self { identity, limit, header: Token::header }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize { layer: self.clone(), inner }
    }
}

impl<S, B, A> Service<Request<B>> for Authorize<S>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Clone + Send + 'static,
    A: Send,
{
    type Response = Response<A>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    /// Whether the inner service is ready is asked when there is a token for it.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { layer: AuthorizeLayer { identity, limit, header }, inner } = self.clone();
        Box::pin(async move {
            if request.headers().contains_key(AUTHORIZATION) {
                return send(inner, request).await;
            }
            let deadline = request.extensions().get().copied().unwrap_or_else(|| identity.after(limit));
            let send = move |token: Token| {
                let mut request = request.clone();
                request.headers_mut().insert(AUTHORIZATION, header(&token).clone());
                send(inner.clone(), request)
            };
            identity.send(deadline, send, |answer| answer.status() == StatusCode::UNAUTHORIZED).await
        })
    }
}

async fn send<S, R>(mut service: S, request: R) -> Result<S::Response, BoxError>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
    service.call(request).await.map_err(Into::into)
}
