//! Whether git's configuration leaves room for questions. `credential.interactive` may forbid a
//! keychain's prompts, and a question at the terminal belongs there only where git would put its
//! own. A keychain waits for the answer, so git has a deadline.

use super::command;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long git may take to say what its configuration holds.
const GIT_PATIENCE: Duration = Duration::from_secs(2);

/// Returns whether git's configuration leaves room for prompts; where git cannot be asked, it does.
pub(crate) fn leaves_room() -> bool {
    allowed_by(command())
}

/// Returns whether git itself would ask its questions on the terminal. It would not where a program
/// of the user's asks them, or where nobody may be asked.
pub(crate) fn asks_on_terminal() -> bool {
    let variable = |name: &str| env::var_os(name);
    let askpass = || value(command(), "core.askPass");
    asks_with(variable, askpass) && leaves_room()
}

/// Returns whether git asks on the terminal. Of these settings, in git's order, the first that is
/// set counts, even if it is empty.
fn asks_with(
    variable: impl Fn(&str) -> Option<OsString>,
    askpass: impl Fn() -> Option<Vec<u8>>,
) -> bool {
    let terminal = variable("GIT_TERMINAL_PROMPT");
    if terminal.is_some_and(|value| value.is_empty() || forbids(value.as_encoded_bytes())) {
        return false;
    }
    if let Some(program) = variable("GIT_ASKPASS") {
        return program.is_empty();
    }
    match askpass().as_deref() {
        Some(b"") => variable("SSH_ASKPASS").is_none_or(|program| program.is_empty()),
        Some(program) => program.trim_ascii().is_empty(),
        None => false,
    }
}

fn allowed_by(git: Command) -> bool {
    // Where a git does not answer, no window should be trusted to appear either.
    value(git, "credential.interactive").is_some_and(|value| !forbids(&value))
}

/// Returns git's value of a setting, a line or nothing, or none where git does not end in time.
/// Where git cannot be run, nothing is set.
fn value(mut git: Command, key: &str) -> Option<Vec<u8>> {
    let asked = git
        .args(["config", "--get", key])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut git) = asked else { return Some(Vec::new()) };
    let deadline = Instant::now() + GIT_PATIENCE;
    let mut answer = [0; 64];
    let mut length = 0;
    let ended = git.stdout.as_mut().is_some_and(|stdout| {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).unwrap_or_default();
            match poll(&mut [PollFd::new(&*stdout, PollFlags::IN)], Some(&left)) {
                Ok(1..) => {}
                _ => return false,
            }
            match stdout.read(&mut answer[length..]) {
                Ok(0) => return true,
                Ok(read) => length += read,
                Err(_) => return false,
            }
        }
    });
    if !ended {
        let _ = git.kill();
    }
    let _ = git.wait();
    ended.then(|| answer[..length].to_vec())
}

/// Returns whether this value means no.
fn forbids(value: &[u8]) -> bool {
    let no = [&b"false"[..], b"no", b"off", b"0", b"never"];
    no.iter().any(|no| value.trim_ascii().eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::{GIT_PATIENCE, allowed_by, asks_with, forbids};
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn gits_words_for_no_are_known() {
        for no in ["false\n", "never\n", "No\n", "off", "0"] {
            assert!(forbids(no.as_bytes()), "{no}");
        }
        for yes in ["", "true\n", "auto\n", "always\n"] {
            assert!(!forbids(yes.as_bytes()), "{yes}");
        }
    }

    #[test]
    fn git_is_asked_and_has_two_seconds() {
        let git = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        assert!(allowed_by(git("exit 1")));
        assert!(allowed_by(git("echo auto")));
        assert!(!allowed_by(git("echo false")));
        assert!(allowed_by(git("test \"$0 $*\" = 'config --get credential.interactive'")));
        assert!(!allowed_by(git("test \"$0 $1\" = 'config --get' && echo never")));
        assert!(allowed_by(Command::new("/nonexistent/git")));
        let started = Instant::now();
        assert!(!allowed_by(git("exec sleep 60")));
        assert!(started.elapsed() < GIT_PATIENCE + Duration::from_secs(5));
    }

    #[test]
    fn gits_own_order_says_whether_it_asks_on_the_terminal() {
        for (variables, askpass, asks) in [
            (&[][..], Some(&b""[..]), true),
            (&[("GIT_TERMINAL_PROMPT", "1")], Some(b""), true),
            (&[("GIT_TERMINAL_PROMPT", "0")], Some(b""), false),
            (&[("GIT_TERMINAL_PROMPT", "false")], Some(b""), false),
            (&[("GIT_TERMINAL_PROMPT", "")], Some(b""), false),
            (&[("GIT_ASKPASS", "/bin/x")], Some(b""), false),
            // An empty one takes the others away.
            (&[("GIT_ASKPASS", ""), ("SSH_ASKPASS", "/bin/x")], Some(b"/bin/y\n"), true),
            (&[], Some(b"/bin/y\n"), false),
            (&[("SSH_ASKPASS", "/bin/x")], Some(b"\n"), true),
            (&[("SSH_ASKPASS", "/bin/x")], Some(b""), false),
            (&[("SSH_ASKPASS", "")], Some(b""), true),
            (&[], None, false),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into())
            };
            let asked = asks_with(variable, || askpass.map(<[u8]>::to_vec));
            assert_eq!(asked, asks, "{variables:?} {askpass:?}");
        }
    }
}
