//! The stacks of this project, as `samconfig.toml` describes them.

use std::{fs, mem};

use anyhow::{Context, Result, bail, ensure};

use crate::project;

/// A CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) region: String,
    /// Which settings of `samconfig.toml` it has.
    pub(crate) config_env: String,
    /// Whether changes are shown and confirmed, and what holds data is protected: `confirm_changeset` of its settings.
    pub(crate) is_protected: bool,
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
        let (env, one) = env.split_once('/').map_or((env, None), |(env, one)| (env, Some(one)));
        let settings = |command: &str| config.get(env).and_then(|env| env.get(command)?.get("parameters"));
        let is_protected = settings("deploy").and_then(|deploy| deploy.get("confirm_changeset")?.as_bool());
        let Some(settings) = settings("global") else {
            let known: Vec<_> = config.keys().filter(|key| *key != "version").cloned().collect();
            bail!("unknown environment {env}; samconfig.toml has {}", known.join(", "));
        };
        let plain = |one: &str| !one.is_empty() && one.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        ensure!(one.is_none_or(plain), "NAME in {env}/NAME may have letters, digits and hyphens only");
        let named = |value: String| one.map_or(value.clone(), |one| format!("{value}-{one}"));
        let text = |name: &str| {
            let value = settings.get(name).and_then(toml::Value::as_str).map(str::to_owned);
            value.with_context(|| format!("[{env}.global.parameters] has no {name}"))
        };
        let overrides = settings.get("parameter_overrides").and_then(toml::Value::as_array);
        let overrides = overrides.into_iter().flatten().filter_map(toml::Value::as_str);
        let mut parameters: Vec<_> = overrides.map(parameter).collect::<Result<_>>()?;
        for (name, value) in &mut parameters {
            // The metrics of each stack are its own.
            if name == "MetricsNamespace" {
                *value = named(mem::take(value));
            }
        }
        Ok(Self {
            name: named(text("stack_name")?),
            region: text("region")?,
            config_env: env.to_owned(),
            is_protected: is_protected.unwrap_or_default(),
            parameters,
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
    fn an_environment_of_ones_own_has_other_names_and_the_same_settings() {
        let own = Stack::of_functions("dev/pr-17").unwrap();
        assert_eq!((&*own.name, &*own.config_env, own.is_protected), ("orders-dev-pr-17", "dev", false));
        assert!(own.parameters.contains(&("MetricsNamespace".to_owned(), "OrdersDev-pr-17".to_owned())));
        assert_eq!(Stack::of_backend("prod/blue").unwrap().name, "orders-backend-prod-blue");
        assert!(
            Stack::of_backend("prod").unwrap().is_protected && Stack::of_functions("prod/blue").unwrap().is_protected
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |text: &str, env: &str| format!("{:#}", Stack::parse(text, env).unwrap_err());
        let config = "version = 0.1\n[dev.global.parameters]\nregion = 'eu-west-1'";
        assert_eq!(error(config, "prd"), "unknown environment prd; samconfig.toml has dev");
        assert_eq!(error(config, "dev"), "[dev.global.parameters] has no stack_name");
        assert_eq!(error(config, "dev/"), "NAME in dev/NAME may have letters, digits and hyphens only");
        let config = format!("{config}\nstack_name = 'orders'\nparameter_overrides = ['LogLevel']");
        assert_eq!(error(&config, "dev"), "\"LogLevel\" is not Name=value");
    }
}
