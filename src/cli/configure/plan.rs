//! A change of git's configuration is worked out first, then shown, and then made.

use crate::error::Error;
use crate::git::helper_line::Helper;
use crate::git::words::{any_of, typed};
use crate::git::{self, Failed, values, written};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use std::fmt::Write;
use std::path::PathBuf;

/// The options that say whose configuration is changed.
#[derive(clap::Args)]
pub(in crate::cli) struct Whose {
    /// For this user: the default
    #[arg(long, conflicts_with_all = ["system", "local"])]
    global: bool,
    /// For everybody on this machine
    #[arg(long, conflicts_with = "local")]
    system: bool,
    /// For this repository only
    #[arg(long)]
    local: bool,
}

/// The options that say whether a change is only shown, and whether a person is asked.
#[derive(clap::Args)]
pub(in crate::cli) struct Consent {
    /// Change it without asking
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    /// Show what would change, and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub(in crate::cli) dry_run: bool,
}

impl Whose {
    /// Returns git's name for that configuration.
    pub(in crate::cli) fn scope(&self) -> &'static str {
        match self {
            Self { system: true, .. } => "system",
            Self { local: true, .. } => "local",
            _ => "global",
        }
    }
}

/// The arguments of the `git config` commands that change one configuration.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) struct Plan {
    /// The options of git that name the configuration.
    whose: Vec<String>,
    changes: Vec<Vec<String>>,
}

impl Plan {
    /// Makes an empty plan for this scope, such as `global`.
    pub(in crate::cli) fn new(scope: &str) -> Self {
        Self { whose: vec![format!("--{scope}")], changes: Vec::new() }
    }

    /// Makes an empty plan for this file.
    pub(in crate::cli) fn of_file(file: &str) -> Self {
        Self { whose: vec!["--file".to_owned(), file.to_owned()], changes: Vec::new() }
    }

    /// Returns the values that this setting has now.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    pub(in crate::cli) fn values(&self, key: &str) -> Result<Vec<String>, Error> {
        let whose: Vec<&str> = self.whose.iter().map(String::as_str).collect();
        values(&whose, key).map_err(Failed::tell)
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(in crate::cli) fn add(&mut self, key: &str, value: &str) {
        self.change(&["--add", key, value]);
    }

    /// Removes these values of a setting.
    pub(in crate::cli) fn unset(&mut self, key: &str, values: &[&str]) {
        self.change(&["--unset-all", key, &any_of(values)]);
    }

    /// Replaces these values of a setting by one.
    pub(in crate::cli) fn replace(&mut self, key: &str, values: &[&str], value: &str) {
        self.change(&["--replace-all", key, value, &any_of(values)]);
    }

    fn change(&mut self, arguments: &[&str]) {
        let words = self.whose.iter().cloned().chain(arguments.iter().map(ToString::to_string));
        self.changes.push(words.collect());
    }

    /// Returns the options of git that name the configuration, as they are typed.
    pub(in crate::cli) fn whose(&self) -> String {
        self.whose.iter().map(typed).collect::<Vec<_>>().join(" ")
    }

    /// Returns the file that is changed, if it is known.
    pub(in crate::cli) fn file(&self) -> Option<PathBuf> {
        written::file_of(&self.whose.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Returns the commands as they would be typed.
    pub(in crate::cli) fn text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let words: Vec<String> = change.iter().map(typed).collect();
            let _ = writeln!(text, "git config {}", words.join(" "));
        }
        text
    }

    /// Returns the commands on one line.
    pub(in crate::cli) fn one_line(&self) -> String {
        self.text().trim_end().replace('\n', "; ")
    }

    /// Returns whether one of the commands is about this setting.
    pub(in crate::cli) fn changes_key(&self, key: &str) -> bool {
        let is_it = |word: &String| word.eq_ignore_ascii_case(key);
        self.changes.iter().any(|change| change.iter().any(is_it))
    }

    /// Shows the commands, asks where that is wanted, and runs them. Returns whether they were run.
    ///
    /// # Errors
    /// Where nobody can be asked, where a person says no, or where git cannot change its
    /// configuration.
    pub(in crate::cli) fn carry_out(
        &self,
        consent: &Consent,
        terminal: Option<&mut Terminal>,
    ) -> Result<bool, Error> {
        let agreed = agree(std::slice::from_ref(self), consent, terminal)?;
        if agreed {
            self.change_all()?;
        }
        Ok(agreed)
    }

    /// Runs the commands.
    ///
    /// # Errors
    /// Where git cannot change its configuration.
    pub(in crate::cli) fn change_all(&self) -> Result<(), Error> {
        for change in &self.changes {
            let words: Vec<&str> = change.iter().map(String::as_str).collect();
            git::change(&words).map_err(Failed::tell)?;
        }
        Ok(())
    }

