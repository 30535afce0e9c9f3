//! Reads arbitrary bytes by the Secret Service client's readers. There is no panic and no endless
//! loop, and nothing is read that is not there. A body that the client writes reads back.
//!
//! Input: a digit for the byte order, then bytes that are taken as a message, as a body and as
//! texts.
#![no_main]

use git_credential_pat::keychain::secret_service::message::{Call, Kind, MAX_MESSAGE, Message};
use git_credential_pat::keychain::secret_service::wire::{Malformed, ObjectPath, Reader, Writer};
use libfuzzer_sys::fuzz_target;

/// The types of replies, and of parts of them.
const SIGNATURES: [&str; 10] =
    ["", "s", "o", "ao", "aoao", "aoo", "v", "vo", "(oayays)", "a{o(oayays)}"];

fuzz_target!(|data: &[u8]| {
    let Some((&digit, bytes)) = data.split_first() else { return };
    let length = Message::length(bytes);
    if let Ok(Some(length)) = length {
        assert!((16..=MAX_MESSAGE).contains(&length));
        // The socket may give more than one message at a time.
        let message = bytes.get(..length).map(Message::decode);
        if let Some(Ok(message)) = message {
            bodies(&message, length);
        }
    }
    if let Ok(message) = Message::decode(bytes) {
        assert_eq!(length, Ok(Some(bytes.len())), "a message that is not whole");
        bodies(&message, bytes.len());
    }
    for cut in 0..bytes.len().min(64) {
        let _ = Message::length(&bytes[..cut]);
    }
    values(Reader::new(bytes, digit % 2 == 1), bytes);
    reads_back(bytes);
});

fn bodies(message: &Message, room: usize) {
    let readable: Vec<_> = SIGNATURES.iter().filter_map(|s| message.body(s).ok()).collect();
    assert!(readable.len() <= 1, "a body of two types");
    for body in readable {
        let paths = |mut body: Reader<'_>| Ok::<_, Malformed>((body.paths()?, body.paths()?));
        if let Ok((open, locked)) = paths(body.clone()) {
            // Each path takes a length, a slash and a NUL.
            assert!((open.len() + locked.len()) * 6 <= room, "more paths than bytes");
        }
        secret(&mut body.clone(), room);
        let variant = |mut body: Reader<'_>| {
            body.variant_of("ay")?;
            let number = body.byte_array()?.len();
            body.path().map(|_| number)
        };
        assert!(variant(body.clone()).is_ok_and(|n| n < room) || variant(body.clone()).is_err());
        if let Ok(mut entries) = body.clone().array(8) {
            while !entries.is_at_end() && entries.align(8).is_ok() && entries.path().is_ok() {
                if !secret(&mut entries, room) {
                    break;
                }
            }
        }
    }
}

/// Reads a secret, `(oayays)`, and returns whether there is one.
fn secret(body: &mut Reader<'_>, room: usize) -> bool {
    let mut read = || {
        body.align(8)?;
        body.path()?;
        let read = body.byte_array()?.len() + body.byte_array()?.len();
        Ok::<_, Malformed>(read + body.string()?.len())
    };
    let read = read();
    assert!(read.is_ok_and(|read| read < room) || read.is_err(), "more bytes than there are");
    read.is_ok()
}

/// Calls the readers in an order that the bytes themselves choose, until one of them refuses.
fn values(mut reader: Reader<'_>, bytes: &[u8]) {
    for &choice in bytes {
        let before = reader.clone();
        let read = match choice % 14 {
            0 => reader.byte().map(|_| 1),
            1 => reader.boolean().map(|_| 4),
            2 => reader.uint().map(|_| 4),
            3 => reader.string().map(|text| within(text.as_bytes(), bytes) + 5),
            4 => reader.path().map(|path| path.as_str().len() + 5),
            5 => reader.signature().map(|text| within(text.as_bytes(), bytes) + 2),
            6 => reader.byte_array().map(|array| within(array, bytes) + 4),
            7 => reader.paths().map(|paths| paths.len() * 6),
            8 => reader.string_map().map(|entries| entries.len() * 10),
            9 => reader.array(8).map(|_| 4),
            10 => reader.align(8).map(|()| 0),
            11 => reader.variant_of("ay").map(|()| 4),
            12 => reader.skip_basic("t").map(|()| 8),
            _ => reader.skip_basic("s").map(|()| 5),
        };
        match read {
            Ok(least) => assert!(least <= left(before), "more was read than there was"),
            Err(Malformed) => return,
        }
    }
}

/// Returns how many bytes can still be read one by one.
fn left(mut reader: Reader<'_>) -> usize {
    std::iter::from_fn(|| reader.byte().ok()).count()
}

/// Returns the length of a part, which must lie in the whole.
fn within(part: &[u8], whole: &[u8]) -> usize {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    assert!(whole.start <= part.start && part.end <= whole.end, "read from elsewhere");
    part.end.addr() - part.start.addr()
}

fn reads_back(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let path = ObjectPath::new(&text).or_else(|| ObjectPath::new("/a/b")).expect("a path");
    let mut body = Writer::new();
    body.string(&text);
    body.byte_array(bytes);
    body.paths(&[path.clone(), path.clone()]);
    body.string_map([("a", &*text), ("b", "")]);
    body.boolean(true);
    let Some(written) = body.finish() else {
        assert!(text.contains('\0'), "a body was refused for nothing");
        return;
    };
    let read = |reader: &mut Reader<'_>| {
        assert_eq!(reader.string()?, text);
        assert_eq!(reader.byte_array()?, bytes);
        assert_eq!(reader.paths()?, [path.clone(), path.clone()]);
        assert_eq!(reader.string_map()?, [("a", &*text), ("b", "")]);
        reader.boolean()
    };
    let mut reader = Reader::new(&written, false);
    assert_eq!(read(&mut reader), Ok(true));
    assert!(reader.is_at_end());

    let mut body = Writer::new();
    body.string(&text);
    let (destination, interface) = ("a.b", "a.b.C");
    let path = path.as_str();
    let call = Call { destination, path, interface, member: "D", signature: "s", body };
    if let Some(call) = call.encode(7, true) {
        assert_eq!(Message::length(&call), Ok(Some(call.len())));
        let message = Message::decode(&call).expect("a call is a message");
        assert_eq!(message.kind, Kind::Other);
        assert_eq!(message.body("s").and_then(|mut body| body.string()), Ok(&*text));
    }
}
