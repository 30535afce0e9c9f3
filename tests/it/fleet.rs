//! Build machines that share a token through a secret engine: the files of `examples/fleet`,
//! with a real `OpenBao`, a real git and a real git host.

mod rotating;

use crate::support::home::Home;
use crate::support::onlooker::Onlooker;
use crate::support::openbao::OpenBao;
use crate::support::page::{blocks, example};
use crate::support::sandbox::{Ran, run};
use crate::support::tools;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const TOKENS: [&str; 2] =
    ["ghp_TESTONLYfleet1111111111111111111", "ghp_TESTONLYfleet2222222222222222222"];

/// A team's engine, and one of its runners.
struct Fleet {
    engine: OpenBao,
    desk: Home,
}

impl Fleet {
    /// Makes a runner whose git is configured as on the page, with this in place of `--cache 300`.
    fn new(cache: &str) -> Self {
        let engine = OpenBao::start();
        let mut desk = Home::bare().with_git_host();
        desk.sandbox.git(&["config", "--global", "--unset-all", "credential.helper"]);
        let folder = |name: &str| desk.sandbox.path(name).display().to_string();
        let path = format!("{}:{}", folder("bin"), tools::path());
        engine.introduce_to(&mut |name, value| desk.set(name, value));
        desk.set("PATH", &path);
        let fleet = Self { engine, desk };
        fleet.script("engine.sh", &[]);
        fleet.enrol("runner-1", &fleet.path("secret"), "web");
        let text = example("fleet/git-token");
        let text = text.replace("https://bao.example.com:8200", &fleet.engine.address());
        fs::create_dir(fleet.desk.sandbox.path("bin")).unwrap();
        let command = fleet.desk.sandbox.path("bin/git-token");
        fs::write(&command, text.replace("/etc/git-token", &fleet.path("secret"))).unwrap();
        fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();
        let [lines] = &blocks("fleet/README.md", "gitconfig", "ini")[..] else {
            panic!("one block")
        };
        assert!(lines.contains(" --cache 300"), "{lines}");
        fleet.configure(&lines.replace(" --cache 300", cache));
        fleet.rotate(TOKENS[0]);
        fleet
    }

    fn path(&self, name: &str) -> String {
        self.desk.sandbox.path(name).display().to_string()
    }

    /// Adds these lines to git's configuration, for the test's host.
    fn configure(&self, lines: &str) {
        let file = self.desk.sandbox.path("gitconfig");
        let old = fs::read_to_string(&file).unwrap();
        let lines = lines.replace("git.example.com", &self.desk.server().host());
        fs::write(file, old + &lines).unwrap();
    }

    /// Runs one of the scripts as the engine's keeper.
    #[track_caller]
    fn script(&self, name: &str, words: &[&str]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet");
        self.engine.keeper(Command::new("sh").arg(folder.join(name)).args(words), "");
    }

    /// Makes a new runner's files.
    fn enrol(&self, name: &str, folder: &str, role: &str) {
        self.script("runner.sh", &[name, folder, role]);
    }

    /// Makes the host take another token, and stores it in the engine.
    fn rotate(&self, token: &str) {
        self.keep("web/git", token);
        self.desk.server().set_token("token", token);
    }

    fn keep(&self, path: &str, token: &str) {
        self.engine.asks(&["kv", "put", "-mount=secret", path, "token=-"], token);
    }

    fn fetch(&self) -> Ran {
        self.desk.run_git(&["ls-remote", &self.desk.url("team/repo.git")], "")
    }

    #[track_caller]
    fn works(&self) {
        self.desk.git(&["ls-remote", &self.desk.url("team/repo.git")]);
    }

