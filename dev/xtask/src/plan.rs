//! What a task will do, as commands that can be printed, pasted into a shell, and run.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::account;
use crate::client::excerpt;
use crate::environment;
use crate::process;
use crate::project;

/// Steps, one after the other; the first that fails ends it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
struct Step {
    what: String,
    words: Vec<String>,
    input: Option<String>,
    then: Then,
}

/// What is done with a command's output.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// It goes to the terminal.
    Show,
    /// It is one value, and later commands use it as `$NAME`.
    Keep(String),
    /// It must contain this.
    Expect(String),
    /// There is no command: the user types this name to go on.
    Ask(String),
}

impl Plan {
    /// Runs a command and shows what it says.
    pub(crate) fn run(&mut self, what: &str, words: &[&str]) {
        self.add(what.to_owned(), words, Then::Show);
    }

    /// Reads an output of a stack, for later commands to use as `$NAME`.
    pub(crate) fn read_output(&mut self, stack: &str, region: &str, name: &str) {
        let query = format!("Stacks[0].Outputs[?OutputKey=='{name}'].OutputValue");
        let words = describe_stack(stack, region, &query);
        self.add(format!("{name} of {stack}"), &words, Then::Keep(name.to_owned()));
    }

    /// Reads what a parameter of a stack was deployed as, which must contain `expected`.
    pub(crate) fn check_parameter(&mut self, what: &str, stack: &str, region: &str, name: &str, expected: &str) {
        let query = format!("Stacks[0].Parameters[?ParameterKey=='{name}'].ParameterValue");
        self.check_stack(what, stack, region, &query, expected);
    }

    /// Asks something about a stack; the answer must contain `expected`.
    pub(crate) fn check_stack(&mut self, what: &str, stack: &str, region: &str, query: &str, expected: &str) {
        self.check(what, &describe_stack(stack, region, query), expected);
    }

    /// Runs a command whose output must contain `expected`.
    pub(crate) fn check(&mut self, what: &str, words: &[&str], expected: &str) {
        self.add(what.to_owned(), words, Then::Expect(expected.to_owned()));
    }

    /// Goes on only if the user types the name of the stack.
    pub(crate) fn ask(&mut self, stack: &str) {
        self.add(format!("changes {stack}"), &[], Then::Ask(stack.to_owned()));
    }

    /// Invokes the function whose name was read as `$FUNCTION`; what it answers must contain `expected`.
    pub(crate) fn invoke(&mut self, what: &str, function: &str, region: &str, event: &str, expected: &str) {
        let function = format!("${function}");
        let words = ["aws", "lambda", "invoke", "--function-name", &function, "--region", region];
        // Versions 1 and 2 of the CLI take bytes that come from a file in the same way.
        let rest = ["--payload", "fileb:///dev/stdin", "/dev/stdout"];
        self.check(what, &[&words[..], &rest].concat(), expected);
        if let Some(step) = self.steps.last_mut() {
            step.input = Some(event.to_owned());
        }
    }

    fn add(&mut self, what: String, words: &[&str], then: Then) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        self.steps.push(Step { what, words, input: None, then });
    }

    /// Runs all steps in the workspace's root. `prepare` changes each command before it starts.
    pub(crate) async fn execute(&self, prepare: impl Fn(&mut Command)) -> Result<()> {
        let mut kept = BTreeMap::new();
        for step in &self.steps {
            step.execute(&mut kept, &prepare).await.with_context(|| format!("{} failed", step.what))?;
        }
        Ok(())
    }
}

impl Step {
    async fn execute(&self, kept: &mut BTreeMap<String, String>, prepare: impl Fn(&mut Command)) -> Result<()> {
        if let Then::Ask(name) = &self.then {
            return account::confirm(name, &self.what).await;
        }
        let words: Vec<String> = self.words.iter().map(|word| filled_in(word, kept)).collect();
        let mut command = Command::new(&words[0]);
        environment::without_cargo_run(&mut command).args(&words[1..]).current_dir(project::root());
        prepare(&mut command);
        let Then::Show = self.then else {
            let input = self.input.clone();
            // Not on this thread, which may have the command's server on it.
            let output = tokio::task::spawn_blocking(move || output(command, input)).await?;
            let output = output.with_context(|| format!("cannot run {}", words[0]))?;
            ensure!(output.status.success(), "{} ended with {}", words[0], output.status);
            return self.take(String::from_utf8_lossy(&output.stdout).trim(), kept);
        };
        println!("\n=== {}", self.what);
        io::stdout().flush()?;
        process::run(&mut command).await
    }

    fn take(&self, output: &str, kept: &mut BTreeMap<String, String>) -> Result<()> {
        match &self.then {
            Then::Show | Then::Ask(_) => {}
            Then::Keep(_) if matches!(output, "" | "None") => bail!("the stack has no such output: deploy it first"),
            Then::Keep(name) => {
                kept.insert(name.clone(), output.to_owned());
            }
            Then::Expect(expected) if !without_spaces(output).contains(&without_spaces(expected)) => {
                bail!("expected {expected} in the response, but got {}", excerpt(output));
            }
            Then::Expect(_) => println!("ok: {}", self.what),
        }
        Ok(())
    }
}

