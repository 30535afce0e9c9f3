//! `git credential-pat watch run`: one check of every account, as the timer makes it. Nobody is
//! asked, and nothing is said if all is well.

use super::finding::{self, Finding};
use super::{Arguments, say, untold};
use crate::child::{self, Bounds, Stand, Stopped};
use crate::cli::check;
use crate::cli::status::finding::this_command;
use crate::error::Error;
use crate::notification;
use crate::terminal;
use crate::watch::memory::{self, Run, Said};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long the command may take that is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the command. Returns the exit status: 0 if all is well, 1 if anything is not, said or not.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let setups = arguments.keychain.setups()?.asking_nobody();
    let options = check::usual_options();
    let now = options.now;
    let (checked, failed) = match check::everything(&setups, &options) {
        Ok((all, failed)) => (all.into_iter().map(|(checked, _)| checked).collect(), failed),
        Err(error) => (Vec::new(), Some(error)),
    };
    let said = Said::of_this_user();
    let findings = finding::all(&checked, failed, &said, now);
    memory::note(Run { at: now, findings: findings.len() });
    let new: Vec<&Finding> = findings.iter().filter(|finding| finding.is_new(&said, now)).collect();
    if !new.is_empty() {
        report(&new, arguments, &said)?;
    }
    Ok(u8::from(!findings.is_empty()))
}

fn report(new: &[&Finding], arguments: &Arguments, said: &Said) -> Result<(), Error> {
    if arguments.notify {
        let lines: Vec<String> = new.iter().map(|finding| finding.line.clone()).collect();
        let hint = format!("to see more: {} check --all", this_command());
        notification::report(&lines, &hint);
    }
    let told = arguments.tell.as_ref().map(|line| tell(line, new));
    if let Some(Ok(())) = told {
        return Ok(());
    }
    for finding in new {
        say(&finding.line);
        finding.hints.iter().for_each(|hint| terminal::hint(hint));
        if told.is_some() {
            // Whoever was to be told has not heard it.
            finding.forget(said);
        }
    }
    told.unwrap_or(Ok(()))
}

/// Gives the findings to a command, as JSON.
fn tell(line: &str, new: &[&Finding]) -> Result<(), Error> {
    let words = shell_words::split(line).unwrap_or_default();
    let (program, words) = words.split_first().ok_or_else(|| untold("is empty"))?;
    let mut command = Command::new(program);
    command.args(words);
    let all = Value::Array(new.iter().map(|finding| finding.json.clone()).collect());
    let input = Zeroizing::new(terminal::json(&all).into_bytes());
    let deadline = Instant::now() + PATIENCE;
    let bounds = Bounds { deadline, stdout: None, stderr: None };
    match child::run(command, Some(input), Stand::Apart, &bounds) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(untold(&format!("has failed: {}", output.status))),
        Err(Stopped::NotStarted) => Err(untold("cannot be started")),
        Err(Stopped::TooSlow) => Err(untold("took longer than 60 seconds")),
        Err(Stopped::TooMuch | Stopped::Failed) => Err(untold("cannot be waited for")),
    }
}
