//! A token that a command prints: the front of any secret engine.
//!
//! The line is split as a shell would, but no shell runs it; who wants one writes
//! `sh -c '…'`. What the command says on stderr is passed on, and where there is a terminal
//! it may ask there. It has half a minute; what it prints has a limit, too.

use super::{MAX_TOKEN, told};
use crate::context::escape;
use crate::error::Error;
use crate::forge;
use std::io::Read;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a command may take: some unlock their own store first.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a command that has closed its output may take to end.
const PAUSE: Duration = Duration::from_millis(5);

/// What the command prints.
pub(super) fn output(line: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let words =
        shell_words::split(line).map_err(|_| Error::Source("the command's quotes do not match"))?;
    let (program, arguments) = words.split_first().ok_or(Error::Source("the command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let in_own_group = separate(&mut command);
    let mut child = command.spawn().map_err(|_| Error::Source("the command cannot be run"))?;
    let deadline = Instant::now() + DEADLINE;
    let result = read(child.stdout.take(), deadline).and_then(|output| {
        wait(&mut child, program, deadline)?;
        Ok(output)
    });
    if result.is_err() {
        end(&mut child, in_own_group);
    }
    result
}

/// Reads to the end, in a thread that is left alone if that does not come.
fn read(stdout: Option<ChildStdout>, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, Error> {
    let stdout = stdout.ok_or(FAILED)?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Zeroizing::new(Vec::with_capacity(MAX_TOKEN + 1));
        let limit = u64::try_from(MAX_TOKEN).unwrap_or(u64::MAX) + 1;
        let result = stdout.take(limit).read_to_end(&mut output).map(|_| output);
        let _ = sender.send(result);
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let output = receiver.recv_timeout(left).map_err(|_| TOO_SLOW)?.map_err(|_| FAILED)?;
    if output.len() > MAX_TOKEN {
        return Err(Error::Source("the command prints too much for a token"));
    }
    Ok(output)
}

const FAILED: Error = Error::Source("the command failed");

const TOO_SLOW: Error = Error::Source("the command took longer than 30 seconds");

fn wait(child: &mut Child, program: &str, deadline: Instant) -> Result<(), Error> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let program = escape(forge::shown(program).as_bytes());
                return Err(told(format!("the command failed: {program}, {status}")));
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            Ok(None) => return Err(TOO_SLOW),
            Err(_) => return Err(FAILED),
        }
    }
}

/// Puts the command into a group of its own, so that all of it can be ended. Not where there
/// is a terminal: a group in the background may not ask there.
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
    let _ = in_own_group;
    let _ = child.kill();
    let _ = child.wait();
}
