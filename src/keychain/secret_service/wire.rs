//! D-Bus values as bytes and back: only the types that the Secret Service's calls need.
//!
//! The bytes come from another process. Every length is checked against the bytes that are there,
//! text must be text, a path must be a path. Anything else is [`Malformed`], never a panic and
//! never a loop without end. Alignment counts from the start of a body, which itself starts at a
//! multiple of eight.

use std::fmt;

/// The longest array that the D-Bus specification allows, in bytes.
const MAX_ARRAY: usize = 64 << 20;

/// The error for bytes that D-Bus does not write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// A path that names an object: safe to put into a match rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ObjectPath(String);

impl ObjectPath {
    /// Takes a path in the specification's grammar.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let segments = text.strip_prefix('/')?;
        (segments.is_empty() || segments.split('/').all(plain)).then(|| Self(text.to_owned()))
    }

    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is `/`, by which the Secret Service says "none".
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == "/"
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A writer of values, little-endian.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    /// Whether a value was given that D-Bus cannot carry; see [`Writer::finish`].
    impossible: bool,
}

/// An array whose length is not known yet.
#[must_use]
pub struct OpenArray {
    length_at: usize,
    elements_at: usize,
}

impl Writer {
    /// Returns an empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Pads to a multiple of `n`.
    pub fn align(&mut self, n: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(n), 0);
    }

    /// Writes a `y`.
    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes a `b`.
    pub fn boolean(&mut self, value: bool) {
        self.uint(u32::from(value));
    }

    /// Writes a `u`.
    pub fn uint(&mut self, value: u32) {
        self.align(4);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes an `s`, which cannot carry a NUL.
    pub fn string(&mut self, text: &str) {
        self.impossible |= text.contains('\0');
        let length = self.length(text.len());
        self.uint(length);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Writes an `o`.
    pub fn path(&mut self, path: &ObjectPath) {
        self.string(path.as_str());
    }

    /// Writes a `g`.
    pub fn signature(&mut self, signature: &str) {
        match u8::try_from(signature.len()) {
            Ok(length) => self.bytes.push(length),
            Err(_) => self.impossible = true,
        }
        self.bytes.extend_from_slice(signature.as_bytes());
        self.bytes.push(0);
    }

    /// Writes an `ay`.
    pub fn byte_array(&mut self, bytes: &[u8]) {
        let length = self.length(bytes.len());
        self.uint(length);
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes an `ao`.
    pub fn paths(&mut self, paths: &[ObjectPath]) {
        let array = self.open_array(4);
        for path in paths {
            self.path(path);
        }
        self.close_array(&array);
    }

    /// Writes an `a{ss}`.
    pub fn string_map<'a>(&mut self, entries: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let array = self.open_array(8);
        for (key, value) in entries {
            self.align(8);
            self.string(key);
            self.string(value);
        }
        self.close_array(&array);
    }

    /// Begins an array whose elements are aligned to `alignment`.
    pub fn open_array(&mut self, alignment: usize) -> OpenArray {
        self.uint(0);
        let length_at = self.bytes.len() - 4;
        self.align(alignment);
        OpenArray { length_at, elements_at: self.bytes.len() }
    }

    /// Ends an array. Its length counts the elements, not the padding before them.
    pub fn close_array(&mut self, array: &OpenArray) {
        let length = self.length(self.bytes.len() - array.elements_at);
        let place = array.length_at..array.length_at + 4;
        self.bytes[place].copy_from_slice(&length.to_le_bytes());
    }

    /// Returns the bytes, or nothing if a value was given that D-Bus cannot carry.
    #[must_use]
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.impossible).then_some(self.bytes)
    }

    fn length(&mut self, length: usize) -> u32 {
        self.impossible |= length > MAX_ARRAY;
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}

