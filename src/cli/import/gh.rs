//! Reads gh's hosts file, and gh's entries in the keyring.
//!
//! The file is YAML, but gh alone writes it, always in the same few lines. They are read here by
//! hand, because a YAML library would bring far more than they need and make copies of the tokens.
//! A file in which a line that matters has another form is refused as a whole. A host's other
//! settings, such as an editor's command, may be any YAML.
//!
//! ```yaml
//! github.com:
//!     users:
//!         alice:
//!             oauth_token: gho_…
//!     git_protocol: https        passed over
//!     user: alice
//!     oauth_token: gho_…         the active user's again
//! ```
//!
//! After a logout nothing is left of a host, and after the last one the file is `{}`. Variables
//! such as `GITHUB_TOKEN`, which gh reads before its file, are not gh's own and are not read here.
//!
//! The token of a user who has none in the file is in an entry of the keyring with the service
//! `gh:github.com` and the user's name. gh before 2.40 has one entry for each host, without a user.
//! The entry is read here, and gh is not started. gh needs its file and its entries, so nothing is
//! removed from them.

use super::found::{Entry, Source, credential};
use super::keyring;
use super::plain_file::PlainFile;
use crate::context::{Context, escape};
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::family;
use crate::plain_text::without_mark;
use crate::secret::Secret;
use std::path::Path;

/// Returns the entries of the file, or nothing where there is no file.
///
/// # Errors
/// Where the file cannot be read, or is not as gh writes it.
pub(super) fn read(path: &Path, name: &str) -> Result<Option<Source>, Error> {
    let Some(file) = PlainFile::read(path)? else { return Ok(None) };
    let hosts = hosts(file.content())
        .ok_or(Error::Refused("gh's hosts file is not as gh writes it, and is left alone"))?;
    let mut entries = Vec::new();
    for host in &hosts {
        for (user, token) in tokens(host, family::read) {
            let whose = user.map(|user| format!("{user} at ")).unwrap_or_default();
            let label = escape(format!("{whose}{}", host.name).as_bytes());
            entries.push(Entry::new(entries.len(), label, token));
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
    /// The active user.
    user: Option<&'a str>,
    token: Option<&'a str>,
    users: Vec<(&'a str, Option<&'a str>)>,
}

/// A function that reads the keyring's entry of a service and a user.
type Keyring = fn(&str, &str) -> Result<Secret, Error>;

/// A user, if there is a name, and the token or the reason why there is none.
type Found<'a> = (Option<&'a str>, Result<Credential, &'static str>);

/// Returns the tokens of a host. The active account's comes first: git was given that one so far.
fn tokens<'a>(host: &Host<'a>, keyring: Keyring) -> Vec<Found<'a>> {
    let Some(context) = Context::of_host(b"https", host.name.as_bytes()) else {
        return vec![(None, Err("its host cannot be one that git asks for"))];
    };
    let service = format!("gh:{}", host.name);
    let found = |user: Option<&'a str>, token: Option<&str>, entries: &[&str]| {
        let token = match token {
            Some(token) => Secret::new(token.as_bytes()),
            None => first(keyring, &service, entries)?,
        };
        let username = user.map(|user| Username::new(user.as_bytes()));
        credential(context.clone(), username, token)
    };
    let of_user = |user: &str| host.users.iter().find(|(name, _)| *name == user);
    let active = host.token.or_else(|| of_user(host.user?)?.1);
    let entries = [host.user.unwrap_or_default(), ""];
    let mut tokens = vec![(host.user, found(host.user, active, &entries))];
    let others = host.users.iter().filter(|(user, _)| Some(*user) != host.user);
    tokens.extend(others.map(|(user, token)| (Some(*user), found(Some(user), *token, &[user]))));
    tokens
}

/// Returns the keyring's secret for the first of these users that has an entry.
fn first(keyring: Keyring, service: &str, users: &[&str]) -> Result<Secret, &'static str> {
    let mut result = Err(Error::NoEntry);
    for user in users {
        result = keyring(service, user);
        if !matches!(result, Err(Error::NoEntry)) {
            break;
        }
    }
    result.map_err(|error| match error {
        Error::NoEntry => "neither gh's file nor the keyring has its token",
        error => keyring::reason(error),
    })
}

fn hosts(content: &[u8]) -> Option<Vec<Host<'_>>> {
    let text = std::str::from_utf8(&content[without_mark(content)]).ok()?;
    let mut hosts: Vec<Host<'_>> = Vec::new();
    // The keys above the line, each with its indentation.
    let mut above: Vec<(usize, &str)> = Vec::new();
    let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
    // The indentation of a key that is passed over together with the lines below it.
    let mut passed_over: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.trim_end().is_empty() || content.starts_with('#') {
            continue;
        }
        if passed_over.is_some_and(|key| indent > key || (indent == key && is_item(content))) {
            continue;
        }
        passed_over = None;
        if indent == 0 && matches!(content.trim_end(), "{}" | "---" | "null") {
            continue;
        }
        let (key, value) = pair(content)?;
        above.retain(|(other, _)| *other < indent);
        let path: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        match (path.as_slice(), key) {
            ([], host) => {
                hosts.push(Host { name: host, ..Host::default() });
                nothing(value)?;
            }
            ([_], "user") => hosts.last_mut()?.user = given(text_of(value)?),
            ([_], "oauth_token") => hosts.last_mut()?.token = given(text_of(value)?),
            ([_], "users") => nothing(value)?,
            ([_, "users"], user) => {
                hosts.last_mut()?.users.push((user, None));
                nothing(value)?;
            }
            ([_, "users", _], "oauth_token") => {
                hosts.last_mut()?.users.last_mut()?.1 = given(text_of(value)?);
            }
            ([_] | [_, "users", _], _) => passed_over = Some(indent),
            _ => return None,
        }
        above.push((indent, key));
    }
    hosts.retain(|host| host.user.is_some() || host.token.is_some() || !host.users.is_empty());
    Some(hosts)
}

