//! The reasons why the vault cannot be opened or written, each with what to do about it.

/// A trouble with the vault, with its passphrase or with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultTrouble {
    /// No vault has been made.
    #[error("there is no vault here")]
    Absent,
    /// Neither variable that says where a vault would be is set.
    #[error("the vault has no place: neither XDG_DATA_HOME nor HOME is set")]
    NoPlace,
    /// Nobody has unlocked the vault, or the time for which it was unlocked is over.
    #[error("the vault is locked")]
    Locked,
    /// Another passphrase opens the vault.
    #[error("the passphrase is not the vault's")]
    WrongPassphrase,
    /// The key is another vault's.
    #[error("the key does not belong to this vault")]
    WrongKey,
    /// The kernel or a sandbox does not allow us any keys.
    #[error("nothing can hold the vault's key here: the kernel keyring is not available")]
    NowhereToHold,
    /// scrypt would not find the memory that it needs; both in MB.
    #[error("to try the passphrase takes {needs} MB of memory, and {free} MB are free")]
    Memory {
        /// The memory that it needs.
        needs: u32,
        /// The memory that is free.
        free: u32,
    },
    /// The identity file asks for more work than any that this program makes.
    #[error("the vault's identity.age asks for more than 1,024 MB of memory")]
    TooMuchWork,
    /// The identity file is not what was written.
    #[error("the vault's identity.age is damaged")]
    IdentityDamaged,
    /// The identity file is gone, or there never was one.
    #[error("the vault has no identity.age")]
    NoIdentity,
    /// The identity file was encrypted for a key.
    #[error("the vault's identity.age is not for a passphrase")]
    NotForPassphrase,
    /// The identity file was made with `age --armor`.
    #[error("the vault's identity.age is in text form")]
    Armored,
    /// The source of the vault's key gives none.
    #[error("the vault's key: {0}")]
    Key(&'static str),
    /// A later version of this program has made the vault.
    #[error("the vault is of a kind that this version does not know")]
    Unknown,
    /// The folder belongs to somebody else.
    #[error("the vault's folder belongs to another user")]
    ForeignFolder,
    /// Others can write to the folder, and so exchange its content.
    #[error("others can write to the vault's folder")]
    OpenFolder,
    /// A file in the folder is not ours, or others can write to it.
    #[error("a file in the vault belongs to another user, or others can write to it")]
    OpenFile,
    /// No space is left.
    #[error("the disk is full, nothing was changed")]
    DiskFull,
    /// The user's share of the disk is used up.
    #[error("the disk quota is used up, nothing was changed")]
    Quota,
    /// The file system takes no writes.
    #[error("the vault is on a read-only file system")]
    ReadOnly,
    /// The system denies access to the folder.
    #[error("access to the vault's folder is denied")]
    Forbidden,
    /// The file server has lost the file, twice.
    #[error("the file server lost the vault's file")]
    Stale,
    /// A new key needs a lock against other writers, and the file system has none.
    #[error("the vault cannot be kept to this process: its file system has no locks")]
    NoLocks,
    /// The passphrase is worth nothing, or cannot be typed again.
    #[error("the passphrase {0}")]
    Passphrase(&'static str),
}

impl VaultTrouble {
    pub(super) fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Absent => "make one with: git credential-pat configure --keychain vault",
            Self::Locked => "unlock it with: git credential-pat unlock",
            Self::WrongPassphrase => "repeat it: git credential-pat unlock",
            Self::WrongKey => {
                "give the key that it was made for; for a new vault, move the folder away first"
            }
            Self::NowhereToHold => {
                "give it a key that needs no unlocking: --identity FILE or --identity-command \
                 'WORDS', see VAULT in: git credential-pat --help"
            }
            Self::Memory { .. } => {
                "free some, or where there is more of it, type: \
                 git credential-pat unlock --change-passphrase --low-memory"
            }
            Self::TooMuchWork | Self::IdentityDamaged | Self::NoIdentity => {
                "restore the file from a backup"
            }
            Self::NotForPassphrase => {
                "name what opens it with --identity-command 'WORDS', see VAULT in: git credential-pat --help"
            }
            Self::Armored => "make it anew with age, without --armor",
            Self::Key(_) => {
                "it is one line that begins with AGE-SECRET-KEY-1, as age-keygen prints it"
            }
            Self::Unknown => "install the newer version of git-credential-pat",
            Self::ForeignFolder => "run it as that user, or set XDG_DATA_HOME to a folder of yours",
            Self::OpenFolder => {
                "chmod 700 it, and look at what is there with: git credential-pat list"
            }
            Self::OpenFile => {
                "chown and chmod 600 what is not private there, if you know how it came"
            }
            Self::DiskFull | Self::Quota => "make room, then repeat",
            Self::Forbidden => "it must be its owner's, with mode 700",
            Self::Stale => "repeat the command",
            Self::NoLocks => "move the vault to another file system, then repeat",
            Self::NoPlace | Self::ReadOnly | Self::Passphrase(_) => return None,
        })
    }
}
