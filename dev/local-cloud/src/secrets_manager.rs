//! AWS Secrets Manager: secrets, their versions and the labels that stand on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use crate::aws_json::{AwsError, Outcome, parse};
use crate::ids;

/// All secrets of one stand-in.
pub(crate) struct SecretsManager {
    region: String,
    secrets: BTreeMap<String, Secret>,
}

struct Secret {
    arn: String,
    versions: Vec<Version>,
}

struct Version {
    id: String,
    value: String,
    created: i64,
    /// A label stands on one version of a secret at most.
    stages: BTreeSet<String>,
}

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: String,
    /// Without one there is no version yet.
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    secret_string: String,
    /// `AWSCURRENT` if none is named.
    version_stages: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateSecretVersionStage {
    secret_id: String,
    version_stage: String,
    move_to_version_id: String,
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
            "UpdateSecretVersionStage" => self.update_secret_version_stage(parse(body)?),
            "GetSecretValue" => self.get_secret_value(&parse(body)?),
            _ => Err(AwsError::unknown_operation()),
        }
    }

    pub(crate) fn seed(&mut self, name: &str, value: Option<String>, now: i64) {
        self.create(name, value, now);
    }

    fn create(&mut self, name: &str, value: Option<String>, now: i64) -> &Secret {
        let arn = format!("arn:aws:secretsmanager:{}:000000000000:secret:{name}-Local1", self.region);
        let secret = self.secrets.entry(name.to_owned()).insert_entry(Secret { arn, versions: Vec::new() }).into_mut();
        if let Some(value) = value {
            secret.add(value, &[CURRENT.to_owned()], now);
        }
        secret
    }

    fn create_secret(&mut self, input: CreateSecret, now: i64) -> Outcome {
        if self.secrets.contains_key(&input.name) {
            let message = format!("The operation failed because the secret {} already exists.", input.name);
            return Err(AwsError::new("ResourceExistsException", message));
        }
        let secret = self.create(&input.name, input.secret_string, now);
        let version = secret.versions.first().map(|version| &version.id);
        Ok(json!({"ARN": secret.arn, "Name": input.name, "VersionId": version}))
    }

    fn put_secret_value(&mut self, input: PutSecretValue, now: i64) -> Outcome {
        let (name, secret) = self.secret_mut(&input.secret_id)?;
        let stages = input.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
        let id = secret.add(input.secret_string, &stages, now);
        Ok(json!({"ARN": secret.arn, "Name": name, "VersionId": id, "VersionStages": stages}))
    }

    fn update_secret_version_stage(&mut self, input: UpdateSecretVersionStage) -> Outcome {
        let (name, secret) = self.secret_mut(&input.secret_id)?;
        if !secret.versions.iter().any(|version| version.id == input.move_to_version_id) {
            return Err(no_value("VersionId", &input.move_to_version_id));
        }
        secret.label(&input.version_stage, &input.move_to_version_id);
        Ok(json!({"ARN": secret.arn, "Name": name}))
    }

    fn get_secret_value(&self, input: &GetSecretValue) -> Outcome {
        let (name, secret) = self
            .secrets
            .iter()
            .find(|(name, secret)| is_named(&input.secret_id, name, secret))
            .ok_or_else(not_found)?;
        let stage = input.version_stage.as_deref().unwrap_or(CURRENT);
        let version = secret.versions.iter().find(|version| version.stages.contains(stage));
        let version = version.ok_or_else(|| no_value("staging label", stage))?;
        Ok(json!({
            "ARN": secret.arn,
            "Name": name,
            "VersionId": version.id,
            "SecretString": version.value,
            "VersionStages": version.stages,
            "CreatedDate": version.created,
        }))
    }

    fn secret_mut(&mut self, asked: &str) -> Result<(&String, &mut Secret), AwsError> {
        self.secrets.iter_mut().find(|(name, secret)| is_named(asked, name, secret)).ok_or_else(not_found)
    }
}

impl Secret {
    fn add(&mut self, value: String, stages: &[String], now: i64) -> String {
        let id = ids::uuid();
        self.versions.push(Version { id: id.clone(), value, created: now, stages: BTreeSet::new() });
        stages.iter().for_each(|stage| self.label(stage, &id));
        id
    }

    /// Moves a label to a version. When `AWSCURRENT` moves, `AWSPREVIOUS` follows to the version that had it.
    fn label(&mut self, stage: &str, id: &str) {
        let had_it = self.versions.iter_mut().find_map(|old| old.stages.remove(stage).then(|| old.id.clone()));
        if let Some(version) = self.versions.iter_mut().find(|version| version.id == id) {
            version.stages.insert(stage.to_owned());
        }
        if let Some(old) = had_it.filter(|old| stage == CURRENT && old != id) {
            self.label(PREVIOUS, &old);
        }
    }
}

/// By its name, its ARN, or its ARN without the six characters that Secrets Manager appends.
fn is_named(asked: &str, name: &str, secret: &Secret) -> bool {
    asked == name || asked == secret.arn || secret.arn.rsplit_once('-').is_some_and(|(arn, _)| asked == arn)
}

fn no_value(by: &str, what: &str) -> AwsError {
    let message = format!("Secrets Manager can't find the specified secret value for {by}: {what}");
    AwsError::new("ResourceNotFoundException", message)
}

fn not_found() -> AwsError {
    AwsError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
