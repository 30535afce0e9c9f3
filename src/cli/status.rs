//! `git credential-pat status [URL]` shows everything that decides what git will do, what is wrong
//! with it, and what mends that.
//!
//! It only looks and changes nothing: no keychain is unlocked, nobody is asked, no token is shown.
//!
//! - [`places`]: the URLs that are looked at. [`configuration`]: the helpers that git asks there.
//! - [`accounts`]: the account that answers. [`plain_text`]: tokens in plain text.
//! - [`clients`]: programs that see less of the configuration than git.
//! - [`sources`]: tokens that come from no keychain. [`vault`]: whether the vault is open.
//! - [`finding`]: a result of these. [`report`]: the output.

mod accounts;
mod clients;
pub(super) mod configuration;
pub(super) mod finding;
pub(super) mod places;
mod plain_text;
mod report;
pub(super) mod sources;
mod vault;

use super::KeychainArguments;
use super::watch;
use crate::context::escape;
use crate::credential::Username;
use crate::error::{Error, GitTrouble};
use crate::forge;
use crate::git::configuration::Configuration;
use crate::git::entries::Entries;
use crate::git::url;
use crate::git::words::typed;
use crate::git::{self, Failed};
use crate::helper::explanation::{self, Explained, Why};
use crate::helper::{self, Policy};
use crate::keychain::vault::State;
use crate::keychain::{self, Keychain, Kind, Options};
use crate::protocol::Request;
use crate::setup::{Setup, Setups, locked};
use crate::terminal;
use crate::time::now;
use configuration::View;
use finding::{Finding, Mend};
use places::{Asked, Looked, Unanswered};
use report::Paper;
use serde_json::{Value, json};

/// The first git whose requests say that they take other schemes than Basic.
const SCHEMES: (u32, u32) = (2, 46);

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host or repository that git would go to [default: this repository's remotes; outside
    /// of a repository no particular URL]
    url: Option<String>,
    /// Print a JSON object, for programs; each finding has an `id` that does not change
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

/// The content of the report.
struct Report {
    git: Option<String>,
    places: Vec<PlaceReport>,
    keychains: Vec<Kind>,
    /// The state of the vault, if it is one of the keychains.
    vault: Option<State>,
    others: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
}

/// Returns the finding that git cannot give its configuration.
fn unreadable(failed: &Failed) -> Finding {
    let error = Error::from(failed.trouble);
    let (id, mend) = match failed.trouble {
        GitTrouble::Missing => {
            ("no-git", error.hint().map_or(Mend::Nothing, |hint| Mend::Advice(hint.to_owned())))
        }
        // This command says what git does not understand.
        _ => ("configuration", Mend::Command("git config --list".to_owned())),
    };
    let words = Some(&failed.words).filter(|words| !words.is_empty());
    let what = words.map_or_else(|| error.to_string(), |words| format!("{error}: {words}"));
    Finding::wrong(id, what, mend)
}

/// Returns what is wrong with the timer that has tokens checked, if there is one.
fn timers() -> Vec<Finding> {
    let installed = crate::watch::installed();
    let trouble = installed.iter().filter_map(watch::trouble);
    trouble.map(|what| Finding::wrong("timer", what, Mend::Advice(watch::mend()))).collect()
}

/// Opens a keychain as git does, but without the cache, whose copies stay as they are.
fn to_look(setup: &Setup) -> Result<(Options, Box<dyn Keychain>), Error> {
    let Options { kind, identity, .. } = setup.options.clone();
    let options = Options { kind, identity, ..Options::default() };
    let keychain = keychain::open(&options)?;
    Ok((options, keychain))
}

struct PlaceReport {
    url: Option<String>,
    username: Option<String>,
    sends_path: bool,
    /// The helpers, each with the origin of its line.
    helpers: Vec<(String, String)>,
    helpers_json: Value,
    accounts: Vec<Explained>,
    /// Whether a person named the URL.
    is_named: bool,
}

/// Prints the report. Returns the exit status, which is 0 if all is well.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let report = Report::gather(arguments)?;
    if arguments.json {
        terminal::write_json(&report.to_json())?;
    } else {
        terminal::write_raw(report.to_text().as_bytes())?;
    }
    Ok(u8::from(report.findings.iter().any(|finding| finding.wrong)))
}

