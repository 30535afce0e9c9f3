//! Asks forges about a token: whose it is, what it may do, until when.
//!
//! Each forge has a file in this folder; [`forge`] has the facts that need no question. A forge
//! asks through [`Asking`], which counts the questions, and knows nothing of the network: that is
//! the work of [`http`].
//!
//! A token goes only to its own forge: to the host for which it is kept, or to that forge's own
//! fixed API host. It never goes to a forge if its beginning names another one, never into a URL,
//! and after a redirect only to the same server. [`Target::of`] and [`Asking`] see to that.

mod azure;
mod bitbucket;
mod gitea;
mod github;
mod gitlab;
pub(crate) mod http;
mod huggingface;
pub(crate) mod password;
pub(crate) mod renewal;
mod revoking;
pub(crate) mod state;

pub(crate) use revoking::Revocation;

use crate::base64;
use crate::context::Context;
use crate::credential::Username;
use crate::forge::{self, Id, Kind};
use crate::said;
use crate::secret::Secret;
use http::{Answer, Request, Transport, Trouble};
use renewal::{Outcome, Renewal, Wish};
use serde_json::Value;
use state::{Reason, Standing, State, reason_in};
use std::cell::{Cell, RefCell};
use std::time::Instant;
use url::Url;
use zeroize::Zeroizing;

/// The facts that a forge tells of a token. A fact that it does not tell is none, never empty.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    /// The name of its owner.
    pub(crate) owner: Option<String>,
    /// Its scopes, by the forge's names.
    pub(crate) scopes: Option<Vec<String>>,
    /// Its end.
    pub(crate) expiry: Told,
    /// The time of its last use before this question, in seconds since 1970 UTC.
    pub(crate) last_used: Option<u64>,
    /// The addresses from which it was last used.
    pub(crate) used_from: Option<Vec<String>>,
    /// Whether it may read repositories.
    pub(crate) may_read: Option<bool>,
    /// Whether it may push to them.
    pub(crate) may_push: Option<bool>,
}

/// A forge's word about a token's end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// The forge says nothing of it.
    #[default]
    Nothing,
    /// The token has no end.
    Never,
    /// The token ends at this time, in seconds since 1970 UTC.
    At(u64),
}

/// The result of asking a forge.
pub(crate) struct Report {
    pub(crate) standing: Standing,
    pub(crate) facts: Facts,
    /// The notes that a person should read, too.
    pub(crate) notes: Vec<String>,
}

impl Report {
    fn of(standing: Standing) -> Self {
        Self { standing, facts: Facts::default(), notes: Vec::new() }
    }

    /// Returns the report of a question that was not answered.
    fn wrong(standing: Standing) -> Box<Self> {
        Box::new(Self::of(standing))
    }

    fn good(facts: Facts) -> Self {
        Self { facts, ..Self::of(Standing::good()) }
    }
}

