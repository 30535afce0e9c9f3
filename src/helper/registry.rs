//! A container registry's account: one for each registry, as docker has it, with a token of its
//! own or with a link to the account of a git host (`login --also ghcr.io https://github.com`).
//!
//! Its context is `docker://HOST`, so that no git host's token ever goes to a registry of the
//! same name, nor the reverse, unless a person linked the two.

use crate::context::Context;
use crate::credential::{Credential, Maker, Username};
use crate::error::Error;
use crate::forge;
use crate::helper::verdict::{Question, Verdict, judge};
use crate::helper::{self, Policy};
use crate::keychain::Keychain;
use crate::secret::Secret;

/// The name of Docker Hub everywhere but in docker.
pub(crate) const HUB: &str = "docker.io";

/// Returns the context of a registry's name: `ghcr.io`, `https://ghcr.io/`, `localhost:5000/team`.
/// The API's version at the end of the name is no part of the context. Returns nothing where the
/// name cannot be one, or is a token.
#[must_use]
pub(crate) fn context(server: &str) -> Option<Context> {
    let bare = ["https://", "http://"].iter().find_map(|scheme| server.strip_prefix(scheme));
    let bare = bare.unwrap_or(server).trim_end_matches('/');
    let bare = ["/v1", "/v2"].iter().find_map(|version| bare.strip_suffix(version)).unwrap_or(bare);
    let context = Context::of_registry(if bare == "index.docker.io" { HUB } else { bare })?;
    (!forge::is_in_context(&context)).then_some(context)
}

/// Returns whether a token could be read on its way to the registry of this name: the name begins
/// with `http://`, and the registry is on another machine.
#[must_use]
pub(crate) fn exposes_secrets(server: &str) -> bool {
    let host = server.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let at = |host: &str| Context::of_host(b"http", host.as_bytes());
    host.is_some_and(|host| at(host).is_none_or(|context| context.exposes_secrets()))
}

/// Returns whether a registry's account, kept under whatever name, may be sent to it by this name:
/// a token that was meant for an encrypted connection takes no other.
#[must_use]
pub(crate) fn may_go_to(kept: &Credential, server: &str) -> bool {
    let was_exposed = match &kept.linked_to {
        Some(place) => place.exposes_secrets(),
        None => kept.server.as_deref().is_some_and(exposes_secrets),
    };
    was_exposed || !exposes_secrets(server)
}

/// Returns a registry's account, if it may be served at `now` (seconds since 1970 UTC): one with a
/// token of its own, or a link.
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

/// Returns a registry's account; where it is a link, with the token that it leads to. `keychain` is
/// the one that serves the context to which the link leads.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn followed(
    keychain: &mut dyn Keychain,
    kept: Credential,
    now: u64,
) -> Result<Option<Credential>, Error> {
    let Some(place) = &kept.linked_to else { return Ok(Some(kept)) };
    let theirs = at(keychain, place, kept.username.as_ref(), now)?;
    // A person chose the account that a link leads to: one that git made is not meant.
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
    // The token of a link goes to the registry, whatever the link's own context is.
    let policy = Policy { allow_http: true, now };
    match judge(keychain, &question, policy)? {
        Verdict::Served(item) => Ok(Some(item.1)),
        Verdict::Locked => Err(Error::Locked),
        Verdict::Damaged => Err(Error::Damaged),
        Verdict::Withheld(..) | Verdict::Nobody | Verdict::Ambiguous(..) | Verdict::RefusedHttp => {
            Ok(None)
        }
    }
}

/// Returns a registry's account that hands out the token of a git host's account, made at `now`
/// (seconds since 1970 UTC).
#[must_use]
pub(crate) fn link(registry: Context, to: &Credential, now: u64) -> Credential {
    let link = Credential::new(registry, to.username.clone(), Secret::new(b""), now);
    Credential { linked_to: Some(to.context.clone()), ..link }
}

