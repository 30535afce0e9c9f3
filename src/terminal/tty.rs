//! The controlling terminal of a Unix process.

use crate::hardening::echo::{EchoOff, turn_off, went_on};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Instant;

/// The state of a terminal before its echo was turned off.
pub(super) type Mode = EchoOff;

/// See the [module](self).
pub(super) struct Device(File);

impl Device {
    /// Opens the terminal.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn open() -> io::Result<Self> {
        File::options().read(true).write(true).open("/dev/tty").map(Self)
    }

    /// Returns whether this process is in the foreground: one in the background may not ask.
    pub(super) fn is_ours(&self) -> bool {
        tcgetpgrp(&self.0).is_ok_and(|group| group == getpgrp())
    }

    /// Waits for a key, at most until the deadline. Returns whether one came.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(super) fn wait_until(&self, deadline: Instant) -> io::Result<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::ErrorKind::TimedOut)?;
        Ok(poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&left))? > 0)
    }

    /// Turns the echo off. Returns the terminal's state before.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(super) fn hide(&self) -> io::Result<Mode> {
        turn_off(&self.0)
    }

    /// Returns whether the process was stopped since this was last asked. The screen may have
    /// changed then, and the question must be asked again.
    #[expect(clippy::unused_self, reason = "it is asked of the terminal")]
    pub(super) fn is_to_ask_again(&self) -> bool {
        went_on()
    }

    /// Restores the terminal. Keys that were typed meanwhile and not read are dropped.
    ///
    /// # Errors
    /// Where the terminal fails.
    #[expect(clippy::unused_self, reason = "a console needs itself for it")]
    pub(super) fn restore(&self, mode: &Mode) -> io::Result<()> {
        mode.turn_on()
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
