//! What the callers of Cognito and SSM may do, where a test says so: everything, otherwise.

use std::collections::HashMap;

use hyper::HeaderMap;
use serde_json::Value;

use crate::aws_json::AwsError;
use crate::calls::Service;

/// Actions that a policy allows, such as `ssm:GetParameters`, and on which resource: what the service's ARNs end with,
/// such as `parameter/orders/*` or `userpool/eu-west-1_LocalPool1`.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "tests write them down")]
pub struct Allow {
    /// The actions.
    pub actions: Vec<String>,
    /// The resource; `*` at its end stands for anything.
    pub resource: String,
}

/// Policies, by the access key of those that they are for.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    policies: HashMap<String, Vec<Allow>>,
}

impl Iam {
    pub(crate) fn set_policy(&mut self, access_key: &str, policy: Vec<Allow>) {
        self.policies.insert(access_key.to_owned(), policy);
    }

    /// An error, unless the caller's policy allows the call of each resource that the body names.
    pub(crate) fn check(
        &self,
        service: Service,
        operation: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), AwsError> {
        let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // AWS4-HMAC-SHA256 Credential=KEY/20260101/eu-west-1/ssm/aws4_request, ...
        let key = authorization.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
        let Some((key, policy)) = key.and_then(|key| self.policies.get_key_value(key)) else { return Ok(()) };
        let (prefix, name) = match service {
            Service::Ssm => ("ssm", "parameter"),
            _ => ("cognito-idp", "userpool/"),
        };
        let action = format!("{prefix}:{operation}");
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = [&body["Name"], &body["Path"], &body["UserPoolId"]].into_iter();
        let named = named.chain(body["Names"].as_array().into_iter().flatten()).filter_map(Value::as_str);
        for resource in named.map(|named| format!("{name}{named}")) {
            if !policy.iter().any(|allow| allow.allows(&action, &resource)) {
                return Err(AwsError::new(
                    "AccessDeniedException",
                    format!(
                        "User: arn:aws:sts::000000000000:assumed-role/{key}/function is not authorized to perform: {action} on \
                         resource: {resource} because no identity-based policy allows the {action} action"
                    ),
                ));
            }
        }
        Ok(())
    }
}

impl Allow {
    fn allows(&self, action: &str, resource: &str) -> bool {
        let is_allowed = match self.resource.strip_suffix('*') {
            Some(beginning) => resource.starts_with(beginning),
            None => resource == self.resource,
        };
        is_allowed && self.actions.iter().any(|allowed| allowed == action)
    }
}
