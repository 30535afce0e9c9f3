//! gh's hosts file, and what gh keeps elsewhere.
//!
//! The file is YAML, but gh alone writes it, always in the same few lines; they are read here
//! by hand, because a YAML library would bring far more than they need and copy the tokens
//! about. What is not of this form is refused as a whole.
//!
//! ```yaml
//! github.com:
//!     users:
//!         alice:
//!             oauth_token: gho_…
//!     user: alice
//!     oauth_token: gho_…         the active user's again
//! ```
//!
//! A user without a token has it in gh's own keychain item: gh is asked, as git would ask it.
//! gh needs what is in its file, so nothing is removed from there.

use super::found::{Entry, Source, credential};
use super::other_helper;
use super::plain_file::PlainFile;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::secret::Secret;
use std::path::Path;
use std::process::Command;

/// What the file holds; nothing where there is none.
///
/// # Errors
/// Where it cannot be read, or is not as gh writes it.
pub(super) fn read(path: &Path, name: &str) -> Result<Option<Source>, Error> {
    let Some(file) = PlainFile::read(path)? else { return Ok(None) };
    let hosts = hosts(file.content())
        .ok_or(Error::Refused("gh's hosts file is not as gh writes it, and is left alone"))?;
    let mut entries = Vec::new();
    for host in &hosts {
        let label = crate::context::escape(host.name.as_bytes());
        for token in tokens(host) {
            entries.push(Entry { number: entries.len(), label: label.clone(), token });
        }
    }
    let remark = "gh keeps its own copy: gh auth logout removes it, and exec gives gh the token";
    Ok(Some(Source {
        name: name.to_owned(),
        entries,
        removal: None,
        remark: Some(remark),
        sends_path: false,
    }))
}

#[derive(Default)]
struct Host<'a> {
    name: &'a str,
    /// The active one.
    user: Option<&'a str>,
    token: Option<&'a str>,
    users: Vec<(&'a str, Option<&'a str>)>,
}

/// The active account first: it is the one that git was given so far.
fn tokens(host: &Host<'_>) -> Vec<Result<Credential, &'static str>> {
    let Some(context) = Context::of_host(b"https", host.name.as_bytes()) else {
        return vec![Err("its host cannot be one that git asks for")];
    };
    let found = |user: Option<&str>, token: &str| {
        let username = user.map(|user| Username::new(user.as_bytes()));
        credential(context.clone(), username, Secret::new(token.as_bytes()))
    };
    let of_user = |user: &str| host.users.iter().find(|(name, _)| *name == user);
    let active = host.token.or_else(|| of_user(host.user?)?.1);
    let mut tokens = vec![match active {
        Some(token) => found(host.user, token),
        None => other_helper::ask(gh(), &context),
    }];
    let others = host.users.iter().filter(|(user, _)| Some(*user) != host.user);
    tokens.extend(others.map(|(user, token)| match token {
        Some(token) => found(Some(user), token),
        None => Err("gh gives only the active account's: gh auth switch, then repeat"),
    }));
    tokens
}

/// gh as git would run it.
fn gh() -> Command {
    let mut command = Command::new("gh");
    command.args(["auth", "git-credential", "get"]);
    command
}

fn hosts(content: &[u8]) -> Option<Vec<Host<'_>>> {
    let text = std::str::from_utf8(content).ok()?;
    let mut hosts: Vec<Host<'_>> = Vec::new();
    // The keys that the line is below, each with its indentation.
    let mut above: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (key, value) = pair(content)?;
        above.retain(|(other, _)| *other < indent);
        let path: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        match (path.as_slice(), key) {
            ([], host) if value.is_none() => {
                hosts.push(Host { name: host, ..Host::default() });
            }
            ([], _) => return None,
            ([_], "user") => hosts.last_mut()?.user = value,
            ([_], "oauth_token") => hosts.last_mut()?.token = value,
            ([_, "users"], user) => hosts.last_mut()?.users.push((user, None)),
            ([_, "users", _], "oauth_token") => hosts.last_mut()?.users.last_mut()?.1 = value,
            _ => {}
        }
        above.push((indent, key));
    }
    Some(hosts)
}

/// `key: value` or `key:`.
fn pair(line: &str) -> Option<(&str, Option<&str>)> {
    let line = line.trim_end();
    let (key, value) = match line.strip_suffix(':') {
        Some(key) => (key, ""),
        None => line.split_once(": ")?,
    };
    let value = scalar(value.trim_start())?;
    let value = Some(value).filter(|value| !matches!(*value, "" | "{}" | "null"));
    Some((scalar(key).filter(|key| !key.is_empty())?, value))
}

/// A plain or quoted text of one line. Nothing where quotes, escapes or YAML's other signs
/// could mean more than they show.
fn scalar(text: &str) -> Option<&str> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = quoted('"').or_else(|| quoted('\'')) {
        return Some(inner).filter(|inner| !inner.contains(['"', '\'', '\\']));
    }
    let special = |c: char| c.is_control() || "\"'&*!|>%@`#?,[]\\".contains(c);
    (text == "{}" || !text.contains(|c: char| special(c) || "{}".contains(c))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Host, hosts};

    fn read(text: &str) -> Option<Vec<String>> {
        let show = |host: &Host<'_>| {
            format!("{} {:?} {:?} {:?}", host.name, host.user, host.token, host.users)
        };
        hosts(text.as_bytes()).map(|hosts| hosts.iter().map(show).collect())
    }

    #[test]
    fn the_lines_that_gh_writes_are_read() {
        let text = "github.com:\n    git_protocol: https\n    users:\n        alice:\n            \
                    oauth_token: gho_TESTONLY1\n        \"123\": {}\n    user: alice\n    \
                    oauth_token: gho_TESTONLY1\n# old\ngh.example:\n  user: 'bob'\n  \
                    oauth_token: gho_TESTONLY2\n";
        let expected = [
            "github.com Some(\"alice\") Some(\"gho_TESTONLY1\") \
             [(\"alice\", Some(\"gho_TESTONLY1\")), (\"123\", None)]",
            "gh.example Some(\"bob\") Some(\"gho_TESTONLY2\") []",
        ];
        assert_eq!(read(text), Some(expected.map(str::to_owned).into()));
        assert_eq!(read(""), Some(Vec::new()));
    }

    #[test]
    fn what_gh_would_not_write_is_refused() {
        for text in [
            "github.com: {user: a}",
            "github.com:\n\tuser: a",
            "github.com:\n  user: &a b",
            "github.com:\n  user: *a",
            "github.com:\n  user: \"a\\nb\"",
            "github.com:\n  user: |\n    a",
            "- github.com",
            "github.com: x",
            "github.com:\n  user",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
