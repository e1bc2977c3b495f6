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

/// What a parameter may hold, and costs:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tier {
    #[default]
    Standard,
    Advanced,
    /// Asked for only: whichever of the two fits.
    #[serde(rename = "Intelligent-Tiering")]
    Intelligent,
}

impl Tier {
    /// The tier of a parameter of which this one is asked for. An advanced one stays so.
    pub(super) fn of(self, old: Option<Self>, length: usize) -> Result<Self, AwsError> {
        const STANDARD: usize = 4096;
        const ADVANCED: usize = 8192;
        let problem = match self {
            Self::Standard if old == Some(Self::Advanced) => {
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier."
            }
            Self::Standard if length > STANDARD => {
                "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
            }
            _ if length > ADVANCED => "Advanced tier parameters support a maximum parameter value of 8192 characters.",
            Self::Intelligent if length <= STANDARD => return Ok(old.unwrap_or(Self::Standard)),
            Self::Intelligent => return Ok(Self::Advanced),
            asked => return Ok(asked),
        };
        Err(AwsError::new("ValidationException", problem))
    }
}

pub(super) struct Parameter {
    kind: Kind,
    tier: Tier,
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
    pub(super) fn new(kind: Kind, tier: Tier, value: String, key: Option<String>, now: i64) -> Self {
        Self { kind, tier, versions: vec![Version::new(value, key, now)] }
    }

    pub(super) fn tier(&self) -> Tier {
        self.tier
    }

    /// Gives the new version. Without a key it is encrypted with the account's own, whatever the old one was.
    pub(super) fn overwrite(
        &mut self,
        kind: Option<Kind>,
        tier: Tier,
        value: String,
        key: Option<String>,
        now: i64,
    ) -> usize {
        self.kind = kind.unwrap_or(self.kind);
        self.tier = tier;
        self.versions.push(Version::new(value, key, now));
        self.versions.len()
    }

    /// What DescribeParameters says, which is everything but the value.
    pub(super) fn metadata(&self, name: &str) -> Value {
        let mut described = json!({"Name": name, "Type": self.kind, "Version": self.versions.len(), "DataType": "text", "Tier": self.tier});
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
    fn a_large_value_takes_the_advanced_tier_which_a_parameter_keeps() {
        use Tier::{Advanced, Intelligent, Standard};
        for (asked, old, length, tier) in [
            (Standard, None, 4096, Some(Standard)),
            (Standard, None, 4097, None),
            (Standard, Some(Advanced), 1, None),
            (Intelligent, None, 4096, Some(Standard)),
            (Intelligent, None, 4097, Some(Advanced)),
            (Intelligent, Some(Advanced), 1, Some(Advanced)),
            (Advanced, None, 8192, Some(Advanced)),
            (Intelligent, None, 8193, None),
        ] {
            assert_eq!(asked.of(old, length).ok(), tier, "{asked:?} {old:?} {length}");
        }
    }

    #[test]
    fn a_secure_string_hides_its_value_unless_decrypted() {
        let parameter = Parameter::new(Kind::SecureString, Tier::Standard, "canary".to_owned(), None, 0);
        let hidden = parameter.describe("/a", None, false, "eu-west-1").expect("there is a version");
        assert!(!hidden.to_string().contains("canary"));
        let shown = parameter.describe("/a", None, true, "eu-west-1").expect("there is a version");
        assert_eq!(shown["Value"], "canary");
    }
}
