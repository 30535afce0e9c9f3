//! The end of a lending: its time, its command, a signal; and what is under way then.

use super::{home, lend};
use crate::support::home::Home;
use crate::support::sandbox::run;
use crate::support::server::{hand_over, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A push that the git host holds up, begun by a command that has ended since.
struct HeldUp {
    home: Home,
    repository: PathBuf,
    lend: Child,
    /// What git inside has said.
    said: PathBuf,
}

impl HeldUp {
    fn start() -> Self {
        let home = home();
        let repository = home.server().create_repository("team/slow.git");
        let hook = repository.join("hooks/pre-receive");
        let text =
            "#!/bin/sh\ntouch begun\nuntil [ -e go ]; do sleep 0.05; [ -e . ] || exit; done\n";
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, text).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        hand_over(&repository);
        let folder = home.sandbox.path("checkout");
        let url = home.url("team/slow.git");
        home.git(&["clone", "--quiet", &url, folder.to_str().unwrap()]);
        home.git(&["-C", "checkout", "commit", "--quiet", "--allow-empty", "-m", "More"]);
        let (said, ended) = (home.sandbox.path("said"), home.sandbox.path("ended"));
        let script = format!(
            "(git -C {} push origin HEAD:refs/heads/agent/x; echo status $?) >{} 2>&1 &
             until [ -e {} ]; do sleep 0.05; done; touch {}; exit 7",
            folder.display(),
            said.display(),
            repository.join("begun").display(),
            ended.display()
        );
        let options = format!("--push {url} --branches agent/* --port 0");
        let mut command = home.typed(&format!("lend {options} --"));
        command.args(["sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(home.sandbox.path("lend.log")).unwrap());
        let lend = command.spawn().unwrap();
        let held = Self { home, repository, lend, said };
        held.waits_until("the command has ended", |held| {
            ended.exists() && held.log().contains("transfers are under way")
        });
        held
    }

    #[track_caller]
    fn waits_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        wait_for(what, || is_so(self));
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.sandbox.path("lend.log")).unwrap()
    }

    /// What git inside has said, once it has ended.
    #[track_caller]
    fn said(&self) -> String {
        let read = || fs::read_to_string(&self.said).unwrap_or_default();
        self.waits_until("git has ended", |_| read().contains("status "));
        read()
    }

    fn pushed(&self) -> bool {
        let mut git = Command::new("git");
        git.args(["-c", "safe.directory=*", "--git-dir"]).arg(&self.repository);
        git.args(["rev-parse", "--verify", "refs/heads/agent/x"]);
        run(git, b"").status.success()
    }
}

impl Drop for HeldUp {
    fn drop(&mut self) {
        let _ = File::create(self.repository.join("go"));
        let _ = self.lend.kill();
        let _ = self.lend.wait();
    }
}

#[test]
fn a_transfer_that_is_under_way_at_the_commands_end_comes_to_its_own() {
    let mut held = HeldUp::start();
    assert!(held.lend.try_wait().unwrap().is_none() && !held.pushed());
    File::create(held.repository.join("go")).unwrap();
    let said = held.said();
    assert!(said.contains("HEAD -> agent/x") && said.contains("status 0"), "{said}");
    let status = held.lend.wait().unwrap();
    assert_eq!(status.code(), Some(7), "the status is the command's");
    assert!(held.pushed());
}

#[test]
fn a_transfer_that_hangs_after_the_end_is_cut_off_by_one_more_signal() {
    let mut held = HeldUp::start();
    kill_process(Pid::from_child(&held.lend), Signal::INT).unwrap();
    assert_eq!(held.lend.wait().unwrap().code(), Some(7), "{}", held.log());
    let said = held.said();
    assert!(!said.contains("status 0"), "a transfer that was cut off is none: {said}");
    assert!(!held.pushed());
}

#[test]
fn once_the_time_is_over_the_command_goes_on_and_each_request_is_refused_with_the_reason() {
    let home = home();
    let url = home.url("team/repo.git");
    let folder = home.sandbox.path("checkout");
    home.git(&["clone", "--quiet", &url, folder.to_str().unwrap()]);
    let script = format!(
        "for i in $(seq 400); do git ls-remote {url} >/dev/null 2>refused || break; sleep 0.05; done
         cat refused >&2
         git ls-remote {url}
         git -C {} push origin HEAD:refs/heads/agent/x
         exit 7",
        folder.display()
    );
    let options = format!("--push {url} --branches agent/* --port 0 --lasting 1s");
    let ran = lend(&home, &options, &["sh", "-c", &script]);
    let says = ran.stderr();
    assert_eq!(ran.status.code(), Some(7), "{ran}");
    assert!(says.contains("git-credential-pat: lend: the time is over"), "{ran}");
    let reason = "git-credential-pat lend: this lending is over";
    assert_eq!(says.matches(reason).count(), 3, "{ran}");
    let requests = home.server().requests(|all| !all.is_empty());
    assert!(!requests.iter().any(|r| r.path.ends_with("-receive-pack")), "{requests:?}");
}

#[test]
fn the_folder_of_the_socket_is_empty_at_the_end_whatever_has_ended_it() {
    let home = home();
    let folder = home.sandbox.path("pat");
    let options = format!("--read {} --socket {}", home.url("team"), folder.display());
    let is_left = |folder: &Path| fs::read_dir(folder).unwrap().count();
    let lent = ["sh", "-c", "ls pat"];
    let ran = lend(&home, &options, &lent);
    assert_eq!(ran.stdout(), "gitconfig\npat.sock\n", "{ran}");
    assert_eq!(is_left(&folder), 0);
    let ran = lend(&home, &options, &["/nowhere/command"]);
    assert_eq!((ran.status.code(), is_left(&folder)), (Some(127), 0), "{ran}");
    let ran = lend(&home, &options, &["sh", "-c", "kill -TERM $PPID; sleep 20"]);
    assert_eq!((ran.status.code(), is_left(&folder)), (Some(143), 0), "{ran}");
}

#[test]
fn what_keeps_the_lending_itself_from_beginning_is_status_125() {
    let home = home();
    let folder = home.sandbox.path("open");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (options, reason) in [
        (format!("--socket {}", folder.display()), "must be this user's alone"),
        (format!("--port {port}"), "the port cannot be listened at"),
        ("--port 0 --branches * --push https://h.test/a".to_owned(), "--branches takes"),
        ("--port 0 --branches a/* --push https://h.test".to_owned(), "--push takes"),
        ("--port 0 --read http://h.test https://h.test".to_owned(), "cannot be lent together"),
    ] {
        let read = if options.contains("h.test") { "" } else { "--read https://h.test " };
        let ran = lend(&home, &format!("{read}{options}"), &["touch", "began"]);
        assert_eq!(ran.status.code(), Some(125), "{ran}");
        assert!(ran.stderr().contains(reason) && !home.sandbox.path("began").exists(), "{ran}");
    }
}
