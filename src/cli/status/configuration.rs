//! What git is configured to do at a place: whom it asks, in which order, and what keeps it from
//! asking at all.

use super::finding::{Finding, Mend, below_home, location, origin};
use super::places::Asked;
use super::sources;
use crate::arguments::HelperOptions;
use crate::context::escape;
use crate::credential::Username;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line::{self, Helper};
use crate::git::words::{any_of, typed};
use crate::source::SourceOptions;
use serde_json::{Value, json};
use std::env;

/// Whom git asks at a place.
pub(in crate::cli) struct Configuration<'a> {
    helpers: Vec<(&'a Entry, Helper)>,
    /// Whether it sends the path.
    pub(super) sends_path: bool,
    /// The username that it asks for where the URL has none.
    pub(super) username: Option<Username>,
    /// Where our line stands.
    ours: Option<usize>,
    /// The place as an argument of our own commands: a blank and a URL, or nothing.
    argument: String,
    /// Without a place in particular: our options for the places for which git asks us.
    elsewhere: Option<HelperOptions>,
}

impl<'a> Configuration<'a> {
    pub(in crate::cli) fn at(entries: &'a Entries, asked: Option<&Asked>) -> Self {
        let url = asked.map(|asked| asked.url.as_str());
        let helpers = entries.helpers_at(url);
        let settings = entries.at("credential", url);
        let sends_path = sends_path(&settings);
        let username = settings.iter().rev().find(|entry| entry.name == "username");
        let username = username.map(|entry| Username::new(entry.value.as_bytes()));
        let ours = helpers.iter().position(|(_, helper)| matches!(helper, Helper::Ours(_)));
        let lines = entries.named("credential", "helper").filter(|_| asked.is_none());
        let elsewhere = lines.rev().find_map(|entry| match Helper::parse(&entry.value) {
            Helper::Ours(options) => options.map(|options| *options),
            _ => None,
        });
        let argument = argument(entries, asked);
        Self { helpers, sends_path, username, ours, argument, elsewhere }
    }

    /// The options of our line that has a keychain, if there is one.
    pub(super) fn our_options(&self) -> Option<&HelperOptions> {
        let here = self.helpers.iter().find_map(|(_, helper)| match helper {
            Helper::Ours(Some(options)) if options.source.is_none() => Some(&**options),
            _ => None,
        });
        here.or(self.elsewhere.as_ref().filter(|options| options.source.is_none()))
    }

    /// Whether git asks us here, in whatever way.
    pub(super) fn has_ours(&self) -> bool {
        self.ours.is_some()
    }

