//! `configure` and `unconfigure`: the changes in git's configuration, shown before they are made.

mod lifetimes;
mod proof;

use crate::support::home::Home;
use crate::support::program::gits;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::terminal::Terminal;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The line with this program, as git's shell reads it, and the keychain.
const OURS: &str = concat!(env!("CARGO_BIN_EXE_git-credential-pat"), " --keychain kernel");

#[track_caller]
fn does(user: &Home, line: &str) -> Ran {
    let ran = user.types(line, "");
    assert!(ran.status.success(), "{ran}");
    ran
}

fn config(user: &Home) -> Vec<u8> {
    fs::read(user.sandbox.path("gitconfig")).unwrap_or_default()
}

fn on_terminal(user: &Home, line: &str) -> Terminal {
    let mut command: Command = user.sandbox.command(BINARY);
    command.args(line.split(' '));
    Terminal::run(&command)
}

#[test]
fn git_is_configured_once_with_the_keychain_that_was_proved() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        let ran = does(&user, "configure --yes");
        let shown = format!("git config --global --add credential.helper '{OURS}'\n");
        assert_eq!(ran.stdout(), shown);
        assert!(ran.stderr().contains("git stored a test token and read it back"), "{ran}");
        assert_eq!(user.helpers(), [OURS]);
        let before = config(&user);
        let ran = does(&user, "configure --yes");
        assert!(ran.stdout.is_empty() && ran.stderr().contains("nothing to change"), "{ran}");
        assert_eq!(config(&user), before);
        git_keeps_a_token(&user);
        assert_eq!(does(&user, "unconfigure --yes").stdout().lines().count(), 1);
        assert!(user.helpers().is_empty());
        let ran = does(&user, "unconfigure --yes");
        assert!(ran.stdout.is_empty() && ran.stderr().contains("nothing to change"), "{ran}");
    }
}

/// Expects that git stores, finds and deletes a token with the present configuration.
#[track_caller]
fn git_keeps_a_token(user: &Home) {
    let account = format!("protocol=https\nhost={}\nusername=alice\n", user.host);
    let stored = format!("{account}password=ghp_TESTONLYconfigure\n\n");
    user.sandbox.run("git", &["credential", "approve"], stored.as_bytes()).prints("");
    let asked = format!("{account}\n");
    let filled = user.sandbox.run("git", &["credential", "fill"], asked.as_bytes());
    assert!(filled.stdout().contains("\npassword=ghp_TESTONLYconfigure\n"), "{filled}");
    user.sandbox.run("git", &["credential", "reject"], asked.as_bytes()).prints("");
}

#[test]
fn a_dry_run_proves_and_changes_nothing() {
    let user = Home::bare();
    let ran = does(&user, "configure --dry-run");
    assert!(ran.stdout().starts_with("git config --global --add "), "{ran}");
    assert!(!ran.stderr().contains("stored"), "{ran}");
    does(&user, "configure --yes --only");
    let before = config(&user);
    let ran = does(&user, "unconfigure --dry-run");
    assert!(ran.stdout().contains("--unset-all"), "{ran}");
    assert_eq!(config(&user), before);
}

#[test]
fn a_person_is_asked_and_may_say_no() {
    let user = Home::bare();
    for (answer, helpers) in [("n\n", vec![]), ("y\n", vec![OURS])] {
        let mut terminal = on_terminal(&user, "configure");
        terminal.shows("git config --global --add credential.helper '");
        terminal.shows("Change git's configuration so? [y/N] ");
        terminal.types(answer);
        let (status, screen) = terminal.ends();
        assert_eq!(status.success(), answer == "y\n", "{screen}");
        assert_eq!(user.helpers(), helpers);
    }
    let mut terminal = on_terminal(&user, "unconfigure");
    terminal.shows("[y/N] ");
    terminal.types("n\n");
    assert!(terminal.ends().1.contains("nothing was changed"));
    assert_eq!(user.helpers(), [OURS]);
}

