//! Facts about the hosts that issue tokens, known without asking any of them: which tokens are
//! theirs, what can be seen of a token before it is used, the username that goes with it, and the
//! page where a new one is made.
//!
//! A forge is a file in this folder, a case of [`Id`] and an entry in [`Id::ALL`]. All of it serves
//! people's commands: git's operations hand a token out as it is.

mod azure;
mod beginning;
mod bitbucket;
mod checksum;
mod gitea;
mod github;
pub(crate) mod gitlab;
mod huggingface;
mod kind;
mod pasted;

use beginning::beginning_of;
pub(crate) use beginning::{
    A_TOKEN, Beginning, holds_token, is_in_context, is_token, shown, shown_context,
};
pub(crate) use kind::Kind;
pub(crate) use pasted::around;

use crate::context::{Context, Protocol};
use url::Url;

/// A forge that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Id {
    GitHub,
    GitLab,
    Bitbucket,
    /// Gitea and Forgejo.
    Gitea,
    Azure,
    HuggingFace,
}

impl Id {
    /// All forges, in the order in which they are asked.
    pub(crate) const ALL: [Self; 6] =
        [Self::GitHub, Self::GitLab, Self::Bitbucket, Self::Gitea, Self::Azure, Self::HuggingFace];

    /// Returns the facts about it.
    // Not inlined, so that its table is in the program once.
    #[inline(never)]
    pub(crate) fn forge(self) -> &'static dyn Forge {
        match self {
            Self::GitHub => &github::GitHub,
            Self::GitLab => &gitlab::GitLab,
            Self::Bitbucket => &bitbucket::Bitbucket,
            Self::Gitea => &gitea::Gitea,
            Self::Azure => &azure::Azure,
            Self::HuggingFace => &huggingface::HuggingFace,
        }
    }

    /// Returns its name for people.
    pub(crate) fn name(self) -> &'static str {
        self.forge().name()
    }

    /// Returns the forge with this name on the command line.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.forge().word() == word)
    }
}

/// A kind of host that issues tokens.
pub(crate) trait Forge: Sync {
    /// Returns which forge it is.
    fn id(&self) -> Id;

    /// Returns its name for people.
    fn name(&self) -> &'static str;

    /// Returns its name on a command line, which is also a usual part of its hosts' names.
    fn word(&self) -> &'static str;

    /// Returns whether a host probably belongs to it because a part of the host's name is this
    /// word.
    fn is_called(&self, label: &str) -> bool {
        label == self.word()
    }

    /// Returns whether a host (lower case, without port) certainly belongs to it.
    fn is_at(&self, host: &str) -> bool;

    /// Returns the host that people mean by the forge's name, if there is one.
    fn main_host(&self) -> Option<&'static str> {
        None
    }

    /// Returns how its tokens begin, where they have a beginning of their own.
    fn beginnings(&self) -> &'static [Beginning];

    /// Returns whether a text holds a token without such a beginning, known by other marks, in
    /// upper or lower case.
    fn has_marks(&self, text: &[u8]) -> bool {
        let _ = text;
        false
    }

    /// Returns what kind of token it is, if it is one of this forge's. Only a token that a person
    /// typed is looked at closely. The result is no more than a hint, because forms change.
    fn recognise(&self, token: &[u8]) -> Option<Recognised>;

    /// Returns the username to send with a token, where the host looks at the token alone. It is
    /// never empty; the token may be empty, where it is not known yet.
    fn username(&self, token: &[u8]) -> &'static str {
        let _ = token;
        "token"
    }

    /// Returns whether clone URLs carry a username that says nothing about the account.
    fn has_meaningless_usernames(&self) -> bool {
        false
    }

    /// Returns whether this username, with which a token is sent, says nothing about the account.
    fn is_meaningless(&self, username: &[u8]) -> bool {
        let _ = username;
        false
    }

    /// Whether a path at this host is that of a repository, and not of what holds several.
    fn is_repository(&self, host: &str, path: &str) -> bool {
        let _ = host;
        path.split('/').count() > 1
    }

    /// Returns why this host takes no token of this kind, although it is the forge's own.
    fn objection(&self, host: &str, kind: Kind) -> Option<&'static str> {
        let _ = (host, kind);
        None
    }

    /// Returns the pages where a token is made, the best first, or none where the address is not
    /// known.
    fn pages(&self, wanted: &Wanted) -> Vec<Page>;

    /// Returns the address of the page where a person revokes a token of this kind, or none where it
    /// is not known. At most forges it is the one where a token is made.
    fn list_of_tokens(&self, context: &Context, kind: Option<Kind>) -> Option<String> {
        let _ = kind;
        let page = self
            .pages(&Wanted { context, name: "git", days: None, old: None })
            .into_iter()
            .next()?;
        page.address.split('?').next().map(ToOwned::to_owned)
    }
}