/// The way to ask a forge.
pub(crate) trait Api: Sync {
    /// Returns the address of its API for a host, or nothing where that is not known. The `root` is
    /// the host's own, or one that a person named.
    fn base(&self, place: &Place<'_>) -> Option<String>;

    /// Returns why there is no way to ask it about a token of this kind, if there is none.
    fn objection(&self, subject: &Subject<'_>) -> Option<&'static str> {
        let _ = subject;
        None
    }

    /// Asks about the token itself, and about the repository, if one was named.
    ///
    /// # Errors
    /// A report where a question had no answer that could be understood.
    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>>;

    /// Returns how a new token comes in the place of this one. The `scopes` are those of this one,
    /// where they are known.
    fn renewal(&self, subject: &Subject<'_>, scopes: Option<&[String]>) -> Renewal {
        let _ = scopes;
        Renewal::by_page(subject)
    }

    /// Asks for a new token in the place of this one, by exactly one request: it is never repeated,
    /// and no redirect is followed. To be called only where [`renewal`](Self::renewal) says so.
    fn renew(&self, asking: &Asking<'_>, wish: &Wish<'_>) -> Outcome {
        let _ = (asking, wish);
        Outcome::DidNotHappen(Standing::of(State::Unknown, Reason::NoWay))
    }

    /// Returns whether it has a way by which a token of this kind is revoked by itself.
    fn can_revoke(&self, kind: Option<Kind>) -> bool {
        let _ = kind;
        false
    }

    /// Asks once that the token be revoked. It may live on for a while where the forge accepts it.
    fn revoke(&self, asking: &Asking<'_>) -> Revocation {
        let _ = asking;
        Revocation::NoWay
    }

    /// Returns whether its host wants to be asked seldom, so that it is not asked about many at
    /// once.
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
    /// The context for which the token is kept.
    pub(crate) context: &'a Context,
    /// Whether the host's name tells which forge it is.
    pub(crate) is_certain: bool,
    /// The root of the host, `https://HOST`, or `https://HOST/below` where a person named that.
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
    /// The refresh token beside it.
    pub(crate) refresh_token: Option<&'a Secret>,
    /// Whether it is of OAuth: it is sent as `Bearer`, or has a refresh token beside it.
    pub(crate) is_oauth: bool,
    /// The path of the repository, empty for none.
    pub(crate) path: &'a str,
}

/// The only address to which a token may be sent with questions about it.
pub(crate) struct Target {
    pub(crate) forge: Id,
    /// The API's address.
    pub(crate) base: String,
}

impl Target {
    /// Returns the only address to which a token may go, if there is one.
    ///
    /// # Errors
    /// The reason why it may go nowhere.
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
        // A part of a host may be one forge, and its root another program.
        if place.context.is_scoped() && !place.is_certain && api.is_none() {
            return Err(unasked(Reason::NoApi));
        }
        if let Some(why) = of(forge).objection(subject) {
            return Err(unasked(Reason::NoWay).saying(Some(why.to_owned())));
        }
        let base = of(forge).base(place).ok_or_else(|| unasked(Reason::NoApi))?;
        Ok(Self { forge, base })
    }

    /// Returns the server that is asked, by which several targets are sorted.
    pub(crate) fn origin(&self) -> String {
        origin(&self.base).unwrap_or_default()
    }
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// The questions about one token.
pub(crate) struct Asking<'a> {
    pub(crate) client: &'a dyn Transport,
    pub(crate) base: &'a str,
    pub(crate) subject: &'a Subject<'a>,
    /// Whether the host's name tells the forge, so that the API is at its own fixed host.
    pub(crate) is_certain: bool,
    pub(crate) deadline: Instant,
    /// How many questions are still allowed.
    pub(crate) left: Cell<u8>,
    /// What was sent beside the token and is to be shown to nobody.
    pub(crate) beside: RefCell<Vec<Secret>>,
    /// The time, in seconds since 1970 UTC.
    pub(crate) now: u64,
}

/// One question to a server.
struct Question<'a> {
    method: &'static str,
    url: &'a str,
    /// The form in which the token goes along, or none where it does not.
    scheme: Option<Scheme>,
    headers: &'a [(&'static str, &'a str)],
    /// The body, with which belongs a `Content-Type` among the headers.
    body: Option<&'a Secret>,
}

impl<'a> Question<'a> {
    fn get(url: &'a str) -> Self {
        Self { method: "GET", url, scheme: None, headers: &[], body: None }
    }
}

/// The form of a token in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    /// `token`, which is Gitea's own word.
    Token,
    /// `Basic`, with the account's username before the token.
    Basic,
    /// `Basic`, with an empty username before the token.
    Nameless,
}

