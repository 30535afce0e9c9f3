//! What keeps the vault from opening or from being written, each with what to do about it.

/// What is wrong with the vault, or with what opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultTrouble {
    /// Nobody has made one.
    #[error("there is no vault here")]
    Absent,
    /// There is no telling where one would be.
    #[error("the vault has no place: neither XDG_DATA_HOME nor HOME is set")]
    NoPlace,
    /// Nobody has opened it, or its time was over.
    #[error("the vault is locked")]
    Locked,
    /// It is opened by something else.
    #[error("the passphrase is not the vault's")]
    WrongPassphrase,
    /// It is another vault's.
    #[error("the key does not belong to this vault")]
    WrongKey,
    /// The kernel or a sandbox does not let us have keys.
    #[error("nothing can hold the vault's key here: the kernel keyring is not available")]
    NowhereToHold,
    /// scrypt would not find the memory that it needs; both in MB.
    #[error("to try the passphrase takes {needs} MB of memory, and {free} MB are free")]
    Memory {
        /// What it takes.
        needs: u32,
        /// What there is.
        free: u32,
    },
    /// The file asks for more work than any that is made.
    #[error("the vault's identity.age asks for more than 1,024 MB of memory")]
    TooMuchWork,
    /// The file is not what was written.
    #[error("the vault's identity.age is damaged")]
    IdentityDamaged,
    /// The file is gone, or there never was one.
    #[error("the vault has no identity.age")]
    NoIdentity,
    /// It was encrypted for a key.
    #[error("the vault's identity.age is not for a passphrase")]
    NotForPassphrase,
    /// It was made with `age --armor`.
    #[error("the vault's identity.age is in text form")]
    Armored,
    /// Where the key should come from gives none.
    #[error("the vault's key: {0}")]
    Key(&'static str),
    /// A later version of this program has made it.
    #[error("the vault is of a kind that this version does not know")]
    Unknown,
    /// Somebody else's.
    #[error("the vault's folder belongs to another user")]
    ForeignFolder,
    /// Whoever can write there can exchange what is in it.
    #[error("others can write to the vault's folder")]
    OpenFolder,
    /// A file in it that is not ours, or that others can write to.
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
    /// The system says no.
    #[error("access to the vault's folder is denied")]
    Forbidden,
    /// A file server has lost it, twice.
    #[error("the file server lost the vault's file")]
    Stale,
    /// A new key needs the only process that writes.
    #[error("the vault cannot be kept to this process: its file system has no locks")]
    NoLocks,
    /// A passphrase that is worth nothing, or cannot be typed again.
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
                 'WORDS', see git-credential-pat(1)"
            }
            Self::Memory { .. } => {
                "free some, or where there is more of it, type: \
                 git credential-pat unlock --change-passphrase --low-memory"
            }
            Self::TooMuchWork | Self::IdentityDamaged | Self::NoIdentity => {
                "restore the file from a backup"
            }
            Self::NotForPassphrase => {
                "name what opens it with --identity-command 'WORDS', see git-credential-pat(1)"
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
