//! SSM Parameter Store: the operations on parameters, with the store's own errors.

mod parameter;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::parameter::Kind;
use self::parameter::{Parameter, Reference, Tier};
use crate::aws_json::{AwsError, Outcome, parse};
use crate::quota::Quota;

/// GetParameters and DeleteParameters take no more names.
const MOST_NAMES: usize = 10;

/// All parameters of one stand-in.
pub(crate) struct Ssm {
    region: String,
    parameters: BTreeMap<String, Parameter>,
    reads: Quota,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutParameter {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<Kind>,
    #[serde(default)]
    overwrite: bool,
    key_id: Option<String>,
    #[serde(default)]
    tier: Tier,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameters {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParametersByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeParameters {
    #[serde(default)]
    parameter_filters: Vec<ParameterFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParameterFilter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteParameter {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteParameters {
    names: Vec<String>,
}

impl Ssm {
    pub(crate) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), parameters: BTreeMap::new(), reads: Quota::default() }
    }

    /// Whether the quota lets an operation pass: the one of reads is shared by those that give values.
    pub(crate) fn admits(&mut self, operation: &str, reads_per_second: Option<u32>, now_millis: i64) -> bool {
        let is_read = matches!(operation, "GetParameter" | "GetParameters" | "GetParametersByPath");
        !is_read || self.reads.admits(reads_per_second, now_millis)
    }

    /// Executes one operation, by the second part of its `X-Amz-Target`.
    pub(crate) fn call(&mut self, operation: &str, body: &[u8], now: i64) -> Outcome {
        match operation {
            "PutParameter" => self.put_parameter(parse(body)?, now),
            "GetParameter" => self.get_parameter(&parse(body)?),
            "GetParameters" => self.get_parameters(&parse(body)?),
            "GetParametersByPath" => self.get_parameters_by_path(&parse(body)?),
            "DescribeParameters" => self.describe_parameters(&parse(body)?),
            "DeleteParameter" => self.delete_parameter(&parse(body)?),
            "DeleteParameters" => self.delete_parameters(parse(body)?),
            _ => Err(AwsError::unknown_operation()),
        }
    }

    pub(crate) fn seed(&mut self, name: String, kind: Kind, value: &str, now: i64) {
        self.parameters.insert(name, Parameter::new(kind, Tier::Standard, value.to_owned(), None, now));
    }

    fn put_parameter(&mut self, input: PutParameter, now: i64) -> Outcome {
        if input.value.is_empty() {
            return Err(invalid(
                "Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ));
        }
        check_name(&input.name)?;
        let old = self.parameters.get(&input.name).map(Parameter::tier);
        let tier = input.tier.of(old, input.value.len())?;
        if let Some(parameter) = self.parameters.get_mut(&input.name) {
            if !input.overwrite {
                let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
                return Err(AwsError::new("ParameterAlreadyExists", message));
            }
            let version = parameter.overwrite(input.kind, tier, input.value, input.key_id, now);
            return Ok(json!({"Version": version, "Tier": tier}));
        }
        let kind = input.kind.ok_or_else(|| {
            AwsError::new("ValidationException", "A parameter type is required when you create a parameter.")
        })?;
        self.parameters.insert(input.name, Parameter::new(kind, tier, input.value, input.key_id, now));
        Ok(json!({"Version": 1, "Tier": tier}))
    }

    fn get_parameter(&self, input: &GetParameter) -> Outcome {
        let described = self.describe(&input.name, input.with_decryption)?;
        Ok(json!({"Parameter": described}))
    }

    /// Sorted by name, not in the order asked for: the real service promises no order.
    fn get_parameters(&self, input: &GetParameters) -> Outcome {
        check_count(&input.names)?;
        let mut found = Vec::new();
        let mut invalid = Vec::new();
        for name in &input.names {
            match self.describe(name, input.with_decryption) {
                Ok(parameter) => found.push(parameter),
                Err(_) => invalid.push(name),
            }
        }
        found.sort_by(|one, other| one["Name"].as_str().cmp(&other["Name"].as_str()));
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    fn get_parameters_by_path(&self, input: &GetParametersByPath) -> Outcome {
        let page = input.max_results.unwrap_or(MOST_NAMES);
        if !(1..=MOST_NAMES).contains(&page) {
            return Err(invalid(&format!(
                "Value '{page}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10"
            )));
        }
        if !input.path.starts_with('/') {
            let message = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".";
            return Err(AwsError::new("ValidationException", message));
        }
        let start = match &input.next_token {
            None => 0,
            Some(token) => token
                .strip_prefix("local-")
                .and_then(|start| start.parse().ok())
                .ok_or_else(|| AwsError::without_message("InvalidNextToken"))?,
        };
        let folder = format!("{}/", input.path.trim_end_matches('/'));
        let below = |name: &str| name.strip_prefix(&folder).is_some_and(|rest| input.recursive || !rest.contains('/'));
        let names: Vec<&String> = self.parameters.keys().filter(|name| below(name)).collect();
        let parameters: Result<Vec<Value>, _> =
            names.iter().skip(start).take(page).map(|name| self.describe(name, input.with_decryption)).collect();
        let mut output = json!({"Parameters": parameters?});
        if start + page < names.len() {
            output["NextToken"] = json!(format!("local-{}", start + page));
        }
        Ok(output)
    }

    /// All at once, without pages; by name only.
    fn describe_parameters(&self, input: &DescribeParameters) -> Outcome {
        let mut found: Vec<_> = self.parameters.iter().collect();
        for ParameterFilter { key, option, values } in &input.parameter_filters {
            match (key.as_str(), option.as_deref().unwrap_or("Equals")) {
                ("Name", "Equals") => found.retain(|(name, _)| values.contains(name)),
                ("Name", "BeginsWith") => found.retain(|(name, _)| values.iter().any(|value| name.starts_with(value))),
                ("Name", option) => {
                    let message = format!("The filter option [{option}] is not valid.");
                    return Err(AwsError::new("InvalidFilterOption", message));
                }
                (key, _) => {
                    return Err(AwsError::new("InvalidFilterKey", format!("The filter key [{key}] is not valid.")));
                }
            }
        }
        let described: Vec<_> = found.into_iter().map(|(name, parameter)| parameter.metadata(name)).collect();
        Ok(json!({"Parameters": described}))
    }

    fn delete_parameter(&mut self, input: &DeleteParameter) -> Outcome {
        match self.parameters.remove(&input.name) {
            Some(_) => Ok(json!({})),
            None => Err(not_found()),
        }
    }

    fn delete_parameters(&mut self, input: DeleteParameters) -> Outcome {
        check_count(&input.names)?;
        let (deleted, invalid): (Vec<_>, Vec<_>) =
            input.names.into_iter().partition(|name| self.parameters.remove(name).is_some());
        Ok(json!({"DeletedParameters": deleted, "InvalidParameters": invalid}))
    }

    /// A parameter as asked for by name, ARN, and optionally version.
    fn describe(&self, asked: &str, with_decryption: bool) -> Outcome {
        let Reference { name, version } = Reference::parse(asked);
        let (name, parameter) = self.parameters.get_key_value(&name).ok_or_else(not_found)?;
        parameter.describe(name, version, with_decryption, &self.region)
    }
}

/// The names that AWS keeps for itself.
fn check_name(name: &str) -> Result<(), AwsError> {
    let first = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_ascii_lowercase();
    if first.starts_with("aws") {
        return Err(AwsError::new("AccessDeniedException", format!("No access to reserved parameter name: {name}.")));
    }
    if first.starts_with("ssm") {
        let message = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_";
        return Err(AwsError::new("ValidationException", message));
    }
    Ok(())
}

fn check_count(names: &[String]) -> Result<(), AwsError> {
    match names.len() {
        0 => Err(invalid(
            "Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or equal to 1",
        )),
        1..=MOST_NAMES => Ok(()),
        _ => {
            let names = names.join(", ");
            Err(invalid(&format!(
                "Value '[{names}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10"
            )))
        }
    }
}

fn invalid(problem: &str) -> AwsError {
    AwsError::new("ValidationException", format!("1 validation error detected: {problem}"))
}

fn not_found() -> AwsError {
    AwsError::without_message("ParameterNotFound")
}
