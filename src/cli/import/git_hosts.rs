//! Finds the hosts with which git is used, as far as they are known. Every program may use
//! `.netrc`: its entry for a mail server is no token of git's, and the mail program would miss it.

use crate::credential::Credential;
use crate::error::Error;
use crate::forge;
use crate::git::Failed;
use crate::git::entries::Entries;
use std::collections::BTreeSet;

/// The reason why an entry of `.netrc` is left alone.
pub(super) const NO_GIT_HOST: &str =
    "nothing says that git uses this host: name its URL to import it";

/// The sections whose subsections and values are URLs of git's.
const SECTIONS: [&str; 7] = ["remote", "url", "credential", "http", "submodule", "lfs", "branch"];

/// The beginnings of labels in the names of such hosts.
const LABELS: [&str; 4] = ["git", "bitbucket", "forgejo", "codeberg"];

/// The hosts that git's configuration names.
pub(super) struct GitHosts(BTreeSet<String>);

impl GitHosts {
    /// Reads the hosts from git's configuration.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    pub(super) fn known() -> Result<Self, Error> {
        let entries = Entries::read().map_err(Failed::tell)?;
        let mut hosts = BTreeSet::new();
        for entry in SECTIONS.iter().flat_map(|section| entries.of(section)) {
            if !entry.name.contains("proxy") {
                hosts.extend([&entry.subsection, &entry.value].into_iter().filter_map(|t| host(t)));
            }
        }
        Ok(Self(hosts))
    }

    /// Returns whether a token is for one of these hosts, or for a host whose name is like git's,
    /// or has the form of a forge's token.
    pub(super) fn have(&self, token: &Credential) -> bool {
        let host = token.context.host();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_label = |label: &str| LABELS.iter().any(|beginning| label.starts_with(beginning));
        self.0.contains(name)
            || self.0.contains(host)
            || forge::likely_at(&token.context).is_some()
            || forge::is_token(token.token.expose())
            || name.split('.').any(is_label)
    }
}

/// Returns the host of a URL, or of `user@host:path`, without a port.
fn host(text: &str) -> Option<String> {
    let authority = match text.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next()?,
        None => text.split_once(':').map(|(host, _)| host).filter(|host| host.contains('@'))?,
    };
    let host = authority.rsplit('@').next()?;
    let host = match host.split_once(']') {
        Some((address, _)) => format!("{address}]"),
        None => host.split(':').next()?.to_owned(),
    };
    Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty() && !host.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_found_however_its_url_is_written() {
        for (text, found) in [
            ("https://a:TESTONLY@Git.Example:8443/x", Some("git.example")),
            ("ssh://git@h.example/x", Some("h.example")),
            ("git@h.example:team/repo", Some("h.example")),
            ("https://[::1]:8443/x", Some("[::1]")),
            ("origin", None),
            ("+refs/heads/*:refs/remotes/origin/*", None),
            ("https://", None),
        ] {
            assert_eq!(host(text).as_deref(), found, "{text}");
        }
    }
}
