//! The cache of google-cloud-auth 1.18.0 (`src/token_cache.rs`, which is private), in its shape: a background task
//! renews the token and publishes it in a `tokio::sync::watch` channel; a get clones the receiver, takes a copy of the
//! token and checks its expiry by tokio's clock. Failures are transient ones.

use std::{collections::HashMap, sync::Arc, time::Duration};

use auth_cache::{BoxError, SignInError, TokenSource as _};
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{Peer, Source, exp_of, system_time};

const NORMAL_REFRESH_SLACK: Duration = Duration::from_secs(240);
const SHORT_REFRESH_SLACK: Duration = Duration::from_secs(10);

type Published = Option<Result<(GoogleToken, u64), Arc<SignInError>>>;

/// `google_cloud_auth::token::Token`.
#[derive(Clone)]
pub(crate) struct GoogleToken {
    token: String,
    _token_type: String,
    expires_at: Option<Instant>,
    _metadata: Option<HashMap<String, String>>,
}

pub(crate) struct GoogleCloudAuth(watch::Receiver<Published>);

impl Peer for GoogleCloudAuth {
    const NAME: &'static str = "google-cloud-auth 1.18's shape";
    type Token = GoogleToken;

    fn new(source: Arc<Source>) -> Self {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(refresh(source, sender));
        Self(receiver)
    }

    async fn get(&self) -> Result<GoogleToken, BoxError> {
        let (token, _tag) = self.token().await?;
        Ok(token)
    }

    fn jwt(token: &GoogleToken) -> &[u8] {
        token.token.as_bytes()
    }
}

impl GoogleCloudAuth {
    /// Boxed, as the original is a method of an `async_trait`.
    fn token(&self) -> BoxFuture<'_, Result<(GoogleToken, u64), Arc<SignInError>>> {
        async {
            let mut receiver = self.0.clone();
            let published = receiver.borrow_and_update().clone();
            match published {
                Some(Ok((token, _))) if token.expires_at.is_some_and(|at| at < now()) => next(receiver).await,
                Some(result) => result,
                None => next(receiver).await,
            }
        }
        .boxed()
    }
}

#[expect(clippy::expect_used, reason = "the task outlives its receivers and publishes nothing but results")]
async fn next(mut receiver: watch::Receiver<Published>) -> Result<(GoogleToken, u64), Arc<SignInError>> {
    receiver.changed().await.expect("the task runs");
    receiver.borrow().clone().expect("a result")
}

async fn refresh(source: Arc<Source>, sender: watch::Sender<Published>) {
    let mut tag = 0;
    while sender.receiver_count() > 0 {
        let pause = match source.sign_in().await {
            Ok(token) => {
                let life = exp_of(&token).duration_since(system_time()).unwrap_or_default();
                let token = GoogleToken {
                    token: token.header().to_str().unwrap_or_default().to_owned(),
                    _token_type: "Bearer".to_owned(),
                    expires_at: Some(now() + life),
                    _metadata: None,
                };
                tag += 1;
                let _ = sender.send(Some(Ok((token, tag))));
                if life > NORMAL_REFRESH_SLACK { life - NORMAL_REFRESH_SLACK } else { SHORT_REFRESH_SLACK }
            }
            Err(error) => {
                let held = sender.borrow().as_ref().and_then(|held| held.as_ref().ok()?.0.expires_at);
                let retry_at = now() + SHORT_REFRESH_SLACK;
                if held.is_none_or(|expires_at| expires_at < retry_at) {
                    if let Some(expires_at) = held {
                        sleep_until(expires_at).await;
                    }
                    let _ = sender.send(Some(Err(Arc::new(error))));
                }
                retry_at.duration_since(now())
            }
        };
        sleep(pause).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock that the original reads")]
fn now() -> Instant {
    Instant::now()
}
