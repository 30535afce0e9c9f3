//! The forge, as it is asked over the network.

use super::{Outside, REQUEST};
use crate::api::renewal::{Outcome, Renewal, Wish};
use crate::api::state::{Reason, Standing, State};
use crate::check::api_layer::{self, ApiLayer};
use crate::check::kept::Kept;
use crate::check::{Options, Subject, all};
use crate::credential::Credential;
use crate::time;
use std::time::Instant;

/// See the [module](self).
pub(crate) struct Online<'a> {
    pub(crate) options: &'a Options,
    /// When the new token is to end, in seconds since 1970 UTC.
    pub(crate) expiry: u64,
}

impl Online<'_> {
    /// Returns how a new token comes in the place of this account's.
    ///
    /// # Errors
    /// The reason why nobody can be asked.
    pub(crate) fn renewal(&self, credential: &Credential) -> Result<Renewal, Standing> {
        let scopes = Kept::of(credential).scopes;
        api_layer::with_api(&subject(credential), self.options, |api, subject, _| {
            api.renewal(subject, scopes.as_deref())
        })
    }
}

impl Outside for Online<'_> {
    fn ask(&self, credential: &Credential) -> ApiLayer {
        let deadline = Instant::now() + self.options.timeout;
        let options = Options { now: time::now(), ..self.options.clone() };
        let layer = api_layer::of(&subject(credential), &options, None, all::QUESTIONS, deadline);
        layer.unwrap_or_else(|| ApiLayer::unasked(Reason::Offline))
    }

    fn revoke(&self, _old: &Credential) -> Option<Standing> {
        // Nobody has said that it may be ended: `rotate` asks.
        Some(Standing::of(State::Unknown, Reason::Offline))
    }

    fn renew(&self, credential: &Credential) -> Outcome {
        let wish = Wish { expiry: self.expiry, name: "", scopes: &[], person: None };
        let deadline = Instant::now() + REQUEST;
        let options = Options { now: time::now(), ..self.options.clone() };
        let asked = api_layer::with_asking(
            &subject(credential),
            &options,
            None,
            1,
            deadline,
            |api, asking| api.renew(asking, &wish),
        );
        asked.unwrap_or_else(Outcome::DidNotHappen)
    }
}

/// Returns an account as one that is asked about.
pub(crate) fn subject(credential: &Credential) -> Subject {
    Subject::of(credential.clone(), time::now())
}
