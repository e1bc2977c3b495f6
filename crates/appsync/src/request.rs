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
    let body = written(request).map_err(|error| {
        let context = format!("the variables of {name} cannot be written as JSON: {error}");
        AppSyncError::new(ErrorKind::Invalid, false).because(context)
    })?;
    if body.len() > LARGEST_REQUEST {
        let context = format!("{name} has {} bytes with its variables, and AppSync takes 1 MiB", body.len());
        return Err(AppSyncError::new(ErrorKind::TooLarge, false).because(context));
    }
    Ok(body.into())
}

/// The JSON of a request. The document, which is most of it, is copied as a whole if JSON escapes nothing in it.
fn written(request: &QueryBody<impl Serialize>) -> serde_json::Result<Vec<u8>> {
    const ROOM_FOR_VARIABLES: usize = 512;
    let QueryBody { variables, query, operation_name } = request;
    let mut body = Vec::with_capacity(query.len() + ROOM_FOR_VARIABLES);
    body.extend_from_slice(br#"{"variables":"#);
    serde_json::to_writer(&mut body, variables)?;
    body.extend_from_slice(br#","query":"#);
    match is_plain(query) {
        true => {
            body.push(b'"');
            body.extend_from_slice(query.as_bytes());
            body.push(b'"');
        }
        false => serde_json::to_writer(&mut body, query)?,
    }
    body.extend_from_slice(br#","operationName":"#);
    serde_json::to_writer(&mut body, operation_name)?;
    body.push(b'}');
    Ok(body)
}

/// Whether JSON escapes nothing in it.
fn is_plain(text: &str) -> bool {
    // All bytes and no early end: so the compiler compares many at once.
    !text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_document_is_copied_only_if_json_escapes_nothing_in_it() {
        assert!(is_plain("query A { a(b: 1) { c } } # \u{e4}\u{7f}"));
        for escaped in ["{ a(b: \"c\") }", "\\", "{\n a }", "\u{0}", "\u{1f}"] {
            assert!(!is_plain(escaped), "{escaped:?}");
        }
    }

    proptest! {
        #[test]
        fn a_request_is_the_json_of_its_query_body(text in any::<String>(), document in any::<String>()) {
            // What a program has in it lives as long as the program.
            let (query, operation_name): (&'static str, &'static str) = (document.leak(), "GetOrder");
            let request = QueryBody { variables: json!({"id": text}), query, operation_name };
            let written: Value = serde_json::from_slice(&written(&request).unwrap()).unwrap();
            prop_assert_eq!(written, serde_json::to_value(&request).unwrap());
        }
    }
}
