//! What CloudFormation sends: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>

use serde::Deserialize;
use serde_json::Value;

use crate::ServiceUserError;

/// A request of CloudFormation. It has no `Debug`: whoever knows its URL may answer in the function's place.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    pub(crate) request_type: String,
    #[serde(rename = "ResponseURL")]
    pub(crate) response_url: String,
    pub(crate) stack_id: String,
    pub(crate) request_id: String,
    pub(crate) logical_resource_id: String,
    pub(crate) physical_resource_id: Option<String>,
    #[serde(default)]
    pub(crate) resource_properties: Value,
    #[serde(default)]
    pub(crate) old_resource_properties: Value,
}

/// What the service user should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Properties {
    pub(crate) id: ResourceId,
    pub(crate) client_id: String,
    pub(crate) group: String,
    pub(crate) key: Option<String>,
}

/// What makes a service user this one and no other: CloudFormation's `PhysicalResourceId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceId {
    pub(crate) pool: String,
    pub(crate) username: String,
    pub(crate) prefix: String,
}

impl Properties {
    pub(crate) fn parse(properties: &Value) -> Result<Self, ServiceUserError> {
        let group = |text: &str| !text.is_empty() && text.len() <= 128 && !text.contains(char::is_whitespace);
        let key = match properties.get("ParametersKeyArn").and_then(Value::as_str) {
            None | Some("") => None, // a condition of a template may leave it empty
            Some(_) => Some(property(properties, "ParametersKeyArn", "the ARN of a KMS key", is_key)?),
        };
        Ok(Self {
            id: ResourceId {
                pool: property(
                    properties,
                    "UserPoolId",
                    "the id of a user pool, such as eu-west-1_a1b2c3d4e",
                    is_pool,
                )?,
                username: property(
                    properties,
                    "Username",
                    "1 to 64 letters, digits, dots, hyphens and _, or such an e-mail address",
                    is_username,
                )?,
                prefix: property(
                    properties,
                    "ParametersPrefix",
                    "an SSM prefix such as /orders/service-user",
                    is_prefix,
                )?,
            },
            client_id: property(properties, "ClientId", "the id of an app client of the user pool", is_client)?,
            group: property(properties, "Group", "the name of a group of the user pool", group)?,
            key,
        })
    }
}

impl ResourceId {
    /// Reads what [`ResourceId::to_string`] wrote; none if it is something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (pool, rest) = text.split_once('/')?;
        let (username, prefix) = rest.rsplit_once('@')?; // a name may be an e-mail address
        let ok = is_pool(pool) && is_username(username) && is_prefix(prefix);
        ok.then(|| Self { pool: pool.to_owned(), username: username.to_owned(), prefix: prefix.to_owned() })
    }

    /// The two users that take turns.
    pub(crate) fn users(&self) -> [String; 2] {
        let (name, domain) = name_and_domain(&self.username);
        ["a", "b"].map(|suffix| format!("{name}-{suffix}{domain}"))
    }

    /// Whether both name the same users.
    pub(crate) fn shares_users_with(&self, other: &Self) -> bool {
        (&self.pool, &self.username) == (&other.pool, &other.username)
    }
}

impl std::fmt::Display for ResourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pool, username, prefix } = self;
        write!(f, "{pool}/{username}@{prefix}")
    }
}

/// The parts of an e-mail address, which users of many pools are called by: `orders` and `@example.com`. The second one is
/// empty if it is none.
pub(crate) fn name_and_domain(username: &str) -> (&str, &str) {
    username.split_at(username.find('@').unwrap_or(username.len()))
}

fn property(
    properties: &Value,
    name: &'static str,
    expected: &'static str,
    is_valid: impl Fn(&str) -> bool,
) -> Result<String, ServiceUserError> {
    let problem = |problem| ServiceUserError::InvalidProperty { name, problem, expected };
    let value = properties.get(name).filter(|value| !value.is_null()).ok_or(problem("missing"))?;
    let value = value.as_str().filter(|value| is_valid(value)).ok_or(problem("malformed"))?;
    Ok(value.to_owned())
}

