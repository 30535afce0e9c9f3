//! The commands of a push, which git sends before the pack. They are read before anything goes on
//! to the forge, and where one of them is refused, the answer has git's own form.
//!
//! ```text
//! 00a5<old> <new> refs/heads/agent/x\0 report-status-v2 side-band-64k …
//! 0000PACK…
//! ```
//!
//! The bytes on the wire are judged, never a command line. A command that is not understood is
//! refused. One refused ref refuses the whole push, so that nothing of it reaches the forge.

use super::branches::{Branches, is_ref};
use super::refusal::Refusal;
use std::io::{self, Read};

/// The longest list of commands, in bytes.
const MOST: usize = 1024 * 1024;

/// The longest name of a ref: as long as git makes one on a usual file system.
const MOST_OF_NAME: usize = 1024;

/// The capabilities that a client may announce. Some have a value behind a `=`, like `agent`.
const KNOWN: [&str; 10] = [
    "report-status",
    "report-status-v2",
    "side-band-64k",
    "quiet",
    "delete-refs",
    "ofs-delta",
    "atomic",
    "object-format",
    "agent",
    "session-id",
];

/// The commands of a push.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Push {
    /// The changes to refs.
    pub commands: Vec<Command>,
    /// Whether the client wants a report of what became of the commands.
    pub reports: bool,
    /// Whether the answer is divided into bands.
    pub has_bands: bool,
    /// The bytes that were read, which go on to the forge.
    pub bytes: Vec<u8>,
    refusal: Option<Refusal>,
}

/// A packet of git's.
enum Packet {
    Line(Vec<u8>),
    /// The empty packet, which ends a list.
    End,
    /// A packet that git does not send here.
    Unfit,
}

/// A change to one ref.
#[derive(PartialEq, Eq, Debug)]
pub struct Command {
    /// The object that the ref is expected to have, or zeros if it is new.
    pub old: String,
    /// The object that the ref is to have, or zeros to delete it.
    pub new: String,
    /// The ref.
    pub name: Vec<u8>,
}

impl Command {
    fn deletes(&self) -> bool {
        self.new.bytes().all(|digit| digit == b'0')
    }
}

/// The reason why there is no [`Push`].
#[derive(Debug)]
pub enum Unread {
    /// The client's stream failed or ended.
    Stream(io::Error),
    /// The push is refused. The part of it that was understood is here, for the answer.
    Refused(Refusal, Box<Push>),
}

impl Push {
    /// Reads the commands up to the empty packet that ends them.
    ///
    /// # Errors
    /// Where the stream ends, or the packets are not as git sends them.
    pub fn read(body: &mut dyn Read) -> Result<Self, Unread> {
        let mut push = Self::default();
        let mut format = None;
        let refused = |refusal, push| Err(Unread::Refused(refusal, Box::new(push)));
        loop {
            match push.packet(body).map_err(Unread::Stream)? {
                Packet::Line(line) if push.line(&line, &mut format).is_some() => {}
                Packet::Line(_) | Packet::Unfit => return refused(Refusal::NotUnderstood, push),
                Packet::End => break,
            }
        }
        match push.refusal.take() {
            Some(refusal) => refused(refusal, push),
            None => Ok(push),
        }
    }

    fn packet(&mut self, body: &mut dyn Read) -> io::Result<Packet> {
        let mut digits = [0; 4];
        body.read_exact(&mut digits)?;
        let length = match length_of(&digits) {
            Some(0) => 0,
            Some(length @ 5..) => length - 4,
            _ => return Ok(Packet::Unfit),
        };
        if self.bytes.len() + 4 + length > MOST {
            return Ok(Packet::Unfit);
        }
        self.bytes.extend_from_slice(&digits);
        if length == 0 {
            return Ok(Packet::End);
        }
        let mut line = vec![0; length];
        body.read_exact(&mut line)?;
        self.bytes.extend_from_slice(&line);
        Ok(Packet::Line(line))
    }

