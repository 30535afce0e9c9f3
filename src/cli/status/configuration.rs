//! Reports what is wrong with git's configuration at a URL: with the helpers that git asks, their
//! order, and the settings that keep git from asking them at all.

use super::finding::{Finding, Mend, below_home, location, origin};
use super::places::Asked;
use super::{clients, sources};
use crate::context::escape;
use crate::forge;
use crate::git::configuration::Configuration;
use crate::git::entries::{Entries, Entry, is_true};
use crate::git::helper_line::{self, Helper};
use crate::git::words::{any_of, typed};
use serde_json::{Value, json};
use std::env;

/// A view of git's configuration at a URL.
pub(in crate::cli) struct View<'a> {
    configuration: &'a Configuration<'a>,
    /// The URL as an argument of our own commands, with a blank before it, or nothing.
    argument: String,
    /// Whether git asks us at certain URLs only, and none is looked at.
    elsewhere: bool,
}

impl<'a> View<'a> {
    pub(in crate::cli) fn of(
        configuration: &'a Configuration<'a>,
        entries: &Entries,
        asked: Option<&Asked>,
    ) -> Self {
        let argument = argument(configuration, asked);
        let elsewhere = asked.is_none() && entries.our_lines().next().is_some();
        Self { configuration, argument, elsewhere }
    }

