//! Runs a random script of operations on the keychain in memory. Every answer is exactly what was
//! stored for that very context and username. A get changes nothing, an erase twice is an erase
//! once, a stored token is given back, and no error shows a part of a secret.
#![no_main]

use arbitrary::Arbitrary;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Account, Username};
use git_credential_pat::error::Error;
use git_credential_pat::helper::{self, Outcome, Policy};
use git_credential_pat::keychain::memory::MemoryKeychain;
use git_credential_pat::protocol::Request;
use git_credential_pat::secret::Secret;
use libfuzzer_sys::fuzz_target;

/// Several spellings of a few hosts, and hosts that are near to them, with protocols and contexts.
/// A host without a context is outside the grammar.
const HOSTS: [(&str, &str, &str); 12] = [
    ("https", "a.example", "https://a.example"),
    ("https", "A.EXAMPLE:443", "https://a.example"),
    ("https", "a.example:8443", "https://a.example:8443"),
    ("https", "b.a.example", "https://b.a.example"),
    ("https", "[::1]:443", "https://[::1]"),
    ("http", "127.0.0.1:3000", "http://127.0.0.1:3000"),
    ("http", "localhost:80", "http://localhost"),
    ("http", "a.example", "http://a.example"),
    ("https", "a.example.", ""),
    ("https", "a.example:", ""),
    ("https", "a.example\\@b.a.example", ""),
    ("smtp", "a.example", ""),
];

const PATHS: [&str; 9] = [
    "",
    "org",
    "org/repo",
    "org/repo.git",
    "org/repo.git/info/lfs",
    "organ",
    "org/../x",
    "%41",
    "A",
];

const NAMES: [&str; 4] = ["", "alice", "Alice", "bob"];

/// The context to which a token would go unencrypted.
const EXPOSED: &str = "http://a.example";

/// The tokens. No eight bytes with a digit among them are in two of these.
const TOKENS: [&str; 5] = [
    "ghp_TESTONLY0one0zero0fire",
    "ghp_TESTONLY1two",
    "glpat-TESTONLY2three",
    "TESTONLY-credential-3",
    "",
];

const START: u64 = 1_800_000_000;

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq)]
enum Kind {
    Get,
    Store,
    Erase,
}

#[derive(Arbitrary, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute that is there or not")]
struct Step {
    kind: Kind,
    host: u8,
    path: u8,
    name: Option<u8>,
    token: Option<u8>,
    scheme: bool,
    refresh: Option<u8>,
    expires_in: Option<i8>,
    ephemeral: bool,
    allow_http: bool,
    capabilities: u8,
    seconds: u8,
    again: bool,
    more: Option<Vec<u8>>,
}

#[derive(Arbitrary, Debug)]
struct Planted {
    host: u8,
    name: u8,
    content: Vec<u8>,
    any_username: Option<u8>,
}

/// The attributes that a store was given, and the context to which they belong.
struct Given {
    place: &'static str,
    path: &'static str,
    name: Option<&'static str>,
    scheme: bool,
    token: &'static str,
    refresh: Option<&'static str>,
    expiry: Option<u64>,
}

fn pick<T: Copy>(list: &[T], index: u8) -> T {
    list[usize::from(index) % list.len()]
}

fuzz_target!(|input: (Option<Planted>, Vec<Step>)| {
    let (planted, steps) = input;
    let mut run = Run {
        keychain: MemoryKeychain::default(),
        given: Vec::new(),
        refused: Vec::new(),
        now: START,
        foreign: false,
        keeps_exposed: false,
    };
    if let Some(planted) = &planted {
        run.plant(planted);
    }
    for step in steps.iter().take(40) {
        run.step(step);
    }
});

struct Run {
    keychain: MemoryKeychain,
    given: Vec<Given>,
    /// The tokens that an erase was given.
    refused: Vec<&'static str>,
    now: u64,
    /// Whether the keychain may hold more than `given` says, so that an answer may come from there.
    foreign: bool,
    /// Whether a person keeps an account at [`EXPOSED`], which is then served and stored for.
    keeps_exposed: bool,
}

impl Run {
    fn plant(&mut self, planted: &Planted) {
        let (_, _, place) = pick(&HOSTS, planted.host);
        let Some(context) = Context::from_canonical(place) else { return };
        self.keeps_exposed = place == EXPOSED;
        if let Some(token) = planted.any_username {
            // `login --any-username` writes such an item.
            let token = pick(&TOKENS, token);
            let name = pick(&NAMES, planted.name);
            let planted = format!(
                "{token}\ncontext={place}\nusername={name}\nany_username=true\nstored_at=1\n"
            );
            let account = Account { context, username: Username::default() };
            self.keychain.plant(account, planted.as_bytes());
        } else {
            let username = Username::new(pick(&NAMES, planted.name).as_bytes());
            self.keychain.plant(Account { context, username }, &planted.content);
        }
        self.foreign = true;
    }

