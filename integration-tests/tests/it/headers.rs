//! Headers that are added to requests: by the client to all of them, by an operation to its own.

use appsync::http::{HeaderName, HeaderValue};
use futures_util::TryStreamExt as _;

use crate::wire::{GetThing, Request, SetThing, Step, Variables, Wire, answer, good};

const DOMAIN: HeaderName = HeaderName::from_static("x-appsync-domain");
const TENANT: HeaderName = HeaderName::from_static("x-tenant");

fn value(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

fn sent(request: &Request) -> [Option<&str>; 2] {
    [DOMAIN, TENANT].map(|name| request.header(name.as_str()))
}

#[tokio::test]
async fn a_header_of_a_call_stands_beside_or_in_place_of_the_clients_for_that_call_alone() {
    let wire = Wire::always(Step::Answer(good())).await;
    let client = wire.client().with_header(DOMAIN, value("abc.example")).with_header(TENANT, value("all"));
    client.execute::<GetThing>(Variables::default()).with_header(TENANT, value("one")).await.unwrap();
    client.execute::<GetThing>(Variables::default()).await.unwrap();
    let pages = client.paginate::<GetThing>(|_| Variables::default(), |_| None).with_header(TENANT, value("two"));
    pages.stream().try_collect::<Vec<_>>().await.unwrap();
    let tenants = [Some("one"), Some("all"), Some("two")].map(|tenant| [Some("abc.example"), tenant]);
    assert_eq!(wire.requests().iter().map(sent).collect::<Vec<_>>(), tenants);
}

#[tokio::test]
async fn added_headers_are_sent_again_with_the_operation_and_when_the_connection_is_opened() {
    let refusal = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Token has expired."}]}"#;
    let refusal = Step::Answer(answer("401 Unauthorized", &[], refusal));
    let opened = Step::Answer(answer("200 OK", &[], ""));
    let wire = Wire::start([opened, refusal], Step::Answer(good())).await;
    let client = wire.client().with_header(DOMAIN, value("abc.example"));
    client.warm_up(std::time::Duration::from_secs(10)).await.unwrap();
    client.execute::<SetThing>(Variables::default()).with_header(TENANT, value("one")).await.unwrap();
    let both = [Some("abc.example"), Some("one")];
    assert_eq!(wire.requests().iter().map(sent).collect::<Vec<_>>(), [[Some("abc.example"), None], both, both]);
}

#[tokio::test]
async fn an_added_header_does_not_replace_what_the_client_itself_says() {
    let wire = Wire::always(Step::Answer(good())).await;
    let execution = wire.client().with_header(HeaderName::from_static("authorization"), value("other"));
    let execution = execution.execute::<GetThing>(Variables::default());
    execution.with_header(HeaderName::from_static("content-type"), value("text/plain")).await.unwrap();
    let request = &wire.requests()[0];
    assert_eq!(request.header("authorization"), Some("token-1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
}
