//! What a fleet of new processes does to Cognito and to the store of the token, within AWS's quotas.
//!
//! The processes start one after the other, each when the one before it has had a core for as long as a start takes: half
//! of two cores is left to the services and to the Runtime API, which run on the same machine.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use local_cloud::{LocalCloud, Service};
use runtime_api::{Stopwatch, millis, percentile};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    backend::{APPSYNC, PARAMETERS, SIGN_IN},
    build::of_a_fleet,
    function::{Function, TIMEOUT},
    invocations::event,
    results::Fleet,
};

/// How processes come to a token.
#[derive(Clone, Copy, Debug)]
struct Way {
    mode: &'static str,
    store: Store,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Store {
    Parameter,
    Secret,
}

const WAYS: [Way; 4] = [
    Way { mode: "sign-in", store: Store::Parameter },
    Way { mode: "published-or-sign-in", store: Store::Parameter },
    Way { mode: "published-or-sign-in", store: Store::Secret },
    Way { mode: "published", store: Store::Parameter },
];

const INVOCATIONS: usize = 3;
/// How many processes are started alone.
const ALONE: usize = 21;
/// Lambda ends a process whose init phase takes longer:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
const LONGEST_INIT: Duration = Duration::from_secs(10);
/// Of each user, in a second. Cognito's quota is not published: from about so many on, throttling was seen.
const SIGN_INS_PER_SECOND: u32 = 10;
/// SSM's quota of reads of parameters in a second, of an account: <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const READS_PER_SECOND: u32 = 40;

/// Starts so many processes at once in each way, one way after the other.
pub(crate) async fn measure(processes: usize, logs: &Path) -> Result<Vec<Fleet>> {
    let mut fleets = Vec::new();
    for way in WAYS {
        fleets.push(fleet(way, processes, logs).await.with_context(|| format!("the mode {}", way.mode))?);
    }
    Ok(fleets)
}

/// What should not have happened where the token is published.
pub(crate) fn problems(fleets: &[Fleet]) -> Vec<String> {
    let published = fleets.iter().filter(|fleet| fleet.is_published() && !is_met(fleet));
    published
        .map(|Fleet { mode, store, sign_ins, failures, invocations, first_failure, .. }| {
            let first = first_failure.as_ref().map_or_else(String::new, |failure| format!(", the first by {failure}"));
            format!("{mode}, {store}: {sign_ins} sign-ins instead of the publisher's, {failures} of {invocations} failed{first}")
        })
        .collect()
}

/// Whether nobody but the publisher signed in, and no invocation failed.
pub(crate) fn is_met(fleet: &Fleet) -> bool {
    (fleet.sign_ins, fleet.failures) == (1, 0)
}

async fn fleet(way: Way, processes: usize, logs: &Path) -> Result<Fleet> {
    let mut fleet = Fleet {
        mode: way.mode.to_owned(),
        store: way.store.name().to_owned(),
        processes,
        invocations: processes * INVOCATIONS,
        ..Fleet::default()
    };
    let cloud = way.cloud(false, logs).await?;
    let mut start_cpu_ms = Vec::new();
    for _ in 0..ALONE {
        let Started { ready, used, .. } = one_process(&way.environment(&cloud), logs).await?;
        fleet.alone_ms.push(millis(ready));
        start_cpu_ms.push(millis(used));
    }
    let read = match way.store {
        Store::Parameter => "GetParameters",
        Store::Secret => "GetSecretValue",
    };
    let reads: Vec<f64> =
        cloud.calls().iter().filter(|call| call.operation == read).map(|call| call.millis as f64).collect();
    // The mean, because they are whole milliseconds.
    fleet.read_ms = reads.iter().sum::<f64>() / reads.len() as f64;
    let pace = Duration::from_secs_f64(percentile(&start_cpu_ms, 50) / 1000.0);

    let cloud = way.cloud(true, logs).await?;
    let began = Stopwatch::start();
    let mut all = JoinSet::new();
    for _ in 0..processes {
        let (environment, logs) = (way.environment(&cloud), logs.to_owned());
        all.spawn(async move { one_process(&environment, &logs).await });
        sleep(pace).await;
    }
    fleet.started_in_ms = millis(began.elapsed());
    while let Some(started) = all.join_next().await {
        let Started { ready, waited_for_core, failures, .. } = started??;
        fleet.ready_ms.push(millis(ready));
        fleet.waited_for_core_ms.push(millis(waited_for_core));
        fleet.failures += failures.len();
        fleet.first_failure = fleet.first_failure.take().or_else(|| failures.into_iter().next());
    }
    for call in cloud.calls() {
        let throttled =
            usize::from(matches!(call.outcome.as_str(), "TooManyRequestsException" | "ThrottlingException"));
        match call.operation.as_str() {
            "AdminInitiateAuth" => {
                fleet.sign_ins += 1;
                fleet.sign_ins_throttled += throttled;
            }
            operation if operation == read => {
                fleet.reads += 1;
                fleet.reads_throttled += throttled;
            }
            _ => {}
        }
    }
    Ok(fleet)
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Secret => "secret",
        }
    }
}