    fn helpers(&self) -> &'a [(&'a Entry, Helper)] {
        &self.configuration.helpers
    }

    /// Returns the helpers in git's order, each with the origin of its line.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        self.helpers().iter().map(|(entry, helper)| (name(entry, helper), origin(entry))).collect()
    }

    /// Returns the names of the other helpers that git asks here.
    pub(in crate::cli) fn other_names(&self) -> Vec<String> {
        let others = self.helpers().iter().filter(|(_, helper)| !matches!(helper, Helper::Ours(_)));
        others.map(|(entry, helper)| name(entry, helper)).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let helpers = self.helpers().iter().map(|(entry, helper)| {
            json!({
                "name": name(entry, helper),
                "ours": matches!(helper, Helper::Ours(_)),
                "scope": entry.scope,
                "origin": origin(entry),
                "setting": entry.key(),
            })
        });
        json!(helpers.collect::<Vec<_>>())
    }

    /// Returns what is wrong with the helpers.
    pub(in crate::cli) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.about_ours();
        self.about_others(&mut findings);
        self.about_doubles(&mut findings);
        findings.extend(clients::findings(self.helpers(), self.configure("--by-name ")));
        findings
    }

    fn configure(&self, options: &str) -> Mend {
        Mend::ours(&format!("configure {options}--yes{}", self.argument))
    }

    fn about_ours(&self) -> Vec<Finding> {
        let others = self.other_names();
        if !self.configuration.has_ours() {
            if self.elsewhere {
                let what = "git asks this helper at certain places only: name one";
                return vec![Finding::note("elsewhere", what, Mend::Nothing)];
            }
            let what = "git does not ask this helper";
            return vec![if others.is_empty() {
                Finding::wrong("not-configured", what, self.configure(""))
            } else {
                let others = others.join(", ");
                let what = format!("{what}, but {others}; what is kept there can be imported");
                Finding::wrong("not-configured", what, self.configure("--only "))
            }];
        }
        let mut findings = Vec::new();
        for (entry, helper) in self.helpers() {
            let Helper::Ours(options) = helper else { continue };
            let place = origin(entry);
            if options.is_none() {
                let what = format!("the options of this helper in {place} are wrong");
                findings.push(Finding::wrong("wrong-options", what, self.configure("")));
            }
            let (word, path) = helper_line::our_program(&entry.value);
            match path {
                None if !helper_line::is_run(&entry.value) => findings.push(Finding::wrong(
                    "not-run",
                    format!(
                        "git takes the line of this helper in {place} for a name: what is a path \
                         begins with / there, and what is a command with !"
                    ),
                    self.configure(""),
                )),
                None if !word.contains(['/', '\\']) => findings.push(Finding::wrong(
                    "not-in-path",
                    format!("git does not find git-credential-pat in PATH ({place})"),
                    self.configure(""),
                )),
                None => findings.push(Finding::wrong(
                    "no-program",
                    format!("the program that {place} names is not there"),
                    self.configure(""),
                )),
                Some(path) if !helper_line::is_this_program(&path) => {
                    let path = below_home(&path.to_string_lossy());
                    let what = format!("git runs another copy of this program: {path}");
                    findings.push(Finding::note("another-copy", what, Mend::Nothing));
                }
                Some(_) => {}
            }
            if let Some(kind) = options.as_ref().and_then(|options| options.kind)
                && !helper_line::names_keychain(&entry.value)
            {
                let what = format!(
                    "a variable names the keychain, and no option in {place}: programs that start \
                     git, such as pre-commit, take out what begins with GIT_"
                );
                let mend = self.configure(&format!("--keychain {} ", kind.name()));
                findings.push(Finding::note("keychain-variable", what, mend));
            }
        }
        findings
    }

    fn about_others(&self, findings: &mut Vec<Finding>) {
        let ours = self.helpers().iter().position(|(_, one)| matches!(one, Helper::Ours(_)));
        for (at, (entry, helper)) in self.helpers().iter().enumerate() {
            let place = origin(entry);
            let first = ours.is_some_and(|ours| at < ours);
            let (name, line) = match helper {
                Helper::Snippet => {
                    findings.push(self.snippet(entry, first));
                    continue;
                }
                Helper::Other(name) => (name, &entry.value),
                Helper::Ours(_) | Helper::Reset => continue,
            };
            if helper.is_plain_text() {
                let what = format!(
                    "git gives a copy of every token to {name}, which keeps it in plain text \
                     ({place})"
                );
                let mend = Mend::unset(entry, &pattern(name, line));
                let mend = match mend {
                    Mend::Advice(_) if self.configuration.has_ours() => self.configure("--only "),
                    mend => mend,
                };
                findings.push(Finding::wrong("plain-text-helper", what, mend));
            } else if first {
                let what = format!(
                    "git asks {name} first and this helper only where it has no answer ({place})"
                );
                findings.push(Finding::wrong("asked-first", what, self.configure("--only ")));
            } else if self.configuration.has_ours() && !helper.only_answers() {
                let what = format!("git gives a copy of every token to {name}, too ({place})");
                let mend = Mend::unset(entry, &pattern(name, line));
                findings.push(Finding::note("gets-copies", what, mend));
            }
        }
    }

    fn snippet(&self, entry: &Entry, first: bool) -> Finding {
        let place = origin(entry);
        let pattern = "^!";
        // Where a pattern of ours would match more than snippets, a person must look.
        let alone = self.helpers().iter().all(|(other, helper)| {
            other.origin != entry.origin
                || *other.subsection != *entry.subsection
                || matches!(helper, Helper::Snippet) == other.value.starts_with('!')
        });
        let mend = if alone { Mend::unset(entry, pattern) } else { Mend::edit(entry) };
        if entry.subsection.is_empty() {
            let order = if first { ", and before this helper" } else { "" };
            let what = format!(
                "a shell snippet in {place} is asked whatever the host{order}; its text is not \
                 shown, it may hold a token"
            );
            return Finding::wrong("snippet", what, mend);
        }
        let what = format!(
            "a shell snippet in {place} is asked here; its text is not shown, it may hold a token"
        );
        if first {
            Finding::wrong("snippet", what, mend)
        } else {
            Finding::note("snippet", what, mend)
        }
    }

    fn about_doubles(&self, findings: &mut Vec<Finding>) {
        for (at, (entry, helper)) in self.helpers().iter().enumerate() {
            let is_same = |(other, earlier): &(&Entry, Helper)| match (earlier, helper) {
                (Helper::Ours(Some(a)), Helper::Ours(Some(b))) => {
                    a.source.is_none() && b.source.is_none() && a.kind == b.kind
                }
                (Helper::Other(a), Helper::Other(b)) => a == b && *other.value == *entry.value,
                _ => false,
            };
            let Some((first, _)) = self.helpers()[..at].iter().find(|earlier| is_same(earlier))
            else {
                continue;
            };
            let what = format!("{} is asked twice ({})", name(entry, helper), both(first, entry));
            let in_one = first.origin == entry.origin && first.subsection == entry.subsection;
            let mend = match helper {
                Helper::Ours(_) if in_one && entry.scope == "global" && entry.key().is_some() => {
                    configure_at(entry)
                }
                Helper::Ours(_) => Mend::unset(entry, &any_of(&[&entry.value])),
                _ if in_one => once(entry),
                Helper::Other(name) => Mend::unset(entry, &pattern(name, &entry.value)),
                Helper::Reset | Helper::Snippet => Mend::edit(entry),
            };
            findings.push(Finding::wrong("doubled", what, mend));
        }
    }
}