#[test]
fn a_person_is_offered_to_end_the_copies() {
    let user = Home::bare();
    user.helper("store");
    let mut terminal = on_terminal(&user, "configure");
    terminal.shows("git asks store, too, and gives a copy of each token.");
    terminal.shows("[y/N] ");
    terminal.types("y\n");
    terminal.shows("Change git's configuration so? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert_eq!(user.helpers(), ["store", "", OURS]);
}

#[test]
fn where_nobody_can_be_asked_yes_must_be_said() {
    let user = Home::bare();
    let mut command = user.sandbox.command("setsid");
    command.args(["--wait", BINARY, "configure"]);
    let ran = run(command, b"");
    assert!(ran.status.code() == Some(2) && ran.stderr().contains("--yes"), "{ran}");
    assert!(user.helpers().is_empty());
}

#[test]
fn an_older_line_of_ours_is_replaced_with_its_options() {
    let user = Home::bare();
    user.helper("cache");
    user.helper("/gone/git-credential-pat --keychain kernel --timeout 60 --allow-http");
    user.helper("/x/git-credential-pat2");
    does(&user, "configure --yes");
    let ours = format!("{OURS} --timeout 60 --allow-http");
    assert_eq!(user.helpers(), ["cache", &ours, "/x/git-credential-pat2"]);
    // A line of ours with a source counts as another helper.
    user.config(&["--global", "--replace-all", "credential.helper", "pat --ci"]);
    does(&user, "configure --yes");
    assert_eq!(user.helpers(), ["pat --ci", OURS]);
}

#[test]
fn a_line_that_leads_to_this_program_keeps_its_form() {
    let user = Home::bare();
    let link = user.sandbox.path("git-credential-pat");
    symlink(BINARY, &link).unwrap();
    for line in [
        OURS.to_owned(),
        "pat --keychain kernel".to_owned(),
        format!("{} --keychain kernel", link.display()),
        format!("!'{BINARY}' --keychain kernel"),
    ] {
        user.config(&["--global", "--replace-all", "credential.helper", &line]);
        let ran = does(&user, "configure --yes");
        assert_eq!(user.helpers(), [line], "{ran}");
        assert!(ran.stderr().contains("nothing to change"), "{ran}");
    }
    does(&user, "configure --yes --by-name");
    assert_eq!(user.helpers(), ["pat --keychain kernel"]);
}

#[test]
fn by_its_name_git_must_come_to_this_program() {
    let user = Home::bare();
    for path in [env!("CARGO_BIN_EXE_git-credential-pat"), "git-credential-pat"] {
        let mut command = user.sandbox.command(path);
        command.args(["configure", "--yes", "--by-name"]);
        assert!(run(command, b"").status.success());
        assert_eq!(user.helpers(), ["pat --keychain kernel"]);
        does(&user, "unconfigure --yes");
    }
    // A copy counts as another program, which may be of another version.
    let copy = copy(&user, "copy");
    let mut command = user.sandbox.command(&copy);
    command.args(["configure", "--yes", "--by-name"]);
    run(command, b"").fails(1, "git does not come to this program by its name");
    assert!(user.helpers().is_empty());
}

#[test]
fn the_path_is_the_one_on_which_it_was_started() {
    let mut user = Home::bare();
    let folder = copy(&user, "version-1").parent().unwrap().to_owned();
    symlink(&folder, user.sandbox.path("current")).unwrap();
    let path = std::env::var("PATH").unwrap();
    user.sandbox.set("PATH", &format!("{}:{path}", user.sandbox.path("current").display()));
    // A program of another name would not be known as ours.
    symlink(folder.join("git-credential-pat"), user.sandbox.path("other")).unwrap();
    for (words, path) in [
        ("current/git-credential-pat configure --yes", "current"),
        ("./current/git-credential-pat configure --yes", "current"),
        ("git-credential-pat configure --yes", "current"),
        ("git credential-pat configure --yes", "current"),
        ("./other configure --yes", "version-1"),
    ] {
        let ran = user.sandbox.run("sh", &["-c", words], b"");
        assert!(ran.status.success(), "{ran}");
        let program = user.sandbox.path(path).join("git-credential-pat");
        let line = format!("{} --keychain kernel", program.display());
        assert_eq!(user.helpers(), [line.as_str()], "{words}");
        does(&user, "unconfigure --yes");
    }
}

/// Copies this program into a folder of its own.
fn copy(user: &Home, folder: &str) -> PathBuf {
    let folder = user.sandbox.path(folder);
    fs::create_dir(&folder).unwrap();
    let program = folder.join("git-credential-pat");
    // Another process copies it: a file that this one has open for writing cannot be run.
    let copied = user.sandbox.run("cp", &[BINARY, program.to_str().unwrap()], b"");
    assert!(copied.status.success(), "{copied}");
    program
}

#[test]
fn two_lines_of_ours_become_one() {
    let user = Home::bare();
    for line in ["pat --keychain kernel", "cache", &format!("{OURS} --allow-http")] {
        user.helper(line);
    }
    does(&user, "configure --yes");
    assert_eq!(user.helpers(), ["cache", &format!("{OURS} --allow-http")]);
}

#[test]
fn only_writes_one_reset_and_unconfigure_takes_it_back() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        for line in ["pat --ci", OURS, "store"] {
            user.helper(line);
        }
        for _ in 0..2 {
            let ran = does(&user, "configure --yes --only");
            assert_eq!(user.helpers(), ["store", "", "pat --ci", OURS], "{ran}");
        }
        git_keeps_a_token(&user);
        assert!(!user.sandbox.path(".git-credentials").exists());
        does(&user, "unconfigure --yes");
        assert_eq!(user.helpers(), ["store"]);
    }
}

