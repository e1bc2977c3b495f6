//! What the demo measured, for people and for programs.

use runtime_api::percentile;
use serde_json::{Value, json};

/// One function, called a number of times with or without reuse. Times are in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) token_reuse: bool,
    /// How long the first call took, with the start of the function in it.
    pub(crate) first: f64,
    /// How long each of the others took.
    pub(crate) warm: Vec<f64>,
    pub(crate) sign_ins: usize,
    pub(crate) ssm_calls: usize,
    pub(crate) appsync_calls: usize,
}

impl Row {
    /// The calls that were made, the first one included.
    pub(crate) fn calls(&self) -> usize {
        1 + self.warm.len()
    }

    /// What is wrong with the number of sign-ins, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let Self { function, sign_ins, .. } = self;
        let calls = self.calls();
        match self.token_reuse {
            true if *sign_ins != 1 => Some(format!("{function} signed in {sign_ins} times with reuse, not once")),
            false if *sign_ins < calls => {
                Some(format!("{function} signed in {sign_ins} times for {calls} calls without reuse"))
            }
            _ => None,
        }
    }
}

/// The table, ending with a line feed.
pub(crate) fn render(rows: &[Row]) -> String {
    let line = |[a, b, c, d, e, f, g, h]: [&str; 8]| {
        format!("{a:<10} {b:<11} {c:>10} {d:>10} {e:>10} {f:>9} {g:>10} {h:>14}\n")
    };
    let head =
        ["function", "token reuse", "first call", "warm p50", "warm p99", "sign-ins", "SSM calls", "AppSync calls"];
    let ms = |millis: f64| format!("{millis:.1} ms");
    let body = rows.iter().map(|row| {
        let reuse = if row.token_reuse { "on" } else { "off" };
        let times = [row.first, percentile(&row.warm, 50), percentile(&row.warm, 99)].map(ms);
        let counts = [row.sign_ins, row.ssm_calls, row.appsync_calls].map(|count| count.to_string());
        line([row.function, reuse, &times[0], &times[1], &times[2], &counts[0], &counts[1], &counts[2]])
    });
    line(head) + &body.collect::<String>()
}

/// The result in one line.
pub(crate) fn conclusion(rows: &[Row]) -> String {
    let (on, off): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.token_reuse);
    let calls: usize = on.iter().map(|row| row.calls()).sum();
    let sign_ins = |rows: &[&Row]| rows.iter().map(|row| row.sign_ins).sum::<usize>();
    let typical = |rows: &[&Row]| percentile(&rows.iter().flat_map(|row| row.warm.clone()).collect::<Vec<_>>(), 50);
    let (fast, slow) = (typical(&on), typical(&off));
    format!(
        "With reuse, {calls} calls took {} sign-ins instead of {}, and a warm call takes {fast:.0} ms instead of \
         {slow:.0} ms: {:.1} times as fast.",
        sign_ins(&on),
        sign_ins(&off),
        slow / fast,
    )
}

/// The same as [`render`], for a program.
pub(crate) fn to_json(rows: &[Row]) -> Value {
    rows.iter()
        .map(|row| {
            json!({
                "function": row.function,
                "token_reuse": row.token_reuse,
                "calls": row.calls(),
                "first_ms": row.first,
                "warm_p50_ms": percentile(&row.warm, 50),
                "warm_p99_ms": percentile(&row.warm, 99),
                "sign_ins": row.sign_ins,
                "ssm_calls": row.ssm_calls,
                "appsync_calls": row.appsync_calls,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(token_reuse: bool, warm_ms: f64, sign_ins: usize) -> Row {
        let (first, warm) = (412.0, vec![warm_ms; 50]);
        Row { function: "query", token_reuse, first, warm, sign_ins, ssm_calls: 1, appsync_calls: 51 }
    }

    #[test]
    fn people_and_programs_get_the_same_numbers() {
        let rows = [row(true, 24.0, 1), row(false, 180.0, 51)];
        let table = render(&rows);
        let line = "query      on            412.0 ms    24.0 ms    24.0 ms         1          1             51\n";
        assert!(table.contains(line) && table.lines().all(|line| line.len() == 91), "\n{table}");
        let json = to_json(&rows);
        assert_eq!((&json[0]["warm_p50_ms"], &json[0]["calls"]), (&json!(24.0), &json!(51)));
        let conclusion = conclusion(&rows);
        assert!(conclusion.ends_with("takes 24 ms instead of 180 ms: 7.5 times as fast."), "{conclusion}");
    }

    #[test]
    fn more_sign_ins_with_reuse_and_fewer_than_calls_without_are_a_problem() {
        assert_eq!(row(true, 24.0, 1).problem(), None);
        assert_eq!(row(true, 24.0, 2).problem().as_deref(), Some("query signed in 2 times with reuse, not once"));
        assert_eq!(row(false, 180.0, 52).problem(), None);
        let problem = row(false, 180.0, 50).problem();
        assert_eq!(problem.as_deref(), Some("query signed in 50 times for 51 calls without reuse"));
    }
}
