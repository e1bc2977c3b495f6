//! The stacks of this project, as `samconfig.toml` describes them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::project;

/// A CloudFormation stack.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) region: String,
    /// The values of its template's parameters.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Stack {
    /// The functions' stack in the environment `env`.
    pub(crate) fn of_functions(env: &str) -> Result<Self> {
        Self::read("samconfig.toml", env)
    }

    /// The sample backend's stack in the environment `env`.
    pub(crate) fn of_backend(env: &str) -> Result<Self> {
        Self::read("backend/samconfig.toml", env)
    }

    fn read(file: &str, env: &str) -> Result<Self> {
        let text = fs::read_to_string(project::root().join(file)).with_context(|| format!("cannot read {file}"))?;
        Self::parse(&text, env).with_context(|| format!("{file} is not usable"))
    }

    fn parse(samconfig: &str, env: &str) -> Result<Self> {
        let config: toml::Table = samconfig.parse()?;
        let Some(settings) = config.get(env).and_then(|env| env.get("global")?.get("parameters")) else {
            let known: Vec<_> = config.keys().filter(|key| *key != "version").cloned().collect();
            bail!("there is no environment {env}, only {}", known.join(", "));
        };
        let text = |name: &str| {
            let value = settings.get(name).and_then(toml::Value::as_str).map(str::to_owned);
            value.with_context(|| format!("[{env}.global.parameters] has no {name}"))
        };
        let overrides = settings.get("parameter_overrides").and_then(toml::Value::as_array);
        let overrides = overrides.into_iter().flatten().filter_map(toml::Value::as_str);
        Ok(Self {
            name: text("stack_name")?,
            region: text("region")?,
            parameters: overrides.map(parameter).collect::<Result<_>>()?,
        })
    }
}

/// From `Name=value`.
pub(crate) fn parameter(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').with_context(|| format!("{text:?} is not Name=value"))?;
    Ok((name.to_owned(), value.trim_matches('"').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stacks_have_their_settings_for_both_environments() {
        for env in ["dev", "prod"] {
            let functions = Stack::of_functions(env).unwrap();
            let backend = Stack::of_backend(env).unwrap();
            assert_eq!((functions.name, backend.name), (format!("orders-{env}"), format!("orders-backend-{env}")));
            assert_eq!(functions.region, backend.region);
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |text: &str, env: &str| format!("{:#}", Stack::parse(text, env).unwrap_err());
        let config = "version = 0.1\n[dev.global.parameters]\nregion = 'eu-west-1'";
        assert_eq!(error(config, "prd"), "there is no environment prd, only dev");
        assert_eq!(error(config, "dev"), "[dev.global.parameters] has no stack_name");
        let config = format!("{config}\nstack_name = 'orders'\nparameter_overrides = ['LogLevel']");
        assert_eq!(error(&config, "dev"), "\"LogLevel\" is not Name=value");
    }
}
