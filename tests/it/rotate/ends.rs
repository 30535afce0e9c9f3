//! How a rotation ends that nothing disturbs.

use super::{OLD, said};
use crate::check::GLPAT;
use crate::support::home::Home;

#[test]
fn a_rotation_ends_with_a_new_token_that_git_is_given() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    assert_eq!(forge.issued(), [format!("{OLD} {OLD}-2")]);
    assert_eq!(forge.living(), [format!("{OLD}-2")]);
    assert_eq!(desk.token_for_git(), forge.token("old-2"));
    let said = said(&ran);
    assert!(said.contains("the new token is here and good"), "{said}");
    assert!(said.contains("in memory"), "{said}");
    assert!(!said.contains(GLPAT) && !said.contains(&forge.token("old-2")), "{said}");
}

#[test]
fn a_forge_that_says_no_leaves_the_old_token() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    forge.set("lifetime", "30");
    let ran = desk.rotate(&["--unattended", "--expires", "2099-01-01", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert_eq!(forge.living(), [OLD]);
    assert_eq!(desk.token_for_git(), GLPAT);
    let said = said(&ran);
    assert!(said.contains("so the old token stays as it was"), "{said}");
    let ran = desk.rotate(&["--unattended", "--expires", "20d", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
}