impl Report {
    fn gather(arguments: &Arguments) -> Result<Self, Error> {
        let readable = Entries::read();
        let git = git::version();
        let mut report = Self {
            git,
            places: Vec::new(),
            keychains: Vec::new(),
            vault: None,
            others: Vec::new(),
            findings: Vec::new(),
        };
        let entries = match readable {
            Ok(entries) => entries,
            Err(failed) => {
                report.found([unreadable(&failed)]);
                return Ok(report);
            }
        };
        report.others = configuration::others(&entries);
        let places = places::looked_at(arguments.url.as_deref(), &entries)?;
        let setups = Setups::with(entries, arguments.keychain.keychain);
        if places.is_empty() {
            report.look_at(None, &setups)?;
        }
        let mut asked = Vec::new();
        for place in places {
            match place {
                Looked::At(place) => {
                    report.look_at(Some(&place), &setups)?;
                    asked.push(place);
                }
                Looked::Unanswered(place) => report.pass_over(place, &setups),
            }
        }
        report.found(configuration::headers(setups.entries(), &asked));
        report.found(plain_text::findings(&setups));
        report.found(timers());
        // Wrong things come first, and missing accounts last among them: their tokens may be those
        // that were found in plain text.
        report.findings.sort_by_key(|finding| (!finding.wrong, finding.id == "no-account"));
        Ok(report)
    }

    fn look_at(&mut self, asked: Option<&Asked>, setups: &Setups) -> Result<(), Error> {
        let url = asked.map(|asked| asked.url.as_str());
        let configuration = setups.configuration(url);
        let view = View::of(&configuration, setups.entries(), asked);
        self.found(view.findings());
        let alone = configuration.has_only_sources();
        self.found(configuration.sources().filter_map(|o| sources::about(o, asked, alone)));
        let told = configuration.username.as_ref().filter(|_| asked.is_some());
        let given = asked.and_then(|asked| asked.username.clone());
        let given = given.or(told.map(|(_, name)| name.clone()));
        let mut place = PlaceReport {
            url: asked.map(|asked| asked.context.to_string()),
            username: given.as_ref().map(ToString::to_string),
            sends_path: configuration.sends_path,
            helpers: view.lines(),
            helpers_json: view.to_json(),
            accounts: Vec::new(),
            is_named: asked.is_some_and(|asked| asked.named),
        };
        // Where only sources serve, git never asks for an account in a keychain.
        if setups.is_told() || !configuration.has_only_sources() {
            let here = match asked {
                Some(_) => vec![setups.at(url)?],
                None => setups.everywhere()?,
            };
            let is_one = here.len() == 1;
            for setup in here {
                let looked =
                    self.look_into(&setup, asked, setups.entries(), &configuration, given.as_ref());
                match looked {
                    Ok(accounts) => place.accounts.extend(accounts),
                    // A line for certain URLs may name a keychain of another system.
                    Err(Error::Unsupported) if !is_one => {}
                    Err(error) => {
                        let finding = accounts::keychain(error);
                        // A keychain that no line names may well not exist.
                        let wrong = is_one || setup.options.kind.is_some();
                        self.found([Finding { wrong, ..finding }]);
                    }
                }
            }
        }
        if let Some(asked) = asked.filter(|_| alone && !setups.is_told())
            && !configuration.sources().any(|one| sources::is_for(one, asked))
        {
            let found = accounts::about_answer(asked, &[], given.as_ref(), &configuration);
            self.found(found);
        }
        self.places.push(place);
        Ok(())
    }

