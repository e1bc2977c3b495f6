//! The answer to CloudFormation: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>

use std::time::Duration;

use auth_cache::BoxError;
use reqwest::{Client, header::CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{ServiceUserError, event::Request};

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
    /// `active` is the user that the functions sign in as. Whoever needs it to exist takes the prefix from here.
    pub(crate) fn success(request: &'a Request, id: &'a str, active: Option<String>) -> Self {
        let prefix = &request.resource_properties["ParametersPrefix"];
        let data =
            active.map(|username| json!({"Username": username, "ParametersPrefix": prefix})).unwrap_or(json!({}));
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

/// Sends the answer until CloudFormation has it, or until `limit` is over.
///
/// The URL is presigned for a request with an empty content type. Whoever knows it may answer, so no error shows it.
pub(crate) async fn send(
    http: &Client,
    url: &str,
    answer: &Answer<'_>,
    limit: Duration,
) -> Result<(), ServiceUserError> {
    let body = answer.body();
    let attempts = async {
        let mut attempt = 1;
        loop {
            let request = http.put(url).header(CONTENT_TYPE, "").timeout(ATTEMPT).body(body.clone());
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let Err(error) = answer.map_err(reqwest::Error::without_url) else { return Ok(()) };
            if attempt == ATTEMPTS {
                return Err(BoxError::from(error));
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    };
    let sent = tokio::time::timeout(limit, attempts).await;
    sent.unwrap_or_else(|_| Err("it took too long".into())).map_err(|source| ServiceUserError::NotAnswered { source })
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
    fn a_success_says_which_user_is_active_and_where_its_parameters_are() {
        let mut request = request();
        request.resource_properties = json!({"ParametersPrefix": "/orders/service-user"});
        let body: Value =
            serde_json::from_str(&Answer::success(&request, "id", Some("orders-a".to_owned())).body()).unwrap();
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
