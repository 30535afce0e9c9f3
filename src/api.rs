//! The forges asked about a token: whose it is, what it may do, until when.
//!
//! Each forge is a file in this folder, beside what is known of it without asking in
//! [`forge`]. They put their questions through [`Asking`], which counts them, and
//! see nothing of how they travel: that is [`http`]'s.
//!
//! A token goes only to its own forge: to the host that it is kept for, or to that forge's own
//! fixed API host; never where its beginning names another forge, never into a URL, never where a
//! redirect leads but to the same server. [`Target::of`] and [`Asking`] are where that is held.

mod azure;
mod bitbucket;
mod gitea;
mod github;
mod gitlab;
pub(crate) mod http;
mod huggingface;
pub(crate) mod state;

use crate::base64;
use crate::context::Context;
use crate::credential::Username;
use crate::forge::{self, Id, Kind};
use crate::said;
use crate::secret::Secret;
use http::{Answer, Client, Request, Trouble};
use serde_json::Value;
use state::{Reason, Standing, State, reason_in};
use std::cell::Cell;
use std::time::Instant;
use url::Url;
use zeroize::Zeroizing;

/// What a forge knows of a token. What it does not say is none, never empty.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    /// The name of whose it is.
    pub(crate) owner: Option<String>,
    /// The forge's names of what it may do.
    pub(crate) scopes: Option<Vec<String>>,
    /// When it ends, in seconds since 1970 UTC.
    pub(crate) expiry: Told,
    /// When it was last used before this question.
    pub(crate) last_used: Option<u64>,
    /// Whether it opens repositories.
    pub(crate) may_read: Option<bool>,
    /// Whether it is good for pushing to them.
    pub(crate) may_push: Option<bool>,
}

/// What is said of an end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// That there is none.
    Never,
    /// The time, in seconds since 1970 UTC.
    At(u64),
}

/// What came of asking a forge.
pub(crate) struct Report {
    pub(crate) standing: Standing,
    pub(crate) facts: Facts,
}

impl Report {
    fn of(standing: Standing) -> Self {
        Self { standing, facts: Facts::default() }
    }

    /// Returns the report of a question that was not answered.
    fn wrong(standing: Standing) -> Box<Self> {
        Box::new(Self::of(standing))
    }

    fn good(facts: Facts) -> Self {
        Self { standing: Standing::good(), facts }
    }
}

/// How a forge is asked.
pub(crate) trait Api: Sync {
    /// Returns the address below which its API is for a host, or none where that is not known.
    /// `root` is the host's own, or what a person said.
    fn base(&self, place: &Place<'_>) -> Option<String>;

    /// Returns why it has no way to ask about a token of this kind.
    fn objection(&self, subject: &Subject<'_>) -> Option<&'static str> {
        let _ = subject;
        None
    }

    /// Asks about the token itself, and where a repository was named about that.
    ///
    /// # Errors
    /// With a report where a question had no answer that could be understood.
    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>>;

    /// Returns whether its host wants this question seldom, so that it is not put for many at once.
    fn wants_to_be_spared(&self) -> bool {
        false
    }
}

/// Returns the API of a forge.
pub(crate) fn of(id: Id) -> &'static dyn Api {
    match id {
        Id::GitHub => &github::GitHub,
        Id::GitLab => &gitlab::GitLab,
        Id::Bitbucket => &bitbucket::Bitbucket,
        Id::Gitea => &gitea::Gitea,
        Id::Azure => &azure::Azure,
        Id::HuggingFace => &huggingface::HuggingFace,
    }
}

/// The host whose API is wanted.
pub(crate) struct Place<'a> {
    /// Where the token is kept for.
    pub(crate) context: &'a Context,
    /// Whether the host's name tells which forge it is.
    pub(crate) is_certain: bool,
    /// `https://HOST`, or `https://HOST/below` where a person said so.
    pub(crate) root: &'a str,
    /// The account's username.
    pub(crate) username: Option<&'a Username>,
    /// The path of the repository, or of a part of the host, that was asked about.
    pub(crate) path: &'a str,
}

/// The token that is asked about.
pub(crate) struct Subject<'a> {
    pub(crate) token: &'a Secret,
    pub(crate) username: Option<&'a Username>,
    pub(crate) kind: Option<Kind>,
    /// Whether it is sent as `Bearer`, or a refresh token lies with it: OAuth's.
    pub(crate) is_oauth: bool,
    /// The path of the repository, empty for none.
    pub(crate) path: &'a str,
}

/// Where a token may be sent to be asked about.
pub(crate) struct Target {
    pub(crate) forge: Id,
    /// The API's address.
    pub(crate) base: String,
}

