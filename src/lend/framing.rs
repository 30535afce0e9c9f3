//! Bodies as HTTP/1.1 frames them, with a length or in chunks: read strictly and written plainly.
//!
//! No byte behind a body is read as part of it. The reader of a body that is cut off gets an error,
//! never an end.

use super::request::Body;
use std::io::{self, BufReader, Error, ErrorKind, IoSlice, Read, Write};
use std::time::{Duration, Instant};

/// The most hexadecimal digits of the length before a chunk.
const MOST_DIGITS: usize = 12;

/// How many bytes of a body that nobody needs are read and dropped, and for how long.
pub(super) const DRAINED: u64 = 2 * 1024 * 1024 * 1024;
const DRAINED_WITHIN: Duration = Duration::from_secs(60);

/// How many bytes are read at a time where few are wanted, or none: a head, the length of a chunk,
/// the rest of a body that is dropped. Many requests at once each have room for them.
pub(super) const FEW: usize = 1024;

/// A body that is read from a stream, of which some bytes were read ahead.
pub struct BodyReader<R> {
    stream: BufReader<R>,
    ahead: Vec<u8>,
    at: usize,
    left: Left,
}

/// The part of a body that is still to come.
enum Left {
    /// This many bytes, and then the end.
    Bytes(u64),
    /// This many bytes of a chunk, and then its line end.
    OfChunk(u64),
    /// A chunk, with its length before it.
    Chunk,
    /// Nothing.
    Nothing,
}

impl<R: Read> BodyReader<R> {
    /// Reads and drops the rest of the body: a client that still sends would lose the answer.
    pub(super) fn drain(&mut self) {
        let deadline = Instant::now() + DRAINED_WITHIN;
        let mut left = DRAINED;
        let mut buffer = [0; FEW];
        while Instant::now() < deadline
            && let Ok(count @ 1..) = self.read(&mut buffer)
        {
            left = left.saturating_sub(count as u64);
            if left == 0 {
                break;
            }
        }
    }

    /// Returns a reader of the body that begins with the bytes `ahead`, which were read with its
    /// head.
    #[must_use]
    pub fn new(stream: R, ahead: Vec<u8>, body: Body) -> Self {
        let left = match body {
            Body::None => Left::Nothing,
            Body::Length(length) => Left::Bytes(length),
            Body::Chunked => Left::Chunk,
        };
        Self { stream: BufReader::with_capacity(FEW, stream), ahead, at: 0, left }
    }

    /// Returns whether the body has ended.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        matches!(self.left, Left::Nothing | Left::Bytes(0))
    }

    /// Reads raw bytes: first those that were read ahead, then those of the stream.
    fn raw(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = &self.ahead[self.at..];
        if ahead.is_empty() {
            return self.stream.read(buffer);
        }
        let count = ahead.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ahead[..count]);
        self.at += count;
        Ok(count)
    }

    /// Reads at most `left` bytes. The end of the stream is an error: the body has not ended.
    fn some(&mut self, buffer: &mut [u8], left: u64) -> io::Result<usize> {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match self.raw(&mut buffer[..most])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.some(&mut byte, 1)?;
        Ok(byte[0])
    }

    fn line_end(&mut self) -> io::Result<()> {
        if self.byte()? == b'\r' && self.byte()? == b'\n' { Ok(()) } else { Err(malformed()) }
    }

    /// Reads the length of a chunk: digits alone, without an extension.
    fn length_of_chunk(&mut self) -> io::Result<u64> {
        let mut length = 0;
        for digits in 0.. {
            let byte = self.byte()?;
            match char::from(byte).to_digit(16) {
                Some(digit) if digits < MOST_DIGITS => length = length * 16 + u64::from(digit),
                None if byte == b'\r' && digits > 0 && self.byte()? == b'\n' => break,
                _ => return Err(malformed()),
            }
        }
        Ok(length)
    }
}

impl<R: Read> Read for BodyReader<R> {
    /// Reads bytes of the body.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] where the body is cut off, [`ErrorKind::InvalidData`] where it
    /// is not framed as it should be.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.left {
                Left::Nothing | Left::Bytes(0) => return Ok(0),
                Left::Bytes(left) => {
                    let count = self.some(buffer, left)?;
                    self.left = Left::Bytes(left - count as u64);
                    return Ok(count);
                }
                Left::Chunk => match self.length_of_chunk()? {
                    0 => {
                        // Trailers would come here. They are refused.
                        self.line_end()?;
                        self.left = Left::Nothing;
                    }
                    length => self.left = Left::OfChunk(length),
                },
                Left::OfChunk(left) => {
                    let count = self.some(buffer, left)?;
                    let left = left - count as u64;
                    self.left = if left == 0 {
                        self.line_end()?;
                        Left::Chunk
                    } else {
                        Left::OfChunk(left)
                    };
                    return Ok(count);
                }
            }
        }
    }
}

