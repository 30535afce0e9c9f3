//! The streams, which are read and written raw because the standard library's buffers keep copies
//! of the data; and a terminal, where there is one.
//!
//! stdout is for data, stderr speaks to people in one way, see [`say`]. A name in a message cannot
//! move the cursor, nor hide or turn the text around it, whatever it holds.

#[cfg(windows)]
pub mod console;
pub mod display;
pub mod prompt;
#[cfg(unix)]
mod tty;
mod wrapping;

use crate::context::{is_seen, shown};
use crate::error::Error;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsRawHandle;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a program may take to write its request.
const REQUEST_PATIENCE: Duration = Duration::from_secs(5);

/// The name that begins every line that we say.
pub const NAME: &str = "git-credential-pat";

/// Returns standard input without a buffer.
///
/// # Errors
/// [`Error::Stream`] where there is none.
pub fn raw_stdin() -> Result<File, Error> {
    duplicate_stdin().map_err(|e| Error::Stream(e.kind()))
}

/// Standard input for a program's request, without a buffer. The first read opens it. A program
/// writes its request at once: if it has not ended within five seconds of that, it never will. A
/// person may take their time.
#[derive(Default)]
pub struct RequestStdin {
    opened: Option<(File, Option<Instant>)>,
}

impl Read for RequestStdin {
    /// Reads the bytes that have come, and waits for the first.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where nothing comes until the deadline.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (stdin, deadline) = match &mut self.opened {
            Some(opened) => opened,
            none => {
                let deadline = (!stdin_is_terminal()).then(|| Instant::now() + REQUEST_PATIENCE);
                none.insert((duplicate_stdin()?, deadline))
            }
        };
        match deadline {
            Some(deadline) => {
                let patience = deadline.saturating_duration_since(Instant::now());
                read_within(stdin, buffer, patience)
            }
            None => stdin.read(buffer),
        }
    }
}

/// Standard output without a buffer. Bytes that are written at once leave in one write where the
/// system allows it. It is no error if the reader is gone.
#[derive(Default)]
pub struct RawStdout;

impl Write for RawStdout {
    /// Writes all bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match duplicate_stdout().and_then(|stdout| write_all(stdout, bytes)) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
            _ => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes bytes to [`RawStdout`].
///
/// # Errors
/// [`Error::Stream`] where they cannot be written.
pub fn write_raw(bytes: &[u8]) -> Result<(), Error> {
    RawStdout.write_all(bytes).map_err(|e| Error::Stream(e.kind()))
}

/// Writes a value for programs as indented JSON to [`RawStdout`]. Characters that people would not
/// see, or that would change how others look, are written as JSON's own `\uXXXX`.
///
/// # Errors
/// [`Error::Stream`] where it cannot be written.
pub fn write_json(value: &Value) -> Result<(), Error> {
    write_raw(json(value).as_bytes())
}

/// Returns a value as [`write_json`] writes it.
pub(crate) fn json(value: &Value) -> String {
    let mut text = String::new();
    // Characters that are not ASCII stand only in strings.
    for c in format!("{value:#}\n").chars() {
        if is_seen(c) || c == '\n' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// Whether what is reported goes without our name before it.
static IS_PLAIN: AtomicBool = AtomicBool::new(false);

/// From now on what is reported to a person at a terminal goes without our name before it: it is
/// the command's own answer. Errors keep it.
pub fn speak_plainly() {
    IS_PLAIN.store(stderr_is_terminal(), Ordering::Relaxed);
}

/// Says something on stderr: `git-credential-pat: get: the keychain is locked`, lower case, without
/// a full stop. Where stderr is gone, nothing happens.
#[inline(never)]
pub fn say(what: &str, message: &str) {
    if IS_PLAIN.load(Ordering::Relaxed) { tell(message) } else { complain(what, message) }
}

/// Says an error so, always with our name.
#[inline(never)]
pub fn complain(what: &str, message: &str) {
    tell(&format!("{NAME}: {what}: {message}"));
}

/// Says what a person can do about it, on a line of its own.
#[inline(never)]
pub fn hint(hint: &str) {
    tell(&format!("hint: {hint}"));
}

fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", fitted(line));
}

/// Returns a text as people see all of it, in lines as wide as the terminal at standard error.
fn fitted(text: &str) -> String {
    let text = shown(text);
    match stderr_columns() {
        Some(columns) => wrapping::message(&text, columns),
        None => text.into_owned(),
    }
}

/// Writes a page of help to standard output, in lines as wide as the terminal there.
///
/// # Errors
/// [`Error::Stream`] where it cannot be written.
pub fn write_page(text: &str) -> Result<(), Error> {
    match stdout_columns() {
        Some(columns) => write_raw(wrapping::page(text, columns).as_bytes()),
        None => write_raw(text.as_bytes()),
    }
}

/// Repeats a line that another program has said.
pub fn pass_on(line: &str) {
    let _ = writeln!(io::stderr(), "{}", shown(line));
}

/// Returns whether a person types into standard input.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Returns whether a person reads standard output.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns whether a person reads standard error.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Returns whether standard output may be coloured: it is a terminal that understands colours, and
/// nobody has turned them off (<https://no-color.org>).
#[must_use]
pub fn stdout_takes_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let is_smart = || set("TERM").is_some_and(|terminal| terminal != "dumb");
    if !io::stdout().is_terminal() || set("NO_COLOR").is_some() {
        return false;
    }
    #[cfg(windows)]
    if let Some(takes_colour) = console::takes_colour(&io::stdout()) {
        return takes_colour;
    }
    is_smart()
}

/// Returns the number of columns of the terminal at standard output, or none where it is no
/// terminal.
#[must_use]
pub fn stdout_columns() -> Option<usize> {
    columns_of(&io::stdout())
}

/// The same for standard error.
fn stderr_columns() -> Option<usize> {
    columns_of(&io::stderr())
}

#[cfg(unix)]
fn columns_of(stream: &impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usual_if_unknown(size.ws_col.into()))
}

