//! Which bytes are a request, which are none, and what an answer looks like.

use super::{Answer, MAX_REQUEST, Request, description};
use crate::context::Context;
use crate::credential::Username;
use crate::error::{Error, Malformed};
use crate::secret::Secret;
use std::io::{self, Read};

fn malformed(bytes: &[u8]) -> Option<Malformed> {
    Request::parse(bytes).err()
}

fn host(bytes: &[u8]) -> Option<Vec<u8>> {
    Request::parse(bytes).expect("a request").host
}

#[test]
fn every_attribute_is_read() {
    let request = Request::parse(
        b"capability[]=authtype\ncapability[]=state\ncapability[]=later\nauthtype=Bearer\n\
          credential=c\nephemeral=1\nprotocol=https\nhost=h.example:1\npath=a/b.git\n\
          username=al=ice\npassword=p=\xFF\noauth_refresh_token=r\npassword_expiry_utc=12\n\
          wwwauth[]=Basic\nstate[]=a:1\nstate[]=b:2\nlater=x\n\nhost=ignored\n",
    )
    .expect("a request");
    assert!(request.capabilities.authtype && request.capabilities.state && request.ephemeral);
    assert_eq!(request.protocol.as_deref(), Some(&b"https"[..]));
    assert_eq!(request.host.as_deref(), Some(&b"h.example:1"[..]));
    assert_eq!(request.path.as_deref(), Some(&b"a/b.git"[..]));
    assert!(request.username == Some(Username::new(b"al=ice")));
    assert!(request.password == Some(Secret::new(b"p=\xFF")));
    assert!(request.credential == Some(Secret::new(b"c")));
    assert!(request.refresh_token == Some(Secret::new(b"r")));
    assert_eq!(request.authtype.as_deref(), Some(&b"Bearer"[..]));
    assert_eq!(request.expiry, Some(12));
    assert_eq!(request.states, [b"a:1".to_vec(), b"b:2".to_vec()]);
}

#[test]
fn an_empty_value_is_a_value_but_an_empty_path_is_none() {
    let request = Request::parse(b"username=\npassword=\npath=\nhost=\n").expect("a request");
    assert!(request.username == Some(Username::default()));
    assert!(request.password == Some(Secret::new(b"")));
    assert_eq!(request.host.as_deref(), Some(&b""[..]));
    assert_eq!(request.path, None);
}

#[test]
fn lf_and_crlf_end_a_line_and_nothing_else_does() {
    assert_eq!(host(b"host=h\r\n\r\nhost=x\r\n").as_deref(), Some(&b"h"[..]));
    assert_eq!(host("host=h\u{2028}host=x\n".as_bytes()).map(|h| h.len()), Some(10));
    assert_eq!(host("host=h\u{85}\u{b}\u{c}\n".as_bytes()).map(|h| h.len()), Some(5));
    assert_eq!(malformed(b"host=h\rhost=x\n"), Some(Malformed::CarriageReturn(1)));
    assert_eq!(malformed(b"host=h\r\r\n"), Some(Malformed::CarriageReturn(1)));
    assert_eq!(malformed(b"a=b\nho\rst=h\n"), Some(Malformed::CarriageReturn(2)));
}

#[test]
fn what_could_be_two_requests_is_none() {
    assert_eq!(malformed(b"host=h\nhost=h\n"), Some(Malformed::Repeated(2)));
    assert_eq!(malformed(b"password=p\n\r\n").map(|_| ()), None);
    assert_eq!(malformed(b"password=\npassword=p\n"), Some(Malformed::Repeated(2)));
    assert_eq!(malformed(b"host=h\0x\n"), Some(Malformed::Nul(1)));
    assert_eq!(malformed(b"ho\0st=h\n"), Some(Malformed::Nul(1)));
    assert_eq!(malformed(b"host\n"), Some(Malformed::NoEquals(1)));
    assert_eq!(malformed(b"=h\n"), Some(Malformed::EmptyKey(1)));
    assert_eq!(malformed(b"host=h"), Some(Malformed::CutOff(1)));
    assert_eq!(malformed(b"host=h\nusername=a\r"), Some(Malformed::CutOff(2)));
}

#[test]
fn what_a_server_chooses_is_skipped_whatever_it_is() {
    let mut bytes = b"wwwauth[]=\xFF\0\r\xE2\x80\xA8\x1b[31m\nwwwauth[]=a\nwwwauth[]=b\n".to_vec();
    bytes.extend([b"ntlm=x\nntlm=y\nwwwauth[]=", &vec![b'x'; 90_000][..], b"\nhost=h\n"].concat());
    assert_eq!(host(&bytes).as_deref(), Some(&b"h"[..]));
}

#[test]
fn an_empty_entry_clears_a_list() {
    let lines = b"capability[]=authtype\nstate[]=a\ncapability[]=\nstate[]=\nstate[]=b\n";
    let request = Request::parse(lines).expect("a request");
    assert!(!request.capabilities.authtype);
    assert_eq!(request.states, [b"b".to_vec()]);
}

#[test]
fn an_expiry_that_is_no_number_means_never() {
    let cases: [(&str, Option<u64>); 8] = [
        ("", None),
        ("0", None),
        ("00", None),
        ("x", None),
        ("-1", None),
        ("+1", None),
        ("99999999999999999999", None),
        ("18446744073709551615", Some(u64::MAX)),
    ];
    for (text, expiry) in cases {
        let line = format!("password_expiry_utc={text}\n");
        assert_eq!(Request::parse(line.as_bytes()).expect("a request").expiry, expiry, "{text}");
    }
}

