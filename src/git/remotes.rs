//! The URLs of this repository's remotes. They may hold tokens, so they are wiped.

use super::ask;
use zeroize::Zeroizing;

/// Returns the URL that git uses for the remote of this name, if there is one.
pub(crate) fn url(name: &str) -> Option<Zeroizing<String>> {
    let names = ask(&["remote"])?;
    names.lines().find(|known| *known == name)?;
    let output = ask(&["remote", "get-url", name])?;
    output.lines().next().map(|url| Zeroizing::new(url.to_owned()))
}

/// A URL of a remote.
pub(crate) struct RemoteUrl {
    /// The remote's name.
    pub(crate) name: String,
    /// Whether git pushes there.
    pub(crate) is_push: bool,
    /// What git uses, which may be another than is configured.
    pub(crate) url: Zeroizing<String>,
}

/// Returns the URLs that git uses for this repository's remotes.
pub(crate) fn urls() -> Vec<RemoteUrl> {
    let names = ask(&["remote"]).unwrap_or_default();
    let mut urls = Vec::new();
    for name in names.lines() {
        for is_push in [false, true] {
            let mut arguments = vec!["remote", "get-url", "--all"];
            arguments.extend(is_push.then_some("--push"));
            arguments.push(name);
            let output = ask(&arguments).unwrap_or_default();
            urls.extend(output.lines().map(|url| RemoteUrl {
                name: name.to_owned(),
                is_push,
                url: Zeroizing::new(url.to_owned()),
            }));
        }
    }
    urls
}
