//! One parameter, its versions, and the ways of naming it.

use serde::{Deserialize, Serialize};
use serde_json::json;

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
    /// What a `SecureString` shows to those who do not ask for decryption.
    ciphertext: String,
    modified: i64,
}

impl Parameter {
    pub(super) fn new(kind: Kind, value: String, now: i64) -> Self {
        Self { kind, versions: vec![Version::new(value, now)] }
    }

    /// Gives the new version.
    pub(super) fn overwrite(&mut self, kind: Option<Kind>, value: String, now: i64) -> usize {
        self.kind = kind.unwrap_or(self.kind);
        self.versions.push(Version::new(value, now));
        self.versions.len()
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
    fn new(value: String, now: i64) -> Self {
        Self { value, ciphertext: format!("AQICAH{}", ids::opaque::<150>()), modified: now }
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
        let parameter = Parameter::new(Kind::SecureString, "canary".to_owned(), 0);
        let hidden = parameter.describe("/a", None, false, "eu-west-1").expect("there is a version");
        assert!(!hidden.to_string().contains("canary"));
        let shown = parameter.describe("/a", None, true, "eu-west-1").expect("there is a version");
        assert_eq!(shown["Value"], "canary");
    }
}
