//! The same random script on every keychain, and on a model that is written from the rules alone:
//! all must give the same answers and keep the same accounts.
//!
//! A script that fails is made as short as possible, printed, and kept in `model.regressions`,
//! where the next run begins.

mod rules;
mod script;
mod tokens;

use crate::support::Keys;
#[cfg(target_os = "linux")]
use crate::support::desktop::Desktop;
#[cfg(target_os = "linux")]
use crate::support::keyring::elsewhere;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{self, Credential, Maker, Username};
use git_credential_pat::error::Error;
use git_credential_pat::helper::{self, Outcome, Policy, Restored};
#[cfg(target_os = "linux")]
use git_credential_pat::keychain::Options;
#[cfg(windows)]
use git_credential_pat::keychain::credential_manager::CredentialManager;
#[cfg(target_os = "linux")]
use git_credential_pat::keychain::kernel::KernelKeyring;
use git_credential_pat::keychain::memory::MemoryKeychain;
#[cfg(target_os = "linux")]
use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
use git_credential_pat::keychain::{Found, Keychain};
use git_credential_pat::protocol::Request;
use git_credential_pat::secret::Secret;
use proptest::collection::vec;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use rules::{Answer, Model};
use script::{Place, Stage, Step};

/// The most steps in a script. Only long scripts meet rejected and expired accounts.
const STEPS: usize = 40;

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/model.regressions");

const START: u64 = 1_800_000_000;

#[test]
fn operations_mean_what_the_rules_say() {
    run(2500, |steps| play(steps, &Keys::labelled("model"), &mut [&mut MemoryKeychain::default()]));
}

#[cfg(target_os = "linux")]
#[test]
fn every_keychain_answers_as_the_rules_say() {
    let mut desktop = None;
    let in_desktop = || {
        let desktop = desktop.insert(Desktop::gnome_keyring());
        desktop.sandbox.command("env")
    };
    if elsewhere("model::every_keychain_answers_as_the_rules_say", in_desktop) {
        return;
    }
    let options = Options { patient: true, ..Options::default() };
    run(50, |steps| {
        let mut memory = MemoryKeychain::default();
        let mut kernel = KernelKeyring::new(&options);
        let mut desktop = SecretService::new(&options).with_prompts(Prompts::Never);
        // Every script has a label of its own, so that nothing remains of the one before.
        play(steps, &Keys::new(), &mut [&mut memory, &mut kernel, &mut desktop])
    });
}

#[cfg(windows)]
#[test]
fn every_keychain_answers_as_the_rules_say() {
    run(50, |steps| {
        let mut memory = MemoryKeychain::default();
        play(steps, &Keys::new(), &mut [&mut memory, &mut CredentialManager])
    });
}

