//! CloudFormation's requests: each is answered, whatever happens.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, SystemTime},
};

use auth_cache::{Clock, ErrorChain};
use futures_util::FutureExt as _;
use serde_json::Value;

use crate::{
    ServiceUser, ServiceUserError,
    cloud_formation::{Answer, send},
    event::{Properties, Request, ResourceId},
    resource,
};

/// What a resource that could not be created is called when its properties make no id.
const NOT_CREATED: &str = "not-created";
/// What an invocation is given whose deadline is not known, as that of a local emulator.
const UNKNOWN: Duration = Duration::from_secs(60);
/// What is kept for the answer, at the most.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// Does what is asked for and answers it.
///
/// CloudFormation waits for an hour for an answer that does not come, so the last quarter of the time is for the answer,
/// and an error or a panic is one.
pub(crate) async fn answer(
    to: &ServiceUser,
    request: Request,
    deadline: SystemTime,
) -> Result<Value, ServiceUserError> {
    let left = deadline.duration_since(Clock::wall().now()).ok().filter(|left| !left.is_zero()).unwrap_or(UNKNOWN);
    let for_the_answer = (left / 4).min(LONGEST_ANSWER);
    let limit = left - for_the_answer;
    let work = AssertUnwindSafe(execute(to, &request)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(ServiceUserError::Panicked),
        Err(_) => Err(ServiceUserError::TimedOut { limit }),
    };
    let id = physical_resource_id(&request, outcome.is_ok());
    let Request { request_type, logical_resource_id, .. } = &request;
    let answer = match outcome {
        Ok(active) => {
            tracing::info!(
                request_type,
                logical_resource_id,
                resource = id,
                active,
                "the service user is as it should be"
            );
            Answer::success(&request, &id, active)
        }
        Err(error) => {
            let reason = ErrorChain(&error).to_string();
            tracing::error!(
                request_type,
                logical_resource_id,
                resource = id,
                error = reason,
                "the resource has failed"
            );
            Answer::failure(&request, &id, reason)
        }
    };
    send(&to.http, &request.response_url, &answer, for_the_answer.mul_f64(0.9)).await?;
    Ok(Value::Null)
}

/// Gives the name of the user that is active afterwards, if there is one.
async fn execute(to: &ServiceUser, request: &Request) -> Result<Option<String>, ServiceUserError> {
    match request.request_type.as_str() {
        "Create" => {
            let wanted = Properties::parse(&request.resource_properties)?;
            resource::create(to, &wanted).await.map(Some)
        }
        "Update" => {
            let wanted = Properties::parse(&request.resource_properties)?;
            let old = Properties::parse(&request.old_resource_properties).ok().map(|old| old.id);
            let is_other = request.physical_resource_id != Some(wanted.id.to_string());
            resource::update(to, &wanted, old.as_ref(), is_other).await.map(Some)
        }
        "Delete" => {
            // Any other id is of a resource that was never created.
            if let Some(id) = request.physical_resource_id.as_deref().and_then(ResourceId::parse) {
                resource::delete(to, &id).await?;
            }
            Ok(None)
        }
        other => Err(ServiceUserError::InvalidEvent { reason: format!("there is no RequestType {other}") }),
    }
}

/// What the properties say, if the resource is that now or was to be created as that: CloudFormation will have it
/// deleted then.
fn physical_resource_id(request: &Request, is_ok: bool) -> String {
    let wanted = match (request.request_type.as_str(), is_ok) {
        ("Create", _) | ("Update", true) => Properties::parse(&request.resource_properties).ok(),
        _ => None,
    };
    let wanted = wanted.map(|wanted| wanted.id.to_string());
    wanted.or_else(|| request.physical_resource_id.clone()).unwrap_or_else(|| NOT_CREATED.to_owned())
}