/// Returns the headers with a token that git sends itself, so that it asks no helper.
pub(super) fn headers(entries: &Entries, asked: &[Asked]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let urls: Vec<Option<&str>> = asked.iter().map(|asked| Some(asked.url.as_str())).collect();
    let urls = if urls.is_empty() { vec![None] } else { urls };
    for url in urls {
        for entry in entries.at("http", url) {
            let Some((header, _)) = entry.value.split_once(':') else { continue };
            if entry.name != "extraheader" || !header.trim().eq_ignore_ascii_case("authorization") {
                continue;
            }
            let what = format!(
                "git sends a token of its own, from {}, and asks no helper; it is not shown, and \
                 taken out it is gone: have it elsewhere first",
                origin(entry)
            );
            let mend = Mend::unset(entry, &format!("^{}:", header.trim_end()));
            let finding = Finding::wrong("extra-header", what, mend);
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// Returns for people which program git asks after the helpers, and whether git may ask at all.
pub(super) fn others(entries: &Entries) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let asks = variable("GIT_ASKPASS")
        .map(|program| (program, "GIT_ASKPASS"))
        .or_else(|| Some((entries.value("core", "askpass")?.to_owned(), "core.askPass")))
        .or_else(|| Some((variable("SSH_ASKPASS")?, "SSH_ASKPASS")));
    if let Some((program, from)) = asks {
        let program = escape(forge::shown(&program).as_bytes());
        lines.push(("asks", format!("{program} ({from}), after the helpers")));
    }
    if variable("GIT_TERMINAL_PROMPT").is_some_and(|value| !is_true(&value)) {
        lines.push(("asks", "not on the terminal: GIT_TERMINAL_PROMPT says so".to_owned()));
    }
    if let Some(value) = entries.value("credential", "interactive")
        && ["false", "no", "off", "0", "never"].iter().any(|no| value.eq_ignore_ascii_case(no))
    {
        lines.push(("asks", "nobody: credential.interactive says so".to_owned()));
    }
    lines
}

/// Returns a helper's name, without parts of its line that may be secret.
fn name(entry: &Entry, helper: &Helper) -> String {
    match helper {
        Helper::Ours(Some(options)) => match (&options.source, options.kind) {
            (Some(source), _) => sources::name(source),
            (None, Some(kind)) => format!("pat --keychain {}", kind.name()),
            (None, None) => "pat".to_owned(),
        },
        Helper::Ours(None) => "pat".to_owned(),
        Helper::Other(name) => {
            let file = helper_line::store_file(&entry.value).filter(|_| name == "store");
            let file = file.map(|file| format!(" ({})", below_home(&file.to_string_lossy())));
            format!("{name}{}", file.unwrap_or_default())
        }
        Helper::Snippet | Helper::Reset => "a shell snippet".to_owned(),
    }
}

fn both(first: &Entry, second: &Entry) -> String {
    let (first, second) = (origin(first), origin(second));
    if first == second { first } else { format!("{first} and {second}") }
}

/// Returns a pattern for the lines of this helper, whatever their options are.
fn pattern(name: &str, line: &str) -> String {
    let name = name.replace('.', "\\.");
    if line.starts_with('!') {
        format!("{name}.* auth git-credential$")
    } else if line.contains(['/', '\\']) && !line.starts_with(&name) {
        format!("{name}(\\.exe)?( |$)")
    } else {
        format!("^{name}( |$)")
    }
}

/// Returns the command that leaves one of our lines in this section.
fn configure_at(entry: &Entry) -> Mend {
    let place = entry.subsection.as_str();
    let place = if place.is_empty() { String::new() } else { format!(" {}", typed(place)) };
    Mend::ours(&format!("configure --yes{place}"))
}

/// Returns the command that leaves one of several equal lines.
fn once(entry: &Entry) -> Mend {
    // Options of other helpers may be anything.
    let shown = !entry.value.contains(char::is_control)
        && (!entry.value.contains(' ') || helper_line::store_file(&entry.value).is_some());
    match (location(entry), entry.key()) {
        (Some(place), Some(key)) if shown => Mend::Command(format!(
            "git config {place} --replace-all {} {} {}",
            typed(&key),
            typed(&entry.value),
            typed(&any_of(&[&entry.value])),
        )),
        _ => Mend::edit(entry),
    }
}

/// Returns the arguments of `configure` by which it writes a line that counts here.
fn argument(configuration: &Configuration<'_>, asked: Option<&Asked>) -> String {
    let spot = configuration.spot(asked.map(|asked| &asked.context));
    let scope = if spot.scope == "local" { " --local" } else { "" };
    let place =
        if spot.place.is_empty() { String::new() } else { format!(" {}", typed(&spot.place)) };
    format!("{scope}{place}")
}
