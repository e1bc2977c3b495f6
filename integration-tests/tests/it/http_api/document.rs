//! The OpenAPI document and the page that shows it.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::call::Call;
use crate::setup::Setup;

#[tokio::test]
async fn the_served_document_is_the_one_that_the_code_makes() {
    let t = Setup::start().await;
    let answer = Call::get("/openapi.json").authorizer(Value::Null).send(&t).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let made = format!("{:#}\n", http_api::openapi());
    if answer.text != made {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
        fs::write(&path, made).unwrap();
        panic!("the document has changed: cp {} functions/http-api/openapi.json", path.display());
    }
}

#[tokio::test]
async fn every_route_is_in_the_document_with_its_methods() {
    let t = Setup::start().await;
    let document = http_api::openapi();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut documented: Vec<_> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        documented.sort();
        let options = Call::new("OPTIONS", &path.replace("{id}", "order-1")).send(&t).await;
        let mut served: Vec<_> =
            options.header("allow").unwrap().split(',').filter(|method| *method != "HEAD").collect();
        served.sort_unstable();
        assert_eq!(served, documented, "{path}");
    }
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 7, "{paths:?}");
}

#[test]
fn every_operation_says_what_it_needs_and_how_it_fails() {
    let document = http_api::openapi();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            ids.push(operation["operationId"].as_str().unwrap());
            assert!(operation["summary"].is_string(), "{method} {path}");
            if path == "/health" {
                continue;
            }
            let write = if method == "get" { "orders/read" } else { "orders/write" };
            let scopes = if path.starts_with("/me") { json!([]) } else { json!([write]) };
            assert_eq!(operation["security"], json!([{"token": scopes}]), "{method} {path}");
            for status in ["401", "403", "406", "500", "502", "503", "504"] {
                let reference = operation["responses"][status]["$ref"].as_str().unwrap();
                let problem = document.pointer(&reference[1..]).unwrap();
                let example = &problem["content"]["application/problem+json"]["example"];
                assert_eq!(example["status"].to_string(), status);
            }
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
}

#[tokio::test]
async fn the_page_has_the_document_in_it_and_needs_nothing_else() {
    let t = Setup::start().await;
    let answer = Call::get("/docs").authorizer(Value::Null).send(&t).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let between = |start: &str, end: &str| {
        let (_, rest) = answer.text.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    };
    let embedded: Value =
        serde_json::from_str(between(r#"<script type="application/json" id="document">"#, "</script>")).unwrap();
    assert_eq!(embedded, http_api::openapi());

    // The browser runs what has the right hash, and nothing else.
    let policy = answer.header("content-security-policy").unwrap();
    for (start, end, directive) in [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")] {
        let hash = STANDARD.encode(Sha256::digest(between(start, end)));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{directive} should be 'sha256-{hash}'");
    }
    let elsewhere = ["src=\"", "@import", "url(", "http://", "https://"];
    let (page, _) = answer.text.split_once(r#"<script type="application/json""#).unwrap();
    assert!(elsewhere.iter().all(|reference| !page.contains(reference)));
}

#[tokio::test]
async fn the_function_says_that_it_runs() {
    let t = Setup::start().await;
    assert_eq!(Call::get("/health").authorizer(Value::Null).send(&t).await.expect(200), json!({"status": "ok"}));
}
