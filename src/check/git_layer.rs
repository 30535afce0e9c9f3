//! Asks git itself about a repository, with the account's token: first whether push is offered,
//! which no public repository grants to everybody, then whether git may read.

use crate::api::state::{Reason, Standing, State, reason_in};
use crate::git::entries::Entries;
use crate::git::reach::{Question, Reached, Silent, Want};
use crate::said;
use crate::secret::Secret;
use std::time::Instant;
use url::Url;

/// git's answer, see the [module](self).
pub(crate) struct GitLayer {
    pub(crate) standing: Standing,
    pub(crate) may_read: Option<bool>,
    /// Whether push is offered. The server's rules for branches may still refuse it.
    pub(crate) may_push: Option<bool>,
    /// Whether git reads the repository without a token.
    pub(crate) is_public: bool,
    /// The server's name for itself, such as `GitLab`.
    pub(crate) realm: Option<String>,
    /// The notes that a person should read, too.
    pub(crate) notes: Vec<&'static str>,
}

const HEADER: &str = "a header of http.extraHeader names somebody before git asks for this \
                      account: it was asked again without it";

impl GitLayer {
    fn of(standing: Standing) -> Self {
        Self {
            standing,
            may_read: None,
            may_push: None,
            is_public: false,
            realm: None,
            notes: Vec::new(),
        }
    }
}

/// A question to git.
pub(crate) struct Ask<'a> {
    /// The URL of the repository, without a username.
    pub(crate) url: &'a str,
    pub(crate) username: Option<&'a str>,
    /// The line of our helper that answers for the account.
    pub(crate) helper: &'a str,
    pub(crate) token: &'a Secret,
    pub(crate) deadline: Instant,
}

/// Asks git whether push is offered, and whether it may read.
pub(crate) fn ask(ask: &Ask<'_>, entries: &Entries) -> GitLayer {
    let mut url = ask.url.to_owned();
    let mut without_headers = false;
    let mut notes = Vec::new();
    let mut moved = false;
    let push = loop {
        let question = Question {
            url: &url,
            username: ask.username,
            helper: ask.helper,
            without_headers,
            deadline: ask.deadline,
        };
        let reached = match question.ask(Want::Push) {
            Ok(reached) => reached,
            Err(silent) => return GitLayer::of(of_silent(silent)),
        };
        if reached.was_told_before && !without_headers {
            without_headers = true;
            if has_header(entries, &url) {
                notes.push(HEADER);
            }
            continue;
        }
        if reached.was_told_before {
            let standing = Standing::of(State::Unknown, Reason::Netrc);
            return GitLayer { notes, ..GitLayer::of(standing) };
        }
        if let Some(to) = moved_to(&reached, &url) {
            let is_here = origin(&to).is_some_and(|there| Some(there) == origin(&url));
            if is_here && !moved {
                moved = true;
                url = without_name(&to);
                continue;
            }
            let address = said::by_server(to.as_bytes(), [ask.token]);
            let standing = Standing::of(State::Unknown, Reason::Redirect).at(address);
            return GitLayer { notes, ..GitLayer::of(standing) };
        }
        break reached;
    };
    // One refusal is enough, because some hosts ban an address that brings many. A question
    // without a token then shows whether the repository is public.
    let is_refused = standing(&push, ask.token).is_refused();
    let helper = if is_refused { "" } else { ask.helper };
    let question = Question {
        url: &url,
        username: ask.username,
        helper,
        without_headers,
        deadline: ask.deadline,
    };
    let read = question.ask(Want::Read);
    GitLayer { notes, ..told(&push, read, ask.token) }
}

/// Returns what the answers to both questions tell.
pub(crate) fn told(push: &Reached, read: Result<Reached, Silent>, token: &Secret) -> GitLayer {
    let of_push = standing(push, token);
    let was_alone = of_push.is_refused();
    let (read, of_read) = match read {
        Ok(read) => {
            let standing = standing(&read, token);
            (read, standing)
        }
        Err(silent) => (Reached::default(), of_silent(silent)),
    };
    let is_public = read.allowed
        && !read.was_told_before
        && read.answer.as_ref().is_some_and(|a| !a.authorized);
    let realm = push.challenges.iter().chain(&read.challenges).find_map(|text| realm(text));
    let says_no = |standing: &Standing| {
        matches!(standing.state, State::Denied | State::Absent).then_some(false)
    };
    let may_read = if read.allowed { Some(true) } else { says_no(&of_read) };
    let may_push = if push.allowed { Some(true) } else { says_no(&of_push) };
    let worst = if was_alone || of_push.state >= of_read.state { of_push } else { of_read };
    GitLayer {
        standing: worst,
        may_read,
        may_push,
        is_public,
        realm: realm.and_then(|realm| said::by_server(realm.as_bytes(), [token])),
        notes: Vec::new(),
    }
}

