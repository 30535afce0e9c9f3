//! `git credential-pat list` shows the accounts, and never their tokens.

pub(super) mod table;

use super::KeychainArguments;
use crate::check::kept::Kept;
use crate::context::{Context, shown};
use crate::credential::{Account, Aside, Credential, Maker, State};
use crate::error::{Error, VaultTrouble};
use crate::forge::{self, Recognised};
use crate::keychain::vault::{self, Vault};
use crate::keychain::{Keychain, Kind};
use crate::rotate::Stage;
use crate::setup::Setup;
use crate::time::{day, now, relative, rfc3339};
use crate::uses::Uses;
use crate::{hardening, helper, terminal};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use table::{Cell, Look};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print a JSON array, for programs; times are RFC 3339
    #[arg(long)]
    json: bool,
    /// Show what a token may do and when it was last checked, also where a terminal is too narrow
    /// for it
    #[arg(long, conflicts_with = "json")]
    long: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

/// The headings of the table. Of the last three, the first is shown where there is a use log, the
/// others where a forge was asked.
const HEADINGS: [&str; 10] = [
    "CONTEXT",
    "USERNAME",
    "TOKEN",
    "STATE",
    "EXPIRES",
    "STORED",
    "KEYCHAIN",
    "LAST USED",
    "SCOPES",
    "CHECKED",
];

/// One line of the table.
struct Row {
    account: Account,
    keychain: Kind,
    locked: bool,
    /// The kind of token, or none where it is not recognised or could not be read.
    token: Option<Recognised>,
    /// The credential, or none where it is locked or damaged.
    credential: Option<Credential>,
    /// The time of the account's last noted use, in seconds since 1970 UTC.
    last_used: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let (mut rows, failed) = everywhere(&arguments.keychain.setups()?.everywhere()?)?;
    let uses = Uses::read().summary();
    for row in &mut rows {
        row.last_used = uses.last_of(&row.account);
    }
    rows.sort_by(|a, b| (&a.account, a.keychain.name()).cmp(&(&b.account, b.keychain.name())));
    if arguments.json {
        terminal::write_json(&Value::Array(rows.iter().map(Row::to_json).collect()))?;
    } else {
        if rows.is_empty() && failed.is_none() {
            terminal::hint("no account is there: store a token with git credential-pat login URL");
        }
        let look =
            Look { columns: terminal::stdout_columns(), colour: terminal::stdout_takes_colour() };
        let table = |is_long: bool| {
            let columns: Vec<usize> = (0..HEADINGS.len())
                .filter(|column| match column {
                    7 => !uses.is_empty(),
                    8.. => is_long,
                    _ => true,
                })
                .collect();
            let headings: Vec<&str> = columns.iter().map(|&column| HEADINGS[column]).collect();
            let cells = |row: &Row| {
                let cells = row.to_cells(&look).into_iter().enumerate();
                cells.filter(|(at, _)| columns.contains(at)).map(|(_, cell)| cell).collect()
            };
            let cells: Vec<Vec<Cell>> = rows.iter().map(cells).collect();
            let is_whole = look.columns.is_some() && table::fits(&headings, &cells, &look);
            (table::lay_out(&headings, &cells, &look), is_whole)
        };
        let is_checked = rows.iter().any(|row| row.kept().checked_at.is_some());
        let text = match table(true) {
            (text, is_whole) if arguments.long || (is_checked && is_whole) => text,
            _ => table(false).0,
        };
        terminal::write_raw(text.as_bytes())?;
    }
    failed.map_or(Ok(()), Err)
}

