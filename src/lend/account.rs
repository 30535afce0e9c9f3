//! The account that answers for a repository: the same one as for git on this machine. Each request
//! looks it up anew. Nothing is kept, and nobody is asked: a sandbox must not make a dialog appear.

use super::Lending;
use super::refusal::Refusal;
use crate::api::http::flow::Login;
use crate::context::Context;
use crate::credential::Username;
use crate::error::{Error, VaultTrouble};
use crate::git::url;
use crate::helper::verdict::Verdict;
use crate::setup::{Answering, Asking, Chosen, refused};
use crate::terminal;

/// Returns the account that answers for a repository.
///
/// # Errors
/// Where no account answers. The terminal of the host says why.
pub(super) fn of(lending: &Lending, repository: &Context) -> Result<Answering, Refusal> {
    let url = url::of(repository);
    let configured = lending.setups.configuration(Some(&url)).username;
    let username = lending.username.as_ref().or(configured.as_ref().map(|(_, name)| name));
    let contexts = repository.outwards();
    let error = match lending.setups.first_answer(&url, &contexts, username, Asking::Still) {
        Ok(Some(Chosen { verdict: Verdict::Served(item), holder, keychain })) => {
            let (keychain, log) = (keychain.kind(), holder.log);
            return Ok(Answering { credential: item.1, keychain, log });
        }
        Ok(Some(Chosen { verdict, keychain, .. })) => refused(&verdict, keychain.kind()),
        Ok(None) => Error::NoAccount,
        Err(error) => error,
    };
    terminal::say("lend", &format!("{url}: {error}"));
    if let Some(hint) = error.hint() {
        terminal::hint(hint);
    }
    Err(match error {
        Error::Locked | Error::NobodyToAsk | Error::Vault(VaultTrouble::Locked) => Refusal::Locked,
        Error::NoAccount | Error::Expired | Error::Rejected | Error::Usage(_) => {
            Refusal::NoAccount(repository.clone())
        }
        _ => Refusal::Failed,
    })
}

/// Returns the token of this account, and the way in which curl is to send it.
pub(super) fn login<'a>(lending: &'a Lending, account: &'a Answering) -> Login<'a> {
    let credential = &account.credential;
    if let Some(scheme) = &credential.authtype {
        return Login::Scheme(scheme, &credential.token);
    }
    let username = credential.username.as_ref().or(lending.username.as_ref());
    Login::Basic(username.map(Username::as_bytes).unwrap_or_default(), &credential.token)
}
