//! Questions to the person at the terminal, and answers that nobody else may see.
//!
//! The terminal is the controlling one, not standard input, which may be a pipe.

#[cfg(windows)]
use super::console::Device;
use super::fitted;
#[cfg(unix)]
use super::tty::Device;
use crate::error::Error;
use crate::secret::{Buffer, Secret};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest answer in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A person's terminal.
pub struct Terminal(Device);

impl Terminal {
    /// Opens the controlling terminal.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is none.
    pub fn open() -> Result<Self, Error> {
        Device::open().map(Self).map_err(|_| {
            Error::Refused("there is no terminal to ask on: pipe the token in with --with-token")
        })
    }

    /// Opens the controlling terminal for a question that this process was not started for. Returns
    /// nothing where there is no terminal, or another process is in the foreground.
    #[cfg(unix)]
    #[must_use]
    pub fn open_in_front() -> Option<Self> {
        Device::open().ok().filter(Device::is_ours).map(Self)
    }

    /// Shows a line.
    ///
    /// # Errors
    /// [`Error::Stream`] where the terminal fails.
    pub fn show(&mut self, line: &str) -> Result<(), Error> {
        self.write(&fitted(line))?;
        self.write("\n")
    }

    /// Asks a question. Returns the answer without the blanks around it.
    ///
    /// # Errors
    /// [`Error::Stream`] where the terminal fails, [`Error::Refused`] where the person gave up
    /// with Ctrl-D (Ctrl-Z on Windows) or the answer is no text.
    pub fn ask(&mut self, question: &str) -> Result<String, Error> {
        self.write(&fitted(question))?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while self.read(&mut byte)? && byte[0] != b'\n' && answer.len() < MAX_ANSWER {
            answer.push(byte[0]);
        }
        if byte[0] != b'\n' {
            self.write("\n")?;
            return Err(Error::Refused("given up"));
        }
        let answer = String::from_utf8(answer);
        let answer = answer.map_err(|_| Error::Refused("the answer is no text"))?;
        Ok(answer.trim().to_owned())
    }

    /// Asks until the answer can be understood; an empty answer stands for the default.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_for<T>(
        &mut self,
        question: &str,
        default: &str,
        understand: impl Fn(&str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let question = format!("{question} [{default}]: ");
        loop {
            let answer = self.ask(&question)?;
            match understand(if answer.is_empty() { default } else { &answer }) {
                Ok(understood) => return Ok(understood),
                Err(error) => self.show(&format!("{error}"))?,
            }
        }
    }

    /// Shows a secret to the person, on a line of its own: its only copy, which nothing else took.
    ///
    /// # Errors
    /// [`Error::Stream`] where the terminal fails.
    pub(crate) fn show_secret(&mut self, secret: &Secret) -> Result<(), Error> {
        let line = Zeroizing::new([secret.expose(), b"\n"].concat());
        self.0.write_all(&line).map_err(|e| Error::Stream(e.kind()))
    }

    /// Asks yes or no. Any answer that does not begin with `y` is a no.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn confirm(&mut self, question: &str) -> Result<bool, Error> {
        Ok(self.ask(&format!("{question} [y/N] "))?.to_lowercase().starts_with('y'))
    }

    /// Asks whether to go on as was offered; anything but an answer that begins with `n` is a yes.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn agrees(&mut self, question: &str) -> Result<bool, Error> {
        Ok(!self.ask(&format!("{question} [Y/n] "))?.to_lowercase().starts_with('n'))
    }

    /// Asks for a secret, which is not shown. Returns it without the blanks around it.
    ///
    /// # Errors
    /// [`Error::Stream`] where the terminal fails, [`Error::Refused`] where the person gave up.
    pub fn ask_hidden(&mut self, question: &str) -> Result<Secret, Error> {
        let answer = self.hidden(question, |_| Ok(true))?;
        Ok(answer.secret(answer.expose().trim_ascii()))
    }

    /// Asks for a passphrase, which is not shown, and of which every character counts.
    ///
    /// # Errors
    /// Those of [`Self::ask_hidden`]; [`Error::TimedOut`] where nobody types for this time.
    pub fn ask_passphrase(&mut self, question: &str, patience: Duration) -> Result<Secret, Error> {
        let answer = self.hidden(question, |terminal| {
            match terminal.0.wait_until(Instant::now() + patience) {
                Ok(true) => Ok(true),
                Ok(false) => Err(Error::TimedOut),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
                Err(error) => Err(Error::Stream(error.kind())),
            }
        })?;
        Ok(answer.secret(answer.expose()))
    }

    fn hidden(
        &mut self,
        question: &str,
        wait: impl FnMut(&mut Self) -> Result<bool, Error>,
    ) -> Result<Buffer, Error> {
        // Hide first, then ask: the answer may come at once.
        let mode = self.0.hide().map_err(|e| Error::Stream(e.kind()))?;
        let question = fitted(question);
        let answer = self.write(&question).and_then(|()| self.read_hidden(&question, wait));
        let shown = self.0.restore(&mode);
        self.write("\n")?;
        shown.map_err(|e| Error::Stream(e.kind()))?;
        answer
    }

    /// Reads an answer. The closure waits for a byte, and returns false where something else came
    /// first.
    fn read_hidden(
        &mut self,
        question: &str,
        mut wait: impl FnMut(&mut Self) -> Result<bool, Error>,
    ) -> Result<Buffer, Error> {
        const CTRL_C: u8 = 3;
        const CTRL_D: u8 = 4;
        const CTRL_U: u8 = 21;
        let mut answer = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
        let mut byte = Zeroizing::new([0]);
        loop {
            if self.0.is_to_ask_again() {
                answer.clear();
                self.write(question)?;
            }
            if !wait(self)? {
                continue;
            }
            match self.0.read(&mut *byte) {
                Ok(1) if answer.len() < MAX_ANSWER => {}
                Ok(_) => return Err(Error::Refused("the answer has no end")),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::Stream(error.kind())),
            }
            match byte[0] {
                b'\n' | b'\r' => return Ok(Buffer::from(answer)),
                CTRL_C | CTRL_D => return Err(Error::Refused("given up")),
                CTRL_U => answer.clear(),
                // A character may have several bytes.
                0x08 | 0x7f => while answer.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
                other => answer.push(other),
            }
        }
    }

    fn read(&mut self, byte: &mut [u8; 1]) -> Result<bool, Error> {
        self.0.read(byte).map(|count| count == 1).map_err(|e| Error::Stream(e.kind()))
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.0.write_all(text.as_bytes()).map_err(|e| Error::Stream(e.kind()))
    }
}
