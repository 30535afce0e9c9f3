//! A container registry's account: one for each registry, as docker has it, with a token of its
//! own or with a link to the account of a git host (`login --also ghcr.io https://github.com`).
//!
//! Its context is `docker://HOST`, so that no git host's token ever goes to a registry of the
//! same name, nor the reverse, unless a person linked the two.

use crate::context::Context;
use crate::credential::{Credential, Maker, Username};
use crate::error::Error;
use crate::helper::verdict::{Question, Verdict, judge};
use crate::helper::{self, Policy};
use crate::keychain::Keychain;
use crate::secret::Secret;

/// How Docker Hub is called by everybody but docker.
pub(crate) const HUB: &str = "docker.io";

/// The context of a registry's name: `ghcr.io`, `https://ghcr.io/`, `localhost:5000/team`. The
/// API's version at its end is no part of it.
#[must_use]
pub(crate) fn context(server: &str) -> Option<Context> {
    let bare = ["https://", "http://"].iter().find_map(|scheme| server.strip_prefix(scheme));
    let bare = bare.unwrap_or(server).trim_end_matches('/');
    let bare = ["/v1", "/v2"].iter().find_map(|version| bare.strip_suffix(version)).unwrap_or(bare);
    Context::of_registry(if bare == "index.docker.io" { HUB } else { bare })
}

/// What is kept for a registry, if it may be served at `now` (seconds since 1970 UTC): a token of
/// its own, or a link.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn kept(
    keychain: &mut dyn Keychain,
    registry: &Context,
    now: u64,
) -> Result<Option<Credential>, Error> {
    at(keychain, registry, None, now)
}

/// The same with the token to which it is linked.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn account(
    keychain: &mut dyn Keychain,
    registry: &Context,
    now: u64,
) -> Result<Option<Credential>, Error> {
    let Some(kept) = kept(keychain, registry, now)? else { return Ok(None) };
    followed(keychain, kept, now)
}

fn followed(
    keychain: &mut dyn Keychain,
    kept: Credential,
    now: u64,
) -> Result<Option<Credential>, Error> {
    let Some(place) = &kept.linked_to else { return Ok(Some(kept)) };
    let theirs = at(keychain, place, kept.username.as_ref(), now)?;
    // Which account a link leads to was a person's choice, and is none of git's.
    let theirs = theirs.filter(|theirs| theirs.made_by == Maker::Person);
    Ok(theirs.map(|theirs| Credential { token: theirs.token, ..kept }))
}

fn at(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
    now: u64,
) -> Result<Option<Credential>, Error> {
    let contexts = std::slice::from_ref(context);
    let question = Question { contexts, username, takes_schemes: true };
    // The token of a link goes to the registry, whatever its own place is.
    let policy = Policy { allow_http: true, now };
    match judge(keychain, &question, policy)? {
        Verdict::Served(item) => Ok(Some(item.1)),
        Verdict::Locked => Err(Error::Locked),
        Verdict::Damaged => Err(Error::Damaged),
        Verdict::Withheld(..) | Verdict::Nobody | Verdict::Ambiguous(_) | Verdict::RefusedHttp => {
            Ok(None)
        }
    }
}

/// A registry's account that hands out the token of a git host's, made at `now` (seconds since
/// 1970 UTC).
#[must_use]
pub(crate) fn link(registry: Context, to: &Credential, now: u64) -> Credential {
    let link = Credential::new(registry, to.username.clone(), Secret::new(b""), now);
    Credential { linked_to: Some(to.context.clone()), ..link }
}

