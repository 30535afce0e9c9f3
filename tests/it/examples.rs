//! The examples for build runners, run as they stand there: with a real git, a real server and the
//! variables that the runner sets. The release that they install is made here, by the scripts that
//! make the real ones; its address and digest, the host and the file are the test's own.

use crate::support::home::{Home, TOKEN};
use crate::support::page;
use crate::support::release_server::Release;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn example(name: &str) -> String {
    page::example(&format!("ci/{name}"))
}

/// Makes a desk with nothing configured; the helper is in PATH, where git looks for `pat`.
fn runner(user: &str, variables: &[(&str, &str)]) -> Home {
    let mut desk = Home::bare().with_git_host();
    desk.server().set_token(user, TOKEN);
    desk.sandbox.git(&["config", "--global", "--unset-all", "credential.helper"]);
    let (url, host) = (desk.url(""), desk.server().host());
    for (name, value) in variables {
        let value = value.replace("URL", url.trim_end_matches('/')).replace("HOST", &host);
        desk.set(name, &value);
    }
    desk
}

/// Serves a release, and tells the runner its archive and digest. It ends when it is dropped.
fn with_release(desk: &mut Home) -> Release {
    let release = Release::serve();
    release.introduce_to(&mut desk.sandbox);
    let archive = release.archive();
    let name = archive.file_name().unwrap().to_str().unwrap();
    desk.set("PAT_ARCHIVE", &format!("{}/{name}", release.url("release")));
    let sums = fs::read_to_string(release.folder().join("SHA256SUMS")).unwrap();
    let sum = sums.lines().find_map(|line| line.strip_suffix(name)).unwrap();
    desk.set("PAT_SHA256", sum.trim());
    release
}

/// Runs the example's lines, and looks for the token afterwards.
#[track_caller]
fn works(desk: &Home, script: &str) {
    assert!(script.contains("git clone"), "{script}");
    let ran = desk.sandbox.run("sh", &["-eu", "-c", script], b"");
    assert!(ran.status.success(), "{script}\n{ran}");
    assert!(desk.sandbox.path("again/.git").is_dir(), "{ran}");
    let token_is_in = |path: &str| {
        let text = fs::read_to_string(desk.sandbox.path(path)).unwrap_or_default();
        text.contains("TESTONLY")
    };
    for path in ["gitconfig", "again/.git/config", ".git/config", ".git-credentials"] {
        assert!(!token_is_in(path), "{path}");
    }
    assert_eq!(desk.keys.accounts(), [""; 0], "a source is read and never written");
}

/// Returns the lines of `run:` in a workflow.
fn steps(workflow: &str) -> String {
    let mut lines = String::new();
    let mut block_indent = None;
    for line in workflow.lines() {
        let indent = line.len() - line.trim_start().len();
        if block_indent.is_some_and(|block| indent > block) {
            lines.extend([line.trim_start(), "\n"]);
            continue;
        }
        block_indent = None;
        match line.trim_start().strip_prefix("run: ") {
            Some("|") => block_indent = Some(indent),
            Some(command) => lines.extend([command, "\n"]),
            None => {}
        }
    }
    lines
}

/// Returns the lines of a job for GitLab.
fn job(example: &str) -> String {
    let (_, script) = example.split_once("\n  before_script:\n").unwrap();
    let lines: Vec<&str> =
        script.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    lines.join("\n")
}

/// Returns the lines of all the steps of a pipeline.
fn stages(example: &str) -> String {
    let scripts: Vec<&str> = example.split("'''").skip(1).step_by(2).collect();
    scripts.join("\n")
}

#[test]
fn github_actions() {
    let mut desk = runner(
        "x-access-token",
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "URL"),
            ("GITHUB_REPOSITORY", "team/repo"),
            ("GITHUB_TOKEN", TOKEN),
        ],
    );
    let _release = with_release(&mut desk);
    // checkout does this first, without leaving its credentials.
    desk.sandbox.git(&["init", "--quiet"]);
    desk.sandbox.git(&["remote", "add", "origin", &desk.url("team/repo.git")]);
    works(&desk, &steps(&example("github-actions.yml")));
    assert!(example("github-actions.yml").contains("persist-credentials: false"));
}

#[test]
fn on_github_only_the_step_that_works_has_the_token() {
    let example = example("github-actions.yml");
    let mut steps = example.split("\n      - ");
    assert!(!steps.next().unwrap().contains("github.token"), "the whole job has it");
    let with_token: Vec<&str> = steps.filter(|step| step.contains("github.token")).collect();
    assert_eq!(with_token.len(), 1, "{with_token:?}");
    assert!(with_token[0].starts_with("name: Work\n"), "{with_token:?}");
    assert!(!with_token[0].contains("cargo"), "{with_token:?}");
}

#[test]
fn nothing_is_compiled_where_a_token_could_be() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    // What another test here runs.
    assert_eq!(names, ["Jenkinsfile", "container.sh", "github-actions.yml", "gitlab-ci.yml"]);
    for name in &names {
        let example = example(name);
        let lines = example.lines().filter(|line| !line.trim_start().starts_with(['#', '/']));
        let compiles = |line: &str| line.contains("cargo") || line.contains("install.sh");
        let compiling: Vec<&str> = lines.filter(|line| compiles(line)).collect();
        assert!(compiling.is_empty(), "{name}: {compiling:?}");
    }
}

#[test]
fn an_archive_of_another_digest_is_not_unpacked() {
    for (name, lines) in [
        ("github-actions.yml", steps as fn(&str) -> String),
        ("gitlab-ci.yml", job),
        ("Jenkinsfile", stages),
    ] {
        let mut desk = runner("alice", &[]);
        let _release = with_release(&mut desk);
        desk.set("PAT_SHA256", &"0".repeat(64));
        let ran = desk.sandbox.run("sh", &["-eu", "-c", &lines(&example(name))], b"");
        assert_eq!(ran.status.code(), Some(1), "{ran}");
        assert!(!desk.sandbox.path("pat").exists() && desk.helpers().is_empty(), "{ran}");
    }
}

#[test]
fn gitlab_ci() {
    let mut desk = runner(
        "gitlab-ci-token",
        &[
            ("GITLAB_CI", "true"),
            ("CI_SERVER_PROTOCOL", "https"),
            ("CI_SERVER_FQDN", "HOST"),
            ("CI_SERVER_URL", "URL"),
            ("CI_PROJECT_PATH", "team/repo"),
            ("CI_JOB_TOKEN", TOKEN),
        ],
    );
    let _release = with_release(&mut desk);
    works(&desk, &job(&example("gitlab-ci.yml")));
}

#[test]
fn jenkins() {
    let mut desk = runner("token", &[("FORGE_TOKEN", TOKEN)]);
    let _release = with_release(&mut desk);
    works(
        &desk,
        &stages(&example("Jenkinsfile")).replace("git.example.com", &desk.server().host()),
    );
}

#[test]
fn a_plain_container() {
    let desk = runner("token", &[]);
    let secret = desk.sandbox.path("git-token");
    fs::write(&secret, format!("{TOKEN}\n")).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o400)).unwrap();
    let script = example("container.sh").replace("git.example.com", &desk.server().host());
    works(&desk, &script.replace("/run/secrets/git-token", secret.to_str().unwrap()));
}
