use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use auth_cache::Clock;
use aws_sdk_ssm::config::Credentials;
use aws_sigv4::{
    http_request::{self, SignableBody, SignableRequest, SigningSettings},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Request;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{otlp, pending::Batch};
use crate::Config;

/// Sends spans to a collector: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
pub(super) struct Exporter {
    http: reqwest::Client,
    endpoint: Url,
    /// The region and the credentials to sign for X-Ray with.
    signed: Option<(String, Credentials)>,
    frame: [String; 2],
    /// When sending failed last, and for how long the collector is left alone then; nothing if spans were sent since.
    failed: Mutex<Option<(SystemTime, Duration)>>,
}

/// How long a collector that failed is left alone, if it does not say so itself.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const LARGEST_ANSWER: usize = 64 << 10;

impl Exporter {
    pub(super) fn new(http: reqwest::Client, endpoint: Url, config: &Config) -> Self {
        let signed = region_of(&endpoint).map(|region| (region.to_owned(), config.aws.credentials.clone()));
        let frame = otlp::frame(&config.function_name, config.aws.region.as_ref());
        Self { http, endpoint, signed, frame, failed: Mutex::default() }
    }

    pub(super) fn is_left_alone(&self, now: SystemTime) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back since is no reason to wait.
        failed.is_some_and(|(at, pause)| now.duration_since(at).is_ok_and(|passed| passed < pause))
    }

    /// Remembers how it went. Returns whether it had failed before.
    pub(super) fn note(&self, failure: Option<&ExportError>, now: SystemTime) -> bool {
        let failed = failure.map(|failure| (now, failure.retry_after().unwrap_or(PAUSE).min(LONGEST_PAUSE)));
        std::mem::replace(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner), failed).is_some()
    }

    /// Sends the spans within `limit`, over another connection if the first one broke, as one does that the server closed
    /// while Lambda froze the process.
    pub(super) async fn send(&self, batch: &Batch, limit: Duration, clock: &Clock) -> Result<(), ExportError> {
        let [before, after] = &self.frame;
        let body = [before.as_bytes(), &batch.json, after.as_bytes()].concat();
        let began = clock.now();
        match self.post(body.clone(), limit, began).await {
            Err(ExportError::Transport(error)) if !error.is_timeout() && !error.is_connect() => {
                let now = clock.now();
                let left = limit.saturating_sub(now.duration_since(began).unwrap_or_default());
                self.post(body, left, now).await
            }
            result => result,
        }
    }

    async fn post(&self, body: Vec<u8>, limit: Duration, now: SystemTime) -> Result<(), ExportError> {
        let mut request = Request::new(Method::POST, self.endpoint.clone());
        *request.timeout_mut() = Some(limit);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Some((region, credentials)) = &self.signed {
            let signature =
                signature(&self.endpoint, &body, region, credentials, now).map_err(ExportError::Signature)?;
            request.headers_mut().extend(signature);
        }
        *request.body_mut() = Some(body.into());
        let mut response = self.http.execute(request).await.map_err(ExportError::transport)?;
        let mut answer = Vec::new();
        // To its end, so that the connection can be used again.
        while let Some(chunk) = response.chunk().await.map_err(ExportError::transport)? {
            if answer.len() + chunk.len() > LARGEST_ANSWER {
                return Err(ExportError::TooLarge);
            }
            answer.extend_from_slice(&chunk);
        }
        match response.status() {
            StatusCode::FORBIDDEN if self.signed.is_some() => Err(ExportError::Forbidden),
            status if !status.is_success() => {
                // A date, which no collector is known to send, is taken for nothing.
                let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = retry_after.and_then(|value| value.parse().ok()).map(Duration::from_secs);
                Err(ExportError::Status { status, retry_after })
            }
            _ => rejected(&answer).map_or(Ok(()), Err),
        }
    }
}

const JSON: &str = "application/json";

/// The region of X-Ray's own endpoint; nothing for any other collector.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html>
fn region_of(endpoint: &Url) -> Option<&str> {
    match endpoint.host_str()?.split('.').collect::<Vec<_>>()[..] {
        ["xray" | "xray-fips", region, "amazonaws", "com"]
        | ["xray", region, "amazonaws", "com", "cn"]
        | ["xray" | "xray-fips", region, "api", "aws"] => Some(region),
        _ => None,
    }
}

/// The headers of Signature Version 4 for a POST of `body`.
fn signature(
    endpoint: &Url,
    body: &[u8],
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<HeaderMap, Box<dyn std::error::Error + Send + Sync>> {
    let identity: Identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("xray")
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = [(header::CONTENT_TYPE.as_str(), JSON)].into_iter();
    let request = SignableRequest::new("POST", endpoint.as_str(), headers, SignableBody::Bytes(body))?;
    let (instructions, _signature) = http_request::sign(request, &parameters)?.into_parts();
    instructions
        .headers()
        .map(|(name, value)| {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes())?, value))
        })
        .collect()
}