/// What a command says when this is its input.
fn output(mut command: Command, input: Option<String>) -> io::Result<Output> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // Less than a pipe holds, so that nobody waits for the other. A program that ends without reading it says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

/// JSON says the same with spaces and without.
fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn describe_stack<'a>(stack: &'a str, region: &'a str, query: &'a str) -> [&'a str; 11] {
    [
        "aws",
        "cloudformation",
        "describe-stacks",
        "--stack-name",
        stack,
        "--region",
        region,
        "--query",
        query,
        "--output",
        "text",
    ]
}

/// A word with the values that were read before.
fn filled_in(word: &str, kept: &BTreeMap<String, String>) -> String {
    // The longest name first: `$Url` must not take the beginning of `$UrlOfOrders`.
    let mut names: Vec<_> = kept.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.into_iter().fold(word.to_owned(), |word, (name, value)| word.replace(&format!("${name}"), value))
}

/// As one would paste it into a shell.
impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let command: Vec<String> = step.words.iter().map(|word| quoted(word)).collect();
            let input = step.input.as_ref().map(|input| format!("printf %s {} | ", quoted(input))).unwrap_or_default();
            let command = format!("{input}{}", command.join(" "));
            match &step.then {
                Then::Show => writeln!(f, "\n# {}\n{command}", step.what)?,
                Then::Keep(name) => writeln!(f, "{name}=$({command})")?,
                Then::Ask(name) => writeln!(f, "\n# This {}: type {name} to go on", step.what)?,
                Then::Expect(expected) => writeln!(f, "\n# {}: the answer has {expected}\n{command}", step.what)?,
            }
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // Between double quotes a shell fills in `$NAME`.
    match word.contains(['$', '\'']) {
        true => format!("\"{}\"", word.replace('"', "\\\"")),
        false => format!("'{word}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_command_says_is_there_for_the_next() {
        let mut plan = Plan::default();
        plan.add("the name".to_owned(), &["echo", "ada"], Then::Keep("Name".to_owned()));
        plan.check("the greeting", &["echo", "hello $Name"], "hello ada");
        plan.check("JSON, however it is laid out", &["echo", "{\"name\" : \"ada\"}"], "\"name\":\"ada\"");
        plan.execute(|_| {}).await.unwrap();
        plan.check("the parting", &["echo", "bye $Name"], "hello");
        let error = format!("{:#}", plan.execute(|_| {}).await.unwrap_err());
        assert_eq!(error, "the parting failed: expected hello in the response, but got bye ada");
    }

    #[tokio::test]
    async fn an_event_goes_to_the_function_whatever_version_the_aws_cli_has() {
        let mut plan = Plan::default();
        plan.invoke("it answers", "Query", "eu-west-1", r#"{"operation": "it's"}"#, r#"{"operation": "it's"}"#);
        let printed = plan.to_string();
        let aws =
            "aws lambda invoke --function-name \"$Query\" --region eu-west-1 --payload fileb:///dev/stdin /dev/stdout";
        assert!(printed.ends_with(&format!("| {aws}\n")), "{printed}");
        // In place of the CLI, one that shows what it would send.
        plan.steps[0].words = vec!["cat".to_owned(), "/dev/stdin".to_owned()];
        plan.execute(|_| {}).await.unwrap();
        let shell = Command::new("sh").args(["-c", &plan.to_string()]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&shell.stdout), r#"{"operation": "it's"}"#);
    }

    #[tokio::test]
    async fn the_first_failure_ends_it() {
        for words in [&["sh", "-c", "exit 3"][..], &["/nonexistent/sam"]] {
            let mut plan = Plan::default();
            plan.run("the deployment", words);
            plan.check("what must not run", &["/nonexistent/after"], "");
            let error = format!("{:#}", plan.execute(|_| {}).await.unwrap_err());
            assert!(error.starts_with("the deployment failed: "), "{error}");
        }
        let mut plan = Plan::default();
        plan.add("Url of orders".to_owned(), &["echo", "None"], Then::Keep("Url".to_owned()));
        let error = format!("{:#}", plan.execute(|_| {}).await.unwrap_err());
        assert_eq!(error, "Url of orders failed: the stack has no such output: deploy it first");
    }

    #[tokio::test]
    async fn what_is_printed_can_be_pasted_into_a_shell() {
        let mut plan = Plan::default();
        plan.add("a".to_owned(), &["echo", "it's [1]"], Then::Keep("Url".to_owned()));
        plan.run("b", &["printf", "%s|", "$Url/x", "Rate=\"rate(30 days)\"", "", "plain=1"]);
        let shell = Command::new("sh").args(["-c", &plan.to_string()]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&shell.stdout), "it's [1]/x|Rate=\"rate(30 days)\"||plain=1|");
        assert!(plan.to_string().contains("\n# b\nprintf '%s|' \"$Url/x\" "), "{plan}");
    }
}