impl Target {
    /// Returns the only place that a token may go to, if there is one.
    ///
    /// # Errors
    /// Why it goes nowhere.
    pub(crate) fn of(
        forge: Id,
        place: &Place<'_>,
        subject: &Subject<'_>,
        api: Option<&str>,
    ) -> Result<Self, Standing> {
        let unasked = |reason| Standing::of(State::Unknown, reason);
        let known = forge::recognise(place.context, subject.token.expose());
        if known.is_some_and(|known| known.unmistakable && known.forge != forge) {
            return Err(unasked(Reason::OtherForge));
        }
        if place.context.exposes_secrets() {
            return Err(unasked(Reason::Http));
        }
        // Below a part of a host may be one forge, and at its root another program.
        if place.context.is_scoped() && !place.is_certain && api.is_none() {
            return Err(unasked(Reason::NoApi));
        }
        if let Some(why) = of(forge).objection(subject) {
            return Err(unasked(Reason::NoWay).saying(Some(why.to_owned())));
        }
        let base = of(forge).base(place).ok_or_else(|| unasked(Reason::NoApi))?;
        Ok(Self { forge, base })
    }

    /// Returns the server that is asked, for who asks several.
    pub(crate) fn origin(&self) -> String {
        origin(&self.base).unwrap_or_default()
    }
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// The questions about one token.
pub(crate) struct Asking<'a> {
    pub(crate) client: &'a Client,
    pub(crate) base: &'a str,
    pub(crate) subject: &'a Subject<'a>,
    /// Whether the API is that of the forge's own fixed host.
    pub(crate) is_certain: bool,
    pub(crate) deadline: Instant,
    /// How many questions may still be put.
    pub(crate) left: Cell<u8>,
    /// The time, in seconds since 1970 UTC.
    pub(crate) now: u64,
}

/// How a token stands in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    /// Gitea's own word.
    Token,
    /// With the account's name before it.
    Basic,
    /// With an empty name before it.
    Nameless,
}

impl Asking<'_> {
    /// Returns whether another question may be put.
    fn may_ask(&self) -> bool {
        self.left.get() > 0
    }

    /// Asks below the API's address.
    fn get(
        &self,
        path: &str,
        scheme: Scheme,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Box<Report>> {
        self.get_at(&format!("{}{path}", self.base), scheme, headers)
    }

    /// Asks at an address of the same server. What no forge means anything of its own by is a
    /// report already: a redirect elsewhere, too many questions, a failing server.
    fn get_at(
        &self,
        url: &str,
        scheme: Scheme,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Box<Report>> {
        let mut url = url.to_owned();
        loop {
            let answer = self.send(&url, scheme, headers)?;
            let unknown = |reason| Report::wrong(Standing::of(State::Unknown, reason));
            match answer.status {
                301 | 302 | 303 | 307 | 308 => {
                    let to = answer
                        .header("location")
                        .and_then(|to| Some(Url::parse(&url).ok()?.join(&to).ok()?.to_string()));
                    let is_here = |to: &String| origin(to) == origin(&url);
                    match to {
                        Some(to) if is_here(&to) && self.may_ask() && answer.status != 303 => {
                            url = to;
                        }
                        to => {
                            let to = to.and_then(|to| self.said(to.as_bytes()));
                            let mut report = unknown(Reason::Redirect);
                            report.standing.address = to;
                            return Err(report);
                        }
                    }
                }
                429 => return Err(Report::wrong(self.limited(&answer))),
                500.. => {
                    let said = self.words(&answer);
                    let mut report = unknown(Reason::Server);
                    report.standing.said = said;
                    return Err(report);
                }
                _ => return Ok(answer),
            }
        }
    }

    fn send(
        &self,
        url: &str,
        scheme: Scheme,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Box<Report>> {
        self.left.set(self.left.get().saturating_sub(1));
        let mut all = vec![("Authorization", self.authorization(scheme))];
        let own = headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec().into()));
        all.extend(own);
        if headers.iter().all(|(name, _)| *name != "Accept") {
            all.push(("Accept", b"application/json".to_vec().into()));
        }
        let request =
            Request { method: "GET", url, headers: all, body: None, deadline: self.deadline };
        self.client.send(&request).map_err(|trouble| Report::wrong(standing_of(trouble)))
    }

    fn authorization(&self, scheme: Scheme) -> Zeroizing<Vec<u8>> {
        let token = self.subject.token.expose();
        match scheme {
            Scheme::Bearer => Zeroizing::new([b"Bearer ", token].concat()),
            Scheme::Token => Zeroizing::new([b"token ", token].concat()),
            Scheme::Nameless => basic(b"", token),
            Scheme::Basic => {
                let name = self.subject.username.map(Username::as_bytes).unwrap_or_default();
                basic(name, token)
            }
        }
    }

    /// An answer that wants to be asked later.
    fn limited(&self, answer: &Answer) -> Standing {
        let after = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
        let reset = answer.header("x-ratelimit-reset").and_then(|at| at.parse::<u64>().ok());
        let after = after.or(reset.map(|at| at.saturating_sub(self.now)));
        Standing { retry_after: after, ..Standing::of(State::Limited, None) }
            .saying(self.words(answer))
    }

    /// Returns what the server says, fit to be shown.
    fn said(&self, text: &[u8]) -> Option<String> {
        said::by_server(text, self.subject.token)
    }

    /// Returns what an answer says to people: the text in what forges call so, or all of a plain
    /// text.
    fn words(&self, answer: &Answer) -> Option<String> {
        const NAMES: [&str; 4] = ["message", "error_description", "error", "errorDescription"];
        let body = answer.body.expose();
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return if answer.is_page() { None } else { self.said(body) };
        };
        let text = NAMES.iter().find_map(|name| match &json[*name] {
            Value::String(text) => Some(text.clone()),
            // Bitbucket's, and GitLab's at times.
            Value::Object(inner) => {
                inner.get("message").and_then(Value::as_str).map(ToOwned::to_owned)
            }
            _ => None,
        });
        let first = json["errors"][0]["message"].as_str().map(ToOwned::to_owned);
        self.said(text.or(first)?.as_bytes())
    }

    /// Returns the JSON of a good answer.
    fn json(&self, answer: &Answer) -> Result<Value, Box<Report>> {
        let json = serde_json::from_slice::<Value>(answer.body.expose()).ok();
        json.filter(|json| answer.status == 200 && json.is_object())
            .ok_or_else(|| self.unexpected(answer))
    }

    /// An answer that this forge does not give.
    fn unexpected(&self, answer: &Answer) -> Box<Report> {
        let reason = if answer.is_page() { Reason::Html } else { Reason::Answer };
        Report::wrong(Standing::of(State::Unknown, reason).saying(self.words(answer)))
    }

    /// A 401: the token is not taken, or its time is over where the server says that.
    fn refused(&self, answer: &Answer) -> Box<Report> {
        let said = self.words(answer);
        let lower = said.as_deref().unwrap_or_default().to_lowercase();
        // Some name all that may be.
        let others = ["invalid", "revoked", "not supported"];
        let is_over = lower.contains("expired") && !others.iter().any(|word| lower.contains(word));
        let state = if is_over { State::Ended } else { State::Refused };
        Report::wrong(Standing::of(state, None).saying(said))
    }

    /// A 403: the token is known, and may not.
    fn denied(&self, answer: &Answer) -> Box<Report> {
        let said = self.words(answer);
        let reason = said.as_deref().map_or(Reason::Other, reason_in);
        Report::wrong(Standing::of(State::Denied, reason).saying(said))
    }

    /// A text of an answer, fit to be shown and kept: one line, not too long.
    fn text(&self, value: &Value) -> Option<String> {
        let text = value.as_str().map(ToOwned::to_owned);
        self.said(text?.as_bytes()).filter(|text| text != forge::A_TOKEN)
    }

    /// Texts of an answer, such as scopes.
    fn texts(&self, value: &Value) -> Option<Vec<String>> {
        const MOST: usize = 50;
        let texts = value.as_array()?.iter().take(MOST);
        texts.map(|text| self.text(text)).collect()
    }
}

