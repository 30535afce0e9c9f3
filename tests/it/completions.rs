//! The completions work in their shells, and the manual is one for man.

use crate::support::program::program;
use crate::support::sandbox::{Ran, Sandbox, run};
use std::fs;

/// Runs a shell with the completions for it in the file `completions`.
fn shell(name: &str, package: &str, options: &[&str], script: &str) -> Ran {
    let sandbox = Sandbox::new();
    let made = sandbox.helper(&["completions", name], "");
    assert!(made.status.success() && made.stderr.is_empty(), "{made}");
    fs::write(sandbox.path("completions"), made.stdout).unwrap();
    let mut command = sandbox.command(program(name, package));
    command.args(options).args(["-c", script]);
    run(command, b"")
}

#[test]
fn bash_completes_commands_and_options() {
    let script = "set -eu; . ./completions
        complete -p git-credential-pat | grep -o ' -F [^ ]*'
        COMP_WORDS=(git-credential-pat im) COMP_CWORD=1
        _git__credential__pat git-credential-pat im git-credential-pat; echo ${COMPREPLY[@]}
        COMP_WORDS=(git credential-pat import --re) COMP_CWORD=3
        _git_credential_pat; echo ${COMPREPLY[@]}";
    shell("bash", "bash", &["--norc"], script)
        .prints(" -F _git__credential__pat\nimport\n--replace --remove\n");
}

#[test]
fn zsh_loads_its_completions() {
    let script = "fpath=($PWD $fpath); cp completions _git-credential-pat
        autoload -U compinit && compinit -u -D && echo ${_comps[git-credential-pat]}
        autoload +X _git-credential-pat && echo loaded";
    shell("zsh", "zsh", &["-f"], script).prints("_git-credential-pat\nloaded\n");
}

#[test]
fn fish_completes_commands_and_options() {
    let script = "source completions; complete --do-complete 'git-credential-pat imp'
        complete --do-complete 'git-credential-pat import --repl'";
    let ran = shell("fish", "fish", &["--no-config"], script);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    let words: Vec<String> =
        ran.stdout().lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect();
    assert_eq!(words, ["import", "--replace"], "{ran}");
}

/// PowerShell is in no package, so the test reads the script instead of loading it.
#[test]
fn powershell_has_completions_for_every_command() {
    let ran = Sandbox::new().helper(&["completions", "powershell"], "");
    for word in ["Register-ArgumentCompleter", "'login'", "'exec'", "'--remove'"] {
        assert!(ran.stdout().contains(word), "{word}");
    }
}

#[test]
fn the_manual_is_one_that_man_shows() {
    let sandbox = Sandbox::new();
    let page = sandbox.helper(&["man"], "");
    assert!(page.status.success() && page.stderr.is_empty(), "{page}");
    fs::write(sandbox.path("page.1"), page.stdout).unwrap();
    let mut man = sandbox.command(program("man", "man-db"));
    man.args(["--warnings", "--local-file", "page.1"]).env("MANWIDTH", "80");
    let shown = run(man, b"");
    assert!(shown.status.success() && shown.stderr.is_empty(), "{shown}");
    for text in ["git credential-pat exec", "--with-token", "WHICH ACCOUNT ANSWERS"] {
        assert!(shown.stdout().contains(text), "{text}: {shown}");
    }
}
