//! D-Bus messages: calls as bytes, and the replies, errors and signals that the bus sends.

use super::wire::{Malformed, ObjectPath, Reader, Writer};

/// The longest message that is read. A reply to `GetSecrets` for a thousand items of 5000
/// bytes is about 5 MiB.
pub const MAX_MESSAGE: usize = 16 << 20;

/// The fixed part of a message with the length of its header fields.
const PREFIX: usize = 16;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

const NO_REPLY_EXPECTED: u8 = 1;

/// Header fields, as the specification numbers them.
mod field {
    pub(super) const PATH: u8 = 1;
    pub(super) const INTERFACE: u8 = 2;
    pub(super) const MEMBER: u8 = 3;
    pub(super) const ERROR_NAME: u8 = 4;
    pub(super) const REPLY_SERIAL: u8 = 5;
    pub(super) const DESTINATION: u8 = 6;
    pub(super) const SENDER: u8 = 7;
    pub(super) const SIGNATURE: u8 = 8;
}

/// A method call to be sent.
pub struct Call<'a> {
    /// The name of the called program on the bus.
    pub destination: &'a str,
    /// The path of the called object.
    pub path: &'a str,
    /// The interface of the method.
    pub interface: &'a str,
    /// The name of the method.
    pub member: &'a str,
    /// The types of the arguments.
    pub signature: &'a str,
    /// The arguments.
    pub body: Writer,
}

impl Call<'_> {
    /// Returns the bytes to send, or nothing where D-Bus cannot carry an argument.
    #[must_use]
    pub fn encode(self, serial: u32, reply_expected: bool) -> Option<Vec<u8>> {
        let body = self.body.finish()?;
        let mut message = Writer::new();
        message.byte(b'l');
        message.byte(METHOD_CALL);
        message.byte(if reply_expected { 0 } else { NO_REPLY_EXPECTED });
        message.byte(1);
        message.uint(u32::try_from(body.len()).ok()?);
        message.uint(serial);
        let fields = message.open_array(8);
        for (code, kind, text) in [
            (field::PATH, "o", self.path),
            (field::DESTINATION, "s", self.destination),
            (field::INTERFACE, "s", self.interface),
            (field::MEMBER, "s", self.member),
        ] {
            message.align(8);
            message.byte(code);
            message.signature(kind);
            message.string(text);
        }
        if !self.signature.is_empty() {
            message.align(8);
            message.byte(field::SIGNATURE);
            message.signature("g");
            message.signature(self.signature);
        }
        message.close_array(&fields);
        message.align(8);
        let mut bytes = message.finish()?;
        bytes.extend_from_slice(&body);
        Some(bytes)
    }
}

/// The kind of a received message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The reply to the call with this serial.
    Reply(u32),
    /// An error, by its name, in reply to the call with this serial.
    Error(u32, String),
    /// A signal: path and member.
    Signal(ObjectPath, String),
    /// A message that a client need not understand: a call to us, a type of a later D-Bus.
    Other,
}

/// A received message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The kind of the message.
    pub kind: Kind,
    /// The unique name of the sender.
    pub sender: String,
    signature: String,
    body: Vec<u8>,
    big_endian: bool,
}

impl Message {
    /// Returns the length of the message at the start of these bytes, or nothing where they are too
    /// few to tell.
    ///
    /// # Errors
    /// Where the bytes do not begin a message, or begin one that is too long.
    pub fn length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let Some(prefix) = bytes.get(..PREFIX) else { return Ok(None) };
        let mut reader = Reader::new(prefix, is_big_endian(prefix)?);
        reader.uint()?;
        let body = length_within(reader.uint()?)?;
        reader.uint()?;
        let fields = length_within(reader.uint()?)?;
        let length = (PREFIX + fields).next_multiple_of(8) + body;
        if length <= MAX_MESSAGE { Ok(Some(length)) } else { Err(Malformed) }
    }

    /// Reads a whole message.
    ///
    /// # Errors
    /// Where the bytes are no message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if Self::length(bytes)? != Some(bytes.len()) {
            return Err(Malformed);
        }
        let big_endian = is_big_endian(bytes)?;
        let mut reader = Reader::new(bytes, big_endian);
        reader.byte()?;
        let kind = reader.byte()?;
        let _flags = reader.byte()?;
        if reader.byte()? != 1 {
            return Err(Malformed);
        }
        let body_length = length_within(reader.uint()?)?;
        let _serial = reader.uint()?;
        let fields = Fields::read(&mut reader.array(8)?)?;
        let body = bytes.len().checked_sub(body_length).ok_or(Malformed)?;
        let kind = match kind {
            METHOD_RETURN => Kind::Reply(fields.reply_serial.ok_or(Malformed)?),
            ERROR => Kind::Error(
                fields.reply_serial.ok_or(Malformed)?,
                fields.error_name.ok_or(Malformed)?,
            ),
            SIGNAL => Kind::Signal(fields.path.ok_or(Malformed)?, fields.member.ok_or(Malformed)?),
            _ => Kind::Other,
        };
        Ok(Self {
            kind,
            sender: fields.sender,
            signature: fields.signature,
            body: bytes[body..].to_vec(),
            big_endian,
        })
    }

    /// Returns the arguments, which must be of these types.
    ///
    /// # Errors
    /// Where they are of other types.
    pub fn body(&self, signature: &str) -> Result<Reader<'_>, Malformed> {
        if self.signature != signature {
            return Err(Malformed);
        }
        Ok(Reader::new(&self.body, self.big_endian))
    }
}

