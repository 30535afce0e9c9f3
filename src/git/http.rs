//! How git connects to a URL by HTTP, for another program that is to connect in the same way.
//!
//! git itself says which of its settings count there. A repository's own do not: it may be a
//! stranger's, and what is asked through them is ours, not git's.

use super::config;
use crate::child::{self, Bounds, Stand};
use std::time::Instant;
use zeroize::Zeroizing;

/// Names and values.
pub(crate) type Settings = Vec<(String, Zeroizing<String>)>;

/// How much git may print.
const MOST: usize = 256 * 1024;

/// Returns the settings of `http`, by their names in lower case, that count at a URL. Of one that
/// can stand several times, all are there. Where git cannot be asked, there are none.
pub(crate) fn settings(url: &str, deadline: Instant) -> Settings {
    let mut settings = asked(&["--get-urlmatch", "http", url], deadline);
    // git gives the last alone.
    settings.retain(|(name, _)| name != "curloptresolve");
    settings.extend(
        asked(&["--get-regexp", r"^http\.curloptresolve$"], deadline)
            .into_iter()
            .filter(|(_, value)| !value.is_empty()),
    );
    settings
}

fn asked(arguments: &[&str], deadline: Instant) -> Settings {
    let mut git = config();
    for variable in ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"] {
        git.env_remove(variable);
    }
    git.current_dir("/").arg("--null").args(arguments);
    let bounds = Bounds { deadline, stdout: Some(MOST), stderr: None };
    let Ok(output) = child::run(git, None, Stand::Apart, &bounds) else { return Vec::new() };
    let mut settings = Vec::new();
    for line in output.stdout.split(|&byte| byte == 0).filter(|line| !line.is_empty()) {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        // A setting without a value means yes.
        let (key, value) = line.split_once('\n').unwrap_or((line, "true"));
        let name = key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        settings.push((name, Zeroizing::new(value.to_owned())));
    }
    settings
}