#[test]
fn ephemeral_is_false_only_where_it_says_so() {
    for (text, ephemeral) in [
        ("0", false),
        ("false", false),
        ("No", false),
        ("off", false),
        ("", false),
        ("1", true),
        ("true", true),
        ("yes", true),
        ("2", true),
        ("what", true),
    ] {
        let line = format!("ephemeral={text}\n");
        let request = Request::parse(line.as_bytes()).expect("a request");
        assert_eq!(request.ephemeral, ephemeral, "{text}");
    }
}

/// A stream that gives its bytes a few at a time, and then an error instead of an end.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

#[test]
fn reading_stops_at_the_empty_line_however_the_bytes_come() {
    let line = [b"wwwauth[]=", &vec![b'x'; 60_000][..], b"\nhost=h\n\r\n"].concat();
    for count in [1, 7, 4096, 100_000] {
        let request = Request::read(&mut Trickle(&line, count)).expect("a request");
        assert_eq!(request.host.as_deref(), Some(&b"h"[..]), "{count} bytes a time");
    }
    let unended = Request::read(&mut Trickle(b"host=h\n", 3));
    assert!(matches!(unended, Err(Error::Stream(io::ErrorKind::WouldBlock))));
}

#[test]
fn a_signal_in_the_middle_of_reading_is_no_end() {
    struct Interrupted<'a>(&'a [u8], bool);
    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
        }
    }
    let request = Request::read(&mut Interrupted(b"host=h\n\n", false)).expect("a request");
    assert_eq!(request.host.as_deref(), Some(&b"h"[..]));
}

#[test]
fn a_request_is_at_most_a_mebibyte() {
    let request = |length: usize| {
        let mut bytes = vec![b'x'; length];
        bytes[1] = b'=';
        bytes[length - 1] = b'\n';
        Request::read(&mut &bytes[..]).map(drop)
    };
    assert!(request(MAX_REQUEST).is_ok());
    assert_eq!(request(MAX_REQUEST + 1), Err(Malformed::TooLong.into()));
    // The length counts the empty line, but not what comes after it.
    let ended = [&vec![b'='; MAX_REQUEST - 2][..], b"\n\nhost=x\n"].concat();
    assert_eq!(Request::read(&mut &ended[..]).map(drop), Err(Malformed::EmptyKey(1).into()));
    let ended = [&vec![b'x'; MAX_REQUEST - 1][..], b"\n\n"].concat();
    assert_eq!(Request::read(&mut &ended[..]).map(drop), Err(Malformed::TooLong.into()));
    assert_eq!(Request::read(&mut io::repeat(b'x')).map(drop), Err(Malformed::TooLong.into()));
}

#[test]
fn no_request_at_all_is_an_empty_one() {
    for bytes in [&b""[..], b"\n", b"\r\n", b"\nhost=h\n"] {
        assert!(Request::read(&mut &bytes[..]).is_ok_and(|request| request.host.is_none()));
    }
}

#[test]
fn an_answer_has_only_what_there_is_and_capabilities_first() {
    let (token, refresh, name) = (Secret::new(b"t"), Secret::new(b"r"), Username::new(b"a"));
    let bare = Answer {
        username: None,
        token: Some(&token),
        authtype: None,
        expiry: None,
        refresh_token: None,
        state: None,
    };
    assert_eq!(bare.to_bytes().expect("bytes").as_slice(), b"password=t\n");
    let full = Answer {
        username: Some(&name),
        authtype: Some(b"Bearer"),
        expiry: Some(7),
        refresh_token: Some(&refresh),
        state: Some("s"),
        ..bare
    };
    // A buffer that grows would leave a copy behind.
    let bytes = full.to_bytes().expect("bytes");
    assert_eq!(bytes.capacity(), bytes.len());
    assert_eq!(
        bytes.escape_ascii().to_string(),
        "capability[]=authtype\\ncapability[]=state\\nauthtype=Bearer\\nusername=a\\n\
         credential=t\\npassword_expiry_utc=7\\noauth_refresh_token=r\\nstate[]=s\\n"
    );
}

#[test]
fn no_value_becomes_a_second_line() {
    for bad in [&b"a\nhost=x"[..], b"a\rb", b"a\0"] {
        let (secret, name, good) = (Secret::new(bad), Username::new(bad), Secret::new(b"t"));
        let bare = Answer {
            username: None,
            token: Some(&good),
            authtype: None,
            expiry: None,
            refresh_token: None,
            state: None,
        };
        for answer in [
            Answer { token: Some(&secret), ..bare },
            Answer { username: Some(&name), ..bare },
            Answer { authtype: Some(bad), ..bare },
            Answer { refresh_token: Some(&secret), ..bare },
        ] {
            assert!(matches!(answer.to_bytes(), Err(Error::Damaged)));
        }
    }
}

#[test]
fn what_asks_another_helper_reads_back() {
    let context = Context::from_canonical("https://h.example:8443/a").expect("a context");
    let token = Secret::new(b"TESTONLY=1");
    let asked = Request::parse(&description(&context, Some(b"al=ice"), Some(&token)));
    let asked = asked.expect("a request");
    assert_eq!(asked.host.as_deref(), Some(&b"h.example:8443"[..]));
    assert_eq!(asked.path.as_deref(), Some(&b"a"[..]));
    assert!(asked.username == Some(Username::new(b"al=ice")) && asked.password == Some(token));
    let context = Context::from_canonical("https://h.example").expect("a context");
    let lines = b"protocol=https\nhost=h.example\n\n";
    assert_eq!(**description(&context, None, None), lines[..]);
}
