//! Instructions instead of time: the same on a busy machine, and nearly the same on another one.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::version,
    function::Function,
    invocations::event,
    results::Instructions,
    scenarios::{IMMEDIATE, Stage},
    variants::{FLOOR, HELLO, NAIVE, OURS, Variant},
};

impl Stage {
    /// Counts the instructions of the compiled variants; nothing if there is no valgrind.
    pub(crate) async fn count_instructions(&self) -> Result<Vec<Instructions>> {
        const WARM: u64 = 50;
        if version("valgrind").is_none() {
            println!("there is no valgrind here: instructions are not counted");
            return Ok(Vec::new());
        }
        self.backend.set_latencies(IMMEDIATE.latencies);
        let environment = self.environment(IMMEDIATE.tls);
        let mut all = Vec::new();
        for variant in self.variants.iter().filter(|variant| [OURS, FLOOR, HELLO, NAIVE].contains(&variant.name)) {
            let init = self.count(variant, &environment, 0).await?;
            let first = self.count(variant, &environment, 1).await?;
            let last = self.count(variant, &environment, 1 + WARM).await?;
            all.push(Instructions {
                variant: variant.name.to_owned(),
                init,
                first: first.saturating_sub(init),
                warm: last.saturating_sub(first) / WARM,
            });
        }
        Ok(all)
    }

    async fn count(&self, variant: &Variant, environment: &[(String, String)], invocations: u64) -> Result<u64> {
        let output = self.logs.join("callgrind.out");
        let mut function = Function::start_under(&callgrind(&output), variant, environment, &self.logs).await?;
        function.idle().await?;
        for _ in 0..invocations {
            function.invoke(&event()).await?;
            function.idle().await?;
        }
        function.end().await?;
        total(&output)
    }
}

/// Starts a program under callgrind, which writes into `output`.
pub(crate) fn callgrind(output: &Path) -> [String; 3] {
    let output = format!("--callgrind-out-file={}", output.display());
    ["valgrind".to_owned(), "--tool=callgrind".to_owned(), output]
}

/// The total in a file of callgrind's: the line `summary: N` or `totals: N`.
pub(crate) fn total(file: &Path) -> Result<u64> {
    let text = fs::read_to_string(file).context("callgrind has written nothing")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    match lines.next_back() {
        Some(total) => total.trim().parse().context("callgrind's total is no number"),
        None => bail!("there is no total in {}", file.display()),
    }
}
