//! Writes one line for a monitor, in the form of its plugins: `OK`, `WARNING`, `CRITICAL` or
//! `UNKNOWN`, the worst account, and the number of days until the first token ends.

use crate::api::state::State;
use crate::check::{Checked, Options};
use crate::forge;
use crate::time::{DAY, relative};
use std::fmt::Write;

/// The number of days before the end at which a monitor may call it critical.
const CRITICAL_DAYS: u64 = 3;

/// Returns how bad a state is for a monitor, and the exit status for it.
fn level(state: State) -> (u8, u8) {
    match state {
        State::Good => (0, 0),
        State::Unknown | State::Unreachable | State::Limited => (1, 3),
        State::Ending => (2, 1),
        State::Absent | State::Denied | State::Ended | State::Refused => (3, 2),
    }
}

fn worst(all: &[Checked]) -> Option<&Checked> {
    all.iter().max_by_key(|one| (level(one.worst.state).0, one.worst.state))
}

/// Returns the exit status. Where there is no account, nothing is known.
pub(super) fn status(all: &[Checked]) -> u8 {
    worst(all).map_or(3, |one| level(one.worst.state).1)
}

pub(super) fn line(all: &[Checked], options: &Options) -> String {
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::from(status(all))];
    let mut line = format!("PAT {word}: ");
    match worst(all).filter(|one| one.worst.state != State::Good) {
        Some(one) => {
            let name = one.subject.username.as_ref().filter(|name| !name.is_empty());
            let name = name.map(|name| format!(" {name}")).unwrap_or_default();
            let place = forge::shown_context(&one.subject.context);
            let _ = write!(line, "{place}{name} is {}", one.worst.state.word());
            if let Some(reason) = one.worst.reason {
                let _ = write!(line, ", {reason}");
            }
            if let Some(end) = one.expiry.filter(|_| one.worst.state == State::Ending) {
                let _ = write!(line, " {}", relative(end, options.now));
            }
            if all.len() > 1 {
                let good = all.iter().filter(|one| one.worst.state == State::Good).count();
                let _ = write!(line, "; {good} of {} are good", all.len());
            }
        }
        None if all.is_empty() => line.push_str("no account is there"),
        None if all.len() == 1 => line.push_str("the token is good"),
        None => {
            let _ = write!(line, "{} tokens are good", all.len());
        }
    }
    // The part after this sign is for programs.
    line = line.replace('|', "/");
    let ends = all.iter().filter_map(|one| one.expiry);
    if let Some(days) = ends.map(|end| end.saturating_sub(options.now) / DAY).min() {
        let warning = options.warn_before / DAY;
        let _ = write!(line, " | days={days};{warning};{}", CRITICAL_DAYS.min(warning));
    }
    crate::context::shown(&line).into_owned() + "\n"
}