fn malformed() -> Error {
    ErrorKind::InvalidData.into()
}

/// Writes a chunk, with one call where the stream takes it all. Writes nothing for no bytes: an
/// empty chunk would end the body.
///
/// # Errors
/// The errors of the stream.
pub fn write_chunk(stream: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let head = format!("{:x}\r\n", bytes.len());
    let mut parts = [head.as_bytes(), bytes, b"\r\n"].map(IoSlice::new);
    let mut parts = &mut parts[..];
    while !parts.is_empty() {
        match stream.write_vectored(parts) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes the end of a body in chunks.
///
/// # Errors
/// The errors of the stream.
pub fn write_end(stream: &mut dyn Write) -> io::Result<()> {
    stream.write_all(b"0\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::{BodyReader, write_chunk, write_end};
    use crate::lend::request::Body;
    use std::io::{ErrorKind, Read};

    /// Returns the body that is read, and all that comes behind it.
    fn read(ahead: &[u8], stream: &[u8], body: Body) -> Result<(Vec<u8>, Vec<u8>), ErrorKind> {
        let mut bytes = Vec::new();
        let mut reader = BodyReader::new(stream, ahead.to_vec(), body);
        reader.read_to_end(&mut bytes).map_err(|error| error.kind())?;
        assert!(reader.is_at_end());
        Ok((
            bytes,
            [&reader.ahead[reader.at..], reader.stream.buffer(), reader.stream.get_ref()].concat(),
        ))
    }

    #[test]
    fn no_more_is_read_than_belongs_to_the_body() {
        let rest = b"GET /".to_vec();
        for (ahead, stream, body) in [
            (&b"ab"[..], &b"cdGET /"[..], Body::Length(4)),
            (b"", b"abcdGET /", Body::Length(4)),
            (b"1\r", b"\na\r\n3\r\nbcd\r\n0\r\n\r\nGET /", Body::Chunked),
            (b"", b"0000000004\r\nabcd\r\n000\r\n\r\nGET /", Body::Chunked),
        ] {
            assert_eq!(read(ahead, stream, body), Ok((b"abcd".to_vec(), rest.clone())));
        }
        assert_eq!(read(b"", b"GET /", Body::None), Ok((Vec::new(), rest)));
    }

    #[test]
    fn what_is_cut_off_is_no_end() {
        for (stream, body) in [
            (&b"abc"[..], Body::Length(4)),
            (b"4\r\nabc", Body::Chunked),
            (b"4\r\nabcd", Body::Chunked),
            (b"4\r\nabcd\r\n", Body::Chunked),
            (b"4\r\nabcd\r\n0\r\n", Body::Chunked),
            (b"4", Body::Chunked),
        ] {
            assert_eq!(read(b"", stream, body), Err(ErrorKind::UnexpectedEof));
        }
    }

    #[test]
    fn a_chunk_is_framed_in_one_way() {
        for stream in [
            &b"4;a=b\r\nabcd\r\n0\r\n\r\n"[..],
            b"4 \r\nabcd\r\n0\r\n\r\n",
            b"+4\r\nabcd\r\n0\r\n\r\n",
            b"-4\r\nabcd\r\n0\r\n\r\n",
            b"0x4\r\nabcd\r\n0\r\n\r\n",
            b"4\nabcd\n0\n\n",
            b"\r\nabcd\r\n",
            b"4\r\nabcde\r\n0\r\n\r\n",
            b"4\r\nabcd\r\n0\r\nTrailer: a\r\n\r\n",
            b"1000000000000\r\na",
        ] {
            assert_eq!(read(b"", stream, Body::Chunked), Err(ErrorKind::InvalidData));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut stream = Vec::new();
        for part in [&b"a"[..], b"", &[7; 300]] {
            write_chunk(&mut stream, part).expect("written");
        }
        write_end(&mut stream).expect("written");
        let (bytes, rest) = read(b"", &stream, Body::Chunked).expect("a body");
        assert_eq!((bytes.len(), rest.len()), (301, 0));
    }
}
