//! git's protocol with the built binary, without git: every rule of which account answers which
//! request, as rows of a table. Malicious requests are in `hostile`.

mod accounts;
mod at_once;
mod contexts;
mod erasing;
#[cfg(unix)]
mod planted;
#[cfg(unix)]
mod process;
mod state;
mod storing;

use crate::support::home::Home;
use std::fmt::Write;

/// A requirement and the steps that show it: operation, request, answer.
///
/// A request's lines are separated by blanks. `HOST` is a name that nobody else uses, `LOOP` a
/// loopback address of the test's own, `SIX` such an IPv6 address.
type Row = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// Goes through all rows, each with hosts of its own, and fails with all that were wrong.
#[track_caller]
fn check(rows: &[Row]) {
    let mut wrong = String::new();
    for (requirement, steps) in rows {
        let place = Home::bare();
        for (number, (operation, request, answer)) in steps.iter().enumerate() {
            let ran = place.operation(operation, place.lines(request));
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
