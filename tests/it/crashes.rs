//! A store that is killed, at every call that it makes to the kernel's keyring: afterwards
//! the old token is there or the new one, never none and never both. (For the Secret
//! Service the same is done at every call on the bus, in `faults`.)

use crate::support::kernel::Keys;
use crate::support::residue::Needles;
use crate::support::sandbox::{BINARY, Sandbox};
use crate::support::tracee::{Calls, Kill, watch, watch_and_kill};
use std::process::Command;

const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";

struct Place {
    sandbox: Sandbox,
    keys: Keys,
}

impl Place {
    fn request(&self) -> String {
        format!("protocol=https\nhost={}\n", self.keys.host("h"))
    }

    fn with(&self, token: &str) -> String {
        format!("{}username=alice\npassword={token}\n", self.request())
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.args(["--keychain", "kernel"]).args(arguments.split(' '));
        command
    }

    fn helper(&self, arguments: &str, request: &str) -> String {
        let ran = self.sandbox.helper(
            &["--keychain", "kernel"].into_iter().chain(arguments.split(' ')).collect::<Vec<_>>(),
            request,
        );
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
        ran.stdout()
    }
}

/// Kills an operation at its first call to the keyring, at its second, and so on until it
/// gets through; each time before the call and after it.
fn killed_at_every_call(arguments: &str, token: &str, may_be: [Option<&str>; 2]) {
    let place = Place { sandbox: Sandbox::new(), keys: Keys::new() };
    let nothing = Needles::new(&[]);
    let request = place.with(token);
    // How many calls there are.
    place.helper("store", &place.with(OLD));
    let calls = watch(&place.command(arguments), request.as_bytes(), &nothing).keyring_calls;
    assert!(calls > 2, "{calls} calls");
    let mut killed = 0;
    for at in 1..=calls {
        for after in [false, true] {
            place.helper("erase", &format!("{}username=alice\n", place.request()));
            place.helper("store", &place.with(OLD));
            let kill = Kill { of: Calls::ToKeyring, at, after };
            let command = place.command(arguments);
            let seen = watch_and_kill(&command, request.as_bytes(), &nothing, Some(kill));
            // It looks again where another test's key goes meanwhile: calls more or less.
            assert!(seen.status == 128 + 9 || seen.status == 0, "{kill:?}: {seen}");
            killed += usize::from(seen.status != 0);
            let answer = place.helper("get", &place.request());
            let is_one = may_be.iter().any(|token| {
                let lines = token.map(|t| format!("username=alice\npassword={t}\n"));
                answer == lines.unwrap_or_default()
            });
            assert!(is_one, "{kill:?}: {answer:?}");
            let is_kept_longer = answer.contains(NEW) && !place.keys.end_by_themselves();
            assert!(!is_kept_longer || !arguments.contains("--timeout"), "{kill:?}");
            // A rejected token is kept, as a new one takes the old one's place.
            assert_eq!(place.keys.accounts().len(), 1, "{kill:?}");
        }
    }
    assert!(killed > 4, "killed {killed} times");
}

#[test]
fn a_store_that_is_killed_leaves_the_old_or_the_new_token() {
    killed_at_every_call("store", NEW, [Some(OLD), Some(NEW)]);
}

#[test]
fn a_store_with_a_timeout_that_is_killed_leaves_the_old_or_the_new_token() {
    killed_at_every_call("--timeout 3000 store", NEW, [Some(OLD), Some(NEW)]);
}

#[test]
fn a_rejecting_erase_that_is_killed_has_rejected_the_token_or_not() {
    killed_at_every_call("erase", OLD, [Some(OLD), None]);
}
