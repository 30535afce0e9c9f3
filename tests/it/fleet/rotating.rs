//! One machine rotates the token that the runners share, as `examples/fleet/rotate.sh` does.

use super::Fleet;
use crate::support::home::Home;
use crate::support::onlooker::Onlooker;
use crate::support::page::example;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::tools;
use serde_json::json;
use std::path::Path;

/// The token that the runners have at first, by its form one of GitLab's.
const SHARED: &str = "glpat-TESTONLYTESTONLYfleet";

/// The machine that rotates: it has the token, and the engine's files for its role.
struct Keeper {
    desk: Home,
    script: String,
}

impl Keeper {
    /// Makes it, at the fleet's git host, which knows the token as GitLab does.
    fn of(fleet: &Fleet) -> Self {
        let forge = fleet.desk.server().forge();
        forge.knows(
            "shared",
            SHARED,
            json!({ "scopes": ["self_rotate"], "expires": "2099-01-31" }),
        );
        fleet.rotate(SHARED);
        let mut desk = Home::bare();
        fleet.desk.server().introduce_to(&desk.sandbox);
        fleet.engine.introduce_to(&mut |name, value| desk.set(name, value));
        let program = Path::new(BINARY).parent().unwrap();
        desk.set("PATH", &format!("{}:{}", program.display(), tools::path()));
        let url = fleet.desk.url("");
        desk.helper(&format!("pat --keychain {}", desk.keychain));
        let words = ["login", "--with-token", "--offline", "--username", "token", &url];
        let ran = desk.sandbox.helper(&words, SHARED);
        assert!(ran.status.success(), "{ran}");
        let secret = desk.sandbox.path("secret").display().to_string();
        fleet.enrol("rotate", &secret, "web-rotate");
        let script = example("fleet/rotate.sh")
            .replace("https://bao.example.com:8200", &fleet.engine.address())
            .replace("https://git.example.com", &url)
            .replace("/etc/git-rotate", &secret);
        Self { desk, script }
    }

    fn runs(&self) -> Ran {
        let mut shell = self.desk.sandbox.command("sh");
        shell.args(["-c", &self.script]);
        let ran = run(shell, b"");
        assert!(!ran.to_string().contains("TESTONLY"), "{ran}");
        ran
    }
}

/// The token that the engine has for the runners.
fn in_engine(fleet: &Fleet) -> String {
    fleet.engine.asks(&["kv", "get", "-mount=secret", "-field=token", "web/git"], "")
}

#[test]
fn a_rotated_token_reaches_the_runners_by_the_engine() {
    let fleet = Fleet::new("");
    let keeper = Keeper::of(&fleet);
    let forge = fleet.desk.server().forge();
    fleet.works();
    let onlooker = Onlooker::new(SHARED);
    let ran = keeper.runs();
    let seen = onlooker.stop();
    assert!(ran.status.success(), "{ran}");
    assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:#?}");
    assert_eq!(forge.living(), ["shared-2"]);
    assert_eq!(in_engine(&fleet).trim_end(), forge.token("shared-2"));
    fleet.works();
    // Each week again, with the token that the last one gave.
    assert!(keeper.runs().status.success());
    assert_eq!(forge.issued(), ["shared shared-2", "shared-2 shared-3"]);
    fleet.works();
}

#[test]
fn a_runner_between_two_reads_is_served_by_the_next() {
    let fleet = Fleet::new(" --cache 300");
    let keeper = Keeper::of(&fleet);
    fleet.works();
    assert!(keeper.runs().status.success());
    // What it kept is dead: the refusal ends the copy.
    let ran = fleet.fetch();
    assert!(!ran.status.success() && ran.stderr().contains("Authentication failed"), "{ran}");
    fleet.works();
    fleet.works();
}

#[test]
fn nothing_is_rotated_where_the_engine_cannot_be_written() {
    let mut fleet = Fleet::new("");
    let keeper = Keeper::of(&fleet);
    let forge = fleet.desk.server().forge();
    // A role that may only read.
    let secret = keeper.desk.sandbox.path("secret").display().to_string();
    fleet.enrol("reader", &secret, "web");
    let ran = keeper.runs();
    assert!(!ran.status.success() && ran.stderr().contains("permission denied"), "{ran}");
    fleet.engine.stops();
    assert!(!keeper.runs().status.success());
    assert_eq!((forge.issued().len(), forge.living()), (0, vec!["shared".to_owned()]));
}

#[test]
fn what_was_cut_off_before_the_engine_is_mended_by_the_next_run() {
    let fleet = Fleet::new("");
    let keeper = Keeper::of(&fleet);
    let forge = fleet.desk.server().forge();
    let words = ["rotate", "--unattended", "--forge", "gitlab", &fleet.desk.url("")];
    let ran = keeper.desk.sandbox.helper(&words, "");
    assert!(ran.status.success(), "{ran}");
    // The runners have the old one.
    assert!(!fleet.fetch().status.success());
    // GitLab says no this time.
    forge.set("fault", "status=503+x /rotate");
    assert!(!keeper.runs().status.success());
    assert_eq!(in_engine(&fleet).trim_end(), forge.token("shared-2"));
    fleet.works();
}

#[test]
fn the_rotating_machine_can_write_one_secret_and_read_none() {
    let fleet = Fleet::new("");
    let keeper = Keeper::of(&fleet);
    let bao = |words: &str| {
        let mut shell = keeper.desk.sandbox.command("sh");
        let login = keeper.script.split("keep()").next().unwrap();
        shell.args(["-c", &format!("{login}{words}")]);
        run(shell, b"")
    };
    for words in [
        "bao kv get -mount=secret web/git",
        "bao kv put -mount=secret web/other token=TESTONLY",
        "bao kv put -mount=secret mobile/git token=TESTONLY",
    ] {
        let ran = bao(words);
        assert!(!ran.status.success() && ran.stderr().contains("permission denied"), "{ran}");
    }
}
