//! Tokens from a variable, a file, a command, a runner: each serves its one URL and no other,
//! wherever git is led.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;

use crate::support::home::{Home, OTHER_TOKEN, TOKEN};
use crate::support::kernel::Keys;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, Ran, Sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const REQUEST: &str = "protocol=https\nhost=h.example\n";

/// Makes a desk whose git has this helper string; `HOST` is the server's first host.
fn desk_with(helper: &str) -> Home {
    let mut desk = Home::bare().with_git_host();
    desk.set("TOKEN_OF_JOB", TOKEN);
    let helper = helper.replace("HOST", &desk.server().host());
    desk.configure("credential.helper", &format!("{BINARY} {helper}"));
    desk
}

/// Runs a get with these words of the helper string.
fn get(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let words: Vec<&str> = words.iter().copied().chain(["get"]).collect();
    sandbox.helper(&words, REQUEST)
}

fn write(sandbox: &Sandbox, name: &str, content: &str, mode: u32) -> String {
    let path = sandbox.path(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn answer(token: &str) -> String {
    format!("username=token\npassword={token}\n")
}

#[test]
fn git_works_with_a_variable_a_file_and_a_command_and_writes_nothing() {
    let desk = Home::bare().with_git_host();
    let file = write(&desk.sandbox, "token", &format!("{TOKEN}\n"), 0o600);
    for origin in ["--env TOKEN_OF_JOB", &format!("--file {file}"), "--command 'cat token'"] {
        let desk = desk_with(&format!("--for https://HOST --username alice {origin}"));
        write(&desk.sandbox, "token", TOKEN, 0o600);
        // git runs the helper in the folder of the work.
        let checkout = desk.sandbox.path("checkout");
        let checkout = checkout.to_str().unwrap();
        desk.git(&["clone", &desk.url("team/repo.git"), checkout]);
        write(&desk.sandbox, "checkout/token", TOKEN, 0o600);
        desk.git(&["-C", checkout, "commit", "--allow-empty", "--quiet", "-m", "Work"]);
        desk.git(&["-C", checkout, "push"]);
        assert_eq!(desk.keys.accounts(), [""; 0], "{origin}");
        let config = fs::read_to_string(desk.sandbox.path("checkout/.git/config")).unwrap();
        assert!(!config.contains("TESTONLY"), "{config}");
    }
}

#[test]
fn a_refused_token_is_neither_erased_nor_replaced_in_its_source() {
    let desk = Home::bare().with_git_host();
    let file = write(&desk.sandbox, "token", &format!("{OTHER_TOKEN}\n"), 0o600);
    let helper = format!("--for https://HOST --username alice --file {file}");
    let helper = helper.replace("HOST", &desk.server().host());
    desk.configure("credential.helper", &format!("{BINARY} {helper}"));
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    desk.approve(&desk.url(""), "alice", TOKEN);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{OTHER_TOKEN}\n"));
    assert_eq!(desk.keys.accounts(), [""; 0]);
}

#[test]
fn a_bound_token_reaches_no_other_place() {
    let desk = desk_with("--for https://HOST --username alice --env TOKEN_OF_JOB");
    let [first, second, _] = desk.server().ports();
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    desk.git_is_refused(&["ls-remote", &desk.other_url("team/repo.git")]);
    desk.git_is_refused(&["ls-remote", &desk.url("moved/team/repo.git")]);
    let neighbour = desk.url("team/repo.git").replace(&format!(":{first}"), &format!(":{second}"));
    desk.git_is_refused(&["ls-remote", &neighbour]);

    let checkout = desk.sandbox.path("checkout");
    let checkout = checkout.to_str().unwrap();
    desk.git(&["clone", &desk.url("team/repo.git"), checkout]);
    let modules =
        format!("[submodule \"m\"]\n\tpath = m\n\turl = {}\n", desk.other_url("team/repo.git"));
    fs::write(desk.sandbox.path("checkout/.gitmodules"), modules).unwrap();
    let commit = desk.git(&["-C", checkout, "rev-parse", "HEAD"]).stdout();
    let link = format!("160000,{},m", commit.trim());
    desk.git(&["-C", checkout, "add", ".gitmodules"]);
    desk.git(&["-C", checkout, "update-index", "--add", "--cacheinfo", &link]);
    desk.git_is_refused(&["-C", checkout, "submodule", "update", "--init"]);

    let requests = desk.server().requests(|all| all.iter().any(|r| r.port == second));
    assert!(requests.iter().all(|r| r.port == first || !r.authorized), "{requests:#?}");
}

#[test]
fn a_neighbours_name_is_another_place() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "ghp_TESTONLY1");
    let ask = |place: &str, host: &str| {
        let request = format!("protocol=https\nhost={host}\npath=team/repo.git\n");
        sandbox.helper(&["--for", place, "--env", "TOKEN", "get"], request)
    };
    for host in ["github.com", "GitHub.com", "github.com:443"] {
        ask("https://github.com", host).prints("username=x-access-token\npassword=ghp_TESTONLY1\n");
    }
    for host in [
        "api.github.com",
        "github.com.evil.example",
        "evil-github.com",
        "github.com:8443",
        "github.com:65979",
        "github.com.",
        "github.com@evil.example",
        "evil.example\\@github.com",
        "githu\u{212a}.com",
        "*.com",
    ] {
        ask("https://github.com", host).prints("");
    }
    let team = ask("https://github.com/team", "github.com");
    team.prints("username=x-access-token\npassword=ghp_TESTONLY1\n");
    ask("https://github.com/tea", "github.com").prints("");
    ask("https://github.com/team/repo2", "github.com").prints("");
}

