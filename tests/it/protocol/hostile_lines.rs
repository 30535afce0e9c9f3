//! Bytes that are no request, and requests that are as strange as they may be.
//!
//! A refusal is one fixed line on stderr, exit status 1, nothing on stdout, no change, and
//! not a word of what was read: it may be a secret.

use crate::support::home::Home;

/// What no part of may ever be on stderr.
const SECRET: &str = "ghp_TESTONLYsecret";

/// A request for `HOST` with one thing wrong, and what is said about it.
const REFUSED: &[(&[u8], &str)] = &[
    // Line ends.
    (b"protocol=https\nhost=HOST\rx\nusername=alice\npassword=SECRET\n", "line 2 of the request holds a carriage return"),
    (b"protocol=https\rhost=HOST\nusername=alice\npassword=SECRET\n", "line 1 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\r\r\nusername=alice\npassword=SECRET\n", "line 2 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\nusername=alice\rpassword=SECRET\n", "line 3 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\rx\n", "line 4 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\npath=a\rb\nusername=alice\npassword=SECRET\n", "line 3 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\noauth_refresh_token=a\rb\n", "line 5 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\nstate[]=a\rb\n", "line 5 of the request holds a carriage return"),
    (b"protocol=https\nhost=HOST\nuser\rname=alice\npassword=SECRET\n", "line 3 of the request holds a carriage return"),
    (b"\rprotocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 1 of the request holds a carriage return"),
    // NUL.
    (b"protocol=https\nhost=HOST\0\nusername=alice\npassword=SECRET\n", "line 2 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\0.evil.example\nusername=alice\npassword=SECRET\n", "line 2 of the request holds a NUL"),
    (b"protocol=https\0\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 1 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\nusername=\0\npassword=SECRET\n", "line 3 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\0\n", "line 4 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\npath=\0\nusername=alice\npassword=SECRET\n", "line 3 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n\0=x\n", "line 5 of the request holds a NUL"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\nauthtype=\0\n", "line 5 of the request holds a NUL"),
    // What may stand once.
    (b"protocol=https\nhost=evil.example\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 3 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 3 of the request repeats an attribute"),
    (b"protocol=http\nprotocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 2 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=bob\nusername=alice\npassword=SECRET\n", "line 4 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\npassword=SECRET\n", "line 5 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\npath=a\npath=b\nusername=alice\npassword=SECRET\n", "line 4 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\nephemeral=1\nephemeral=0\n", "line 6 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\npassword_expiry_utc=1\npassword_expiry_utc=0\n", "line 6 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\nauthtype=a\nauthtype=b\ncredential=SECRET\n", "line 5 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\nauthtype=a\ncredential=SECRET\ncredential=SECRET\n", "line 6 of the request repeats an attribute"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\noauth_refresh_token=a\noauth_refresh_token=b\n", "line 6 of the request repeats an attribute"),
    // No attribute.
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\nSECRET\n", "line 5 of the request has no ="),
    (b"SECRET\nprotocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n", "line 1 of the request has no ="),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n \n", "line 5 of the request has no ="),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\nwwwauth[]\n", "line 5 of the request has no ="),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword\n", "line 4 of the request has no ="),
    (b"https://alice:SECRET@HOST\n", "line 1 of the request has no ="),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n=SECRET\n", "line 5 of the request has no key"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\n=\n", "line 5 of the request has no key"),
    // Cut off, where a shorter token or another place would be taken for the whole.
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET", "line 4 of the request is cut off"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=", "line 4 of the request is cut off"),
    (b"protocol=https\nhost=HOST\nusername=alice\npasswor", "line 4 of the request is cut off"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\npa", "line 5 of the request is cut off"),
    (b"protocol=https\nhost=HOST\nusername=alice\npassword=SECRET\r", "line 4 of the request is cut off"),
    (b"protocol=https\nhost=HOST", "line 2 of the request is cut off"),
    (b"p", "line 1 of the request is cut off"),
    (b"\0", "line 1 of the request is cut off"),
    (b"\xFF\xFE", "line 1 of the request is cut off"),
];

/// Requests for `HOST`, strange and sound.
const SOUND: &[(&str, &[u8])] = &[
    ("lines that end with CR and LF", b"protocol=https\r\nhost=HOST\r\n\r\n"),
    ("only some of them", b"protocol=https\r\nhost=HOST\nusername=alice\r\n"),
    ("no blank line at the end", b"protocol=https\nhost=HOST\n"),
    ("nothing after the blank line counts", b"protocol=https\nhost=HOST\n\nhost=evil.example\nx"),
    ("nor after one with CR", b"protocol=https\nhost=HOST\n\r\n\0\r\xFF"),
    ("any order", b"host=HOST\nprotocol=https\n"),
    ("any bytes from a server", b"protocol=https\nwwwauth[]=\xFF\xFE\x80\0\r\x1B\nhost=HOST\n"),
    ("a server's lines that look like ours", b"protocol=https\nhost=HOST\nwwwauth[]=host=evil.example\n"),
    ("many of them", b"wwwauth[]=a\nwwwauth[]=b\nwwwauth[]=\nprotocol=https\nwwwauth[]=c\nhost=HOST\n"),
    ("unknown attributes, also twice, whatever is in them", b"new=\xFF\0\r\nnew=2\nprotocol=https\nhost=HOST\n"),
    ("a url, which git never sends, is unknown", b"protocol=https\nhost=HOST\nurl=https://evil.example\n"),
    ("before the others, too", b"url=https://evil.example\nprotocol=https\nhost=HOST\n"),
    ("keys are lower case", b"protocol=https\nhost=HOST\nHost=evil.example\nHOSTNAME=evil.example\n"),
    ("keys have no blanks around", b"protocol=https\nhost=HOST\n host=evil.example\nhost =evil.example\n"),
    ("unknown capabilities", b"capability[]=authtype\ncapability[]=telepathy\ncapability[]=\xFF\nprotocol=https\nhost=HOST\n"),
    ("no capability but a list", b"capability=state\nprotocol=https\nhost=HOST\n"),
    ("an empty path is none", b"protocol=https\nhost=HOST\npath=\n"),
    ("a path that is no text", b"protocol=https\nhost=HOST\npath=\xFF/\xFE\n"),
    ("states of others, twice", b"protocol=https\nhost=HOST\nstate[]=a:1\nstate[]=a:1\n"),
    ("a password in a get is not looked at", b"protocol=https\nhost=HOST\npassword=x\n"),
    ("no host list", b"protocol=https\nhost=HOST\nhost[]=evil.example\n"),
];