    /// Makes git ask us with this line instead of those that it replaces. The line comes after any
    /// empty line, which makes git forget earlier helpers. With `only`, git forgets all others.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    pub(in crate::cli) fn ask_us(
        &mut self,
        key: &str,
        line: &str,
        only: bool,
        replaces: &dyn Fn(&Helper) -> bool,
    ) -> Result<(), Error> {
        let values = self.values(key)?;
        let is_reset = |value: &String| value.is_empty();
        let is_ours = |value: &&String| matches!(Helper::parse(value), Helper::Ours(_));
        let is_old = |value: &&String| replaces(&Helper::parse(value));
        let reset = values.iter().rposition(is_reset);
        let since = reset.map_or(0, |reset| reset + 1);
        let old: Vec<&str> = values.iter().filter(is_old).map(String::as_str).collect();
        let all_after_reset = values[..since].iter().all(|value| !is_old(&value));
        let alone = reset.is_some() && values[since..].iter().all(|value| is_ours(&value));
        if all_after_reset && (alone || !only) {
            match old.as_slice() {
                [one] if *one == line => {}
                [] => self.add(key, line),
                several => self.replace(key, several, line),
            }
            return Ok(());
        }
        // This line moves to the end, and our other lines stay beside it.
        let kept: Vec<&str> = values[since..]
            .iter()
            .filter(|value| only && is_ours(value) && !is_old(value))
            .map(String::as_str)
            .collect();
        let moved: Vec<&str> = old.iter().chain(&kept).copied().collect();
        if !moved.is_empty() {
            self.unset(key, &moved);
        }
        let last = values.iter().rfind(|value| !moved.contains(&value.as_str()));
        if only && !last.is_some_and(is_reset) {
            self.add(key, "");
        }
        for line in kept.into_iter().chain([line]) {
            self.add(key, line);
        }
        Ok(())
    }

    /// Removes these lines of ours, and our empty line before them that made git forget all others.
    /// Returns whether an empty line must stay, after which git asks nobody.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    pub(in crate::cli) fn forget(&mut self, key: &str, lines: &[&str]) -> Result<bool, Error> {
        let values = self.values(key)?;
        let goes = |value: &String| lines.contains(&value.as_str());
        let is_for_us = |at: usize| {
            let rest = &values[at + 1..];
            rest.iter().any(goes) && rest.iter().all(|value| goes(value) || value.is_empty())
        };
        // Several empty lines cannot be told apart, so all of them go or none does.
        let notes = if values.iter().any(String::is_empty) { written::all() } else { Vec::new() };
        let is_noted = written::has(&notes, self.file().as_deref(), key, "");
        let mut resets = (0..values.len()).filter(|&at| values[at].is_empty()).peekable();
        let resets_go = is_noted && resets.peek().is_some() && resets.all(is_for_us);
        let mut gone: Vec<&str> = Vec::new();
        for value in values.iter().filter(|value| goes(value) || value.is_empty() && resets_go) {
            if !gone.contains(&value.as_str()) {
                gone.push(value);
            }
        }
        if !gone.is_empty() {
            self.unset(key, &gone);
        }
        let left = values.iter().rfind(|value| !gone.contains(&value.as_str()));
        Ok(!gone.is_empty() && left.is_some_and(String::is_empty))
    }
}

/// Shows the commands of these plans and asks where that is wanted. Returns whether the commands
/// are to be run.
///
/// # Errors
/// Where nobody can be asked, or a person says no.
pub(in crate::cli) fn agree(
    plans: &[Plan],
    consent: &Consent,
    terminal: Option<&mut Terminal>,
) -> Result<bool, Error> {
    let text: String = plans.iter().map(Plan::text).collect();
    agrees_to(&text, "Change git's configuration so?", consent, terminal)
}

/// Shows what would be done, and asks where that is wanted. Returns whether it is to be done.
///
/// # Errors
/// Where nobody can be asked, or a person says no.
pub(in crate::cli) fn agrees_to(
    text: &str,
    question: &str,
    consent: &Consent,
    terminal: Option<&mut Terminal>,
) -> Result<bool, Error> {
    terminal::write_raw(text.as_bytes())?;
    if consent.dry_run || consent.yes {
        return Ok(!consent.dry_run);
    }
    let terminal = terminal.ok_or(Error::Usage(
        "nobody can be asked here: repeat it with --yes, or look first with --dry-run",
    ))?;
    if terminal.confirm(question)? {
        return Ok(true);
    }
    Err(Error::Refused("nothing was changed"))
}
