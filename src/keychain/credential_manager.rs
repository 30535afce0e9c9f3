//! Windows' Credential Manager: encrypted on disk under the user's logon, seen in the control
//! panel under *Windows Credentials*, *Generic Credentials*.
//!
//! | here | there |
//! |---|---|
//! | an account | a generic credential, `git-credential-pat:CONTEXT USERNAME` ([`name`]) |
//! | a longer one | the same, holding `NUL ID COUNT DIGEST`, and COUNT of `git-credential-pat_part:CONTEXT USERNAME ID.NUMBER` |
//! | write | `CredWriteW`, which replaces a credential of this name in one step |
//!
//! What is odd there:
//! - Names are matched without regard to case, in a way that differs between systems. So ours have
//!   no capitals, and nothing else that could be folded ([`name`]).
//! - A credential holds 2,560 bytes at most, and an installation token or a JWT can be longer. The
//!   parts of a new token are written first, under an identifier that no other has; then one write
//!   of the account's own credential leads to them; then the old parts are deleted. A reader that
//!   finds a part gone begins again. A writer that is killed leaves parts to which nothing leads:
//!   the next writer, whatever it writes, deletes them, by a note that was written before
//!   ([`unfinished`]). Writers take a lock, so that none tidies up after one that still works.
//! - The length of a credential can be seen without a key, by the length of its file. So an
//!   account's own is always filled up to the limit, with NULs, with which no content ends. (Wine
//!   needs it, too: it asks for a credential's length first and then reads, and a longer one that
//!   replaces it in between overruns its memory.)
//! - It has no deadline and no prompts: the calls go to a service of the system that is there
//!   as long as the system is. It is locked exactly when nobody is logged on.
//! - A network logon, such as SSH with a key, has no credentials at all.

mod calls;
mod name;
mod parts;
mod unfinished;

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::hardening;
use crate::keychain::lock::{self, Lock};
use crate::keychain::{Found, ItemId, Keychain, Kind, NOT_OURS, item};
use calls::MAX_BLOB;
use parts::Parts;
use zeroize::Zeroizing;

/// How often an account is read again because its token was replaced meanwhile.
const TRIES: usize = 8;

/// See the [module](self).
pub struct CredentialManager;

impl Keychain for CredentialManager {
    fn kind(&self) -> Kind {
        Kind::CredentialManager
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        if let Some(username) = username {
            return named(contexts, username);
        }
        let Some(host) = contexts.first().map(Context::host_level) else {
            return Ok(Vec::new());
        };
        let mut accounts = accounts(&name::of_host(&host))?;
        accounts.retain(|(_, account)| contexts.contains(&account.context));
        Ok(accounts.into_iter().map(|(found, _)| found).collect())
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        accounts(name::PREFIX)
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        let username = |found: &Found| {
            name::parse(&found.id.0).map(|account| account.username).ok_or(NOT_OURS)
        };
        found.iter().map(username).collect()
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        let mut credentials = Vec::with_capacity(found.len());
        for found in found {
            if let Some(content) = content(&found.id.0)? {
                credentials.push((found.clone(), item::decode(&content.into())?));
            }
        }
        Ok(credentials)
    }

    fn write(&mut self, _at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        let account = credential.account();
        let name = name::of(&account);
        let username = account.username.filed();
        let content = item::Content::of(credential).to_bytes();
        let change = Change::begin(&name)?;
        if content.len() <= MAX_BLOB {
            change.note(None)?;
            calls::write(&name, &username, &*filled(&content))?;
        } else {
            let parts = Parts::of(&content)?;
            change.note(Some(&parts))?;
            let written = parts
                .write(&name, &content)
                .and_then(|()| calls::write(&name, &username, &*filled(&parts.to_head())));
            if written.is_err() {
                parts.delete(&name);
                return written;
            }
        }
        change.end();
        Ok(())
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        let name = &found.id.0;
        let change = Change::begin(name)?;
        change.note(None)?;
        calls::delete(name)?;
        change.end();
        Ok(())
    }
}

/// A write or a deletion at one name, and the parts to delete after it.
struct Change<'a> {
    name: &'a str,
    replaced: Option<Parts>,
    lock: Option<Lock>,
}

impl<'a> Change<'a> {
    /// Waits for other writers, and tidies up after one that died.
    fn begin(name: &'a str) -> Result<Self, Error> {
        let lock = lock::acquire_second();
        if lock.is_some() {
            unfinished::end(parts_of);
        }
        Ok(Self { name, replaced: parts_of(name)?, lock })
    }

    /// Notes the parts that a killed process must not leave behind, if there are any.
    fn note(&self, new: Option<&Parts>) -> Result<(), Error> {
        let parts: Vec<&Parts> = self.replaced.iter().chain(new).collect();
        if parts.is_empty() { Ok(()) } else { unfinished::note(self.name, &parts) }
    }