impl Asking<'_> {
    /// Returns whether another question is allowed.
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

    /// Asks at an address of the same server. Answers that mean the same for every forge are
    /// reports already: a redirect elsewhere, too many questions, a failing server.
    fn get_at(
        &self,
        url: &str,
        scheme: Scheme,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Box<Report>> {
        let mut url = url.to_owned();
        loop {
            let question = Question { scheme: Some(scheme), headers, ..Question::get(&url) };
            let answer = self.send(&question);
            let answer = answer.map_err(|trouble| Report::wrong(self.unanswered(trouble)))?;
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
                            let standing = Standing::of(State::Unknown, Reason::Redirect);
                            return Err(Report::wrong(standing.at(to)));
                        }
                    }
                }
                429 => return Err(Report::wrong(self.limited(&answer))),
                503 if answer.header("retry-after").is_some() => {
                    return Err(Report::wrong(self.limited(&answer)));
                }
                500.. => return Err(Report::wrong(self.failing(&answer))),
                _ => return Ok(answer),
            }
        }
    }

    /// Sends one question, once. No redirect is followed.
    ///
    /// # Errors
    /// The reason why there is no answer. The question may have arrived all the same, unless
    /// [`Trouble::is_before_sending`].
    fn send(&self, question: &Question<'_>) -> Result<Answer, Trouble> {
        self.left.set(self.left.get().saturating_sub(1));
        let mut headers = Vec::new();
        if let Some(scheme) = question.scheme {
            headers.push(("Authorization", self.authorization(scheme)));
        }
        let own =
            question.headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec().into()));
        headers.extend(own);
        if question.headers.iter().all(|(name, _)| *name != "Accept") {
            headers.push(("Accept", b"application/json".to_vec().into()));
        }
        let request = Request {
            method: question.method,
            url: question.url,
            headers,
            body: question.body,
            deadline: self.deadline,
        };
        self.client.send(&request)
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

    /// Returns the standing of an answer that wants a question later.
    fn limited(&self, answer: &Answer) -> Standing {
        let after = answer.retry_after();
        let reset = answer.header("x-ratelimit-reset").and_then(|at| at.parse::<u64>().ok());
        let after = after.or(reset.map(|at| at.saturating_sub(self.now)));
        Standing { retry_after: after, ..Standing::of(State::Limited, None) }
            .saying(self.words(answer))
    }

    /// Returns the standing of an answer of a server that has failed.
    fn failing(&self, answer: &Answer) -> Standing {
        Standing::of(State::Unknown, Reason::Server).saying(self.words(answer))
    }

    /// Returns the standing of an answer that leads elsewhere, where the token does not go.
    fn redirected(&self, answer: &Answer) -> Standing {
        let to = answer.header("location").and_then(|to| self.said(to.as_bytes()));
        Standing::of(State::Unknown, Reason::Redirect).at(to)
    }

    /// Returns the standing where no answer has come.
    fn unanswered(&self, trouble: Trouble) -> Standing {
        let unreachable = |reason, said: &str| {
            Standing::of(State::Unreachable, reason).saying(self.said(said.as_bytes()))
        };
        match trouble {
            Trouble::NoCurl => Standing::of(State::Unknown, Reason::NoCurl),
            Trouble::Unreachable(said) | Trouble::Cut(said) => unreachable(Reason::Network, &said),
            Trouble::Certificate(said) => unreachable(Reason::Certificate, &said),
            Trouble::NoTime | Trouble::TooSlow => Standing::of(State::Unreachable, Reason::Timeout),
            Trouble::TooMuch | Trouble::Failed => Standing::of(State::Unknown, Reason::Answer),
            Trouble::Unfit => Standing::of(State::Unknown, Reason::NoApi),
        }
    }

    /// Returns a server's text in a form that is fit to be shown.
    fn said(&self, text: &[u8]) -> Option<String> {
        let beside = self.beside.borrow();
        let sent = [self.subject.token].into_iter().chain(self.subject.refresh_token);
        said::by_server(text, sent.chain(beside.iter()))
    }

    /// Returns the words of an answer for people: a text under one of the names that forges use, or
    /// the whole of a plain text.
    fn words(&self, answer: &Answer) -> Option<String> {
        const NAMES: [&str; 4] = ["message", "error_description", "error", "errorDescription"];
        let body = answer.body.expose();
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return if answer.is_page() { None } else { self.said(body) };
        };
        let text = NAMES.iter().find_map(|name| match &json[*name] {
            Value::String(text) => Some(text.clone()),
            // Bitbucket has such an object, and GitLab at times.
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

    /// Returns the report of an answer that this forge does not give.
    fn unexpected(&self, answer: &Answer) -> Box<Report> {
        Report::wrong(unreadable(answer).saying(self.words(answer)))
    }

    /// Returns the report of a 401: the token is not taken, or has ended where the server says so.
    fn refused(&self, answer: &Answer) -> Box<Report> {
        let said = self.words(answer);
        let lower = said.as_deref().unwrap_or_default().to_lowercase();
        // Some servers name every possible reason.
        let others = ["invalid", "revoked", "not supported"];
        let is_over = lower.contains("expired") && !others.iter().any(|word| lower.contains(word));
        let state = if is_over { State::Ended } else { State::Refused };
        // A page may be a proxy's, which knows nothing of the token.
        let reason = answer.is_page().then_some(Reason::Html);
        Report::wrong(Standing::of(state, reason).saying(said))
    }

    /// Returns the report of a 403: the token is known, and may not do this.
    fn denied(&self, answer: &Answer) -> Box<Report> {
        let said = self.words(answer);
        let reason = said.as_deref().map_or(Reason::Other, reason_in);
        Report::wrong(Standing::of(State::Denied, reason).saying(said))
    }

    /// Returns a text of an answer, fit to be shown and kept: one line, not too long.
    fn text(&self, value: &Value) -> Option<String> {
        let text = value.as_str().map(ToOwned::to_owned);
        self.said(text?.as_bytes()).filter(|text| text != forge::A_TOKEN)
    }

    /// Returns the texts of an answer, such as scopes.
    fn texts(&self, value: &Value) -> Option<Vec<String>> {
        const MOST: usize = 50;
        let texts = value.as_array()?.iter().take(MOST);
        texts.map(|text| self.text(text)).collect()
    }
}

/// Returns the standing of an answer that cannot be read, without its words.
fn unreadable(answer: &Answer) -> Standing {
    let reason = if answer.is_page() { Reason::Html } else { Reason::Answer };
    Standing::of(State::Unknown, reason)
}

/// Returns the value of a `Basic` header with name and token.
fn basic(name: &[u8], token: &[u8]) -> Zeroizing<Vec<u8>> {
    let word = Zeroizing::new([name, b":", token].concat());
    let text = Zeroizing::new(base64::encode(&word));
    let padding = &b"=="[..(3 - word.len() % 3) % 3];
    Zeroizing::new([b"Basic ", text.as_bytes(), padding].concat())
}

/// Asks a forge about a token, with at most so many questions.
pub(crate) fn check(target: &Target, asking: &Asking<'_>) -> Report {
    let mut report = of(target.forge).check(asking).unwrap_or_else(|report| *report);
    // A token that has ended would not be taken, so this end is wrong.
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
