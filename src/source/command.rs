//! A token that a command prints: the way to any secret engine.
//!
//! The line is split as a shell would, but no shell runs it; a person who wants one writes `sh -c
//! '…'`. The command's stderr is passed on, and where there is a terminal the command may ask
//! there. It has half a minute; its output has a limit, too.

use super::{MAX_TOKEN, told};
use crate::context::escape;
use crate::error::Error;
use crate::forge;
use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a command may take: some unlock their own store first.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before looking again whether a command that has closed its output has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// The reason why a program's output cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// The program cannot be started.
    NotStarted,
    /// The program took longer than it may, and was ended.
    TooSlow,
    /// The program printed more than it may.
    TooMuch,
    /// The program ended with this status, which is not success.
    Badly(ExitStatus),
    /// The system does not let us read its output, or wait for it.
    Failed,
}

/// Runs the command. Returns its output.
pub(crate) fn output(line: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let words =
        shell_words::split(line).map_err(|_| Error::Source("the command's quotes do not match"))?;
    let (program, arguments) = words.split_first().ok_or(Error::Source("the command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    printed(command, None, PATIENCE, MAX_TOKEN).map_err(|ended| match ended {
        Ended::NotStarted => Error::Source("the command cannot be run"),
        Ended::TooSlow => Error::Source("the command took longer than 30 seconds"),
        Ended::TooMuch => Error::Source("the command prints too much for a token"),
        Ended::Badly(status) => {
            let program = escape(forge::shown(program).as_bytes());
            told(format!("the command failed: {program}, {status}"))
        }
        Ended::Failed => Error::Source("the command failed"),
    })
}

/// Runs a program to its end and returns its output, which may have `most` bytes. The program gets
/// this input, if there is one, and so much time in all.
///
/// # Errors
/// The reason why there is no output. Then no process of the program is left, as far as possible.
pub(crate) fn printed(
    mut program: Command,
    input: Option<&[u8]>,
    patience: Duration,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Ended> {
    program.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    program.stdout(Stdio::piped());
    let in_own_group = separate(&mut program);
    let mut child = program.spawn().map_err(|_| Ended::NotStarted)?;
    let deadline = Instant::now() + patience;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // The input is no longer than a pipe holds, so that nobody waits. A program that does not
        // read it may answer all the same.
        let _ = stdin.write_all(input);
    }
    let result = read(child.stdout.take(), deadline, most).and_then(|output| {
        wait(&mut child, deadline)?;
        Ok(output)
    });
    if result.is_err() {
        end(&mut child, in_own_group);
    }
    result
}

/// Reads to the end, in a thread that is left alone if the end does not come.
fn read(
    stdout: Option<ChildStdout>,
    deadline: Instant,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Ended> {
    let stdout = stdout.ok_or(Ended::Failed)?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Zeroizing::new(Vec::with_capacity(most + 1));
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let result = stdout.take(limit).read_to_end(&mut output).map(|_| output);
        let _ = sender.send(result);
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let output = receiver.recv_timeout(left).map_err(|_| Ended::TooSlow)?;
    let output = output.map_err(|_| Ended::Failed)?;
    if output.len() > most { Err(Ended::TooMuch) } else { Ok(output) }
}

fn wait(child: &mut Child, deadline: Instant) -> Result<(), Ended> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(Ended::Badly(status)),
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            Ok(None) => return Err(Ended::TooSlow),
            Err(_) => return Err(Ended::Failed),
        }
    }
}

/// Puts the command into a group of its own, so that all of it can be ended. Not where there is a
/// terminal: a group in the background may not ask there.
#[cfg(unix)]
fn separate(command: &mut Command) -> bool {
    use std::os::unix::process::CommandExt;
    let has_terminal = std::fs::File::open("/dev/tty").is_ok();
    if !has_terminal {
        command.process_group(0);
    }
    !has_terminal
}

#[cfg(not(unix))]
fn separate(_: &mut Command) -> bool {
    false
}

fn end(child: &mut Child, in_own_group: bool) {
    #[cfg(unix)]
    if in_own_group {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    #[cfg(unix)]
    if !in_own_group {
        ask_to_end(child);
    }
    let _ = in_own_group;
    let _ = child.kill();
    let _ = child.wait();
}

/// Asks a program to end. git then also ends the helper that it runs.
#[cfg(unix)]
fn ask_to_end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    const GRACE: Duration = Duration::from_millis(200);
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let _ = wait(child, Instant::now() + GRACE);
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Ended, printed};
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
        assert_eq!(shell("echo out", 30_000, 3), Err(Ended::TooMuch));
        let none = printed(Command::new("/nonexistent/x"), None, Duration::ZERO, 1);
        assert_eq!(none.err(), Some(Ended::NotStarted));
    }

    #[test]
    fn a_program_that_takes_too_long_is_not_waited_for() {
        let scripts =
            ["exec sleep 60", "sleep 60 & wait", "exec >&-; sleep 60", "trap '' TERM; sleep 60"];
        for script in scripts {
            assert_eq!(shell(script, 200, 100), Err(Ended::TooSlow), "{script}");
        }
    }
}
