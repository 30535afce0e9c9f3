//! Everything that can go wrong, in words for the person who reads it.
//!
//! No case has room for a secret, an input line or an argument: an error that cannot hold one
//! cannot print it.

mod vault;

pub use vault::VaultTrouble;

use std::io;

/// Keeps a text with a name or a URL for an error, which owns none, so that no token can come into
/// one. The text stays until the process ends: a process has one or two such errors.
pub(crate) fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// The reason why bytes are no request of git's. The number is the line's, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The last line has no end: the writer died.
    #[error("line {0} of the request is cut off")]
    CutOff(usize),
    /// A line has no `=`.
    #[error("line {0} of the request has no =")]
    NoEquals(usize),
    /// A line begins with `=`.
    #[error("line {0} of the request has no key")]
    EmptyKey(usize),
    /// A line holds a CR that is not part of its end.
    #[error("line {0} of the request holds a carriage return")]
    CarriageReturn(usize),
    /// A line holds a NUL.
    #[error("line {0} of the request holds a NUL")]
    Nul(usize),
    /// An attribute that may stand only once stands again.
    #[error("line {0} of the request repeats an attribute")]
    Repeated(usize),
    /// The request has more than [`MAX_REQUEST`](crate::protocol::MAX_REQUEST) bytes.
    #[error("the request is longer than 1 MiB")]
    TooLong,
}

/// The reason why git did not do what it was asked. git's own words are no part of it: they may
/// quote its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GitTrouble {
    /// There is no git, or it cannot be started.
    #[error("git cannot be run")]
    Missing,
    /// A file of git's configuration is broken, or may not be read.
    #[error("git cannot read its configuration")]
    Unreadable,
    /// HOME is not set, so git has no file for the user's configuration.
    #[error("git's configuration could not be changed: HOME is not set")]
    NoHome,
    /// A repository's configuration was meant, and there is no repository.
    #[error("git's configuration could not be changed: this is no repository")]
    NoRepository,
    /// The configuration file cannot be locked: another git holds the lock, or one that died left
    /// it, or the file's folder is absent or read-only.
    #[error("git's configuration could not be changed: its file cannot be locked")]
    Unlockable,
    /// The configuration file cannot be written.
    #[error("git's configuration could not be changed: its file cannot be written")]
    Unwritable,
    /// git's configuration could not be changed for another reason.
    #[error("git's configuration could not be changed")]
    Unchanged,
}

impl GitTrouble {
    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Missing => "install git, or put its folder into PATH",
            Self::Unreadable => "mend the file; git says where with: git config --list",
            Self::NoHome => "set HOME to your home folder, then repeat",
            Self::NoRepository => "repeat it inside of one",
            Self::Unlockable => {
                "its folder must be there and writable; where no other git is at work, delete the \
                 file of that name that ends in .lock"
            }
            Self::Unwritable | Self::Unchanged => return None,
        })
    }
}

