//! npm, against a registry that nobody gets into without a token.

use super::{Bench, write};
use crate::support::page::blocks;
use crate::support::verdaccio::Verdaccio;
use std::fs;

/// A package with a script that would keep the token.
const PACKAGE: &str = r#"{"name": "work-of-test", "version": "1.0.0",
    "scripts": {"postinstall": "env >kept"}}"#;

#[test]
fn publishes_and_installs_with_the_token_in_a_variable_alone() {
    let mut bench = Bench::new();
    let name = bench.name.replacen("git", "npm", 1);
    let registry = Verdaccio::start(&name);
    bench.lead(&name, registry.port());
    bench.desk.set("NODE_EXTRA_CA_CERTS", registry.certificate().to_str().unwrap());
    bench.token = registry.add_user(&bench.desk.sandbox, "alice");
    bench.desk.approve(&format!("https://{name}"), "alice", &bench.token);
    let [rc] = &blocks("tools.md", "npm", "ini")[..] else { panic!("one .npmrc") };
    let [script] = &blocks("tools.md", "npm", "sh")[..] else { panic!("one script") };
    let here = |text: &str| text.replace("npm.example.com", &name);
    let [publish, install] = &script.lines().map(here).collect::<Vec<_>>()[..] else {
        panic!("two lines: {script}")
    };
    for (folder, package) in [
        ("work", PACKAGE),
        ("user", r#"{"name": "u", "version": "1.0.0", "dependencies": {"work-of-test": "1"}}"#),
    ] {
        write(&bench.path(folder).join("package.json"), package);
        write(&bench.path(folder).join(".npmrc"), &here(rc));
    }
    let refused = bench.runs("work", publish.split(" -- ").nth(1).unwrap());
    assert!(!refused.status.success(), "without the token: {refused}");
    for (folder, line) in [("work", publish), ("user", install)] {
        let (_, seen) = bench.works(folder, line);
        let npm = line.split(" -- ").nth(1).unwrap().trim_end_matches(" --ignore-scripts");
        assert!(seen.environments.iter().any(|name| name.starts_with(npm)), "{seen:#?}");
    }
    assert!(bench.path("user/node_modules/work-of-test/package.json").is_file());
    bench.is_clean();
    let kept = bench.path("user/node_modules/work-of-test/kept");
    fs::remove_dir_all(bench.path("user/node_modules")).unwrap();
    let script = install.replace(" --ignore-scripts", "");
    let ran = bench.runs("user", &script);
    assert!(ran.status.success(), "{ran}");
    assert!(fs::read_to_string(kept).unwrap().contains(&bench.token), "the page warns in vain");
}

#[test]
fn takes_the_token_to_no_other_host() {
    let bench = Bench::new();
    let through = |moved: &str| {
        let registry = format!("//{}/{moved}/", bench.name);
        let rc = format!("registry=https:{registry}\n{registry}:_authToken=${{NODE_AUTH_TOKEN}}\n");
        write(&bench.path("work/.npmrc"), &rc);
        write(&bench.path("work/package.json"), PACKAGE);
        let exec = format!(
            "git credential-pat exec --env NODE_AUTH_TOKEN https://{} -- npm --fetch-retries=0",
            bench.name
        );
        for command in ["view work-of-test", "install other-of-test", "publish"] {
            let ran = bench.runs("work", &format!("{exec} {command}"));
            assert!(!ran.status.success(), "{ran}");
        }
    };
    through("moved");
    // This package's file lies at another host.
    let registry = format!("//{}/api/npm/", bench.name);
    let rc = format!("registry=https:{registry}\n{registry}:_authToken=${{NODE_AUTH_TOKEN}}\n");
    write(&bench.path("user/.npmrc"), &rc);
    let line = "git credential-pat exec --env NODE_AUTH_TOKEN https://git.example.com -- \
                npm --fetch-retries=0 install elsewhere";
    let ran = bench.runs("user", &bench.here(line));
    assert!(!ran.status.success(), "{ran}");
    let is_tarball = |path: &str| path == "/api/elsewhere.tgz";
    bench.desk.server().requests(|all| all.iter().any(|r| is_tarball(&r.path)));
    bench.the_other_got_no_token();
    // The page warns of this: npm takes another port for the same host.
    through("moved-port");
    let [_, second, _] = bench.desk.server().ports();
    bench.desk.server().requests(|all| all.iter().any(|r| r.port == second && r.authorized));
}
