//! What the demo measured, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stats::{millis, percentile};

/// One function, called a number of times with or without reuse.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) token_reuse: bool,
    /// How long the first call took, with the start of the function in it.
    pub(crate) first: Duration,
    /// How long each of the others took.
    pub(crate) warm: Vec<Duration>,
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
    let mut table = format!(
        "{:<10} {:<11} {:>10} {:>10} {:>10} {:>9} {:>10} {:>14}\n",
        "function", "token reuse", "first call", "warm p50", "warm p99", "sign-ins", "SSM calls", "AppSync calls"
    );
    let ms = |duration| format!("{:.1} ms", millis(duration));
    for row in rows {
        let reuse = if row.token_reuse { "on" } else { "off" };
        let (p50, p99) = (percentile(&row.warm, 50), percentile(&row.warm, 99));
        let _ = writeln!(
            table,
            "{:<10} {:<11} {:>10} {:>10} {:>10} {:>9} {:>10} {:>14}",
            row.function,
            reuse,
            ms(row.first),
            ms(p50),
            ms(p99),
            row.sign_ins,
            row.ssm_calls,
            row.appsync_calls
        );
    }
    table
}

/// The result in one line.
pub(crate) fn conclusion(rows: &[Row]) -> String {
    let (on, off): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.token_reuse);
    let calls: usize = on.iter().map(|row| row.calls()).sum();
    let sign_ins = |rows: &[&Row]| rows.iter().map(|row| row.sign_ins).sum::<usize>();
    let typical = |rows: &[&Row]| {
        let warm: Vec<_> = rows.iter().flat_map(|row| row.warm.iter().copied()).collect();
        millis(percentile(&warm, 50))
    };
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
                "first_ms": millis(row.first),
                "warm_p50_ms": millis(percentile(&row.warm, 50)),
                "warm_p99_ms": millis(percentile(&row.warm, 99)),
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

    fn row(token_reuse: bool, warm_ms: u64, sign_ins: usize) -> Row {
        Row {
            function: "query",
            token_reuse,
            first: Duration::from_millis(412),
            warm: vec![Duration::from_millis(warm_ms); 50],
            sign_ins,
            ssm_calls: 1,
            appsync_calls: 51,
        }
    }

    #[test]
    fn every_line_of_the_table_is_equally_long_and_fits_a_terminal() {
        let table = render(&[row(true, 24, 1), row(false, 180, 51)]);
        let widths: Vec<_> = table.lines().map(str::len).collect();
        assert_eq!(widths, [91, 91, 91], "\n{table}");
        assert!(
            table.contains(
                "query      on            412.0 ms    24.0 ms    24.0 ms         1          1             51"
            ),
            "\n{table}"
        );
    }

    #[test]
    fn the_conclusion_states_the_ratio() {
        assert_eq!(
            conclusion(&[row(true, 24, 1), row(false, 180, 51)]),
            "With reuse, 51 calls took 1 sign-ins instead of 51, and a warm call takes 24 ms instead of 180 ms: 7.5 times as fast."
        );
    }

    #[test]
    fn a_second_sign_in_with_reuse_is_a_problem() {
        assert_eq!(row(true, 24, 1).problem(), None);
        assert_eq!(row(true, 24, 2).problem().as_deref(), Some("query signed in 2 times with reuse, not once"));
    }

    #[test]
    fn fewer_sign_ins_than_calls_without_reuse_are_a_problem() {
        assert_eq!(row(false, 180, 51).problem(), None);
        assert_eq!(row(false, 180, 52).problem(), None);
        let problem = row(false, 180, 50).problem();
        assert_eq!(problem.as_deref(), Some("query signed in 50 times for 51 calls without reuse"));
    }

    #[test]
    fn programs_get_the_same_numbers() {
        let json = to_json(&[row(true, 24, 1)]);
        assert_eq!(json[0]["warm_p50_ms"], 24.0);
        assert_eq!((&json[0]["calls"], &json[0]["sign_ins"]), (&json!(51), &json!(1)));
    }
}
