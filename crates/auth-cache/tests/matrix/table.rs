//! The table in the crate's documentation.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use crate::script::{Answer, Place};

/// What comes of one answer.
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) answer: Answer,
    /// What the error says, if there is one.
    pub(crate) error: Option<String>,
    /// Without a token, with a valid one, with one that has ended.
    pub(crate) seen: [&'static str; 3],
    pub(crate) calls: usize,
    pub(crate) recovery: Duration,
    /// What does not hold that should.
    pub(crate) broken: Vec<String>,
}

const INTRODUCTION: &str = "\
What callers see for each response of Cognito, Parameter Store, Secrets Manager and a token endpoint. The test `matrix`
plays each response for a minute in simulated time, with the SDK's real clients. There is one invocation per second, with
2.5 s to get its token. `WRITE_ANSWERS=1 cargo test -p auth-cache --all-features --test matrix` writes these tables.
The test also checks for every row:

- With a valid token no invocation fails.
- Without one, an invocation fails only if there is no other way to a token. While the password works, callers see no
  fault of the refresh token. While the refresh token works, or works again, they see none of the password and the stores.
- If Cognito gives a response to both the refresh token and the password, callers see the row of the password.

The columns are: the result of an invocation without a token, with a valid token that is due for renewal, and with an
expired token; the maximum number of calls in the minute; the maximum time from the end of the fault to a new token.
`fails` is an error with the text of the second column. A service that does not respond also uses up the callers' time
(`TokenError::TimedOut`). After a longer fault, recovery from wrong credentials takes up to 15 minutes.
";

const SECTIONS: &[(Place, &str)] = &[
    (Place::SignIn, "Cognito, to the password (`AdminInitiateAuth`), when there is no refresh token"),
    (Place::Refresh, "Cognito, to the refresh token (`GetTokensFromRefreshToken`)"),
    (Place::Ssm, "Parameter Store (`GetParameters`), at sign-in"),
    (Place::SsmAgain, "Parameter Store, when it is read again because Cognito calls the password wrong"),
    (Place::Secret, "Secrets Manager (`GetSecretValue`), at sign-in"),
    (Place::SecretAgain, "Secrets Manager, when it is read again because Cognito calls the password wrong"),
    (Place::TokenEndpoint, "A token endpoint (`client_credentials`)"),
];

/// Compares the documented table with these rows.
pub(crate) fn compare(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ANSWERS.md");
    let computed = markdown(rows);
    if is_to_be_written() {
        fs::write(&path, &computed).unwrap();
    }
    let documented = fs::read_to_string(&path).unwrap_or_default();
    assert!(documented == computed, "ANSWERS.md is out of date: WRITE_ANSWERS=1 writes it\n\n{computed}");
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn is_to_be_written() -> bool {
    std::env::var_os("WRITE_ANSWERS").is_some()
}

fn markdown(rows: &[Row]) -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut above: Vec<String> = Vec::new();
    for (place, title) in SECTIONS {
        writeln!(text, "\n## {title}\n").unwrap();
        text.push_str("| response | error | no token | valid token | expired token | calls | recovery |\n");
        text.push_str("| --- | --- | --- | --- | --- | --: | --: |\n");
        // Answers that come to the same share a line.
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for row in rows.iter().filter(|row| row.place == *place) {
            let (answer, rest) = (row.answer.to_string(), row.cells());
            match lines.iter_mut().find(|(of, _)| *of == rest) {
                Some((_, answers)) => answers.push(answer),
                None => lines.push((rest, vec![answer])),
            }
        }
        for (rest, answers) in &mut lines {
            if !above.is_empty() && above.iter().all(|answer| answers.contains(answer)) {
                answers.retain(|answer| !above.contains(answer));
                answers.insert(0, "every response of the table above".to_owned());
            }
            writeln!(text, "| {} | {rest} |", answers.join("<br>")).unwrap();
        }
        above = rows.iter().filter(|row| row.place == *place).map(|row| row.answer.to_string()).collect();
    }
    text
}

impl Row {
    fn cells(&self) -> String {
        let Self { error, seen: [no_token, valid_token, ended_token], calls, recovery, .. } = self;
        let error = error.as_deref().unwrap_or_default();
        let recovery = match recovery.as_secs() {
            0 => "at once".to_owned(),
            seconds => format!("≤ {seconds} s"),
        };
        let calls = if *calls == 1 { "1".to_owned() } else { format!("≤ {calls}") };
        format!("{error} | {no_token} | {valid_token} | {ended_token} | {calls} | {recovery}")
    }
}
