//! Everything that `check` shows and keeps of answers that are given, without a network and without a
//! keychain. By it the fuzzer plays every forge and every git host.

use super::{json, nagios, report};
use crate::api::http::{Answer, MOST, Request, Transport, Trouble};
use crate::api::state::State;
use crate::check::kept::Kept;
use crate::check::{Options, Subject, all, api_layer, concluded, git_layer};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::forge::Id;
use crate::git::reach::{Reached, Want};
use crate::secret::Secret;
use std::cell::RefCell;
use std::slice::Iter;
use std::time::{Duration, Instant};

/// The account and the answers.
pub struct Given<'a> {
    /// The number of the forge, counted around all of them.
    pub forge: usize,
    /// Whether it is at its own host, where it has one. Else it is below a path that a person named.
    pub at_its_own_host: bool,
    /// The token.
    pub token: &'a [u8],
    /// curl's output for one question after the other.
    pub curl: &'a [&'a [u8]],
    /// Whether git ended well, and its words with its trace, for push and for reading.
    pub git: [(bool, &'a [u8]); 2],
}

/// What comes of it.
pub struct Shown {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: String,
    /// For a monitor.
    pub line: String,
    /// What is kept with the account, if anybody has answered.
    pub kept: Option<Vec<u8>>,
    /// Whether what is kept reads back as the same.
    pub reads_back: bool,
    /// Whether the forge is said to take the token.
    pub is_taken: bool,
    /// How often the forge was asked.
    pub questions: usize,
}

/// The time of the questions, in seconds since 1970 UTC.
const NOW: u64 = 1_796_169_600;

/// Answers with what is given, as if curl had printed it.
struct Script<'a> {
    outputs: RefCell<Iter<'a, &'a [u8]>>,
    asked: RefCell<usize>,
}

impl Transport for Script<'_> {
    fn send(&self, _: &Request<'_>) -> Result<Answer, Trouble> {
        *self.asked.borrow_mut() += 1;
        let printed = self.outputs.borrow_mut().next().ok_or(Trouble::TooSlow)?;
        let printed = Some(*printed).filter(|printed| printed.len() <= MOST);
        Answer::parse(printed.ok_or(Trouble::TooMuch)?).ok_or(Trouble::Failed)
    }
}

/// Returns what `check` shows and keeps of these answers, or nothing where there is no such host.
#[must_use]
pub fn check(given: &Given<'_>) -> Option<Shown> {
    let id = Id::ALL[given.forge % Id::ALL.len()];
    let own = id.forge().main_host().filter(|_| given.at_its_own_host);
    let context = Context::of_host(b"https", own.unwrap_or("h.example").as_bytes())?;
    let name = Username::new(b"alice@h.example");
    let token = Secret::new(given.token);
    let credential = Credential::new(context, Some(name), token.clone(), 1);
    let subject = Subject { path: "team/repo".to_owned(), ..Subject::of(credential, NOW) };
    let options = Options {
        forge: Some(id).filter(|_| own.is_none()),
        api: own.is_none().then(|| "https://h.example/git".to_owned()),
        offline: false,
        warn_before: 0,
        timeout: Duration::from_secs(60),
        now: NOW,
    };
    let script = Script { outputs: RefCell::new(given.curl.iter()), asked: RefCell::default() };
    let deadline = Instant::now() + options.timeout;
    let api = api_layer::of(&subject, &options, Some(&script), all::QUESTIONS, deadline);
    let [push, read] = given.git;
    let push = Reached::read(Want::Push, push.0, push.1);
    let read = Reached::read(Want::Read, read.0, read.1);
    let git = git_layer::told(&push, Ok(read), &token);
    let is_taken = api.as_ref().is_some_and(|api| api.standing.state == State::Good);
    let checked = [concluded(subject, &options, Some(git), api)];
    let learnt = checked[0].learnt.clone();
    let reads_back = learnt.as_ref().is_none_or(|learnt| {
        let kept = Kept::of(learnt);
        Kept::of(&kept.put(learnt.clone())) == kept
    });
    Some(Shown {
        text: report::text(&checked, NOW),
        json: json::of(&checked[0], NOW).to_string(),
        line: nagios::line(&checked, &options),
        kept: learnt.and_then(|learnt| Some(learnt.known?.expose().to_vec())),
        reads_back,
        is_taken,
        questions: script.asked.into_inner(),
    })
}
