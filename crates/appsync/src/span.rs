use http::StatusCode;
use tracing::{Span, field::Empty};
use url::Url;

use crate::{AppSyncError, OperationKind};

/// The span of an operation, with the fields of OpenTelemetry's conventions for GraphQL and HTTP clients. It never holds
/// the document's text, variables, data or tokens.
///
/// <https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/>,
/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>
pub(crate) fn of(operation: &str, kind: OperationKind, endpoint: &Url) -> Span {
    let kind = match kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    };
    tracing::info_span!(
        "appsync",
        otel.name = format_args!("{kind} {operation}"),
        otel.kind = "client",
        graphql.operation.name = operation,
        graphql.operation.r#type = kind,
        http.request.method = "POST",
        server.address = endpoint.host_str(),
        server.port = endpoint.port_or_known_default(),
        http.response.status_code = Empty,
        http.request.resend_count = Empty,
        aws.request_id = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    )
}

/// The span of a request that publishes events. It never holds the channel below its namespace, events or tokens.
///
/// <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>
pub(crate) fn of_publish(namespace: &str, events: usize, endpoint: &Url) -> Span {
    tracing::info_span!(
        "appsync",
        otel.name = format_args!("publish {namespace}"),
        otel.kind = "client",
        messaging.operation.name = "publish",
        messaging.operation.r#type = "send",
        messaging.batch.message_count = events,
        http.request.method = "POST",
        server.address = endpoint.host_str(),
        server.port = endpoint.port_or_known_default(),
        http.response.status_code = Empty,
        http.request.resend_count = Empty,
        aws.request_id = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    )
}

/// Adds how it ended, all at once: a subscriber may write the fields anew each time. `request_id` is AppSync's last one.
pub(crate) fn record(span: &Span, requests: u32, request_id: Option<&str>, error: Option<&AppSyncError>) {
    let status = error.map_or(Some(StatusCode::OK), AppSyncError::status);
    tracing::record_all!(
        span,
        http.response.status_code = status.map(|status| status.as_u16()),
        http.request.resend_count = requests.checked_sub(1).filter(|resent| *resent > 0),
        aws.request_id = error.map_or(request_id, AppSyncError::request_id),
        error.r#type = error.map(|error| error.kind().as_str()),
        otel.status_code = error.map(|_| "ERROR"),
    );
}
