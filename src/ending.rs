//! What get says on a terminal at most once a day, after git has its answer: that a token ends soon, or
//! one of git's has ended; and how a token is kept for a host that has none.
//!
//! The time when it was said is kept in a small file in the user's state folder. The file's name is
//! a keyed digest of the account or host, so that it tells nobody which there are. Where the file
//! cannot be written, nothing is said, because it would be said every time.

use crate::context::Context;
use crate::credential::Username;
use crate::forge;
use crate::git::words::typed;
use crate::helper::Ending;
use crate::private_file::{self, Folder};
use crate::time::{DAY, relative};
use crate::{hex, state_folder, terminal, withheld};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::{Read, Seek, Write};
use std::time::Duration;

/// Says so, where a person reads stderr and has not been told within a day.
pub(crate) fn warn(ending: &Ending, now: u64) {
    if terminal::stderr_is_terminal()
        && let Some(folder) = state_folder::made()
        && is_first_within_a_day(&folder, ending, now)
    {
        terminal::say("get", &message(ending, now));
        terminal::hint(&format!("make a new one, then type: {}", command(ending)));
    }
}

/// Says how a token is kept for this host, if it is one where people make tokens, and a person reads
/// it who has not been told within a day.
pub(crate) fn offer(host: &Context, now: u64) {
    if terminal::stderr_is_terminal()
        && forge::likely_at(host).is_some()
        && let Some(folder) = state_folder::made()
        && is_first(&folder, &[host.to_string().as_bytes(), b"", b"no token"], 0, now, DAY)
    {
        let url = typed(&host.to_string());
        terminal::hint(&format!("to keep a token for it: git credential-pat login {url}"));
    }
}

fn message(ending: &Ending, now: u64) -> String {
    let whose = withheld::whose(&ending.context, ending.username.as_ref());
    let verb = if ending.expiry > now { "expires" } else { "expired" };
    format!("{whose} {verb} {}", relative(ending.expiry, now))
}

/// Returns the command to type.
fn command(ending: &Ending) -> String {
    withheld::login("--replace", &ending.context, ending.username.as_ref())
}

/// Returns whether this token was not spoken of within a day, and notes that it is now.
fn is_first_within_a_day(folder: &Folder, ending: &Ending, now: u64) -> bool {
    let context = ending.context.to_string();
    let username = ending.username.as_ref().map_or(&b""[..], Username::as_bytes);
    is_first(folder, &[context.as_bytes(), username], ending.stored_at, now, DAY)
}

/// Returns whether a notification of what these fields name was not sent within an hour, and notes
/// that it is now.
pub(crate) fn is_first_within_an_hour(folder: &Folder, fields: &[&[u8]], now: u64) -> bool {
    let fields: Vec<&[u8]> = fields.iter().copied().chain([&b"notified"[..]]).collect();
    is_first(folder, &fields, 0, now, DAY / 24)
}

/// The same of whatever these fields name, in this version of it, within so many seconds.
fn is_first(folder: &Folder, fields: &[&[u8]], version: u64, now: u64, within: u64) -> bool {
    let said = || -> Option<bool> {
        let mut stamp = folder.file(&name(fields, &salt(folder)?))?;
        // git runs several of us at once; the process that has the lock says it.
        stamp.try_lock().ok()?;
        let mut last = String::new();
        stamp.read_to_string(&mut last).ok()?;
        let version = format!("{version} ");
        let last = last.trim_end().strip_prefix(&version).and_then(|time| time.parse::<u64>().ok());
        if last.is_some_and(|last| last.abs_diff(now) < within) {
            return Some(false);
        }
        stamp.rewind().ok()?;
        stamp.set_len(0).ok()?;
        stamp.write_all(format!("{version}{now}\n").as_bytes()).ok()?;
        Some(true)
    };
    said().unwrap_or(false)
}

const STAMP: &str = "warned-";

