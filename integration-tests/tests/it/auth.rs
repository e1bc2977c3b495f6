//! As whom operations are executed: AppSync's authorization modes, and what a refusal means in each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use appsync::{AppSyncClient, Auth, ErrorKind, Iam};
use auth_cache::ManualClock;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::{
    secrets::Log,
    wire::{GetThing, Request, SetThing, Step, Variables, Wire, answer, good, http_client, identity},
};

fn refusal() -> Step {
    let body = r#"{"errors":[{"errorType":"UnauthorizedException","message":"Token has expired."}]}"#;
    Step::Answer(answer("401 Unauthorized", &[], body))
}

#[tokio::test]
async fn a_refused_token_of_a_service_is_replaced_and_the_operation_sent_once_more() {
    for times in [1, 2] {
        let wire = Wire::start(vec![refusal(); times], Step::Answer(good())).await;
        let sign_ins = Arc::new(AtomicUsize::new(0));
        let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), identity(&sign_ins));
        let result = client.execute::<SetThing>(Variables::default()).await;
        assert_eq!(result.map_err(|error| error.kind()).err(), (times == 2).then_some(ErrorKind::TokenRefused));
        let tokens: Vec<_> = wire.requests().iter().map(authorization).collect();
        assert_eq!(tokens, ["token-1", "token-2"]);
        assert_eq!(sign_ins.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_callers_token_is_sent_raw_and_its_refusal_is_the_callers_matter() {
    let wire = Wire::start([Step::Answer(good()), refusal()], Step::Answer(good())).await;
    let sign_ins = Arc::new(AtomicUsize::new(0));
    let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), identity(&sign_ins));
    let caller = Auth::token("Bearer canary.jwt").unwrap();
    client.execute::<GetThing>(Variables::default()).authorized_by(caller.clone()).await.unwrap();

    let error = client.execute::<GetThing>(Variables::default()).authorized_by(caller).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenRefused);
    assert_eq!(wire.requests().len(), 2, "it is not replayed");
    assert!(wire.requests().iter().all(|request| authorization(request) == "canary.jwt"));
    assert_eq!(sign_ins.load(Ordering::SeqCst), 0);

    client.execute::<GetThing>(Variables::default()).await.unwrap();
    assert_eq!(authorization(&wire.requests()[2]), "token-1", "the client itself has another identity");
}

#[tokio::test]
async fn a_callers_refused_token_does_not_end_the_services_own() {
    let wire = Wire::start([Step::Answer(good()), refusal()], Step::Answer(good())).await;
    let sign_ins = Arc::new(AtomicUsize::new(0));
    let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), identity(&sign_ins));
    client.execute::<GetThing>(Variables::default()).await.unwrap();
    let caller = Auth::token("jwt").unwrap();
    client.execute::<GetThing>(Variables::default()).authorized_by(caller).await.unwrap_err();
    client.execute::<GetThing>(Variables::default()).await.unwrap();
    assert_eq!(sign_ins.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_api_key_is_sent_as_such() {
    let wire = Wire::start([Step::Answer(good())], refusal()).await;
    let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), Auth::api_key("da2-key").unwrap());
    client.execute::<GetThing>(Variables::default()).await.unwrap();
    let request = &wire.requests()[0];
    assert_eq!((request.header("x-api-key"), request.header("authorization")), (Some("da2-key"), None));

    let error = client.execute::<SetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenRefused);
    assert_eq!(wire.requests().len(), 2, "it is not replayed");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_carries_no_key_or_token_away() {
    let elsewhere = Wire::always(Step::Answer(good())).await;
    let location = format!("location: {}", elsewhere.url.replace("127.0.0.1", "localhost"));
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let wire = Wire::always(Step::Answer(answer(status, &[&location], ""))).await;
        for auth in [Auth::api_key("da2-key").unwrap(), Auth::token("jwt").unwrap()] {
            let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), auth);
            let error = client.execute::<GetThing>(Variables::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{status}: {error:?}");
        }
        assert_eq!(wire.requests().len(), 2);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_preflight_is_read_no_further_than_any_other_answer() {
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    let wire = Wire::always(Step::AnswerWithoutEnd(endless, chunk)).await;
    let error = wire.client().warm_up(Duration::from_secs(30)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(!error.may_have_executed());
}

#[tokio::test]
async fn what_iam_signs_is_what_is_sent() {
    for session_token in [None, Some("canary-session")] {
        let wire = Wire::always(Step::Answer(good())).await;
        // 2026-11-23T12:00:00Z
        let clock = ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_435_200));
        let credentials = Credentials::new("AKID", "canary-secret", session_token.map(str::to_owned), None, "test");
        let iam = Iam::in_region(credentials, "eu-west-1");
        let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), iam).with_clock(clock);
        client.execute::<SetThing>(Variables { note: "hello".to_owned() }).await.unwrap();

        let request = &wire.requests()[0];
        assert_eq!(request.header("x-amz-date"), Some("20261123T120000Z"));
        assert_eq!(request.header("x-amz-security-token"), session_token);
        assert_eq!(authorization(request), expected_signature(request, "canary-secret"));
    }
}

