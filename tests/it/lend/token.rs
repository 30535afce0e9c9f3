//! The token itself: it is nowhere in the sandbox, and nothing is left of it in the lending.

use super::{Lending, home, in_bubblewrap, said};
use crate::support::home::Home;
use crate::support::onlooker::Onlooker;
use crate::support::program::program;
use crate::support::residue::{Needles, base64, hex};
use crate::support::sandbox::BINARY;
use crate::support::tracee::Memory;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// A token that no other test has, so that it is nowhere by chance.
fn set_token(home: &Home) -> String {
    let mut bytes = [0_u8; 28];
    getrandom::fill(&mut bytes).unwrap();
    let letters = bytes.map(|byte| char::from(b'a' + byte % 26));
    let token = format!("ghp_TESTONLY{}", letters.iter().collect::<String>());
    home.server().set_token("alice", &token);
    home.types(&format!("logout {}", home.url("")), "");
    home.approve(&home.url(""), "alice", &token);
    token
}

/// Starts a lending. Returns its memory as well, opened before the lending hides it.
fn start(home: &Home, options: &str) -> (Lending, Memory) {
    let mut gate = home.sandbox.command("sh");
    gate.args(["-c", "read -r _; exec \"$@\"", "sh", BINARY, "lend"]).stdin(Stdio::piped());
    gate.args(options.split_whitespace());
    let mut memory = None;
    let lending = Lending::begin(home, gate, |process| {
        let pid = Pid::from_raw(process.id().try_into().unwrap());
        ptrace::seize(pid, Options::PTRACE_O_TRACEEXEC).unwrap();
        process.stdin.take().unwrap().write_all(b"\n").unwrap();
        // It stops where the shell becomes the program.
        waitpid(pid, None).unwrap();
        memory = Some(Memory::open(pid));
        ptrace::detach(pid, None).unwrap();
    });
    (lending, memory.unwrap())
}

/// Returns the files in a folder that hold a piece of the secret.
fn files_with(needles: &Needles, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(needles, &path));
        } else if kind.is_file() && needles.are_in(&fs::read(&path).unwrap()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn the_token_is_in_no_file_variable_argument_or_memory_of_a_lending_or_its_sandbox() {
    program("git-lfs", "git-lfs");
    let home = home();
    let token = set_token(&home);
    let pair = base64(format!("alice:{token}").as_bytes());
    let needles = Needles::new(&[&token.as_bytes()["ghp_TESTONLY".len()..]]);
    let onlookers = [token.clone(), String::from_utf8(pair).unwrap(), hex(token.as_bytes())];
    let onlookers = onlookers.map(|secret| Onlooker::new(&secret));
    let line = home.helpers()[0].clone();
    home.configure("credential.helper", &format!("{line} --log"));
    let (folder, repository) = (home.sandbox.path("pat"), home.url("team/repo.git"));
    let options = format!(
        "--push {repository} --branches agent/* --lfs --public --socket {} --inside-path /tmp/lent",
        folder.display()
    );
    let (lending, mut memory) = start(&home, &options);
    let script = format!(
        "export GIT_TRACE=/tmp/work/trace GIT_TRACE_CURL=/tmp/work/curl GIT_TRACE_REDACT=0
         export GIT_TRACE_PACKET=/tmp/work/packets
         git clone {repository} one
         cd one
         git lfs install --local
         git lfs track '*.bin'
         head -c 100000 /dev/zero >large.bin
         git add .
         git -c user.name=a -c user.email=a commit --quiet --message 'Add a large file'
         git push origin HEAD:agent/x
         ! git push origin HEAD:main
         ! git ls-remote {}
         git lfs fetch --all
         printf 'protocol=https\nhost={}\n\n' | git credential fill || true
         cat /tmp/lent/gitconfig >../configuration
         env >../variables
         cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/maps >../processes 2>/dev/null || true",
        home.url("team/secret.git"),
        home.host,
    );
    let ran = in_bubblewrap(&home, &folder, &script);
    assert!(ran.status.success(), "{ran} {}", said(&home));
    let requests = home.server().requests(|all| !all.is_empty());
    assert!(requests.iter().any(|r| r.method == "PUT" && r.user == "alice"), "{requests:?}");

    assert!(!needles.are_in(&ran.stdout) && !needles.are_in(&ran.stderr), "{ran}");
    let work = home.sandbox.path("work");
    assert!(fs::read_to_string(work.join("curl")).unwrap().contains("X-Lend"), "it is traced");
    for folder in [&work, &folder, &home.sandbox.path("state")] {
        assert_eq!(files_with(&needles, folder), [""; 0]);
    }
    assert!(!needles.are_in(said(&home).as_bytes()), "{}", said(&home));
    for seen in onlookers.map(Onlooker::stop) {
        assert!(seen.rounds > 10, "{seen:?}");
        assert!(seen.arguments.is_empty() && seen.environments.is_empty(), "{seen:?}");
    }
    let mappings = memory.mappings(|rights| rights.starts_with('r'));
    assert!(mappings.iter().any(|(name, ..)| name == "[stack]"), "no stack was read");
    for (name, start, bytes) in mappings {
        let pieces = needles.find(&bytes);
        assert!(pieces.is_empty(), "left behind in {name} {start:#x}: {pieces:?}");
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", lending.process.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "a core dump would have the token");
}
