//! Nothing of the old or the new token remains when `rotate` ends, and none is written but into the
//! keychain and to curl.

use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::tracee::watch;

#[test]
fn neither_token_remains_when_a_rotation_ends() {
    let desk = Home::with_gitlab();
    let next = "glpat-TESTONLYnext00000002";
    let needles = Needles::new(&[GLPAT.as_bytes(), next.as_bytes()]);
    let mut command = desk.sandbox.command(release_binary());
    let url = desk.url("");
    command.args(["rotate", "--forge", "gitlab", "--unattended", "--keychain", desk.keychain]);
    command.arg(url.trim_end_matches('/'));
    command.envs([("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace"), ("GIT_TRACE", "1")]);
    let seen = watch(&command, b"", &needles);
    assert_eq!(seen.status, 0, "{seen}");
    assert_eq!(desk.token_for_git(), next, "{seen}");
    assert!(seen.residue.is_empty(), "{seen}");
    assert!(seen.unprotected.is_empty(), "{seen}");
    let elsewhere = |place: &&String| *place != "keyring" && !place.starts_with("file ");
    assert_eq!(seen.written_to.iter().find(elsewhere), None, "{seen}");
}
