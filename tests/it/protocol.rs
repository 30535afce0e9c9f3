//! git's protocol with the built binary, without git: every rule of what answers what, as
//! rows of a table, and everything that a hostile server or a broken program may send.

mod accounts;
mod at_once;
mod contexts;
mod erasing;
mod hostile_hosts;
mod hostile_lines;
#[cfg(unix)]
mod planted;
#[cfg(unix)]
mod process;
mod state;
mod storing;

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::{KEYCHAIN, Keys};
use std::fmt::Write;

/// A requirement and the steps that show it: operation, request, answer.
///
/// A request's lines are separated by blanks. `HOST` is a name that nobody else uses,
/// `LOOP` such an address of this machine, `SIX` such an IPv6 address.
type Row = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// Goes through all rows, each at places of its own, and fails with all that were wrong.
#[track_caller]
fn check(rows: &[Row]) {
    let mut wrong = String::new();
    for (requirement, steps) in rows {
        let place = Place::new();
        for (number, (operation, request, answer)) in steps.iter().enumerate() {
            let ran = place.run(operation, place.lines(request));
            let as_expected = ran.status.success()
                && ran.stdout() == place.lines(answer)
                && ran.stderr().is_empty();
            if !as_expected {
                writeln!(wrong, "{requirement}: step {}, not {answer:?}\n{ran}", number + 1)
                    .unwrap();
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Hosts of one's own and a home to ask the helper from.
struct Place {
    sandbox: Sandbox,
    keys: Keys,
    _others: [Keys; 2],
    host: String,
    loopback: String,
    six: String,
}

impl Place {
    fn new() -> Self {
        let keys = Keys::new();
        let [a, b, c] = keys.number();
        let (loopback, six) =
            (format!("127.{a}.{b}.{c}"), format!("[2001:db8:{a:x}:{b:x}:{c:x}::1]"));
        let others = [Keys::labelled(&loopback), Keys::labelled(&six)];
        let host = keys.host("h");
        Self { sandbox: Sandbox::new(), host, keys, _others: others, loopback, six }
    }

    /// The lines of a request or an answer that is written with blanks.
    fn lines(&self, spaced: &str) -> String {
        let mut lines = self.filled_in(spaced).replace(' ', "\n");
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines
    }

    fn filled_in(&self, text: &str) -> String {
        let long = self.six.replace("::", ":0:0:");
        [
            ("HOST", &self.host),
            ("LOOP", &self.loopback),
            ("SIXUPPER", &self.six.to_uppercase()),
            ("SIXLONG", &long),
            ("SIX", &self.six),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Runs the helper; the operation may have options before it.
    fn run(&self, operation: &str, request: impl AsRef<[u8]>) -> Ran {
        let arguments: Vec<&str> =
            ["--keychain", KEYCHAIN].into_iter().chain(operation.split(' ')).collect();
        self.sandbox.helper(&arguments, request)
    }

    /// Runs the helper with a request written with blanks and expects this answer.
    #[track_caller]
    fn answers(&self, operation: &str, request: &str, answer: &str) {
        self.run(operation, self.lines(request)).prints(&self.lines(answer));
    }
}
