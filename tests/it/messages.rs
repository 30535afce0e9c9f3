//! Every error message of the tool, in one list where they can be read one after the other: what
//! happened and why, in the tool's own way. A message that is new or changed belongs in this list,
//! too.

use git_credential_pat::error::{Error, GitTrouble, VaultTrouble};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The messages after `git-credential-pat: OPERATION: `, in order.
const MESSAGES: &str = "\
--api takes the URL of the forge on the same host
--branches takes the name of a branch, or one that ends in /* for all below it
--cache is for a keychain or for --command
--cache is needless with --keychain kernel
--cache is needless with --keychain vault
--cache takes a number of seconds from 1 to 4294967295
--ci knows the place and the token by itself
--env takes the name of a variable
--env takes the name of a variable, such as NPM_TOKEN
--for needs one of --env, --file and --command
--for takes the URL of a host or of a part of it, like https://github.com
--identity and --identity-command need --keychain vault
--low-memory, --passphrase-from, --identity and --identity-command need --keychain vault
--no-input needs --with-token and the token on standard input
--push takes the URL of one repository
--since takes a date such as 2027-01-31, or a span such as 7d
--timeout is for a keychain, not for a source
--timeout needs --keychain kernel
--timeout takes a number of seconds from 1 to 4294967295
--username and --authtype need --for
--with-token reads a pipe or a file: leave it out to be asked, without an echo
--yes needs the source by name: --from SOURCE
D-Bus cannot carry what was to be stored
a file in the vault belongs to another user, or others can write to it
a file of git's configuration could not be changed
a file of this name is there already, and is not this program's: {0}
a file of tokens cannot be read
a file of tokens is longer than 4 MiB
a forge does not take what was imported, which is stored as it is
a host has no backslash
a name is needed
a port is a number from 1 to 65535
a registry that is called http:// would show the token on its way
a rotation of the account's token has not come to its end, so nothing was changed
a standard stream failed: {0}
a token does not belong in a URL: it is asked for, or read with --with-token
a token expires at a date such as 2027-01-31, or in 90d, or never
a token is no username: it is asked for, or read with --with-token
a token is no username: it is the password
a token is one line without control characters
a token is served for one place only: say which with --for https://HOST
a token that has expired already is of no use
a token that is rotated needs an end, such as 90d
a token that was stored cannot be deleted
a username is one line
access to the vault's folder is denied
an item is gone
an item of another keychain was given
an option of the helper string has control characters
an option of the helper string has no value
another account is called so already: log out of it first
another bus listens at the session bus's address
another process is changing an account at this host, or the lock cannot be had: nothing was begun
another program has just stored it
another program is writing the file: repeat, or delete the .lock file beside it
docker sent no token: nothing is stored
gh's hosts file is not as gh writes it, and is left alone
git cannot be run
git cannot read its configuration
git does not come to this program by its name: its folder is not in PATH
git sends a host's name as its URL has it, and only ASCII is answered: write the xn-- form, also in the remote's URL
git's configuration could not be changed
git's configuration could not be changed: HOME is not set
git's configuration could not be changed: its file cannot be locked
git's configuration could not be changed: its file cannot be written
git's configuration could not be changed: this is no repository
git's configuration takes no such username
git's configuration was changed meanwhile and is left as it is: begin again
git's settings for the forge are of no use to curl
given up
http and https of one host cannot be lent together
http is unencrypted and is lent only where it is this machine's own
http is unencrypted: use https, or add --allow-http to the helper string
it cannot be written
it ended during a prompt
it gave more than one line without control characters
it gave no reason
it gave no reply
it gave nothing
it has no entries of such names
it offered a key that is none
its items change too fast to be listed
its session has no key
keyring= is one token: name the one place it is for, as a URL
lending is there on Linux only, so far
line {0} of the request has no =
line {0} of the request has no key
line {0} of the request holds a NUL
line {0} of the request holds a carriage return
line {0} of the request is cut off
line {0} of the request repeats an attribute
name a URL, or --all: no remote here is one of https
name a URL: no remote here is one of https
name a URL: there are several remotes here
name each account that is to be rotated: --account URL
name the places that glab has a token for, as URLs
name the places that the helper is asked for, as URLs
name the variable that the command reads with --env VARIABLE
no Secret Service can be seen from inside this Flatpak
no Secret Service is running and none can be started
no account is left that a timer may rotate
no account there has this name
no key could be derived
no keychain is available to this process
no operation is given
no passphrase was given
no session bus is named in the environment
no session key could be agreed upon
no socket could be made
no such account is in the keychain
no token was given
nobody can be asked here: add --yes to delete every account
nobody can be asked here: add --yes to revoke without
nobody can be asked here: name each account with --account https://NAME@HOST, and add --yes
nobody can be asked here: repeat it with --yes, or look first with --dry-run
not a key of ours
nothing can hold the vault's key here: the kernel keyring is not available
nothing listens at the session bus's address
nothing was changed
nothing was deleted
nothing was revoked
on the way to the file others can put another in its place
others can write to the vault's folder
others have access to the file, which is another user's, and it is not mounted in memory by root
others than its owner have access to the file: chmod 600 (or 400) it
others than root can write the file
say how often: watch daily, or watch weekly
say what is to change: --username, --expires, --also or --any-username
several accounts are there: name one in the URL, as in https://NAME@HOST
several accounts are there: name one with --username NAME
somebody lends at this socket already
something gives the vault's key: there is nothing to unlock
that network has no owner
the Secret Service has no default collection
the URL cannot be understood
the URL has no host
the URL must be that of an https host
the URL of a host or repository has no ? and no #: write %3F or %23 for one in a name
the URL of the host is missing
the URL's path cannot be understood
the URL's path names no organisation or repository: empty, . and .. are no parts of one
the URL's username cannot be used
the account could not be read back
the account has another token already
the account has another token by now: nothing was begun
the account has no token of its own
the account has no username yet: add --username NAME
the account's item in the keychain is damaged
the account's token has expired
the account's token is not rejected
the account's token was rejected by the host
the answer has no end
the answer is no text
the command failed
the command is empty
the command is missing
the command prints too much for a token
the command took longer than 30 seconds
the command's quotes do not match
the connection to the session bus was lost
the crontab does not hold what was written
the crontab was changed meanwhile and is left as it is: begin again
the disk is full, nothing was changed
the disk quota is used up, nothing was changed
the entry is not as go-keyring writes it
the file beside the socket cannot be written
the file could not be written and is left as it was
the file is too long to hold a token
the file server lost the vault's file
the file that --file names cannot be read
the file that --file names is not there
the file that --passphrase-from names cannot be read
the file was changed meanwhile and is left as it is: begin again
the file's folder cannot be written
the folder of the socket cannot be made
the folder of the socket must be this user's alone
the forge does not take the token, which is stored as it is
the helper string has an unknown option
the helper string names two keys for the vault
the helper string names two sources: write a helper for each
the kernel keyring is full
the kernel keyring is not available here
the kernel keyring may not be read from this session
the kernel refused the call
the kernel's keyring has no such entry, and no Secret Service can be asked
the key does not belong to this vault
the key in the kernel keyring has expired
the keychain cannot be reached: {0}
the keychain denied access
the keychain did not answer in time
the keychain failed: the system gives the number {0}
the keychain failed: {0}
the keychain has no room for two tokens in this account: nothing was begun
the keychain has to ask somebody, and nobody can be asked here
the keychain is locked
the keychain refused the access or the password
the keychain {0} is not proved, so git is not configured
the keyring has no entry of this service and user
the keyring has several entries of this service and user, and their secrets differ
the line is longer than cron reads
the line with the passphrase is too long
the listener could not be handed over
the network of that process cannot be entered
the network of that process cannot be seen: it is not this user's, or gone
the network of the process of --inside cannot be entered: it must be a sandbox of this user's that runs
the new token could not be read back
the note could not be read back
the operation must be the last word
the passphrase is not the vault's
the passphrase {0}
the path of the key's file cannot be written
the port cannot be listened at
the port is not known
the port is taken inside
the registry has a token of its own: add --replace to drop it
the remotes here use several accounts: name a URL
the request is longer than 1 MiB
the security service of Windows does not answer
the session bus belongs to another user
the session bus's address is of no kind that is used
the socket cannot be made: its path may be too long
the source of the token: {0}
the system has no random numbers
the terminal would show the token: pipe it on, or add --yes to see it
the test's own place cannot be named
the timer's files cannot be written
the token comes from a source, not from a keychain: rotate it where it is kept
the token could not be read back
the token is too long for this keychain
the vault cannot be kept to this process: its file system has no locks
the vault has got another key
the vault has no identity.age
the vault has no place: neither XDG_DATA_HOME nor HOME is set
the vault is locked
the vault is of a kind that this version does not know
the vault is on a read-only file system
the vault is there already: its passphrase can be changed with git credential-pat unlock --change-passphrase --low-memory
the vault's folder belongs to another user
the vault's identity.age asks for more than 1,024 MB of memory
the vault's identity.age is damaged
the vault's identity.age is in text form
the vault's identity.age is not for a passphrase
the vault's key: {0}
the way to the file leads through what is another user's
the way to the forge is curl, which is not there
there are no wildcards: name the host that the token is for
there is no default keychain
there is no such port
there is no terminal to ask on: add --yes, or --dry-run to look only
there is no terminal to ask on: give the passphrase with --passphrase-from FILE
there is no terminal to ask on: pipe the token in with --with-token
there is no vault here
there is nothing of the kind that --from names
this is no name of a registry
this keychain does not exist on this system
this keychain is in memory, and would forget the new token at the next start: add --yes, or keep the account in another one
this logon session has no Credential Manager
this names no organisation or repository
this program's path cannot be written for a scheduler
this program's path cannot be written in git's configuration
this system has no scheduler for a user: neither systemd's user manager nor crontab
this user may not connect to the session bus
this username cannot be used
this would put a token into git's configuration: name where it is read
to try the passphrase takes {needs} MB of memory, and {free} MB are free
what --file names is a link
what --file names is no regular file
what docker sent cannot be understood
what docker sent is too long
what listens at the bus's address is no D-Bus
what should be a file of tokens is no plain file
what was read is too long to be a token
{0} has failed: {1}
{0} took longer than 30 seconds";

/// The code before the text of an error.
const OPENINGS: [&str; 9] = [
    "#[error(",
    "Error::Usage(",
    "Error::Option(",
    "Error::Source(",
    "Error::TokenFile(",
    "Error::Refused(",
    "Error::Unreachable(",
    "Error::Keychain(",
    "Error::Transient(",
];

/// Returns the sources' texts, without their tests.
fn sources() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (inner, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
        folders.extend(inner);
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "rs")) {
            let text = fs::read_to_string(file).unwrap();
            sources.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
        }
    }
    sources
}

/// Returns the string literal with which this text begins, after blanks.
fn literal(text: &str) -> Option<String> {
    let mut characters = text.trim_start().strip_prefix('"')?.chars();
    let mut literal = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(literal),
            '\\' => match characters.next()? {
                '\n' => characters = characters.as_str().trim_start().chars(),
                escaped => literal.push(escaped),
            },
            other => literal.push(other),
        }
    }
}

/// Returns every message in the sources, in order.
fn messages() -> Vec<String> {
    let mut messages = Vec::new();
    for source in sources() {
        for opening in OPENINGS {
            let texts = source.match_indices(opening).map(|(at, _)| &source[at + opening.len()..]);
            messages.extend(texts.filter_map(literal));
        }
    }
    // Such a case shows nothing but its content.
    messages.retain(|message| message.chars().any(|c| c == ' '));
    messages.retain(|message| message != "{what}: {error}");
    messages.sort();
    messages.dedup();
    messages
}

/// Returns why a text is not in the tool's way of speaking.
fn fault(text: &str) -> Option<&'static str> {
    let first = text.split(' ').next().unwrap_or_default();
    let is_name = |word: &str| word.chars().nth(1).is_some_and(|c| c.is_uppercase() || c == '-');
    Some(match text {
        _ if first.starts_with(char::is_uppercase) && !is_name(first) => "begins in upper case",
        _ if text.ends_with(['.', '!', '?', ':']) => "ends like a sentence",
        _ if text.contains("  ") || text.contains('\n') => "is not one line",
        _ if text.chars().count() > 150 => "is too long to be read",
        _ if text.contains("n't") || text.contains("error") || text.contains("Error") => {
            "does not say what happened"
        }
        _ => return None,
    })
}

#[test]
fn every_error_message_is_in_the_list() {
    let listed: Vec<&str> = MESSAGES.lines().collect();
    let messages = messages();
    let new: Vec<&String> = messages.iter().filter(|m| !listed.contains(&m.as_str())).collect();
    let gone: Vec<&&str> = listed.iter().filter(|l| !messages.iter().any(|m| m == **l)).collect();
    assert!(new.is_empty() && gone.is_empty(), "add {new:#?}\nremove {gone:#?}");
    assert!(listed.is_sorted(), "the list is not in order");
}

#[test]
fn every_error_message_reads_like_the_others() {
    let faults: Vec<String> =
        MESSAGES.lines().filter_map(|m| Some(format!("{:?} {}", m, fault(m)?))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn where_something_can_be_done_a_hint_says_what() {
    for error in [
        Error::Usage("x"),
        Error::Option("x"),
        Error::Source("x"),
        Error::TokenFile("x"),
        Error::Unproved("x", "y"),
        Error::NoAccount,
        Error::NoEntry,
        Error::SeveralEntries,
        Error::Exists,
        Error::Rotating,
        Error::Busy,
        Error::Replaced,
        Error::Vault(VaultTrouble::Absent),
        Error::Vault(VaultTrouble::Locked),
        Error::Vault(VaultTrouble::WrongPassphrase),
        Error::Vault(VaultTrouble::WrongKey),
        Error::Vault(VaultTrouble::NowhereToHold),
        Error::Vault(VaultTrouble::Memory { needs: 264, free: 100 }),
        Error::Vault(VaultTrouble::OpenFolder),
        Error::Vault(VaultTrouble::ForeignFolder),
        Error::Vault(VaultTrouble::DiskFull),
        Error::Locked,
        Error::Denied,
        Error::TimedOut,
        Error::Unreachable("x"),
        Error::NoSecretService,
        Error::HiddenByFlatpak,
        Error::NoDefaultCollection,
        Error::NoKernelKeyring,
        Error::KernelKeyringDenied,
        Error::KernelKeyringFull,
        Error::KernelKeyExpired,
        Error::RefusedOrWrongPassword,
        Error::NobodyToAsk,
        Error::NoDefaultKeychain,
        Error::NoKeychain,
        Error::Damaged,
        Error::Git(GitTrouble::Missing),
        Error::Git(GitTrouble::Unreadable),
        Error::Git(GitTrouble::NoHome),
        Error::Git(GitTrouble::NoRepository),
        Error::Git(GitTrouble::Unlockable),
    ] {
        let hint = error.hint().unwrap_or_else(|| panic!("{error} has no hint"));
        assert_eq!(fault(hint), None, "{hint}");
        assert_ne!(hint, error.to_string());
    }
    // The message of these says it itself, or nobody can do anything about it.
    for error in [Error::Refused("x"), Error::Stream(ErrorKind::Other), Error::Keychain("x")] {
        assert_eq!(error.hint(), None, "{error}");
    }
}
