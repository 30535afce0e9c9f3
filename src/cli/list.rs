//! `git credential-pat list`: the accounts, never their tokens.

use super::KeychainArguments;
use crate::credential::{Account, Credential, now};
use crate::error::Error;
use crate::keychain::{Found, Keychain};
use crate::{helper, terminal};
use humantime::format_rfc3339_seconds;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print a JSON array, for programs; times are RFC 3339
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

/// One line.
struct Row {
    account: Account,
    locked: bool,
    /// None where it could not be read: locked, or damaged.
    credential: Option<Credential>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut keychain = arguments.keychain.open()?;
    let mut rows = helper::with_one_retry(|| rows(&mut *keychain))?;
    rows.sort_by(|a, b| a.account.cmp(&b.account));
    let keychain = keychain.kind().name();
    let text = if arguments.json {
        let rows: Vec<Value> = rows.iter().map(|row| row.to_json(keychain)).collect();
        format!("{:#}\n", Value::Array(rows))
    } else {
        table(&rows, keychain)
    };
    terminal::write_raw(text.as_bytes())
}

fn rows(keychain: &mut dyn Keychain) -> Result<Vec<Row>, Error> {
    let listed = keychain.list()?;
    let open: Vec<Found> =
        listed.iter().map(|(found, _)| found).filter(|found| !found.locked).cloned().collect();
    let (mut read, _) = helper::read_sound(keychain, &open)?;
    let mut rows = Vec::with_capacity(listed.len());
    for (found, account) in listed {
        let credential = read
            .iter()
            .position(|(f, credential)| *f == found && credential.account() == account)
            .map(|index| read.swap_remove(index).1);
        let is_old = credential.as_ref().is_some_and(|c| c.is_long_rejected(now()));
        if !is_old || !helper::forget_long_rejected(keychain, &found, now())? {
            rows.push(Row { account, locked: found.locked, credential });
        }
    }
    Ok(rows)
}

impl Row {
    /// What people call the account: its own username, also where it answers any.
    fn username(&self) -> Option<String> {
        let own = self.credential.as_ref().and_then(|c| c.username.as_ref());
        let filed = Some(&self.account.username).filter(|name| !name.is_empty());
        own.or(filed).map(ToString::to_string)
    }

    fn answers_any(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.any_username)
    }

    /// The username for people, who should see where it does not matter.
    fn username_or_any(&self) -> String {
        let name = self.username().unwrap_or_else(|| "-".to_owned());
        if self.answers_any() { format!("{name} (any)") } else { name }
    }

    fn state(&self) -> &'static str {
        match &self.credential {
            _ if self.locked => "locked",
            None => "damaged",
            Some(credential) if credential.rejected_at.is_some() => "rejected",
            Some(credential) if credential.is_expired(now()) => "expired",
            Some(_) => "ready",
        }
    }

    fn to_json(&self, keychain: &str) -> Value {
        let time = |read: fn(&Credential) -> Option<u64>| {
            self.credential.as_ref().and_then(read).map(rfc3339)
        };
        json!({
            "context": self.account.context.to_string(),
            "username": self.username(),
            "any_username": self.answers_any(),
            "state": self.state(),
            "expires": time(|c| c.expiry),
            "stored": time(|c| Some(c.stored_at)),
            "rejected": time(|c| c.rejected_at),
            "keychain": keychain,
        })
    }
}

fn table(rows: &[Row], keychain: &str) -> String {
    let mut lines = vec![["CONTEXT", "USERNAME", "STATE", "EXPIRES", "KEYCHAIN"].map(String::from)];
    lines.extend(rows.iter().map(|row| {
        let expiry = row.credential.as_ref().and_then(|credential| credential.expiry);
        [
            row.account.context.to_string(),
            row.username_or_any(),
            row.state().to_owned(),
            expiry.map_or_else(|| "-".to_owned(), rfc3339),
            keychain.to_owned(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(row, "{cell:width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Seconds since 1970 UTC as `2027-01-31T00:00:00Z`; a time that no calendar has as the
/// last one that it has.
fn rfc3339(seconds: u64) -> String {
    const END_OF_9999: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(END_OF_9999));
    format_rfc3339_seconds(time).to_string()
}
