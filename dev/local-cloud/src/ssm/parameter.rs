//! One parameter, its versions, and the ways of naming it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_json::{AwsError, Outcome};
use crate::ids;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    String,
    StringList,
    SecureString,
}

pub(super) struct Parameter {
    kind: Kind,
    /// Version 1 first.
    versions: Vec<Version>,
}

struct Version {
    value: String,
    /// The KMS key that a `SecureString` is encrypted with.
    key: String,
    /// What a `SecureString` shows to those who do not ask for decryption.
    ciphertext: String,
    modified: i64,
}

impl Parameter {
    pub(super) fn new(kind: Kind, value: String, key: Option<String>, now: i64) -> Self {
        Self { kind, versions: vec![Version::new(value, key, now)] }
    }

    /// Gives the new version. Without a key it is encrypted with the account's own, whatever the old one was.
    pub(super) fn overwrite(&mut self, kind: Option<Kind>, value: String, key: Option<String>, now: i64) -> usize {
        self.kind = kind.unwrap_or(self.kind);
        self.versions.push(Version::new(value, key, now));
        self.versions.len()
    }

    /// What DescribeParameters says, which is everything but the value.
    pub(super) fn metadata(&self, name: &str) -> Value {
        let mut described = json!({"Name": name, "Type": self.kind, "Version": self.versions.len(), "DataType": "text", "Tier": "Standard"});
        if let Some(version) = self.versions.last() {
            described["LastModifiedDate"] = json!(version.modified);
            if self.kind == Kind::SecureString {
                described["KeyId"] = json!(version.key);
            }
        }
        described
    }

    pub(super) fn describe(&self, name: &str, asked: Option<usize>, with_decryption: bool, region: &str) -> Outcome {
        let number = asked.unwrap_or(self.versions.len());
        let version = number.checked_sub(1).and_then(|index| self.versions.get(index));
        let version = version.ok_or_else(|| AwsError::without_message("ParameterVersionNotFound"))?;
        let hidden = self.kind == Kind::SecureString && !with_decryption;
        let mut described = json!({
            "Name": name,
            "Type": self.kind,
            "Value": if hidden { &version.ciphertext } else { &version.value },
            "Version": number,
            "LastModifiedDate": version.modified,
            "ARN": format!("arn:aws:ssm:{region}:000000000000:parameter/{}", name.trim_start_matches('/')),
            "DataType": "text",
        });
        if let Some(asked) = asked {
            described["Selector"] = json!(format!(":{asked}"));
        }
        Ok(described)
    }
}

impl Version {
    fn new(value: String, key: Option<String>, now: i64) -> Self {
        let key = key.unwrap_or_else(|| "alias/aws/ssm".to_owned());
        Self { value, key, ciphertext: format!("AQICAH{}", ids::opaque::<150>()), modified: now }
    }
}

/// What a caller names: `/a/b`, `/a/b:3`, or an ARN of either.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) version: Option<usize>,
}

impl Reference {
    pub(super) fn parse(asked: &str) -> Self {
        // arn:aws:ssm:eu-west-1:000000000000:parameter/a/b
        let name = match asked.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", _, "ssm", _, _, resource] => resource.strip_prefix("parameter").unwrap_or(resource),
            _ => asked,
        };
        let (name, version) = match name.rsplit_once(':') {
            Some((name, version)) if version.parse::<usize>().is_ok() => (name, version.parse().ok()),
            _ => (name, None),
        };
        // The ARN of a parameter without folders has the slash that its name lacks.
        let in_folder = name.trim_start_matches('/').contains('/');
        let name = if asked.starts_with("arn:") && !in_folder { name.trim_start_matches('/') } else { name };
        Self { name: name.to_owned(), version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_named_in_four_ways() {
        let reference = |name: &str, version| Reference { name: name.to_owned(), version };
        assert_eq!(Reference::parse("/a/b"), reference("/a/b", None));
        assert_eq!(Reference::parse("/a/b:3"), reference("/a/b", Some(3)));
        assert_eq!(Reference::parse("arn:aws:ssm:eu-west-1:1:parameter/a/b"), reference("/a/b", None));
        assert_eq!(Reference::parse("arn:aws:ssm:eu-west-1:1:parameter/a/b:3"), reference("/a/b", Some(3)));
        assert_eq!(Reference::parse("arn:aws:ssm:eu-west-1:1:parameter/plain"), reference("plain", None));
    }

    #[test]
    fn a_secure_string_hides_its_value_unless_decrypted() {
        let parameter = Parameter::new(Kind::SecureString, "canary".to_owned(), None, 0);
        let hidden = parameter.describe("/a", None, false, "eu-west-1").expect("there is a version");
        assert!(!hidden.to_string().contains("canary"));
        let shown = parameter.describe("/a", None, true, "eu-west-1").expect("there is a version");
        assert_eq!(shown["Value"], "canary");
    }
}