/// Plays so many random scripts.
fn run(scripts: u32, play: impl Fn(&[Step]) -> Result<(), TestCaseError>) {
    let config = Config {
        cases: scripts,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let steps = vec(script::step(), 1..=STEPS);
    let result = TestRunner::new(config).run(&steps, |steps| play(&steps));
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// Plays a script on the model, then on these keychains, and compares.
fn play(
    steps: &[Step],
    keys: &Keys,
    keychains: &mut [&mut dyn Keychain],
) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut now = START;
    let mut expected = Vec::new();
    for step in steps {
        if let Step::Wait { seconds } = step {
            now += u64::from(*seconds);
        }
        expected.push((model.play(step, now), now));
    }
    let accounts = model.accounts(|host| keys.host(host), now);
    for keychain in keychains {
        let name = keychain.kind().name();
        let fail = |what: String| Err(TestCaseError::fail(format!("{name}: {what}")));
        for (number, (step, (answer, now))) in steps.iter().zip(&expected).enumerate() {
            match perform(step, *now, keys, *keychain) {
                Ok(given) if given == *answer => {}
                Ok(given) => return fail(format!("step {number}: {given:?}, not {answer:?}")),
                Err(error) => return fail(format!("step {number}: {error}")),
            }
        }
        let kept = kept(*keychain, keys, now);
        if kept != accounts {
            return fail(format!("{kept:?} is kept, not {accounts:?}"));
        }
    }
    Ok(())
}

/// Performs one step on a real keychain.
fn perform(
    step: &Step,
    now: u64,
    keys: &Keys,
    keychain: &mut dyn Keychain,
) -> Result<Answer, Error> {
    let policy = Policy { allow_http: false, now };
    let mut lines = String::new();
    let mut line = |key: &str, value: Option<&str>| {
        lines.extend(value.map(|value| format!("{key}={value}\n")));
    };
    let mut place = |at: &Place| {
        line("protocol", Some("https"));
        line("host", Some(&at.host_as_typed(|host| keys.host(host))));
        line("path", Some(at.path));
    };
    match step {
        Step::Get { at, name, understands_schemes } => {
            place(at);
            line("username", *name);
            if *understands_schemes {
                line("capability[]", Some("authtype"));
            }
            helper::get(&Request::parse(lines.as_bytes())?, policy, keychain).map(answer)
        }
        Step::Store { at, name, token, scheme, expiry, refresh } => {
            place(at);
            line("username", *name);
            line("authtype", *scheme);
            line(if scheme.is_some() { "credential" } else { "password" }, Some(token));
            let expiry = expiry.map(|seconds| (START + u64::from(seconds)).to_string());
            line("password_expiry_utc", expiry.as_deref());
            line("oauth_refresh_token", *refresh);
            unless_rotating(helper::store(&Request::parse(lines.as_bytes())?, policy, keychain))
        }
        Step::Erase { at, name, token } => {
            place(at);
            line("username", *name);
            line("password", *token);
            unless_rotating(helper::erase(&Request::parse(lines.as_bytes())?, policy, keychain))
        }
        Step::LogIn { at, name, token, for_any_name } => {
            if let Some(context) = context(at, keys) {
                let credential = Credential {
                    any_username: *for_any_name,
                    ..Credential::new(
                        context,
                        Some(Username::new(name.as_bytes())),
                        Secret::new(token.as_bytes()),
                        now,
                    )
                };
                helper::put(keychain, &credential)?;
            }
            Ok(Answer::Silence)
        }
        Step::Restore { at, name } => {
            let name = name.map(|name| Username::new(name.as_bytes()));
            let Some(context) = context(at, keys) else { return Ok(Answer::NotRestored) };
            match helper::restore(keychain, &context, name.as_ref(), now) {
                Ok(Restored::Account(_)) => Ok(Answer::Silence),
                Ok(_) | Err(Error::Expired) => Ok(Answer::NotRestored),
                Err(error) => Err(error),
            }
        }
        Step::Rotate { at, name, to } => {
            if let Some(context) = context(at, keys) {
                rotate(keychain, &context, &Username::new(name.as_bytes()), to, now)?;
            }
            Ok(Answer::Silence)
        }
        Step::Wait { .. } => Ok(Answer::Silence),
    }
}

fn unless_rotating(outcome: Result<Outcome, Error>) -> Result<Answer, Error> {
    match outcome {
        Err(Error::Rotating) => Ok(Answer::Rotating),
        outcome => outcome.map(answer),
    }
}

/// Brings a rotation of this account so far, as `rotate` leaves it there.
fn rotate(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: &Username,
    to: &Stage,
    now: u64,
) -> Result<(), Error> {
    let found = keychain.find(std::slice::from_ref(context), Some(username))?;
    let read = keychain.read(&found)?.into_iter().map(|(_, credential)| credential);
    let there = read.filter(|there| there.account().username == *username && !there.is_gone(now));
    let Some(there) = there.max_by_key(|there| there.stored_at) else { return Ok(()) };
    let has_token = !there.token.expose().is_empty();
    let new = match to {
        Stage::Begun if has_token => Credential { rotating_at: Some(now), ..there },
        Stage::Answered { token, ends } if there.awaits_new_token() => {
            let mut previous = there.answering();
            previous.rejected_at = if *ends { Some(now) } else { previous.rejected_at };
            let new = credential::Token {
                secret: Secret::new(token.as_bytes()),
                authtype: None,
                expiry: None,
                refresh_token: None,
                stored_at: now.max(there.stored_at + 1),
                rejected_at: None,
                known: None,
                made_by: Maker::Person,
            };
            Credential { previous: Some(Box::new(previous)), ..there }.with_answering(new)
        }
        Stage::Ended { keeps } if there.rotating_at.is_some() && there.previous.is_some() => {
            let previous = there.previous.clone().filter(|_| *keeps);
            Credential { rotating_at: None, previous, aside: None, ..there }
        }
        _ => return Ok(()),
    };
    helper::put(keychain, &new)
}

fn context(at: &Place, keys: &Keys) -> Option<Context> {
    let host = at.host_as_typed(|host| keys.host(host));
    Context::of_host(b"https", host.as_bytes()).unwrap().scoped(at.path.as_bytes())
}

fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Silent
        | Outcome::Nobody(_)
        | Outcome::Expired(_)
        | Outcome::Withheld(_)
        | Outcome::Written(_)
        | Outcome::PutAway(_) => Answer::Silence,
        Outcome::Ambiguous(_, names) => {
            Answer::Several(names.iter().map(ToString::to_string).collect())
        }
        Outcome::Answer { lines, .. } => Answer::Lines(String::from_utf8(lines.to_vec()).unwrap()),
        Outcome::RefusedHttp => panic!("nobody asked for http"),
    }
}

/// Returns the accounts under this label and their contents, in order.
fn kept(keychain: &mut dyn Keychain, keys: &Keys, now: u64) -> Vec<String> {
    let label = keys.host("");
    let mut listed = keychain.list().unwrap();
    listed.retain(|(_, account)| account.context.to_string().contains(&label));
    let found: Vec<Found> = listed.into_iter().map(|(found, _)| found).collect();
    let read = keychain.read(&found).unwrap();
    let there = read.iter().filter(|(_, credential)| !credential.is_gone(now));
    let mut accounts: Vec<String> = there
        .map(|(_, credential)| {
            let account = credential.account();
            let words = in_words(credential, now);
            format!("{} {}: {words}", account.context, account.username)
        })
        .collect();
    accounts.sort();
    accounts
}

/// Returns a credential in the model's words.
fn in_words(credential: &Credential, now: u64) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let token = |token: &credential::Token| tokens::Token {
        text: text(token.secret.expose()),
        scheme: token.authtype.as_deref().map(text),
        expiry: token.expiry,
        refresh: token.refresh_token.as_ref().map(|token| text(token.expose())),
        refused: token.rejected_at,
        persons: token.made_by == Maker::Person,
    };
    let account = tokens::Account {
        name: credential.username.as_ref().map(ToString::to_string),
        for_any_name: credential.any_username,
        persons: credential.made_by == Maker::Person,
        put_away: credential.put_away_at,
        answers: token(&credential.answering()),
        aside: credential.aside.as_ref().map(|aside| (token(&aside.token), aside.since)),
        rotating: credential.rotating_at.is_some(),
        previous: credential.previous.as_deref().map(token),
    };
    account.in_words(now)
}
