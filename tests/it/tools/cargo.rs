//! cargo: a registry that wants a token, and dependencies in private git repositories.

use super::{Bench, MOVED, write};
use crate::support::kernel::Keys;
use crate::support::page::blocks;
use crate::support::server::Request;
use std::os::unix::fs::symlink;

const USER: &str = "[package]\nname = \"user\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
const WORK: &str = "[package]\nname = \"work\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                    description = \"Work\"\nlicense = \"MIT\"\n";
const DEPENDENCY: &str = "[dependencies]\nwork = { version = \"1\", registry = \"work\" }\n";
const PUBLISH: &str = "cargo publish --registry work --no-verify --allow-dirty";

/// The settings for cargo's own libgit2, which sends no token where a proxy or a certificate is
/// set. At `localhost` it needs neither, and finds the certificate through `SSL_CERT_FILE`.
const ITSELF: &str = "unset https_proxy CARGO_HTTP_CAINFO; ";
const BY_GIT: &str = "export CARGO_NET_GIT_FETCH_WITH_CLI=true; ";

/// The first host as `localhost`, where it has the same token.
struct Local {
    host: String,
    _keys: Keys,
}

impl Local {
    fn new(bench: &Bench) -> Self {
        let [first, second, _] = bench.desk.server().ports();
        let host = format!("localhost:{first}");
        let keys = Keys::labelled(&host);
        bench.desk.approve(&format!("https://{host}"), "alice", &bench.token);
        let url = format!("https://127.0.0.1:{second}/team/repo.git");
        bench.library_with_module("team/trap-local.git", &url);
        // libgit2 looks for git's configuration only there.
        symlink("gitconfig", bench.path(".gitconfig")).unwrap();
        Self { host, _keys: keys }
    }
}

fn package(bench: &Bench, folder: &str, manifest: &str) {
    write(&bench.path(folder).join("Cargo.toml"), manifest);
    write(&bench.path(folder).join("src/lib.rs"), "");
}

#[test]
fn publishes_to_a_registry_and_fetches_from_it() {
    let bench = Bench::new();
    package(&bench, "work", WORK);
    package(&bench, "user", &format!("{USER}{DEPENDENCY}"));
    let blocks: Vec<String> = blocks("tools.md", "cargo", "toml");
    let registries: Vec<&String> = blocks.iter().filter(|b| b.contains("registries")).collect();
    assert_eq!(registries.len(), 2);
    for (number, registry) in registries.into_iter().enumerate() {
        let config = bench.path(".cargo/config.toml");
        let (without, _) = registry.split_once("credential-provider").unwrap();
        let none = format!("{without}credential-provider = [\"cargo:token\"]\n");
        write(&config, &bench.here(&none));
        let refused = bench.runs("work", PUBLISH);
        assert!(!refused.status.success(), "without the token: {refused}");
        write(&config, &bench.here(registry));
        package(&bench, "work", &WORK.replace("1.0.0", &format!("1.{number}.0")));
        for (folder, line) in [("work", PUBLISH), ("user", "cargo update; cargo fetch")] {
            let (_, seen) = bench.works(folder, line);
            assert!(seen.environments.is_empty(), "{seen:#?}");
        }
        let lock = std::fs::read_to_string(bench.path("user/Cargo.lock")).unwrap();
        assert!(lock.contains(&format!("version = \"1.{number}.0\"")), "{lock}");
    }
    bench.is_clean();
}

#[test]
fn fetches_from_private_git_repositories() {
    let bench = Bench::new();
    bench.libraries();
    let local = Local::new(&bench);
    let blocks = blocks("tools.md", "cargo", "toml");
    let [dependency] = &blocks.iter().filter(|b| b.contains("git =")).collect::<Vec<_>>()[..]
    else {
        panic!("one dependency")
    };
    for (folder, dependency, settings) in [
        ("itself", dependency.replace("git.example.com", &local.host), ITSELF),
        ("git", bench.here(dependency), BY_GIT),
    ] {
        package(&bench, folder, &format!("{USER}{dependency}"));
        let script = format!("{settings}export CARGO_HOME=$PWD/home; cargo fetch");
        let (_, seen) = bench.works(folder, &script);
        assert!(seen.environments.is_empty(), "{seen:#?}");
        assert!(bench.path(folder).join("home/git/checkouts").is_dir());
    }
    bench.is_clean();
}

#[test]
fn takes_the_token_to_no_other_host() {
    let bench = Bench::new();
    bench.libraries();
    let local = Local::new(&bench);
    let fetch = |url: &str, settings: &str| {
        package(&bench, "user", &format!("{USER}[dependencies]\nlib.git = \"https://{url}\"\n"));
        bench.runs("user", &format!("{settings}export CARGO_NET_RETRY=0; cargo fetch"))
    };
    for (host, path, settings) in [
        (&bench.name, "team/trap.git", BY_GIT),
        (&bench.name, "moved/team/lib.git", BY_GIT),
        (&bench.name, "moved-port/team/lib.git", BY_GIT),
        (&local.host, "team/trap-local.git", ITSELF),
        (&local.host, "moved-local/team/lib.git", ITSELF),
    ] {
        let ran = fetch(&format!("{host}/{path}"), settings);
        assert!(!ran.status.success(), "{path}: {ran}");
        bench.the_other_got_no_token();
    }
    let name = &bench.name;
    for moved in MOVED {
        let registry = format!(
            "[registries.work]\nindex = \"sparse+https://{name}/{moved}/api/index/\"\n\
             credential-provider = [\"cargo:token-from-stdout\", \"git-credential-pat\", \
             \"token\", \"https://{name}\"]\n"
        );
        write(&bench.path(".cargo/config.toml"), &registry);
        package(&bench, "user", &format!("{USER}{DEPENDENCY}"));
        let ran = bench.runs("user", "export CARGO_NET_RETRY=0; cargo fetch");
        assert!(!ran.status.success(), "{ran}");
    }
    bench.the_other_got_no_token();
}

/// The page warns of this. Where the test fails, the warning is no longer needed.
#[test]
fn takes_the_token_to_another_port_and_to_a_registrys_files() {
    let bench = Bench::new();
    bench.libraries();
    let local = Local::new(&bench);
    let dependency = format!("lib.git = \"https://{}/moved-local-port/team/lib.git\"", local.host);
    package(&bench, "user", &format!("{USER}[dependencies]\n{dependency}\n"));
    bench.works("user", &format!("{ITSELF}cargo fetch"));

    let registry = |index: &str| {
        let block = blocks("tools.md", "cargo", "toml").remove(0);
        write(&bench.path(".cargo/config.toml"), &bench.here(&block).replace("/index/", index));
    };
    registry("/index/");
    package(&bench, "work", WORK);
    bench.works("work", PUBLISH);
    registry("/elsewhere/");
    package(&bench, "user", &format!("{USER}{DEPENDENCY}"));
    bench.works("user", "cargo fetch");
    let [_, second, _] = bench.desk.server().ports();
    let is_file = |r: &Request| r.path.starts_with("/api/crates/") && r.port == second;
    bench.desk.server().requests(|all| all.iter().any(|r| is_file(r) && r.authorized));
}
