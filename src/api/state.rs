//! What a token is worth, in the words that `check` has for it.

use std::fmt;

/// How a token stands, the best first: of several, the last counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum State {
    /// It works.
    Good,
    /// It works, and ends soon.
    Ending,
    /// Nobody has said anything that could be understood.
    Unknown,
    /// Whoever should say it is not reached.
    Unreachable,
    /// Whoever should say it wants to be asked later.
    Limited,
    /// What it is for is not there, or is hidden from it.
    Absent,
    /// It is known, and may not.
    Denied,
    /// Its time is over.
    Ended,
    /// It is not taken, or not any more.
    Refused,
}

impl State {
    /// Its name for programs, which does not change.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Ending => "ending",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Limited => "limited",
            Self::Absent => "absent",
            Self::Denied => "denied",
            Self::Ended => "ended",
            Self::Refused => "refused",
        }
    }
}

/// Why a token stands as it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    // Why it is denied.
    Scope,
    Sso,
    Policy,
    Ip,
    Archived,
    ReadOnly,
    Account,
    Other,
    // Why nothing is known.
    Redirect,
    Html,
    /// The answer is not one of this forge's.
    Answer,
    /// The server failed.
    Server,
    /// Nothing was asked: nobody knows which forge it is.
    NoForge,
    /// Nothing was asked, as was wanted.
    Offline,
    /// Nothing was asked: the token is another forge's.
    OtherForge,
    /// Nothing was asked: where the forge's API is on this host is not known.
    NoApi,
    /// Nothing was asked: the forge has no way to ask about a token of this kind.
    NoWay,
    /// Nothing was asked: the host had refused several in a row, or wants to be asked seldom.
    Spared,
    /// There is no curl.
    NoCurl,
    /// There is no git.
    NoGit,
    /// The answer was not about this token: a line in `.netrc` came first.
    Netrc,
    /// The server lets nobody do it, and asked nobody who they are.
    Anonymous,
    /// git goes to another address than the one that was named.
    Rewritten,
    // Why it is not reached.
    Network,
    Certificate,
    Timeout,
    // What is wrong on this machine.
    NoAccount,
    PutAway,
    Ambiguous,
    Rejected,
    Locked,
    Damaged,
    /// It is not sent unencrypted.
    Http,
}

