//! The lines of git's configuration that the sandbox needs, and nothing else. They lead the URLs of
//! the lent hosts to the listener, send it the key, and keep git from asking anybody for a token.
//!
//! ```text
//! [url "http://lend/github.com/"]
//!     insteadOf = https://github.com/
//! [http "http://lend/"]
//!     extraHeader = X-Lend: 0123…
//!     proxy = socks5h://localhost/run/pat/pat.sock
//! [credential]
//!     helper =
//! ```

use super::policy::Policy;
use super::request::KEY_HEADER;
use crate::context::{Context, Protocol};
use crate::credential::Username;
use crate::forge;
use crate::git::entries::Entries;
use crate::git::url;
use std::env;
use std::fmt::Write as _;
use std::path::Path;

/// The name of the one host that a client of the socket can reach.
pub(super) const HOST: &str = "lend";

/// The variables in which other programs find a token or a key, or a way to one.
const GIVERS: [&str; 12] = [
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITLAB_TOKEN",
    "GITLAB_ACCESS_TOKEN",
    "GITEA_TOKEN",
    "BITBUCKET_TOKEN",
    "HF_TOKEN",
    "CI_JOB_TOKEN",
    "GIT_ASKPASS",
    "SSH_AUTH_SOCK",
];

/// The way in which the sandbox reaches the listener.
pub(super) enum Reached<'a> {
    /// By a socket, which has this path in the sandbox.
    Socket(&'a Path),
    /// By a port of the loopback address.
    Port(u16),
}

/// Returns the URL of the listener in the sandbox.
pub(super) fn base(reached: &Reached<'_>) -> String {
    match reached {
        Reached::Socket(_) => format!("http://{HOST}/"),
        Reached::Port(port) => format!("http://127.0.0.1:{port}/"),
    }
}

/// A line of configuration: its name, `url.http://lend/github.com/.insteadOf`, and its value.
pub(super) type Line = (String, String);

/// Returns the lines for git in the sandbox.
pub(super) fn lines(
    policy: &Policy,
    names: &[(Context, Username)],
    reached: &Reached<'_>,
    key: &str,
) -> Vec<Line> {
    let base = base(reached);
    let mut lines = Vec::new();
    for host in policy.hosts() {
        for prefix in prefixes(&host, names) {
            lines.push((format!("url.{base}{}/.insteadOf", host.authority()), prefix));
        }
    }
    lines.push((format!("http.{base}.extraHeader"), format!("{KEY_HEADER}: {key}")));
    let proxy = match reached {
        Reached::Socket(path) => format!("socks5h://localhost{}", path.display()),
        // A proxy of the user's own does not lead to the listener.
        Reached::Port(_) => String::new(),
    };
    lines.push((format!("http.{base}.proxy"), proxy));
    lines.push(("credential.helper".to_owned(), String::new()));
    lines
}

/// Returns the beginnings that the URLs of a host can have.
fn prefixes(host: &Context, names: &[(Context, Username)]) -> Vec<String> {
    let mut prefixes = vec![format!("{}/", url::of(host))];
    for (_, name) in names.iter().filter(|(place, _)| place.host_level() == *host) {
        prefixes.push(format!("{}/", url::at(host, Some(name), b"")));
    }
    if host.protocol() == Protocol::Https {
        let name = host.host();
        prefixes.push(format!("ssh://git@{name}/"));
        if host.port().is_none() {
            prefixes.push(format!("git@{name}:"));
        }
    }
    prefixes
}

/// Returns the lines as a file of git's configuration.
pub(super) fn file(lines: &[Line]) -> String {
    let mut text = String::new();
    for (name, value) in lines {
        let value = quoted(value);
        let (section, rest) = name.split_once('.').unwrap_or((name, ""));
        let _ = match rest.rsplit_once('.') {
            Some((place, name)) => {
                let place = quoted(place);
                write!(text, "[{section} \"{place}\"]\n\t{name} = \"{value}\"\n")
            }
            None => write!(text, "[{section}]\n\t{rest} = \"{value}\"\n"),
        };
    }
    text
}

/// Returns a text as it stands between quotation marks in git's configuration.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for character in text.chars() {
        if matches!(character, '\\' | '"') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

