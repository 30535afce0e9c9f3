//! Talks to a bus that says anything. The Secret Service client ends in time, without a panic.
//!
//! The bus is a thread behind a Unix socket. The input is its script: its greeting, then for each
//! call that arrives a digit for the kind of the answer, a length, and as many bytes. At the end
//! of the script the bus hangs up, so that nobody waits for a deadline.
#![no_main]

use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::keychain::secret_service::message::Message;
use git_credential_pat::keychain::secret_service::wire::{ObjectPath, Writer};
use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
use git_credential_pat::keychain::{Keychain, Options};
use git_credential_pat::secret::Secret;
use libfuzzer_sys::fuzz_target;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

static BUS: LazyLock<Mutex<Sender<Vec<u8>>>> = LazyLock::new(|| {
    let listener = UnixListener::bind_addr(&address()).expect("an abstract socket");
    let (sender, receiver) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for script in receiver {
            let mut script = &script[..];
            // The client connects anew after it has lost a connection: the script goes on there.
            loop {
                let (socket, _) = listener.accept().expect("the client connects");
                if matches!(serve(socket, &mut script), Ok(Went::ToTheEnd)) {
                    break;
                }
            }
        }
    });
    Mutex::new(sender)
});

/// How many times the keychain is used with one input.
const OPERATIONS: usize = 2;

/// The line by which the fuzz target, in the role of a client, ends an input.
const END: &[u8] = b"END\n";

/// The end of a connection.
enum Went {
    /// A client was served, and others may come.
    On,
    /// The input is at its end.
    ToTheEnd,
}

fn address() -> SocketAddr {
    SocketAddr::from_abstract_name(name()).expect("a name")
}

fn name() -> String {
    format!("git-credential-pat-fuzz-{}", process::id())
}

fuzz_target!(|data: &[u8]| {
    BUS.lock().expect("one at a time").send(data.to_vec()).expect("the bus runs");
    let started = Instant::now();
    for _ in 0..OPERATIONS {
        let options = Options { patient: true, ..Options::default() };
        let at = format!("unix:abstract={}", name());
        operate(SecretService::at(&at, &options).with_prompts(Prompts::Always), data.len());
    }
    let mut end = UnixStream::connect_addr(&address()).expect("the bus runs");
    end.write_all(END).expect("the bus listens");
    assert!(started.elapsed() < Duration::from_secs(4), "it waited for nothing");
});

fn operate(mut keychain: SecretService, length: usize) {
    let context = Context::from_canonical("https://h.example").expect("canonical");
    let name = Username::new(b"alice");
    let Ok(found) = keychain.find(std::slice::from_ref(&context), Some(&name)) else { return };
    if found.iter().any(|found| found.locked) && keychain.unlock(&found).is_err() {
        return;
    }
    if length.is_multiple_of(3) && keychain.list().is_err() {
        return;
    }
    let Ok(_) = keychain.usernames(&found) else { return };
    let Ok(_) = keychain.read(&found) else { return };
    let credential = Credential::new(context, Some(name), Secret::new(b"ghp_TESTONLY"), 1);
    let at = found.first().filter(|_| length.is_multiple_of(2));
    if keychain.write(at, &credential).is_err() {
        return;
    }
    if let Some(found) = found.first() {
        let _ = keychain.delete(found);
    }
}

fn serve(mut socket: UnixStream, script: &mut &[u8]) -> io::Result<Went> {
    let mut client = BufReader::new(socket.try_clone()?);
    let mut first = Vec::new();
    client.read_until(b'\n', &mut first)?;
    if first == END {
        return Ok(Went::ToTheEnd);
    }
    // The bus hangs up on a client that sends nothing, or both would wait for each other.
    socket.set_read_timeout(Some(Duration::from_millis(5)))?;
    match script.first() {
        Some(255) => {
            let (_, line) = take(script).unwrap_or_default();
            socket.write_all(line)?;
        }
        _ => socket.write_all(b"OK 0123456789abcdef\r\n")?,
    }
    client.read_until(b'\n', &mut Vec::new())?;
    while let Some(call) = next_call(&mut client) {
        let Some((kind, bytes)) = take(script) else { break };
        socket.write_all(&answer(kind, bytes, &call))?;
    }
    Ok(Went::On)
}

/// Takes a digit, and as many bytes as the next digit says.
fn take<'a>(script: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[kind, length], rest) = script.split_first_chunk()?;
    let (bytes, rest) = rest.split_at(usize::from(length).min(rest.len()));
    *script = rest;
    Some((kind, bytes))
}

/// Returns the bytes of the next call, or nothing where the client is gone.
fn next_call(client: &mut impl Read) -> Option<Vec<u8>> {
    let mut call = vec![0; 16];
    client.read_exact(&mut call).ok()?;
    let length = Message::length(&call).expect("the client writes messages");
    call.resize(length.expect("a prefix is enough"), 0);
    client.read_exact(&mut call[16..]).ok()?;
    Some(call)
}

const REPLY: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

