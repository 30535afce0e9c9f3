//! Asks the forge itself about an account's token.

use super::kept::Kept;
use super::{Options, Subject};
use crate::api::http::{Client, Transport};
use crate::api::state::{Reason, Standing, State};
use crate::api::{self, Api, Asking, Facts, Place, Target};
use crate::context::{Context, Protocol};
use crate::credential::Credential;
use crate::forge::{self, Id, Kind};
use crate::time::HOUR;
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// The forge's answer, see the [module](self).
#[derive(Clone)]
pub(crate) struct ApiLayer {
    pub(crate) standing: Standing,
    pub(crate) facts: Facts,
    /// The notes that a person should read, too.
    pub(crate) notes: Vec<String>,
}

impl ApiLayer {
    /// Returns a layer without facts: nothing was asked, or nobody has answered.
    pub(crate) fn of(standing: Standing) -> Self {
        Self { standing, facts: Facts::default(), notes: Vec::new() }
    }

    pub(crate) fn unasked(reason: Reason) -> Self {
        Self::of(Standing::of(State::Unknown, reason))
    }
}

/// Returns the forge at an account's host, and whether the host's name tells it.
pub(crate) fn forge_of(subject: &Subject, options: &Options) -> Option<(Id, bool)> {
    if let Some(certain) = forge::at(&subject.context) {
        return Some((certain.id(), true));
    }
    let kept = subject.credential.as_ref().and_then(|credential| Kept::of(credential).forge);
    options.forge.or(kept).map(|forge| (forge, false))
}

/// Returns the root of a host as an address.
pub(crate) fn root(context: &Context) -> String {
    let host = context.host_level().to_string();
    host.strip_prefix("docker").map_or_else(|| host.clone(), |rest| format!("https{rest}"))
}

/// Returns the API to which an account's token may be sent with questions about it.
///
/// # Errors
/// The reason why it may be sent to none.
pub(crate) fn target(
    subject: &Subject,
    credential: &Credential,
    options: &Options,
) -> Result<Target, Standing> {
    let unasked = |reason| Standing::of(State::Unknown, reason);
    let Some((forge, is_certain)) = forge_of(subject, options) else {
        return Err(unasked(Reason::NoForge));
    };
    // A registry's forge, if it has one, is on another host.
    if credential.context.protocol() == Protocol::Docker && !is_certain {
        return Err(unasked(Reason::NoForge));
    }
    let api = options.api.clone().or_else(|| Kept::of(credential).api).filter(|_| !is_certain);
    let root = api.clone().unwrap_or_else(|| root(&credential.context));
    let place = Place {
        context: &credential.context,
        is_certain,
        root: root.trim_end_matches('/'),
        username: subject.username.as_ref(),
        path: &subject.path,
    };
    Target::of(forge, &place, &of_token(subject, credential, forge), api.as_deref())
}

fn of_token<'a>(subject: &'a Subject, credential: &'a Credential, forge: Id) -> api::Subject<'a> {
    let authtype = credential.authtype.as_deref().unwrap_or_default();
    api::Subject {
        token: &credential.token,
        username: subject.username.as_ref(),
        kind: kind_of(credential, forge),
        refresh_token: credential.refresh_token.as_ref(),
        is_oauth: credential.refresh_token.is_some() || authtype.eq_ignore_ascii_case(b"bearer"),
        path: &subject.path,
    }
}

/// Returns the kind of an account's token, as this forge knows it.
pub(crate) fn kind_of(credential: &Credential, forge: Id) -> Option<Kind> {
    super::recognised(&credential.context, Some(forge), credential).map(|kind| kind.kind)
}

/// Asks with at most so many questions, in this way to the network if there is one already. Returns nothing
/// where nobody is to be asked.
pub(crate) fn of(
    subject: &Subject,
    options: &Options,
    client: Option<&dyn Transport>,
    most: u8,
    deadline: Instant,
) -> Option<ApiLayer> {
    let credential = subject.credential.as_ref()?;
    if options.offline {
        return None;
    }
    let target = match target(subject, credential, options) {
        Ok(target) => target,
        Err(standing) => return Some(ApiLayer::of(standing)),
    };
    let before = Kept::of(credential).checked_at;
    let is_recent = before.is_some_and(|at| options.now.saturating_sub(at) < HOUR);
    if is_recent && api::of(target.forge).wants_to_be_spared() {
        return Some(ApiLayer::unasked(Reason::Spared));
    }
    let check = |_: &dyn Api, asking: &Asking<'_>| {
        let api::Report { standing, facts, notes } = api::check(&target, asking);
        ApiLayer { standing, facts, notes }
    };
    let asked = with_asking(subject, options, client, most, deadline, check);
    Some(asked.unwrap_or_else(ApiLayer::of))
}

/// Asks the API to which an account's token may be sent, with at most so many questions, in this way
/// to the network if there is one already.
///
/// # Errors
/// The reason why nobody can be asked.
pub(crate) fn with_asking<T>(
    subject: &Subject,
    options: &Options,
    client: Option<&dyn Transport>,
    most: u8,
    deadline: Instant,
    ask: impl FnOnce(&dyn Api, &Asking<'_>) -> T,
) -> Result<T, Standing> {
    with_api(subject, options, |api, token, target| {
        let own;
        let client = if let Some(client) = client {
            client
        } else {
            let new = Client::new(&root(&subject.context));
            own = new.map_err(|_| Standing::of(State::Unknown, Reason::NoCurl))?;
            &own
        };
        let asking = Asking {
            client,
            base: &target.base,
            subject: token,
            is_certain: forge::at(&subject.context).is_some(),
            deadline,
            left: Cell::new(most),
            beside: RefCell::default(),
            now: options.now,
        };
        Ok(ask(api, &asking))
    })?
}

/// Calls the API to which an account's token may be sent. Nobody is asked by that alone.
///
/// # Errors
/// The reason why there is none.
pub(crate) fn with_api<T>(
    subject: &Subject,
    options: &Options,
    call: impl FnOnce(&dyn Api, &api::Subject<'_>, &Target) -> T,
) -> Result<T, Standing> {
    let Some(credential) = &subject.credential else {
        return Err(Standing::of(State::Unknown, Reason::NoAccount));
    };
    let target = target(subject, credential, options)?;
    let token = of_token(subject, credential, target.forge);
    Ok(call(api::of(target.forge), &token, &target))
}
