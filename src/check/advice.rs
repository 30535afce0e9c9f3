//! Tells what to type, or where to go, once it is known what is wrong with a token.

use super::{Checked, api_layer};
use crate::api::state::{Reason, State};
use crate::context::Context;
use crate::forge::{self, Id, Wanted};
use crate::git::words::{typed, username_option};

/// Returns hints, of which the first ones help most.
pub(crate) fn of(checked: &Checked) -> Vec<String> {
    let context = &checked.subject.context;
    let place = typed(&forge::shown_context(context));
    let name = username_option(checked.subject.username.as_ref());
    let standing = &checked.worst;
    let login = format!("git credential-pat login --replace{name} {place}");
    let mut hints = Vec::new();
    match (standing.state, standing.reason) {
        (State::Refused, Some(Reason::Rejected)) if is_good_at_forge(checked) => {
            hints.push(format!(
                "the forge takes it: to serve it again, git credential-pat login --restore{name} \
                 {place}"
            ));
        }
        (State::Refused | State::Ended | State::Ending, _) => {
            hints.extend(page(checked).map(|page| format!("make a new one: {page}")));
            hints.push(format!("then: {login}"));
        }
        (State::Denied, Some(Reason::Sso)) => match &standing.address {
            Some(address) => hints.push(format!("let the organisation in at {address}")),
            None => hints.push("let the organisation in on the page of your tokens".to_owned()),
        },
        (State::Denied, Some(Reason::Scope)) => {
            hints.extend(page(checked).map(|page| format!("a token with what it takes: {page}")));
            hints.push(format!("then: {login}"));
        }
        (State::Denied, Some(Reason::Archived)) => {
            hints.push("nobody can push to an archived repository".to_owned());
        }
        (State::Denied, Some(Reason::Ip)) => {
            hints.push("the owner lets in certain addresses only: ask for yours".to_owned());
        }
        (State::Denied, Some(Reason::Account)) => {
            hints.push("sign in there with a browser, and see what it wants of you".to_owned());
        }
        (State::Denied, _) => {
            hints.push("ask the owner of the repository, or name another account".to_owned());
        }
        (State::Absent, _) => {
            hints.push(
                "look at the URL; forges also say so of what the token may not see".to_owned(),
            );
        }
        (State::Limited, _) => {
            let when = standing.retry_after.map(|seconds| format!(" in {seconds} seconds"));
            hints.push(format!("ask again{}", when.unwrap_or_else(|| " later".to_owned())));
        }
        (State::Unreachable, Some(Reason::Certificate)) => hints.push(
            "name the authority that signed it: git config --global http.sslCAInfo FILE".to_owned(),
        ),
        (State::Unreachable, Some(Reason::Timeout)) => {
            hints.push("give it more time with --timeout 60s".to_owned());
        }
        (State::Unknown, Some(Reason::Redirect)) => hints.push(
            "the token is not sent where a redirect leads: use the address that it names"
                .to_owned(),
        ),
        (State::Unknown, Some(Reason::NoForge)) => hints.push(no_forge(checked)),
        (State::Unknown, Some(Reason::NoApi)) => hints
            .push(format!("say where the forge is: --api {}", typed(&api_layer::root(context)))),
        (State::Unknown, Some(Reason::Ambiguous)) => {
            hints.push("name one of them with --username NAME".to_owned());
        }
        (State::Unknown, Some(Reason::NoAccount)) => {
            hints.push(format!("keep a token: git credential-pat login {place}"));
        }
        (State::Unknown, Some(Reason::PutAway)) => {
            hints
                .push(format!("to have it back: git credential-pat login --restore{name} {place}"));
        }
        (State::Unknown, Some(Reason::Rotating)) => {
            hints.push(format!(
                "this says what has become of it, and mends it: git credential-pat rotate{name} \
                 {place}"
            ));
        }
        (State::Unknown, Some(Reason::Rewritten)) => {
            hints.push("git's insteadOf leads elsewhere: name the address it comes to".to_owned());
        }
        _ => {}
    }
    if lacks_curl(checked) {
        hints.push("install curl, by which the forge is asked".to_owned());
    }
    hints
}

fn is_good_at_forge(checked: &Checked) -> bool {
    let is_good = |state: State| matches!(state, State::Good | State::Ending);
    checked.api.as_ref().is_some_and(|api| is_good(api.standing.state))
        || checked.git.as_ref().is_some_and(|git| is_good(git.standing.state))
}

/// Returns whether the forge was not asked because there is no curl.
pub(crate) fn lacks_curl(checked: &Checked) -> bool {
    checked.api.as_ref().is_some_and(|api| api.standing.reason == Some(Reason::NoCurl))
}

/// Returns the forge that a host says it is, by the name of its realm.
pub(crate) fn forge_of_realm(realm: &str) -> Option<Id> {
    let first = realm.split([' ', '(']).next().unwrap_or_default().to_ascii_lowercase();
    match first.as_str() {
        "forgejo" => Some(Id::Gitea),
        word => {
            [Id::GitHub, Id::GitLab, Id::Gitea].into_iter().find(|id| id.forge().word() == word)
        }
    }
}

fn no_forge(checked: &Checked) -> String {
    let realm = checked.git.as_ref().and_then(|git| git.realm.as_deref());
    match realm.and_then(forge_of_realm) {
        Some(forge) => {
            let word = forge.forge().word();
            format!("the host calls itself {}: to ask its API, --forge {word}", forge.name())
        }
        None => "say what runs there, so that it can be asked: --forge gitlab, gitea, …".to_owned(),
    }
}

/// Returns the address of the page where a token is made, filled in with the right scopes.
fn page(checked: &Checked) -> Option<String> {
    let forge = checked.forge.map(Id::forge).or_else(|| forge::likely_at(place_of(checked)))?;
    let wanted = Wanted { context: place_of(checked), name: "git", days: None, old: None };
    forge.pages(&wanted).into_iter().next().map(|page| page.address)
}

fn place_of(checked: &Checked) -> &Context {
    &checked.subject.context
}

#[cfg(test)]
mod tests {
    use super::forge_of_realm;
    use crate::forge::Id;

    #[test]
    fn a_realm_tells_the_forge_only_by_its_own_name() {
        for (realm, forge) in [
            ("GitLab", Some(Id::GitLab)),
            ("GitHub", Some(Id::GitHub)),
            ("Gitea (Basic Auth)", Some(Id::Gitea)),
            ("Forgejo", Some(Id::Gitea)),
            ("git host", None),
            ("My GitLab", None),
            ("", None),
        ] {
            assert_eq!(forge_of_realm(realm), forge, "{realm}");
        }
    }
}
