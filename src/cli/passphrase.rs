//! Reads the vault's passphrase from a person at the terminal, a pipe or a file, and never from an
//! argument or a variable.

use crate::error::Error;
use crate::keychain::vault::judge_passphrase;
use crate::secret::{Buffer, Secret};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest time that a person may take for a passphrase.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest line, in bytes.
const MAX_LINE: usize = 4096;

/// The origin of passphrases.
pub(super) enum Passphrases {
    /// A person types them.
    Person(Terminal),
    /// A file has one on each line.
    Lines(File),
}

impl Passphrases {
    /// Takes them from the person at the terminal, or from standard input where that is no
    /// terminal.
    ///
    /// # Errors
    /// Where neither can be read.
    pub(super) fn of_stdin() -> Result<Self, Error> {
        if terminal::stdin_is_terminal() {
            Terminal::open().map(Self::Person)
        } else {
            terminal::raw_stdin().map(Self::Lines)
        }
    }

    /// Takes them from `--passphrase-from FILE|-` where it is given, else from the person at the
    /// terminal.
    ///
    /// # Errors
    /// Where the file or the terminal cannot be read.
    pub(super) fn from(given: Option<&Path>) -> Result<Self, Error> {
        match given {
            Some(path) if path == Path::new("-") => terminal::raw_stdin().map(Self::Lines),
            Some(path) => File::open(path).map(Self::Lines).map_err(|_| {
                Error::Refused("the file that --passphrase-from names cannot be read")
            }),
            None => Terminal::open().map(Self::Person).map_err(|_| {
                Error::Refused(
                    "there is no terminal to ask on: give the passphrase with --passphrase-from FILE",
                )
            }),
        }
    }

    /// Returns whether somebody can be asked again.
    pub(super) fn can_repeat(&self) -> bool {
        matches!(self, Self::Person(_))
    }

    /// Returns the passphrase of an existing vault.
    ///
    /// # Errors
    /// Where no passphrase is given.
    pub(super) fn current(&mut self) -> Result<Secret, Error> {
        match self {
            Self::Person(terminal) => {
                terminal.ask_passphrase("Passphrase of the vault: ", PATIENCE)
            }
            Self::Lines(file) => line(file),
        }
    }

    /// Returns a new passphrase, which a person types twice.
    ///
    /// # Errors
    /// Where no passphrase is given, or an unfit one.
    pub(super) fn chosen(&mut self) -> Result<Secret, Error> {
        let terminal = match self {
            Self::Person(terminal) => terminal,
            Self::Lines(file) => {
                let passphrase = line(file)?;
                judge_passphrase(passphrase.expose())?;
                return Ok(passphrase);
            }
        };
        loop {
            let question = "New passphrase of the vault, 8 characters at least: ";
            let passphrase = terminal.ask_passphrase(question, PATIENCE)?;
            if passphrase.expose().is_empty() {
                return Err(Error::Refused("given up"));
            }
            if let Err(error) = judge_passphrase(passphrase.expose()) {
                terminal.show(&error.to_string())?;
                continue;
            }
            if terminal.ask_passphrase("The same again: ", PATIENCE)? == passphrase {
                return Ok(passphrase);
            }
            terminal.show("the two are not the same")?;
        }
    }
}

/// Reads the next line, without its end.
fn line(file: &mut File) -> Result<Secret, Error> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
    let mut byte = Zeroizing::new([0]);
    // The bytes are read one by one, because those after the line are somebody else's.
    while file.read(&mut *byte).map_err(|e| Error::Stream(e.kind()))? == 1 && byte[0] != b'\n' {
        if line.len() == MAX_LINE {
            return Err(Error::Refused("the line with the passphrase is too long"));
        }
        line.push(byte[0]);
    }
    if line.is_empty() {
        return Err(Error::Refused("no passphrase was given"));
    }
    let line = Buffer::from(line);
    Ok(line.secret(line.without_line_end()))
}
