//! Recognises what people type instead of a host's URL: an address for SSH, a name with a dot at
//! its end, a page of a repository. Each has its own message with the right form.

use crate::context::Context;
use crate::error::{self, Error};
use crate::forge::{self, Forge, Id};

/// Returns the error that says why this is no URL of a host, if the reason is known.
pub(super) fn refusal(text: &str) -> Option<Error> {
    if let Some(ssh) = Ssh::of(text) {
        let form = ssh.https().unwrap_or_else(|| "the one that begins with https://".to_owned());
        return Some(told(format!(
            "this is an address for SSH, which takes no token: type {form}"
        )));
    }
    let (protocol, rest) = text.split_once("://").unwrap_or(("https", text));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.contains('*') {
        return Some(Error::Usage("there are no wildcards: name the host that the token is for"));
    }
    let (name, port) = host[host.rfind(']').unwrap_or(0)..].find(':').map_or((host, None), |at| {
        let at = at + host.rfind(']').unwrap_or(0);
        (&host[..at], Some(&host[at + 1..]))
    });
    // The text before an `@` may be a password. A port is a number.
    if let Some(port) = port
        && !is_port(port)
        && !authority.contains('@')
    {
        return Some(Error::Usage("a port is a number from 1 to 65535"));
    }
    let form = |host: &str| {
        let context = Context::of_host(protocol.as_bytes(), host.as_bytes())?;
        let context = context.scoped(path.trim_matches('/').as_bytes())?;
        (!forge::is_in_context(&context)).then(|| context.to_string())
    };
    if let Some(form) = name.strip_suffix('.').filter(|_| port.is_none()).and_then(form) {
        return Some(told(format!("a host's name ends without a dot: type {form}")));
    }
    let is_bare = !text.contains("://") && host == authority;
    let known =
        Id::ALL.map(Id::forge).into_iter().find(|forge| name.eq_ignore_ascii_case(forge.word()));
    let form = known.filter(|_| is_bare).and_then(Forge::main_host).and_then(form)?;
    Some(told(format!("no host of this name is known: type {form}")))
}

/// Returns whether this is an address for SSH.
pub(super) fn is_for_ssh(text: &str) -> bool {
    Ssh::of(text).is_some()
}

fn is_port(text: &str) -> bool {
    // A library drops zeros at the beginning, too.
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Returns an error with a URL in it. The URL has passed the grammar, so it holds no token.
fn told(text: String) -> Error {
    Error::Usage(error::kept(text))
}

/// An address for SSH: `ssh://git@h.example:22/o/r.git`, or `git@h.example:o/r.git`.
struct Ssh<'a> {
    host: &'a str,
    path: &'a str,
}

impl<'a> Ssh<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if let Some((protocol, rest)) = text.split_once("://") {
            let is_ssh =
                ["ssh", "git+ssh", "ssh+git"].iter().any(|p| protocol.eq_ignore_ascii_case(p));
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            return is_ssh.then_some(Self { host, path });
        }
        let (before, path) = text.split_once(':')?;
        let (user, host) = before.split_once('@').map_or((None, before), |(u, h)| (Some(u), h));
        // No part of a password must be taken for a path, and digits are a port.
        let is_path = path.contains('/') && !path.contains('@');
        let is_port =
            path.split('/').next().is_some_and(|first| first.bytes().all(|b| b.is_ascii_digit()));
        let is_scp =
            is_path && !is_port && !host.contains('/') && (user.is_some() || host.contains('.'));
        is_scp.then_some(Self { host, path })
    }

    /// Returns the URL of the same repository for HTTPS.
    fn https(&self) -> Option<String> {
        let host = Context::of_host(b"https", self.host.as_bytes())?;
        let context = host.scoped(self.path.trim_matches('/').as_bytes())?;
        (!forge::is_in_context(&context)).then(|| context.to_string())
    }
}

/// Returns the repository to which a page belongs, if this is the address of a page.
pub(super) fn repository_of_page(context: &Context) -> Option<Context> {
    const PAGES: [&[u8]; 6] = [b"tree", b"blob", b"blame", b"raw", b"commit", b"commits"];
    let path = context.path();
    let segments: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    let forge = forge::at(context).map(Forge::id);
    // On these forges, a repository is always the second part of the path.
    let is_flat = matches!(forge, Some(Id::GitHub | Id::Bitbucket | Id::Gitea));
    let follows = |at: usize| segments.get(at + 1).copied();
    let begins_page = |at: usize| match segments[at] {
        b"-" => true,
        b"src" => matches!(follows(at), Some(b"branch" | b"commit" | b"tag")),
        segment => at >= 2 && PAGES.contains(&segment) && follows(at).is_some(),
    };
    let end = if is_flat && segments.len() > 2 {
        2
    } else {
        (1..segments.len()).find(|&at| begins_page(at))?
    };
    context.host_level().scoped(&segments[..end].join(&b'/'))
}