/// What a collector says of spans that it did not take, in an answer that is a success otherwise:
/// <https://opentelemetry.io/docs/specs/otlp/#partial-success-1>.
fn rejected(answer: &[u8]) -> Option<ExportError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        partial_success: PartialSuccess,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PartialSuccess {
        rejected_spans: Value,
        #[serde(default)]
        error_message: String,
    }

    // In most answers there is nothing of that, and some have no body.
    let PartialSuccess { rejected_spans, error_message } =
        serde_json::from_slice::<Answer>(answer).ok()?.partial_success;
    let spans = rejected_spans.as_str().map_or_else(|| rejected_spans.as_u64(), |text| text.parse().ok())?;
    let message = error_message.chars().take(200).collect();
    (spans > 0).then_some(ExportError::Rejected { spans, message })
}

/// Why spans were not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("the request could not be signed")]
    Signature(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the collector could not be reached, or did not answer in time")]
    Transport(#[source] reqwest::Error),
    #[error("X-Ray refused the spans with HTTP status 403: does the function's role allow xray:PutTraceSegments?")]
    Forbidden,
    #[error("the collector refused the spans with HTTP status {status}")]
    Status { status: StatusCode, retry_after: Option<Duration> },
    #[error("the collector did not take {spans} of the spans: {message}")]
    Rejected { spans: u64, message: String },
    #[error("the collector's answer has more than {LARGEST_ANSWER} bytes")]
    TooLarge,
}

impl ExportError {
    fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same spans may be taken later: <https://opentelemetry.io/docs/specs/otlp/#failures-1>.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Status { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Signature(_) | Self::Forbidden | Self::Rejected { .. } | Self::TooLarge => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As botocore 1.43 signs the same request, with the keys of AWS's own examples.
    #[test]
    fn requests_to_xray_are_signed_as_aws_wants_it() {
        let endpoint = "https://xray.eu-west-1.amazonaws.com/v1/traces".parse().unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (session, signed, signature_is) in [
            (None, "", "0dfae4e9f1e309f8cf1085b400c86e5148b1ee435f92f631a920198aa11c2e90"),
            (
                Some("session".to_owned()),
                ";x-amz-security-token",
                "a834d56337d6d84251d65f300ea292e730bf1c2c0c4f3e2bcad97a64adc9fe17",
            ),
        ] {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let credentials = Credentials::new("AKIDEXAMPLE", secret, session.clone(), None, "test");
            let region = region_of(&endpoint).unwrap();
            let headers = signature(&endpoint, br#"{"resourceSpans":[]}"#, region, &credentials, at).unwrap();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/xray/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date{signed}, Signature={signature_is}"
            );
            assert_eq!(headers["authorization"], expected);
            assert_eq!(headers["x-amz-date"], "20231114T221320Z");
            assert_eq!(headers.get("x-amz-security-token").map(|token| token.to_str().unwrap().to_owned()), session);
            assert!(headers.values().all(HeaderValue::is_sensitive));
        }
    }

    #[test]
    fn only_xrays_own_endpoint_is_signed_for() {
        for (endpoint, region) in [
            ("https://xray.us-west-2.amazonaws.com/v1/traces", Some("us-west-2")),
            ("https://xray-fips.us-east-1.amazonaws.com/v1/traces", Some("us-east-1")),
            ("https://xray.eu-west-1.api.aws/v1/traces", Some("eu-west-1")),
            ("https://xray.cn-north-1.amazonaws.com.cn/v1/traces", Some("cn-north-1")),
            ("https://xray.eu-west-1.amazonaws.com.example.com/v1/traces", None),
            ("https://collector.example.com/v1/traces", None),
            ("http://127.0.0.1:4318/v1/traces", None),
        ] {
            assert_eq!(region_of(&endpoint.parse().unwrap()), region, "{endpoint}");
        }
    }

    #[test]
    fn a_collector_may_take_a_part() {
        for answer in ["", "{}", r#"{"partialSuccess":{}}"#, r#"{"partialSuccess":{"rejectedSpans":"0"}}"#, "<html>"] {
            assert!(rejected(answer.as_bytes()).is_none(), "{answer}");
        }
        for answer in [
            r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#,
            r#"{"partialSuccess":{"rejectedSpans":2,"errorMessage":"too old"}}"#,
        ] {
            let error = rejected(answer.as_bytes()).unwrap();
            assert_eq!(error.to_string(), "the collector did not take 2 of the spans: too old");
            assert!(!error.may_pass());
        }
    }

    #[test]
    fn what_is_sent_again_is_what_otlp_says() {
        let may_pass = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            ExportError::Status { status, retry_after: None }.may_pass()
        };
        assert_eq!([429, 502, 503, 504].map(may_pass), [true; 4]);
        assert_eq!([400, 401, 404, 413, 500].map(may_pass), [false; 5]);
    }
}
