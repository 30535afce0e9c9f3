//! The reasons for which a request is refused: one closed list. Each reason has words for those who
//! read it in the sandbox, mostly in git's own output: the reason, what can be done inside instead,
//! and the command to type on the host.
//!
//! The words name only what the request itself named or what is lent anyway.

use super::branches::Branches;
use crate::context::Context;
use crate::git::words::typed;
use std::fmt;

/// The reason why a request is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No context that is lent contains this one.
    NotLent(Context),
    /// The repository may be read, but not pushed to.
    ReadOnly(Context),
    /// A ref is outside of these branches, which may be pushed.
    Branches(Branches),
    /// A branch would be deleted.
    Deleting,
    /// The push has options, which are commands to the forge.
    PushOptions,
    /// The push is signed. A signed list of commands is not read here.
    Signed,
    /// Another ref of the same push was refused.
    AnotherRef,
    /// git or git-lfs does not send such a request, or it is not served here.
    NotUnderstood,
    /// The request does not carry the key of this lending.
    NoKey,
    /// The large files of git-lfs are not lent.
    NoLfs,
    /// The time of this lending is over, or its command has ended.
    Ended,
    /// The keychain on the host is locked.
    Locked,
    /// No account answers for this context: there is none or several, or its token is of no use.
    NoAccount(Context),
    /// The host refused the token.
    TokenRefused(Context),
    /// The host cannot be reached, for this reason.
    Unreached(Context, &'static str),
    /// The host redirects to a URL that is not lent.
    Redirected(Context),
    /// The host answered with this status.
    Answered(Context, u16),
    /// Something failed on the host that lends.
    Failed,
}

impl Refusal {
    /// Returns what can be done in the sandbox instead, if anything.
    #[must_use]
    pub fn instead(&self) -> Option<String> {
        let text = match self {
            Self::Branches(branches) => {
                return Some(format!(
                    "push to such a branch: git push origin HEAD:{}",
                    branches.one()
                ));
            }
            Self::PushOptions => "push without -o, and with no push.pushOption configured",
            Self::Signed => "push with --no-signed",
            Self::AnotherRef => "push this ref alone",
            Self::NoKey => "the lines of git's configuration here must be those of this lending",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Returns the command that the person on the host can type, if one helps.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let at = |command: &str, place: &Context| {
            Some(format!("git {command} {}", typed(&place.to_string())))
        };
        let lend = |options: &str| Some(format!("git credential-pat lend {options}"));
        match self {
            Self::NotLent(place) => at("credential-pat lend --read", place),
            Self::ReadOnly(place) => at("credential-pat lend --push", place)
                .map(|command| command + " --branches PATTERN"),
            Self::Branches(_) => lend("--push REPOSITORY --branches PATTERN"),
            Self::Deleting => Some("git push origin --delete BRANCH".to_owned()),
            Self::NoLfs => lend("--lfs, and its other options"),
            Self::Ended => lend("and its options, as before"),
            Self::Locked => {
                Some("git credential-pat status, which says how to unlock it".to_owned())
            }
            Self::NoAccount(place) => at("credential-pat login", &place.host_level()),
            Self::TokenRefused(place) => at("credential-pat login --replace", &place.host_level()),
            // They say what the host says, and where it leads.
            Self::Answered(place, _) => at("credential-pat check", place),
            Self::Unreached(place, _) | Self::Redirected(place) => at("ls-remote", place),
            Self::PushOptions
            | Self::Signed
            | Self::AnotherRef
            | Self::NotUnderstood
            | Self::NoKey
            | Self::Failed => None,
        }
    }

    /// Returns the reason in a few words, for one ref of a push.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Branches(branches) => format!("only refs/heads/{branches} may be pushed"),
            Self::ReadOnly(_) => "read-only here".to_owned(),
            Self::NotLent(_) => "not lent here".to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLent(place) => write!(f, "{place} is not among what is lent here"),
            Self::ReadOnly(place) => write!(f, "{place} is lent for reading only"),
            Self::Branches(branches) => write!(f, "only branches {branches} may be pushed here"),
            Self::Deleting => f.write_str("deleting branches is not lent"),
            Self::PushOptions => f.write_str("push options are not lent"),
            Self::Signed => f.write_str("signed pushes are not lent"),
            Self::AnotherRef => f.write_str("another ref of this push was refused"),
            Self::NotUnderstood => f.write_str("this is no request of git's that is served here"),
            Self::NoKey => f.write_str("the key of this lending is missing or wrong"),
            Self::NoLfs => f.write_str("the objects of git-lfs are not lent"),
            Self::Ended => f.write_str("this lending is over"),
            Self::Locked => f.write_str("the keychain on the host is locked"),
            Self::NoAccount(place) => {
                write!(f, "no account on the host answers for {}", place.authority())
            }
            Self::TokenRefused(place) => {
                write!(
                    f,
                    "{} refused the token: it is to be renewed on the host",
                    place.authority()
                )
            }
            Self::Unreached(place, why) => write!(f, "{} is not reached: {why}", place.authority()),
            Self::Redirected(place) => {
                write!(f, "{} leads to a place that is not lent", place.authority())
            }
            Self::Answered(place, status) => {
                write!(f, "{} answered with status {status}", place.authority())
            }
            Self::Failed => f.write_str("something failed on the host, which says what"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use crate::context::Context;
    use crate::lend::branches::Branches;

    #[test]
    fn a_reason_says_what_to_type_on_the_host() {
        let place = Context::of_host(b"https", b"h.example").and_then(|host| host.scoped(b"a/b c"));
        let refusal = Refusal::ReadOnly(place.expect("a place"));
        assert_eq!(refusal.to_string(), "https://h.example/a/b c is lent for reading only");
        assert_eq!(
            refusal.remedy().as_deref(),
            Some("git credential-pat lend --push 'https://h.example/a/b c' --branches PATTERN")
        );
        let host = Context::of_host(b"https", b"h.example").expect("a host");
        assert_eq!(
            Refusal::TokenRefused(host.clone()).remedy().as_deref(),
            Some("git credential-pat login --replace https://h.example")
        );
        assert_eq!(
            Refusal::Unreached(host, "x").remedy().as_deref(),
            Some("git ls-remote https://h.example")
        );
    }

    #[test]
    fn a_reason_says_what_can_be_done_inside() {
        let instead = |pattern: &str| {
            let branches = Branches::parse(pattern).expect("a pattern");
            Refusal::Branches(branches).instead().expect("a way")
        };
        let way = "push to such a branch: git push origin HEAD:refs/heads/";
        assert_eq!(instead("agent/*"), format!("{way}agent/NAME"));
        assert_eq!(instead("topic"), format!("{way}topic"));
        assert_eq!(Refusal::NotUnderstood.instead(), None);
    }
}