/// Has no credentials.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("there are none")))
    }
}

#[tokio::test]
async fn credentials_that_are_not_to_be_had_are_a_failed_sign_in() {
    let wire = Wire::always(Step::Answer(good())).await;
    let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), Iam::in_region(Nobody, "eu-west-1"));
    let error = client.execute::<SetThing>(Variables::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(!error.may_have_executed());
    assert_eq!(wire.connections(), 0);
}

#[tokio::test]
async fn neither_tokens_nor_keys_nor_variables_are_logged_or_told() {
    let (shown, log) = Log::of(async {
        let mut shown = Vec::new();
        let credentials = Credentials::new("AKID", "canary-secret", Some("canary-session".to_owned()), None, "test");
        for auth in [
            Auth::token("canary-jwt").unwrap(),
            Auth::api_key("canary-key").unwrap(),
            Auth::from(Iam::in_region(credentials, "eu-west-1")),
        ] {
            for step in [refusal(), Step::ResetAfter, Step::AnswerAndClose(b"HTTP/1.1 200 OK\r\n".to_vec())] {
                let wire = Wire::start([step], Step::Answer(good())).await;
                let client = AppSyncClient::new(http_client(), wire.url.parse().unwrap(), auth.clone());
                let execution = client.execute::<GetThing>(Variables { note: "canary-note".to_owned() });
                shown.push(format!("{client:?} {execution:?}"));
                shown.push(format!("{:?}", execution.await));
            }
        }
        shown
    })
    .await;
    assert!(log.contains("the operation is sent again"), "the log was captured");
    for text in shown.iter().chain([&log]) {
        let found = text.find("canary").map(|at| &text[at.saturating_sub(80)..(at + 20).min(text.len())]);
        assert_eq!(found, None);
    }
}

fn authorization(request: &Request) -> String {
    request.header("authorization").unwrap_or_default().to_owned()
}

/// Signature Version 4 by the book, of the request as it came in:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
fn expected_signature(request: &Request, secret: &str) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mac = |key: &[u8], data: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(data.as_bytes());
        mac.finalize().into_bytes()
    };
    let signed = ["content-type", "host", "x-amz-date", "x-amz-security-token"];
    let signed: Vec<_> = signed.into_iter().filter_map(|name| Some((name, request.header(name)?))).collect();
    let headers: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let canonical = format!("POST\n/graphql\n\n{headers}\n{names}\n{}", hex(&Sha256::digest(&request.body)));
    let time = request.header("x-amz-date").unwrap();
    let scope = format!("{}/eu-west-1/appsync/aws4_request", &time[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = mac(format!("AWS4{secret}").as_bytes(), &time[..8]);
    let key = ["eu-west-1", "appsync", "aws4_request"].iter().fold(key, |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &to_sign));
    format!("AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders={names}, Signature={signature}")
}
