//! Hosts and protocols that are not what they look like. Whoever writes a URL into a
//! repository chooses them, so each is tried with get, store and erase: nothing comes out,
//! nothing is written, and nothing is said, so that git goes on.

use crate::support::home::Home;

/// What stands for `host` beside an account at `HOST` and one at `HOST:8443`.
const HOSTS: &[&str] = &[
    // Two hosts in one string, for parsers that disagree.
    "HOST@evil.example",
    "evil.example@HOST",
    "alice@HOST",
    "alice:t1@HOST",
    "@HOST",
    "HOST@",
    "HOST\\@evil.example",
    "evil.example\\@HOST",
    "HOST\\.evil.example",
    "HOST/evil.example",
    "evil.example/HOST",
    "HOST/",
    "/HOST",
    "//HOST",
    "HOST?evil.example",
    "HOST#evil.example",
    "evil.example#@HOST",
    "evil.example?@HOST",
    "evil.example;HOST",
    "HOST;evil.example",
    "HOST,evil.example",
    "HOST&evil.example",
    "HOST|evil.example",
    "HOST evil.example",
    "https://HOST",
    "https:HOST",
    "HOST:443@evil.example",
    "HOST:443/evil.example",
    "HOST:8443@evil.example:8443",
    // Wildcards and quoting.
    "*",
    "*.test",
    "*HOST",
    "%",
    "?",
    "HOST*",
    "'HOST'",
    "\"HOST\"",
    "`HOST`",
    "$HOST",
    "(HOST)",
    "{HOST}",
    "<HOST>",
    "~HOST",
    "+HOST",
    "HOST'",
    "HOST!",
    "HOST=",
    "=HOST",
    // Percent-encoding is never undone.
    "%48OST",
    "HOST%00",
    "HOST%00.evil.example",
    "HOST%0a",
    "HOST%2eevil.example",
    "HOST%2f",
    "HOST%3a8443",
    "HOST%20",
    "HOST%",
    // Dots and blanks.
    "HOST.",
    "HOST..",
    ".HOST",
    "..HOST",
    "www..HOST",
    " HOST",
    "HOST ",
    "\tHOST",
    "HOST\t",
    "HOST\u{a0}",
    "HOST\u{85}",
    "HOST\u{b}",
    "HOST\u{c}",
    "HOST\u{7f}",
    "HOST\u{1b}[0m",
    // Ports.
    "HOST:",
    "HOST::443",
    "HOST:443:443",
    "HOST:8443:8443",
    "HOST:0",
    "HOST:00",
    "HOST:0443",
    "HOST:08443",
    "HOST:+443",
    "HOST:-443",
    "HOST: 443",
    "HOST:443 ",
    "HOST:0x1bb",
    "HOST:443.",
    "HOST:443a",
    "HOST:https",
    // 65,536 and what is 443 and 8443 after it has wrapped.
    "HOST:65536",
    "HOST:65979",
    "HOST:73979",
    "HOST:4294967739",
    "HOST:18446744073709552059",
    "HOST:４４３",
    "HOST:٤٤٣",
    "HOST：8443",
    // Other letters that look alike, fold to ASCII, or are not seen.
    "ＨHOST",
    "\u{212A}HOST",
    "HOST\u{17F}",
    "HO\u{AD}ST.HOST",
    "\u{200B}HOST",
    "HOST\u{200B}",
    "\u{200D}HOST",
    "\u{FEFF}HOST",
    "\u{202E}HOST",
    "HOST\u{2060}",
    "а.HOST",
    "ⓐ.HOST",
    "ﬁ.HOST",
    "ß.HOST",
    "İ.HOST",
    "www\u{3002}HOST",
    "www\u{FF0E}HOST",
    "HOST\u{2024}evil",
    "HOST\u{2044}evil",
    "HOST\u{FF0F}evil",
    "HOST\u{FF20}evil",
    "HOST\u{FF03}evil",
    "münchen.HOST",
    // Addresses.
    "[HOST]",
    "[HOST",
    "HOST]",
    "[]",
    "[]HOST",
    "[::1]HOST",
    "HOST[::1]",
    "[::1",
    "::1]",
    "::1",
    "[::1%lo].HOST",
    "[::1%25lo]",
    "[fe80::1%eth0]",
    "[::g]",
    "[:::1]",
    "[1.2.3.4]",
    "[::1]:",
    "[::1]:0",
    "[::1]:443:443",
    "[[::1]]",
    "[v1.HOST]",
    "",
    ".",
    "-.",
    ":",
    ":443",
    ":8443",
    "@",
    "[",
    "/",
];