    fn step(&mut self, step: &Step) {
        self.now += u64::from(step.seconds);
        let policy = Policy { allow_http: step.allow_http, now: self.now };
        let text = self.lines(step);
        let Ok(request) = Request::parse(&text) else { return };
        let before = self.contents();
        self.keychain.take_calls();
        let result = match step.kind {
            Kind::Get => helper::get(&request, policy, &mut self.keychain),
            Kind::Store => helper::store(&request, policy, &mut self.keychain),
            Kind::Erase => helper::erase(&request, policy, &mut self.keychain),
        };
        let wrote = self.keychain.take_calls().iter().any(|c| matches!(*c, "write" | "delete"));
        if let Err(error) = &result {
            tells_nothing(error, &text, &before);
            assert!(!wrote, "it failed and wrote");
        }
        match step.kind {
            Kind::Get => {
                assert!(!wrote && before == self.contents(), "get changed something");
                if let Ok(Outcome::Answer { lines: bytes, .. }) = &result {
                    self.is_what_was_given(step, &request, bytes);
                }
            }
            // Lines of any bytes may be any attribute.
            Kind::Store if step.more.is_some() => self.foreign = true,
            Kind::Store => {
                assert!(result.is_ok() || self.foreign, "a sound keychain fails");
                if result.is_ok() {
                    self.remember(step, wrote);
                }
            }
            Kind::Erase => {
                self.refused.extend(token(step));
                let once = self.contents();
                if step.again {
                    let _ = helper::erase(&request, policy, &mut self.keychain);
                    assert!(once == self.contents(), "erase twice is not erase once");
                }
            }
        }
        if step.kind != Kind::Get {
            let answer = matches!(result, Ok(Outcome::Answer { .. } | Outcome::Ambiguous(..)));
            assert!(!answer, "only get has an answer");
        }
    }

    fn contents(&self) -> Vec<Vec<u8>> {
        self.keychain.contents().iter().map(|content| content.to_vec()).collect()
    }

    fn lines(&self, step: &Step) -> Vec<u8> {
        let (protocol, host, _) = pick(&HOSTS, step.host);
        let mut text = format!("protocol={protocol}\nhost={host}\npath={}\n", path(step));
        let mut line = |key: &str, value: Option<&str>| {
            text.extend(value.map(|value| format!("{key}={value}\n")));
        };
        line("capability[]", (step.capabilities & 1 > 0).then_some("authtype"));
        line("capability[]", (step.capabilities & 2 > 0).then_some("state"));
        line("username", name(step));
        line("authtype", step.scheme.then_some("Bearer"));
        line(if step.scheme { "credential" } else { "password" }, token(step));
        line("oauth_refresh_token", refresh(step));
        line("password_expiry_utc", self.expiry(step).map(|e| e.to_string()).as_deref());
        line("ephemeral", step.ephemeral.then_some("1"));
        let mut text = text.into_bytes();
        text.extend(step.more.iter().flatten());
        text
    }

    fn expiry(&self, step: &Step) -> Option<u64> {
        let seconds = i64::from(step.expires_in?);
        // Such a time is far enough for a few steps.
        Some(self.now.saturating_add_signed(seconds * 4))
    }

    /// Notes a store, and expects that a get for the same attributes answers with its token.
    fn remember(&mut self, step: &Step, wrote: bool) {
        let (_, _, place) = pick(&HOSTS, step.host);
        let expiry = self.expiry(step);
        let exposed = place == EXPOSED && !step.allow_http && !self.keeps_exposed;
        // An empty token is no token, but for git's sign for single sign-on.
        let is_sign = token(step) == Some("") && !step.scheme && name(step) == Some("");
        let has_token = is_sign || token(step).is_some_and(|token| !token.is_empty());
        let complete = has_token && (step.scheme || name(step).is_some());
        let lives = expiry.is_none_or(|expiry| expiry > self.now) && !step.ephemeral;
        if place.is_empty() || exposed || !complete || !lives {
            assert!(!wrote, "what is not to be kept was written");
            return;
        }
        let given = Given {
            place,
            path: path(step),
            name: name(step),
            scheme: step.scheme,
            token: token(step).expect("it is complete"),
            refresh: refresh(step),
            expiry,
        };
        let expected = given.token;
        self.given.push(given);
        // A sign answers only where no account is, and an erased token may be put away.
        if path(step).contains("..") || self.foreign || is_sign || self.refused.contains(&expected)
        {
            return;
        }
        let ask = Step {
            kind: Kind::Get,
            token: None,
            scheme: false,
            refresh: None,
            expires_in: None,
            ephemeral: false,
            capabilities: 1,
            more: None,
            ..*step
        };
        let request = Request::parse(&self.lines(&ask)).expect("a request");
        let policy = Policy { allow_http: step.allow_http, now: self.now };
        let answer = helper::get(&request, policy, &mut self.keychain);
        let Ok(Outcome::Answer { lines: bytes, .. }) = answer else {
            panic!("what was stored is not there")
        };
        let read = Request::parse(&bytes).expect("an answer");
        let read = if step.scheme { read.credential } else { read.password };
        assert!(read.is_some_and(|t| t.expose() == expected.as_bytes()), "another token");
    }

