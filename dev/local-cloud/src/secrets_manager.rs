//! AWS Secrets Manager: secrets, their versions and the labels that stand on them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::aws_json::{AwsError, Outcome, parse};
use crate::ids;

/// All secrets of one stand-in.
pub(crate) struct SecretsManager {
    region: String,
    secrets: BTreeMap<String, Secret>,
}

/// A secret as it is now and as it was before.
struct Secret {
    arn: String,
    current: Version,
    previous: Option<Version>,
}

struct Version {
    id: String,
    value: String,
    created: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: String,
    secret_string: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    secret_string: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_stage: Option<String>,
}

impl SecretsManager {
    pub(crate) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), secrets: BTreeMap::new() }
    }

    /// Executes one operation, by the second part of its `X-Amz-Target`.
    pub(crate) fn call(&mut self, operation: &str, body: &[u8], now: i64) -> Outcome {
        match operation {
            "CreateSecret" => self.create_secret(parse(body)?, now),
            "PutSecretValue" => self.put_secret_value(parse(body)?, now),
            "GetSecretValue" => self.get_secret_value(&parse(body)?),
            _ => Err(AwsError::unknown_operation()),
        }
    }

    pub(crate) fn seed(&mut self, name: &str, value: String, now: i64) {
        let arn = format!("arn:aws:secretsmanager:{}:000000000000:secret:{name}-Local1", self.region);
        self.secrets.insert(name.to_owned(), Secret { arn, current: Version::new(value, now), previous: None });
    }

    fn create_secret(&mut self, input: CreateSecret, now: i64) -> Outcome {
        if self.secrets.contains_key(&input.name) {
            let message = format!("The operation failed because the secret {} already exists.", input.name);
            return Err(AwsError::new("ResourceExistsException", message));
        }
        self.seed(&input.name, input.secret_string, now);
        let secret = &self.secrets[&input.name];
        Ok(json!({"ARN": secret.arn, "Name": input.name, "VersionId": secret.current.id}))
    }

    /// The label `AWSCURRENT` moves to the new version, and `AWSPREVIOUS` to the one that had it.
    fn put_secret_value(&mut self, input: PutSecretValue, now: i64) -> Outcome {
        let (name, secret) = self
            .secrets
            .iter_mut()
            .find(|(name, secret)| is_named(&input.secret_id, name, secret))
            .ok_or_else(not_found)?;
        let new = Version::new(input.secret_string, now);
        secret.previous = Some(std::mem::replace(&mut secret.current, new));
        let id = &secret.current.id;
        Ok(json!({"ARN": secret.arn, "Name": name, "VersionId": id, "VersionStages": ["AWSCURRENT"]}))
    }

    fn get_secret_value(&self, input: &GetSecretValue) -> Outcome {
        let (name, secret) = self
            .secrets
            .iter()
            .find(|(name, secret)| is_named(&input.secret_id, name, secret))
            .ok_or_else(not_found)?;
        let stage = input.version_stage.as_deref().unwrap_or("AWSCURRENT");
        let version = match stage {
            "AWSCURRENT" => Some(&secret.current),
            "AWSPREVIOUS" => secret.previous.as_ref(),
            _ => None,
        };
        let version = version.ok_or_else(|| {
            let message = format!("Secrets Manager can't find the specified secret value for staging label: {stage}");
            AwsError::new("ResourceNotFoundException", message)
        })?;
        Ok(json!({
            "ARN": secret.arn,
            "Name": name,
            "VersionId": version.id,
            "SecretString": version.value,
            "VersionStages": [stage],
            "CreatedDate": version.created,
        }))
    }
}

impl Version {
    fn new(value: String, now: i64) -> Self {
        Self { id: ids::uuid(), value, created: now }
    }
}

/// By its name, its ARN, or its ARN without the six characters that Secrets Manager appends.
fn is_named(asked: &str, name: &str, secret: &Secret) -> bool {
    asked == name || asked == secret.arn || secret.arn.rsplit_once('-').is_some_and(|(arn, _)| asked == arn)
}

fn not_found() -> AwsError {
    AwsError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
