//! A program that is started for what it prints. It has so much time and so much room, and where
//! it takes more, it ends with all that it has started.
//!
//! One that asks nobody stands [apart](Stand::Apart): it finds no terminal, and on Linux and Windows
//! it does not outlive this process.

#[cfg(any(unix, windows))]
use crate::hardening::children;
use crate::terminal;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a program that has closed its output may take to end before it is looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// What a program may take.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// When it must have ended.
    pub(crate) deadline: Instant,
    /// How many bytes it may print. Without, nobody reads them.
    pub(crate) stdout: Option<usize>,
    /// How many bytes of what it says on standard error are kept. Without, they go where ours go.
    pub(crate) stderr: Option<usize>,
}

/// Where a program stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Without a terminal, and ended with this process where the system can.
    Apart,
    /// Where it may ask at this process's terminal, if there is one.
    AtTerminal,
}

/// How a program ended.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Zeroizing<Vec<u8>>,
}

/// Why a program did not come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stopped {
    /// It cannot be started.
    NotStarted,
    /// It took longer than it may. It has been ended.
    TooSlow,
    /// It printed more than it may. It has been ended.
    TooMuch,
    /// The system does not let us read it, or wait for it.
    Failed,
}

/// Runs a program to its end. It is given this input, if there is one.
///
/// # Errors
/// Why it did not come to its end. Nothing of it is left then, as far as that can be.
pub(crate) fn run(
    mut program: Command,
    input: Option<Zeroizing<Vec<u8>>>,
    stand: Stand,
    bounds: &Bounds,
) -> Result<Output, Stopped> {
    program.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    program.stdout(if bounds.stdout.is_some() { Stdio::piped() } else { Stdio::null() });
    if bounds.stderr.is_some() {
        program.stderr(Stdio::piped());
    }
    let in_own_group = separate(&mut program, stand);
    let mut child = program.spawn().map_err(|_| Stopped::NotStarted)?;
    #[cfg(windows)]
    let _tie = (stand == Stand::Apart).then(|| children::tie(&child));
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // One that does not read may answer all the same.
        let _ = in_background(Box::new(move || drop(stdin.write_all(&input))));
    }
    let stdout = child.stdout.take().zip(bounds.stdout).map(|(s, most)| reader(Box::new(s), most));
    let stderr = child.stderr.take().zip(bounds.stderr).map(|(s, most)| reader(Box::new(s), most));
    let result = ended(&mut child, stdout, stderr, bounds.deadline);
    if result.is_err() {
        end(&mut child, in_own_group);
    }
    result
}

/// Says why a command could not be run. Returns the status with which shells say so.
pub(crate) fn not_started(what: &str, error: &io::Error) -> u8 {
    const NOT_FOUND: u8 = 127;
    const NOT_EXECUTABLE: u8 = 126;
    let (status, message) = match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, "the command is not there"),
        _ => (NOT_EXECUTABLE, "the command cannot be run"),
    };
    terminal::say(what, message);
    status
}

/// What a thread has read, and whether there was more.
type Reading = Receiver<io::Result<(Zeroizing<Vec<u8>>, bool)>>;

fn ended(
    child: &mut Child,
    stdout: Option<Reading>,
    stderr: Option<Reading>,
    deadline: Instant,
) -> Result<Output, Stopped> {
    let all = |reading: Option<Reading>| match reading {
        Some(reading) => received(&reading, deadline),
        None => Ok((Zeroizing::default(), false)),
    };
    let (stdout, has_more) = all(stdout)?;
    if has_more {
        return Err(Stopped::TooMuch);
    }
    let (stderr, _) = all(stderr)?;
    Ok(Output { status: wait(child, deadline)?, stdout, stderr })
}

/// Does some work in a thread of its own. It is boxed because each kind of thread makes the program
/// a kilobyte longer.
///
/// # Errors
/// Where the system has no room for a thread.
pub(crate) fn in_background(work: Box<dyn FnOnce() + Send>) -> Result<(), io::ErrorKind> {
    thread::Builder::new().spawn(work).map(|_| ()).map_err(|error| error.kind())
}

