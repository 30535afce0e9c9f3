//! A store that is killed, at every call that it makes to the kernel's keyring. Afterwards the old
//! token or the new one is there, never none and never both. (`faults` does the same for the Secret
//! Service, at every call on the bus.)

use crate::support::home::Home;
use crate::support::residue::Needles;
use crate::support::tracee::{Calls, Kill, watch, watch_and_kill};

const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";

const REQUEST: &str = "protocol=https\nhost=HOST\n";

/// Returns what git sends with a token of alice's.
fn with(token: &str) -> String {
    format!("{REQUEST}username=alice\npassword={token}\n")
}

fn operation(home: &Home, operation: &str, request: &str) -> String {
    let ran = home.operation(operation, home.fill(request));
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    ran.stdout()
}

/// Kills an operation at its first call to the keyring, at its second, and so on until it ends by
/// itself; each time before the call and after it.
fn killed_at_every_call(arguments: &str, token: &str, may_be: [Option<&str>; 2]) {
    let home = Home::bare();
    let nothing = Needles::new(&[]);
    let request = home.fill(&with(token));
    // Count the calls first.
    operation(&home, "store", &with(OLD));
    let calls = watch(&home.helper_string(arguments), request.as_bytes(), &nothing).keyring_calls;
    assert!(calls > 2, "{calls} calls");
    let mut killed = 0;
    for at in 1..=calls {
        for after in [false, true] {
            operation(&home, "erase", &format!("{REQUEST}username=alice\n"));
            operation(&home, "store", &with(OLD));
            let kill = Kill { of: Calls::ToKeyring, at, after };
            let command = home.helper_string(arguments);
            let seen = watch_and_kill(&command, request.as_bytes(), &nothing, Some(kill));
            // It searches again where another test's key goes meanwhile, so the number of calls
            // differs.
            assert!(seen.status == 128 + 9 || seen.status == 0, "{kill:?}: {seen}");
            killed += usize::from(seen.status != 0);
            let answer = operation(&home, "get", REQUEST);
            let is_one = may_be.iter().any(|token| {
                let lines = token.map(|t| format!("username=alice\npassword={t}\n"));
                answer == lines.unwrap_or_default()
            });
            assert!(is_one, "{kill:?}: {answer:?}");
            let is_kept_longer = answer.contains(NEW) && !home.keys.end_by_themselves();
            assert!(!is_kept_longer || !arguments.contains("--timeout"), "{kill:?}");
            // A rejected token stays in its item, and a new one takes the old one's place.
            assert_eq!(home.keys.accounts().len(), 1, "{kill:?}");
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
