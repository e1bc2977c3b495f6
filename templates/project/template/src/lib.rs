//! The event `{"id": "blue"}` is answered with `{"getRoom": {"id": "blue", "beds": 2, "freeFrom": null}}`.

use appsync::AppSyncClient;
use lambda_runtime::{Error, LambdaEvent};

/// The operations in graphql/.
pub mod operations {
    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}
use operations::{GetRoom, get_room};

/// Answers one event before the invocation ends.
///
/// # Errors
/// When AppSync cannot be asked or refuses to answer.
pub async fn handle(
    appsync: AppSyncClient,
    event: LambdaEvent<get_room::Variables>,
) -> Result<get_room::ResponseData, Error> {
    let trace = event.context.xray_trace_id.as_deref();
    let appsync = appsync.for_invocation(event.context.deadline(), trace);
    Ok(appsync.execute::<GetRoom>(event.payload).await?)
}
