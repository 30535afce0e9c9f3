//! A line to the session's bus that somebody holds in their hand: it lets a client's calls
//! through one by one, and at any of them it may break, fall silent, talk nonsense, or do
//! something to one of the two ends first.

use super::desktop::Desktop;
use git_credential_pat::keychain::secret_service::message::Message;
use std::io::{Read, Write, copy};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::spawn;
use tempfile::TempDir;

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// The bus gets it.
    PassOn,
    /// The line breaks; the bus does not get it.
    Break,
    /// The bus gets it, and the line breaks before it can answer.
    PassOnAndBreak,
    /// The bus does not get it, and the client no answer.
    Swallow,
    /// The client gets bytes that are no message.
    TalkNonsense,
}

/// Decides about the calls, counted from 1 over all connections.
type Decide = dyn Fn(usize) -> Then + Send + Sync;

/// See the [module](self).
pub struct Proxy {
    folder: TempDir,
    calls: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn new(desktop: &Desktop, decide: impl Fn(usize) -> Then + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("bus")).unwrap();
        let bus = PathBuf::from(desktop.address().strip_prefix("unix:path=").unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let (decide, counter): (Arc<Decide>, _) = (Arc::new(decide), Arc::clone(&calls));
        spawn(move || {
            for client in listener.incoming() {
                let Ok(bus) = UnixStream::connect(&bus) else { continue };
                let (decide, counter) = (Arc::clone(&decide), Arc::clone(&counter));
                let client = client.unwrap();
                let (mut from, mut to) = (bus.try_clone().unwrap(), client.try_clone().unwrap());
                spawn(move || {
                    // Either end may be gone at any time: that is what this is for.
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                spawn(move || {
                    let _ = pass_calls(&client, &bus, &*decide, &counter);
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = bus.shutdown(Shutdown::Both);
                });
            }
        });
        Self { folder, calls }
    }

    /// Where the client finds the bus.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// A folder that nobody else uses.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn pass_calls(
    mut client: &UnixStream,
    mut bus: &UnixStream,
    decide: &Decide,
    counter: &AtomicUsize,
) -> std::io::Result<()> {
    const BEGIN: &[u8] = b"BEGIN\r\n";
    let mut received = Vec::new();
    let mut is_open = false;
    loop {
        if !is_open {
            if let Some(at) = received.windows(BEGIN.len()).position(|w| w == BEGIN) {
                is_open = true;
                bus.write_all(&received.drain(..at + BEGIN.len()).collect::<Vec<u8>>())?;
            } else {
                bus.write_all(&received)?;
                received.clear();
            }
        }
        while let Some(length) = Message::length(&received).unwrap().filter(|_| is_open) {
            if received.len() < length {
                break;
            }
            let call: Vec<u8> = received.drain(..length).collect();
            match decide(counter.fetch_add(1, Ordering::SeqCst) + 1) {
                Then::PassOn => bus.write_all(&call)?,
                Then::Break => return Ok(()),
                Then::PassOnAndBreak => return bus.write_all(&call),
                Then::Swallow => {}
                Then::TalkNonsense => client.write_all(b"This is no message of D-Bus at all.\n")?,
            }
        }
        let mut buffer = [0; 4096];
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => received.extend_from_slice(&buffer[..count]),
        }
    }
}