    /// Deletes parts to which nothing leads any more. The next change deletes what this one cannot.
    fn end(self) {
        if self.lock.is_some() {
            unfinished::end(parts_of);
        } else if let Some(parts) = &self.replaced {
            parts.delete(self.name);
        }
    }
}

/// Returns the accounts of this username. Each is asked for by its name, so that no other account's
/// token comes along.
fn named(contexts: &[Context], username: &Username) -> Result<Vec<Found>, Error> {
    hardening::hide_memory();
    let mut found = Vec::new();
    for context in contexts {
        let account = Account { context: context.clone(), username: username.clone() };
        let name = name::of(&account);
        if calls::read(&name)?.is_some() {
            found.push(Found { id: ItemId(name), context: account.context, locked: false });
        }
    }
    Ok(found)
}

/// Returns the accounts whose names begin so. Their tokens come along, so from here on no other
/// process may read this one's memory.
fn accounts(begin: &str) -> Result<Vec<(Found, Account)>, Error> {
    hardening::hide_memory();
    let names = calls::names(begin)?;
    let account = |text: String| {
        let account = name::parse(&text)?;
        let context = account.context.clone();
        Some((Found { id: ItemId(name::of(&account)), context, locked: false }, account))
    };
    Ok(names.into_iter().filter_map(account).collect())
}

/// Returns the content of an account's own credential, without the NULs that fill it up.
fn head(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let mut head = calls::read(name)?;
    if let Some(head) = &mut head {
        let end = head.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        head.truncate(end);
    }
    Ok(head)
}

/// Returns a content, filled up to the length of all others.
fn filled(content: &[u8]) -> Zeroizing<[u8; MAX_BLOB]> {
    let mut blob = Zeroizing::new([0; MAX_BLOB]);
    blob[..content.len()].copy_from_slice(content);
    blob
}

/// Returns the whole content under a name, or nothing where there is none.
fn content(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    for _ in 0..TRIES {
        let Some(head) = head(name)? else { return Ok(None) };
        let Some(parts) = Parts::from_head(&head)? else { return Ok(Some(head)) };
        if let Some(content) = parts.read(name)? {
            return Ok(Some(content));
        }
    }
    Err(Error::Damaged)
}

/// Returns the parts to which a name leads.
fn parts_of(name: &str) -> Result<Option<Parts>, Error> {
    let head = head(name)?;
    // A credential that cannot be understood is replaced or deleted like any other.
    Ok(head.and_then(|head| Parts::from_head(&head).ok().flatten()))
}

#[cfg(test)]
mod tests {
    use super::{CredentialManager, calls, name, parts, parts_of};
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::error::Error;
    use crate::keychain::Keychain;
    use crate::secret::Secret;

    /// An account on a host that no other test has. It is gone when the test ends.
    struct Alone {
        keychain: CredentialManager,
        context: Context,
    }

    impl Alone {
        fn new(host: &str) -> Self {
            let host = format!("{host}-{}.example", std::process::id());
            let context = Context::of_host(b"https", host.as_bytes()).expect("a host");
            Self { keychain: CredentialManager, context }
        }

        fn credential(&self, username: &str, token: &[u8]) -> Credential {
            let username = Some(Username::new(username.as_bytes()));
            Credential::new(self.context.clone(), username, Secret::new(token), 1)
        }

        fn write(&mut self, username: &str, token: &[u8]) {
            let credential = self.credential(username, token);
            self.keychain.write(None, &credential).expect("written");
        }

        fn token(&mut self, username: &str) -> Option<Vec<u8>> {
            let username = Username::new(username.as_bytes());
            let found = self
                .keychain
                .find(std::slice::from_ref(&self.context), Some(&username))
                .expect("found");
            let read = self.keychain.read(&found).expect("read");
            read.first().map(|(_, credential)| credential.token.expose().to_vec())
        }

        fn name(&self, username: &str) -> String {
            name::of(&self.credential(username, b"").account())
        }

        fn parts(&self) -> usize {
            let begin = name::of_host(&self.context).replacen(name::PREFIX, parts::PREFIX, 1);
            calls::names(&begin).expect("names").len()
        }
    }

    impl Drop for Alone {
        fn drop(&mut self) {
            for found in
                self.keychain.find(std::slice::from_ref(&self.context), None).expect("found")
            {
                self.keychain.delete(&found).expect("deleted");
            }
        }
    }

