//! The streams: read and written raw, because the standard library's buffers keep copies of
//! what went through them; and a terminal, where there is one.
//!
//! stdout is for data, stderr speaks to people in one way, see [`say`].

pub mod display;
pub mod prompt;

use crate::error::Error;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

/// What begins every line that we say.
pub const NAME: &str = "git-credential-pat";

/// Standard input without a buffer.
///
/// # Errors
/// [`Error::Stream`] where there is none.
pub fn raw_stdin() -> Result<File, Error> {
    duplicate_stdin().map_err(|e| Error::Stream(e.kind()))
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
