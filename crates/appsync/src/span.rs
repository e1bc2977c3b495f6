use tracing::{Span, field::Empty};

use crate::{AppSyncClient, AppSyncError, OperationKind, attempts::Call, attempts::Progress};

/// The span of an operation, with the fields of OpenTelemetry's conventions for GraphQL and HTTP clients. It never holds
/// the document's text, variables, data or tokens.
///
/// <https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/>,
/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>
pub(crate) fn of(client: &AppSyncClient, call: &Call<'_>) -> Span {
    let kind = match call.kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
        OperationKind::Subscription => "subscription",
    };
    tracing::info_span!(
        "appsync",
        otel.name = format_args!("{kind} {}", call.name),
        otel.kind = "client",
        graphql.operation.name = call.name,
        graphql.operation.r#type = kind,
        http.request.method = "POST",
        server.address = client.endpoint.host_str(),
        server.port = client.endpoint.port_or_known_default(),
        http.response.status_code = Empty,
        http.request.resend_count = Empty,
        aws.request_id = Empty,
        error.r#type = Empty,
        otel.status_code = Empty,
    )
}

/// Adds how it ended.
pub(crate) fn record(span: &Span, progress: &Progress, error: Option<&AppSyncError>) {
    if progress.requests > 1 {
        span.record("http.request.resend_count", progress.requests - 1);
    }
    if let Some(request_id) = error.map_or(progress.request_id.as_deref(), AppSyncError::request_id) {
        span.record("aws.request_id", request_id);
    }
    let Some(error) = error else {
        span.record("http.response.status_code", 200);
        return;
    };
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error.kind().as_str());
    if let Some(status) = error.status() {
        span.record("http.response.status_code", status.as_u16());
    }
}
