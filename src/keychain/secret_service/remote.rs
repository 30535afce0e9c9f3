//! The errors that a reply can carry, told apart by their names, never by their texts.

use crate::error::Error;

/// The meaning of an error reply. Its name and text stay behind: the other side wrote them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remote {
    /// The collection or item is locked.
    IsLocked,
    /// The object is not there, in the Secret Service's own words.
    NoSuchObject,
    /// The object is not there, or not at this moment: `KWallet` takes an item off the bus
    /// while it is replaced.
    UnknownObject,
    /// The object or the method is not there: gnome-keyring says so of a deleted item, and,
    /// once in some thousand connections, of a service that is about to be there.
    UnknownMethod,
    /// Nobody has the name on the bus, and no program can be started that would have it.
    ServiceUnknown,
    /// The called program ended before it answered.
    NoReply,
    /// The program that was to be started did not start.
    NotStarted,
    /// The bus or the service waited too long for somebody else.
    TimedOut,
    /// A rule or a person forbids it.
    AccessDenied,
    /// The service does not know the session any more.
    NoSession,
    /// The service does not accept an argument; `KWallet` says so where one of several items is
    /// gone.
    InvalidArguments,
    /// The service has no session with a key agreement.
    NotSupported,
    /// Any other error.
    Other,
}

impl Remote {
    /// Recognises an error's name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        if let Some(name) = name.strip_prefix("org.freedesktop.Secret.Error.") {
            return match name {
                "IsLocked" => Self::IsLocked,
                "NoSession" => Self::NoSession,
                "NoSuchObject" => Self::NoSuchObject,
                _ => Self::Other,
            };
        }
        if name == "org.qtproject.QtDBus.Error.InvalidObjectPath" {
            return Self::NoSession;
        }
        match name.strip_prefix("org.freedesktop.DBus.Error.") {
            Some("UnknownObject") => Self::UnknownObject,
            Some("UnknownMethod" | "UnknownInterface") => Self::UnknownMethod,
            Some("ServiceUnknown" | "NameHasNoOwner" | "Spawn.ServiceNotFound") => {
                Self::ServiceUnknown
            }
            Some("NoReply" | "Disconnected") => Self::NoReply,
            Some("TimedOut" | "Timeout") => Self::TimedOut,
            Some("AccessDenied" | "AuthFailed" | "InteractiveAuthorizationRequired") => {
                Self::AccessDenied
            }
            Some("InvalidArgs") => Self::InvalidArguments,
            Some("NotSupported") => Self::NotSupported,
            Some(name) if name.starts_with("Spawn.") => Self::NotStarted,
            _ => Self::Other,
        }
    }

    /// Returns whether it says that an object which a search has just found is gone.
    #[must_use]
    pub fn is_gone(self) -> bool {
        matches!(self, Self::NoSuchObject | Self::UnknownObject | Self::UnknownMethod)
    }

    /// Returns whether it says that the service has ended. The service that comes in its place
    /// knows nothing of this connection.
    #[must_use]
    pub fn tells_of_an_end(self) -> bool {
        matches!(self, Self::NoReply | Self::NoSession | Self::ServiceUnknown)
    }
}

impl From<Remote> for Error {
    // Not inlined, so that the table of texts is in the program once.
    #[inline(never)]
    fn from(remote: Remote) -> Self {
        match remote {
            Remote::IsLocked => Self::Locked,
            Remote::AccessDenied => Self::Denied,
            Remote::TimedOut => Self::TimedOut,
            Remote::ServiceUnknown => Self::NoSecretService,
            Remote::NoSuchObject | Remote::UnknownObject | Remote::UnknownMethod => {
                Self::Transient("what it had just named is not there")
            }
            Remote::NoReply => Self::Transient("it ended before it answered"),
            Remote::NoSession => Self::Transient("it has forgotten the session"),
            Remote::NotStarted => Self::Keychain("it could not be started"),
            Remote::InvalidArguments => Self::Keychain("it refused an argument"),
            Remote::NotSupported => Self::Keychain("it has no encrypted sessions"),
            Remote::Other => Self::Keychain("it answered with an error of its own"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Remote;
    use crate::error::Error;

    #[test]
    fn errors_are_recognised_by_name() {
        for (name, expected) in [
            ("org.freedesktop.Secret.Error.IsLocked", Error::Locked),
            ("org.freedesktop.DBus.Error.ServiceUnknown", Error::NoSecretService),
            ("org.freedesktop.DBus.Error.AccessDenied", Error::Denied),
            ("org.freedesktop.DBus.Error.TimedOut", Error::TimedOut),
        ] {
            assert_eq!(Error::from(Remote::from_name(name)), expected, "{name}");
        }
    }

    #[test]
    fn errors_that_a_new_search_may_cure_are_transient() {
        for name in [
            "org.freedesktop.DBus.Error.UnknownMethod",
            "org.freedesktop.DBus.Error.UnknownObject",
            "org.freedesktop.DBus.Error.NoReply",
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.Secret.Error.NoSession",
            "org.qtproject.QtDBus.Error.InvalidObjectPath",
        ] {
            assert!(Error::from(Remote::from_name(name)).is_transient(), "{name}");
        }
        for name in ["", "x.y", "org.freedesktop.DBus.Error.Spawn.ChildExited"] {
            assert!(!Error::from(Remote::from_name(name)).is_transient(), "{name}");
        }
    }
}
