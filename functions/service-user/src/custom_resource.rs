//! CloudFormation's requests: each is answered, whatever happens.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, SystemTime},
};

use auth_cache::{Clock, ErrorChain};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::{
    ServiceUserError,
    cloud_formation::{Answer, Request, address, send},
    names, publish, resource,
    service_user::ServiceUser,
};

/// What a resource is called that this function has not created.
const NOT_CREATED: &str = "not-created";
/// What an invocation is given whose deadline is not known, as that of a local emulator.
const UNKNOWN: Duration = Duration::from_secs(60);
/// What is kept for the answer, at the most.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
/// For how long IAM may not know yet what the function's role is allowed, and how often it is asked meanwhile.
const PROPAGATION: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Does what is asked for and answers it.
///
/// CloudFormation waits for an hour for an answer that does not come, so the last quarter of the time is for the answer,
/// and an error or a panic is one.
pub(crate) async fn answer(
    to: &ServiceUser,
    request: Request,
    deadline: SystemTime,
) -> Result<Value, ServiceUserError> {
    let Some(url) = address(&request.response_url, to.is_local) else {
        let reason = "its ResponseURL is not an address of CloudFormation".to_owned();
        return Err(ServiceUserError::InvalidEvent { reason });
    };
    let began = Clock::wall().now();
    let left = deadline.duration_since(began).ok().filter(|left| !left.is_zero()).unwrap_or(UNKNOWN);
    let for_the_answer = (left / 4).min(LONGEST_ANSWER);
    let limit = left - for_the_answer;
    let work = AssertUnwindSafe(execute_when_allowed(to, &request, began + limit.min(PROPAGATION))).catch_unwind();
    let outcome = match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(ServiceUserError::Panicked),
        Err(_) => Err(ServiceUserError::TimedOut { limit }),
    };
    let id = physical_resource_id(to, &request);
    let Request { request_type, logical_resource_id, .. } = &request;
    let answer = match outcome {
        Ok(data) => {
            let active = data["Username"].as_str();
            tracing::info!(
                request_type,
                logical_resource_id,
                resource = id,
                active,
                "the service user is as it should be"
            );
            Answer::success(&request, &id, data)
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
    send(&to.http, url, to.is_local, &answer, for_the_answer.mul_f64(0.9)).await?;
    Ok(Value::Null)
}

/// CloudFormation calls the function as soon as there is its role, which takes effect some seconds later.
async fn execute_when_allowed(
    to: &ServiceUser,
    request: &Request,
    until: SystemTime,
) -> Result<Value, ServiceUserError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match execute(to, request).await {
            Err(error) if error.is_denied() && Clock::wall().now() + pause < until => {
                tracing::warn!(error = %ErrorChain(&error), "trying again: the role may be new");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Gives the resource's attributes.
async fn execute(to: &ServiceUser, request: &Request) -> Result<Value, ServiceUserError> {
    let id = request.physical_resource_id.as_deref();
    if request.request_type == "Delete" && id == Some(NOT_CREATED) {
        return Ok(json!({}));
    }
    let to = to.administration()?;
    let own = names::resource_id(&to.wanted);
    if request.stack_id != to.wanted.stack_id {
        return Err(ServiceUserError::InvalidEvent { reason: "it comes from another stack".to_owned() });
    }
    match request.request_type.as_str() {
        "Update" if id != Some(&*own) => {
            Err(ServiceUserError::Moved { was: id.unwrap_or(NOT_CREATED).to_owned(), wanted: own })
        }
        "Create" | "Update" => {
            let active = resource::converge(to).await?;
            match publish::publish_if_wanted(to).await {
                // It must not keep an update from being rolled back.
                Err(error) if request.request_type == "Update" && !error.is_denied() => publish::warn(&error),
                outcome => outcome?,
            }
            // Whoever needs the parameters to exist takes the prefix from here.
            Ok(json!({"Username": active, "ParametersPrefix": to.wanted.parameters}))
        }
        "Delete" => resource::delete(to).await.map(|()| json!({})),
        other => Err(ServiceUserError::InvalidEvent { reason: format!("there is no RequestType {other}") }),
    }
}

/// What the resource is called already; or what it was to be created as, because CloudFormation will have it deleted then.
fn physical_resource_id(to: &ServiceUser, request: &Request) -> String {
    let created = || {
        let wanted = &to.administration().ok()?.wanted;
        (request.stack_id == wanted.stack_id).then(|| names::resource_id(wanted))
    };
    request.physical_resource_id.clone().or_else(created).unwrap_or_else(|| NOT_CREATED.to_owned())
}
