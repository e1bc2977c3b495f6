//! What can be changed while it runs: latencies, token lifetimes and quotas. (The clock's offset lives in [`Clock`].)

use std::time::Duration;

use serde_json::{Value, json};

use crate::calls::Service;
use crate::clock::Clock;

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Settings {
    /// By `service as usize`.
    pub(crate) latency: [Duration; Service::ALL.len()],
    /// Overrides what the app clients say; seconds.
    pub(crate) token_lifetime: Option<i64>,
    pub(crate) refresh_token_lifetime: Option<i64>,
    /// Of each user.
    pub(crate) sign_ins_per_second: Option<u32>,
    /// Of the account.
    pub(crate) parameter_reads_per_second: Option<u32>,
}

impl Settings {
    /// As `GET /_local-cloud/settings` answers.
    pub(crate) fn to_json(self, clock: &Clock) -> Value {
        let latency: serde_json::Map<_, _> = Service::ALL
            .into_iter()
            .map(|service| (service.name().to_owned(), json!(self.latency[service as usize].as_millis())))
            .collect();
        json!({
            "latency_ms": latency,
            "token_lifetime_s": self.token_lifetime,
            "refresh_token_lifetime_s": self.refresh_token_lifetime,
            "sign_ins_per_second": self.sign_ins_per_second,
            "parameter_reads_per_second": self.parameter_reads_per_second,
            "clock_offset_s": clock.offset(),
        })
    }

    /// As `PUT /_local-cloud/settings` asks; says what it does not understand, and then changes nothing.
    pub(crate) fn apply(&mut self, clock: &Clock, wanted: &Value) -> Result<(), String> {
        let wanted = wanted.as_object().ok_or("settings must be an object")?;
        let mut changed = *self;
        let mut offset = None;
        for (name, value) in wanted {
            match name.as_str() {
                "latency_ms" => apply_latencies(&mut changed.latency, value)?,
                "token_lifetime_s" => changed.token_lifetime = optional_positive(name, value)?,
                "refresh_token_lifetime_s" => changed.refresh_token_lifetime = optional_positive(name, value)?,
                "sign_ins_per_second" => changed.sign_ins_per_second = optional_positive(name, value)?,
                "parameter_reads_per_second" => changed.parameter_reads_per_second = optional_positive(name, value)?,
                "clock_offset_s" => offset = Some(value.as_i64().ok_or("clock_offset_s must be an integer")?),
                _ => return Err(format!("there is no setting {name}")),
            }
        }
        *self = changed;
        if let Some(offset) = offset {
            clock.set_offset(offset);
        }
        Ok(())
    }
}

fn apply_latencies(latency: &mut [Duration], wanted: &Value) -> Result<(), String> {
    for (name, millis) in wanted.as_object().ok_or("latency_ms must be an object")? {
        let service = Service::ALL.into_iter().find(|service| service.name() == name);
        let service = service.ok_or_else(|| format!("there is no service {name}"))?;
        let millis = millis.as_u64().ok_or_else(|| format!("latency_ms.{name} must be a whole number"))?;
        latency[service as usize] = Duration::from_millis(millis);
    }
    Ok(())
}

fn optional_positive<N: TryFrom<i64>>(name: &str, value: &Value) -> Result<Option<N>, String> {
    match value {
        Value::Null => Ok(None),
        value => value
            .as_i64()
            .filter(|number| *number > 0)
            .and_then(|number| N::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| format!("{name} must be a positive integer or null")),
    }
}

pub(crate) fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_change_changes_nothing() {
        let (mut settings, clock) = (Settings::default(), Clock::default());
        let refused = settings.apply(&clock, &json!({"clock_offset_s": 5, "latency_ms": {"ssm": 20, "s3": 1}}));
        assert_eq!(refused, Err("there is no service s3".to_owned()));
        assert_eq!((settings.latency[Service::Ssm as usize], clock.offset()), (Duration::ZERO, 0));
    }

    #[test]
    fn what_was_put_is_what_one_gets() {
        let (mut settings, clock) = (Settings::default(), Clock::default());
        let wanted = json!({
            "latency_ms": {"cognito": 150, "ssm": 0, "appsync": 15, "secretsmanager": 0, "traces": 0},
            "token_lifetime_s": 60,
            "refresh_token_lifetime_s": null,
            "sign_ins_per_second": 10,
            "parameter_reads_per_second": null,
            "clock_offset_s": -5,
        });
        assert_eq!(settings.apply(&clock, &wanted), Ok(()));
        assert_eq!(settings.to_json(&clock), wanted);
    }
}