impl Reason {
    /// Its name for programs, which does not change.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Sso => "sso",
            Self::Policy => "policy",
            Self::Ip => "ip",
            Self::Archived => "archived",
            Self::ReadOnly => "read-only",
            Self::Account => "account",
            Self::Other => "other",
            Self::Redirect => "redirect",
            Self::Html => "html",
            Self::Answer => "answer",
            Self::Server => "server",
            Self::NoForge => "no-forge",
            Self::Offline => "offline",
            Self::OtherForge => "other-forge",
            Self::NoApi => "no-api",
            Self::NoWay => "no-way",
            Self::Spared => "spared",
            Self::NoCurl => "no-curl",
            Self::NoGit => "no-git",
            Self::Netrc => "netrc",
            Self::Anonymous => "anonymous",
            Self::Rewritten => "rewritten",
            Self::Network => "network",
            Self::Certificate => "certificate",
            Self::Timeout => "timeout",
            Self::NoAccount => "no-account",
            Self::PutAway => "put-away",
            Self::Ambiguous => "ambiguous",
            Self::Rejected => "rejected",
            Self::Locked => "locked",
            Self::Damaged => "damaged",
            Self::Http => "http",
        }
    }

    /// Returns whether nothing was asked, so that nothing is said of the token.
    pub(crate) fn is_unasked(self) -> bool {
        matches!(
            self,
            Self::NoForge
                | Self::Offline
                | Self::OtherForge
                | Self::NoApi
                | Self::NoWay
                | Self::Spared
                | Self::NoCurl
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What one of those who were asked has said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    /// The server's own words, fit to be shown.
    pub(crate) said: Option<String>,
    /// An address to open or to look at: where single sign-on is to be done, where a redirect
    /// leads.
    pub(crate) address: Option<String>,
    /// In how many seconds it may be asked again.
    pub(crate) retry_after: Option<u64>,
}

impl Standing {
    /// Nothing is wrong.
    pub(crate) fn good() -> Self {
        Self::of(State::Good, None)
    }

    pub(crate) fn of(state: State, reason: impl Into<Option<Reason>>) -> Self {
        Self { state, reason: reason.into(), said: None, address: None, retry_after: None }
    }

    /// Returns whether whoever was asked has said something of the token.
    pub(crate) fn is_answer(&self) -> bool {
        !matches!(self.state, State::Unknown | State::Unreachable | State::Limited)
    }

    /// Returns the same with the server's own words.
    pub(crate) fn saying(self, said: Option<String>) -> Self {
        Self { said, ..self }
    }

    /// Returns the same with an address.
    pub(crate) fn at(self, address: Option<String>) -> Self {
        Self { address, ..self }
    }
}

/// Returns why something is denied, by what the server says of it: each forge has words of its own,
/// and none has a code.
pub(crate) fn reason_in(said: &str) -> Reason {
    const WORDS: [(&str, Reason); 27] = [
        (" sso", Reason::Sso),
        ("/sso", Reason::Sso),
        ("saml", Reason::Sso),
        ("single sign", Reason::Sso),
        ("re-authorize the oauth", Reason::Sso),
        ("ip allow list", Reason::Ip),
        ("ip address", Reason::Ip),
        ("allowlist", Reason::Ip),
        ("archived", Reason::Archived),
        ("read-only", Reason::ReadOnly),
        ("read only", Reason::ReadOnly),
        ("forbids access", Reason::Policy),
        ("policy", Reason::Policy),
        ("lifetime", Reason::Policy),
        ("not allowed over http", Reason::Policy),
        ("over http is not allowed", Reason::Policy),
        ("blocked", Reason::Account),
        ("terms", Reason::Account),
        ("two-factor", Reason::Account),
        ("suspended", Reason::Account),
        ("denied to ", Reason::ReadOnly),
        ("not allowed to push code", Reason::ReadOnly),
        ("not allowed to upload", Reason::Scope),
        ("not allowed to download", Reason::Scope),
        ("scope", Reason::Scope),
        ("write access to repository not granted", Reason::Scope),
        ("not accessible by", Reason::Scope),
    ];
    let said = format!(" {}", said.to_lowercase());
    WORDS.iter().find(|(words, _)| said.contains(words)).map_or(Reason::Other, |(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::{Reason, State, reason_in};

    #[test]
    fn of_several_states_the_worst_is_the_greatest() {
        let order = "good ending unknown unreachable limited absent denied ended refused";
        let mut states = [
            State::Refused,
            State::Good,
            State::Denied,
            State::Ended,
            State::Absent,
            State::Limited,
            State::Unreachable,
            State::Ending,
            State::Unknown,
        ];
        states.sort();
        assert_eq!(states.map(State::word).join(" "), order);
    }

    #[test]
    fn the_words_of_a_refusal_name_its_reason() {
        for (said, reason) in [
            ("Write access to repository not granted.", Reason::Scope),
            ("Cannot find valid SSO session.", Reason::Sso),
            ("The organization has enabled or enforced SAML SSO.", Reason::Sso),
            ("an IP allow list is enabled", Reason::Ip),
            ("This repository was archived so it is read-only.", Reason::Archived),
            ("Acme forbids access via a personal access token", Reason::Policy),
            ("Pushing over HTTP is not allowed", Reason::Policy),
            ("You must accept the Terms of Service", Reason::Account),
            ("insufficient_scope", Reason::Scope),
            ("Permission to o/r.git denied to alice.", Reason::ReadOnly),
            ("You are not allowed to upload code.", Reason::Scope),
            ("A lesson in denial", Reason::Other),
        ] {
            assert_eq!(reason_in(said), reason, "{said}");
        }
    }
}
