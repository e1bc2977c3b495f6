//! What is done with the variants.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use local_cloud::Service;
use runtime_api::millis;
use serde_json::Value;

use crate::{
    backend::Backend,
    function::Function,
    invocations::{check, event},
    results::{Frozen, Run, Scenario, Session, Storm},
    variants::{NAIVE, NODE_CACHED, NODE_EACH_TIME, OURS, PYTHON, Variant},
};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) warm: usize,
    pub(crate) processes: usize,
}

/// The conditions of one scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) name: &'static str,
    /// Whether the services take as long as they do in AWS, or answer at once.
    pub(crate) latencies: bool,
    pub(crate) tls: bool,
    /// The share of a core that a process has after its init phase.
    pub(crate) share: Option<f64>,
}

/// As in AWS: realistic latencies, TLS.
pub(crate) const REALISTIC: Conditions = Conditions { name: "realistic", latencies: true, tls: true, share: None };
/// Services that answer at once, so that what the function itself does is not hidden by waiting.
pub(crate) const IMMEDIATE: Conditions = Conditions { name: "immediate", latencies: false, ..REALISTIC };
/// The same without TLS.
pub(crate) const PLAIN: Conditions = Conditions { name: "plain", tls: false, ..IMMEDIATE };
/// With the share of a core of a function with 128 MB. The init phase has all of it, as on Lambda.
pub(crate) const STARVED: Conditions = Conditions { name: "starved", share: Some(SHARE_OF_128_MB), ..REALISTIC };
pub(crate) const SHARE_OF_128_MB: f64 = 1.0 / 14.0;

/// The variants and all that they need.
pub(crate) struct Stage {
    pub(crate) backend: Backend,
    pub(crate) variants: Vec<Variant>,
    pub(crate) logs: PathBuf,
    pub(crate) expected: Option<Value>,
}

impl Stage {
    /// Each variant once in each round, so that what disturbs the machine disturbs all of them.
    pub(crate) async fn compare(&mut self, conditions: Conditions, effort: Effort) -> Result<Scenario> {
        self.backend.set_latencies(conditions.latencies);
        let environment = self.environment(conditions.tls);
        let mut runs = Vec::new();
        for round in 0..effort.rounds {
            for variant in self.variants.clone() {
                let run = self.run(&variant, &environment, conditions, effort.warm, round).await;
                runs.push(run.with_context(|| format!("{} ({})", variant.title, conditions.name))?);
            }
        }
        Ok(Scenario { name: conditions.name.to_owned(), runs })
    }

    async fn run(
        &mut self,
        variant: &Variant,
        environment: &[(String, String)],
        conditions: Conditions,
        warm: usize,
        round: usize,
    ) -> Result<Run> {
        let mut function = Function::start(variant, environment, &self.logs).await?;
        function.idle().await?;
        let (init, init_cpu) = (function.age(), function.cpu()?);
        if let Some(share) = conditions.share {
            function.hold_to(share)?;
        }
        let first = self.invoke(variant, &mut function).await?;
        let cold_cpu = function.cpu()?;
        let mut warm_ms = Vec::with_capacity(warm);
        for _ in 0..warm {
            warm_ms.push(self.invoke(variant, &mut function).await?);
        }
        let run = Run {
            variant: variant.name.to_owned(),
            round,
            init_ms: millis(init),
            init_cpu_ms: millis(init_cpu),
            first_ms: first,
            first_cpu_ms: millis(cold_cpu - init_cpu),
            warm_cpu_ms: millis(function.cpu()? - cold_cpu) / warm.max(1) as f64,
            warm_ms,
            peak_mib: function.peak_memory()? as f64 / f64::from(1 << 20),
        };
        function.end().await?;
        Ok(run)
    }

    /// One invocation, until the function is idle again; in milliseconds.
    async fn invoke(&mut self, variant: &Variant, function: &mut Function) -> Result<f64> {
        let (wall, answer) = function.invoke(&event()).await?;
        function.idle().await?;
        if variant.queries() {
            check(&answer, &mut self.expected)?;
        }
        Ok(millis(wall))
    }