/// What stands for `protocol`.
const PROTOCOLS: &[&str] = &[
    "",
    "HTTPS",
    "Https",
    "httpS",
    "https ",
    " https",
    "https:",
    "https://",
    "https/",
    "httpss",
    "htt",
    "s",
    "ftp",
    "ftps",
    "ssh",
    "git",
    "git+https",
    "file",
    "cert",
    "imap",
    "imaps",
    "smtp",
    "ｈttps",
    "http\u{17F}",
    "https\u{200B}",
    "https%00",
    "*",
    "https;http",
    "https,http",
    "HTTP",
    "https\t",
    "data",
    "javascript",
    "ext",
];

#[test]
fn a_host_outside_the_grammar_is_no_host() {
    let place = with_accounts();
    for host in HOSTS {
        is_passed_over(&place, format!("protocol=https\nhost={}\n", place.fill(host)));
    }
    are_untouched(&place);
}

#[test]
fn another_protocol_is_none_of_ours() {
    let place = with_accounts();
    for protocol in PROTOCOLS {
        is_passed_over(&place, place.fill(&format!("protocol={protocol}\nhost=HOST\n")));
    }
    are_untouched(&place);
}

#[test]
fn bytes_that_are_no_text_are_no_host() {
    let place = with_accounts();
    let host = place.fill("HOST");
    for (before, after) in [
        (&b""[..], &b"\xFF"[..]),
        (b"\xFF", b""),
        (b"\xC0\xAE", b""),
        (b"", b"\xC0\x80"),
        (b"", b"\xE2\x80"),
        (b"\x80", b""),
        (b"", b"\xED\xA0\x80"),
        (b"", b"\x01"),
        (b"\x1B[2K", b""),
    ] {
        let request = [b"protocol=https\nhost=", before, host.as_bytes(), after, b"\n"].concat();
        is_passed_over(&place, request);
    }
    are_untouched(&place);
}

#[test]
fn what_lies_beside_an_account_is_another_place() {
    let place = with_accounts();
    for neighbour in [
        "HOST:8444",
        "HOST:844",
        "HOST:84430",
        "HOST:1",
        "HOST:80",
        "HOST:65535",
        "www.HOST",
        "HOST.test",
        "HOST-",
        "-HOST",
        "HOST_",
        "_HOST",
        "xHOST",
        "HOSTx",
        "xn--HOST",
    ] {
        let request = place.fill(&format!("protocol=https\nhost={neighbour}\n"));
        place.operation("get", &request).prints("");
        place.operation("erase", format!("{request}username=alice\npassword=t1\n")).prints("");
    }
    are_untouched(&place);
}

/// Accounts at `HOST` and `HOST:8443`, marked.
fn with_accounts() -> Home {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    place.answers("store", "protocol=https host=HOST:8443 username=alice password=t1", "");
    place.keys.mark_unwritten();
    place
}

/// Expects that no operation with this request does or says anything.
#[track_caller]
fn is_passed_over(place: &Home, request: impl AsRef<[u8]>) {
    let request = request.as_ref();
    let with_token = [request, &b"username=alice\npassword=t1\n"[..]].concat();
    let with_label = [request, &place.fill("username=HOST\npassword=t1\n").into_bytes()].concat();
    place.operation("get", request).prints("");
    place.operation("get", [request, b"username=alice\n"].concat()).prints("");
    place.operation("erase", with_token).prints("");
    place.operation("erase", request).prints("");
    // The label in the name shows what is filed, wherever that may be.
    place.operation("store", with_label).prints("");
}

#[track_caller]
fn are_untouched(place: &Home) {
    let accounts = ["https://HOST alice", "https://HOST:8443 alice"];
    assert_eq!(place.keys.accounts(), accounts.map(|text| place.fill(text)));
    assert!(place.keys.are_unwritten());
    for host in ["HOST", "HOST:8443"] {
        place.answers("get", &format!("protocol=https host={host}"), "username=alice password=t1");
    }
}
