//! Reads a request. The reader never panics, takes bounded memory, and agrees with a second reader
//! that shares no code with it. A plain writer's lines read back, and so does an answer.
#![no_main]

use cap::Cap;
use git_credential_pat::credential::Username;
use git_credential_pat::error::Error;
use git_credential_pat::protocol::{Answer, MAX_REQUEST, Request};
use git_credential_pat::secret::Secret;
use libfuzzer_sys::fuzz_target;
use std::alloc::System;
use std::io::{self, Read};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The memory in bytes for the reader's buffers.
const ROOM: usize = 2 * MAX_REQUEST;

fuzz_target!(|data: &[u8]| {
    let parsed = bounded(data.len(), || Request::parse(data).map_err(Error::from));
    let read = bounded(data.len(), || Request::read(&mut Trickle(data)));
    assert!(read.as_ref().err() == parsed.as_ref().err(), "read and parse differ");
    assert_eq!(parsed.is_ok(), reference(data).is_some(), "another reader decides otherwise");
    if let (Ok(parsed), Ok(read), Some(expected)) = (parsed, read, reference(data)) {
        let fields = fields(&parsed);
        assert!(fields == self::fields(&read), "read and parse differ");
        assert!(fields == expected, "another reader reads otherwise");
        let again = Request::parse(&written(&fields)).expect("what was written is a request");
        assert!(fields == self::fields(&again), "what was written reads otherwise");
    }
    answers(data);
});

/// Runs a reader with so little memory that a copy too many ends the process.
fn bounded<T>(length: usize, run: impl FnOnce() -> T) -> T {
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + ROOM + 8 * length).expect("more than there is");
    let result = run();
    ALLOCATOR.set_limit(usize::MAX).expect("more than there is");
    result
}

/// A stream that gives its bytes in pieces of changing length.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.0.len() % 17 * 61 + 1;
        let piece = piece.min(buffer.len());
        self.0.read(&mut buffer[..piece])
    }
}

