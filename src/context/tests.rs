//! Which texts are a context, which are none, and which context answers which request.

use super::{Context, Protocol, escape};

fn host(protocol: &str, host: &str) -> Option<String> {
    Context::of_host(protocol.as_bytes(), host.as_bytes()).map(|c| c.to_string())
}

fn answering(path: &[u8]) -> Vec<String> {
    let host = Context::of_host(b"https", b"h.example").expect("a host");
    host.answering(Some(path)).iter().map(ToString::to_string).collect()
}

#[test]
fn the_canonical_form_folds_ascii_case_and_drops_the_default_port() {
    for (protocol, given, canonical) in [
        ("https", "GitHub.COM", "https://github.com"),
        ("https", "h.example:443", "https://h.example"),
        ("http", "h.example:80", "http://h.example"),
        ("http", "h.example:443", "http://h.example:443"),
        ("https", "h.example:8443", "https://h.example:8443"),
        ("https", "a_b-c.example", "https://a_b-c.example"),
        ("https", "[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https", "[::1]", "https://[::1]"),
        ("https", "[fe80::]:8443", "https://[fe80::]:8443"),
        ("https", "[fe80::]", "https://[fe80::]"),
        ("https", "localhost", "https://localhost"),
    ] {
        assert_eq!(host(protocol, given).as_deref(), Some(canonical), "{given}");
    }
}

#[test]
fn what_is_outside_the_grammar_is_no_context() {
    for given in [
        "",
        ".",
        "h.example.",
        ".h.example",
        "h..example",
        "h.example:",
        "h.example:0",
        "h.example:08",
        "h.example:65536",
        "h.example:65979",
        "h.example:443:443",
        "h.example:+443",
        "h.example: 443",
        "h.example:４４３",
        "user@h.example",
        "h.example/x",
        "h.example\\@evil.example",
        "h.example#",
        "h.example?",
        "h example",
        " h.example",
        "h.example ",
        "h.example\t",
        "*.example",
        "h%2eexample",
        "\u{212A}ey.example",
        "h\u{AD}.example",
        "\u{202E}h.example",
        "münchen.example",
        "[::1",
        "::1",
        "[::1]x",
        "[::1%lo]",
        "[::g]",
        "[]",
        "[1.2.3.4]",
        "x[::1]",
        "[::1]:",
        "[::1]]",
        "h.example\0",
    ] {
        assert_eq!(host("https", given), None, "{given:?}");
    }
    for protocol in ["", "HTTPS", "Https", "ftp", "ssh", "cert", "https ", "https:"] {
        assert_eq!(host(protocol, "h.example"), None, "{protocol:?}");
    }
    assert!(Context::of_host(b"https", b"h.\xFFexample").is_none());
}

#[test]
fn a_context_tells_its_parts() {
    let host = Context::of_host(b"http", b"[::1]:8080").expect("a host");
    assert_eq!((host.protocol(), host.host(), host.port()), (Protocol::Http, "[::1]", Some(8080)));
    let plain = Context::of_host(b"https", b"H.example:443").expect("a host");
    assert_eq!((plain.host(), plain.port()), ("h.example", None));
    let scoped = host.scoped(b"a/b").expect("a scope");
    assert!(scoped.is_scoped() && !host.is_scoped());
    assert_eq!(scoped.host_level(), host);
}

#[test]
fn a_request_is_answered_from_whole_segments_the_most_specific_first() {
    assert_eq!(
        answering(b"team/repo.git/info/lfs"),
        [
            "https://h.example/team/repo.git/info/lfs",
            "https://h.example/team/repo.git/info",
            "https://h.example/team/repo",
            "https://h.example/team",
            "https://h.example"
        ]
    );
}

#[test]
fn a_place_is_answered_from_itself_and_then_outwards() {
    let outwards = |text: &str| {
        let context = Context::from_canonical(text).expect(text);
        context.outwards().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        outwards("https://h.example/team.git/repo"),
        ["https://h.example/team.git/repo", "https://h.example/team", "https://h.example"]
    );
    assert_eq!(outwards("https://h.example"), ["https://h.example"]);
}

