//! {{ description }}. The event is the variables of `{{ operation }}`, and the answer its data.

use appsync::AppSyncClient;
use lambda_runtime::{Error, LambdaEvent};
use operations::{{ operation }};
use operations::{{ module }};

/// Answers one event before the invocation ends.
///
/// # Errors
/// When AppSync cannot be asked or refuses to answer.
pub async fn handle(
    appsync: AppSyncClient,
    event: LambdaEvent<{{ module }}::Variables>,
) -> Result<{{ module }}::ResponseData, Error> {
    let (ends_at, trace) = (event.context.deadline(), event.context.xray_trace_id.as_deref());
    Ok(appsync.for_invocation(ends_at, trace).execute::<{{ operation }}>(event.payload).await?)
}