/// A reader of values.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    /// Reads a body from its start.
    #[must_use]
    pub fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self { bytes, at: 0, big_endian }
    }

    /// Returns whether nothing is left.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Skips padding up to a multiple of `n`.
    ///
    /// # Errors
    /// Where the bytes end too early.
    pub fn align(&mut self, n: usize) -> Result<(), Malformed> {
        let at = self.at.checked_next_multiple_of(n).ok_or(Malformed)?;
        self.take(at - self.at).map(|_| ())
    }

    /// Reads a `y`.
    ///
    /// # Errors
    /// Where the bytes end too early.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// Reads a `b`.
    ///
    /// # Errors
    /// Where it is neither 0 nor 1.
    pub fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.uint()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// Reads a `u`.
    ///
    /// # Errors
    /// Where the bytes end too early.
    pub fn uint(&mut self) -> Result<u32, Malformed> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| Malformed)?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Reads an `s`.
    ///
    /// # Errors
    /// Where it is no text of the length that it claims.
    pub fn string(&mut self) -> Result<&'a str, Malformed> {
        let length = self.length()?;
        self.text(length)
    }

    /// Reads an `o`.
    ///
    /// # Errors
    /// Where it is no path.
    pub fn path(&mut self) -> Result<ObjectPath, Malformed> {
        ObjectPath::new(self.string()?).ok_or(Malformed)
    }

    /// Reads a `g`.
    ///
    /// # Errors
    /// Where it is no text of the length that it claims.
    pub fn signature(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.byte()?);
        self.text(length)
    }

    /// Reads an `ay`.
    ///
    /// # Errors
    /// Where it is shorter than it claims.
    pub fn byte_array(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.take(length)
    }

    /// Reads the elements of an array, aligned to `alignment`, as a reader that ends with them.
    ///
    /// # Errors
    /// Where it is shorter than it claims.
    pub fn array(&mut self, alignment: usize) -> Result<Self, Malformed> {
        let length = self.length()?;
        self.align(alignment)?;
        let start = self.at;
        self.take(length)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: start, big_endian: self.big_endian })
    }

    /// Reads an `ao`.
    ///
    /// # Errors
    /// Where an element is no path.
    pub fn paths(&mut self) -> Result<Vec<ObjectPath>, Malformed> {
        let mut array = self.array(4)?;
        let mut paths = Vec::new();
        while !array.is_at_end() {
            paths.push(array.path()?);
        }
        Ok(paths)
    }

    /// Reads an `a{ss}`.
    ///
    /// # Errors
    /// Where an element is no pair of texts.
    pub fn string_map(&mut self) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
        let mut array = self.array(8)?;
        let mut entries = Vec::new();
        while !array.is_at_end() {
            array.align(8)?;
            entries.push((array.string()?, array.string()?));
        }
        Ok(entries)
    }

    /// Reads the start of a `v` that must hold a value of this type.
    ///
    /// # Errors
    /// Where it holds another type.
    pub fn variant_of(&mut self, signature: &str) -> Result<(), Malformed> {
        if self.signature()? == signature { Ok(()) } else { Err(Malformed) }
    }

    /// Skips one value of a basic type.
    ///
    /// # Errors
    /// Where it is of another type, or malformed.
    pub fn skip_basic(&mut self, signature: &str) -> Result<(), Malformed> {
        let size = match signature {
            "y" => 1,
            "n" | "q" => 2,
            "b" | "i" | "u" | "h" => 4,
            "x" | "t" | "d" => 8,
            "s" | "o" => return self.string().map(|_| ()),
            "g" => return self.signature().map(|_| ()),
            _ => return Err(Malformed),
        };
        self.align(size)?;
        self.take(size).map(|_| ())
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.uint()?).ok().filter(|&n| n <= MAX_ARRAY).ok_or(Malformed)
    }

    fn text(&mut self, length: usize) -> Result<&'a str, Malformed> {
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
        if self.byte()? != 0 || text.contains('\0') {
            return Err(Malformed);
        }
        Ok(text)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, ObjectPath, Reader, Writer};

    #[test]
    fn what_was_written_is_read_back() {
        let path = ObjectPath::new("/org/example/item_1").expect("a path");
        let mut writer = Writer::new();
        writer.byte(7);
        writer.boolean(true);
        writer.string("grüße");
        writer.path(&path);
        writer.signature("a{ss}");
        writer.byte_array(b"\x00\xff");
        writer.paths(&[path.clone(), path.clone()]);
        writer.string_map([("a", "1"), ("bc", "")]);
        writer.string_map([]);
        writer.uint(0xdead_beef);
        let bytes = writer.finish().expect("nothing impossible");
        let read = |bytes: &[u8]| -> Result<(), Malformed> {
            let mut reader = Reader::new(bytes, false);
            assert_eq!(reader.byte()?, 7);
            assert!(reader.boolean()?);
            assert_eq!(reader.string()?, "grüße");
            assert_eq!(reader.path()?, path);
            reader.variant_of("a{ss}")?;
            assert_eq!(reader.byte_array()?, b"\x00\xff");
            assert_eq!(reader.paths()?, [path.clone(), path.clone()]);
            assert_eq!(reader.string_map()?, [("a", "1"), ("bc", "")]);
            assert_eq!(reader.string_map()?, []);
            assert_eq!(reader.uint()?, 0xdead_beef);
            assert!(reader.is_at_end());
            Ok(())
        };
        assert_eq!(read(&bytes), Ok(()));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Err(Malformed), "cut to {cut} bytes");
        }
    }

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(Reader::new(&[1, 0, 0, 0], false).uint(), Ok(1));
        assert_eq!(Reader::new(&[0, 0, 0, 1], true).uint(), Ok(1));
    }

    #[test]
    fn a_length_that_reaches_past_the_end_is_refused() {
        for bytes in [b"\xff\xff\xff\xffabc\0", b"\x05\0\0\0abc\0", b"\xff\xff\xff\x03abc\0"] {
            assert_eq!(Reader::new(bytes, false).string(), Err(Malformed));
            assert_eq!(Reader::new(bytes, false).byte_array(), Err(Malformed));
            assert_eq!(Reader::new(bytes, false).paths(), Err(Malformed));
            assert_eq!(Reader::new(bytes, false).string_map(), Err(Malformed));
        }
    }

    #[test]
    fn text_must_be_text() {
        for bytes in [b"\x02\0\0\0\xc3\x28\0", b"\x02\0\0\0a\0\0", b"\x02\0\0\0abc"] {
            assert_eq!(Reader::new(bytes, false).string(), Err(Malformed));
        }
        let mut writer = Writer::new();
        writer.string("a\0b");
        assert!(writer.finish().is_none());
    }

    #[test]
    fn a_path_must_be_a_path() {
        for text in ["/", "/a", "/a/b_2"] {
            assert!(ObjectPath::new(text).is_some(), "{text}");
        }
        for text in ["", "a", "/a/", "//", "/a//b", "/a',type='error", "/ä"] {
            assert!(ObjectPath::new(text).is_none(), "{text}");
        }
    }
}