/// Reads to the end, in a thread that is left alone if that does not come.
fn reader(stream: Box<dyn Read + Send>, most: usize) -> Reading {
    let (sender, receiver) = mpsc::channel();
    let _ = in_background(Box::new(move || {
        let mut output = Zeroizing::new(Vec::with_capacity(most + 1));
        let mut stream = stream.take(u64::try_from(most).unwrap_or(u64::MAX));
        let result = stream.read_to_end(&mut output).and_then(|_| {
            let mut rest = stream.into_inner();
            let has_more = rest.read(&mut [0])? > 0;
            Ok((output, has_more, rest))
        });
        match result {
            Ok((output, has_more, mut rest)) => {
                let _ = sender.send(Ok((output, has_more)));
                // So that it does not wait for somebody who reads.
                let _ = io::copy(&mut rest, &mut io::sink());
            }
            Err(error) => drop(sender.send(Err(error))),
        }
    }));
    receiver
}

fn received(reading: &Reading, deadline: Instant) -> Result<(Zeroizing<Vec<u8>>, bool), Stopped> {
    let left = deadline.saturating_duration_since(Instant::now());
    let read = reading.recv_timeout(left).map_err(|_| Stopped::TooSlow)?;
    read.map_err(|_| Stopped::Failed)
}

fn wait(child: &mut Child, deadline: Instant) -> Result<ExitStatus, Stopped> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            Ok(None) => return Err(Stopped::TooSlow),
            Err(_) => return Err(Stopped::Failed),
        }
    }
}

/// Puts the program into a group of its own, so that all of it can be ended. Where it may ask at
/// a terminal it stays: a group in the background may not ask there.
#[cfg(unix)]
fn separate(program: &mut Command, stand: Stand) -> bool {
    use std::os::unix::process::CommandExt;
    if stand == Stand::Apart {
        children::set_apart(program);
        return true;
    }
    let has_terminal = std::fs::File::open("/dev/tty").is_ok();
    if !has_terminal {
        program.process_group(0);
    }
    !has_terminal
}

#[cfg(windows)]
fn separate(program: &mut Command, stand: Stand) -> bool {
    if stand == Stand::Apart {
        children::set_apart(program);
    }
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

/// git, which is told so, ends the helper that it runs as well.
#[cfg(unix)]
fn ask_to_end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    const GRACE: Duration = Duration::from_millis(200);
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let _ = wait(child, Instant::now() + GRACE);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Bounds, Stand, Stopped, run};
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, Instant};
    use zeroize::Zeroizing;

    fn shell(script: &str, stand: Stand, patience: u64) -> Result<(Vec<u8>, Vec<u8>), Stopped> {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        let deadline = Instant::now() + Duration::from_millis(patience);
        let bounds = Bounds { deadline, stdout: Some(8), stderr: Some(4) };
        let output = run(shell, Some(Zeroizing::new(b"in\n".to_vec())), stand, &bounds)?;
        Ok((output.stdout.to_vec(), output.stderr.to_vec()))
    }

    #[test]
    fn what_is_said_beside_is_kept_up_to_its_limit_and_no_error() {
        let script = "cat; echo 0123456789 >&2; echo end";
        let output = shell(script, Stand::Apart, 30_000);
        assert_eq!(output, Ok((b"in\nend\n".to_vec(), b"0123".to_vec())));
        assert_eq!(shell("echo 0123456789", Stand::Apart, 30_000), Err(Stopped::TooMuch));
    }

    #[test]
    fn a_program_that_is_ended_ends_with_what_it_has_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! >'{}'; wait", file.display());
        assert_eq!(shell(&script, Stand::Apart, 1000), Err(Stopped::TooSlow));
        let pid = fs::read_to_string(&file).expect("a number");
        let process = format!("/proc/{}/stat", pid.trim());
        let deadline = Instant::now() + Duration::from_secs(20);
        // One that nobody has asked after stays as a name.
        let is_there = || fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
        while is_there() {
            assert!(Instant::now() < deadline, "it is still there");
        }
    }

    #[test]
    fn a_program_apart_finds_no_terminal() {
        let script = "if (exec </dev/tty) 2>/dev/null; then echo tty; else echo none; fi";
        assert_eq!(shell(script, Stand::Apart, 30_000), Ok((b"none\n".to_vec(), Vec::new())));
    }
}