/// Makes `new` the registry's only account. Returns whether anything had to be written: nothing is,
/// where the registry's link leads to this very token. `follow` finds the token of a link, see
/// [`followed`].
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn put(
    keychain: &mut dyn Keychain,
    new: &Credential,
    follow: &mut dyn FnMut(Credential) -> Result<Option<Credential>, Error>,
) -> Result<bool, Error> {
    let _guard = keychain.exclusive(None);
    let now = new.stored_at;
    if let Some(old) = kept(keychain, &new.context, now)?
        && old.username == new.username
    {
        let is_same =
            old.linked_to == new.linked_to && old.token == new.token && old.server == new.server;
        if is_same {
            return Ok(false);
        }
        let is_exposed = new.server.as_deref().is_some_and(exposes_secrets);
        if old.linked_to.is_some() && new.linked_to.is_none() && !is_exposed {
            // A link whose token cannot be had does not stop the registry's own from being kept.
            let theirs = follow(old).unwrap_or_default();
            if theirs.is_some_and(|theirs| theirs.token == new.token) {
                return Ok(false);
            }
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
    use super::{context, followed, kept, link, may_go_to, put};
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::error::Error;
    use crate::helper;
    use crate::keychain::memory::MemoryKeychain;
    use crate::secret::Secret;

    fn credential(context: &Context, username: &str, token: &str) -> Credential {
        let username = Username::new(username.as_bytes());
        Credential::new(context.clone(), Some(username), Secret::new(token.as_bytes()), 1)
    }

    /// Returns the account of a registry, with the token of its link, from one keychain.
    fn account(keychain: &mut MemoryKeychain, registry: &Context) -> Option<Credential> {
        let kept = kept(keychain, registry, 1).expect("an answer")?;
        followed(keychain, kept, 1).expect("an answer")
    }

    /// Puts an account into a keychain where every link leads nowhere.
    fn put_alone(keychain: &mut MemoryKeychain, new: &Credential) -> bool {
        put(keychain, new, &mut |_| Ok(None)).expect("a write")
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
    fn what_was_meant_for_an_encrypted_way_takes_no_other() {
        let context = context("r.example").expect("a registry");
        let own = |server: &str| Credential {
            server: Some(server.to_owned()),
            ..credential(&context, "alice", "ghp_TESTONLY")
        };
        let linked = |place: &str| {
            let place = Context::from_canonical(place).expect("canonical");
            link(context.clone(), &credential(&place, "alice", "ghp_TESTONLY"), 1)
        };
        let nameless = credential(&context, "alice", "ghp_TESTONLY");
        for kept in
            [own("r.example"), own("https://r.example"), linked("https://h.example"), nameless]
        {
            for server in
                ["http://r.example", "http://r.example:80/v2/", "http://127.0.0.1.evil.example"]
            {
                assert!(!may_go_to(&kept, server), "{server}");
            }
            for server in
                ["r.example", "https://r.example/v1/", "http://localhost:5000", "http://[::1]/a"]
            {
                assert!(may_go_to(&kept, server), "{server}");
            }
        }
        for kept in [own("http://r.example"), linked("http://h.example")] {
            for server in ["r.example", "https://r.example", "http://r.example"] {
                assert!(may_go_to(&kept, server), "{server}");
            }
        }
    }

    #[test]
    fn a_link_hands_out_what_the_other_account_has_now() {
        let mut keychain = MemoryKeychain::default();
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let token = |keychain: &mut MemoryKeychain| {
            account(keychain, &registry).map(|account| account.token.expose().to_vec())
        };
        let alice = credential(&git, "alice", "ghp_TESTONLY1");
        let new = link(registry.clone(), &alice, 1);
        assert!(put_alone(&mut keychain, &new));
        assert_eq!(token(&mut keychain), None, "it leads nowhere yet");
        helper::put(&mut keychain, &credential(&git, "bob", "ghp_TESTONLYbob")).expect("a write");
        assert_eq!(token(&mut keychain), None, "another account is not meant");
        helper::put(&mut keychain, &alice).expect("a write");
        assert_eq!(token(&mut keychain).as_deref(), Some(&b"ghp_TESTONLY1"[..]));
        helper::put(&mut keychain, &credential(&git, "alice", "ghp_TESTONLY2")).expect("a write");
        assert_eq!(token(&mut keychain).as_deref(), Some(&b"ghp_TESTONLY2"[..]));
        assert!(!put_alone(&mut keychain, &new));
    }

    #[test]
    fn a_token_that_comes_back_by_its_link_does_not_end_the_link() {
        // The account that is linked to may lie in another keychain.
        let (mut keychain, mut elsewhere) = (MemoryKeychain::default(), MemoryKeychain::default());
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let alice = credential(&git, "alice", "ghp_TESTONLY1");
        helper::put(&mut elsewhere, &alice).expect("a write");
        let mut put = |keychain: &mut MemoryKeychain, new: &Credential| {
            put(keychain, new, &mut |link| followed(&mut elsewhere, link, 1)).expect("a write")
        };
        put(&mut keychain, &link(registry.clone(), &alice, 1));
        let same = credential(&registry, "alice", "ghp_TESTONLY1");
        assert!(!put(&mut keychain, &same));
        for own in [
            credential(&registry, "alice", "ghp_TESTONLYown"),
            credential(&registry, "robot", "ghp_TESTONLY1"),
        ] {
            assert!(put(&mut keychain, &own));
            let now = kept(&mut keychain, &registry, 1).expect("an answer").expect("an account");
            assert!(now.linked_to.is_none() && now.token == own.token);
            put(&mut keychain, &link(registry.clone(), &alice, 1));
        }
    }

    #[test]
    fn a_link_that_cannot_be_followed_yields_to_a_token() {
        let mut keychain = MemoryKeychain::default();
        let git = Context::from_canonical("https://h.example").expect("canonical");
        let registry = context("r.example").expect("a registry");
        let alice = credential(&git, "alice", "ghp_TESTONLY1");
        put_alone(&mut keychain, &link(registry.clone(), &alice, 1));
        let own = credential(&registry, "alice", "ghp_TESTONLYown");
        assert!(put(&mut keychain, &own, &mut |_| Err(Error::Locked)).is_ok_and(|written| written));
        let kept = kept(&mut keychain, &registry, 1).expect("an answer").expect("an account");
        assert!(kept.linked_to.is_none() && kept.token == own.token);
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
        put_alone(&mut keychain, &link(registry.clone(), &expired(&git), 1));
        assert!(kept(&mut keychain, &registry, 1).is_ok_and(|kept| kept.is_some()));
        helper::put(&mut keychain, &expired(&git)).expect("a write");
        assert!(account(&mut keychain, &registry).is_none());
    }

    #[test]
    fn a_link_to_another_place_is_another_link() {
        let mut keychain = MemoryKeychain::default();
        let registry = context("r.example").expect("a registry");
        for place in ["https://h.example", "https://h.example/team"] {
            let place = Context::from_canonical(place).expect("canonical");
            let new = link(registry.clone(), &credential(&place, "alice", "ghp_TESTONLY"), 1);
            assert!(put_alone(&mut keychain, &new));
            let kept = kept(&mut keychain, &registry, 1).expect("an answer").expect("a link");
            assert_eq!(kept.linked_to, Some(place));
        }
    }
}