    /// Expects that git gets no token, and that it is told why.
    #[track_caller]
    fn fails(&self, why: &str) {
        let ran = self.fetch();
        let told = ran.stderr().contains(why) && ran.stderr().contains("the command failed");
        assert!(!ran.status.success() && told, "{why}: {ran}");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
}

#[test]
fn a_token_is_served_from_the_engine_for_its_place_alone() {
    let fleet = Fleet::new("");
    let secret = fs::read_to_string(fleet.path("secret/secret-id")).unwrap();
    let [of_token, of_secret] = [TOKENS[0], &secret].map(Onlooker::new);
    fleet.works();
    let seen = of_token.stop();
    assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:#?}");
    let seen = of_secret.stop();
    assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:#?}");
    assert!(seen.rounds > 1);
    fleet.desk.git_is_refused(&["ls-remote", &fleet.desk.other_url("team/repo.git")]);
    fleet.desk.git_is_refused(&["ls-remote", &fleet.desk.url("moved/team/repo.git")]);
    let [_, second, _] = fleet.desk.server().ports();
    let requests = fleet.desk.server().requests(|all| all.iter().any(|r| r.port == second));
    assert!(requests.iter().all(|r| r.port != second || !r.authorized), "{requests:#?}");
    // Nothing was kept by git, by the helper or by the engine's client.
    assert_eq!((fleet.desk.keys.accounts().len(), fleet.desk.keys.caches().len()), (0, 0));
    assert!(!fleet.desk.sandbox.path(".vault-token").exists());
    let config = fs::read_to_string(fleet.path("gitconfig")).unwrap();
    assert!(!config.contains("TESTONLY"), "{config}");
}

#[test]
fn who_may_not_read_gets_nothing_and_hears_why() {
    let fleet = Fleet::new("");
    fleet.works();
    // The runner may not read another team's token.
    fleet.keep("mobile/git", TOKENS[0]);
    let command = fleet.path("bin/git-token");
    let own = fs::read_to_string(&command).unwrap();
    fs::write(&command, own.replace("\"$1\"", "mobile/git")).unwrap();
    fleet.fails("permission denied");
    fs::write(&command, own).unwrap();
    fleet.works();
    // A secret that was revoked opens nothing; one beside it still does.
    fleet.enrol("runner-2", &fleet.path("second"), "web");
    let [first, second] = ["secret", "second"].map(|name| fleet.path(name) + "/secret-id");
    let taken = format!("secret_id=@{first}");
    fleet.engine.asks(&["write", "auth/approle/role/web/secret-id/destroy", &taken], "");
    fleet.fails("invalid role or secret ID");
    fs::copy(second, &first).unwrap();
    fleet.works();
    fs::remove_file(first).unwrap();
    fleet.fails("no such file");
}

#[test]
fn an_engine_that_is_not_there_or_hangs_ends_in_time() {
    let mut fleet = Fleet::new("");
    fleet.engine.hangs();
    let begun = Instant::now();
    fleet.fails("deadline exceeded");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    fleet.engine.stops();
    fleet.fails("connection refused");
}

/// The client waits for ever in this test, which takes half a minute.
#[test]
#[ignore = "it takes half a minute"]
fn a_client_that_waits_for_ever_is_ended() {
    let fleet = Fleet::new("");
    let command = fleet.path("bin/git-token");
    let own = fs::read_to_string(&command).unwrap();
    let patient = "BAO_CLIENT_TIMEOUT=900s BAO_MAX_RETRIES=100";
    fs::write(&command, own.replace("BAO_CLIENT_TIMEOUT=5s BAO_MAX_RETRIES=1", patient)).unwrap();
    fleet.engine.hangs();
    let begun = Instant::now();
    let ran = fleet.fetch();
    let told = ran.stderr().contains("longer than 30 seconds");
    assert!(!ran.status.success() && told && begun.elapsed() < Duration::from_secs(60), "{ran}");
}

#[test]
fn a_new_token_is_served_at_the_next_request() {
    let fleet = Fleet::new("");
    fleet.works();
    fleet.rotate(TOKENS[1]);
    fleet.works();
    assert_eq!(fleet.desk.keys.caches(), [""; 0]);
}

#[test]
fn with_cache_a_new_token_is_served_when_the_time_is_over_or_the_old_one_was_refused() {
    let fleet = Fleet::new(" --cache 300");
    fleet.works();
    assert_eq!(fleet.desk.keys.caches().len(), 1);
    // The copy answers, and the engine is not asked.
    let command = fleet.path("bin/git-token");
    let own = fs::read_to_string(&command).unwrap();
    fs::write(&command, "#!/bin/sh\nexit 1\n").unwrap();
    fleet.works();
    fs::write(&command, own).unwrap();
    fleet.rotate(TOKENS[1]);
    let ran = fleet.fetch();
    assert!(!ran.status.success() && ran.stderr().contains("Authentication failed"), "{ran}");
    fleet.works();

    let fleet = Fleet::new(" --cache 3");
    fleet.works();
    fleet.rotate(TOKENS[1]);
    thread::sleep(Duration::from_secs(4));
    fleet.works();
}

/// The runners come ten at a time, because all of them share this machine.
#[test]
#[ignore = "it takes a minute"]
fn a_hundred_runners_with_a_secret_each_share_one_token() {
    let fleet = Fleet::new("");
    let own = fs::read_to_string(fleet.path("bin/git-token")).unwrap();
    for number in 1..=100 {
        let folder = fleet.path(&format!("runner-{number}"));
        fleet.enrol(&format!("runner-{number}"), &folder, "web");
        let command = Path::new(&folder).join("git-token");
        fs::write(&command, own.replace(&fleet.path("secret"), &folder)).unwrap();
        fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let secrets = (1..=100).map(|n| fleet.path(&format!("runner-{n}/secret-id")));
    let secrets: BTreeSet<String> = secrets.map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(secrets.len(), 100);
    let fetch = |number: usize| {
        let path = format!("{}:{}", fleet.path(&format!("runner-{number}")), tools::path());
        let mut command = fleet.desk.sandbox.command("git");
        command.env("PATH", path).args(["ls-remote", &fleet.desk.url("team/repo.git")]);
        let ran = run(command, b"");
        assert!(ran.status.success(), "runner {number}: {ran}");
    };
    thread::scope(|scope| {
        for worker in 0..10 {
            scope.spawn(move || (1..=10).for_each(|n| fetch(10 * worker + n)));
        }
    });
}
