use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::CredentialsError;

/// What a refusal of a store of AWS's means.
pub(crate) fn classify<E>(error: SdkError<E, HttpResponse>) -> CredentialsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let throttled = status == Some(429) || matches!(error.code(), Some("ThrottlingException" | "TooManyUpdates"));
    // Not the whole `SdkError`: its `Debug` shows the body of the answer, which may hold secrets.
    let source = error.into_source().unwrap_or_else(|error| error.to_string().into());
    match status {
        _ if throttled => CredentialsError::Throttled { source },
        Some(400..=407 | 409..=499) => CredentialsError::Refused { source },
        _ => CredentialsError::Unavailable { source },
    }
}