#[test]
fn a_reset_that_is_there_already_is_used() {
    let user = Home::bare();
    for line in ["store", OURS, ""] {
        user.helper(line);
    }
    does(&user, "configure --yes --only");
    assert_eq!(user.helpers(), ["store", "", OURS]);
}

#[test]
fn a_reset_that_others_need_stays() {
    let user = Home::bare();
    for line in ["manager", "", OURS, "cache"] {
        user.helper(line);
    }
    does(&user, "unconfigure --yes");
    assert_eq!(user.helpers(), ["manager", "", "cache"]);
}

#[test]
fn one_url_and_one_repository_are_configured_alone() {
    let user = Home::bare();
    user.helper("cache");
    does(&user, "configure --yes --only https://HOST/org");
    let key = format!("credential.{}.helper", user.url("/org"));
    assert_eq!(user.sandbox.git(&["config", "--global", "--get-all", &key]), format!("\n{OURS}\n"));
    assert_eq!(user.helpers(), ["cache"]);
    user.sandbox.git(&["init", "-q", "."]);
    does(&user, "configure --yes --local");
    assert_eq!(user.sandbox.git(&["config", "--local", "credential.helper"]), format!("{OURS}\n"));
    does(&user, "unconfigure --yes --local");
    does(&user, "unconfigure --yes https://HOST/other");
    assert!(!user.sandbox.git(&["config", "--global", "--get-all", &key]).is_empty());
    does(&user, "unconfigure --yes");
    assert_eq!(user.helpers(), ["cache"]);
    assert!(!String::from_utf8_lossy(&config(&user)).contains("org"));
}

#[test]
fn unconfigure_takes_only_what_is_ours() {
    let user = Home::bare().configured();
    let setting = |path: &str, name: &str| format!("credential.{}.{name}", user.url(path));
    user.config(&["--global", &setting("/org", "useHttpPath"), "true"]);
    user.config(&["--global", &setting("", "useHttpPath"), "true"]);
    user.config(&["--global", &setting("", "username"), "alice"]);
    user.config(&["--global", "user.name", "Alice"]);
    user.helper("cache");
    does(&user, "unconfigure --yes");
    assert_eq!(user.helpers(), ["cache"]);
    let left = user.sandbox.git(&["config", "--global", "--list"]);
    assert!(!left.contains("/org"), "{left}");
    for kept in ["usehttppath=true", "username=alice", "user.name=Alice"] {
        assert!(left.contains(kept), "{left}");
    }
}

#[test]
fn a_program_outside_of_path_is_named_as_gits_shell_reads_it() {
    for git in gits() {
        let mut user = Home::bare().with_git(&git);
        let path = std::env::var("PATH").unwrap();
        user.sandbox.set("PATH", &format!("{}:{path}", git.parent().unwrap().display()));
        let program = copy(&user, "odd 'one' \"two\" $HOME é [x]* `y` \\z #;&|");
        let mut command = user.sandbox.command(&program);
        command.args(["configure", "--yes"]);
        let ran = run(command, b"");
        assert!(ran.status.success(), "{ran}");
        let helper = user.helpers().concat();
        assert!(helper.starts_with('/') && helper.ends_with(" --keychain kernel"), "{helper}");
        git_keeps_a_token(&user);
        let mut command = user.sandbox.command(&program);
        command.args(["configure", "--yes"]);
        assert!(run(command, b"").stderr().contains("nothing to change"));
        let other: &Path = Path::new(BINARY);
        let mut command = user.sandbox.command(other);
        command.args(["unconfigure", "--yes"]);
        assert!(run(command, b"").status.success());
        assert!(user.helpers().is_empty());
    }
}