#[test]
fn a_path_that_could_mean_another_place_meets_no_scope() {
    let deep = [b"x/".repeat(32), b"x".to_vec()].concat();
    for path in [
        &b"a/../b"[..],
        b"./a",
        b"a//b",
        b"/a",
        b"a/",
        b"..",
        b"a/%2e%2E/b",
        b"a/.%2e/b",
        b"a/%2E./b",
        b"a/%2e/b",
        &deep,
    ] {
        assert_eq!(answering(path), ["https://h.example"], "{:?}", escape(path));
    }
    assert_eq!(answering(&deep[2..]).len(), 33);
}

#[test]
fn a_scope_drops_exactly_one_git_suffix() {
    let host = Context::of_host(b"https", b"h.example").expect("a host");
    let scope = |path: &[u8]| host.scoped(path).map(|c| c.to_string());
    assert_eq!(scope(b"a/b.git").as_deref(), Some("https://h.example/a/b"));
    assert_eq!(scope(b"a.git/b").as_deref(), Some("https://h.example/a.git/b"));
    assert_eq!(scope(b"").as_deref(), Some("https://h.example"));
    assert_eq!(scope(b"a/.git"), None);
    assert_eq!(scope(b"a/b.git.git"), None);
    assert!(!answering(b"a/b.git.git").contains(&"https://h.example/a/b".to_owned()));
}

#[test]
fn a_name_that_without_its_git_suffix_is_a_dot_or_two_has_no_scope() {
    let host = Context::of_host(b"https", b"h.example").expect("a host");
    for path in [&b"..git"[..], b"...git", b"a/..git", b"a/...git", b"a/%2E.git"] {
        assert_eq!(host.scoped(path), None, "{:?}", escape(path));
    }
    assert_eq!(answering(b"a/..git"), ["https://h.example/a", "https://h.example"]);
    assert_eq!(answering(b"..git/a")[0], "https://h.example/..git/a");
}

#[test]
fn the_canonical_form_reads_back_and_nothing_else_does() {
    let host = Context::of_host(b"https", b"[::1]:8443").expect("a host");
    let odd = host.scoped("a b/100%/\u{e4}/\u{85}\n/".as_bytes());
    assert!(odd.is_none(), "a trailing slash is an empty segment");
    let odd = host.scoped(b"a b/100%/\xC3\xA4/\xFF/\x01").expect("a scope");
    assert_eq!(odd.to_string(), "https://[::1]:8443/a b/100%25/\u{e4}/%FF/%01");
    assert_eq!(Context::from_canonical(&odd.to_string()), Some(odd));
    for text in [
        "https://H.example",
        "https://h.example:443",
        "https://h.example/",
        "h.example",
        "https://h.example/a.git",
        "https://h.example/%41",
        "https://h.example/%zz",
        "https://h.example/%c3%a4",
        "https://h.example/a/",
        "https:///a",
        "",
    ] {
        assert_eq!(Context::from_canonical(text), None, "{text:?}");
    }
}

#[test]
fn only_loopback_may_be_unencrypted() {
    let exposes =
        |host: &str| Context::of_host(b"http", host.as_bytes()).expect("a host").exposes_secrets();
    for loopback in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:3000", "[::1]"] {
        assert!(!exposes(loopback), "{loopback}");
    }
    for other in [
        "h.example",
        "128.0.0.1",
        "127.0.0.1.example",
        "127.1",
        "localhost.example",
        "[::2]",
        "notlocalhost",
        "0127.0.0.1",
        "[::ffff:127.0.0.1]",
    ] {
        assert!(exposes(other), "{other}");
    }
    assert!(!Context::of_host(b"https", b"h.example").expect("a host").exposes_secrets());
}
