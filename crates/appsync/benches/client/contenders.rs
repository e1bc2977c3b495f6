//! The ways to call the API: the same request, the same types.

use std::{pin::Pin, time::Duration};

use appsync::AppSyncClient;
use auth_cache::{Identity, Token};
use serde::Deserialize;

use crate::operations::{Example, Variables};

/// One way to call the API.
pub(crate) trait Contender<O> {
    fn name(&self) -> &'static str;
    /// A client of the API at `url`, with a connection of its own, as a function that makes one call.
    fn prepare(&self, url: &str) -> Call;
}

pub(crate) type Call = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = ()>>>>;

const JWT: &str = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2ln";
const TIMEOUT: Duration = Duration::from_secs(30);

/// This crate's client, as a function uses it: with a cached identity, its retries and its deadline.
pub(crate) struct Ours;

impl<O: Example> Contender<O> for Ours {
    fn name(&self) -> &'static str {
        "appsync"
    }

    fn prepare(&self, url: &str) -> Call {
        let identity = Identity::new(|| async { Ok(Token::stored(JWT.to_owned())?) });
        let client = AppSyncClient::new(http_client(), url.parse().expect("a URL"), identity);
        Box::new(move || {
            let client = client.clone();
            Box::pin(async move {
                let data = client.execute::<O>(Variables::example()).await.expect("data");
                assert!(O::is_right(&data), "another answer");
            })
        })
    }
}

/// What one would write without it: no retries, no replay, errors as they come.
pub(crate) struct ByHand;

impl<O: Example> Contender<O> for ByHand {
    fn name(&self) -> &'static str {
        "reqwest and serde_json"
    }

    fn prepare(&self, url: &str) -> Call {
        Self::prepare_for::<O>(url)
    }
}

impl ByHand {
    fn prepare_for<O: Example>(url: &str) -> Call {
        by_hand::<O>(url, |body| {
            let answer: Answer<O::ResponseData> = serde_json::from_slice(body).expect("JSON");
            assert!(answer.errors.is_none_or(|errors| errors.is_empty()), "errors");
            assert!(O::is_right(&answer.data.expect("data")), "another answer");
        })
    }
}

/// The same once more: what it differs by is chance.
pub(crate) struct Again;

impl<O: Example> Contender<O> for Again {
    fn name(&self) -> &'static str {
        "the same again"
    }

    fn prepare(&self, url: &str) -> Call {
        ByHand::prepare_for::<O>(url)
    }
}

/// The same, but it does not look at the answer: the difference is what decoding costs.
pub(crate) struct Unread;

impl<O: Example> Contender<O> for Unread {
    fn name(&self) -> &'static str {
        "reqwest alone"
    }

    fn prepare(&self, url: &str) -> Call {
        by_hand::<O>(url, |body| assert!(!body.is_empty(), "no answer"))
    }
}

fn by_hand<O: Example>(url: &str, read: fn(&[u8])) -> Call {
    let (http, url) = (http_client(), url.to_owned());
    Box::new(move || {
        let request = http.post(&url).timeout(TIMEOUT);
        Box::pin(async move {
            let body = serde_json::to_vec(&O::build_query(Variables::example())).expect("JSON");
            let request = request.header("authorization", JWT).header("content-type", "application/json").body(body);
            let answer = request.send().await.expect("an answer").error_for_status().expect("status 200");
            read(&answer.bytes().await.expect("a body"));
        })
    })
}

fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    AppSyncClient::http_client().no_proxy().http1_only().build().expect("a client")
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    errors: Option<Vec<serde_json::Value>>,
}