#[test]
fn a_path_in_the_place_needs_one_in_the_request() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "ghp_TESTONLY1");
    get(&sandbox, &["--for", "https://h.example/team", "--env", "TOKEN"]).prints("");
}

#[test]
fn a_username_that_was_given_answers_for_itself_only() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "ghp_TESTONLY1");
    let ask = |words: &[&str], name: &str| {
        let words = [&["--for", "https://h.example", "--env", "TOKEN"], words, &["get"]].concat();
        sandbox.helper(&words, format!("{REQUEST}username={name}\n"))
    };
    ask(&["--username", "alice"], "alice").prints("username=alice\npassword=ghp_TESTONLY1\n");
    ask(&["--username", "alice"], "bob").prints("");
    ask(&[], "bob").prints("username=bob\npassword=ghp_TESTONLY1\n");
}

#[test]
fn a_scheme_is_answered_to_a_git_that_knows_schemes() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "ghp_TESTONLY1");
    let words = ["--for", "https://h.example", "--env", "TOKEN", "--authtype", "Bearer", "get"];
    let answer = "capability[]=authtype\nauthtype=Bearer\ncredential=ghp_TESTONLY1\n";
    sandbox.helper(&words, format!("capability[]=authtype\n{REQUEST}")).prints(answer);
    sandbox.helper(&words, REQUEST).prints("");
}

#[test]
fn a_token_without_a_place_is_served_to_nobody_and_the_message_says_so() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TOKEN", "ghp_TESTONLY1");
    for origin in [["--env", "TOKEN"], ["--file", "/run/token"], ["--command", "cat token"]] {
        get(&sandbox, &origin).fails(1, "say which with --for https://HOST");
    }
}

