//! Proves that git keeps a token with the line that is to be configured: git itself stores a test
//! token and reads it back by that very line, and then this process deletes it.
//!
//! So the whole way is proved: a shell that reads the path, a folder in which programs may run, a
//! helper that reaches the keychain from there. (An erase through git would only mark the token.)

use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git::Failed;
use crate::git::credential::{Trial, Tried};
use crate::hardening::interrupts;
use crate::helper;
use crate::hex;
use crate::keychain::{self, Cache, Identity, Keychain, Kind, Options};
use crate::secret::Secret;
use crate::terminal;
use crate::time::now;
use sha2::{Digest, Sha256};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::slice;

/// Finds the keychain where none is named. Only a question to the keychain shows which one exists.
///
/// # Errors
/// [`Error::Unproved`] where the keychain does not answer. The reason has been said.
pub(super) fn find() -> Result<Kind, Error> {
    let mut keychain = keychain::open(&options(None))?;
    let hoped = keychain.kind();
    match keychain.list() {
        Ok(_) if keychain.kind() != hoped => {
            let name = keychain.kind().name();
            say(&format!(
                "no Secret Service is on this session's bus: the keychain {name} is used"
            ));
        }
        Ok(_) => {}
        Err(error) => return Err(unproved(keychain.kind(), error)),
    }
    Ok(keychain.kind())
}

/// Proves the line and its keychain.
///
/// # Errors
/// [`Error::Unproved`] where it is not proved. The reason has been said.
pub(super) fn prove(line: &str, kind: Kind, identity: Option<Identity>) -> Result<(), Error> {
    if matches!(kind, Kind::SecretService | Kind::LoginKeychain) {
        say(&format!("testing the keychain {}; it may ask to be unlocked", kind.name()));
    }
    let credential = throw_away()?;
    let proved = {
        // Before an interrupt ends this process, the token is deleted.
        let held = interrupts::hold();
        let mut keychain = keychain::open(&Options { identity, ..options(Some(kind)) })?;
        round_trip(&Trial { line, held: &held }, &mut *keychain, &credential)
    };
    match proved {
        Ok(()) => {
            say("git stored a test token and read it back; it is deleted");
            say(&format!("tokens are kept in {}", kind.in_a_sentence()));
            if let Some(instead) = kind.instead() {
                terminal::hint(instead);
            }
            Ok(())
        }
        Err(Wrong::Keychain(error)) => Err(unproved(kind, error)),
        Err(Wrong::Way { what, said }) => {
            for line in &said {
                terminal::pass_on(line);
            }
            say(&format!("{what} by way of this line: {line}"));
            Err(not_proved(kind))
        }
    }
}

/// The reason why a line is not proved.
enum Wrong {
    /// The keychain gives this error to this process.
    Keychain(Error),
    /// Something fails between git and the keychain. git, the shell or the helper may have said
    /// what.
    Way { what: &'static str, said: Vec<String> },
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Keychain(error)
    }
}

fn round_trip(
    trial: &Trial,
    keychain: &mut dyn Keychain,
    credential: &Credential,
) -> Result<(), Wrong> {
    let contexts = slice::from_ref(&credential.context);
    let stored = trial.store(credential).map_err(Failed::tell)?;
    // Where nothing was stored, a get could open a window again that was dismissed.
    if helper::with_retries(|| keychain.find(contexts, None))?.is_empty() {
        return Err(Wrong::Way { what: "git stored no test token", said: stored.said });
    }
    let got = trial.get(&credential.context, credential.username.as_ref());
    let deleted = helper::with_retries(|| helper::delete(keychain, &credential.context, None));
    let got = got.map_err(Failed::tell)?;
    if got.token.as_ref() != Some(&credential.token) {
        return Err(Wrong::Way { what: "git does not get a test token back", said: ours(got) });
    }
    deleted?;
    if !helper::with_retries(|| keychain.find(contexts, None))?.is_empty() {
        return Err(Error::Keychain("a token that was stored cannot be deleted").into());
    }
    Ok(())
}

/// Returns the lines that the helper said, without git's own line that it may ask nobody.
fn ours(tried: Tried) -> Vec<String> {
    let is_ours = |line: &String| line.starts_with(terminal::NAME) || line.starts_with("hint: ");
    tried.said.into_iter().filter(is_ours).collect()
}

/// Returns the options of a command, by which the helper's copy of the token ends, too.
fn options(kind: Option<Kind>) -> Options {
    Options { kind, patient: true, cache: Some(Cache::EndsAtOnce), ..Options::default() }
}

fn say(what: &str) {
    terminal::say("configure", what);
}

/// Says the keychain's own error, and returns that the keychain is not proved.
fn unproved(kind: Kind, error: Error) -> Error {
    say(&error.to_string());
    if let Some(hint) = error.hint() {
        terminal::hint(hint);
    }
    not_proved(kind)
}

/// Returns that the keychain is not proved. No other one is taken instead: the desktop may use a
/// locked or mute keychain tomorrow, which would then hide the tokens in another.
fn not_proved(kind: Kind) -> Error {
    let hint = if kind == Kind::SecretService {
        "mend the cause and repeat it, or keep tokens until the next reboot only: --keychain kernel"
    } else {
        "mend the cause and repeat it"
    };
    Error::Unproved(kind.name(), hint)
}

/// Returns a token for a host that does not exist (RFC 2606) and that no other run uses.
fn throw_away() -> Result<Credential, Error> {
    let mut digest = Sha256::new();
    for _ in 0..2 {
        // The hash has random keys of the operating system's.
        digest.update(RandomState::new().hash_one(std::process::id()).to_le_bytes());
    }
    let digest = digest.finalize();
    let (token, name) = digest.split_at(20);
    let digits = |bytes: &[u8]| {
        let mut text = String::new();
        hex::push(&mut text, bytes);
        text
    };
    let context =
        Context::of_host(b"https", format!("configure-{}.invalid", digits(name)).as_bytes());
    Ok(Credential::new(
        context.ok_or(Error::Keychain("the test's own place cannot be named"))?,
        Some(Username::new(b"configure-test")),
        Secret::new(digits(token).as_bytes()),
        now(),
    ))
}
