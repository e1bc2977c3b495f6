use std::sync::atomic::Ordering;

use auth_cache::ErrorChain;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tracing::{Instrument as _, Span};

use crate::{
    ServiceUserError, age,
    cloud_formation::Request,
    custom_resource,
    publish::{self, AskedBy},
    resource, rotation,
    service_user::ServiceUser,
};

const OPERATIONS: [&str; 7] = ["Create", "Update", "Delete", "Rotate", "Publish", "Age", "Repair"];

/// Answers one event.
///
/// # Errors
/// When a rotation or a repair fails, or when CloudFormation did not take its answer: Lambda then delivers the event
/// again. An event of CloudFormation that was answered is a success, even if the answer was that the resource has failed.
pub async fn handle(service_user: ServiceUser, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let is_first = !service_user.was_invoked.swap(true, Ordering::Relaxed);
    let span = startup::invocation_span(Some(&service_user.function_name), is_first);
    run(&service_user, event).instrument(span).await
}

async fn run(service_user: &ServiceUser, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    if let Some(operation) = OPERATIONS.iter().find(|operation| payload["RequestType"] == **operation) {
        Span::current().record("operation", operation);
    }
    let result = match payload["RequestType"].as_str() {
        Some("Rotate") => rotate(service_user).await,
        Some("Publish") => publish(service_user).await,
        Some("Age") => report_age(service_user).await,
        Some("Repair") => repair(service_user).await,
        _ => match Request::deserialize(payload) {
            Ok(request) => custom_resource::answer(service_user, request, context.deadline()).await,
            // Not serde's error, which may show a part of the event.
            Err(_) => Err(ServiceUserError::InvalidEvent {
                reason:
                    r#"send {"RequestType": "Rotate"}, "Publish", "Age" or "Repair", or a request of CloudFormation"#
                        .to_owned(),
            }),
        },
    };
    result.map_err(|error| {
        let (error_type, error_message) = (error.error_type(), ErrorChain(&error).to_string());
        tracing::error!(error_type, error = error_message, "the event has failed");
        Diagnostic { error_type: error_type.to_owned(), error_message }
    })
}

async fn rotate(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    rotation::rotate(service_user.administration()?).await
}

async fn publish(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    publish::publish(service_user.administration()?, AskedBy::Schedule).await
}

async fn report_age(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    age::report(service_user.administration()?).await
}

async fn repair(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    let to = service_user.administration()?;
    let active = resource::converge(to).await?;
    publish::publish_if_wanted(to).await?;
    tracing::info!(active, "repaired the service user");
    Ok(json!({"active": active}))
}