/// The header fields, as far as they are needed. They come in any order.
#[derive(Default)]
struct Fields {
    path: Option<ObjectPath>,
    member: Option<String>,
    error_name: Option<String>,
    reply_serial: Option<u32>,
    sender: String,
    signature: String,
}

impl Fields {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        while !reader.is_at_end() {
            reader.align(8)?;
            let code = reader.byte()?;
            let signature = reader.signature()?;
            match (code, signature) {
                (field::PATH, "o") => fields.path = Some(reader.path()?),
                (field::MEMBER, "s") => fields.member = Some(reader.string()?.to_owned()),
                (field::ERROR_NAME, "s") => fields.error_name = Some(reader.string()?.to_owned()),
                (field::REPLY_SERIAL, "u") => fields.reply_serial = Some(reader.uint()?),
                (field::SENDER, "s") => reader.string()?.clone_into(&mut fields.sender),
                (field::SIGNATURE, "g") => reader.signature()?.clone_into(&mut fields.signature),
                // Other fields are not needed or not known yet; so far all of them have basic
                // types.
                _ => reader.skip_basic(signature)?,
            }
        }
        Ok(fields)
    }
}

fn is_big_endian(bytes: &[u8]) -> Result<bool, Malformed> {
    match bytes.first() {
        Some(b'l') => Ok(false),
        Some(b'B') => Ok(true),
        _ => Err(Malformed),
    }
}

/// Checks a length on the wire: it is no more than [`MAX_MESSAGE`], so that sums cannot overflow.
fn length_within(length: u32) -> Result<usize, Malformed> {
    usize::try_from(length).ok().filter(|&n| n <= MAX_MESSAGE).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::{Call, ERROR, Kind, METHOD_RETURN, Malformed, Message, SIGNAL, field};
    use crate::keychain::secret_service::wire::{ObjectPath, Writer};

    /// Returns a message as a peer would send it.
    fn message(kind: u8, body: Writer, fields: &[(u8, &str, &str)]) -> Vec<u8> {
        let body = body.finish().expect("nothing impossible");
        let mut message = Writer::new();
        for byte in [b'l', kind, 1, 1] {
            message.byte(byte);
        }
        message.uint(u32::try_from(body.len()).expect("short"));
        message.uint(99);
        let array = message.open_array(8);
        for &(code, signature, text) in fields {
            message.align(8);
            message.byte(code);
            message.signature(signature);
            match signature {
                "u" => message.uint(text.parse().expect("a number")),
                "g" => message.signature(text),
                _ => message.string(text),
            }
        }
        message.close_array(&array);
        message.align(8);
        let mut bytes = message.finish().expect("nothing impossible");
        bytes.extend_from_slice(&body);
        bytes
    }

    fn reply() -> Vec<u8> {
        let mut body = Writer::new();
        body.paths(&[ObjectPath::new("/a").expect("a path")]);
        let fields = [
            (field::SIGNATURE, "g", "ao"),
            (field::SENDER, "s", ":1.5"),
            (field::REPLY_SERIAL, "u", "7"),
            (200, "s", "a field to come"),
        ];
        message(METHOD_RETURN, body, &fields)
    }

    #[test]
    fn a_reply_is_read_whatever_the_order_of_its_fields() {
        let message = Message::decode(&reply()).expect("a message");
        assert_eq!(message.kind, Kind::Reply(7));
        assert_eq!(message.sender, ":1.5");
        let paths = message.body("ao").and_then(|mut body| body.paths()).expect("paths");
        assert_eq!(paths.len(), 1);
        assert!(message.body("s").is_err());
    }

    #[test]
    fn errors_and_signals_are_told_apart() {
        let error = [(field::ERROR_NAME, "s", "a.b.C"), (field::REPLY_SERIAL, "u", "3")];
        let error = Message::decode(&message(ERROR, Writer::new(), &error)).expect("a message");
        assert_eq!(error.kind, Kind::Error(3, "a.b.C".to_owned()));
        let signal = [(field::PATH, "o", "/p"), (field::MEMBER, "s", "Completed")];
        let signal = Message::decode(&message(SIGNAL, Writer::new(), &signal)).expect("a message");
        let path = ObjectPath::new("/p").expect("a path");
        assert_eq!(signal.kind, Kind::Signal(path, "Completed".to_owned()));
    }

    #[test]
    fn every_cut_off_message_is_refused() {
        let bytes = reply();
        for cut in 0..bytes.len() {
            assert_eq!(Message::decode(&bytes[..cut]), Err(Malformed), "cut to {cut} bytes");
            let length = Message::length(&bytes[..cut]);
            assert_eq!(length, Ok((cut >= 16).then_some(bytes.len())), "cut to {cut} bytes");
        }
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        let bytes = reply();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = Message::length(&changed);
                if let Ok(message) = Message::decode(&changed) {
                    let _ = message.body("ao").map(|mut body| body.paths());
                }
            }
        }
    }

    #[test]
    fn a_message_above_the_limit_is_refused_by_its_first_bytes() {
        let mut bytes = reply();
        bytes[4..8].copy_from_slice(&0x0200_0000_u32.to_le_bytes());
        assert_eq!(Message::length(&bytes), Err(Malformed));
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Message::length(&bytes), Err(Malformed));
    }

    #[test]
    fn a_call_is_a_whole_message() {
        let mut body = Writer::new();
        body.string("x");
        let call = Call {
            destination: "a.b",
            path: "/",
            interface: "a.b.C",
            member: "D",
            signature: "s",
            body,
        };
        let bytes = call.encode(1, true).expect("nothing impossible");
        assert_eq!(Message::length(&bytes), Ok(Some(bytes.len())));
        assert_eq!(Message::decode(&bytes).map(|m| m.kind), Ok(Kind::Other));
    }
}
