//! The name of an account's credential: readable for people, and another name for every account
//! however Windows compares.
//!
//! ```text
//! git-credential-pat:https://github.com/my-org alice
//! git-credential-pat:https://github.com ^alice          the username Alice
//! git-credential-pat:https://github.com m^252;ller      the username müller
//! git-credential-pat:https://github.com                 an account without a username
//! ```
//!
//! Windows matches names without regard to case, by tables that differ between its versions, for
//! every script. So a name has small letters, digits and signs of ASCII only: a capital has a `^`
//! before it, and every other character is `^NUMBER;`, its code point.

use crate::context::Context;
use crate::context::unescape;
use crate::credential::{Account, Username};
use std::fmt::Write;

/// The beginning of our credentials' names.
pub(super) const PREFIX: &str = "git-credential-pat:";

/// Returns the name for an account.
pub(super) fn of(account: &Account) -> String {
    let mut name = of_host(&account.context);
    if !account.username.is_empty() {
        name.push(' ');
        push_folded(&mut name, &account.username.filed());
    }
    name
}

/// Returns the beginning of the names of all accounts at this context; others' names may share it.
pub(super) fn of_host(context: &Context) -> String {
    let mut name = PREFIX.to_owned();
    push_folded(&mut name, &context.to_string());
    name
}

/// Returns the account that has this name, in upper or lower case, or nothing where it is no name
/// of ours.
pub(super) fn parse(name: &str) -> Option<Account> {
    let name = name.to_ascii_lowercase();
    let text = name.strip_prefix(PREFIX)?;
    let (context, username) = text.split_once(' ').unwrap_or((text, ""));
    let account = Account {
        context: Context::from_canonical(&unfolded(context)?)?,
        username: Username::new(&unescape(&unfolded(username)?)?),
    };
    (of(&account) == name).then_some(account)
}

fn push_folded(name: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            'A'..='Z' => name.extend(['^', c.to_ascii_lowercase()]),
            // Stars and question marks are wildcards in a filter; Wine takes a backslash for `_`.
            '^' | '*' | '?' | '\\' => push_number(name, c),
            '!'..='~' => name.push(c),
            _ => push_number(name, c),
        }
    }
}

fn push_number(name: &mut String, c: char) {
    let _ = write!(name, "^{};", u32::from(c));
}

fn unfolded(name: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('^') {
        text.push_str(before);
        let first = after.chars().next()?;
        if first.is_ascii_digit() {
            let (number, tail) = after.split_once(';')?;
            text.push(char::from_u32(number.parse().ok()?)?);
            rest = tail;
        } else {
            text.push(first.to_ascii_uppercase());
            rest = &after[first.len_utf8()..];
        }
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{PREFIX, of, parse};
    use crate::context::Context;
    use crate::credential::{Account, Username};
    use std::collections::HashSet;

    fn accounts() -> Vec<Account> {
        let hosts = ["https://h.example", "https://h.example:8443", "http://[::1]:8080"];
        let paths = [&b""[..], b"a", b"A", b"a/B", b"a b*?^\\", b"\xFF%\xC3\xBC", b"1;2"];
        let names = [&b""[..], b"a", b"A", b"a a", b"^a", b"^97;", b"m\xC3\xBCller"];
        let more = [&b"M\xC3\x9CLLER"[..], b"\xFF", b"%FF", b"x*", b"x?", b"a@b.example"];
        let mut accounts = Vec::new();
        for host in hosts {
            for path in paths {
                for name in names.iter().chain(&more) {
                    let host = Context::from_canonical(host).expect("canonical");
                    let context = host.scoped(path).expect("a scope");
                    accounts.push(Account { context, username: Username::new(name) });
                }
            }
        }
        accounts
    }

    #[test]
    fn every_account_has_a_name_of_its_own_whatever_the_case() {
        let accounts = accounts();
        let folded: HashSet<_> = accounts.iter().map(|a| of(a).to_uppercase()).collect();
        assert_eq!(folded.len(), accounts.len());
        for account in &accounts {
            let name = of(account);
            assert!(name.bytes().all(|b| (b' '..=b'~').contains(&b)), "{name}");
            assert!(parse(&name).as_ref() == Some(account), "{name}");
            assert!(parse(&name.to_uppercase()).as_ref() == Some(account), "{name}");
        }
    }

    #[test]
    fn people_can_read_it() {
        let context = Context::from_canonical("https://github.com/my-org").expect("canonical");
        let name = |name: &str| {
            of(&Account { context: context.clone(), username: Username::new(name.as_bytes()) })
        };
        assert_eq!(name("alice"), "git-credential-pat:https://github.com/my-org alice");
        assert_eq!(name("Alice"), "git-credential-pat:https://github.com/my-org ^alice");
        assert_eq!(name(""), "git-credential-pat:https://github.com/my-org");
    }

    #[test]
    fn what_others_put_there_is_not_ours() {
        for text in ["", "x", "https://h.example a", "https://h.example ", "https://h.example a b"]
        {
            assert!(parse(&format!("{PREFIX}{text}")).is_none() || text.ends_with(" a"), "{text}");
        }
        for text in ["^", "a^", "^97;", "^1", "^99999999999;", "^;", "^^", "\u{e9}", "a^032;"] {
            assert!(parse(&format!("{PREFIX}https://h.example {text}")).is_none(), "{text}");
        }
        assert!(parse("git:https://h.example").is_none());
    }
}
