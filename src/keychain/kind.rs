//! The kinds of keychains, with a row of texts for each: messages, help and the manual are made
//! from these rows, so that a new keychain is named everywhere.

use std::fmt::Write;

/// A kind of keychain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The desktop's: GNOME Keyring, `KWallet`, `KeePassXC`.
    SecretService,
    /// The Linux kernel's user keyring: in memory, gone at reboot.
    Kernel,
    /// macOS's: the user's default keychain, as a rule the one called login.
    LoginKeychain,
    /// Windows' Credential Manager.
    CredentialManager,
    /// Encrypted files, for machines without a desktop.
    Vault,
    /// No keychain of the system's, but a source of one token: a variable, a file, a command.
    Source,
    /// This process's memory: for tests, and for programs that use the library.
    Memory,
}

/// The texts about a keychain.
struct Row {
    /// The name, as `--keychain` takes it.
    name: &'static str,
    /// The keychain in a sentence: the token is stored in *this*.
    what: &'static str,
    /// The system where it exists.
    system: &'static str,
    /// The loss of tokens that nobody would expect there, said wherever one is stored.
    loss: Option<&'static str>,
    /// The words to type for tokens that do not get lost so.
    instead: Option<&'static str>,
    /// The keychain's part of the manual, a sentence a line.
    manual: &'static str,
}

impl Kind {
    /// The kinds that `--keychain` can name, on whatever system they exist. Memory is none of them:
    /// it would be gone when the process ends.
    pub const ALL: [Self; 5] = [
        Self::SecretService,
        Self::Kernel,
        Self::Vault,
        Self::LoginKeychain,
        Self::CredentialManager,
    ];

    // Inlined, it would put its table into the program once more at each of many calls, and the
    // start of every process relocates each pointer of it.
    #[inline(never)]
    fn row(self) -> &'static Row {
        match self {
            Self::SecretService => &Row {
                name: "secret-service",
                what: "the desktop's keychain",
                system: "Linux",
                loss: None,
                instead: None,
                manual: "\
The desktop's password manager: GNOME Keyring, KWallet or KeePassXC, over an encrypted session on \
the D-Bus session bus.
Tokens are as safe as the password manager keeps them, and outlive a reboot.",
            },
            Self::Kernel => &Row {
                name: "kernel",
                what: "the kernel's keyring",
                system: "Linux",
                loss: Some("in memory only, gone at reboot"),
                instead: Some(
                    "to keep tokens over a reboot: git credential-pat configure --keychain vault",
                ),
                manual: "\
The Linux kernel's user keyring, see `user-keyring`(7).
Tokens are in the kernel's memory, never on disk, and gone at reboot.
It works without a desktop and without D-Bus.",
            },
            Self::LoginKeychain => &Row {
                name: "login-keychain",
                what: "the login keychain",
                system: "macOS",
                loss: None,
                instead: None,
                manual: "\
On macOS, the default keychain, as a rule the one called login.
Tokens outlive a reboot.
The system asks before another program than the one that stored a token reads it; a new build of \
this program is another one unless both are signed by the same developer.",
            },
            Self::CredentialManager => &Row {
                name: "credential-manager",
                what: "Windows' Credential Manager",
                system: "Windows",
                loss: None,
                instead: None,
                manual: "\
Windows' Credential Manager.
Each account is a generic credential, called `git-credential-pat:https://HOST NAME`, with a `^` \
before each capital, because Windows takes capitals and small letters for the same.
A token that is longer than one credential can be is kept in several.
A logon over the network, such as SSH with a key, has no Credential Manager: there is an error.",
            },
            Self::Vault => &Row {
                name: "vault",
                what: "encrypted files",
                system: "Linux",
                loss: None,
                instead: None,
                manual: "\
Encrypted files in `$XDG_DATA_HOME/git-credential-pat/vault`, for machines without a desktop: see \
`VAULT` below.
Tokens outlive a reboot; after one, somebody types `git credential-pat unlock` once.",
            },
            Self::Source => &Row {
                name: "source",
                what: "a source that is read-only",
                system: "any",
                loss: None,
                instead: None,
                manual: "",
            },
            Self::Memory => &Row {
                name: "memory",
                what: "memory",
                system: "any",
                loss: Some("gone when the process ends"),
                instead: None,
                manual: "",
            },
        }
    }

    /// Reads a name as `--keychain` takes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the name, as `--keychain` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns whether its tokens are there after a reboot.
    #[must_use]
    pub fn outlives_reboot(self) -> bool {
        self.row().loss.is_none()
    }

    /// Returns the words to type for tokens that outlive a reboot, where its own do not.
    pub(crate) fn instead(self) -> Option<&'static str> {
        self.row().instead
    }

    /// Returns the keychain in a sentence, as in `stored in the kernel's keyring (kernel): in
    /// memory only, gone at reboot`.
    pub(crate) fn in_a_sentence(self) -> String {
        let Row { name, what, loss, .. } = self.row();
        let name = if Self::ALL.contains(&self) { format!(" ({name})") } else { String::new() };
        let loss = loss.map(|loss| format!(": {loss}"));
        format!("{what}{name}{}", loss.unwrap_or_default())
    }

    /// Returns the keychain as a line of a report.
    pub(crate) fn in_a_report(self) -> String {
        let Row { name, what, loss, .. } = self.row();
        match loss {
            Some(loss) => format!("{name}, {what}: {loss}"),
            None => format!("{name}, {what}; kept over a reboot"),
        }
    }

    /// Returns its part of the manual, a sentence a line, with names between back quotes.
    pub(crate) fn manual(self) -> &'static str {
        self.row().manual
    }

    /// Returns all names: `a, b or c`.
    pub(crate) fn names() -> String {
        listed(&Self::ALL.map(Self::name))
    }

    /// Returns all names, by system: `on Linux a or b, on macOS c`.
    pub(crate) fn names_by_system() -> String {
        let mut text = String::new();
        let mut systems: Vec<&str> = Self::ALL.map(|kind| kind.row().system).into();
        systems.dedup();
        for (index, system) in systems.into_iter().enumerate() {
            let here = Self::ALL.into_iter().filter(|kind| kind.row().system == system);
            let names = listed(&here.map(Self::name).collect::<Vec<_>>());
            let comma = if index > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}on {system} {names}");
        }
        text
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        for name in ["", "memory", "source", "Kernel", "secret-service "] {
            assert_eq!(Kind::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn all_that_is_said_is_made_of_the_rows() {
        assert_eq!(
            Kind::names(),
            "secret-service, kernel, vault, login-keychain or credential-manager"
        );
        assert_eq!(
            Kind::names_by_system(),
            "on Linux secret-service, kernel or vault, on macOS login-keychain, on Windows \
             credential-manager"
        );
        for (kind, sentence, report) in [
            (
                Kind::Kernel,
                "the kernel's keyring (kernel): in memory only, gone at reboot",
                "kernel, the kernel's keyring: in memory only, gone at reboot",
            ),
            (
                Kind::SecretService,
                "the desktop's keychain (secret-service)",
                "secret-service, the desktop's keychain; kept over a reboot",
            ),
        ] {
            assert_eq!(
                (kind.in_a_sentence(), kind.in_a_report()),
                (sentence.into(), report.into())
            );
        }
        assert_eq!(Kind::Source.in_a_sentence(), "a source that is read-only");
    }
}
