//! The surroundings of the terminal: the machine, whether somebody would see a window on it, and a
//! page in its browser.

use std::ffi::OsString;
use std::process::{Command, Stdio};

/// Returns whether somebody is likely to see a window that opens now.
#[must_use]
pub fn is_seen() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        // These systems have no variable for a display.
        return std::env::var_os("SSH_CONNECTION").is_none();
    }
    is_seen_with(|name| std::env::var_os(name))
}

/// Returns whether somebody is likely to see a window that opens now.
fn is_seen_with(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    if variable("SSH_CONNECTION").is_some() {
        // A person who logged in from elsewhere does not see a display of this machine. One that
        // SSH forwards has a host in its name: `localhost:10.0`.
        return variable("DISPLAY")
            .is_some_and(|display| !display.as_encoded_bytes().starts_with(b":"));
    }
    variable("DISPLAY").is_some() || variable("WAYLAND_DISPLAY").is_some()
}

/// Opens a page in the desktop's browser, without waiting for it. Returns whether it was started.
#[must_use]
pub fn open_page(address: &str) -> bool {
    let mut browser = browser();
    browser.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A Ctrl-C at the next question is not meant for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut browser, 0);
    browser.spawn().is_ok()
}

/// Returns this machine's name.
#[cfg(unix)]
#[must_use]
pub fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns this machine's name.
#[cfg(not(unix))]
#[must_use]
pub fn machine() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

#[cfg(windows)]
fn browser() -> Command {
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler");
    command
}

#[cfg(target_os = "macos")]
fn browser() -> Command {
    Command::new("open")
}

#[cfg(not(any(windows, target_os = "macos")))]
fn browser() -> Command {
    Command::new("xdg-open")
}

#[cfg(test)]
mod tests {
    use super::is_seen_with;

    fn seen(set: &[(&str, &str)]) -> bool {
        is_seen_with(|name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn a_window_needs_somebody_who_sees_it() {
        assert!(seen(&[("DISPLAY", ":0")]));
        assert!(seen(&[("WAYLAND_DISPLAY", "wayland-0")]));
        assert!(!seen(&[]));
        assert!(!seen(&[("DISPLAY", "")]));
    }

    #[test]
    fn over_ssh_only_a_forwarded_display_is_seen() {
        let ssh = ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
        assert!(seen(&[ssh, ("DISPLAY", "localhost:10.0")]));
        assert!(!seen(&[ssh, ("DISPLAY", ":0")]));
        assert!(!seen(&[ssh, ("WAYLAND_DISPLAY", "wayland-0")]));
        assert!(!seen(&[ssh]));
    }
}