fn of_silent(silent: Silent) -> Standing {
    match silent {
        Silent::NoGit => Standing::of(State::Unknown, Reason::NoGit),
        Silent::TooSlow => Standing::of(State::Unreachable, Reason::Timeout),
    }
}

fn standing(reached: &Reached, token: &Secret) -> Standing {
    if reached.allowed {
        return Standing::good();
    }
    let Some(answer) = &reached.answer else {
        let reason = unreached(&reached.words);
        return Standing::of(State::Unreachable, reason)
            .saying(said::by_server(reached.words.as_bytes(), [token]));
    };
    let said = said::by_server(&reached.remote, [token]);
    let lower = said.as_deref().unwrap_or_default().to_lowercase();
    let unknown = |reason| Standing::of(State::Unknown, reason);
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let standing = match answer.status {
        401 if !answer.authorized => unknown(Reason::NoAccount),
        401 if lower.contains("improperly scoped") => Standing::of(State::Denied, Reason::Scope),
        401 if lower.contains("has expired") => Standing::of(State::Ended, None),
        401 => Standing::of(State::Refused, None),
        403 if !answer.authorized => unknown(Reason::Anonymous),
        403 => {
            let sso = answer.header("x-github-sso").and_then(|text| text.split_once("url="));
            let address = sso.map(|(_, url)| url.trim().to_owned());
            let address = address.or_else(|| sso_address(&lower, &reached.remote));
            let address = address.and_then(|url| said::by_server(url.as_bytes(), [token]));
            let reason = if address.is_some() { Reason::Sso } else { reason_in(&lower) };
            Standing::of(State::Denied, reason).at(address)
        }
        404 | 410 => Standing::of(State::Absent, None),
        429 | 503 if answer.status == 429 || answer.header("retry-after").is_some() => {
            let after = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
            Standing { retry_after: after, ..Standing::of(State::Limited, None) }
        }
        500.. => unknown(Reason::Server),
        200 | 203 if is_page => unknown(Reason::Html),
        _ => unknown(Reason::Answer),
    };
    standing.saying(said)
}

/// Returns the address for single sign-on in the text of a server's refusal.
fn sso_address(lower: &str, text: &[u8]) -> Option<String> {
    if reason_in(lower) != Reason::Sso {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let url = text.split_whitespace().find(|word| word.starts_with("https://"))?;
    Some(url.trim_end_matches(['.', ',']).to_owned())
}

/// Returns why there is no answer at all, by git's own words, which are not translated.
fn unreached(words: &str) -> Reason {
    let lower = words.to_lowercase();
    let is_of_tls =
        ["certificate", "ssl", "tls", "schannel"].iter().any(|word| lower.contains(word));
    if is_of_tls { Reason::Certificate } else { Reason::Network }
}

/// Returns the repository's new URL, to which a redirect leads.
fn moved_to(reached: &Reached, url: &str) -> Option<String> {
    let answer = reached.answer.as_ref().filter(|answer| (300..400).contains(&answer.status))?;
    let location = Url::parse(url).ok()?.join(answer.header("location")?).ok()?.to_string();
    let end = location.find("/info/refs").unwrap_or(location.len());
    Some(location[..end].to_owned())
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// Returns a URL without the username and password before its host.
fn without_name(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return url.to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Returns the name in `Basic realm="GitLab"`.
fn realm(challenge: &str) -> Option<String> {
    let (_, rest) = challenge.split_once("realm=\"")?;
    rest.split_once('"').map(|(realm, _)| realm.to_owned())
}

/// Returns whether git's configuration has a header that says who asks.
fn has_header(entries: &Entries, url: &str) -> bool {
    let headers = entries.at("http", Some(url));
    headers.iter().any(|entry| {
        let is_header = entry.name == "extraheader";
        is_header && entry.value.to_ascii_lowercase().starts_with("authorization:")
    })
}

#[cfg(test)]
mod tests {
    use super::{realm, unreached, without_name};
    use crate::api::state::Reason;

    #[test]
    fn a_realm_names_the_program() {
        assert_eq!(realm("Basic realm=\"GitLab\"").as_deref(), Some("GitLab"));
        assert_eq!(
            realm("Basic realm=\"Gitea (Basic Auth)\", charset").as_deref(),
            Some("Gitea (Basic Auth)")
        );
        assert_eq!(realm("Bearer authorization_uri=x"), None);
    }

    #[test]
    fn gits_words_tell_a_certificate_from_a_network() {
        let tls = "unable to access …: server certificate verification failed. CAfile: none";
        assert_eq!(unreached(tls), Reason::Certificate);
        assert_eq!(unreached("unable to access …: Could not resolve host"), Reason::Network);
    }

    #[test]
    fn nobodys_name_goes_along_where_a_redirect_leads() {
        let url = without_name("https://x:TESTONLY@h.example/new");
        assert_eq!(url, "https://h.example/new");
    }
}
