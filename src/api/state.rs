//! The state of a token, in the words of `check`.

use std::fmt;

/// The state of a token, the best first. Of several states the last one in this order counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum State {
    /// The token works.
    Good,
    /// The token works, and ends soon.
    Ending,
    /// There is no answer that could be understood.
    Unknown,
    /// The host is not reached.
    Unreachable,
    /// The host wants to be asked later.
    Limited,
    /// The repository or organisation does not exist, or is hidden from the token.
    Absent,
    /// The token is known, and may not do this.
    Denied,
    /// The token has ended.
    Ended,
    /// The token is not taken, or not any more.
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

/// The reason for the state of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    // The reasons why it is denied.
    Scope,
    Sso,
    Policy,
    Ip,
    Archived,
    ReadOnly,
    Account,
    Other,
    // The reasons why nothing is known.
    Redirect,
    Html,
    /// The answer is not one of this forge's.
    Answer,
    /// The server failed.
    Server,
    /// Nothing was asked: nobody knows which forge it is.
    NoForge,
    /// Nothing was asked, because a person wanted that.
    Offline,
    /// Nothing was asked: the token is another forge's.
    OtherForge,
    /// Nothing was asked: the address of the forge's API on this host is not known.
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
    /// The server allows this to nobody, and has not asked who they are.
    Anonymous,
    /// git goes to another address than the one that was named.
    Rewritten,
    // The reasons why it is not reached.
    Network,
    Certificate,
    Timeout,
    // The reasons on this machine.
    NoAccount,
    PutAway,
    /// A rotation of the token has not come to its end.
    Rotating,
    Ambiguous,
    Rejected,
    Locked,
    Damaged,
    /// The token is not sent unencrypted.
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
            Self::Rotating => "rotating",
            Self::Ambiguous => "ambiguous",
            Self::Rejected => "rejected",
            Self::Locked => "locked",
            Self::Damaged => "damaged",
            Self::Http => "http",
        }
    }

    /// Returns whether nothing was asked, so that the reason says nothing of the token.
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

/// The judgement of one layer about a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    /// The server's own words, fit to be shown.
    pub(crate) said: Option<String>,
    /// An address to open or to look at: of single sign-on, or to which a redirect leads.
    pub(crate) address: Option<String>,
    /// The number of seconds after which it may be asked again.
    pub(crate) retry_after: Option<u64>,
}

impl Standing {
    /// Returns the judgement that nothing is wrong.
    pub(crate) fn good() -> Self {
        Self::of(State::Good, None)
    }

    pub(crate) fn of(state: State, reason: impl Into<Option<Reason>>) -> Self {
        Self { state, reason: reason.into(), said: None, address: None, retry_after: None }
    }

    /// Returns whether the judgement says something of the token.
    pub(crate) fn is_answer(&self) -> bool {
        !matches!(self.state, State::Unknown | State::Unreachable | State::Limited)
    }

    /// Returns whether the token is not taken, or not any more: it was refused, or has ended.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.state, State::Ended | State::Refused)
    }

    /// Returns whether nothing was asked, so that the judgement says nothing of the token.
    pub(crate) fn is_unasked(&self) -> bool {
        self.reason.is_some_and(Reason::is_unasked)
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

/// Returns why something is denied, by the server's words: each forge has words of its own, and
/// none has a code.
pub(crate) fn reason_in(said: &str) -> Reason {
    const WORDS: [(&str, Reason); 33] = [
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
        ("job token not allowed", Reason::Policy),
        ("blocked", Reason::Account),
        ("terms", Reason::Account),
        ("two-factor", Reason::Account),
        ("suspended", Reason::Account),
        ("deactivated", Reason::Account),
        ("account is disabled", Reason::Account),
        ("password expired", Reason::Account),
        ("password has expired", Reason::Account),
        // Azure DevOps' number for a right that is missing.
        ("tf401027", Reason::ReadOnly),
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
    use super::{Reason, Standing, State, reason_in};

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
    fn a_token_is_refused_once_it_is_not_taken_for_whatever_reason() {
        for (state, is_refused) in [
            (State::Good, false),
            (State::Ending, false),
            (State::Unknown, false),
            (State::Unreachable, false),
            (State::Limited, false),
            (State::Absent, false),
            (State::Denied, false),
            (State::Ended, true),
            (State::Refused, true),
        ] {
            assert_eq!(Standing::of(state, None).is_refused(), is_refused, "{state:?}");
        }
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
            ("Authentication by CI/CD job token not allowed from A to B", Reason::Policy),
            ("Your account has been deactivated by your administrator.", Reason::Account),
            ("Your password expired. Please access GitLab from a web browser", Reason::Account),
            ("TF401027: You need the Git 'GenericContribute' permission", Reason::ReadOnly),
            ("insufficient_scope", Reason::Scope),
            ("Permission to o/r.git denied to alice.", Reason::ReadOnly),
            ("You are not allowed to upload code.", Reason::Scope),
            ("A lesson in denial", Reason::Other),
        ] {
            assert_eq!(reason_in(said), reason, "{said}");
        }
    }
}
