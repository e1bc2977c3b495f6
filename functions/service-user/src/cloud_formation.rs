//! What CloudFormation sends, and the answer:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>

use std::time::Duration;

use auth_cache::BoxError;
use reqwest::{Client, StatusCode, Url, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ServiceUserError;

/// A request of CloudFormation. It has no `Debug`: whoever knows its URL may answer in the function's place.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    pub(crate) request_type: String,
    #[serde(rename = "ResponseURL")]
    pub(crate) response_url: String,
    pub(crate) stack_id: String,
    request_id: String,
    pub(crate) logical_resource_id: String,
    pub(crate) physical_resource_id: Option<String>,
}

/// CloudFormation takes no more bytes.
const LONGEST: usize = 4096;
/// How often the answer is sent, and how long is waited for each acknowledgement.
const ATTEMPTS: u32 = 6;
const ATTEMPT: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The body of an answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Answer<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    data: Value,
}

impl<'a> Answer<'a> {
    pub(crate) fn success(request: &'a Request, id: &'a str, data: Value) -> Self {
        Self { status: "SUCCESS", reason: None, data, ..Self::failure(request, id, String::new()) }
    }

    pub(crate) fn failure(request: &'a Request, id: &'a str, reason: String) -> Self {
        Self {
            status: "FAILED",
            reason: Some(reason),
            physical_resource_id: id,
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_resource_id,
            data: json!({}),
        }
    }

    /// The JSON, with as much of the reason as there is space for.
    fn body(&self) -> String {
        let mut reason = self.reason.clone();
        loop {
            let body = json!(Self { reason: reason.clone(), data: self.data.clone(), ..*self }).to_string();
            match &mut reason {
                Some(reason) if body.len() > LONGEST && !reason.is_empty() => {
                    reason.truncate(reason.floor_char_boundary(reason.len() * 3 / 4));
                }
                _ => return body,
            }
        }
    }
}

/// The address of an answer, if it is one of CloudFormation's buckets. On this machine, an emulator may have others.
pub(crate) fn address(url: &str, is_local: bool) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let bucket = host.strip_prefix("cloudformation-custom-resource-response-").and_then(|rest| rest.split_once('.'));
    let is_bucket = bucket.is_some_and(|(_, server)| {
        let region = server.strip_suffix(".amazonaws.com").or_else(|| server.strip_suffix(".amazonaws.com.cn"));
        region.is_some_and(|server| server == "s3" || server.starts_with("s3.") || server.starts_with("s3-"))
    });
    let is_loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    ((is_bucket && url.scheme() == "https") || (is_loopback && is_local)).then_some(url)
}

/// Sends the answer until CloudFormation has it, or until `limit` is over. S3 may say that the bucket is at another of its
/// addresses.
///
/// The URL is presigned for a request with an empty content type. Whoever knows it may answer, so no error shows it.
pub(crate) async fn send(
    http: &Client,
    mut url: Url,
    is_local: bool,
    answer: &Answer<'_>,
    limit: Duration,
) -> Result<(), ServiceUserError> {
    let body = answer.body();
    let attempts = async {
        let mut attempt = 1;
        loop {
            let request = http.put(url.clone()).header(header::CONTENT_TYPE, "").timeout(ATTEMPT).body(body.clone());
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let problem = match answer.map_err(reqwest::Error::without_url) {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => match redirection(&url, &answer, is_local) {
                    Some(other) => {
                        url = other;
                        BoxError::from("it redirects in a circle")
                    }
                    None => format!("HTTP status {}", answer.status()).into(),
                },
                Err(error) => error.into(),
            };
            if attempt == ATTEMPTS {
                return Err(problem);
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    };
    let sent = tokio::time::timeout(limit, attempts).await;
    sent.unwrap_or_else(|_| Err("it took too long".into())).map_err(|source| ServiceUserError::NotAnswered { source })
}

/// Where the same request is to be sent instead.
fn redirection(url: &Url, answer: &reqwest::Response, is_local: bool) -> Option<Url> {
    let same_request = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
    let location = answer.headers().get(header::LOCATION).filter(|_| same_request.contains(&answer.status()))?;
    address(url.join(location.to_str().ok()?).ok()?.as_str(), is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        serde_json::from_value(json!({
            "RequestType": "Create",
            "ResponseURL": "https://canary.example",
            "StackId": "stack-1",
            "RequestId": "request-1",
            "LogicalResourceId": "ServiceUser",
        }))
        .unwrap()
    }

    #[test]
    fn answers_go_to_cloud_formations_buckets_only_and_to_this_machine_if_aws_is_there_too() {
        for host in [
            "cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
            "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com",
            "cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com",
            "cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn",
        ] {
            assert!(address(&format!("https://{host}/arn%3Aaws?X-Amz-Signature=1"), false).is_some(), "{host}");
            assert!(address(&format!("http://{host}/"), false).is_none(), "{host}");
            assert!(address(&format!("https://{host}.canary.example/"), false).is_none(), "{host}");
        }
        for url in [
            "canary",
            "https://canary.example/",
            "https://canary.s3.amazonaws.com/",
            "https://cloudformation-custom-resource-response-useast1.canary.example/s3.amazonaws.com",
            "https://cloudformation-custom-resource-response-useast1.canary.amazonaws.com/",
            "https://user@canary.example/cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(address(url, true).is_none(), "{url}");
        }
        for url in ["http://127.0.0.1:4566/answer", "http://localhost:4566/", "http://[::1]:4566/"] {
            assert!(address(url, true).is_some() && address(url, false).is_none(), "{url}");
        }
    }

    #[test]
    fn a_success_has_the_resources_attributes() {
        let request = request();
        let data = json!({"Username": "orders-a", "ParametersPrefix": "/orders/service-user"});
        let body: Value = serde_json::from_str(&Answer::success(&request, "id", data).body()).unwrap();
        assert_eq!(
            body,
            json!({
                "Status": "SUCCESS",
                "PhysicalResourceId": "id",
                "StackId": "stack-1",
                "RequestId": "request-1",
                "LogicalResourceId": "ServiceUser",
                "Data": {"Username": "orders-a", "ParametersPrefix": "/orders/service-user"},
            })
        );
    }

    #[test]
    fn no_reason_makes_the_answer_too_long() {
        let request = request();
        for reason in ["x".repeat(100_000), "\u{1}é\"".repeat(20_000), "short".to_owned()] {
            let body = Answer::failure(&request, "id", reason.clone()).body();
            assert!(body.len() <= LONGEST, "{}", body.len());
            assert!(!body.contains("canary"));
            let body: Value = serde_json::from_str(&body).unwrap();
            let said = body["Reason"].as_str().unwrap();
            assert!(!said.is_empty() && reason.starts_with(said), "{said}");
        }
    }
}