/// Makes it the registry's only account. Returns whether anything had to be written: a token that
/// the registry has by its link is there already.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn put(keychain: &mut dyn Keychain, new: &Credential) -> Result<bool, Error> {
    let _guard = keychain.exclusive();
    let now = new.stored_at;
    if let Some(old) = kept(keychain, &new.context, now)?
        && old.username == new.username
    {
        let is_same = old.linked_to == new.linked_to && old.token == new.token;
        let is_by_link = |old: Credential| new.linked_to.is_none() && old.token == new.token;
        if is_same || followed(keychain, old, now)?.is_some_and(is_by_link) {
            return Ok(false);
        }
    }
    helper::with_retries(|| {
        helper::put(keychain, new)?;
        let found = keychain.find(std::slice::from_ref(&new.context), None)?;
        let names = keychain.usernames(&found)?;
        let own = new.account().username;
        for (other, _) in found.iter().zip(names).filter(|(_, name)| *name != own) {
            keychain.delete(other)?;
        }
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::{account, context, kept, link, put};
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::helper;
    use crate::keychain::memory::MemoryKeychain;
    use crate::secret::Secret;

    fn credential(context: &Context, username: &str, token: &str) -> Credential {
        let username = Username::new(username.as_bytes());
        Credential::new(context.clone(), Some(username), Secret::new(token.as_bytes()), 1)
    }

    #[test]
    fn a_registry_has_one_name() {
        let canonical = |server: &str| context(server).map(|context| context.to_string());
        for (server, expected) in [
            ("ghcr.io", "docker://ghcr.io"),
            ("https://GHCR.io/", "docker://ghcr.io"),
            ("https://ghcr.io/v2/", "docker://ghcr.io"),
            ("https://index.docker.io/v1/", "docker://docker.io"),
            ("docker.io", "docker://docker.io"),
            ("localhost:5000", "docker://localhost:5000"),
            ("registry.example:443", "docker://registry.example:443"),
            ("quay.io/team/image", "docker://quay.io/team/image"),
        ] {
            assert_eq!(canonical(server).as_deref(), Some(expected), "{server}");
        }
        for server in
            ["https://", "a@ghcr.io", "ghcr.io.", "ghcr.io/a/../b", "ftp://ghcr.io", "*.io"]
        {
            assert_eq!(canonical(server), None, "{server}");
        }
    }

    #[test]
    fn a_link_hands_out_what_the_other_account_has_now() {
        let mut keychain = MemoryKeychain::default();
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let token = |keychain: &mut MemoryKeychain| {
            let account = account(keychain, &registry, 1).expect("an answer");
            account.map(|account| account.token.expose().to_vec())
        };
        let alice = credential(&git, "alice", "ghp_TESTONLY1");
        let new = link(registry.clone(), &alice, 1);
        assert!(put(&mut keychain, &new).is_ok_and(|written| written));
        assert_eq!(token(&mut keychain), None, "it leads nowhere yet");
        helper::put(&mut keychain, &credential(&git, "bob", "ghp_TESTONLYbob")).expect("a write");
        assert_eq!(token(&mut keychain), None, "another account is not meant");
        helper::put(&mut keychain, &alice).expect("a write");
        assert_eq!(token(&mut keychain).as_deref(), Some(&b"ghp_TESTONLY1"[..]));
        helper::put(&mut keychain, &credential(&git, "alice", "ghp_TESTONLY2")).expect("a write");
        assert_eq!(token(&mut keychain).as_deref(), Some(&b"ghp_TESTONLY2"[..]));
        assert!(put(&mut keychain, &new).is_ok_and(|written| !written));
    }

    #[test]
    fn a_token_that_comes_back_by_its_link_does_not_end_the_link() {
        let mut keychain = MemoryKeychain::default();
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let alice = credential(&git, "alice", "ghp_TESTONLY1");
        helper::put(&mut keychain, &alice).expect("a write");
        put(&mut keychain, &link(registry.clone(), &alice, 1)).expect("a write");
        let same = credential(&registry, "alice", "ghp_TESTONLY1");
        assert!(put(&mut keychain, &same).is_ok_and(|written| !written));
        for own in [
            credential(&registry, "alice", "ghp_TESTONLYown"),
            credential(&registry, "robot", "ghp_TESTONLY1"),
        ] {
            assert!(put(&mut keychain, &own).is_ok_and(|written| written));
            let now = kept(&mut keychain, &registry, 1).expect("an answer").expect("an account");
            assert!(now.linked_to.is_none() && now.token == own.token);
            put(&mut keychain, &link(registry.clone(), &alice, 1)).expect("a write");
        }
    }

    #[test]
    fn what_the_host_would_refuse_is_not_handed_out() {
        let mut keychain = MemoryKeychain::default();
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let expired =
            |at| Credential { expiry: Some(1), ..credential(at, "alice", "ghp_TESTONLY") };
        helper::put(&mut keychain, &expired(&registry)).expect("a write");
        assert!(kept(&mut keychain, &registry, 1).is_ok_and(|kept| kept.is_none()));
        put(&mut keychain, &link(registry.clone(), &expired(&git), 1)).expect("a write");
        assert!(kept(&mut keychain, &registry, 1).is_ok_and(|kept| kept.is_some()));
        helper::put(&mut keychain, &expired(&git)).expect("a write");
        assert!(account(&mut keychain, &registry, 1).is_ok_and(|account| account.is_none()));
    }

    #[test]
    fn a_link_to_another_place_is_another_link() {
        let mut keychain = MemoryKeychain::default();
        let registry = context("r.example").expect("a registry");
        for place in ["https://h.example", "https://h.example/team"] {
            let place = Context::from_canonical(place).expect("canonical");
            let new = link(registry.clone(), &credential(&place, "alice", "ghp_TESTONLY"), 1);
            assert!(put(&mut keychain, &new).is_ok_and(|written| written));
            let kept = kept(&mut keychain, &registry, 1).expect("an answer").expect("a link");
            assert_eq!(kept.linked_to, Some(place));
        }
    }
}
