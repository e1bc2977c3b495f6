//! What it takes to change an AWS account: the tools, credentials, and the user's word.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::oneshot;

use crate::process;

/// What is not there of these programs and of credentials for AWS, each with what to do about it.
pub(crate) fn missing(programs: &[&str], region: &str) -> Vec<String> {
    let mut missing: Vec<String> =
        programs.iter().filter(|program| !process::is_there(program)).map(|program| hint(program)).collect();
    if missing.is_empty() && !has_credentials(region) {
        missing.push("credentials for AWS: `aws sts get-caller-identity` must succeed".to_owned());
    }
    missing
}

fn hint(program: &str) -> String {
    match program {
        "sam" => "the program sam: `pip install aws-sam-cli`".to_owned(),
        "aws" => "the program aws: the AWS CLI, version 1 or 2".to_owned(),
        program => format!("the program {program}"),
    }
}

fn has_credentials(region: &str) -> bool {
    let mut command = Command::new("aws");
    command.args(["sts", "get-caller-identity", "--region", region]).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// For a dry run, which needs none of it.
pub(crate) fn print_missing(missing: &[String]) {
    println!("This was a dry run: nothing was changed.");
    for thing in missing {
        println!("To do it, this is missing: {thing}");
    }
}

/// An error that names everything that is missing, before anything is started.
pub(crate) fn require(missing: &[String]) -> Result<()> {
    ensure!(missing.is_empty(), "nothing was started; install or set first:\n  {}", missing.join("\n  "));
    Ok(())
}

/// Goes on only if the user types `name`.
pub(crate) async fn confirm(name: &str, what: &str) -> Result<()> {
    print!("This {what}. Type {name} to go on: ");
    io::stdout().flush()?;
    let (sender, receiver) = oneshot::channel();
    // Nobody waits for this thread when Ctrl-C ends the program instead.
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = sender.send(io::stdin().read_line(&mut line).map(|_| line));
    });
    let line = receiver.await.context("cannot read the confirmation")??;
    if line.trim() != name {
        bail!("nothing was started: type {name} to confirm, or add --yes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_to_do() {
        assert_eq!(missing(&["/nonexistent/sam"], "eu-west-1"), ["the program /nonexistent/sam"]);
        assert!(hint("sam").contains("pip install"));
        let error = require(&["the one".to_owned(), "the other".to_owned()]).unwrap_err().to_string();
        assert!(error.ends_with("install or set first:\n  the one\n  the other"), "{error}");
        assert!(require(&[]).is_ok());
    }
}
