//! A terminal with a person at it: what a command shows there, and what the person types.

use super::keyring::Keyring;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long to wait: far longer than anything should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running command on a terminal of its own.
pub struct Terminal {
    master: File,
    child: Child,
    reader: JoinHandle<()>,
    screen: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

impl Terminal {
    /// Runs the command with a new terminal as its controlling one, and as its standard streams.
    pub fn run(command: &Command) -> Self {
        Self::of_columns(80, command)
    }

    /// Runs the command on a terminal with so many columns.
    pub fn of_columns(columns: u16, command: &Command) -> Self {
        // A child that held the other end of its own terminal would never see the terminal go.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = OsStr::from_bytes(name.as_bytes());
        let slave = || File::options().read(true).write(true).open(path).unwrap();
        // A person who runs the tests in the background may have made them ignore Ctrl-C.
        let mut terminal = Command::new("env");
        Keyring::of_this_test().enter(&mut terminal);
        let child = terminal
            .args(["--default-signal", "setsid", "--ctty", "--wait"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(command.get_current_dir().unwrap())
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .expect("env, of the package coreutils");
        let master = File::from(master);
        let screen = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (mut source, shown) = (master.try_clone().unwrap(), Arc::clone(&screen));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 1024];
            // A terminal without any user gives an error instead of an end.
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                shown.0.lock().unwrap().extend_from_slice(&bytes[..count]);
                shown.1.notify_all();
            }
        });
        Self { master, child, reader, screen }
    }

    /// Waits until the screen shows this text. Returns everything that it has shown.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        self.shows_often(text, 1)
    }

    /// Waits until the screen has shown this text so often. Returns everything that it has shown.
    #[track_caller]
    pub fn shows_often(&self, text: &str, count: usize) -> String {
        let (screen, changed) = &*self.screen;
        let waiting = |screen: &mut Vec<u8>| {
            let shown = String::from_utf8_lossy(screen);
            shown.matches(text).count().max(unbroken(&shown).matches(text).count()) < count
        };
        let (screen, result) =
            changed.wait_timeout_while(screen.lock().unwrap(), PATIENCE, waiting).unwrap();
        let shown = String::from_utf8_lossy(&screen).into_owned();
        drop(screen);
        assert!(!result.timed_out(), "waited for {text:?}, the screen shows:\n{shown}");
        shown
    }

    /// Waits until the terminal echoes what is typed, or does not.
    #[track_caller]
    pub fn waits_until_it_echoes(&self, echoes: bool) {
        let deadline = Instant::now() + PATIENCE;
        while tcgetattr(&self.master).unwrap().local_modes.contains(LocalModes::ECHO) != echoes {
            assert!(Instant::now() < deadline, "its echo stays as it is");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stays with it to its end, and types at each question what the function says to it, and that
    /// once the terminal hides it where the function says that it is secret.
    #[track_caller]
    pub fn talks(
        mut self,
        answer: impl Fn(&str) -> Option<(String, bool)>,
    ) -> (ExitStatus, String) {
        let deadline = Instant::now() + 2 * PATIENCE;
        let mut answered = 0;
        while self.child.try_wait().unwrap().is_none() {
            let (screen, changed) = &*self.screen;
            let waiting = |screen: &mut Vec<u8>| screen.len() <= answered;
            let pause = Duration::from_millis(50);
            let (screen, _) =
                changed.wait_timeout_while(screen.lock().unwrap(), pause, waiting).unwrap();
            let shown = String::from_utf8_lossy(&screen).into_owned();
            let length = screen.len();
            drop(screen);
            assert!(Instant::now() < deadline, "waited for its end, the screen shows:\n{shown}");
            let question = shown.rsplit('\n').next().unwrap_or_default();
            if length > answered
                && let Some((answer, is_secret)) = answer(question)
            {
                answered = length;
                if is_secret {
                    self.waits_until_it_echoes(false);
                }
                self.types(&answer);
            }
        }
        self.ends()
    }

    /// Types, as a person would who has seen the screen.
    pub fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for the end. Returns the status and everything that the screen has shown.
    #[track_caller]
    pub fn ends(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                let screen = self.screen.0.lock().unwrap();
                panic!(
                    "waited for its end, the screen shows:\n{}",
                    String::from_utf8_lossy(&screen)
                );
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.reader.join().unwrap();
        let screen = self.screen.0.lock().unwrap();
        (status, unbroken(&String::from_utf8_lossy(&screen)))
    }
}

/// What is said as it would stand on a terminal without an end: a message goes on after these
/// blanks.
fn unbroken(screen: &str) -> String {
    let mut parts = screen.split("\r\n    ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(if part.starts_with(' ') { "\r\n    " } else { " " });
        text.push_str(part);
    }
    text
}
