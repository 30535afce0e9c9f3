//! The URLs of this repository's remotes. They may hold tokens, so they are wiped.

use super::ask;
use zeroize::Zeroizing;

/// Returns the URLs that git uses for this repository's remotes.
pub(crate) fn urls() -> Vec<Zeroizing<String>> {
    let names = ask(&["remote"]).unwrap_or_default();
    let mut urls = Vec::new();
    for name in names.lines() {
        for arguments in [&["remote", "get-url", name][..], &["remote", "get-url", "--push", name]]
        {
            let output = ask(arguments).unwrap_or_default();
            urls.extend(output.lines().map(|url| Zeroizing::new(url.to_owned())));
        }
    }
    urls
}
