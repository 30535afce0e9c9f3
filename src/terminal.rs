//! The streams: read and written raw, because the standard library's buffers keep copies of
//! what went through them; and a terminal, where there is one.
//!
//! stdout is for data, stderr speaks to people in one way, see [`say`].

pub mod display;
pub mod prompt;

use crate::error::Error;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// How long a program may take for its request.
const REQUEST_PATIENCE: Duration = Duration::from_secs(5);

/// What begins every line that we say.
pub const NAME: &str = "git-credential-pat";

/// Standard input without a buffer.
///
/// # Errors
/// [`Error::Stream`] where there is none.
pub fn raw_stdin() -> Result<File, Error> {
    duplicate_stdin().map_err(|e| Error::Stream(e.kind()))
}

/// Standard input for a program's request, without a buffer. A program writes it at once: one
/// that has not come to its end within five seconds never will. A person may take their time.
///
/// # Errors
/// [`Error::Stream`] where there is none.
pub fn request_stdin() -> Result<RequestStdin, Error> {
    let deadline = (!stdin_is_terminal()).then(|| Instant::now() + REQUEST_PATIENCE);
    Ok(RequestStdin { stdin: raw_stdin()?, deadline })
}

/// See [`request_stdin`].
pub struct RequestStdin {
    stdin: File,
    deadline: Option<Instant>,
}

impl Read for RequestStdin {
    /// Reads what is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where nothing comes until the deadline.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(deadline) = self.deadline {
            wait_for_input(&self.stdin, deadline.saturating_duration_since(Instant::now()))?;
        }
        self.stdin.read(buffer)
    }
}

/// Writes bytes to standard output in one write where the system takes them in one. A
/// reader that is gone is no error.
///
/// # Errors
/// [`Error::Stream`] where they cannot be written.
pub fn write_raw(bytes: &[u8]) -> Result<(), Error> {
    match duplicate_stdout().and_then(|mut stdout| stdout.write_all(bytes)) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Error::Stream(e.kind())),
        _ => Ok(()),
    }
}

/// Says something on stderr: `git-credential-pat: get: the keychain is locked`, lower case,
/// without a full stop. Where stderr is gone, there is nobody to say it to.
pub fn say(what: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{NAME}: {what}: {message}");
}

/// Says what to do about it, on a line of its own.
pub fn hint(hint: &str) {
    let _ = writeln!(io::stderr(), "hint: {hint}");
}

/// Whether a person types into standard input.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether a person reads standard output.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person reads standard error.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard output may be coloured: a terminal that understands it, and nobody who
/// wants none (<https://no-color.org>).
#[must_use]
pub fn stdout_takes_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stdout().is_terminal()
        && set("NO_COLOR").is_none()
        && (cfg!(windows) || set("TERM").is_some_and(|terminal| terminal != "dumb"))
}

/// How many columns the terminal at standard output has; none where it is no terminal.
#[cfg(unix)]
#[must_use]
pub fn stdout_columns() -> Option<usize> {
    const USUAL: u16 = 80;
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    // One that was never told its size has 0.
    Some(usize::from(if size.ws_col == 0 { USUAL } else { size.ws_col }))
}

/// How many columns the terminal at standard output has; none where it is no terminal.
#[cfg(not(unix))]
#[must_use]
pub fn stdout_columns() -> Option<usize> {
    const USUAL: usize = 80;
    io::stdout().is_terminal().then_some(USUAL)
}

#[cfg(unix)]
fn wait_for_input(stdin: &File, patience: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec::try_from(patience).map_err(|_| io::ErrorKind::TimedOut)?;
    match poll(&mut [PollFd::new(stdin, PollFlags::IN)], Some(&patience))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// A pipe cannot be waited for there.
#[cfg(not(unix))]
fn wait_for_input(_: &File, _: Duration) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn duplicate_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(unix)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}
