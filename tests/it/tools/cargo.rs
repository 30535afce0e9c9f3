//! cargo: a registry that wants a token, and dependencies in private git repositories.

use super::{Bench, MOVED, write};
use crate::support::page::blocks;

const USER: &str = "[package]\nname = \"user\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
const WORK: &str = "[package]\nname = \"work\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                    description = \"Work\"\nlicense = \"MIT\"\n";
/// cargo's own libgit2, and git.
const WAYS: [&str; 2] = ["", "export CARGO_NET_GIT_FETCH_WITH_CLI=true; "];

fn package(bench: &Bench, folder: &str, manifest: &str) {
    write(&bench.path(folder).join("Cargo.toml"), manifest);
    write(&bench.path(folder).join("src/lib.rs"), "");
}

#[test]
fn publishes_to_a_registry_and_fetches_from_it() {
    let bench = Bench::new();
    let publish = "cargo publish --registry work --no-verify --allow-dirty";
    package(&bench, "work", WORK);
    package(
        &bench,
        "user",
        &format!("{USER}dependencies.work = {{ version = \"1\", registry = \"work\" }}\n"),
    );
    let blocks: Vec<String> = blocks("tools.md", "cargo", "toml");
    let registries: Vec<&String> = blocks.iter().filter(|b| b.contains("registries")).collect();
    assert_eq!(registries.len(), 2);
    for (number, registry) in registries.into_iter().enumerate() {
        let config = bench.path(".cargo/config.toml");
        let (without, _) = registry.split_once("credential-provider").unwrap();
        let none = format!("{without}credential-provider = [\"cargo:token\"]\n");
        write(&config, &bench.here(&none));
        let refused = bench.runs("work", publish);
        assert!(!refused.status.success(), "without the token: {refused}");
        write(&config, &bench.here(registry));
        package(&bench, "work", &WORK.replace("1.0.0", &format!("1.{number}.0")));
        for (folder, line) in [("work", publish), ("user", "cargo update; cargo fetch")] {
            let (_, seen) = bench.works(folder, line);
            assert!(seen.environments.is_empty(), "{seen:#?}");
        }
        let lock = std::fs::read_to_string(bench.path("user/Cargo.lock")).unwrap();
        assert!(lock.contains(&format!("version = \"1.{number}.0\"")), "{lock}");
    }
    bench.is_clean();
}

#[test]
fn fetches_from_private_git_repositories_by_itself_and_by_git() {
    let bench = Bench::new();
    bench.libraries();
    let blocks = blocks("tools.md", "cargo", "toml");
    let [dependency] = &blocks.iter().filter(|b| b.contains("git =")).collect::<Vec<_>>()[..]
    else {
        panic!("one dependency")
    };
    for (way, folder) in WAYS.iter().zip(["itself", "git"]) {
        package(&bench, folder, &format!("{USER}{}", bench.here(dependency)));
        let (_, seen) = bench.works(
            folder,
            &format!("{way}export CARGO_HOME=$PWD/home; cargo fetch; ls home/git/checkouts/lib-*"),
        );
        assert!(seen.environments.is_empty(), "{seen:#?}");
    }
    bench.is_clean();
}

#[test]
fn takes_the_token_to_no_other_host_or_port() {
    let bench = Bench::new();
    bench.libraries();
    let name = &bench.name;
    for path in ["team/trap.git", "moved/team/lib.git", "moved-port/team/lib.git"] {
        let manifest = format!("{USER}dependencies.lib.git = \"https://{name}/{path}\"\n");
        package(&bench, "user", &manifest);
        for way in WAYS {
            let ran = bench.runs("user", &format!("{way}export CARGO_NET_RETRY=0; cargo fetch"));
            assert!(!ran.status.success(), "{ran}");
            bench.the_other_got_no_token();
        }
    }
    for moved in MOVED {
        let registry = format!(
            "[registries.work]\nindex = \"sparse+https://{name}/{moved}/api/index/\"\n\
             credential-provider = [\"cargo:token-from-stdout\", \"git-credential-pat\", \
             \"token\", \"https://{name}\"]\n"
        );
        write(&bench.path(".cargo/config.toml"), &registry);
        let dependency = "dependencies.work = { version = \"1\", registry = \"work\" }\n";
        package(&bench, "user", &format!("{USER}{dependency}"));
        let ran = bench.runs("user", "export CARGO_NET_RETRY=0; cargo fetch");
        assert!(!ran.status.success(), "{ran}");
    }
    bench.the_other_got_no_token();
}
