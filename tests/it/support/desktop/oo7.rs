//! oo7-daemon, which GNOME is to have in place of GNOME Keyring.

use super::{Desktop, PASSWORD, SERVICE, start};
use crate::support::program::missing;
use rustix::process::Signal;
use std::io::{Read, Write};
use std::path::Path;

/// Where `tests/oo7-daemon.sh` installs it.
const DAEMON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/oo7-daemon/bin/oo7-daemon");

/// Its name for the processes of a session.
const NAME: &str = "oo7-daemon";

impl Desktop {
    /// A bus with an unlocked oo7-daemon, and nothing that would show a window for it.
    pub fn oo7_daemon() -> Self {
        let mut desktop = Self::empty();
        desktop.start_oo7_daemon(Some(PASSWORD));
        desktop.until("oo7-daemon has a default collection", Self::has_default_collection);
        desktop
    }

    /// Ends oo7-daemon and starts another, which nobody has unlocked yet: as after a login
    /// without a password.
    pub fn restart_oo7_daemon_locked(&mut self) {
        self.signal(NAME, Signal::TERM);
        self.until("oo7-daemon has ended", |d| !d.has_owner(SERVICE));
        self.kill(NAME);
        self.start_oo7_daemon(None);
        self.until("oo7-daemon has a default collection", Self::has_default_collection);
    }

    fn start_oo7_daemon(&mut self, password: Option<&str>) {
        if !Path::new(DAEMON).exists() {
            missing(NAME, "run tests/oo7-daemon.sh");
        }
        let mut command = self.sandbox.command(DAEMON);
        command.args(password.map(|_| "--login"));
        let mut daemon = start(command, NAME, NAME);
        let mut stdin = daemon.child.stdin.take().unwrap();
        stdin.write_all(password.unwrap_or_default().as_bytes()).unwrap();
        // It says much of what it does there, and would wait for a reader.
        let mut stdout = daemon.child.stdout.take().unwrap();
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        self.processes.push(daemon);
    }
}
