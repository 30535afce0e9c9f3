//! Asks the forge about a token before a login keeps it: whether the forge takes it, whose it is,
//! when it ends, and whether it is good for pushing. `import` says the same of what it brings.
//!
//! Only a certain forge is asked: one that the host's name tells, or that the person has named.
//! Without a network the login does not fail: the token is kept as it is.

use super::Arguments;
use crate::api::Told;
use crate::api::state::{Reason, Standing, State};
use crate::check::api_layer::{self, ApiLayer};
use crate::check::{self, Options, Subject, all};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::forge::{self, Id};
use crate::secret::Secret;
use crate::terminal;
use crate::time::now;
use std::time::{Duration, Instant};

/// The longest time that the forge may take about one token.
const PATIENCE: Duration = Duration::from_secs(10);

/// A forge's answer about a token, if it was asked.
pub(super) struct Learnt {
    forge: Option<Id>,
    /// How it was asked, with the forge that a person has named.
    options: Options,
    layer: Option<ApiLayer>,
}

/// Returns whether a forge is asked about tokens for this context.
pub(super) fn asks(arguments: &Arguments, context: &Context) -> bool {
    !arguments.offline && (forge::at(context).is_some() || arguments.forge.is_some())
}

/// Asks the forge about a token, where it is certain which one that is.
pub(super) fn ask(
    arguments: &Arguments,
    context: &Context,
    username: &Username,
    token: &Secret,
) -> Learnt {
    let options = Options { forge: arguments.forge, ..options() };
    if !asks(arguments, context) {
        return Learnt { forge: None, options, layer: None };
    }
    let credential = Credential::new(context.clone(), Some(username.clone()), token.clone(), now());
    let subject = Subject::of(credential, now());
    let layer = api_layer::of(&subject, &options, None, all::QUESTIONS, Instant::now() + PATIENCE);
    let forge = api_layer::forge_of(&subject, &options).map(|(forge, _)| forge);
    Learnt { forge, options, layer }
}

/// Returns the options of a question that comes with keeping a token.
pub(in crate::cli) fn options() -> Options {
    Options {
        forge: None,
        api: None,
        offline: false,
        warn_before: 0,
        timeout: PATIENCE,
        now: now(),
    }
}

impl Learnt {
    /// Returns whether the forge does not take the token.
    pub(super) fn is_refused(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.standing.is_refused())
    }

    /// Returns whether the forge tells the token's end, so that nobody need be asked.
    pub(super) fn tells_end(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.facts.expiry != Told::Nothing)
    }

    /// Returns the owner of the token, where the forge takes any username with it: the owner's is
    /// then the best one.
    pub(super) fn owner(&self) -> Option<Username> {
        let takes_any = [Id::GitHub, Id::GitLab, Id::Gitea, Id::HuggingFace];
        let owner = self.layer.as_ref()?.facts.owner.as_ref()?;
        let name = Username::new(owner.as_bytes());
        let is_fit = crate::cli::place::usable(name.clone()).is_ok();
        (is_fit && self.forge.is_some_and(|forge| takes_any.contains(&forge))).then_some(name)
    }

    /// Returns the account with the facts that were learnt. The forge that a person has named is kept
    /// with it also where nobody could be asked, unless what is there speaks against it.
    pub(super) fn put(&self, credential: Credential) -> Credential {
        match &self.layer {
            Some(layer) if layer.standing.is_answer() => {
                check::told(credential, &layer.facts, &self.options)
            }
            Some(layer) if speaks_against_forge(&layer.standing) => credential,
            _ => check::with_named_forge(credential, &self.options),
        }
    }

    /// Says what a person should know of the answer.
    pub(super) fn say(&self) {
        let (Some(layer), Some(forge)) = (&self.layer, self.forge) else { return };
        if let Some(words) = words(layer, forge) {
            terminal::say("login", &words);
        }
    }
}

/// Returns whether the token is another forge's, or the host gave no answer of such a forge.
fn speaks_against_forge(standing: &Standing) -> bool {
    let is_asked = standing.state == State::Unknown && !standing.is_unasked();
    is_asked || standing.reason == Some(Reason::OtherForge)
}

/// Returns what a person should know of a forge's answer about a token that is to be kept, if there
/// is anything.
pub(in crate::cli) fn words(layer: &ApiLayer, forge: Id) -> Option<String> {
    let (forge, standing) = (forge.name(), &layer.standing);
    let said = standing.said.as_ref().map(|said| format!("; remote: {said}"));
    let said = said.unwrap_or_default();
    Some(match (standing.state, standing.reason) {
        (State::Refused, _) => format!("{forge} does not take this token{said}"),
        (State::Ended, _) => format!("{forge} says that this token is over{said}"),
        (State::Denied, _) => {
            format!("warning: {forge} knows this token and does not let it in{said}")
        }
        (State::Unknown, Some(Reason::NoCurl)) => {
            format!("{forge} was not asked about the token: there is no curl")
        }
        (State::Unknown, Some(reason)) if reason.is_unasked() => return None,
        (State::Unknown | State::Unreachable | State::Limited, _) => {
            format!("{forge} could not be asked about the token, which is taken as it is")
        }
        _ if layer.facts.may_push == Some(false) => {
            let scopes = layer.facts.scopes.as_deref().unwrap_or_default().join(", ");
            let scopes = if scopes.is_empty() { "nothing".to_owned() } else { scopes };
            format!("warning: the token is not good for pushing: it may {scopes}")
        }
        _ => return None,
    })
}