fn forges() -> impl Iterator<Item = &'static dyn Forge> {
    Id::ALL.into_iter().map(Id::forge)
}

/// The kind of a token, as far as its form tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Recognised {
    /// The forge that issued it.
    pub(crate) forge: Id,
    pub(crate) kind: Kind,
    /// Whether only this forge has tokens that begin like this.
    pub(crate) unmistakable: bool,
    /// Whether the token is complete.
    pub(crate) integrity: Integrity,
    /// What git users must know about this kind.
    pub(crate) remark: Option<Remark>,
}

/// The verdict of a token's own checksum and length. Only the host knows whether it is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Integrity {
    /// They say nothing.
    Unknown,
    /// The checksum is right.
    Right,
    /// The token does not look like the forge's tokens so far, by rules that nobody has promised.
    Doubtful,
    /// The published checksum is wrong: something was mistyped or cut off.
    Wrong,
}

/// A remark about a kind of token that git is to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Remark {
    /// Tokens of this kind are not for git.
    Unfit(&'static str),
    /// Tokens of this kind work under a condition.
    Condition(&'static str),
}

/// A warning of something that the person probably did not intend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Warning {
    /// The warning, for the person.
    pub(crate) text: String,
    /// Whether it is so likely that the person should agree before the token is stored.
    pub(crate) strong: bool,
}

/// The token that a page should make.
pub(crate) struct Wanted<'a> {
    /// The context for which it is to be used.
    pub(crate) context: &'a Context,
    /// The name to give it, at most 40 characters.
    pub(crate) name: &'a str,
    /// Its life in days, or none where the forge decides.
    pub(crate) days: Option<u64>,
    /// The token that it replaces, and whose scopes it should have.
    pub(crate) old: Option<Old<'a>>,
}

/// A token that another one replaces.
#[derive(Clone, Copy)]
pub(crate) struct Old<'a> {
    pub(crate) kind: Option<Kind>,
    /// Its scopes by the forge's names, where they are known.
    pub(crate) scopes: Option<&'a [String]>,
}

/// A page where a token is made.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// The page's address.
    pub(crate) address: String,
    /// What is made on the page, and what must be chosen there by hand.
    pub(crate) what: &'static str,
}

impl Wanted<'_> {
    /// Returns the kind of the token that is replaced.
    fn old_kind(&self) -> Option<Kind> {
        self.old?.kind
    }

    /// Returns the scopes of the token that is replaced, if it has any.
    fn old_scopes(&self) -> Option<&[String]> {
        self.old?.scopes.filter(|scopes| !scopes.is_empty())
    }

    /// Returns the address of a path on the host itself, with a query.
    fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        with_query(&format!("{}{path}", self.context.host_level()), query)
    }
}

fn with_query(address: &str, query: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url.into()
}

/// Returns the forge that is certainly at this context.
pub(crate) fn at(context: &Context) -> Option<&'static dyn Forge> {
    // Another port is another server, and nobody knows what it runs.
    let usual = context.protocol() != Protocol::Http && context.port().is_none();
    forges().find(|forge| usual && forge.is_at(context.host()))
}

/// Returns the forge that is probably at this context: `gitlab.example.com` is taken for a GitLab.
/// Nothing may depend on it but an address, and a username where any other would do, too.
pub(crate) fn likely_at(context: &Context) -> Option<&'static dyn Forge> {
    let labels = context.host().split('.');
    at(context).or_else(|| forges().find(|forge| labels.clone().any(|l| forge.is_called(l))))
}

/// Returns the kind of a token. The host's own forge may know it by its length alone, the others
/// only by marks that no other forge's tokens have.
pub(crate) fn recognise(context: &Context, token: &[u8]) -> Option<Recognised> {
    at(context).and_then(|forge| forge.recognise(token)).or_else(|| {
        let mut known = forges().filter_map(|forge| forge.recognise(token));
        known.find(|known| known.unmistakable)
    })
}

