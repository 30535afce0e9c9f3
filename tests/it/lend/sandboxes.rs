//! Sandboxes without a network, and how a lending begins and ends.

use super::{Lending, home, in_bubblewrap, lend, said};
use crate::support::home::{Home, TOKEN};
use crate::support::program::program;
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// What is said inside to read a repository: git with nothing but the lines of the lending.
fn inside(home: &Home, configuration: &str) -> String {
    let file = home.sandbox.path("inside.gitconfig");
    fs::write(&file, configuration).unwrap();
    format!("GIT_CONFIG_GLOBAL={} git ls-remote {}", file.display(), home.url("team/repo.git"))
}

#[test]
fn a_sandbox_without_a_network_reads_by_a_listener_in_its_own() {
    let home = home();
    let mut command = home.sandbox.command(program("unshare", "util-linux"));
    command.args(["-U", "-r", "-n", "sh", "-c", "read line; eval \"$line\""]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sandbox = command.spawn().unwrap();
    // It is in its network once its loopback is the only interface.
    let interfaces = format!("/proc/{}/net/dev", sandbox.id());
    crate::support::server::wait_for("the sandbox's network", || {
        fs::read_to_string(&interfaces).is_ok_and(|text| text.lines().count() == 3)
    });
    let lending =
        Lending::start(&home, &format!("--read {} --inside {}", home.url("team"), sandbox.id()));
    assert_eq!(lending.port(), 8418);
    let line = inside(&home, &lending.configuration);
    writeln!(sandbox.stdin.take().unwrap(), "{line}").unwrap();
    let output = sandbox.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refs/heads/main"), "{output:?} {}", said(&home));
}

#[test]
fn bubblewrap_without_a_network_is_entered_and_pushes_by_its_own_port() {
    let home = home();
    let url = home.url("team/repo.git");
    let (work, info) = (home.sandbox.path("work"), home.sandbox.path("info"));
    fs::create_dir(&work).unwrap();
    let mut command = home.sandbox.command("sh");
    let bwrap = program("bwrap", "bubblewrap");
    let options = "--unshare-all --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --clearenv";
    command.arg("-c").arg(format!(
        "exec {} --info-fd 3 {options} --setenv PATH \"$PATH\" --setenv HOME /tmp \\
             --bind {} /tmp/work --chdir /tmp/work sh -e -c 'read _; . ./script' 3>{}",
        bwrap.display(),
        work.display(),
        info.display()
    ));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sandbox = command.spawn().unwrap();
    let process = || {
        let text = fs::read(&info).ok()?;
        let info: serde_json::Value = serde_json::from_slice(&text).ok()?;
        info["child-pid"].as_u64()
    };
    crate::support::server::wait_for("the sandbox", || process().is_some());
    let options = format!("--push {url} --branches agent/* --inside {}", process().unwrap());
    let lending = Lending::start(&home, &options);
    fs::write(work.join("gitconfig"), &lending.configuration).unwrap();
    let script = format!(
        "export GIT_CONFIG_GLOBAL=$PWD/gitconfig
         git clone --quiet {url} one
         cd one
         git -c user.name=a -c user.email=a commit --quiet --allow-empty --message More
         git push origin HEAD:agent/x
         ! git push origin HEAD:main"
    );
    fs::write(work.join("script"), script).unwrap();
    writeln!(sandbox.stdin.take().unwrap()).unwrap();
    let output = sandbox.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text} {}", said(&home));
    assert!(text.contains("HEAD -> agent/x") && text.contains("(lend: only "), "{text}");
    // From outside, nobody can connect to it.
    let own = std::net::TcpStream::connect(("127.0.0.1", lending.port()));
    assert!(own.is_err(), "this is the network of the test, not of the sandbox");
}

#[test]
fn bubblewrap_without_a_network_reads_by_the_socket() {
    let home = home();
    let folder = home.sandbox.path("pat");
    let options = format!(
        "--read {} --socket {} --inside-path /tmp/lent",
        home.url("team"),
        folder.display()
    );
    let lending = Lending::start(&home, &options);
    assert!(lending.configuration.contains("socks5h://localhost/tmp/lent/pat.sock"));
    let ran =
        in_bubblewrap(&home, &folder, &format!("git ls-remote {}", home.url("team/repo.git")));
    assert!(
        ran.status.success() && ran.stdout().contains("refs/heads/main"),
        "{ran} {}",
        said(&home)
    );
}

#[test]
fn the_exit_status_is_the_commands_or_says_why_there_was_none() {
    let home = home();
    let options = format!("--read {} --port 0", home.url("team"));
    for (command, status) in [
        (&["sh", "-c", "exit 7"][..], 7),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["true"], 0),
        (&["/nowhere/command"], 127),
        (&["/dev/null"], 126),
    ] {
        assert_eq!(lend(&home, &options, command).status.code(), Some(status), "{command:?}");
    }
    let ran = lend(&home, "--read https://h.test --inside 4194304", &["true"]);
    assert_eq!(ran.status.code(), Some(2), "{ran}");
    let ran = home.types("lend --read https://h.test --inside 4194304", "");
    ran.fails(125, "the network of the process of --inside cannot be entered");
}

#[test]
fn it_ends_with_a_signal_or_its_time_and_leaves_nothing() {
    let home = home();
    let folder = home.sandbox.path("pat");
    let options = format!("--read {} --socket {}", home.url("team"), folder.display());
    let mut lending = Lending::start(&home, &options);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert_eq!(lending.end().code(), Some(0));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let ran = home.types(&format!("lend {options} --lasting 1s"), "");
    assert!(ran.status.success(), "{ran}");
    assert!(ran.stderr().contains("the time is over"), "{ran}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn what_would_give_the_command_a_token_anyway_is_named_before() {
    let mut home = home();
    home.set("GH_TOKEN", "x");
    home.set("OTHER", TOKEN);
    home.configure("url.git@github.com:.insteadOf", "https://github.com/");
    let ran = lend(&home, "--read https://github.com/my-org --port 0", &["true"]);
    assert!(ran.stderr().contains("a token or key of its own in GH_TOKEN, OTHER"), "{ran}");
    assert!(ran.stderr().contains("url.git@github.com:.insteadof, which wins"), "{ran}");
    assert!(!ran.stderr().contains(TOKEN), "{ran}");
}

#[test]
fn where_no_account_answers_git_says_so_inside_and_lend_says_why_on_the_host() {
    let home = home();
    let url = home.url("team/repo.git");
    home.types(&format!("logout {}", home.url("")), "");
    let ran = lend(&home, &format!("--read {url} --port 0"), &["git", "ls-remote", &url]);
    assert!(
        ran.stderr().contains("remote: git-credential-pat lend: no account on the host"),
        "{ran}"
    );
    assert!(ran.stderr().contains("no such account is in the keychain"), "{ran}");
}

#[test]
fn uses_are_noted_only_where_that_is_wanted() {
    let home = home();
    let url = home.url("team/repo.git");
    let log = home.sandbox.path("state/git-credential-pat/uses.jsonl");
    let read = || lend(&home, &format!("--read {url} --port 0"), &["git", "ls-remote", &url]);
    read();
    assert!(!log.exists());
    let line = home.helpers()[0].clone();
    home.configure("credential.helper", &format!("{line} --log"));
    read();
    let text = fs::read_to_string(&log).unwrap_or_default();
    assert!(
        text.contains("\"via\":\"lend\",\"operation\":\"fetch\",\"result\":\"served\""),
        "{text}"
    );
    assert!(!text.contains(TOKEN), "{text}");
}