/// `Basic` with name and token.
fn basic(name: &[u8], token: &[u8]) -> Zeroizing<Vec<u8>> {
    let word = Zeroizing::new([name, b":", token].concat());
    let text = Zeroizing::new(base64::encode(&word));
    let padding = &b"=="[..(3 - word.len() % 3) % 3];
    Zeroizing::new([b"Basic ", text.as_bytes(), padding].concat())
}

fn standing_of(trouble: Trouble) -> Standing {
    match trouble {
        Trouble::NoCurl => Standing::of(State::Unknown, Reason::NoCurl),
        Trouble::Unreachable(said) => {
            Standing::of(State::Unreachable, Reason::Network).saying(Some(said))
        }
        Trouble::Certificate(said) => {
            Standing::of(State::Unreachable, Reason::Certificate).saying(Some(said))
        }
        Trouble::TooSlow => Standing::of(State::Unreachable, Reason::Timeout),
        Trouble::TooMuch | Trouble::Failed => Standing::of(State::Unknown, Reason::Answer),
        Trouble::Unfit => Standing::of(State::Unknown, Reason::NoApi),
    }
}

/// Asks a forge about a token, with at most so many questions.
pub(crate) fn check(target: &Target, asking: &Asking<'_>) -> Report {
    let mut report = of(target.forge).check(asking).unwrap_or_else(|report| *report);
    // What is over is not taken.
    if report.standing.state == State::Good
        && matches!(report.facts.expiry, Told::At(at) if at <= asking.now)
    {
        report.facts.expiry = Told::Nothing;
    }
    report
}

#[cfg(test)]
mod tests {
    use super::basic;

    #[test]
    fn a_name_and_a_token_are_one_word() {
        for (name, token, word) in [
            ("", "", "Basic Og=="),
            ("a", "b", "Basic YTpi"),
            ("alice", "TESTONLY", "Basic YWxpY2U6VEVTVE9OTFk="),
        ] {
            assert_eq!(*basic(name.as_bytes(), token.as_bytes()), word.as_bytes().to_vec());
        }
    }
}