/// Returns warnings about a token for this context. `conventional` says that it would be sent with
/// the host's conventional username.
pub(crate) fn warnings(context: &Context, token: &[u8], conventional: bool) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |strong, text: String| warnings.push(Warning { text, strong });
    if let Some(what) = around(context, token) {
        warn(true, format!("this came with {what}: give the token without"));
    }
    let Some(known) = recognise(context, token) else {
        if let Some(host) = at(context).filter(|_| warnings.is_empty()) {
            warnings.push(Warning {
                text: format!(
                    "this has not the form of a token of {}: it may be a password, or another \
                     service's key",
                    host.name()
                ),
                strong: true,
            });
        }
        return warnings;
    };
    let mut warn = |strong, text: String| warnings.push(Warning { text, strong });
    let (forge, name) = (known.forge.name(), known.kind.name());
    match at(context) {
        Some(host) if host.id() != known.forge => warn(
            true,
            format!("this is a {forge} {name}, and {} belongs to {}", context.host(), host.name()),
        ),
        Some(host) => {
            if let Some(objection) = host.objection(context.host(), known.kind) {
                warn(true, format!("this is a {name}, and {} {objection}", context.host()));
            }
        }
        None => {}
    }
    match known.integrity {
        Integrity::Wrong => warn(
            true,
            format!("the checksum in this {forge} {name} is wrong: it was mistyped or cut off"),
        ),
        Integrity::Doubtful => warn(
            false,
            format!("this {forge} {name} has not the usual form: it may have been cut off"),
        ),
        Integrity::Unknown | Integrity::Right => {}
    }
    match known.remark {
        Some(Remark::Unfit(why)) => warn(true, format!("this is a {forge} {name}: {why}")),
        Some(Remark::Condition(what)) if conventional => {
            warn(false, format!("this is a {forge} {name}: {what}"));
        }
        _ => {}
    }
    warnings
}

/// The username to send with a token where the person gave none; `named` is what the person says
/// that runs there. What is probably a GitLab gets GitLab's: others take any.
pub(crate) fn conventional_username(
    context: &Context,
    named: Option<Id>,
    token: &[u8],
) -> &'static str {
    let probably = || match named {
        Some(id) => Some(id.forge()),
        None => likely_at(context),
    };
    let is_gitlab = |forge: &&dyn Forge| forge.id() == Id::GitLab;
    let forge = at(context).or_else(|| probably().filter(is_gitlab));
    forge.map_or("token", |forge| forge.username(token))
}

/// Returns the username to send with a token that was found without one: the host's own, else that
/// of the token's forge. Returns none where neither is known, or the token needs a name of its own.
pub(crate) fn known_username(context: &Context, token: &[u8]) -> Option<&'static str> {
    let known = recognise(context, token);
    if matches!(known, Some(Recognised { remark: Some(Remark::Condition(_)), .. })) {
        return None;
    }
    let forge = at(context).or_else(|| known.map(|known| known.forge.forge()));
    forge.map(|forge| forge.username(token))
}

/// Returns whether this username says nothing about the account at this host.
pub(crate) fn is_meaningless(context: &Context, username: &[u8]) -> bool {
    at(context).is_some_and(|forge| forge.is_meaningless(username))
}

/// Returns whether clone URLs of this host carry a username that says nothing about the account.
pub(crate) fn has_meaningless_usernames(context: &Context) -> bool {
    at(context).is_some_and(Forge::has_meaningless_usernames)
}

#[cfg(test)]
mod tests {
    use super::{
        Forge, Id, Kind, Wanted, at, conventional_username, known_username, likely_at, recognise,
        warnings,
    };
    use crate::context::Context;

    fn context(url: &str) -> Context {
        Context::from_canonical(url).expect("canonical")
    }

    fn warned(url: &str, token: &str) -> Vec<(bool, String)> {
        let warnings = warnings(&context(url), token.as_bytes(), true);
        warnings.into_iter().map(|warning| (warning.strong, warning.text)).collect()
    }

    #[test]
    fn a_host_is_known_by_its_whole_name() {
        for (url, forge) in [
            ("https://github.com/org", Some("GitHub")),
            ("https://corp.ghe.com", Some("GitHub")),
            ("https://ghe.com", None),
            ("https://ghcr.io", Some("GitHub")),
            ("https://github.com.example", None),
            ("https://notgithub.com", None),
            ("https://github.com:8443", None),
            ("http://github.com", None),
            ("https://gitlab.com", Some("GitLab")),
            ("https://gitlab.example", None),
            ("https://bitbucket.org", Some("Bitbucket")),
            ("https://dev.azure.com/org", Some("Azure DevOps")),
            ("https://org.visualstudio.com", Some("Azure DevOps")),
            ("https://codeberg.org", Some("Gitea or Forgejo")),
            ("https://huggingface.co", Some("Hugging Face")),
        ] {
            assert_eq!(at(&context(url)).map(Forge::name), forge, "{url}");
        }
    }

    #[test]
    fn a_page_may_be_guessed_from_a_label_of_the_host() {
        for (url, forge) in [
            ("https://gitlab.example.com", Some(Id::GitLab)),
            ("https://git.forgejo.example", Some(Id::Gitea)),
            ("https://gitea.example", Some(Id::Gitea)),
            ("https://github.example:8443", Some(Id::GitHub)),
            ("https://mygithub.example", None),
            ("https://git.example", None),
        ] {
            assert_eq!(likely_at(&context(url)).map(Forge::id), forge, "{url}");
        }
        assert_eq!(Id::from_word("huggingface"), Some(Id::HuggingFace));
        assert!(Id::from_word("GitHub").is_none());
    }

