use std::time::Duration;

use lambda_runtime::{BoxFuture, Error, SnapStartResource};

use crate::{ErrorChain, Identity};

/// Lambda limits all that is done after a restore to 10 s.
const LONGEST_SIGN_IN: Duration = Duration::from_secs(8);

/// Keeps the identity out of the snapshot, and signs in anew after each restore.
///
/// All processes that are restored from one snapshot would otherwise share one token and renew it at the same moment.
/// The connections of the source's clients go with it if the source is a [`LazySource`](crate::LazySource). When signing
/// in after a restore fails, that is logged and not fatal: the first invocation tries again.
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
