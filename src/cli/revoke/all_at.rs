//! `revoke --all-at HOST` ends every token that is kept here for a host, for a person who gives the
//! machine away: also those that lie aside. One request comes after another, and after several
//! failures in a row no more are sent: a forge bans an address that sends it many bad tokens.

use super::killing::Killing;
use super::target::{Doomed, Other};
use super::{asked, report, say};
use crate::check::all::REFUSALS;
use crate::check::{Options, Subject};
use crate::cli::check::subjects::check_api;
use crate::cli::place::Place;
use crate::context::{Context, shown};
use crate::credential::Credential;
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::revoke::Outcome;
use crate::setup::Setups;
use crate::terminal;
use crate::time::now;
use std::fmt::Write;

/// A token of the host, and the other accounts that hold it.
type Token = (Doomed, Vec<Other>);

/// Revokes the tokens of this host once a person agrees, or with `yes`. Returns the exit status.
///
/// # Errors
/// Where the host cannot be understood or has no account, nobody can be asked, or a keychain fails.
pub(super) fn run(host: &str, yes: bool, setups: &Setups, options: &Options) -> Result<u8, Error> {
    let host = Place::parse(host)?.context.host_level();
    check_api(options.api.as_deref(), &host)?;
    let mut keychains = Vec::new();
    let mut tokens = tokens(&host, setups, &mut keychains)?;
    // An account is deleted with its last token.
    tokens.sort_by_key(|(doomed, _)| !doomed.is_aside);
    if tokens.is_empty() {
        return Err(Error::NoAccount);
    }
    terminal::write_raw(listed(&tokens).as_bytes())?;
    if tokens.iter().any(|(doomed, _)| report::is_final(doomed, options)) {
        say(report::FINAL);
    }
    if !yes {
        agree(&host, tokens.len())?;
    }
    let mut killing = Killing { keychains, setups, options };
    let (mut left, mut in_a_row) = (0, 0);
    for (doomed, others) in &tokens {
        if in_a_row >= REFUSALS {
            left += 1;
            say(&format!("{}: not asked about, after so many failures", doomed.shown()));
            continue;
        }
        say(&doomed.shown());
        let outcome = match killing.kill(doomed, others, false) {
            Ok(outcome) => outcome,
            Err(error) => {
                left += 1;
                say(&format!("{}: {error}", doomed.shown()));
                error.hint().map(terminal::hint);
                continue;
            }
        };
        left += u32::from(!outcome.is_dead());
        match outcome {
            Outcome::Confirmed | Outcome::NotInForce(_) => in_a_row = 0,
            Outcome::NoWay | Outcome::Unasked(_) => {}
            // To the forge, a token that was dead before is a bad one.
            Outcome::AlreadyDead(_) | Outcome::Denied(_) | Outcome::NotReached(_) => in_a_row += 1,
        }
    }
    if left > 0 {
        let them = if left == 1 { "1 token is".to_owned() } else { format!("{left} tokens are") };
        say(&format!("{them} left here"));
    }
    Ok(u8::from(left > 0))
}

/// Asks the person at the terminal, who types the name of the host.
fn agree(host: &Context, count: usize) -> Result<(), Error> {
    let name = host.to_string();
    let name = name.split_once("://").map_or(name.as_str(), |(_, name)| name);
    let them = if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") };
    let answer = asked()?.ask(&format!("To revoke {them}, type the host {name}: "))?;
    if answer == name { Ok(()) } else { Err(Error::Refused("nothing was revoked")) }
}

fn listed(tokens: &[Token]) -> String {
    let mut text = String::new();
    for (doomed, others) in tokens {
        let aside = if doomed.is_aside { ", another token of the account" } else { "" };
        let _ = writeln!(text, "{}{aside}", shown(&doomed.shown()));
        for other in others {
            let _ = writeln!(text, "  and {}, the same token", shown(&other.shown()));
        }
    }
    text
}

