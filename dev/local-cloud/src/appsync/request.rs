//! The body of `POST /graphql`.

use apollo_compiler::ast::{Definition, Document, Selection};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A request whose query parses.
pub(super) struct GraphQlRequest {
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Map<String, Value>,
    pub(super) document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
}

impl GraphQlRequest {
    /// # Errors
    /// The message with which AppSync answers 400, without looking at the schema.
    pub(super) fn parse(body: &[u8]) -> Result<Self, &'static str> {
        if body.is_empty() {
            return Err("Request body is empty.");
        }
        let unable = "Unable to parse GraphQL query.";
        let Ok(Body { query, operation_name, variables }) = serde_json::from_slice(body) else { return Err(unable) };
        match Document::parse(query.clone(), "query.graphql") {
            Ok(document) if !document.definitions.is_empty() => {
                Ok(Self { query, operation_name, variables: variables.unwrap_or_default(), document })
            }
            _ => Err(unable),
        }
    }
}

/// The name under which a request is recorded: the operation's, or its first field's when it has none.
pub(crate) fn operation_name(body: &[u8]) -> String {
    let Ok(request) = GraphQlRequest::parse(body) else { return "(malformed)".to_owned() };
    if let Some(name) = request.operation_name {
        return name;
    }
    let operation = request.document.definitions.iter().find_map(|definition| match definition {
        Definition::OperationDefinition(operation) => Some(operation),
        _ => None,
    });
    let Some(operation) = operation else { return "(no operation)".to_owned() };
    match (&operation.name, operation.selection_set.first()) {
        (Some(name), _) => name.to_string(),
        (None, Some(Selection::Field(field))) => field.name.to_string(),
        _ => "(anonymous)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> String {
        operation_name(body.as_bytes())
    }

    #[test]
    fn a_request_is_recorded_under_its_operations_name() {
        assert_eq!(name(r#"{"query":"query A { a } query B { b }","operationName":"B"}"#), "B");
        assert_eq!(name(r#"{"query":"fragment F on T { x } query GetOrder { a }"}"#), "GetOrder");
        assert_eq!(name(r#"{"query":"{ getOrder { id } }"}"#), "getOrder");
        assert_eq!(name(r#"{"query":"{"}"#), "(malformed)");
    }

    #[test]
    fn a_body_without_a_readable_query_is_malformed() {
        let message = |body: &str| GraphQlRequest::parse(body.as_bytes()).err();
        assert_eq!(message(""), Some("Request body is empty."));
        for body in
            ["[]", "{}", "not JSON", r#"{"query":""}"#, r#"{"query":"{ a "}"#, r#"{"query":"{a}","variables":[]}"#]
        {
            assert_eq!(message(body), Some("Unable to parse GraphQL query."), "{body}");
        }
        assert_eq!(message(r#"{"query":"{a}","variables":null,"operationName":null}"#), None);
    }
}
