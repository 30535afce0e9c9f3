//! The URLs of this repository's remotes. They may hold tokens: they are kept wiped.

use super::{Failed, ask, change, config};
use zeroize::Zeroizing;

/// The URLs that git comes to for this repository's remotes.
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

/// `KEY LF URL NUL` for each URL in this repository's own configuration; nothing outside of a
/// repository, or where there is none.
pub(crate) fn settings() -> Option<Zeroizing<Vec<u8>>> {
    let mut command = config();
    command.args(["--local", "--null", "--get-regexp", r"^remote\..*\.(push)?url$"]);
    let output = command.output().ok()?;
    output.status.success().then(|| Zeroizing::new(output.stdout))
}

/// Gives one of these settings another value, in place of what the pattern matches.
///
/// # Errors
/// Where git does not, with its reason.
pub(crate) fn set(key: &str, new: &str, old: &str) -> Result<(), Failed> {
    change(&["--local", key, new, old])
}
