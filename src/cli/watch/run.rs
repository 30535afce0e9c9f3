//! `git credential-pat watch run`: one check of every account, as the timer makes it. Nobody is
//! asked, and nothing is said if all is well.

use super::finding::{self, Finding};
use super::rotation::{self, Rotated};
use super::{Arguments, say, untold};
use crate::check::Checked;
use crate::child::{self, Bounds, Stand, Stopped};
use crate::cli::check::{self, Everything};
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
    rotation::check_names(arguments)?;
    let setups = arguments.keychain.setups()?.asking_nobody();
    let options = check::usual_options();
    let now = options.now;
    let mut everything = check::everything(&setups, &options).unwrap_or_else(|error| Everything {
        checked: Vec::new(),
        keychains: Vec::new(),
        failed: Some(error),
    });
    let Everything { checked, keychains, failed } = &mut everything;
    let Rotated { settled, findings: mut left } =
        rotation::rotate(arguments, checked, keychains, &setups, &options)?;
    let checked: Vec<&Checked> = checked.iter().map(|(checked, _)| checked).collect();
    let said = Said::of_this_user();
    let mut findings = finding::all(&checked, &settled, *failed, &said, now);
    findings.append(&mut left);
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
    let told = arguments.tell.as_ref().map(|line| tell(line, new, PATIENCE));
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
fn tell(line: &str, new: &[&Finding], patience: Duration) -> Result<(), Error> {
    let words = shell_words::split(line).unwrap_or_default();
    let (program, words) = words.split_first().ok_or_else(|| untold("is empty"))?;
    let mut command = Command::new(program);
    command.args(words);
    let all = Value::Array(new.iter().map(|finding| finding.json.clone()).collect());
    let input = Zeroizing::new(terminal::json(&all).into_bytes());
    let deadline = Instant::now() + patience;
    let bounds = Bounds { deadline, stdout: None, stderr: None };
    match child::run(command, Some(input), Stand::Apart, &bounds) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(untold(&format!("has failed: {}", output.status))),
        Err(Stopped::NotStarted) => Err(untold("cannot be started")),
        Err(Stopped::TooSlow) => Err(untold("took longer than 60 seconds")),
        Err(Stopped::TooMuch | Stopped::Failed) => Err(untold("cannot be waited for")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::tell;
    use std::time::Duration;

    #[test]
    fn a_command_that_hangs_is_ended_with_all_that_it_has_started() {
        let temporary = tempfile::tempdir().expect("a folder");
        let late = temporary.path().join("late");
        let script = format!("sh -c '(sleep 1; touch {}) & sleep 60'", late.display());
        let told = tell(&script, &[], Duration::from_millis(200));
        let error = told.expect_err("it hangs").to_string();
        assert_eq!(error, "the command of --tell took longer than 60 seconds");
        std::thread::sleep(Duration::from_millis(1500));
        assert!(!late.exists(), "what it has started goes on");
    }
}
