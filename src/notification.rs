//! `--notify`: what get says of an account that does not answer, as a notification of the desktop.
//! An editor, or whatever else runs git without a terminal, shows its stderr to nobody.
//!
//! It is sent after git has its answer, at most once an hour for an account, and takes 200 ms at
//! most. Where there is no session bus, nothing happens.

use crate::stamp;
use crate::state_folder;
use crate::terminal;
use crate::time::HOUR;

/// Sends a line and a hint about the account that these fields name, where no terminal shows them.
pub(crate) fn send(line: &str, hint: &str, account: &[&[u8]], now: u64) {
    let fields: Vec<&[u8]> = account.iter().copied().chain([&b"notified"[..]]).collect();
    if !terminal::stderr_is_terminal()
        && let Some(folder) = state_folder::made()
        && stamp::is_first(&folder, &fields, 0, now, HOUR)
    {
        show(&[line, hint]);
    }
}

/// Sends what a watch has found: so many lines as people read, and how many more there are.
pub(crate) fn report(lines: &[String], hint: &str) {
    const MOST: usize = 3;
    let rest = lines.len().saturating_sub(MOST);
    let more = format!("and {rest} more");
    let mut shown: Vec<&str> = lines.iter().take(MOST).map(String::as_str).collect();
    if rest > 0 {
        shown.push(&more);
    }
    shown.push(hint);
    show(&shown);
}

#[cfg(all(unix, not(target_os = "macos")))]
fn show(lines: &[&str]) {
    use crate::context::shown;
    let lines: Vec<String> = lines.iter().map(|line| shown(line).into_owned()).collect();
    crate::keychain::secret_service::notify(terminal::NAME, &escaped(&lines.join("\n")));
}

#[cfg(any(not(unix), target_os = "macos"))]
fn show(_: &[&str]) {}

/// Returns a text in which a desktop sees no markup.
#[cfg(all(unix, not(target_os = "macos")))]
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::escaped;

    #[test]
    fn no_name_is_markup() {
        assert_eq!(escaped("<a href=\"x\">&amp;</a>"), "&lt;a href=\"x\"&gt;&amp;amp;&lt;/a&gt;");
    }
}
