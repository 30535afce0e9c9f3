//! What get says on a terminal at most once a day, after git has its answer: that a token ends soon, or
//! one of git's has ended; and how a token is kept for a host that has none.
//!
//! What was said is noted, see [`stamp`](crate::stamp).

use crate::context::Context;
use crate::credential::Username;
use crate::forge;
use crate::git::words::typed;
use crate::helper::Ending;
use crate::private_file::Folder;
use crate::stamp::is_first;
use crate::time::{DAY, relative};
use crate::{state_folder, terminal, withheld};

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