/// Returns every token of this host in the keychains, each once.
///
/// # Errors
/// Where a keychain cannot be searched: whoever gives the machine away must know that.
fn tokens(
    host: &Context,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Vec<Token>, Error> {
    let everywhere = setups.everywhere()?;
    let mut tokens: Vec<Token> = Vec::new();
    for setup in &everywhere {
        let named = |error: &Error| say(&format!("{}: {error}", setup.name()));
        let mut keychain = match setup.open() {
            // A line for certain URLs may name a keychain of another system.
            Err(Error::Unsupported) if everywhere.len() > 1 => continue,
            opened => opened.inspect_err(named)?,
        };
        let here =
            |context: &Context| context.host() == host.host() && context.port() == host.port();
        let contents = helper::with_retries(|| {
            let listed = keychain.list()?.into_iter();
            let listed = listed.filter(|(_, account)| here(&account.context)).collect();
            helper::with_contents(&mut *keychain, listed)
        });
        let contents = contents.inspect_err(named)?;
        // If no keychain was named, its kind is known only now.
        if keychains.iter().any(|known| known.kind() == keychain.kind()) {
            continue;
        }
        let number = keychains.len();
        keychains.push(keychain);
        for (found, account, credential) in contents {
            match credential {
                Some(credential) => add(&mut tokens, &credential, number),
                None if found.locked => return Err(Error::Locked),
                None => say(&format!("the account at {} is damaged", account.context)),
            }
        }
    }
    Ok(tokens)
}

/// Adds the tokens of an account. One that is there already gets the account beside it.
fn add(tokens: &mut Vec<Token>, credential: &Credential, keychain: usize) {
    if credential.is_gone(now()) {
        return;
    }
    let aside = credential.aside.clone().map(|aside| aside.token);
    // What a rotation has replaced at a forge that ends it is dead.
    let previous = credential.previous.clone().filter(|previous| previous.rejected_at.is_none());
    let with = |token| credential.clone().with_answering(token);
    let others = [aside.map(with), previous.map(|token| with(*token))];
    let all = others.into_iter().map(|one| (one, true)).chain([(Some(credential.clone()), false)]);
    for (credential, is_aside) in all {
        let Some(credential) = credential else { continue };
        let known =
            tokens.iter_mut().find(|(doomed, _)| doomed.credential.token == credential.token);
        let account = credential.account();
        if let Some((doomed, others)) = known {
            let is_known = doomed.is_of(&account, keychain)
                || others.iter().any(|one| one.account == account && one.keychain == keychain);
            if !is_known {
                others.push(Other { account, keychain, is_aside });
            }
        } else {
            let doomed = Doomed::of(Subject::of(credential, now()), Some(keychain));
            tokens.extend(doomed.map(|doomed| (Doomed { is_aside, ..doomed }, Vec::new())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::add;
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::secret::Secret;

    #[test]
    fn a_token_is_one_with_every_scheme_and_in_every_keychain() {
        let account = |name: &str, authtype: Option<&str>| {
            let context = Context::from_canonical("https://h.example").expect("canonical");
            let name = Some(Username::new(name.as_bytes()));
            let credential = Credential::new(context, name, Secret::new(b"glpat-TESTONLY"), 1);
            Credential { authtype: authtype.map(|scheme| scheme.as_bytes().to_vec()), ..credential }
        };
        let mut tokens = Vec::new();
        add(&mut tokens, &account("alice", None), 0);
        add(&mut tokens, &account("alice", None), 1);
        add(&mut tokens, &account("dave", Some("Bearer")), 0);
        assert_eq!(tokens.len(), 1);
        let (_, others) = &tokens[0];
        let others = others.iter().map(|one| (one.account.username.to_string(), one.keychain));
        assert_eq!(others.collect::<Vec<_>>(), [("alice".to_owned(), 1), ("dave".to_owned(), 0)]);
    }
}