    #[test]
    fn accounts_that_differ_in_case_only_do_not_answer_for_each_other() {
        let mut alone = Alone::new("case");
        for name in ["alice", "Alice", "ALICE", "\u{e9}", "\u{c9}", "^a", "A"] {
            assert_eq!(alone.token(name), None, "{name}");
            alone.write(name, format!("TESTONLY-{name}").as_bytes());
        }
        for name in ["alice", "Alice", "ALICE", "\u{e9}", "\u{c9}", "^a", "A"] {
            assert_eq!(alone.token(name), Some(format!("TESTONLY-{name}").into_bytes()));
        }
        assert_eq!(alone.token("a"), None);
    }

    #[test]
    fn a_token_of_any_length_is_kept_whole_and_leaves_nothing_behind() {
        let mut alone = Alone::new("length");
        for length in [0, 1, 2_400, 2_559, 2_560, 2_561, 5_120, 16_384, 65_536, 10] {
            let token: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
            alone.write("alice", &token);
            assert_eq!(alone.token("alice").as_ref(), Some(&token), "{length}");
            // The content holds the context, the username and the time of storing, too.
            assert_eq!(alone.parts() == 0, length <= 2_400, "{length}");
        }
        assert_eq!(alone.parts(), 0);
        alone.write("alice", &[b'x'; 9_000]);
        assert_eq!(alone.parts(), 4);
        let found = alone.keychain.find(&[alone.context.clone()], None).expect("found");
        alone.keychain.delete(&found[0]).expect("deleted");
        assert_eq!((alone.token("alice"), alone.parts()), (None, 0));
    }

    #[test]
    fn who_is_killed_at_any_call_leaves_the_old_token_or_the_new_one() {
        let mut alone = Alone::new("killed");
        let tokens = [vec![b'o'; 9_000], vec![b'n'; 12_000], b"TESTONLY".to_vec(), vec![]];
        for (old, new) in [(0, 1), (1, 0), (0, 2), (2, 1), (2, 3), (3, 1), (1, 3)] {
            let (old, new) = (&tokens[old], &tokens[new]);
            let mut seen = [false; 2];
            for calls in 0.. {
                alone.write("alice", old);
                calls::death::after(Some(calls));
                let credential = alone.credential("alice", new);
                let written = alone.keychain.write(None, &credential).is_ok();
                let died = calls::death::has_come();
                calls::death::after(None);
                let token = alone.token("alice").expect("a token");
                assert!(token == *old || token == *new, "killed after {calls}");
                assert!(token == *new || !written, "it said that it was written");
                seen[usize::from(token == *new)] = true;
                if !died {
                    break;
                }
                // The next write tidies up, whatever it writes.
                alone.write("bob", b"TESTONLY");
                let led_to = parts_of(&alone.name("alice")).expect("read").map_or(0, |p| p.count());
                assert_eq!(alone.parts(), led_to, "killed after {calls}");
                assert_eq!(alone.token("alice"), Some(token));
            }
            assert_eq!(seen, [true; 2]);
        }
    }

    #[test]
    fn who_is_killed_at_any_call_of_a_deletion_leaves_all_or_nothing() {
        let mut alone = Alone::new("deleted");
        for calls in 0.. {
            alone.write("alice", &[b'o'; 9_000]);
            let found = alone.keychain.find(&[alone.context.clone()], None).expect("found");
            calls::death::after(Some(calls));
            let _ = alone.keychain.delete(&found[0]);
            let died = calls::death::has_come();
            calls::death::after(None);
            let left = alone.token("alice").map(|token| token.len());
            assert!(left.is_none_or(|length| length == 9_000), "killed after {calls}");
            alone.write("bob", b"TESTONLY");
            assert_eq!(alone.parts(), if left.is_some() { 4 } else { 0 }, "killed after {calls}");
            let bob = alone.keychain.find(&[alone.context.clone()], Some(&Username::new(b"bob")));
            alone.keychain.delete(&bob.expect("found")[0]).expect("deleted");
            if !died {
                break;
            }
        }
    }

    #[test]
    fn a_part_that_is_gone_or_changed_makes_the_account_damaged() {
        let mut alone = Alone::new("damaged");
        alone.write("alice", &[b'x'; 6_000]);
        let begin = name::of_host(&alone.context).replacen(name::PREFIX, parts::PREFIX, 1);
        let part = calls::names(&begin).expect("names").remove(1);
        let found = alone.keychain.find(&[alone.context.clone()], None).expect("found");
        calls::write(&part, "", b"y").expect("written");
        assert!(matches!(alone.keychain.read(&found), Err(Error::Damaged)));
        calls::delete(&part).expect("deleted");
        assert!(matches!(alone.keychain.read(&found), Err(Error::Damaged)));
        alone.write("alice", b"TESTONLY");
        assert_eq!((alone.token("alice"), alone.parts()), (Some(b"TESTONLY".to_vec()), 0));
    }
}
