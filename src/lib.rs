//! A git credential helper that keeps personal access tokens in the operating system's
//! keychain, and the library that it is made of.
//!
//! ```text
//! stdin → protocol (bytes → Request) → helper (what get, store, erase mean)
//!       → keychain → helper → protocol (Answer → bytes) → stdout
//! ```
//!
//! [`context`] and [`secret`] depend on nothing, [`credential`] on both and on the forms of tokens,
//! [`protocol`] on all three, [`helper`] on those and on the [`Keychain`] trait. A keychain never
//! depends on `helper` or on a command.
//!
//! # A helper of one's own
//!
//! [`helper::serve`] is the whole helper: it takes an operation, two streams, a keychain and a
//! [`Policy`]. So another program can speak git's protocol by the same rules where git does not
//! reach, for instance over a socket. In this example the streams and the keychain are in memory.
//! [`keychain::open`] opens a real keychain, and any type that implements [`Keychain`] will do.
//!
//! ```
//! use git_credential_pat::error::Error;
//! use git_credential_pat::helper::{self, Policy};
//! use git_credential_pat::keychain::memory::MemoryKeychain;
//! use git_credential_pat::protocol::Operation;
//!
//! /// Serves one request, as git sends it to a helper's standard input.
//! fn serve(keychain: &mut MemoryKeychain, word: &str, mut request: &[u8]) -> Result<Vec<u8>, Error> {
//!     let mut answer = Vec::new();
//!     // git wants operations that do not exist yet to be passed over.
//!     let Some(operation) = Operation::from_name(word) else { return Ok(answer) };
//!     let policy = Policy { allow_http: false, now: 1_798_761_600 };
//!     helper::serve(operation, &mut request, &mut answer, |_| Ok(Some(Box::new(keychain))), policy)?;
//!     Ok(answer)
//! }
//!
//! let mut keychain = MemoryKeychain::default();
//! let approved = b"protocol=https\nhost=git.example.com\nusername=alice\npassword=secret\n\n";
//! serve(&mut keychain, "store", approved)?;
//!
//! let answer = serve(&mut keychain, "get", b"protocol=https\nhost=GIT.example.com:443\n\n")?;
//! assert_eq!(answer, b"username=alice\npassword=secret\n");
//! let elsewhere = serve(&mut keychain, "get", b"protocol=https\nhost=example.com\n\n")?;
//! assert!(elsewhere.is_empty());
//! # Ok::<(), Error>(())
//! ```
//!
//! Memory that a token has passed through should be wiped: a program that serves real tokens gives
//! `serve` streams without buffers, and writes no part of the answer elsewhere.

// The modules that another program can use.
pub mod context;
pub mod credential;
pub mod error;
pub mod helper;
pub mod keychain;
pub mod protocol;
pub mod secret;

// The modules that only our own binary needs, which is a crate of its own.
#[doc(hidden)]
pub mod docker;
#[doc(hidden)]
pub mod hardening;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod lend;
#[doc(hidden)]
pub mod terminal;

mod api;
mod arguments;
mod base64;
mod check;
mod child;
mod cli;
mod copies;
mod ending;
mod forge;
mod git;
mod hex;
mod needle;
mod notification;
mod plain_text;
mod private_file;
mod revoke;
mod rotate;
mod said;
mod setup;
mod source;
mod stamp;
mod state_folder;
mod time;
mod uses;
mod watch;
mod withheld;

#[doc(hidden)]
pub use cli::rehearsed;

use arguments::{HelperOptions, Invocation};
use context::Context;
use error::{Error, Failure};
use git::words::typed;
use helper::{Outcome, Policy};
use keychain::Keychain;
use protocol::{Operation, Request};
use std::ffi::OsString;
use terminal::{RawStdout, RequestStdin};
use time::now;