    /// Reports a URL for which no account can answer.
    fn pass_over(&mut self, place: Unanswered, setups: &Setups) {
        let configuration = setups.configuration(Some(&place.url));
        let view = View::of(&configuration, setups.entries(), None);
        let url = escape(place.url.as_bytes());
        self.places.push(PlaceReport {
            url: Some(forge::shown(&url).to_owned()),
            username: None,
            sends_path: configuration.sends_path,
            helpers: view.lines(),
            helpers_json: view.to_json(),
            accounts: Vec::new(),
            is_named: false,
        });
        let is_expected = place.meant().is_some_and(|asked| {
            let is_there =
                |one: &Explained| asked.context.outwards().contains(&one.account.context);
            setups.configuration(Some(&asked.url)).has_ours_for_the_host()
                || setups.at(Some(&asked.url)).is_ok_and(|setup| {
                    let accounts = to_look(&setup).and_then(|(_, mut keychain)| {
                        let asks = helper::with_retries(|| keychain.asks_before_it_searches())?;
                        if asks {
                            Ok(Vec::new())
                        } else {
                            explanation::accounts(&mut *keychain, now())
                        }
                    });
                    accounts.is_ok_and(|accounts| accounts.iter().any(is_there))
                })
        });
        self.found([place.finding(is_expected)]);
    }

    /// Returns the accounts in a keychain, each with the reason why it answers or does not.
    fn look_into(
        &mut self,
        setup: &Setup,
        asked: Option<&Asked>,
        entries: &Entries,
        configuration: &Configuration<'_>,
        username: Option<&Username>,
    ) -> Result<Vec<Explained>, Error> {
        let (options, mut keychain) = to_look(setup)?;
        let asks = helper::with_retries(|| keychain.asks_before_it_searches());
        // A repository's own line counts, too, because git's get obeys it.
        let allow_http = configuration.our_keychain().is_some_and(|(_, line)| line.allow_http);
        let policy = Policy { allow_http, now: now() };
        let looked = match asked {
            _ if asks != Ok(false) => Err(asks.err().unwrap_or_else(|| locked(keychain.kind()))),
            Some(asked) => {
                let request = self.request(asked, configuration, username.cloned());
                explanation::explain(&request, policy, &mut *keychain)
            }
            None => explanation::accounts(&mut *keychain, policy.now),
        };
        let kind = keychain.kind();
        if kind == Kind::Vault {
            self.vault = vault::state(&options);
            self.found(vault::findings(&options, keychain.left_out()));
        }
        if !self.keychains.contains(&kind) {
            self.keychains.push(kind);
        }
        let accounts = looked?;
        self.found(accounts::about_accounts(&accounts, entries, asked));
        if let Some(asked) = asked.filter(|_| configuration.has_ours()) {
            let has_source = configuration.sources().any(|one| sources::may_answer(one, asked));
            let found = accounts::about_answer(asked, &accounts, username, configuration);
            self.found(found.filter(|finding| finding.id != "no-account" || !has_source));
            self.found(accounts::about_http(asked, allow_http, &accounts, entries));
        }
        if let Some(configured) = setup.passed_over {
            let (ours, theirs) = (kind.name(), configured.name());
            let what = format!("git asks {theirs} there, and {ours} is looked into");
            self.found([Finding::note("other-keychain", what, Mend::Nothing)]);
        }
        Ok(accounts)
    }

    /// Returns the request that git would send at this URL.
    fn request(
        &self,
        asked: &Asked,
        configuration: &Configuration<'_>,
        username: Option<Username>,
    ) -> Request {
        let context = asked.context.host_level().to_string();
        let (protocol, host) = context.split_once("://").unwrap_or_default();
        let mut request = Request {
            protocol: Some(protocol.as_bytes().to_vec()),
            host: Some(host.as_bytes().to_vec()),
            path: url::path(&asked.url).filter(|path| configuration.sends_path && !path.is_empty()),
            username,
            ..Default::default()
        };
        request.capabilities.authtype = self.git_is_at_least(SCHEMES);
        request
    }