    #[test]
    fn a_forge_says_which_one_it_is() {
        for id in Id::ALL {
            assert_eq!(id.forge().id(), id);
        }
    }

    #[test]
    fn a_token_of_another_forge_is_noticed_where_the_host_is_known() {
        let said = warned("https://github.com", "glpat-TESTONLYTESTONLYTEST");
        let text = "this is a GitLab personal access token, and github.com belongs to GitHub";
        assert_eq!(said, [(true, text.to_owned())]);
        assert!(warned("https://gitlab.com", "glpat-TESTONLYTESTONLYTEST").is_empty());
        assert!(warned("https://git.example", "glpat-TESTONLYTESTONLYTEST").is_empty());
    }

    #[test]
    fn what_is_no_known_token_is_doubted_where_the_forge_is_known() {
        for token in ["hunter2", "mycompany-glpat-TESTONLY", "ghx_TESTONLY", "AKIATESTONLY"] {
            for url in ["https://github.com", "https://gitlab.com", "https://dev.azure.com"] {
                let said = warned(url, token);
                assert!(said.len() == 1 && said[0].0, "{token} at {url}: {said:?}");
                assert!(said[0].1.starts_with("this has not the form of a token of "), "{said:?}");
            }
            for url in ["https://git.example", "https://gitlab.example", "https://github.com:8443"]
            {
                assert!(warned(url, token).is_empty(), "{token} at {url}");
            }
        }
    }

    #[test]
    fn what_has_no_prefix_is_only_known_at_its_own_forge() {
        let hex = "0123456789abcdef0123456789abcdef01234567".as_bytes();
        let kind = |url: &str| recognise(&context(url), hex).map(|known| known.kind);
        assert_eq!(kind("https://codeberg.org"), Some(Kind::Access));
        assert_eq!(kind("https://git.example"), None);
        assert_eq!(kind("https://gitlab.com"), None);
    }

    #[test]
    fn a_remark_on_the_username_is_for_those_who_gave_none() {
        let token = b"gldt-TESTONLYTESTONLYTEST";
        let gitlab = context("https://gitlab.com");
        assert_eq!(warnings(&gitlab, token, true).len(), 1);
        assert!(warnings(&gitlab, token, false).is_empty());
    }

    #[test]
    fn each_host_has_its_convention() {
        for (url, token, username) in [
            ("https://github.com", "", "x-access-token"),
            ("https://gitlab.com", "", "oauth2"),
            ("https://gitlab.com", "glcbt-TESTONLY", "gitlab-ci-token"),
            ("https://bitbucket.org", "ATATTTESTONLY", "x-bitbucket-api-token-auth"),
            ("https://bitbucket.org", "ATCTTTESTONLY", "x-token-auth"),
            ("https://git.example", "", "token"),
            ("https://gitlab.example", "", "oauth2"),
            ("https://gitlab.example:8443", "glcbt-TESTONLY", "gitlab-ci-token"),
            ("https://gitea.example", "", "token"),
        ] {
            let said = conventional_username(&context(url), None, token.as_bytes());
            assert_eq!(said, username, "{url}");
        }
        let named = conventional_username(&context("https://git.example"), Some(Id::GitLab), b"");
        assert_eq!(named, "oauth2");
    }

    #[test]
    fn the_name_of_a_lost_username_is_the_hosts_or_the_tokens_forges() {
        for (url, token, username) in [
            ("https://github.com", "unknown", Some("x-access-token")),
            ("https://github.com", "glpat-TESTONLY", Some("x-access-token")),
            ("https://git.example", "glpat-TESTONLY", Some("oauth2")),
            ("https://git.example", "ghp_TESTONLY", Some("x-access-token")),
            ("https://git.example", "hf_TESTONLY", Some("token")),
            ("https://codeberg.org", "0123", Some("token")),
            ("https://git.example", "unknown", None),
            ("https://gitlab.com", "gldt-TESTONLY", None),
        ] {
            assert_eq!(known_username(&context(url), token.as_bytes()), username, "{token} {url}");
        }
    }

    #[test]
    fn every_page_is_on_https_and_says_what_is_made_there() {
        for id in Id::ALL {
            let context = context("https://git.example:8443/the%25 org/repo");
            let wanted = Wanted { context: &context, name: "a b&c", days: Some(30), old: None };
            let pages = id.forge().pages(&wanted);
            assert!(!pages.is_empty(), "{id:?}");
            for page in pages {
                assert!(page.address.starts_with("https://") && !page.what.is_empty(), "{page:?}");
                assert!(!page.address.contains([' ', '"', '\'']), "{page:?}");
            }
        }
    }
}
