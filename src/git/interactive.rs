//! Whether git's `credential.interactive` leaves room for a keychain's prompts. A keychain waits
//! for the answer, so git has a deadline.

use super::command;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long git may take to say what its configuration holds.
const GIT_PATIENCE: Duration = Duration::from_secs(2);

/// Whether git's configuration leaves room for prompts; where git cannot be asked it does.
pub(crate) fn leaves_room() -> bool {
    allowed_by(command())
}

fn allowed_by(mut git: Command) -> bool {
    let asked = git
        .args(["config", "--get", "credential.interactive"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut git) = asked else { return true };
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
    // A git that does not answer runs where no window should be trusted to appear either.
    ended && !forbids(&answer[..length])
}

/// Whether this value of `credential.interactive` means no.
fn forbids(value: &[u8]) -> bool {
    let no = [&b"false"[..], b"no", b"off", b"0", b"never"];
    no.iter().any(|no| value.trim_ascii().eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::{GIT_PATIENCE, allowed_by, forbids};
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
}
