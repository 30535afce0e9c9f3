//! `git credential-pat log [URL]` shows which account was used when, and by which programs, where
//! git's configuration has `--log` in our line.

use super::list::table::{Cell, Look, lay_out};
use super::place::Place;
use crate::context::{Context, shown};
use crate::error::Error;
use crate::terminal;
use crate::time::{from_rfc3339, now, relative};
use crate::uses::{self, Use, Uses};
use anstyle::{AnsiColor, Style};
use humantime::parse_duration;
use serde_json::{Value, json};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only uses at this host, or for a part of it
    url: Option<String>,
    /// Only uses since this date, such as 2027-01-31, or within this span, such as 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print a JSON array, for programs; times are RFC 3339
    #[arg(long, conflicts_with = "clear")]
    json: bool,
    /// Delete the log
    #[arg(long, conflicts_with_all = ["url", "since"])]
    clear: bool,
}

const HEADINGS: [&str; 6] = ["TIME", "CONTEXT", "USERNAME", "RESULT", "VIA", "BY"];

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.clear {
        return uses::clear().map_err(|error| Error::Stream(error.kind()));
    }
    let place = arguments.url.as_deref().map(Place::parse).transpose()?.map(|url| url.context);
    let since = arguments.since.as_deref().map(beginning).transpose()?.unwrap_or_default();
    let log = Uses::read();
    let uses = log.iter().filter(|(time, used)| {
        *time >= since && place.as_ref().is_none_or(|place| is_within(used, place))
    });
    if arguments.json {
        let uses = uses.map(|(_, used)| json!(used)).collect();
        return terminal::write_json(&Value::Array(uses));
    }
    let look =
        Look { columns: terminal::stdout_columns(), colour: terminal::stdout_takes_colour() };
    let rows: Vec<_> = uses.map(|(time, used)| cells(time, used, &look).into()).collect();
    if rows.is_empty() {
        terminal::hint(
            "nothing is noted: git credential-pat configure --log makes git's helper keep a log",
        );
        return Ok(());
    }
    terminal::write_raw(lay_out(&HEADINGS, &rows, &look).as_bytes())
}

/// Returns the time at which a date, a time, or a span up to now begins.
fn beginning(text: &str) -> Result<u64, Error> {
    let span = || parse_duration(text).ok().map(|span| now().saturating_sub(span.as_secs()));
    from_rfc3339(text)
        .or_else(span)
        .ok_or(Error::Usage("--since takes a date such as 2027-01-31, or a span such as 7d"))
}

/// Returns whether the context of a use is this one or a part of it.
fn is_within(used: &Use<'_>, place: &Context) -> bool {
    let context = Context::from_canonical(&used.context);
    context.is_some_and(|context| context.outwards().contains(place))
}

fn cells(time: u64, used: Use<'_>, look: &Look) -> [Cell; 6] {
    let plain = |text: &str| Cell { text: shown(text).into_owned(), style: Style::new() };
    let time = if look.columns.is_some() { relative(time, now()) } else { used.time.into_owned() };
    let is_fine = matches!(&*used.result, "served" | "stored" | "unchanged");
    let style = if is_fine { Style::new() } else { AnsiColor::Yellow.on_default() };
    let result = match &*used.operation {
        "get" => used.result.into_owned(),
        operation => format!("{operation}: {}", used.result),
    };
    [
        plain(&time),
        plain(&used.context),
        plain(used.username.as_deref().unwrap_or("-")),
        Cell { text: shown(&result).into_owned(), style },
        plain(&used.via),
        plain(&if used.by.is_empty() { "-".to_owned() } else { used.by.join(" < ") }),
    ]
}
