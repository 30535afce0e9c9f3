//! A token that a command prints: the way to any secret engine.
//!
//! The line is split as a shell would, but no shell runs it; a person who wants one writes `sh -c
//! '…'`. The command's stderr is passed on, and where there is a terminal the command may ask
//! there. It has half a minute; its output has a limit, too.

use super::{MAX_TOKEN, told};
use crate::child::{self, Bounds, Stand, Stopped};
use crate::context::escape;
use crate::error::Error;
use crate::forge;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a command may take: some unlock their own store first.
const PATIENCE: Duration = Duration::from_secs(30);

/// The reason why a program's output cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// The program did not come to its end.
    Early(Stopped),
    /// The program ended with this status, which is not success.
    Badly(ExitStatus),
}

/// Runs the command. Returns its output.
pub(crate) fn output(line: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let words =
        shell_words::split(line).map_err(|_| Error::Source("the command's quotes do not match"))?;
    let (program, arguments) = words.split_first().ok_or(Error::Source("the command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    printed(command, None, PATIENCE, MAX_TOKEN).map_err(|ended| match ended {
        Ended::Early(Stopped::NotStarted) => {
            told(format!("the command cannot be run: {}", escape(forge::shown(program).as_bytes())))
        }
        Ended::Early(Stopped::TooSlow) => Error::Source("the command took longer than 30 seconds"),
        Ended::Early(Stopped::TooMuch) => Error::Source("the command prints too much for a token"),
        Ended::Badly(status) => {
            let program = escape(forge::shown(program).as_bytes());
            told(format!("the command failed: {program}, {status}"))
        }
        Ended::Early(Stopped::Failed) => Error::Source("the command failed"),
    })
}

/// Runs a program to its end and returns its output, which may have `most` bytes. The program gets
/// this input, if there is one, and so much time in all. What it says on standard error is passed
/// on, and where there is a terminal it may ask there.
///
/// # Errors
/// The reason why there is no output. Then no process of the program is left, as far as possible.
pub(crate) fn printed(
    program: Command,
    input: Option<&[u8]>,
    patience: Duration,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Ended> {
    let bounds = Bounds { deadline: Instant::now() + patience, stdout: Some(most), stderr: None };
    let input = input.map(|input| Zeroizing::new(input.to_vec()));
    let output = child::run(program, input, Stand::AtTerminal, &bounds).map_err(Ended::Early)?;
    if output.status.success() { Ok(output.stdout) } else { Err(Ended::Badly(output.status)) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Ended, printed};
    use crate::child::Stopped;
    use std::process::Command;
    use std::time::Duration;

    fn shell(script: &str, patience: u64, most: usize) -> Result<Vec<u8>, Ended> {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        let printed = printed(shell, Some(b"in\n"), Duration::from_millis(patience), most);
        printed.map(|output| output.to_vec())
    }

    #[test]
    fn a_program_is_given_its_input_and_what_it_prints_is_read() {
        assert_eq!(shell("cat; echo out", 30_000, 7), Ok(b"in\nout\n".to_vec()));
        assert_eq!(shell("exec <&-; echo out", 30_000, 100), Ok(b"out\n".to_vec()));
    }

    #[test]
    fn a_program_that_does_not_end_as_it_should_says_why() {
        let badly = shell("echo out; exit 3", 30_000, 100);
        assert!(matches!(badly, Err(Ended::Badly(status)) if status.code() == Some(3)));
        assert_eq!(shell("echo out", 30_000, 3), Err(Ended::Early(Stopped::TooMuch)));
        let none = printed(Command::new("/nonexistent/x"), None, Duration::ZERO, 1);
        assert_eq!(none.err(), Some(Ended::Early(Stopped::NotStarted)));
    }

    #[test]
    fn a_program_that_takes_too_long_is_not_waited_for() {
        let scripts =
            ["exec sleep 60", "sleep 60 & wait", "exec >&-; sleep 60", "trap '' TERM; sleep 60"];
        for script in scripts {
            assert_eq!(shell(script, 200, 100), Err(Ended::Early(Stopped::TooSlow)), "{script}");
        }
    }
}