#[test]
fn a_file_is_read_only_where_nobody_else_could_have() {
    let sandbox = Sandbox::new();
    let ask = |path: &str| get(&sandbox, &["--for", "https://h.example", "--file", path]);
    for (content, token) in [
        ("ghp_TESTONLY1", "ghp_TESTONLY1"),
        ("ghp_TESTONLY2\n", "ghp_TESTONLY2"),
        ("t\r\n", "t"),
        ("ghp_TESTONLY3\n\n", "ghp_TESTONLY3"),
        ("ghp_TESTONLY4 \t\r\n \r\n", "ghp_TESTONLY4"),
    ] {
        ask(&write(&sandbox, "token", content, 0o400)).prints(&answer(token));
        fs::remove_file(sandbox.path("token")).unwrap();
    }
    for mode in [0o604, 0o640, 0o660, 0o602, 0o777] {
        let path = write(&sandbox, "token", "ghp_TESTONLY1\n", mode);
        ask(&path).fails(1, "chmod 600");
        fs::remove_file(path).unwrap();
    }
    let path = write(&sandbox, "token", "ghp_TESTONLY1\n", 0o600);
    std::os::unix::fs::symlink(&path, sandbox.path("link")).unwrap();
    ask(sandbox.path("link").to_str().unwrap()).fails(1, "is a link");
    for device in ["/dev/zero", "/dev/null"] {
        ask(device).fails(1, "no regular file");
    }
    ask(sandbox.path("tmp").to_str().unwrap()).fails(1, "no regular file");
    let pipe = sandbox.path("pipe");
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status();
    assert!(made.unwrap().success());
    ask(pipe.to_str().unwrap()).fails(1, "no regular file");
    ask("/nowhere/token").fails(1, "is not there");
    ask(&write(&sandbox, "empty", "\n", 0o600)).fails(1, "it gave nothing");
    let lines = write(&sandbox, "lines", "ghp_TESTONLY1\npassword=x\n", 0o600);
    ask(&lines).fails(1, "more than one line");
    ask(&write(&sandbox, "cut", "ghp_\0TESTONLY", 0o600)).fails(1, "more than one line");
    ask(&write(&sandbox, "long", &"x".repeat(70_000), 0o600)).fails(1, "too long");
}

