//! Matches hosts and paths. Hosts with the same key are one endpoint for the `url` crate and for
//! libcurl. A scope that answers a path leads to it. A canonical form is canonical.
//!
//! Input: a digit for the protocol, then two hosts, a path and a text that may be canonical,
//! separated by LF.
#![no_main]

use git_credential_pat::context::{Context, Protocol, escape, unescape};
use git_credential_pat_fuzz::curl;
use libfuzzer_sys::fuzz_target;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

fuzz_target!(|data: &[u8]| {
    let Some((&digit, rest)) = data.split_first() else { return };
    let mut parts = rest.splitn(4, |&b| b == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (host, other, path, text) = (part(), part(), part(), part());
    let protocol = if digit % 2 == 0 { "https" } else { "http" };

    let context = Context::of_host(protocol.as_bytes(), host);
    if let Some(context) = &context {
        is_the_endpoint(context, protocol, host);
        answers_its_paths(context, path);
    }
    let other_context = Context::of_host(protocol.as_bytes(), other);
    if context.is_some() && context == other_context {
        // The hosts have one key, so no reader may see two endpoints in them.
        assert_eq!(by_url(protocol, host), by_url(protocol, other));
        assert_eq!(by_curl(protocol, host), by_curl(protocol, other));
    }
    assert!(unescape(&escape(text)).as_deref() == Some(text), "escaping lost something");
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = unescape(text);
        if let Some(context) = Context::from_canonical(text) {
            assert_eq!(context.to_string(), text, "not canonical");
        }
    }
});

/// A host and its port.
type Endpoint = (String, u16);

fn default_port(protocol: &str) -> u16 {
    if protocol == "https" { 443 } else { 80 }
}

/// Returns the endpoint as the `url` crate reads it, or nothing where the crate refuses the host.
fn by_url(protocol: &str, host: &[u8]) -> Option<Endpoint> {
    let url = Url::parse(&format!("{protocol}://{}/p", std::str::from_utf8(host).ok()?)).ok()?;
    let whole = url.username().is_empty() && url.password().is_none() && url.path() == "/p";
    assert!(whole && url.scheme() == protocol, "a part of the host is none of a host");
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// Returns the endpoint as libcurl reads it, or nothing where libcurl refuses the host.
fn by_curl(protocol: &str, host: &[u8]) -> Option<Endpoint> {
    let url = format!("{protocol}://{}/p", std::str::from_utf8(host).ok()?);
    let (host, port) = curl::host_and_port(&url)?;
    Some((host.to_ascii_lowercase(), port.unwrap_or(default_port(protocol))))
}

fn is_the_endpoint(context: &Context, protocol: &str, host: &[u8]) {
    let canonical = context.to_string();
    assert_eq!(Context::from_canonical(&canonical).as_ref(), Some(context), "{canonical}");
    let (_, name) = canonical.split_once("://").expect("a canonical form has a protocol");
    let again = Context::of_host(protocol.as_bytes(), name.as_bytes());
    assert_eq!(again.as_ref(), Some(context), "the canonical form is another place");

    let port = context.port().unwrap_or(default_port(protocol));
    let name = context.host();
    for (reader, raw, cooked) in [
        ("url", by_url(protocol, host), by_url(protocol, canonical_host(&canonical))),
        ("curl", by_curl(protocol, host), by_curl(protocol, canonical_host(&canonical))),
    ] {
        assert_eq!(raw, cooked, "{reader} sees another place in the canonical form");
        // Readers rewrite addresses, so these are compared as numbers below.
        let Some((their_host, their_port)) = raw else { continue };
        assert_eq!(their_port, port, "{reader}");
        let address = their_host.parse::<Ipv4Addr>().is_ok() || their_host.starts_with('[');
        assert!(address || their_host == name, "{reader} goes to {their_host}, not {name}");
    }
    let url = Url::parse(&canonical).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv6(theirs)) => {
            let ours = name.trim_matches(['[', ']']).parse::<Ipv6Addr>();
            assert_eq!(ours, Ok(theirs), "another address");
        }
        Some(Host::Ipv4(theirs)) if name.parse::<Ipv4Addr>().is_ok() => {
            assert_eq!(name.parse::<Ipv4Addr>(), Ok(theirs), "another address");
        }
        _ => {}
    }
    if context.protocol() == Protocol::Http && !context.exposes_secrets() {
        let stays = match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        assert!(stays, "{canonical} is taken for this machine");
    }
}

fn canonical_host(canonical: &str) -> &[u8] {
    canonical.split_once("://").map_or(b"", |(_, host)| host.as_bytes())
}

/// Expects that every context that answers a path is of this host, and that its scope is the path
/// or a folder above it.
fn answers_its_paths(host: &Context, path: &[u8]) {
    let contexts = host.answering(Some(path));
    assert_eq!(contexts.last(), Some(host), "the host answers last");
    let mut above = usize::MAX;
    for context in &contexts {
        assert_eq!(context.host_level(), *host, "another host answers");
        assert_eq!(Context::from_canonical(&context.to_string()).as_ref(), Some(context));
        let scope = scope(host, context);
        assert!(scope.len() < above, "the most specific is not first");
        above = scope.len();
        assert_eq!(context.is_scoped(), !scope.is_empty());
        if let Some(rest) = path.strip_prefix(&*scope) {
            let rest = rest.strip_prefix(b".git").unwrap_or(rest);
            let whole = scope.is_empty() || rest.is_empty() || rest[0] == b'/';
            assert!(whole, "a part of a segment answers");
        } else {
            panic!("a scope answers that does not lead to the path");
        }
    }
    if !path.is_empty()
        && let Some(scoped) = host.scoped(path)
    {
        assert_eq!(contexts.first(), Some(&scoped), "an account's own path does not find it");
    }
    let folders = path.split(|&b| b == b'/');
    if folders.clone().any(|f| matches!(f, b"" | b"." | b"..")) || folders.count() > 32 {
        assert_eq!(contexts.len(), 1, "a path that is none has a scope");
    }
}

fn scope(host: &Context, context: &Context) -> Vec<u8> {
    let (host, whole) = (host.to_string(), context.to_string());
    let scope = whole.strip_prefix(&host).expect("a scope comes after its host");
    unescape(scope.strip_prefix('/').unwrap_or(scope)).expect("a canonical scope")
}