    /// Freezes processes until their tokens have ended and their connections are closed, and invokes them once more.
    pub(crate) async fn freeze(&mut self, effort: Effort) -> Result<Vec<Frozen>> {
        const TOKEN_LIFE: Duration = Duration::from_secs(8);
        const WARM: usize = 5;
        self.backend.set_latencies(true);
        let environment = self.environment(true);
        self.backend.cloud.set_token_lifetime(TOKEN_LIFE);
        let (mut results, mut frozen) = (Vec::new(), Vec::new());
        for name in [OURS, NODE_CACHED, PYTHON, NAIVE] {
            let Some(variant) = self.variants.iter().find(|variant| variant.name == name).cloned() else { continue };
            let mut result =
                Frozen { variant: name.to_owned(), warm_ms: Vec::new(), next_ms: Vec::new(), failures: Vec::new() };
            for _ in 0..effort.processes {
                let mut function = Function::start(&variant, &environment, &self.logs).await?;
                function.idle().await?;
                self.invoke(&variant, &mut function).await?;
                for _ in 0..WARM {
                    result.warm_ms.push(self.invoke(&variant, &mut function).await?);
                }
                function.freeze()?;
                frozen.push((results.len(), function));
            }
            results.push(result);
        }
        self.backend.front.close_connections();
        tokio::time::sleep(TOKEN_LIFE + Duration::from_secs(1)).await;
        for (index, mut function) in frozen {
            let result = &mut results[index];
            function.thaw()?;
            let outcome = function.try_invoke(&event()).await?;
            match outcome.answer {
                Ok(answer) => {
                    check(&answer, &mut self.expected)?;
                    result.next_ms.push(millis(outcome.wall));
                }
                Err(error) => result.failures.push(String::from_utf8_lossy(&error).into_owned()),
            }
            function.end().await?;
        }
        self.backend.cloud.set_token_lifetime(Duration::from_secs(3600));
        Ok(results)
    }

    /// Starts many processes at once, invokes each three times, and counts sign-ins.
    pub(crate) async fn storm(&mut self, processes: usize) -> Result<Vec<Storm>> {
        const INVOCATIONS: usize = 3;
        self.backend.set_latencies(true);
        let environment = self.environment(true);
        let mut results = Vec::new();
        for name in [OURS, NODE_EACH_TIME] {
            let Some(variant) = self.variants.iter().find(|variant| variant.name == name).cloned() else { continue };
            self.backend.cloud.reset_calls();
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..processes {
                let (variant, environment, logs) = (variant.clone(), environment.clone(), self.logs.clone());
                all.spawn(async move { one_of_a_storm(&variant, &environment, &logs, INVOCATIONS).await });
            }
            let mut failures = 0;
            while let Some(result) = all.join_next().await {
                failures += result??;
            }
            let sign_ins = self.backend.cloud.count(Service::Cognito);
            let invocations = processes * INVOCATIONS;
            results.push(Storm { variant: name.to_owned(), processes, invocations, sign_ins, failures });
        }
        Ok(results)
    }

    /// One process over many invocations: ours, with and without token reuse.
    pub(crate) async fn sessions(&mut self, invocations: usize) -> Result<Vec<Session>> {
        self.backend.set_latencies(true);
        let Some(ours) = self.variants.iter().find(|variant| variant.name == OURS).cloned() else {
            return Ok(Vec::new());
        };
        let mut sessions = Vec::new();
        for token_reuse in [true, false] {
            let mut environment = self.environment(true);
            environment.push(("TOKEN_REUSE".to_owned(), if token_reuse { "on" } else { "off" }.to_owned()));
            let mut function = Function::start(&ours, &environment, &self.logs).await?;
            function.idle().await?;
            let mut invocations_ms = Vec::new();
            for _ in 0..invocations {
                invocations_ms.push(self.invoke(&ours, &mut function).await?);
            }
            function.end().await?;
            sessions.push(Session { token_reuse, invocations_ms });
        }
        Ok(sessions)
    }

    /// What all variants find in their environment. The floor does not sign in, so it is told its token.
    pub(crate) fn environment(&self, tls: bool) -> Vec<(String, String)> {
        let mut environment = self.backend.environment(tls);
        environment.push(("FLOOR_AUTHORIZATION".to_owned(), self.backend.token()));
        environment
    }
}

/// The number of invocations that failed.
async fn one_of_a_storm(
    variant: &Variant,
    environment: &[(String, String)],
    logs: &std::path::Path,
    invocations: usize,
) -> Result<usize> {
    let mut function = Function::start(variant, environment, logs).await?;
    function.idle().await?;
    let mut failures = 0;
    for _ in 0..invocations {
        let answer: Result<Bytes, Bytes> = function.try_invoke(&event()).await?.answer;
        failures += usize::from(answer.is_err());
    }
    function.end().await?;
    Ok(failures)
}