/// Returns the accounts of all keychains, and the error of one that git's lines or the environment
/// name. The error of each is said, too.
///
/// # Errors
/// Where there is one keychain, and it fails.
fn everywhere(setups: &[Setup]) -> Result<(Vec<Row>, Option<Error>), Error> {
    let (mut all, mut asked, mut failed) = (Vec::new(), Vec::new(), None);
    for setup in setups {
        if setup.options.kind.is_some_and(|kind| asked.contains(&kind)) {
            continue;
        }
        let kind = setup.options.kind;
        let result = setup.open().and_then(|mut keychain| {
            if keychain.kind() == Kind::Vault {
                look_at_vault(setup)?;
            }
            let rows = helper::with_retries(|| rows(&mut *keychain))?;
            if keychain.left_out() > 0 {
                let count = keychain.left_out();
                say(&format!("damaged files in the vault that are left out: {count}"));
            }
            Ok((keychain.kind(), rows))
        });
        match result {
            Ok((kind, rows)) => {
                asked.push(kind);
                all.extend(rows);
            }
            Err(error) if setups.len() == 1 => return Err(error),
            // A line for certain URLs may name a keychain of another system.
            Err(Error::Unsupported) => {}
            Err(error) => {
                say(&format!("{}: {error}", setup.name()));
                if kind.is_some() {
                    failed = Some(error);
                }
            }
        }
    }
    Ok((all, failed))
}

/// Says for how long the vault is open, or fails where it is locked. Nobody is asked for its
/// passphrase.
fn look_at_vault(setup: &Setup) -> Result<(), Error> {
    let state = Vault::new(&setup.options).state()?;
    if state == vault::State::Locked {
        return Err(VaultTrouble::Locked.into());
    }
    say(&format!("the vault is {}", state.in_words()));
    Ok(())
}

fn say(what: &str) {
    terminal::say("list", what);
}

fn rows(keychain: &mut dyn Keychain) -> Result<Vec<Row>, Error> {
    let listed = keychain.list()?;
    // If no keychain was named, its kind is known only now.
    let kind = keychain.kind();
    let mut rows = Vec::with_capacity(listed.len());
    for (found, account, credential) in helper::with_contents(keychain, listed)? {
        let is_gone = credential.as_ref().is_some_and(|c| c.is_gone(now()));
        if !is_gone || !helper::forget_if_gone(keychain, &found, now())? {
            let token = credential.as_ref().map(|credential| credential.token.expose());
            let token = token.and_then(|token| forge::recognise(&account.context, token));
            let (keychain, locked, last_used) = (kind, found.locked, None);
            rows.push(Row { account, keychain, locked, token, credential, last_used });
        }
    }
    // The stack holds the tokens of which checksums were taken.
    hardening::wipe_stack();
    Ok(rows)
}

fn word(state: State) -> &'static str {
    match state {
        State::Live => "ready",
        State::PutAway => "put away",
        State::Rejected => "rejected",
        State::Expired => "expired",
    }
}

fn whose(maker: Maker) -> &'static str {
    match maker {
        Maker::Person => "person",
        Maker::Git => "git",
    }
}

fn aside_to_json(Aside { token, since }: &Aside) -> Value {
    json!({
        "state": word(token.state(now())),
        "made_by": whose(token.made_by),
        "expires": token.expiry.map(rfc3339),
        "stored": rfc3339(token.stored_at),
        "rejected": token.rejected_at.map(rfc3339),
        "since": rfc3339(*since),
    })
}

impl Row {
    /// Returns the account's own username, also where it answers for any.
    fn username(&self) -> Option<String> {
        let own = self.credential.as_ref().and_then(|c| c.username.as_ref());
        let filed = Some(&self.account.username).filter(|name| !name.is_empty());
        own.filter(|name| !name.is_empty()).or(filed).map(ToString::to_string)
    }

