use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tracing::{Instrument as _, field::Empty};

use crate::{
    Clock, RefreshReason, SignInError, SignInRequest,
    cache::{
        jitter,
        refresh_windows::Windows,
        slot::{Loaded, Outcome},
    },
    source::ErasedSource,
};

/// The shared future of a sign-in: every waiter gets the same result.
pub(crate) type SignIn = Shared<BoxFuture<'static, Result<Arc<Loaded>, Arc<SignInError>>>>;

impl Outcome for SignIn {
    fn is_awaited(&self) -> bool {
        // One handle is the slot's own.
        self.strong_count().is_some_and(|handles| handles > 1)
    }
}

/// The sign-in as a future that the slot owns: it lives on when the caller that started it is dropped.
pub(crate) fn sign_in(request: SignInRequest, source: Arc<dyn ErasedSource>, clock: Clock) -> SignIn {
    let signing_in = async move {
        let reason = request.reason.name();
        let span = tracing::info_span!("sign in", reason, error.r#type = Empty, otel.status_code = Empty);
        let result = load(request, source, clock).instrument(span.clone()).await;
        if let Err(error) = &result {
            tracing::record_all!(span, error.r#type = error.name(), otel.status_code = "ERROR");
        }
        result
    };
    AssertUnwindSafe(signing_in)
        .catch_unwind()
        .map(|result| result.unwrap_or(Err(SignInError::Panicked)).map_err(Arc::new))
        .boxed()
        .shared()
}

async fn load(request: SignInRequest, source: Arc<dyn ErasedSource>, clock: Clock) -> Result<Arc<Loaded>, SignInError> {
    tracing::debug!(reason = request.reason.name(), "signing in");
    if request.reason == RefreshReason::Rejected {
        // A token from the same refresh token would be refused too if the app client or the pool is another one by now.
        source.forget_erased();
    }
    let requested_at = clock.now();
    let token = source.sign_in_boxed(&request).await?;
    match Windows::of(&token, requested_at, clock.now(), jitter::draw()) {
        Some(windows) => Ok(Arc::new(Loaded::new(token, windows))),
        None => Err(SignInError::ExpiredOnArrival),
    }
}
