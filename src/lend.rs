//! Access for a sandbox, never the token: this machine serves git's own few requests. It checks
//! each one against a short list, adds the token from the keychain and sends the request on to the
//! forge.
//!
//! ```text
//! sandbox: git ──http──▶ listen ▶ request ▶ policy ▶ push ▶ account ▶ forward ──https──▶ forge
//!                         └ refusal: read inside, in git's own output
//! ```
//!
//! The far side is hostile, and this process runs for long: every length is bounded, a connection
//! carries one request, and nothing panics, because a panic would end the lending for all.

mod account;
mod advertisement;
mod answer;
mod beside;
pub mod branches;
mod environment;
mod forward;
pub mod framing;
mod inside;
pub mod lfs;
mod listen;
mod peer;
pub mod policy;
pub mod push;
pub mod refusal;
pub mod request;
pub mod route;
mod running;
mod serve;
mod socks;
mod stream;
mod transfers;
mod ways;
mod words;

pub(crate) use inside::bring_listener;
pub(crate) use running::run;

use crate::api::http::flow::Way;
use crate::context::Context;
use crate::credential::Username;
use crate::git::url;
use crate::hex;
use crate::setup::Setups;
use policy::Policy;
use refusal::Refusal;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long an idle connection is kept: a forge may think for a while.
const LETS_GO_AFTER: Duration = Duration::from_secs(600);

/// How many connections are served at once. Further ones wait.
const AT_ONCE: usize = 32;

/// How many of them may wait for the keychain and the forge at once. Each has a curl of its own.
const AT_THE_FORGE: usize = 8;

/// What is to be lent, by which way in, and for how long.
pub(crate) struct Plan {
    pub(crate) policy: Policy,
    pub(crate) username: Option<Username>,
    pub(crate) lasting: Option<Duration>,
    pub(crate) way_in: WayIn,
    /// The path of the socket's folder in the sandbox, if it differs from the path here.
    pub(crate) inside_path: Option<PathBuf>,
    /// The command to run with access, with its arguments. Empty where there is none.
    pub(crate) command: Vec<OsString>,
    pub(crate) setups: Setups,
}

/// The way by which requests come in.
pub(crate) enum WayIn {
    /// A socket in this folder.
    Socket(PathBuf),
    /// A port in the network of the process with this ID.
    Inside(u32),
    /// A port of this machine's loopback address.
    Port(u16),
}

/// The state that all connections share.
struct Lending {
    policy: Policy,
    username: Option<Username>,
    setups: Setups,
    ways: ways::Ways,
    key: String,
    /// The URL of the listener in the sandbox: `http://lend/`.
    base: String,
    advertisements: advertisement::Advertisements,
    objects: lfs::Objects,
    connections: Places,
    at_the_forge: Places,
    transfers: transfers::Transfers,
    networks: beside::Networks,
    has_ended: AtomicBool,
}

impl Lending {
    /// Returns whether this is the key. The time it takes does not depend on how much is right.
    fn is_key(&self, key: &str) -> bool {
        let differences = key.bytes().zip(self.key.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        key.len() == self.key.len() && std::hint::black_box(differences) == 0
    }

    /// Returns the way to a lent host.
    fn way(&self, host: &Context) -> Result<Arc<Way>, Refusal> {
        self.ways.to(host, &url::of(host)).map_err(|_| Refusal::Failed)
    }

    /// Returns whether uses at the URL of this context are noted.
    fn logs_at(&self, place: &Context) -> bool {
        self.setups.at(Some(&url::of(place))).is_ok_and(|setup| setup.log)
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Ends the lending. Transfers that are under way may go on for this time.
    fn end(&self, patience: Duration) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.transfers.end(patience);
    }
}

/// Returns a name that nobody can guess, of 32 hexadecimal digits.
fn random_name() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let mut name = String::new();
    hex::push(&mut name, &bytes);
    Some(name)
}

/// A limited number of places, which are taken and given back.
struct Places {
    taken: Mutex<usize>,
    changed: Condvar,
    most: usize,
}

/// A taken place. It is given back when this is dropped.
struct Place<'a>(&'a Places);

impl Places {
    fn new(most: usize) -> Self {
        Self { taken: Mutex::new(0), changed: Condvar::new(), most }
    }

    /// Takes a place, and waits until one is free.
    fn enter(&self) -> Place<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken >= self.most {
            taken = self.changed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken -= 1;
        self.0.changed.notify_all();
    }
}