    /// Returns whether the scope of a store leads to the path, or an earlier store for the same
    /// name: a new token goes to the account whose token has ended.
    fn may_answer(&self, given: &Given, path: &str) -> bool {
        let name = |given: &Given| given.name.unwrap_or_default();
        leads_to(given.path, path)
            || self.given.iter().any(|before| {
                before.place == given.place
                    && name(before) == name(given)
                    && leads_to(before.path, given.path)
                    && leads_to(before.path, path)
            })
    }

    /// Expects that every line of the answer is of one credential that was stored for this context
    /// and username.
    fn is_what_was_given(&self, step: &Step, request: &Request, bytes: &[u8]) {
        let (_, _, place) = pick(&HOSTS, step.host);
        assert!(!place.is_empty(), "a place outside the grammar was answered");
        let is_allowed = place != EXPOSED || step.allow_http || self.keeps_exposed;
        assert!(is_allowed, "unencrypted http was answered");
        let read = Request::parse(bytes).expect("an answer reads as a request does");
        assert!(read.protocol.is_none() && read.host.is_none() && read.path.is_none());
        if request.username.is_some() {
            assert!(read.username == request.username, "another name was answered");
        }
        let is_over = read.expiry.is_some_and(|expiry| expiry <= self.now);
        if is_over {
            let is_bare = read.password.is_none() && read.credential.is_none();
            assert!(is_bare && read.authtype.is_none(), "an expired token was served");
            assert!(read.refresh_token.is_some(), "there is nothing to renew it with");
        }
        assert!(read.capabilities.authtype == read.authtype.is_some());
        assert!(read.authtype.is_none() || request.capabilities.authtype);
        assert!(read.states.is_empty() || request.capabilities.state);
        if self.foreign || step.more.is_some() {
            return;
        }
        if is_over {
            let refresh = read.refresh_token.as_ref().map(Secret::expose);
            let told = |g: &Given| g.place == place && g.refresh.map(str::as_bytes) == refresh;
            assert!(self.given.iter().any(told), "a refresh token of something else");
            return;
        }
        let is_from = |given: &Given| {
            let token = if given.scheme { &read.credential } else { &read.password };
            given.place == place
                && self.may_answer(given, path(step))
                && token.as_ref().is_some_and(|t| t.expose() == given.token.as_bytes())
                && read.authtype.is_some() == given.scheme
                && read.username.as_ref().map(Username::as_bytes) == answered_name(given, request)
        };
        let source = self.given.iter().find(|given| is_from(given));
        let source = source.expect("somebody stored this");
        // A token that is stored twice keeps what was said of it once, also without a username.
        let same =
            |g: &&Given| (g.place, g.scheme, g.token) == (place, source.scheme, source.token);
        let sources: Vec<&Given> = self.given.iter().filter(same).collect();
        let refresh = read.refresh_token.as_ref().map(Secret::expose);
        let told = |g: &&Given| g.refresh.map(str::as_bytes) == refresh;
        assert!(sources.iter().any(told), "a refresh token of something else");
        let told = |g: &&Given| g.expiry == read.expiry;
        assert!(sources.iter().any(told), "an expiry of something else");
    }
}

/// Returns the username that the answer must have, or nothing where it must have none. No username
/// and an empty one are one account, and the answer repeats the request's.
fn answered_name<'a>(given: &'a Given, request: &'a Request) -> Option<&'a [u8]> {
    let asked = request.username.as_ref().map(Username::as_bytes);
    match (asked, given.name.unwrap_or_default()) {
        (Some(asked), name) => (asked == name.as_bytes()).then_some(asked),
        (None, _) => given.name.map(str::as_bytes),
    }
}

/// Returns whether an account of this scope may answer a request for this path.
fn leads_to(scope: &str, path: &str) -> bool {
    let scope = scope.strip_suffix(".git").unwrap_or(scope);
    let rest = path.strip_prefix(scope).map(|rest| rest.strip_prefix(".git").unwrap_or(rest));
    scope.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn path(step: &Step) -> &'static str {
    pick(&PATHS, step.path)
}

fn name(step: &Step) -> Option<&'static str> {
    step.name.map(|name| pick(&NAMES, name))
}

fn token(step: &Step) -> Option<&'static str> {
    step.token.map(|token| pick(&TOKENS, token))
}

fn refresh(step: &Step) -> Option<&'static str> {
    step.refresh.map(|token| pick(&TOKENS, token))
}

fn tells_nothing(error: &Error, request: &[u8], contents: &[Vec<u8>]) {
    let said = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
    let secret = |text: &[u8]| {
        let shown = |window: &[u8]| said.as_bytes().windows(8).any(|w| w == window);
        text.windows(8).any(|window| window.iter().any(u8::is_ascii_digit) && shown(window))
    };
    let token = |lines: &[u8]| TOKENS.iter().any(|t| secret(t.as_bytes())) || secret(lines);
    assert!(!token(request) && !contents.iter().any(|c| token(c)), "an error shows a secret");
}