#[test]
fn what_is_still_in_the_way_is_said_with_its_command() {
    let user = Home::bare();
    user.helper("store");
    user.helper("!f() { echo password=ghp_TESTONLYx; }; f");
    let ran = does(&user, "configure --yes");
    let said = ran.stderr();
    for part in ["copy of every token to store", "a shell snippet", "hint: git config --global"] {
        assert!(said.contains(part), "no {part:?}: {ran}");
    }
    assert!(!format!("{ran}").contains("TESTONLY"), "{ran}");
}

#[test]
fn a_whole_machine_is_configured_and_a_user_may_still_choose() {
    let mut user = Home::bare();
    let system = user.sandbox.path("system").to_str().unwrap().to_owned();
    user.sandbox.unset("GIT_CONFIG_NOSYSTEM");
    user.sandbox.set("GIT_CONFIG_SYSTEM", &system);
    does(&user, "configure --yes --system");
    assert!(fs::read_to_string(&system).unwrap().contains(OURS));
    assert!(config(&user).is_empty());
    git_keeps_a_token(&user);
    let ran = does(&user, "configure --yes --system");
    assert!(ran.stderr().contains("nothing to change"), "{ran}");
    // A helper of the machine's configuration is unset there.
    user.sandbox.git(&["config", "--system", "--add", "credential.helper", "store"]);
    let status = user.status("");
    let command = crate::status::command(&status, "plain-text-helper");
    assert!(user.sandbox.run("sh", &["-c", &command], b"").status.success(), "{command}");
    assert!(!fs::read_to_string(&system).unwrap().contains("store"));
    does(&user, "unconfigure --yes --system");
    // It was made for the line.
    assert!(!Path::new(&system).exists());
}

#[test]
fn a_source_is_configured_for_its_place_alone() {
    let mut user = Home::bare();
    user.helper("store");
    let url = user.url("");
    let ours = |user: &Home| {
        user.sandbox.git(&["config", "--get-all", &format!("credential.{}.helper", user.url(""))])
    };
    does(&user, &format!("configure --yes --env FIRST {url}"));
    assert_eq!(ours(&user), format!("{BINARY} --for {url} --env FIRST\n"));
    // A second source for the same URL replaces the first.
    does(&user, &format!("configure --yes --only --username robot --env SECOND {url}"));
    assert_eq!(ours(&user), format!("\n{BINARY} --for {url} --env SECOND --username robot\n"));
    user.sandbox.set("SECOND", "ghp_TESTONLYsource");
    let fill = |host: &str| {
        let asked = format!("protocol=https\nhost={host}\n\n");
        user.sandbox.run("git", &["credential", "fill"], asked.as_bytes())
    };
    let filled = fill(&user.host).stdout();
    assert!(filled.ends_with("username=robot\npassword=ghp_TESTONLYsource\n"), "{filled}");
    let host = format!("x{}", user.host);
    assert!(!fill(&host).stdout().contains("TESTONLY"));
    assert_eq!(user.helpers(), ["store"]);
    does(&user, &format!("unconfigure --yes {url}"));
    assert!(!fill(&user.host).stdout().contains("TESTONLY"));
}

#[test]
fn a_source_for_a_part_of_a_host_gets_the_path_sent() {
    let mut user = Home::bare();
    let (repository, team) = (user.url("/team/repo"), user.url("/team"));
    does(&user, &format!("configure --yes --env TOKEN {repository}"));
    user.sandbox.set("TOKEN", "ghp_TESTONLYsource");
    for (path, is_served) in [("team/repo.git", true), ("team/repo", true), ("team/other", false)] {
        let asked = format!("protocol=https\nhost={}\npath={path}\n\n", user.host);
        let filled = user.sandbox.run("git", &["credential", "fill"], asked.as_bytes());
        assert_eq!(filled.stdout().contains("TESTONLY"), is_served, "{path}: {filled}");
    }
    let ran = does(&user, &format!("configure --yes --env TOKEN {repository}"));
    assert!(ran.stderr().contains("nothing to change"), "{ran}");
    does(&user, &format!("unconfigure --yes {team}"));
    let config = String::from_utf8(config(&user)).unwrap();
    assert!(!config.contains("TOKEN") && !config.contains("useHttpPath"), "{config}");
}

