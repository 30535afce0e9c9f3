//! Asks about many accounts: at several hosts at once, and at each host about one account after the
//! other.
//!
//! A forge bans an address that sends it many bad tokens. So after five refusals in a row at one
//! host, the other accounts there are not asked about.

use super::api_layer::{self, ApiLayer};
use super::{Checked, Options, Subject, concluded};
use crate::api;
use crate::api::http::{Client, Transport};
use crate::api::state::{Reason, State};
use crate::forge::Id;
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

/// The number of refusals in a row after which a host is not asked any more.
pub(crate) const REFUSALS: usize = 5;

/// The greatest number of questions about one account.
pub(crate) const QUESTIONS: u8 = 2;

/// The greatest number of hosts that are asked at once.
const HOSTS: usize = 64;

/// Returns the forge that is asked about an account where many are asked about, if one is.
pub(crate) fn asked(subject: &Subject, options: &Options) -> Option<Id> {
    let credential = subject.credential.as_ref().filter(|_| !options.offline)?;
    let forge = api_layer::target(subject, credential, options).ok()?.forge;
    (!api::of(forge).wants_to_be_spared()).then_some(forge)
}

/// Asks about all these accounts. Returns the results in their order.
pub(crate) fn all(subjects: Vec<Subject>, options: &Options) -> Vec<Checked> {
    let mut by_host: BTreeMap<String, Vec<(usize, &Subject)>> = BTreeMap::new();
    let mut layers: Vec<Option<ApiLayer>> = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        layers.push(None);
        let Some(credential) = subject.credential.as_ref().filter(|_| !options.offline) else {
            continue;
        };
        match api_layer::target(subject, credential, options) {
            Ok(target) if api::of(target.forge).wants_to_be_spared() => {
                layers[at] = Some(ApiLayer::unasked(Reason::Spared));
            }
            Ok(target) => by_host.entry(target.origin()).or_default().push((at, subject)),
            Err(standing) => layers[at] = Some(ApiLayer::of(standing)),
        }
    }
    let mut hosts: Vec<_> = by_host.into_values().collect();
    while !hosts.is_empty() {
        let some = hosts.split_off(hosts.len().saturating_sub(HOSTS));
        thread::scope(|scope| {
            let threads: Vec<_> = some
                .into_iter()
                .map(|subjects| scope.spawn(move || at_host(&subjects, options)))
                .collect();
            for answers in threads.into_iter().filter_map(|thread| thread.join().ok()) {
                for (at, layer) in answers {
                    layers[at] = layer;
                }
            }
        });
    }
    let concluded = |(subject, layer)| concluded(subject, options, None, layer);
    subjects.into_iter().zip(layers).map(concluded).collect()
}

fn at_host(subjects: &[(usize, &Subject)], options: &Options) -> Vec<(usize, Option<ApiLayer>)> {
    let first = subjects.first().map(|(_, subject)| api_layer::root(&subject.context));
    let client = Client::new(&first.unwrap_or_default()).ok();
    let mut in_a_row = 0;
    let mut answers = Vec::with_capacity(subjects.len());
    for (at, subject) in subjects {
        let layer = match &client {
            None => Some(ApiLayer::unasked(Reason::NoCurl)),
            Some(_) if in_a_row >= REFUSALS => Some(ApiLayer::unasked(Reason::Spared)),
            Some(client) => {
                let client: &dyn Transport = client;
                let deadline = Instant::now() + options.timeout;
                api_layer::of(subject, options, Some(client), QUESTIONS, deadline)
            }
        };
        match layer.as_ref().map(|layer| &layer.standing) {
            Some(standing) if standing.is_refused() => in_a_row += 1,
            None => {}
            Some(standing) if matches!(standing.state, State::Unknown | State::Unreachable) => {}
            Some(_) => in_a_row = 0,
        }
        answers.push((*at, layer));
    }
    answers
}
