//! `watch`: the timer that has tokens checked, and what it runs.
//!
//! - [`crontab`]: a line in a real crontab. [`manager`]: a timer of a real user manager of systemd.
//! - [`rotating`]: what it may rotate.
//! - [`running`]: what the timer starts. [`telling`]: who is told.

mod crontab;
mod manager;
mod rotating;
mod running;
mod telling;

use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::keyring::{Keyring, elsewhere};
use crate::support::sandbox::Ran;
use serde_json::json;
use std::process::Command;

/// Runs this very test again as root of a namespace in which this script has made folders of the
/// system's its own. Returns whether that was done.
fn apart(test: &str, script: &str) -> bool {
    elsewhere(test, || {
        let mut command = Command::new("unshare");
        Keyring::of_this_test().enter(&mut command);
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "sh", "-c", &format!("{script} && exec \"$@\""), "sh"]);
        command
    })
}

/// Somebody with a good token, whose forge is known.
fn well() -> Home {
    let desk = Home::with_forge(GLPAT);
    let good = json!({ "scopes": ["read_repository"] });
    desk.server().forge().knows("alices", GLPAT, good);
    assert!(desk.check(&["--forge", "gitlab", "https://HOST"]).status.success());
    desk
}

/// Has the forge say that the token is revoked.
fn revoke(desk: &Home) {
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": [], "revoked": true }));
}

fn runs(desk: &Home, words: &[&str]) -> Ran {
    desk.sandbox.helper(&[&["watch", "run"], words].concat(), "")
}