fn is_made_of(text: &str, others: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn is_pool(text: &str) -> bool {
    text.contains('_') && is_made_of(text, "_-", 55)
}

fn is_client(text: &str) -> bool {
    is_made_of(text, "_+", 128)
}

fn is_username(text: &str) -> bool {
    let (name, domain) = name_and_domain(text);
    let is_domain = |domain: &str| is_made_of(domain, ".-", 64);
    is_made_of(name, "._-", 64) && (domain.is_empty() || domain.strip_prefix('@').is_some_and(is_domain))
}

/// AWS keeps the names that begin with its own for itself. The prefix has no slash at its end: it is part of an id.
fn is_prefix(text: &str) -> bool {
    let Some(path) = text.strip_prefix('/') else { return false };
    let reserved = ["aws", "ssm"].iter().any(|name| path.to_ascii_lowercase().starts_with(name));
    !reserved && path.split('/').all(|folder| is_made_of(folder, "._-", 256)) && text.len() <= 512
}

fn is_key(text: &str) -> bool {
    text.starts_with("arn:") && is_made_of(text, ":/_-", 256)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn valid() -> Value {
        json!({
            "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:service-user",
            "UserPoolId": "eu-west-1_a1b2c3d4e",
            "ClientId": "1h57kf5cpq17m0eml12EXAMPLE",
            "Group": "order-services",
            "Username": "orders",
            "ParametersPrefix": "/orders/service-user",
        })
    }

    #[test]
    fn an_id_is_read_as_it_was_written_and_nothing_else_is_one() {
        let id = Properties::parse(&valid()).unwrap().id;
        assert_eq!(id.to_string(), "eu-west-1_a1b2c3d4e/orders@/orders/service-user");
        assert_eq!(ResourceId::parse(&id.to_string()), Some(id));
        for other in [
            "",
            "not-created",
            "stack-ServiceUser-1ABCDEFGHIJKL",
            "eu-west-1_a1b2c3d4e/orders",
            "eu-west-1_a1b2c3d4e/@/orders",
            "eu-west-1_a1b2c3d4e/orders@orders",
            "nopool/orders@/orders",
            "2026/11/25/[$LATEST]0123456789abcdef@/x",
        ] {
            assert_eq!(ResourceId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn users_of_a_pool_with_e_mail_addresses_take_turns_too() {
        let mut properties = valid();
        properties["Username"] = json!("orders@example.com");
        let id = Properties::parse(&properties).unwrap().id;
        assert_eq!(id.users(), ["orders-a@example.com", "orders-b@example.com"]);
        assert_eq!(ResourceId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn a_property_that_is_missing_or_malformed_is_named_without_its_value() {
        for (name, value, problem) in [
            ("UserPoolId", Value::Null, "missing"),
            ("UserPoolId", json!("canary"), "malformed"),
            ("ClientId", json!("canary canary"), "malformed"),
            ("Group", json!(""), "malformed"),
            ("Username", json!("canary@"), "malformed"),
            ("Username", json!("@canary.com"), "malformed"),
            ("Username", json!("canary@canary@example.com"), "malformed"),
            ("Username", json!(7), "malformed"),
            ("ParametersPrefix", json!("canary"), "malformed"),
            ("ParametersPrefix", json!("/canary/"), "malformed"),
            ("ParametersPrefix", json!("/aws/canary"), "malformed"),
            ("ParametersPrefix", json!("/canary//canary"), "malformed"),
            ("ParametersKeyArn", json!("canary"), "malformed"),
        ] {
            let mut properties = valid();
            properties[name] = value;
            let error = Properties::parse(&properties).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the property {name} is {problem}: it should be ")), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_key_may_be_left_empty() {
        let mut properties = valid();
        properties["ParametersKeyArn"] = json!("");
        assert_eq!(Properties::parse(&properties).unwrap().key, None);
        properties["ParametersKeyArn"] = json!("arn:aws:kms:eu-west-1:111122223333:key/1");
        assert!(Properties::parse(&properties).unwrap().key.is_some());
    }
}
