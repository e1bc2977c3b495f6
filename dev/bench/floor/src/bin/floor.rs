//! The least that the work can cost: one fixed request on the same HTTP client, with a token from elsewhere, and the
//! answer passed on as it is. No typed data, no deadline, no retries, no token that ends.

#![expect(clippy::disallowed_methods, reason = "a configuration would not be the least")]

use std::{env, sync::Arc};

use appsync::codegen_support::graphql_client::GraphQLQuery as _;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use operations::{GetOrder, get_order};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::{Value, value::RawValue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    if let Ok(bundle) = env::var("AWS_CA_BUNDLE") {
        for certificate in CertificateDer::pem_file_iter(bundle)? {
            roots.add(certificate?)?;
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls).http1_only().build()?;
    let url = reqwest::Url::parse(&env::var("APPSYNC_URL")?)?;
    let token = HeaderValue::from_str(&env::var("FLOOR_AUTHORIZATION")?)?;
    // The bytes that `query` sends for the event of the benchmark.
    let body = serde_json::to_string(&GetOrder::build_query(get_order::Variables { id: "order-1".to_owned() }))?;
    let body: &'static [u8] = body.leak().as_bytes();

    run(service_fn(async |_: LambdaEvent<Value>| {
        let request =
            http.post(url.clone()).header(CONTENT_TYPE, "application/json").header(AUTHORIZATION, token.clone());
        let answer = request.body(body).send().await?.error_for_status()?.bytes().await?;
        Ok::<_, Error>(serde_json::from_slice::<Box<RawValue>>(&answer)?)
    }))
    .await
}