/// Does what these arguments ask for, which leave out the program's name. Returns the exit status.
///
/// # Errors
/// The error that the caller should print on stderr. [`Error::exit_code`] is then the status.
#[doc(hidden)]
pub fn run(arguments: &[OsString]) -> Result<u8, Failure> {
    let first = arguments.first().map(|word| word.to_str().unwrap_or_default());
    if terminal::stdin_is_terminal() && first.is_none_or(arguments::is_no_command) {
        return Ok(cli::misused(first));
    }
    let invocation =
        arguments::parse(arguments).map_err(|error| Failure { what: "arguments", error })?;
    match invocation {
        Invocation::Operation(operation, options) => run_operation(operation, &options)
            .map(|()| 0)
            .map_err(|error| Failure { what: operation.name(), error }),
        Invocation::Command => cli::run(arguments),
        // "If a helper receives any other operation, it should silently ignore the
        // request", gitcredentials(7).
        Invocation::Unknown => Ok(0),
    }
}

fn run_operation(operation: Operation, options: &HelperOptions) -> Result<(), Error> {
    if matches!(operation, Operation::Store | Operation::Erase) {
        hardening::hide_memory();
    }
    let policy = Policy { allow_http: options.allow_http, now: now() };
    let mut asked = None;
    let result = helper::serve(
        operation,
        &mut RequestStdin::default(),
        &mut RawStdout,
        |request| {
            asked = if options.log { helper::host_of(request) } else { None };
            open(operation, request, options)
        },
        policy,
    );
    if let Some(host) = &asked {
        uses::note_operation(operation, host, &result, options.kind, policy.now);
    }
    match result? {
        Outcome::Answer { ending: Some(ending), .. } | Outcome::Expired(ending) => {
            ending::warn(&ending, policy.now);
        }
        Outcome::Withheld(account) => withheld::say(&account, policy.now, options.notify),
        Outcome::Ambiguous(at, names) => {
            withheld::say_ambiguous(&at, &names, policy.now, options.notify);
        }
        Outcome::PutAway(context) if terminal::stderr_is_terminal() => {
            let url = typed(&context.to_string());
            terminal::say(operation.name(), &format!("put away what was kept at {context}"));
            terminal::hint(&format!("to have it back: git credential-pat login --restore {url}"));
            terminal::hint(&format!("to delete it: git credential-pat logout {url}"));
        }
        Outcome::RefusedHttp if terminal::stderr_is_terminal() => {
            terminal::say(operation.name(), "unencrypted http is neither answered nor stored");
            terminal::hint("to allow it, add --allow-http to the helper string");
        }
        // A source instead of a keychain is for one URL only, so nothing is offered.
        Outcome::Nobody(host) if options.source.is_none() => ending::offer(&host, policy.now),
        Outcome::Answer { ending: None, .. }
        | Outcome::Nobody(_)
        | Outcome::Written(_)
        | Outcome::PutAway(_)
        | Outcome::RefusedHttp
        | Outcome::Silent => {}
    }
    Ok(())
}

/// Returns the keychain for this operation. A source cannot be written, so store and erase get
/// none. An erase ends the copies of the source's answers.
fn open(
    operation: Operation,
    request: &Request,
    options: &HelperOptions,
) -> Result<Option<Box<dyn Keychain>>, Error> {
    let keychain_options = options.keychain(operation);
    let Some(source) = &options.source else {
        return keychain::open(&keychain_options).map(Some);
    };
    let Some(source) = source.open() else { return Ok(None) };
    let identity = source.identity();
    let mut keychain = keychain::with_copies(Box::new(source), keychain_options.cache, identity);
    match operation {
        Operation::Get => return Ok(Some(keychain)),
        Operation::Erase => {
            let (protocol, host) = (request.protocol.as_deref(), request.host.as_deref());
            let host = Context::of_host(protocol.unwrap_or_default(), host.unwrap_or_default());
            keychain.find(&host.into_iter().collect::<Vec<_>>(), None)?;
        }
        Operation::Store | Operation::Capability => {}
    }
    Ok(None)
}