#[test]
fn what_is_no_request_is_refused_whole_with_a_line_that_shows_nothing_of_it() {
    let place = with_account();
    for (request, message) in REFUSED {
        let request = filled_in(&place, request);
        for operation in ["get", "store", "erase"] {
            let ran = place.operation(operation, &request);
            ran.fails(1, &format!("git-credential-pat: {operation}: {message}\n"));
            assert!(ran.stderr().lines().count() == 1, "{ran}");
            assert!(!ran.stderr().contains("ghp_") && !ran.stderr().contains("HOST"), "{ran}");
        }
    }
    is_untouched(&place);
}

#[test]
fn what_is_strange_and_sound_is_answered() {
    let place = with_account();
    for (what, request) in SOUND {
        let ran = place.operation("get", filled_in(&place, request));
        let answer = b"username=alice\npassword=t1\n";
        assert!(ran.status.success() && ran.stdout == answer, "{what}\n{ran}");
        assert!(ran.stderr.is_empty(), "{what}\n{ran}");
    }
    is_untouched(&place);
}

#[test]
fn long_lines_are_whole_lines() {
    let place = with_account();
    let victim = place.fill("host=HOST");
    for length in [1000, 1023, 1024, 4095, 8192, 16_383, 16_384, 60_000, 65_535, 500_000] {
        let long = "x".repeat(length);
        let ours = place.lines("protocol=https host=HOST");
        let answered = format!("wwwauth[]=Basic realm=\"{long}\"\n{ours}other={long}\n");
        place.operation("get", answered).prints("username=alice\npassword=t1\n");
        let evil = format!("protocol=https\nhost=evil.example\nwwwauth[]={long}{victim}\n");
        place.operation("get", evil).prints("");
        let long_name = format!("{ours}username={long}\n");
        place.operation("get", long_name).prints("");
        let long_path = format!("{ours}path={long}\n");
        place.operation("get", long_path).prints("username=alice\npassword=t1\n");
        let long_host = format!("protocol=https\n{victim}.{long}\n");
        place.operation("get", long_host).prints("");
    }
    is_untouched(&place);
}

#[test]
fn a_request_may_have_one_mebibyte_and_no_more() {
    const MEBIBYTE: usize = 1024 * 1024;
    let place = with_account();
    let with_length = |length: usize| {
        let ours = place.lines("protocol=https host=HOST") + "wwwauth[]=";
        let filling = "x".repeat(length - ours.len() - 1);
        format!("{ours}{filling}\n")
    };
    place.operation("get", with_length(MEBIBYTE)).prints("username=alice\npassword=t1\n");
    let credential = place.lines("username=alice password=SECRET").replace("SECRET", SECRET);
    for operation in ["get", "store", "erase"] {
        let ran = place.operation(operation, with_length(MEBIBYTE + 1));
        ran.fails(1, "the request is longer than 1 MiB");
        let ran = place.operation(operation, credential.clone() + &with_length(8 * MEBIBYTE));
        ran.fails(1, "the request is longer than 1 MiB");
        assert!(!ran.stderr().contains("ghp_"), "{}", ran.stderr());
    }
    is_untouched(&place);
}

#[test]
fn a_request_of_nothing_is_passed_over() {
    let place = with_account();
    for request in [&b""[..], b"\n", b"\r\n", b"\n\n\n", b"\nprotocol=https\n", b"a=b\n"] {
        for operation in ["get", "store", "erase"] {
            place.operation(operation, request).prints("");
        }
    }
    is_untouched(&place);
}

fn with_account() -> Home {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    place.keys.mark_unwritten();
    place
}

#[track_caller]
fn is_untouched(place: &Home) {
    assert_eq!(place.keys.accounts(), [place.fill("https://HOST alice")]);
    assert!(place.keys.are_unwritten());
    place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
}

/// The same bytes with this place's host and a secret.
fn filled_in(place: &Home, bytes: &[u8]) -> Vec<u8> {
    let with = |bytes: Vec<u8>, name: &[u8], value: &[u8]| {
        let mut filled = Vec::new();
        let mut rest = &bytes[..];
        while let Some(at) = rest.windows(name.len()).position(|window| window == name) {
            filled.extend_from_slice(&rest[..at]);
            filled.extend_from_slice(value);
            rest = &rest[at + name.len()..];
        }
        filled.extend_from_slice(rest);
        filled
    };
    let host = place.fill("HOST");
    with(
        with(bytes.to_vec(), b"host=HOST", format!("host={host}").as_bytes()),
        b"SECRET",
        SECRET.as_bytes(),
    )
}
