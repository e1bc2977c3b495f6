use std::time::Duration;

use lambda_runtime::{BoxFuture, Error, SnapStartResource};

use crate::{ErrorChain, Identities, Identity};

/// Lambda limits all that is done after a restore to 10 s, in which the resources are restored one after the other.
const LONGEST_SIGN_IN: Duration = Duration::from_secs(4);

/// Keeps the identity out of the snapshot, and signs in anew after each restore.
///
/// All processes that are restored from one snapshot would otherwise share one token and renew it at the same moment.
/// The connections of the source's clients go with it if the source is a [`LazySource`](crate::LazySource). When signing
/// in after a restore fails, that is logged and not fatal: the first invocation tries again.
///
/// ```no_run
/// use auth_cache::{Identity, TokenSource};
/// use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
/// use std::{sync::Arc, time::Duration};
///
/// # async fn run(source: impl TokenSource) -> Result<(), Error> {
/// let identity = Identity::new(source);
/// let handler = service_fn(|_event: LambdaEvent<serde_json::Value>| async {
///     let token = identity.token(Duration::from_secs(2)).await?;
///     // ... call the API with it
///     Ok::<_, Error>(serde_json::json!({}))
/// });
/// Runtime::new(handler).register_snapstart_resource(Arc::new(identity.clone())).run().await
/// # }
/// ```
///
/// Lambda allows 10 s for all resources together, one after the other: a sign-in takes 4 s of them at most, so two
/// identities are safe to register. More than that are better kept as [`Identities`], which sign in when they are used.
impl SnapStartResource for Identity {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.forget();
            Ok(())
        })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            // A task may have signed in between the first hook and the snapshot.
            self.forget();
            if let Err(error) = self.token(LONGEST_SIGN_IN).await {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    "could not sign in after the restore; the first invocation tries again",
                );
            }
            Ok(())
        })
    }
}

/// Keeps all identities out of the snapshot. Each signs in anew when it is used after the restore.
impl<K: Clone + Ord + Send> SnapStartResource for Identities<K> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.clear();
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        // A task may have signed in between the first hook and the snapshot.
        self.clear();
        Box::pin(async { Ok(()) })
    }
}

/// For a `static`: `Arc::new(&TENANTS)` can be registered.
impl<K: Clone + Ord + Send> SnapStartResource for &'static Identities<K> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        (**self).before_snapshot()
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        (**self).after_restore()
    }
}