/// Everything that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be understood.
    #[error(transparent)]
    Request(#[from] Malformed),
    /// A standard stream failed.
    #[error("a standard stream failed: {0}")]
    Stream(io::ErrorKind),
    /// The command line that a person typed is wrong.
    #[error("{0}")]
    Usage(&'static str),
    /// An option of the helper string, or a variable in its place, is wrong.
    #[error("{0}")]
    Option(&'static str),
    /// A token from a source other than a keychain cannot be had.
    #[error("the source of the token: {0}")]
    Source(&'static str),
    /// The file of a token, or the way to it, cannot be trusted.
    #[error("the source of the token: {0}")]
    TokenFile(&'static str),
    /// git did not do what it was asked.
    #[error(transparent)]
    Git(#[from] GitTrouble),
    /// The vault cannot be opened or written.
    #[error(transparent)]
    Vault(#[from] VaultTrouble),
    /// A person's input, or the machine it was typed on, does not fit.
    #[error("{0}")]
    Refused(&'static str),

    /// `configure` could not prove the keychain of this name. The reason was printed before; the
    /// second text is the hint.
    #[error("the keychain {0} is not proved, so git is not configured")]
    Unproved(&'static str, &'static str),

    /// The keychain has no account of the name and URL that a person gave.
    #[error("no such account is in the keychain")]
    NoAccount,
    /// The keyring has no entry of this service and user.
    #[error("the keyring has no entry of this service and user")]
    NoEntry,
    /// The keyring has several entries of this service and user, with different secrets.
    #[error("the keyring has several entries of this service and user, and their secrets differ")]
    SeveralEntries,
    /// The account's token has expired.
    #[error("the account's token has expired")]
    Expired,
    /// The host refused the account's token.
    #[error("the account's token was rejected by the host")]
    Rejected,
    /// A token that still serves would be lost.
    #[error("the account has another token already")]
    Exists,
    /// What must not meet another write in between does not begin without the lock.
    #[error(
        "another process is changing an account at this host, or the lock cannot be had: nothing \
         was begun"
    )]
    Busy,
    /// Another process has replaced the token before this one could begin.
    #[error("the account has another token by now: nothing was begun")]
    Replaced,
    /// Nobody knows yet which of an account's tokens lives.
    #[error("a rotation of the account's token has not come to its end, so nothing was changed")]
    Rotating,
    /// The keychain, or the part of it that holds the account, is locked.
    #[error("the keychain is locked")]
    Locked,
    /// A person or a rule said no.
    #[error("the keychain denied access")]
    Denied,
    /// The keychain did not answer within its deadline.
    #[error("the keychain did not answer in time")]
    TimedOut,
    /// Nothing listens at the keychain's address.
    #[error("the keychain cannot be reached: {0}")]
    Unreachable(&'static str),
    /// No program on the bus provides the Secret Service.
    #[error("no Secret Service is running and none can be started")]
    NoSecretService,
    /// The sandbox that we run in hides the Secret Service from us, or there is none.
    #[error("no Secret Service can be seen from inside this Flatpak")]
    HiddenByFlatpak,
    /// There is a Secret Service, but it has no collection for a new item.
    #[error("the Secret Service has no default collection")]
    NoDefaultCollection,
    /// The kernel or a sandbox does not allow us any keys.
    #[error("the kernel keyring is not available here")]
    NoKernelKeyring,
    /// The kernel keyring belongs to another session.
    #[error("the kernel keyring may not be read from this session")]
    KernelKeyringDenied,
    /// The user's quota of keys is used up.
    #[error("the kernel keyring is full")]
    KernelKeyringFull,
    /// A key expired while it was used.
    #[error("the key in the kernel keyring has expired")]
    KernelKeyExpired,
    /// The user who runs this has no Credential Manager: a network logon, some services.
    #[error("this logon session has no Credential Manager")]
    NoLogonSession,
    /// A person or a rule said no, or the password was wrong.
    #[error("the keychain refused the access or the password")]
    RefusedOrWrongPassword,
    /// A person would have to be asked, and nobody can be asked here.
    #[error("the keychain has to ask somebody, and nobody can be asked here")]
    NobodyToAsk,
    /// The user has no default keychain for new items.
    #[error("there is no default keychain")]
    NoDefaultKeychain,
    /// The process runs where there are no keychains.
    #[error("no keychain is available to this process")]
    NoKeychain,
    /// The item is larger than the keychain allows.
    #[error("the token is too long for this keychain")]
    TooLong,
    /// An item does not hold what was stored, or was not meant for the account that was asked for.
    #[error("the account's item in the keychain is damaged")]
    Damaged,
    /// The keychain answered with an error of its own, and another try may help.
    #[error("the keychain failed: {0}")]
    Transient(&'static str),
    /// The keychain answered with an error of its own.
    #[error("the keychain failed: {0}")]
    Keychain(&'static str),
    /// The keychain answered with an error of the system's, of which we know only the number.
    #[error("the keychain failed: the system gives the number {0}")]
    System(i64),
    /// This system has no such keychain.
    #[error("this keychain does not exist on this system")]
    Unsupported,
}

impl Error {
    /// Returns whether the same operation, begun again, may well succeed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Transient(_) | Self::Damaged | Self::NoSecretService | Self::HiddenByFlatpak
        )
    }

    /// Returns what a person can do about it, where there is something.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Usage(_) => "the commands are listed by: git credential-pat -h",
            Self::Option(_) => "see OPTIONS in: git credential-pat --help",
            Self::Source(_) => "see SOURCES in: git credential-pat --help",
            Self::TokenFile(_) => {
                "name a file that is its owner's alone and no link, or trust a program with it: \
                 --command 'cat FILE'"
            }
            Self::Git(trouble) => return trouble.hint(),
            Self::Vault(trouble) => return trouble.hint(),
            Self::Unproved(_, hint) => hint,
            Self::NoAccount => "see what is there with: git credential-pat list",
            Self::NoEntry => {
                "SERVICE is all before the last /, USER what follows it and may be empty; the \
                 program that keeps the entry has chosen both"
            }
            Self::SeveralEntries => "delete all but one of them in the password manager",
            Self::Expired => "make a new one at the host, then: git credential-pat login URL",
            Self::Rejected => {
                "if it is good after all: git credential-pat login --restore URL; else log in anew"
            }
            Self::Rotating => {
                "what has become of it is said, and mended, by: git credential-pat rotate URL"
            }
            Self::Busy => {
                "repeat the command in a moment; if it stays so, XDG_RUNTIME_DIR or XDG_STATE_HOME \
                 must be a folder of yours that can be written"
            }
            Self::Replaced => "if that one is meant, repeat the command",
            Self::Exists => "add --replace, or name another account with --username NAME",
            Self::Locked if cfg!(target_os = "macos") => {
                "unlock it in Keychain Access; over SSH, type first: security unlock-keychain"
            }
            Self::Locked => "unlock it in the desktop session, or log in there once",
            Self::Denied => "repeat the command and allow the access when the keychain asks",
            Self::TimedOut => {
                "the password manager may be waiting for you: look for its window, then repeat"
            }
            Self::Unreachable(_) | Self::NoSecretService => {
                "run it inside the desktop session, or use the kernel's keyring with \
                 --keychain kernel (forgotten at reboot)"
            }
            Self::HiddenByFlatpak => {
                "outside, with the name of this Flatpak in place of APP, type: flatpak override \
                 --user --talk-name=org.freedesktop.secrets APP"
            }
            Self::NoDefaultCollection => {
                "create a default keyring or wallet in the desktop's password manager"
            }
            Self::NoKernelKeyring => {
                "containers often forbid it: take the token from a variable, a file or a \
                 command with --for URL, or the runner's own with --ci"
            }
            Self::KernelKeyringDenied => "repeat the command under: keyctl session -",
            Self::KernelKeyringFull => {
                "see /proc/key-users; log out of accounts that are no longer needed"
            }
            Self::NoLogonSession => {
                "log on at the machine, by Remote Desktop, or over SSH with the password \
                 instead of a key"
            }
            Self::RefusedOrWrongPassword => {
                "repeat the command and allow the access; if the password is refused, unlock the \
                 keychain in Keychain Access with the password it was made with"
            }
            Self::NobodyToAsk => {
                "over SSH, type first: security unlock-keychain; else repeat the command in the \
                 desktop session and allow the access"
            }
            Self::NoDefaultKeychain => {
                "choose one in Keychain Access, or type: \
                 security default-keychain -s login.keychain-db"
            }
            Self::NoKeychain => "run it as a user who is logged in: daemons have no keychain",
            Self::KernelKeyExpired | Self::Damaged => {
                "store the token again with: git credential-pat login"
            }
            _ => return None,
        })
    }

    /// Returns the process's exit status: 2 where the command line is wrong, else 1.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

/// An error, with the operation or command in which it happened.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {error}")]
pub struct Failure {
    /// The operation or command.
    pub what: &'static str,
    /// What went wrong.
    pub error: Error,
}
