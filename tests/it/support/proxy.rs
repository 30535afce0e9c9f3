//! A line to the session's bus under a test's control. It lets a client's calls through one by one,
//! and at any of them it may break, fall silent, talk nonsense, or do something to one of the two
//! ends first.

use super::desktop::Desktop;
use git_credential_pat::keychain::secret_service::message::Message;
use git_credential_pat::keychain::secret_service::wire::Writer;
use std::io::{Read, Write, copy};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::spawn;
use tempfile::TempDir;

/// The fate of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// The bus gets it.
    PassOn,
    /// The line breaks, and the bus does not get the call.
    Break,
    /// The bus gets it, and the line breaks before it can answer.
    PassOnAndBreak,
    /// The bus does not get the call, and the client gets no answer.
    Swallow,
    /// The client gets bytes that are no message.
    TalkNonsense,
    /// The bus does not get it, and the client gets an error of this name.
    Refuse(&'static str),
}

/// A function that decides about each call, counted from 1 over all connections.
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
                // Either end may go away at any time, which is the purpose of the proxy.
                spawn(move || {
                    let calls = admit(&client, &bus);
                    spawn(move || {
                        let _ = copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                    let _ = calls
                        .and_then(|calls| pass_calls(calls, &client, &bus, &*decide, &counter));
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = bus.shutdown(Shutdown::Both);
                });
            }
        });
        Self { folder, calls }
    }

    /// Returns the address at which the client finds the bus.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// Returns a folder that nobody else uses.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the number of calls so far.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Passes the greeting of both sides on. Returns the bytes of the calls that came with it.
fn admit(mut client: &UnixStream, mut bus: &UnixStream) -> std::io::Result<Vec<u8>> {
    const BEGIN: &[u8] = b"BEGIN\r\n";
    let mut buffer = [0; 4096];
    loop {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let said = &buffer[..count];
        // The two speak in turns, a line each, until the client begins.
        let Some(calls) = said.strip_prefix(BEGIN) else {
            bus.write_all(said)?;
            let count = bus.read(&mut buffer)?;
            client.write_all(&buffer[..count])?;
            continue;
        };
        bus.write_all(BEGIN)?;
        return Ok(calls.to_vec());
    }
}

fn pass_calls(
    mut received: Vec<u8>,
    mut client: &UnixStream,
    mut bus: &UnixStream,
    decide: &Decide,
    counter: &AtomicUsize,
) -> std::io::Result<()> {
    loop {
        while let Some(length) = Message::length(&received).unwrap() {
            if received.len() < length {
                break;
            }
            let call: Vec<u8> = received.drain(..length).collect();
            match decide(counter.fetch_add(1, Ordering::SeqCst) + 1) {
                Then::PassOn => bus.write_all(&call)?,
                Then::Break => return Ok(()),
                Then::PassOnAndBreak => return bus.write_all(&call),
                Then::Swallow => {}
                Then::Refuse(error) => client.write_all(&refusal(&call, error))?,
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

/// Returns an error as the reply to a call.
fn refusal(call: &[u8], error: &str) -> Vec<u8> {
    const ERROR: u8 = 3;
    const ERROR_NAME: u8 = 4;
    const REPLY_SERIAL: u8 = 5;
    let serial = u32::from_le_bytes(call[8..12].try_into().unwrap());
    let mut message = Writer::new();
    for byte in [b'l', ERROR, 1, 1] {
        message.byte(byte);
    }
    message.uint(0);
    message.uint(1);
    let fields = message.open_array(8);
    message.byte(ERROR_NAME);
    message.signature("s");
    message.string(error);
    message.align(8);
    message.byte(REPLY_SERIAL);
    message.signature("u");
    message.uint(serial);
    message.close_array(&fields);
    message.align(8);
    message.finish().unwrap()
}