#[cfg(windows)]
fn columns_of(stream: &(impl IsTerminal + AsRawHandle)) -> Option<usize> {
    let columns = || console::columns(stream).unwrap_or_default();
    stream.is_terminal().then(|| usual_if_unknown(columns()))
}

/// A terminal that was never told its size has 0.
fn usual_if_unknown(columns: usize) -> usize {
    if columns == 0 { 80 } else { columns }
}

/// Waits for bytes, and reads those that have come.
#[cfg(unix)]
fn read_within(stdin: &mut File, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec::try_from(patience).map_err(|_| io::ErrorKind::TimedOut)?;
    match poll(&mut [PollFd::new(stdin, PollFlags::IN)], Some(&patience))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => stdin.read(buffer),
    }
}

/// Waits for bytes, and reads those that have come. Windows has no wait with a deadline for a pipe:
/// so another thread reads, and is left alone if nothing comes.
#[cfg(windows)]
fn read_within(stdin: &mut File, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
    use std::sync::mpsc;
    use zeroize::Zeroizing;
    let mut stdin = stdin.try_clone()?;
    let mut bytes = Zeroizing::new(vec![0; buffer.len()]);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let read = stdin.read(&mut bytes).map(|count| (bytes, count));
        let _ = sender.send(read);
    });
    let read = receiver.recv_timeout(patience).map_err(|_| io::ErrorKind::TimedOut)?;
    let (bytes, count) = read?;
    buffer[..count].copy_from_slice(&bytes[..count]);
    Ok(count)
}

#[cfg(unix)]
fn write_all(mut stdout: File, bytes: &[u8]) -> io::Result<()> {
    stdout.write_all(bytes)
}

/// Writes text to a console, and bytes to everything else.
#[cfg(windows)]
fn write_all(mut stdout: File, bytes: &[u8]) -> io::Result<()> {
    if console::is_console(&stdout) {
        return console::write_text(&stdout, bytes);
    }
    stdout.write_all(bytes)
}

#[cfg(unix)]
fn duplicate_stdin() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(unix)]
fn duplicate_stdout() -> io::Result<File> {
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

#[cfg(test)]
mod tests {
    use super::json;
    use serde_json::{Value, json};

    #[test]
    fn json_shows_nothing_that_people_would_not_see_and_reads_back() {
        let value = json!({ "a\u{202e}": ["\u{7f}\u{9b}\n", "\u{e0041}", "m\u{fc}ller", 1] });
        let text = json(&value);
        let escaped =
            ["\"a\\u202e\"", "\"\\u007f\\u009b\\n\"", "\"\\udb40\\udc41\"", "\"m\u{fc}ller\""];
        assert!(escaped.iter().all(|part| text.contains(part)), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }
}