#[test]
fn a_command_runs_without_a_shell_and_its_failure_is_told() {
    let sandbox = Sandbox::new();
    let ask = |line: &str| get(&sandbox, &["--for", "https://h.example", "--command", line]);
    ask("printf '%s\\n' 'a b;$HOME'").prints(&answer("a b;$HOME"));
    ask("sh -c 'echo ghp_TESTONLY$((1 + 1))'").prints(&answer("ghp_TESTONLY2"));
    ask("cat").fails(1, "it gave nothing");
    ask("false").fails(1, "the command failed");
    ask("sh -c 'echo ghp_TESTONLY1; exit 3'").fails(1, "the command failed");
    ask("no-such-command-here").fails(1, "the command cannot be run");
    ask("echo 'a").fails(1, "quotes do not match");
    ask(" ").fails(1, "the command is empty");
    ask("sh -c 'yes ghp_TESTONLY'").fails(1, "prints too much");
    let told = ask("sh -c 'echo the vault is sealed >&2; exit 2'");
    told.fails(1, "the vault is sealed\n");
    for ran in [ask("sh -c 'echo ghp_TESTONLY1; exit 3'"), ask("printf 'ghp_TESTONLY1\\nx\\n'")] {
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
}

/// The test takes half a minute.
#[test]
#[ignore = "it takes half a minute"]
fn a_command_that_does_not_end_is_ended_with_all_that_it_started() {
    let sandbox = Sandbox::new();
    for line in ["sleep 4711", "sh -c 'sleep 4711; true'", "sh -c 'exec >&-; sleep 4711'"] {
        let begun = Instant::now();
        // There is no terminal on which the command could ask.
        let words = ["--wait", BINARY, "--for", "https://h.example", "--command", line, "get"];
        let ran = sandbox.run(program("setsid", "util-linux"), &words, REQUEST.as_bytes());
        ran.fails(1, "longer than 30 seconds");
        assert!(begun.elapsed() < Duration::from_secs(35));
        let left = std::process::Command::new("pgrep").args(["-f", "sleep 4711"]).output().unwrap();
        assert!(left.stdout.is_empty(), "{line}");
    }
}

#[test]
fn a_commands_answer_is_kept_for_a_while_for_itself_only() {
    let keys = Keys::new();
    let host = keys.host("h");
    let sandbox = Sandbox::new();
    let place = format!("https://{host}");
    let counting = "sh -c 'echo >>runs; echo ghp_TESTONLY1'";
    let operation = |line: &str, operation: &str| {
        let words = ["--for", &place, "--command", line, "--cache", "300", operation];
        let token =
            if operation == "get" { "" } else { "username=token\npassword=ghp_TESTONLY1\n" };
        let ran = sandbox.helper(&words, format!("protocol=https\nhost={host}\n{token}"));
        assert!(ran.status.success(), "{ran}");
        ran.stdout()
    };
    let runs = || fs::read_to_string(sandbox.path("runs")).unwrap().len();
    for _ in 0..3 {
        assert_eq!(operation(counting, "get"), answer("ghp_TESTONLY1"));
    }
    operation(counting, "store");
    assert_eq!((runs(), keys.caches().len()), (1, 1));
    // Another command has an answer of its own, also for the same URL.
    assert_eq!(operation("echo ghp_TESTONLY2", "get"), answer("ghp_TESTONLY2"));
    let bare =
        sandbox.helper(&["--keychain", "kernel", "get"], format!("protocol=https\nhost={host}\n"));
    bare.prints("");
    operation(counting, "erase");
    assert_eq!(keys.caches().len(), 0, "a refusal ends all copies of the host");
    assert_eq!(operation(counting, "get"), answer("ghp_TESTONLY1"));
    assert_eq!(runs(), 2);
}

#[test]
fn a_runners_token_serves_the_runners_server() {
    let desk = desk_with("--ci");
    desk.server().set_token("x-access-token", TOKEN);
    let job = |mark: &str, server: &str, token: &str| {
        let mut desk = desk_with("--ci");
        desk.server().set_token("x-access-token", TOKEN);
        desk.server().set_token("token", TOKEN);
        desk.server().set_token("gitlab-ci-token", TOKEN);
        desk.set(mark, "true");
        desk.set(server, &desk.url(""));
        desk.set("CI_SERVER_PROTOCOL", "https");
        desk.set("CI_SERVER_FQDN", &desk.server().host());
        desk.set(token, TOKEN);
        desk
    };
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    for (mark, server, token) in [
        ("GITHUB_ACTIONS", "GITHUB_SERVER_URL", "GITHUB_TOKEN"),
        ("GITEA_ACTIONS", "GITHUB_SERVER_URL", "GITEA_TOKEN"),
        ("GITLAB_CI", "CI_SERVER_URL", "CI_JOB_TOKEN"),
    ] {
        let desk = job(mark, server, token);
        desk.git(&["ls-remote", &desk.url("team/repo.git")]);
        desk.git_is_refused(&["ls-remote", &desk.other_url("team/repo.git")]);
    }
}

#[test]
fn a_source_without_its_token_says_which_one_is_missing() {
    let mut sandbox = Sandbox::new();
    get(&sandbox, &["--for", "https://h.example", "--env", "TOKEN_OF_JOB"])
        .fails(1, "the variable TOKEN_OF_JOB is not set");
    let ask = |line: &str| get(&sandbox, &["--for", "https://h.example", "--command", line]);
    ask("sh -c 'exit 3'").fails(1, "the command failed: sh, exit status: 3");
    ask("sh -c 'kill -9 $$'").fails(1, "the command failed: sh, signal: 9");
    get(&sandbox, &["--ci"]).prints("");
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("GITHUB_SERVER_URL", "https://h.example");
    get(&sandbox, &["--ci"]).fails(1, "the variable GITHUB_TOKEN is not set");
    // At another host nobody waits for the token.
    sandbox.set("GITHUB_SERVER_URL", "https://g.example");
    get(&sandbox, &["--ci"]).prints("");
}

#[test]
fn two_hundred_fetches_of_one_job_at_once_all_get_it() {
    let desk = desk_with("--for https://HOST --username alice --env TOKEN_OF_JOB");
    let url = desk.url("team/repo.git");
    let start = |_| {
        let mut git: Command = desk.sandbox.command("git");
        git.args(["ls-remote", "--quiet", &url]).stdin(Stdio::null());
        git.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<Child> = (0..200).map(start).collect();
    for git in all {
        let output = git.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