impl Way {
    /// Services as in AWS, and a token published there, if that is the way.
    async fn cloud(self, quotas: bool, logs: &Path) -> Result<LocalCloud> {
        let cloud = LocalCloud::start().await?;
        for (service, latency) in [
            (Service::Cognito, SIGN_IN),
            (Service::Ssm, PARAMETERS),
            (Service::SecretsManager, PARAMETERS),
            (Service::AppSync, APPSYNC),
        ] {
            cloud.set_latency(service, latency);
        }
        if quotas {
            cloud.set_sign_in_quota(Some(SIGN_INS_PER_SECOND));
            cloud.set_parameter_read_quota(Some(READS_PER_SECOND));
        }
        if self.mode != "sign-in" {
            let [_, service_user] = of_a_fleet();
            let mut publisher = Function::start(&service_user, &self.environment(&cloud), logs).await?;
            publisher.invoke(&br#"{"RequestType": "Publish"}"#[..].into()).await?;
            publisher.end().await?;
        }
        Ok(cloud)
    }

    /// What `template.yaml` gives the functions.
    fn environment(self, cloud: &LocalCloud) -> Vec<(String, String)> {
        let mut all: Vec<_> = cloud
            .environment()
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        all.push(("SERVICE_USER_MODE".to_owned(), self.mode.to_owned()));
        all.push(("PUBLISH_MINUTES".to_owned(), "15".to_owned()));
        if self.store == Store::Secret {
            all.push(("SERVICE_USER_TOKEN_SECRET".to_owned(), cloud.seed().token_secret_id.clone()));
        }
        all
    }
}

/// What became of one process.
struct Started {
    ready: Duration,
    used: Duration,
    waited_for_core: Duration,
    failures: Vec<String>,
}

async fn one_process(environment: &[(String, String)], logs: &Path) -> Result<Started> {
    let [query, _] = of_a_fleet();
    let mut function = Function::start(&query, environment, logs).await?;
    function.idle().await?;
    let (ready, account) = (function.age(), function.account()?);
    let mut failures = Vec::new();
    if ready > LONGEST_INIT {
        failures = vec![format!("an init phase of {} ms", ready.as_millis()); INVOCATIONS];
    } else {
        for _ in 0..INVOCATIONS {
            let outcome = function.try_invoke(&event()).await?;
            match outcome.answer {
                Err(error) => failures.push(String::from_utf8_lossy(&error).into_owned()),
                Ok(_) if outcome.wall > TIMEOUT => failures.push("a timeout".to_owned()),
                Ok(_) => {}
            }
        }
    }
    function.end().await?;
    Ok(Started { ready, used: account.used, waited_for_core: account.waited, failures })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(sign_ins: usize, failures: usize) -> Fleet {
        let first_failure = (failures > 0).then(|| "a timeout".to_owned());
        let [mode, store] = ["published", "parameter"].map(str::to_owned);
        Fleet { mode, store, sign_ins, failures, first_failure, invocations: 600, ..Fleet::default() }
    }

    #[test]
    fn a_second_sign_in_or_a_failed_invocation_is_a_problem_where_the_token_is_published() {
        assert_eq!(problems(&[published(1, 0)]), [""; 0]);
        let expected = [
            "published, parameter: 2 sign-ins instead of the publisher's, 0 of 600 failed",
            "published, parameter: 1 sign-ins instead of the publisher's, 3 of 600 failed, the first by a timeout",
        ];
        assert_eq!(problems(&[published(2, 0), published(1, 3)]), expected);
    }

    #[test]
    fn without_a_published_token_anything_may_happen() {
        assert_eq!(problems(&[Fleet { mode: "sign-in".to_owned(), ..published(1000, 600) }]), [""; 0]);
    }
}
