//! What is left of a revocation that is killed.

use super::safety::{TOKEN, WORDS, alive, command, desk};
use super::says;
use crate::support::residue::Needles;
use crate::support::tracee::{Calls, Kill, watch, watch_and_kill};

/// A kill before and after each call that reads or changes a keychain or a disk, and in between
/// while the forge is asked.
#[test]
fn a_revocation_that_is_killed_leaves_the_token_alive_and_kept_or_dead_and_found_out() {
    let desk = desk();
    let forge = desk.server().forge();
    let nothing = Needles::new(&[]);
    let seen = watch(&command(&desk), b"", &nothing);
    assert_eq!(seen.status, 0, "{seen}");
    assert!(seen.keyring_calls > 4, "{seen}");
    let (mut killed, mut dead_and_here) = (0, 0);
    for at in 1..=seen.keyring_calls {
        for after in [false, true] {
            desk.keep("", "alice", TOKEN);
            alive(&desk);
            let kill = Kill { of: Calls::ToKeyring, at, after };
            let seen = watch_and_kill(&command(&desk), b"", &nothing, Some(kill));
            assert!(seen.status == 128 + 9 || seen.status == 0, "{kill:?}: {seen}");
            killed += usize::from(seen.status != 0);
            let (is_dead, kept) = (forge.is_revoked("alices"), desk.kept());
            if is_dead && !kept.is_empty() {
                dead_and_here += 1;
                says(&desk.revoke(&WORDS), 0, &["it was dead already", "deleted the account"]);
            } else if !is_dead {
                assert_eq!(kept, ["alice ready"], "{kill:?}");
            }
        }
    }
    assert!(killed > 6 && dead_and_here > 1, "killed {killed}, dead and here {dead_and_here}");
}