#[test]
fn a_commands_words_reach_it_as_they_were_typed() {
    let user = Home::bare();
    let url = user.url("");
    let command = "printf '%s\\n' \"ghp_TESTONLY a 'b' $HOME\"";
    let words = ["configure", "--yes", "--cache", "60", "--command", command, &url];
    let ran = user.sandbox.helper(&words, "");
    assert!(ran.status.success(), "{ran}");
    let asked = format!("protocol=https\nhost={}\n\n", user.host);
    let filled = user.sandbox.run("git", &["credential", "fill"], asked.as_bytes()).stdout();
    assert!(filled.ends_with("password=ghp_TESTONLY a 'b' $HOME\n"), "{filled}");
}

#[test]
fn a_file_that_gives_no_token_is_warned_of_at_once_and_configured() {
    let user = Home::bare();
    let token = user.sandbox.path("token");
    let line = |file: &str| format!("configure --yes --file {file} https://h.example");
    let ran = does(&user, &line(&token.display().to_string()));
    assert!(ran.stderr().contains("warning: no token comes from this file: the file"), "{ran}");
    assert!(ran.stderr().contains("hint: git gets no token by this line until"), "{ran}");
    fs::write(&token, "ghp_TESTONLY1\n").unwrap();
    for (mode, warning) in [(0o644, Some("chmod 600 (or 400) it")), (0o600, None)] {
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
        let ran = does(&user, &line(&token.display().to_string()));
        let said = ran.stderr();
        assert_eq!(said.contains("warning"), warning.is_some(), "{ran}");
        assert!(warning.is_none_or(|warning| said.contains(warning)), "{ran}");
        assert!(!said.contains("TESTONLY"), "{ran}");
    }
    let ran = does(&user, &line("/run/credentials/no.service/token"));
    assert!(ran.stderr().contains("credentials are there only while it runs"), "{ran}");
    assert!(user.sandbox.git(&["config", "--list"]).contains("/run/credentials/no.service/token"));
}

#[test]
fn a_variable_that_others_hide_from_git_is_warned_of() {
    let user = Home::bare();
    let ran = does(&user, "configure --yes --env GIT_TOKEN https://h.example");
    assert!(ran.stderr().contains("warning: this variable begins with GIT_"), "{ran}");
    assert!(ran.stderr().contains("hint: pre-commit and its like hide"), "{ran}");
    let ran = does(&user, "configure --yes --env GITHUB_TOKEN https://h.example");
    assert!(!ran.stderr().contains("warning"), "{ran}");
    let words = ["--for", "https://h.example", "--env", "GIT_TOKEN", "get"];
    let ran = user.sandbox.helper(&words, "protocol=https\nhost=h.example\n\n");
    ran.fails(1, "pre-commit and its like hide what begins with GIT_");
}

#[test]
fn a_source_that_would_be_none_is_refused() {
    let user = Home::bare();
    let before = config(&user);
    for line in [
        "--env TOKEN",
        "--env 1TOKEN https://h.example",
        "--env ghp_TESTONLYabcdefghijkl https://h.example",
        "--env A --file /b https://h.example",
        "--env A --keychain kernel https://h.example",
        "--env A --cache 60 https://h.example",
        "--command a --cache 0 https://h.example",
        "--username alice https://h.example",
        "--ci https://h.example",
        "--ci --username alice",
    ] {
        let ran = user.types(&format!("configure --yes {line}"), "");
        assert!(!ran.status.success() && !ran.stderr().contains("TESTONLY"), "{line}: {ran}");
        assert_eq!(config(&user), before, "{line}");
    }
    does(&user, "configure --yes --ci");
    assert_eq!(user.helpers(), [format!("{BINARY} --ci")]);
    assert!(does(&user, "configure --yes --ci").stderr().contains("nothing to change"));
}
