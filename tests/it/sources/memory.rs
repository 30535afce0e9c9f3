//! Nothing remains of a token that came from a file or a command.

use super::{REQUEST, answer, write};
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::sandbox::Sandbox;
use crate::support::tracee::watch;

#[test]
fn nothing_is_left_of_a_token_that_a_source_gave() {
    let token = "ghp_TESTONLYq7Rk2Zb9LxV3mN8pWd5sYc1Ga6Hj";
    let sandbox = Sandbox::new();
    let path = write(&sandbox, "token", token, 0o600);
    let needles = Needles::new(&[token.as_bytes()]);
    for origin in [["--file", &path], ["--command", "cat token"]] {
        let mut command = sandbox.command(release_binary());
        command.args(["--for", "https://h.example"]).args(origin).arg("get");
        let seen = watch(&command, REQUEST.as_bytes(), &needles);
        assert_eq!(seen.stdout, answer(token).as_bytes(), "{seen}");
        let clean = seen.residue.is_empty() && seen.unprotected.is_empty();
        assert!(clean && seen.most_copies[0] <= 1, "{origin:?} {seen}");
    }
}
