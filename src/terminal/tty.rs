//! The controlling terminal of a Unix process.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcgetpgrp, tcsetattr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Instant;

/// How a terminal was before its echo was turned off.
pub(super) type Mode = Termios;

/// See the [module](self).
pub(super) struct Device(File);

impl Device {
    /// Opens it.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn open() -> io::Result<Self> {
        File::options().read(true).write(true).open("/dev/tty").map(Self)
    }

    /// Whether this process is in front: one in the background may not ask.
    pub(super) fn is_ours(&self) -> bool {
        tcgetpgrp(&self.0).is_ok_and(|group| group == getpgrp())
    }

    /// Waits until something was typed, at most until the deadline; whether it was.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(super) fn wait_until(&self, deadline: Instant) -> io::Result<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::ErrorKind::TimedOut)?;
        Ok(poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&left))? > 0)
    }

    /// Turns the echo off; how the terminal was.
    ///
    /// Line editing and signals are off, too: a line cannot be longer than 4,096 bytes where
    /// the system edits it, and a Ctrl-C would end us with the echo off.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(super) fn hide(&self) -> io::Result<Mode> {
        let mode = tcgetattr(&self.0)?;
        let mut hidden = mode.clone();
        hidden.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.0, OptionalActions::Now, &hidden)?;
        Ok(mode)
    }

    /// Makes it again as it was; what was typed meanwhile and not read is forgotten.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(super) fn restore(&self, mode: &Mode) -> io::Result<()> {
        Ok(tcsetattr(&self.0, OptionalActions::Flush, mode)?)
    }
}

impl Read for Device {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