    /// Reads a line. Returns `None` where the line is not understood.
    fn line(&mut self, line: &[u8], format: &mut Option<usize>) -> Option<()> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(id) = line.strip_prefix(b"shallow ") {
            let is_first = self.commands.is_empty();
            return (is_first && [40, 64].contains(&id.len()) && is_id(id)).then_some(());
        }
        if let Some(words) = line.strip_prefix(b"push-cert\0") {
            self.announce(words, &mut None);
            self.refusal = Some(Refusal::Signed);
            return Some(());
        }
        let mut command = line;
        if self.commands.is_empty() {
            let nul = line.iter().position(|&b| b == 0)?;
            command = &line[..nul];
            self.announce(&line[nul + 1..], format)?;
        }
        let length = format.unwrap_or(40);
        let (old, rest) = command.split_at_checked(length)?;
        let (new, name) = rest.strip_prefix(b" ")?.split_at_checked(length)?;
        let name = name.strip_prefix(b" ")?;
        let is_name = name.len() <= MOST_OF_NAME && is_ref(name);
        if !is_id(old) || !is_id(new) || !is_name {
            return None;
        }
        let id = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.commands.push(Command { old: id(old), new: id(new), name: name.to_vec() });
        Some(())
    }

    /// Reads the client's capabilities. Returns `None` where one is not understood.
    fn announce(&mut self, words: &[u8], format: &mut Option<usize>) -> Option<()> {
        let text = std::str::from_utf8(words).ok()?;
        let mut is_understood = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
            match name {
                "report-status" | "report-status-v2" => self.reports = true,
                "side-band-64k" => self.has_bands = true,
                "push-options" => self.refusal = Some(Refusal::PushOptions),
                "push-cert" => self.refusal = Some(Refusal::Signed),
                "object-format" if format.is_none() => match value {
                    Some("sha1") => *format = Some(40),
                    Some("sha256") => *format = Some(64),
                    _ => is_understood = false,
                },
                "object-format" => is_understood = false,
                name => is_understood &= KNOWN.contains(&name),
            }
        }
        is_understood.then_some(())
    }

    /// Returns the reason for each command, where at least one is refused.
    #[must_use]
    pub fn judge(&self, branches: Option<&Branches>) -> Option<Vec<Refusal>> {
        let reason = |command: &Command| match branches {
            Some(branches) if !branches.contain(&command.name) => {
                Some(Refusal::Branches(branches.clone()))
            }
            Some(_) if command.deletes() => Some(Refusal::Deleting),
            Some(_) => None,
            None => Some(Refusal::NotUnderstood),
        };
        let reasons: Vec<Option<Refusal>> = self.commands.iter().map(reason).collect();
        let is_refused = reasons.iter().any(Option::is_some);
        let all = reasons.into_iter().map(|reason| reason.unwrap_or(Refusal::AnotherRef));
        is_refused.then(|| all.collect())
    }

    /// Returns git's answer to a push that was refused: the reason for each command, in order, and
    /// words for people. Returns `None` where the client wants no such answer.
    #[must_use]
    pub fn report(&self, reasons: &[Refusal], words: &str) -> Option<Vec<u8>> {
        if !self.reports && !self.has_bands {
            return None;
        }
        // With no ref to refuse, the reason goes here: git would take silence for consent.
        let unpack = match reasons.first() {
            Some(reason) if self.commands.is_empty() => {
                format!("unpack lend: {}\n", reason.brief())
            }
            _ => "unpack ok\n".to_owned(),
        };
        let mut report = packet(unpack.as_bytes());
        for (command, reason) in self.commands.iter().zip(reasons) {
            let reason = reason.brief();
            let line = [b"ng ", &command.name[..], b" lend: ", reason.as_bytes(), b"\n"].concat();
            report.extend(packet(&line));
        }
        report.extend_from_slice(b"0000");
        if !self.has_bands {
            return Some(report);
        }
        let mut answer = Vec::new();
        let (band, words) = if self.reports { (2, words) } else { (3, words) };
        for part in format!("{words}\n").as_bytes().chunks(MOST_OF_BAND) {
            answer.extend(packet(&[&[band], part].concat()));
        }
        if self.reports {
            for part in report.chunks(MOST_OF_BAND) {
                answer.extend(packet(&[&[1], part].concat()));
            }
        }
        answer.extend_from_slice(b"0000");
        Some(answer)
    }
}

/// How many bytes of a band fit into a packet.
const MOST_OF_BAND: usize = 65_515;