    /// The sources of tokens that lines of ours have in place of a keychain.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SourceOptions> {
        self.helpers.iter().filter_map(|(_, helper)| match helper {
            Helper::Ours(Some(options)) => options.source.as_ref(),
            _ => None,
        })
    }

    /// Whether there is one.
    pub(super) fn has_source(&self) -> bool {
        self.sources().next().is_some()
    }

    /// Whether git asks us, and never for what is in a keychain.
    pub(super) fn has_only_sources(&self) -> bool {
        self.has_source() && !self.helpers.iter().any(|(_, helper)| helper.is_our_keychain())
    }

    /// The helpers in git's order, each with where it is configured.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        self.helpers.iter().map(|(entry, helper)| (name(entry, helper), origin(entry))).collect()
    }

    /// The other helpers that git asks here.
    pub(in crate::cli) fn other_names(&self) -> Vec<String> {
        let others = self.helpers.iter().filter(|(_, helper)| !matches!(helper, Helper::Ours(_)));
        others.map(|(entry, helper)| name(entry, helper)).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let helpers = self.helpers.iter().map(|(entry, helper)| {
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

    /// What is wrong with the helpers.
    pub(in crate::cli) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.about_ours();
        self.about_others(&mut findings);
        self.about_doubles(&mut findings);
        findings
    }

    fn configure(&self, options: &str) -> Mend {
        Mend::ours(&format!("configure {options}--yes{}", self.argument))
    }

    fn about_ours(&self) -> Vec<Finding> {
        let others = self.other_names();
        if !self.has_ours() {
            if self.elsewhere.is_some() {
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
        for (entry, helper) in &self.helpers {
            let Helper::Ours(options) = helper else { continue };
            let place = origin(entry);
            if options.is_none() {
                let what = format!("the options of this helper in {place} are wrong");
                findings.push(Finding::wrong("wrong-options", what, self.configure("")));
            }
            let (word, path) = helper_line::our_program(&entry.value);
            match path {
                None if word == "pat" => findings.push(Finding::wrong(
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
        }
        findings
    }

    fn about_others(&self, findings: &mut Vec<Finding>) {
        for (at, (entry, helper)) in self.helpers.iter().enumerate() {
            let place = origin(entry);
            let first = self.ours.is_some_and(|ours| at < ours);
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
                    Mend::Advice(_) if self.has_ours() => self.configure("--only "),
                    mend => mend,
                };
                findings.push(Finding::wrong("plain-text-helper", what, mend));
            } else if first {
                let what = format!(
                    "git asks {name} first and this helper only where it has no answer ({place})"
                );
                findings.push(Finding::wrong("asked-first", what, self.configure("--only ")));
            } else if self.has_ours() {
                let what = format!("git gives a copy of every token to {name}, too ({place})");
                let mend = Mend::unset(entry, &pattern(name, line));
                findings.push(Finding::note("gets-copies", what, mend));
            }
        }
    }

    fn snippet(&self, entry: &Entry, first: bool) -> Finding {
        let place = origin(entry);
        let pattern = "^!";
        // Where a pattern of ours would hit more than snippets a person must look.
        let alone = self.helpers.iter().all(|(other, helper)| {
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
        for (at, (entry, helper)) in self.helpers.iter().enumerate() {
            let is_same = |(other, earlier): &(&Entry, Helper)| match (earlier, helper) {
                (Helper::Ours(Some(a)), Helper::Ours(Some(b))) => {
                    a.source.is_none() && b.source.is_none() && a.kind == b.kind
                }
                (Helper::Other(a), Helper::Other(b)) => a == b && *other.value == *entry.value,
                _ => false,
            };
            let Some((first, _)) = self.helpers[..at].iter().find(|earlier| is_same(earlier))
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

/// Whether git sends the path where these settings count.
pub(super) fn sends_path(settings: &[&Entry]) -> bool {
    let last = settings.iter().rev().find(|entry| entry.name == "usehttppath");
    last.is_some_and(|entry| is_true(&entry.value))
}

/// What else decides about requests here, outside of `credential.helper`.
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
                "git sends a token of its own, from {}, and asks no helper; it is not shown",
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

/// What git asks after the helpers, and whether it lets them ask: for people to know.
pub(super) fn others(entries: &Entries) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let asks = variable("GIT_ASKPASS")
        .map(|program| (program, "GIT_ASKPASS"))
        .or_else(|| Some((entries.value("core", "askpass")?.to_owned(), "core.askPass")))
        .or_else(|| Some((variable("SSH_ASKPASS")?, "SSH_ASKPASS")));
    if let Some((program, from)) = asks {
        lines.push(("asks", format!("{} ({from}), after the helpers", escape(program.as_bytes()))));
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

/// A helper, without what may be secret.
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

/// A pattern for the lines of this helper, without its options.
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

/// Leaves one of our lines in this section.
fn configure_at(entry: &Entry) -> Mend {
    let place = entry.subsection.as_str();
    let place = if place.is_empty() { String::new() } else { format!(" {}", typed(place)) };
    Mend::ours(&format!("configure --yes{place}"))
}

/// Leaves one of several equal lines.
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

/// Where `configure` must write so that it counts: after the last line that makes git forget the
/// helpers before it.
fn argument(entries: &Entries, asked: Option<&Asked>) -> String {
    let lines = entries.at("credential", asked.map(|asked| asked.url.as_str()));
    let is_reset = |entry: &&&Entry| entry.name == "helper" && entry.value.is_empty();
    let Some(reset) = lines.iter().rev().find(is_reset) else { return String::new() };
    let scope = if matches!(reset.scope.as_str(), "local" | "worktree") { " --local" } else { "" };
    match asked {
        Some(asked) if !reset.subsection.is_empty() => {
            let host = asked.context.host_level().to_string();
            let is_whole = reset.subsection.contains("://") && reset.key().is_some();
            format!("{scope} {}", typed(if is_whole { &reset.subsection } else { &host }))
        }
        _ => scope.to_owned(),
    }
}

fn is_true(value: &str) -> bool {
    ["", "true", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        || value.parse::<i64>().is_ok_and(|number| number != 0)
}