/// Returns the name of an account's or host's file. Its content tells a new token from the old one.
fn name(fields: &[&[u8]], salt: &Salt) -> String {
    let mut digest = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    for field in fields {
        digest.update(&(field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    let mut name = String::from(STAMP);
    hex::push(&mut name, digest.finalize().into_bytes().into_iter().take(16));
    name
}

type Salt = [u8; 32];

/// Returns the salt that makes the digests in this folder unlike all others, and makes it where
/// there is none. Without it, anybody who sees a name could try out which account it stands for.
fn salt(folder: &Folder) -> Option<Salt> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let mut file = folder.file("salt")?;
    private_file::lock(&file, PATIENCE).then_some(())?;
    let mut salt = Salt::default();
    if file.read_exact(&mut salt).is_ok() {
        return Some(salt);
    }
    getrandom::fill(&mut salt).ok()?;
    file.rewind().ok()?;
    file.set_len(0).ok()?;
    file.write_all(&salt).ok()?;
    // An older version named the files without a salt.
    folder.remove_all(STAMP);
    Some(salt)
}

#[cfg(test)]
mod tests {
    use super::{command, is_first_within_a_day, message};
    use crate::context::Context;
    use crate::credential::Username;
    use crate::helper::Ending;
    use crate::private_file::Folder;
    use crate::time::DAY;
    use tempfile::TempDir;

    const NOW: u64 = 1_798_761_600;

    fn ending(context: &str, username: Option<&str>, expiry: u64) -> Ending {
        Ending {
            context: Context::from_canonical(context).expect("canonical"),
            username: username.map(|name| Username::new(name.as_bytes())),
            expiry,
            stored_at: 1,
        }
    }

    #[test]
    fn the_line_says_whose_token_ends_where_and_when() {
        let soon = ending("https://h.example/org", Some("alice"), NOW + 6 * DAY);
        assert_eq!(
            message(&soon, NOW),
            "the token for alice at https://h.example/org expires in 6 days"
        );
        let over = ending("https://h.example", None, NOW - 3 * DAY);
        assert_eq!(message(&over, NOW), "the token at https://h.example expired 3 days ago");
    }

    #[test]
    fn what_to_type_can_be_typed() {
        for (context, username, arguments) in [
            ("https://h.example", Some("alice"), "--username alice https://h.example"),
            ("https://h.example:8443", None, "https://h.example:8443"),
            ("https://h.example", Some("a'; b"), r"--username 'a'\''; b' https://h.example"),
            ("https://h.example", Some("-x"), "--username=-x https://h.example"),
            ("https://h.example", Some(""), "https://h.example"),
            ("https://h.example", Some("a%b"), "--username a%b https://h.example"),
            ("https://h.example", Some("ghp_TESTONLYTESTONLY"), "https://h.example"),
            ("https://h.example/it's", None, r"'https://h.example/it'\''s'"),
            ("https://h.example/a b", Some("al@h"), "--username al@h 'https://h.example/a b'"),
        ] {
            let expected = format!("git credential-pat login --replace {arguments}");
            assert_eq!(command(&ending(context, username, NOW)), expected);
        }
    }

    fn files(folder: &TempDir) -> Vec<String> {
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("a file").file_name().into_string());
        let mut names: Vec<String> = names.map(|name| name.expect("text")).collect();
        names.sort();
        names
    }

    fn folder() -> (TempDir, Folder) {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = Folder::made(temporary.path().to_owned()).expect("ours");
        (temporary, folder)
    }

    #[test]
    fn it_is_said_once_a_day_for_each_token() {
        let (temporary, folder) = folder();
        let first = |ending: &Ending, now| is_first_within_a_day(&folder, ending, now);
        let alice = ending("https://h.example", Some("alice"), NOW);
        let bob = ending("https://h.example", Some("bob"), NOW);
        assert!(first(&alice, NOW) && first(&bob, NOW));
        assert!(!first(&alice, NOW) && !first(&bob, NOW + DAY - 1));
        assert!(first(&alice, NOW + DAY));
        assert!(!first(&alice, NOW + DAY + 1));
        let renewed = Ending { stored_at: 2, ..alice };
        assert!(first(&renewed, NOW + DAY + 2));
        assert!(!first(&renewed, NOW + DAY + 3));
        let stamps = files(&temporary).iter().filter(|name| name.starts_with("warned-")).count();
        assert_eq!(stamps, 2, "a renewed token needs no other file");
        drop(temporary);
        assert!(!first(&bob, NOW + DAY), "what cannot be noted is not said");
    }

    #[test]
    fn a_stamps_name_can_be_made_by_nobody_else() {
        let alice = ending("https://h.example", Some("alice"), NOW);
        let [first, second] = [(); 2].map(|()| {
            let (temporary, folder) = folder();
            std::fs::write(temporary.path().join("warned-unsalted"), "").expect("an older one");
            assert!(is_first_within_a_day(&folder, &alice, NOW));
            files(&temporary)
        });
        assert_eq!(first[0], "salt");
        assert_eq!((first.len(), second.len()), (2, 2), "{first:?}");
        assert_ne!(first[1], second[1]);
    }
}