/// Returns a packet, or an empty one where the bytes are too many for one.
#[must_use]
pub fn packet(bytes: &[u8]) -> Vec<u8> {
    let bytes = if bytes.len() > 65_516 { &[] } else { bytes };
    [format!("{:04x}", bytes.len() + 4).as_bytes(), bytes].concat()
}

/// Returns the number that the digits before a packet stand for: its length with these.
pub(super) fn length_of(digits: &[u8]) -> Option<usize> {
    let text = str::from_utf8(digits).ok().filter(|text| is_id(text.as_bytes()))?;
    usize::from_str_radix(text, 16).ok()
}

/// Returns whether a text is of digits as they stand in the name of an object.
pub(super) fn is_id(text: &[u8]) -> bool {
    text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Push, Unread, packet};
    use crate::lend::branches::Branches;
    use crate::lend::refusal::Refusal;

    const OLD: &str = "1111111111111111111111111111111111111111";
    const NEW: &str = "2222222222222222222222222222222222222222";
    const NONE: &str = "0000000000000000000000000000000000000000";
    const CAPABILITIES: &str =
        " report-status-v2 side-band-64k quiet atomic object-format=sha1 agent=git/2.47.3-Linux";

    /// Returns a push of commands, each with the old object, the new one and the ref.
    fn push(commands: &[(&str, &str, &str)], capabilities: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, (old, new, name)) in commands.iter().enumerate() {
            let more = if number == 0 { format!("\0{capabilities}") } else { String::new() };
            bytes.extend(packet(format!("{old} {new} {name}{more}").as_bytes()));
        }
        bytes.extend_from_slice(b"0000");
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Push, Option<Refusal>> {
        Push::read(&mut &*bytes).map_err(|unread| match unread {
            Unread::Stream(_) => None,
            Unread::Refused(refusal, _) => Some(refusal),
        })
    }

    fn agents() -> Option<Branches> {
        Branches::parse("agent/*")
    }

    fn main_and_agent() -> Push {
        let bytes =
            push(&[(OLD, NEW, "refs/heads/main"), (NONE, NEW, "refs/heads/agent/x")], CAPABILITIES);
        read(&bytes).expect("a push")
    }

    #[test]
    fn the_commands_are_read_and_the_pack_is_not() {
        let commands = push(&[(NONE, NEW, "refs/heads/agent/x")], CAPABILITIES);
        let bytes = [&packet(format!("shallow {OLD}").as_bytes()), &commands[..], b"PACK"].concat();
        let mut stream = &bytes[..];
        let push = Push::read(&mut stream).expect("a push");
        assert_eq!(stream, b"PACK");
        assert_eq!([&push.bytes[..], b"PACK"].concat(), bytes);
        assert!(push.reports && push.has_bands);
        assert_eq!(push.commands[0].name, b"refs/heads/agent/x");
        assert_eq!(push.judge(agents().as_ref()), None);
        // git sends an empty list first when the push itself is long.
        assert_eq!(read(b"0000").expect("a push").commands.len(), 0);
    }

    #[test]
    fn ids_are_as_long_as_the_repositorys_format_says() {
        let (old, new) = (&"1".repeat(64), &"2".repeat(64));
        let long = push(&[(old, new, "refs/heads/agent/x")], "report-status object-format=sha256");
        assert_eq!(read(&long).expect("a push").commands[0].new, *new);
        for bytes in [
            push(&[(old, new, "refs/heads/agent/x")], "object-format=sha1"),
            push(&[(OLD, NEW, "refs/heads/agent/x")], "object-format=sha256"),
            push(&[(OLD, new, "refs/heads/agent/x")], ""),
            push(&[(OLD, NEW, "refs/heads/agent/x")], "object-format=sha1 object-format=sha1"),
            push(&[(OLD, &NEW.replace('2', "A"), "refs/heads/agent/x")], ""),
        ] {
            assert_eq!(read(&bytes), Err(Some(Refusal::NotUnderstood)));
        }
    }

    #[test]
    fn a_ref_outside_refuses_all_and_each_has_its_reason() {
        let branches = agents().expect("a pattern");
        let reasons = main_and_agent().judge(Some(&branches)).expect("a refusal");
        assert_eq!(reasons, [Refusal::Branches(branches.clone()), Refusal::AnotherRef]);
        let deleting = push(&[(OLD, NONE, "refs/heads/agent/x")], CAPABILITIES);
        let reasons = read(&deleting).expect("a push").judge(Some(&branches));
        assert_eq!(reasons, Some(vec![Refusal::Deleting]));
        for name in ["refs/tags/agent/x", "refs/for/main", "refs/notes/x", "refs/heads/main"] {
            let bytes = push(&[(NONE, NEW, name)], CAPABILITIES);
            assert!(read(&bytes).expect("a push").judge(Some(&branches)).is_some(), "{name}");
        }
    }

    #[test]
    fn what_gives_orders_to_the_forge_is_refused() {
        let with = |more: &str| {
            push(&[(NONE, NEW, "refs/heads/agent/x")], &format!("{CAPABILITIES} {more}"))
        };
        assert_eq!(read(&with("push-options")), Err(Some(Refusal::PushOptions)));
        assert_eq!(read(&with("push-cert=nonce")), Err(Some(Refusal::Signed)));
        let signed = [packet(b"push-cert\0 report-status\n"), b"0000".to_vec()].concat();
        assert_eq!(read(&signed), Err(Some(Refusal::Signed)));
        assert_eq!(read(&with("something-new")), Err(Some(Refusal::NotUnderstood)));
    }

    #[test]
    fn what_is_not_as_git_sends_it_is_refused() {
        let command = |name: &str| push(&[(NONE, NEW, name)], CAPABILITIES);
        let mut second = push(&[(NONE, NEW, "refs/heads/agent/x")], "");
        second.truncate(second.len() - 4);
        let with_nul = format!("{NONE} {NEW} refs/heads/agent/y\0agent=x");
        let many: Vec<_> = (0..20_000).map(|_| (NONE, NEW, "refs/heads/agent/x")).collect();
        for bytes in [
            command("refs/heads/agent/../main"),
            command("refs/heads/agent/x.lock"),
            command("refs/heads/agent/x\nrefs/heads/main"),
            command("refs/heads//agent"),
            command("refs/heads/agent/@{1}"),
            command("HEAD"),
            command(&format!("refs/heads/agent/{}", "x".repeat(1025))),
            [&second[..], &packet(with_nul.as_bytes()), b"0000"].concat(),
            [&second[..], &packet(format!("shallow {OLD}").as_bytes()), b"0000"].concat(),
            packet(format!("{NONE} {NEW} refs/heads/agent/x").as_bytes()),
            push(&many, CAPABILITIES),
            b"0001".to_vec(),
            b"0002".to_vec(),
            b"0003".to_vec(),
            b"0004".to_vec(),
            b"000A".to_vec(),
            b"+005a".to_vec(),
            b"PACK".to_vec(),
        ] {
            assert_eq!(read(&bytes), Err(Some(Refusal::NotUnderstood)), "{}", bytes.escape_ascii());
        }
        for cut in [&b""[..], b"00", b"00a5", &second] {
            assert_eq!(read(cut), Err(None));
        }
    }

    #[test]
    fn a_refusal_is_a_report_in_the_clients_own_bands() {
        let push = main_and_agent();
        let reasons = push.judge(agents().as_ref()).expect("a refusal");
        let report = b"000eunpack ok\n\
            0043ng refs/heads/main lend: only refs/heads/agent/* may be pushed\n\
            0045ng refs/heads/agent/x lend: another ref of this push was refused\n0000";
        let answer = push.report(&reasons, "git-credential-pat lend: x").expect("a report");
        let words = packet(b"\x02git-credential-pat lend: x\n");
        let bands = [&words[..], &packet(&[&[1], &report[..]].concat()), b"0000"].concat();
        assert_eq!(answer.escape_ascii().to_string(), bands.escape_ascii().to_string());
        let plain = Push { has_bands: false, ..push };
        assert_eq!(plain.report(&reasons, "x").as_deref(), Some(&report[..]));
        let none = Push { commands: Vec::new(), ..plain };
        let report = none.report(&[Refusal::NotUnderstood], "x").expect("a report");
        let text = String::from_utf8(report).expect("text");
        assert!(text.contains("unpack lend: this is no request of git's"), "{text}");
        let mute = Push { reports: false, ..none };
        assert_eq!(mute.report(&reasons, "x"), None);
    }
}