/// Returns the lines as variables for git, numbered after those that this process has already.
pub(super) fn variables(lines: &[Line]) -> Vec<(String, String)> {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let before = env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(0_usize);
    let mut variables = vec![(COUNT.to_owned(), (before + lines.len()).to_string())];
    for (number, (name, value)) in lines.iter().enumerate() {
        variables.push((format!("GIT_CONFIG_KEY_{}", before + number), name.clone()));
        variables.push((format!("GIT_CONFIG_VALUE_{}", before + number), value.clone()));
    }
    variables
}

/// Returns the names of the variables that would give a command a token, or a key like one.
pub(super) fn givers() -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        let is_giver = GIVERS.contains(&name.as_str()) && !value.is_empty();
        if is_giver || forge::is_token(value.as_encoded_bytes()) {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// Returns the names of the user's own lines that win over ours at a lent host: git takes the
/// longest `insteadOf`, the first of two equal ones, and any `pushInsteadOf` before all of them.
pub(super) fn rivals(
    policy: &Policy,
    names: &[(Context, Username)],
    entries: &Entries,
) -> Vec<String> {
    let hosts = policy.hosts();
    let ours: Vec<String> = hosts.iter().flat_map(|host| prefixes(host, names)).collect();
    let wins = entries
        .named("url", "insteadof")
        .filter(|entry| ours.iter().any(|prefix| entry.value.starts_with(prefix.as_str())));
    let pushes = entries.named("url", "pushinsteadof").filter(|entry| {
        let value = entry.value.as_str();
        let meet =
            |prefix: &String| value.starts_with(prefix.as_str()) || prefix.starts_with(value);
        !policy.pushes.is_empty() && ours.iter().any(meet)
    });
    let name = |entry: &crate::git::entries::Entry| {
        let place = if forge::holds_token(entry.subsection.as_bytes()) {
            "URL"
        } else {
            entry.subsection.as_str()
        };
        format!("url.{place}.{}", entry.name)
    };
    let mut names: Vec<String> = wins.chain(pushes).map(name).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::{Reached, file, lines};
    use crate::context::Context;
    use crate::credential::Username;
    use crate::lend::policy::Policy;
    use std::path::Path;

    fn policy() -> Policy {
        let host = |protocol: &[u8], name: &[u8]| Context::of_host(protocol, name).expect("a host");
        Policy {
            reads: vec![host(b"https", b"h.example"), host(b"http", b"localhost:3000")],
            pushes: vec![],
            branches: None,
            public: false,
            lfs: false,
        }
    }

    #[test]
    fn every_spelling_of_a_lent_host_leads_to_the_listener() {
        let names = [(policy().reads[0].clone(), Username::new(b"al@ice"))];
        let lines = lines(&policy(), &names, &Reached::Port(8418), "0123");
        let all: Vec<String> =
            lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            all,
            [
                "url.http://127.0.0.1:8418/h.example/.insteadOf=https://h.example/",
                "url.http://127.0.0.1:8418/h.example/.insteadOf=https://al%40ice@h.example/",
                "url.http://127.0.0.1:8418/h.example/.insteadOf=ssh://git@h.example/",
                "url.http://127.0.0.1:8418/h.example/.insteadOf=git@h.example:",
                "url.http://127.0.0.1:8418/localhost:3000/.insteadOf=http://localhost:3000/",
                "http.http://127.0.0.1:8418/.extraHeader=X-Lend: 0123",
                "http.http://127.0.0.1:8418/.proxy=",
                "credential.helper=",
            ]
        );
    }

    #[test]
    fn a_file_of_them_is_read_by_git() {
        let lines = lines(&policy(), &[], &Reached::Socket(Path::new("/run/a b/pat.sock")), "0123");
        let text = file(&lines);
        let end = "[http \"http://lend/\"]\n\textraHeader = \"X-Lend: 0123\"\n\
                   [http \"http://lend/\"]\n\tproxy = \"socks5h://localhost/run/a b/pat.sock\"\n\
                   [credential]\n\thelper = \"\"\n";
        assert!(text.ends_with(end), "{text}");
    }
}
