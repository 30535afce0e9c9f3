//! What a login learns from the forge before a token is kept: whether it takes the token, whose it
//! is, when it ends, and whether it is good for pushing.
//!
//! Only a forge that is certain is asked: the host's name tells it, or the person has named it.
//! That there is no network is no failure: the token is kept as it is.

use super::Arguments;
use crate::api::Told;
use crate::api::state::{Reason, Standing, State};
use crate::check::api_layer::{self, ApiLayer};
use crate::check::kept::Kept;
use crate::check::{Options, Subject};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::forge::{self, Id};
use crate::secret::Secret;
use crate::terminal;
use crate::time::now;
use std::time::{Duration, Instant};

/// How long the forge may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many questions are put to it.
const QUESTIONS: u8 = 2;

/// What a forge said of a token, if it was asked.
#[derive(Default)]
pub(super) struct Learnt {
    forge: Option<Id>,
    /// The same, where the host's name does not tell it.
    named: Option<Id>,
    layer: Option<ApiLayer>,
}

/// Returns whether a forge is asked about tokens for this place.
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
    if !asks(arguments, context) {
        return Learnt::default();
    }
    let named = arguments.forge.filter(|_| forge::at(context).is_none());
    let credential = Credential::new(context.clone(), Some(username.clone()), token.clone(), now());
    let subject = Subject {
        context: context.clone(),
        username: Some(username.clone()),
        credential: Some(credential),
        account: Standing::good(),
        url: None,
        path: String::from_utf8_lossy(&context.path()).into_owned(),
        helper: None,
    };
    let options = Options {
        forge: named,
        api: None,
        offline: false,
        warn_before: 0,
        timeout: PATIENCE,
        now: now(),
    };
    let layer = api_layer::of(&subject, &options, None, QUESTIONS, Instant::now() + PATIENCE);
    let forge = api_layer::forge_of(&subject, &options).map(|(forge, _)| forge);
    Learnt { forge, named, layer }
}

impl Learnt {
    /// Returns whether the forge does not take the token.
    pub(super) fn is_refused(&self) -> bool {
        let state = self.layer.as_ref().map(|layer| layer.standing.state);
        matches!(state, Some(State::Refused | State::Ended))
    }

    /// Returns whether nobody need be asked when the token ends.
    pub(super) fn tells_end(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| layer.facts.expiry != Told::Nothing)
    }

    /// Whose token it is, where the forge takes any username with it, so that its owner's is the
    /// best.
    pub(super) fn owner(&self) -> Option<Username> {
        let takes_any = [Id::GitHub, Id::GitLab, Id::Gitea, Id::HuggingFace];
        let owner = self.layer.as_ref()?.facts.owner.as_ref()?;
        let name = Username::new(owner.as_bytes());
        let is_fit = crate::cli::place::usable(name.clone()).is_ok();
        (is_fit && self.forge.is_some_and(|forge| takes_any.contains(&forge))).then_some(name)
    }

    /// Returns the account with what was learnt.
    pub(super) fn put(&self, credential: Credential) -> Credential {
        let Some(layer) = self.layer.as_ref().filter(|layer| layer.standing.is_answer()) else {
            return credential;
        };
        let mut kept = Kept::default();
        kept.forge = self.named;
        kept.learn(credential, &layer.facts, now())
    }

    /// Says what a person should know.
    pub(super) fn say(&self) {
        let (Some(layer), Some(forge)) = (&self.layer, self.forge) else { return };
        let say = |text: &str| terminal::say("login", text);
        let (forge, standing) = (forge.name(), &layer.standing);
        let said = standing.said.as_ref().map(|said| format!("; remote: {said}"));
        let said = said.unwrap_or_default();
        match (standing.state, standing.reason) {
            (State::Refused, _) => say(&format!("{forge} does not take this token{said}")),
            (State::Ended, _) => say(&format!("{forge} says that this token is over{said}")),
            (State::Denied, _) => {
                say(&format!("warning: {forge} knows this token and does not let it in{said}"));
            }
            (State::Unknown, Some(Reason::NoCurl)) => {
                say(&format!("{forge} was not asked about the token: there is no curl"));
            }
            (State::Unknown, Some(reason)) if reason.is_unasked() => {}
            (State::Unknown | State::Unreachable | State::Limited, _) => {
                say(&format!(
                    "{forge} could not be asked about the token, which is taken as it is"
                ));
            }
            _ if layer.facts.may_push == Some(false) => {
                let scopes = layer.facts.scopes.as_deref().unwrap_or_default().join(", ");
                let scopes = if scopes.is_empty() { "nothing".to_owned() } else { scopes };
                say(&format!("warning: the token is not good for pushing: it may {scopes}"));
            }
            _ => {}
        }
    }
}
