use bytes::Bytes;
use graphql_client::QueryBody;
use serde::Serialize;

use crate::{AppSyncError, ErrorKind, Operation, OperationKind};

/// AppSync takes no larger request: <https://docs.aws.amazon.com/general/latest/gr/appsync.html>
const LARGEST_REQUEST: usize = 1 << 20;

/// The body of the request that executes `O`, unless AppSync would not take it.
pub(crate) fn body<O: Operation>(request: &QueryBody<impl Serialize>) -> Result<Bytes, AppSyncError> {
    let name = O::NAME;
    if O::KIND == OperationKind::Subscription {
        let context = format!("{name} is a subscription, which AppSync serves over WebSockets only");
        return Err(AppSyncError::new(ErrorKind::Invalid, false).because(context));
    }
    let body = serde_json::to_vec(request).map_err(|error| {
        let context = format!("the variables of {name} cannot be written as JSON: {error}");
        AppSyncError::new(ErrorKind::Invalid, false).because(context)
    })?;
    if body.len() > LARGEST_REQUEST {
        let context = format!("{name} has {} bytes with its variables, and AppSync takes 1 MiB", body.len());
        return Err(AppSyncError::new(ErrorKind::TooLarge, false).because(context));
    }
    Ok(body.into())
}