/// A key and its value.
type Field = (&'static str, Vec<u8>);

/// Returns everything that a request holds, in the order of [`reference`].
fn fields(request: &Request) -> Vec<Field> {
    let flag = |key, is: bool, word: &[u8]| is.then(|| (key, word.to_vec()));
    let bytes = |key, value: &Option<Vec<u8>>| value.clone().map(|value| (key, value));
    let secret = |key, value: &Option<Secret>| Some((key, value.as_ref()?.expose().to_vec()));
    let username = request.username.as_ref().map(|name| ("username", name.as_bytes().to_vec()));
    let expiry = request.expiry.map(|e| ("password_expiry_utc", e.to_string().into_bytes()));
    let mut fields: Vec<Field> = [
        flag("capability[]", request.capabilities.authtype, b"authtype"),
        flag("capability[]", request.capabilities.state, b"state"),
        bytes("protocol", &request.protocol),
        bytes("host", &request.host),
        bytes("path", &request.path),
        username,
        secret("password", &request.password),
        bytes("authtype", &request.authtype),
        secret("credential", &request.credential),
        flag("ephemeral", request.ephemeral, b"1"),
        expiry,
        secret("oauth_refresh_token", &request.refresh_token),
    ]
    .into_iter()
    .flatten()
    .collect();
    fields.extend(request.states.iter().map(|state| ("state[]", state.clone())));
    fields
}

fn written(fields: &[Field]) -> Vec<u8> {
    let line = |(key, value): &Field| [key.as_bytes(), b"=", value, b"\n"].concat();
    fields.iter().flat_map(line).collect()
}

/// Reads the same fields from the lines in the slowest and plainest way. Returns nothing where the
/// lines are no request.
fn reference(data: &[u8]) -> Option<Vec<Field>> {
    const SINGLE: [&str; 10] = [
        "protocol",
        "host",
        "path",
        "username",
        "password",
        "authtype",
        "credential",
        "ephemeral",
        "password_expiry_utc",
        "oauth_refresh_token",
    ];
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    let mut lines = data.split(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        // A line after the last LF is empty, or was cut off.
        if lines.peek().is_none() {
            if line.is_empty() {
                break;
            }
            return None;
        }
        let line = if line.last() == Some(&b'\r') { &line[..line.len() - 1] } else { line };
        if line.is_empty() {
            break;
        }
        let mut parts = line.splitn(2, |&b| b == b'=');
        let (key, value) = (parts.next()?, parts.next()?);
        let key = key.iter().map(|&b| char::from(b)).collect::<String>();
        let known = SINGLE.contains(&key.as_str()) || key == "state[]" || key == "capability[]";
        let looked_at = if known { value } else { b"" };
        if key.is_empty()
            || key.contains(['\r', '\0'])
            || looked_at.iter().any(|b| b"\r\0".contains(b))
        {
            return None;
        }
        if SINGLE.contains(&key.as_str()) && pairs.iter().any(|(k, _)| *k == key) {
            return None;
        }
        pairs.push((key, value.to_vec()));
    }
    let list = |key: &str| {
        let mut values: Vec<Vec<u8>> = Vec::new();
        for (_, value) in pairs.iter().filter(|(k, _)| k == key) {
            if value.is_empty() { values.clear() } else { values.push(value.clone()) }
        }
        values
    };
    let mut fields = Vec::new();
    let capabilities = list("capability[]");
    for known in ["authtype", "state"] {
        if capabilities.iter().any(|c| c == known.as_bytes()) {
            fields.push(("capability[]", known.into()));
        }
    }
    for key in SINGLE {
        let Some((_, value)) = pairs.iter().find(|(k, _)| k == key) else { continue };
        let text = String::from_utf8_lossy(value).to_lowercase();
        let kept = match key {
            "path" if value.is_empty() => None,
            "ephemeral" => {
                (!["", "0", "false", "no", "off"].contains(&&*text)).then(|| b"1".to_vec())
            }
            "password_expiry_utc" => {
                let number = text.parse::<u64>().ok().filter(|&n| n > 0 && !text.starts_with('+'));
                number.map(|n| n.to_string().into_bytes())
            }
            _ => Some(value.clone()),
        };
        fields.extend(kept.map(|value| (key, value)));
    }
    fields.extend(list("state[]").into_iter().map(|state| ("state[]", state)));
    Some(fields)
}

/// Makes an answer of five parts of the data. All its values come back, or it is refused.
fn answers(data: &[u8]) {
    let mut parts = data.splitn(5, |&b| b == b'=');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (token, username, authtype) = (part().unwrap_or_default(), part(), part());
    let (refresh, state) = (part(), part().and_then(|state| std::str::from_utf8(state).ok()));
    let (secret, refresh_token) = (Secret::new(token), refresh.map(Secret::new));
    let name = username.map(Username::new);
    let answer = Answer {
        username: name.as_ref(),
        token: Some(&secret),
        authtype,
        expiry: (data.len() > 40).then_some(data.len() as u64),
        refresh_token: refresh_token.as_ref(),
        state,
    };
    let values = [Some(token), username, authtype, refresh, state.map(str::as_bytes)];
    let sound = !values.iter().flatten().any(|value| value.iter().any(|b| b"\n\r\0".contains(b)));
    match answer.to_bytes() {
        Ok(bytes) => {
            assert!(sound, "a value became a second line");
            let read = Request::parse(&bytes).expect("an answer reads as a request does");
            let token = if authtype.is_some() { read.credential } else { read.password };
            assert!(token.as_ref() == Some(&secret) && read.username == name);
            assert!(read.authtype.as_deref() == authtype && read.expiry == answer.expiry);
            assert!(read.refresh_token == refresh_token);
            let states: Vec<&[u8]> = read.states.iter().map(Vec::as_slice).collect();
            assert!(states == Vec::from_iter(state.map(str::as_bytes)));
            assert_eq!(read.capabilities.authtype, authtype.is_some());
            assert_eq!(read.capabilities.state, state.is_some());
        }
        Err(_) => assert!(!sound, "an answer was refused for nothing"),
    }
}