/// Splits `key: value` or `key:`. The value stays as it is written.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end();
    let (key, value) = match line.split_once(": ") {
        Some(pair) => pair,
        None => (line.strip_suffix(':')?, ""),
    };
    Some((scalar(key).filter(|key| !key.is_empty())?, value.trim_start()))
}

/// Returns whether a line is an item of a list. It may be below its key without an indentation.
fn is_item(line: &str) -> bool {
    line == "-" || line.starts_with("- ")
}

/// Fails where a key has a value although lines are to follow below it.
fn nothing(value: &str) -> Option<()> {
    text_of(value)?.is_empty().then_some(())
}

/// Returns the text of a value, which is empty where there is none. Returns nothing for a value
/// that is no text.
fn text_of(value: &str) -> Option<&str> {
    if matches!(value, "{}" | "null" | "~") { Some("") } else { scalar(value) }
}

/// Returns a plain or quoted text of one line. Returns nothing where quotes, escapes or YAML's
/// other signs could mean more than they show.
fn scalar(text: &str) -> Option<&str> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = quoted('"').or_else(|| quoted('\'')) {
        return Some(inner).filter(|inner| !inner.contains(['"', '\'', '\\']));
    }
    let special = |c: char| c.is_control() || "\"'&*!|>%@`#?,[]\\".contains(c);
    (!text.contains(|c: char| special(c) || "{}".contains(c))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Host, hosts, tokens};
    use crate::error::Error;
    use crate::secret::Secret;

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
    fn what_else_a_host_has_is_passed_over() {
        let text = "\u{feff}---\r\ngithub.com:\r\n    editor: vim -c \"x\"\r\n    prompt: |\r\n        \
                    user: mallory\r\n      oauth_token: gho_TESTONLY0\r\n    list:\r\n    - a\r\n    \
                    browser: \"a\r\n        b: c\r\n\r\n        *d\"\r\n    user: alice\r\n    \
                    users:\r\n        alice:\r\n            editor: !x {a: \"b\r\n    \
                    oauth_token: gho_TESTONLY1\r\n";
        let expected =
            "github.com Some(\"alice\") Some(\"gho_TESTONLY1\") [(\"alice\", None)]".to_owned();
        assert_eq!(read(text), Some(vec![expected]));
    }

    #[test]
    fn after_a_logout_nothing_is_left() {
        for text in [
            "",
            "{}",
            "{}\n",
            "---\n{}\n",
            "null\n",
            "# nothing\n",
            "github.com: {}\n",
            "github.com:\n    users: {}\n    git_protocol: https\n",
            "github.com:\n    user: \"\"\n",
        ] {
            assert_eq!(read(text), Some(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_the_file_lacks_is_the_keyrings_entry_of_that_user() {
        fn keyring(service: &str, user: &str) -> Result<Secret, Error> {
            match (service, user) {
                ("gh:new.example", "alice") => Ok(Secret::new(b"gho_TESTONLY1")),
                ("gh:new.example", "bob") => Ok(Secret::new(b"gho_TESTONLY2")),
                ("gh:new.example" | "gh:old.example", "") => Ok(Secret::new(b"gho_TESTONLY3")),
                ("gh:locked.example", _) => Err(Error::Locked),
                _ => Err(Error::NoEntry),
            }
        }
        let absent = Err("neither gh's file nor the keyring has its token");
        for (host, user, users, expected) in [
            (
                "new.example",
                Some("alice"),
                &["alice", "bob", "carol"][..],
                vec![Ok("alice gho_TESTONLY1"), Ok("bob gho_TESTONLY2"), absent],
            ),
            ("old.example", Some("dave"), &[], vec![Ok("dave gho_TESTONLY3")]),
            ("old.example", None, &[], vec![Ok("token gho_TESTONLY3")]),
            ("locked.example", Some("dave"), &[], vec![Err("the keychain is locked")]),
            ("none.example", Some("dave"), &[], vec![absent]),
        ] {
            let users = users.iter().map(|user| (*user, None)).collect();
            let host = Host { name: host, user, token: None, users };
            let found = tokens(&host, keyring).into_iter().map(|(_, token)| {
                let token = token?;
                let text = String::from_utf8_lossy(token.token.expose()).into_owned();
                Ok(format!("{} {text}", token.account().username))
            });
            let found: Vec<Result<String, &str>> = found.collect();
            let expected: Vec<_> = expected.into_iter().map(|e| e.map(str::to_owned)).collect();
            assert_eq!(found, expected, "{}", host.name);
        }
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
            "github.com:\n  users: {a: {oauth_token: gho_TESTONLY1}}",
            "github.com:\n  users:\n    a: x",
            "github.com:\n  users:\n    - a",
            "github.com:\n  oauth_token: !!str gho_TESTONLY1",
            "{\"github.com\": {}}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