    fn answers_any(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.any_username)
    }

    /// Returns the username for people, and says so where the account answers for any.
    fn username_or_any(&self) -> String {
        let name = self.username().unwrap_or_else(|| "-".to_owned());
        if self.answers_any() { format!("{name} (any)") } else { name }
    }

    /// Returns the kind of token, or for a link the context whose token it gives.
    fn token(&self) -> String {
        if let Some(place) = self.linked_to() {
            return format!("that of {place}");
        }
        let kind =
            self.token.map(|token| token.kind.name().replace("personal access token", "PAT"));
        kind.unwrap_or_else(|| "-".to_owned())
    }

    fn linked_to(&self) -> Option<&Context> {
        self.credential.as_ref().and_then(|credential| credential.linked_to.as_ref())
    }

    fn state(&self) -> &'static str {
        match &self.credential {
            _ if self.locked => "locked",
            None => "damaged",
            Some(credential) => word(credential.state(now())),
        }
    }

    /// Returns the facts that the forge has told about the token.
    fn kept(&self) -> Kept {
        self.credential.as_ref().map(Kept::of).unwrap_or_default()
    }

    /// Returns the token that a rotation has replaced, if it is still there.
    fn previous_to_json(&self) -> Option<Value> {
        let previous = self.credential.as_ref()?.previous.as_deref()?;
        Some(json!({
            "state": word(previous.state(now())),
            "expires": previous.expiry.map(rfc3339),
            "stored": rfc3339(previous.stored_at),
        }))
    }

    fn aside(&self) -> Option<&Aside> {
        self.credential.as_ref().and_then(|credential| credential.aside.as_deref())
    }

    /// Returns the state for people, and says so where another token is set aside.
    fn state_and_aside(&self) -> String {
        let aside = if self.aside().is_some() { "; another set aside" } else { "" };
        let stage = self.credential.as_ref().and_then(Stage::of);
        let stage = stage.map(|stage| format!("; {}", stage.in_words())).unwrap_or_default();
        format!("{}{aside}{stage}", self.state())
    }

    /// Returns the cells in the order of [`HEADINGS`]. On a terminal, times are in a person's
    /// words.
    fn to_cells(&self, look: &Look) -> [Cell; 10] {
        let on_terminal = look.columns.is_some();
        let plain = |text: String| Cell { text: shown(&text).into_owned(), style: Style::new() };
        let nothing = || "-".to_owned();
        let credential = self.credential.as_ref();
        let (red, yellow) = (AnsiColor::Red.on_default(), AnsiColor::Yellow.on_default());
        let now = now();
        let expiry_style = match credential {
            Some(credential) if credential.is_expired(now) => red,
            Some(credential) if credential.ends_soon(now) => yellow,
            _ => Style::new(),
        };
        let state_style = if self.state() == "ready" { Style::new() } else { red };
        let expires = credential
            .and_then(|c| c.expiry)
            .map(|expiry| if on_terminal { relative(expiry, now) } else { rfc3339(expiry) });
        let time = |time| if on_terminal { relative(time, now) } else { rfc3339(time) };
        let kept = self.kept();
        let checked = kept.checked_at.map(time);
        let last_used = self.last_used.map(time);
        let stored = credential.map(|credential| {
            let stored = if on_terminal { day } else { rfc3339 };
            stored(credential.stored_at)
        });
        [
            plain(forge::shown_context(&self.account.context)),
            plain(self.username_or_any()),
            plain(self.token()),
            Cell { text: self.state_and_aside(), style: state_style },
            Cell { text: expires.unwrap_or_else(nothing), style: expiry_style },
            plain(stored.unwrap_or_else(nothing)),
            plain(self.keychain.name().to_owned()),
            plain(last_used.unwrap_or_else(nothing)),
            plain(kept.scopes.map_or_else(nothing, |scopes| scopes.join(" "))),
            plain(checked.unwrap_or_else(nothing)),
        ]
    }

    fn to_json(&self) -> Value {
        let time = |read: fn(&Credential) -> Option<u64>| {
            self.credential.as_ref().and_then(read).map(rfc3339)
        };
        let kept = self.kept();
        json!({
            "context": forge::shown_context(&self.account.context),
            "username": self.username(),
            "any_username": self.answers_any(),
            "forge": self.token.map(|token| token.forge.name()),
            "kind": self.token.map(|token| token.kind.name()),
            "state": self.state(),
            "expires": time(|c| c.expiry),
            "stored": time(|c| Some(c.stored_at)),
            "rejected": time(|c| c.rejected_at),
            "put_away": time(|c| c.put_away_at),
            "made_by": self.credential.as_ref().map(|credential| whose(credential.made_by)),
            "aside": self.aside().map(aside_to_json),
            "rotating": time(|c| c.rotating_at),
            "previous": self.previous_to_json(),
            "linked_to": self.linked_to().map(ToString::to_string),
            "owner": kept.owner,
            "scopes": kept.scopes,
            "checked": kept.checked_at.map(rfc3339),
            "keychain": self.keychain.name(),
            "last_used": self.last_used.map(rfc3339),
        })
    }
}
