//! The examples for build runners, run as they stand there: with a real git, a real server and the
//! variables that the runner sets. Only the lines that install the helper are left out, and the
//! host and the file are the test's own.

use crate::support::home::{Home, TOKEN};
use crate::support::page;
use crate::support::spy::program;
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

/// Returns the lines of `run:` in a workflow, except for the one that installs.
fn steps(workflow: &str) -> String {
    let mut lines = String::new();
    let mut block_indent = None;
    for line in workflow.lines() {
        let indent = line.len() - line.trim_start().len();
        if block_indent.is_some_and(|block| indent > block) {
            lines += line.trim_start();
            lines += "\n";
            continue;
        }
        block_indent = None;
        match line.trim_start().strip_prefix("run: ") {
            Some("|") => block_indent = Some(indent),
            Some(command) if !command.starts_with("cargo install") => {
                lines += command;
                lines += "\n";
            }
            _ => {}
        }
    }
    lines
}

#[test]
fn github_actions() {
    let desk = runner(
        "x-access-token",
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "URL"),
            ("GITHUB_REPOSITORY", "team/repo"),
            ("GITHUB_TOKEN", TOKEN),
        ],
    );
    // checkout does this first, without leaving its credentials.
    desk.sandbox.git(&["init", "--quiet"]);
    desk.sandbox.git(&["remote", "add", "origin", &desk.url("team/repo.git")]);
    works(&desk, &steps(&example("github-actions.yml")));
    assert!(example("github-actions.yml").contains("persist-credentials: false"));
}

/// Puts a program into PATH that compiles nothing, and notes its environment.
fn with_cargo(desk: &mut Home) {
    let folder = desk.sandbox.path("compiler");
    fs::create_dir(&folder).unwrap();
    let note = format!("#!/bin/sh\necho \"$*\" >'{0}/seen'; env >>'{0}/seen'\n", folder.display());
    program(&folder.join("cargo"), &note);
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    desk.set("PATH", &path);
}

/// Returns what the program of [`with_cargo`] was given.
fn seen(desk: &Home) -> String {
    let seen = fs::read_to_string(desk.sandbox.path("compiler/seen")).unwrap();
    assert!(seen.starts_with("install --locked git-credential-pat\n"), "{seen}");
    assert!(seen.contains("\nHOME=") && seen.contains("\nPATH="), "{seen}");
    seen
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
fn on_gitlab_what_is_compiled_sees_no_token() {
    let mut desk = runner(
        "gitlab-ci-token",
        &[
            ("CI_JOB_TOKEN", TOKEN),
            ("CI_REGISTRY_PASSWORD", TOKEN),
            ("CI_REPOSITORY_URL", &format!("https://gitlab-ci-token:{TOKEN}@HOST/team/repo.git")),
        ],
    );
    with_cargo(&mut desk);
    let example = example("gitlab-ci.yml");
    let (_, script) = example.split_once("\n  before_script:\n    - ").unwrap();
    let command = script.split_once("\n  script:").unwrap().0.replace("\n     ", "");
    let ran = desk.sandbox.run(
        "sh",
        &["-eu", "-c", &format!("CARGO_HOME=c RUSTUP_HOME=r; {command}")],
        b"",
    );
    assert!(ran.status.success(), "{ran}");
    let seen = seen(&desk);
    assert!(!seen.contains("TESTONLY"), "{seen}");
    assert!(seen.contains("\nCARGO_HOME=c\n") && seen.contains("\nRUSTUP_HOME=r\n"), "{seen}");
}

#[test]
fn gitlab_ci() {
    let desk = runner(
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
    let example = example("gitlab-ci.yml");
    let (_, script) = example.split_once("\n  script:\n").unwrap();
    let lines: Vec<&str> =
        script.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    works(&desk, &lines.join("\n"));
}

#[test]
fn jenkins() {
    let desk = runner("token", &[("FORGE_TOKEN", TOKEN)]);
    let example = example("Jenkinsfile");
    let script = example.split("'''").nth(1).unwrap();
    works(&desk, &script.replace("git.example.com", &desk.server().host()));
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