/// Returns an answer to this call: one of the Secret Service's, one that is near to it, or any.
fn answer(kind: u8, bytes: &[u8], call: &[u8]) -> Vec<u8> {
    let serial = u32::from_le_bytes(call[8..12].try_into().expect("four bytes"));
    let says = |member: &str| call.windows(member.len()).any(|w| w == member.as_bytes());
    let path = |text: &str| ObjectPath::new(text).expect("a path");
    let mut body = Writer::new();
    let signature = match kind % 8 {
        0 => return bytes.to_vec(),
        1 => {
            const NAMES: [&str; 6] = [
                "org.freedesktop.Secret.Error.IsLocked",
                "org.freedesktop.Secret.Error.NoSession",
                "org.freedesktop.Secret.Error.NoSuchObject",
                "org.freedesktop.DBus.Error.ServiceUnknown",
                "org.freedesktop.DBus.Error.UnknownMethod",
                "org.freedesktop.DBus.Error.NoReply",
            ];
            let name = NAMES[usize::from(bytes.first().copied().unwrap_or(0)) % NAMES.len()];
            return message(ERROR, serial, Some(name), "", Writer::new(), &[]);
        }
        2 => {
            // A signal comes first, perhaps that a prompt has completed.
            let mut signal = message(SIGNAL, serial, None, "bv", Writer::new(), bytes);
            signal.extend(message(REPLY, serial, None, "", Writer::new(), &[]));
            return signal;
        }
        // The reply holds any bytes, under the right type.
        3 => return message(REPLY, serial, None, expected(call), Writer::new(), bytes),
        _ if says("SearchItems") => {
            let items: Vec<_> = (0..bytes.len() % 3).map(|n| path(&format!("/i/{n}"))).collect();
            let locked = kind > 127;
            body.paths(if locked { &[] } else { &items });
            body.paths(if locked { &items } else { &[] });
            "aoao"
        }
        _ if says("OpenSession") => {
            body.signature("ay");
            let number: Vec<u8> = bytes.iter().copied().cycle().take(128).collect();
            body.byte_array(if kind > 127 { bytes } else { &number });
            body.path(&path("/s/1"));
            "vo"
        }
        _ if says("GetSecrets") => {
            let entries = body.open_array(8);
            body.align(8);
            body.path(&path("/i/0"));
            secret(&mut body, bytes);
            body.close_array(&entries);
            "a{o(oayays)}"
        }
        _ if says("GetSecret") => {
            secret(&mut body, bytes);
            "(oayays)"
        }
        _ if says("Attributes") && !says("CreateItem") => {
            body.signature("a{ss}");
            let text = String::from_utf8_lossy(bytes);
            body.string_map([("username", &*text), ("context", "https://h.example")]);
            "v"
        }
        _ if says("Unlock") => {
            body.paths(&[path("/i/0")]);
            body.path(&path(if kind > 127 { "/p/1" } else { "/" }));
            "aoo"
        }
        _ if says("CreateItem") => {
            body.path(&path("/i/2"));
            body.path(&path(if kind > 127 { "/p/1" } else { "/" }));
            "oo"
        }
        _ if says("Delete") || says("ReadAlias") => {
            body.path(&path(if kind > 127 { "/p/1" } else { "/" }));
            "o"
        }
        _ => "",
    };
    message(REPLY, serial, None, signature, body, &[])
}

fn secret(body: &mut Writer, bytes: &[u8]) {
    let (vector, sealed) = bytes.split_at(bytes.len().min(16));
    body.align(8);
    body.path(&ObjectPath::new("/s/1").expect("a path"));
    body.byte_array(vector);
    body.byte_array(sealed);
    body.string("text/plain");
}

/// Returns the type of the reply that the client waits for.
fn expected(call: &[u8]) -> &'static str {
    const TYPES: [(&str, &str); 9] = [
        ("SearchItems", "aoao"),
        ("OpenSession", "vo"),
        ("GetSecrets", "a{o(oayays)}"),
        ("GetSecret", "(oayays)"),
        ("CreateItem", "oo"),
        ("Unlock", "aoo"),
        ("Delete", "o"),
        ("ReadAlias", "o"),
        ("Attributes", "v"),
    ];
    let says = |member: &str| call.windows(member.len()).any(|w| w == member.as_bytes());
    TYPES.iter().find(|(member, _)| says(member)).map_or("", |(_, signature)| signature)
}

/// Returns a message with this body, to which raw bytes are added.
fn message(
    kind: u8,
    serial: u32,
    error: Option<&str>,
    signature: &str,
    body: Writer,
    raw: &[u8],
) -> Vec<u8> {
    let mut body = body.finish().unwrap_or_default();
    body.extend_from_slice(raw);
    let mut message = Writer::new();
    for byte in [b'l', kind, 1, 1] {
        message.byte(byte);
    }
    message.uint(u32::try_from(body.len()).expect("short"));
    message.uint(1);
    let fields = message.open_array(8);
    let mut field = |code: u8, kind: &str, text: &str| {
        message.align(8);
        message.byte(code);
        message.signature(kind);
        match kind {
            "g" => message.signature(text),
            _ => message.string(text),
        }
    };
    field(7, "s", ":1.2");
    field(8, "g", signature);
    if let Some(name) = error {
        field(4, "s", name);
    }
    if kind == SIGNAL {
        field(1, "o", "/p/1");
        field(2, "s", "Completed");
        field(3, "s", "org.freedesktop.Secret.Prompt");
    }
    message.align(8);
    message.byte(5);
    message.signature("u");
    message.uint(serial);
    message.close_array(&fields);
    message.align(8);
    let mut bytes = message.finish().expect("nothing impossible");
    bytes.extend_from_slice(&body);
    bytes
}