    fn git_is_at_least(&self, (major, minor): (u32, u32)) -> bool {
        let mut numbers =
            self.git.iter().flat_map(|text| text.split('.')).map(|text| text.parse().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        found >= (major, minor)
    }

    /// Adds findings, each only once: the same may be wrong at several URLs.
    fn found(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }

    fn to_json(&self) -> Value {
        let places = self.places.iter().map(|place| {
            let name = place.username.as_deref();
            let accounts = place.accounts.iter().map(|one| accounts::to_json(one, name));
            json!({
                "url": place.url,
                "helpers": place.helpers_json,
                "username": name,
                "sends_path": place.sends_path,
                "accounts": accounts.collect::<Vec<_>>(),
                "check": place.accounts.iter().find_map(|one| place.check(one)),
            })
        });
        let keychains = self.keychains.iter().map(|&kind| {
            let state = self.vault.filter(|_| kind == Kind::Vault).map(State::in_words);
            json!({
                "name": kind.name(),
                "survives_reboot": kind.outlives_reboot(),
                "state": state,
            })
        });
        json!({
            "well": !self.findings.iter().any(|finding| finding.wrong),
            "git": self.git,
            "keychains": keychains.collect::<Vec<_>>(),
            "places": places.collect::<Vec<_>>(),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        const USUAL: usize = 80;
        let columns = terminal::stdout_columns().unwrap_or(USUAL);
        let mut paper = Paper::new(columns.max(40), terminal::stdout_takes_colour());
        paper.line("git", self.git.as_deref().unwrap_or("not found"));
        for kind in &self.keychains {
            let state = self.vault.filter(|_| *kind == Kind::Vault);
            let state = state.map_or_else(String::new, |state| format!("; {}", state.in_words()));
            paper.line("keychain", &format!("{}{state}", kind.in_a_report()));
        }
        for place in &self.places {
            place.write(&mut paper);
        }
        for (subject, text) in &self.others {
            paper.line(subject, text);
        }
        paper.findings(&self.findings);
        paper.into_text()
    }
}

impl PlaceReport {
    /// Returns the command that asks the host about this account, if git gets its token, or did so
    /// until the host rejected it.
    fn check(&self, explained: &Explained) -> Option<String> {
        let url = self.url.as_ref().filter(|_| self.is_named)?;
        matches!(explained.why, Why::Answers | Why::Rejected)
            .then(|| format!("{} check {}", finding::this_command(), typed(url)))
    }

    fn write(&self, paper: &mut Paper) {
        paper.line("place", self.url.as_deref().unwrap_or("none in particular"));
        if let Some(name) = &self.username {
            paper.line("username", &format!("git asks for {name}"));
        }
        if self.url.is_some() {
            paper.line("path", if self.sends_path { "sent" } else { "not sent" });
        }
        if self.helpers.is_empty() {
            paper.line("helpers", "none");
        }
        for (number, (helper, origin)) in self.helpers.iter().enumerate() {
            let subject = if number == 0 { "helpers" } else { "" };
            paper.line(subject, &format!("{}. {helper}", number + 1));
            paper.detail(origin);
        }
        if self.accounts.is_empty() {
            paper.line("accounts", "none");
        }
        for (number, explained) in self.accounts.iter().enumerate() {
            let subject = if number == 0 { "accounts" } else { "" };
            let name = accounts::name(explained);
            paper.line(
                subject,
                &format!("{name} at {}", forge::shown_context(&explained.account.context)),
            );
            if self.url.is_some() || explained.why != Why::Refused {
                paper.detail(&accounts::reason(explained, self.username.as_deref()));
            } else if let Some(aside) = accounts::aside(explained) {
                paper.detail(aside);
            }
            if let Some(told) = accounts::told(explained) {
                paper.detail(&told);
            }
            if let Some(check) = self.check(explained) {
                paper.detail(&format!("the host was not asked; to ask it: {check}"));
            }
        }
    }
}
