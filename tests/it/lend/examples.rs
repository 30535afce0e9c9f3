//! The examples of sandboxes, run as they stand there. The places, and the port at an SSH host, are
//! the test's own. No container is started: what its configuration says is done by bubblewrap.

use super::home;
use crate::support::home::{Home, TOKEN};
use crate::support::page;
use crate::support::program::program;
use crate::support::sandbox::{Ran, run};
use crate::support::spy;
use crate::support::sshd::Sshd;
use serde_json::Value;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// An example with this test's places.
fn example(home: &Home, name: &str) -> String {
    let text = page::example(&format!("sandbox/{name}"));
    let text = text.replace("https://github.com/my-org/app", &home.url("team/repo.git"));
    text.replace("https://github.com/my-org", &home.url("team"))
}

/// What an agent does: it works on a branch that it may push, and tries what it may not.
fn agent(home: &Home, branch: &str) -> String {
    format!(
        "set -e
         git clone --quiet {0} app
         cd app
         git -c user.name=a -c user.email=a@h.example commit --quiet --allow-empty -m 'Work'
         git push --quiet origin HEAD:{branch}
         ! git push origin HEAD:main
         ! git ls-remote https://github.com/other/place
         env",
        home.url("team/repo.git")
    )
}

/// Whether the agent could do what is lent, was told why not the rest, and saw no token.
#[track_caller]
fn has_worked(home: &Home, branch: &str, ran: &Ran) {
    assert!(ran.status.success(), "{ran}");
    let pattern = branch.split('/').next().unwrap();
    let reason = format!("(lend: only refs/heads/{pattern}/* may be pushed)");
    assert!(ran.stderr().contains(&reason), "{ran}");
    assert!(!ran.stdout().contains(TOKEN) && !ran.stderr().contains(TOKEN), "{ran}");
    let refs = home.git(&["ls-remote", &home.url("team/repo.git"), branch]);
    assert!(refs.stdout().contains(branch), "{refs}");
}

#[test]
fn an_agent_in_bubblewrap_pushes_its_branches_without_a_network() {
    program("bwrap", "bubblewrap");
    let home = home();
    let script = example(&home, "bubblewrap.sh");
    let agent = agent(&home, "agent/x");
    let ran = home.sandbox.run("sh", &["-c", &script, "bubblewrap.sh", "sh", "-c", &agent], b"");
    has_worked(&home, "agent/x", &ran);
    assert!(home.sandbox.path("sandboxes/app/app/.git").is_dir());
    let variables = ["HOME=/work", "GIT_CONFIG_GLOBAL=/run/lent/gitconfig"];
    let stdout = ran.stdout();
    assert!(variables.iter().all(|line| stdout.lines().any(|there| there == *line)), "{ran}");
    assert!(!stdout.contains("XDG_RUNTIME_DIR"), "{ran}");
}

#[test]
fn a_session_at_an_ssh_host_pushes_its_branches_and_leaves_no_access_behind() {
    let home = home();
    let far = home.sandbox.path("far");
    let path = std::env::var("PATH").unwrap();
    home.write("far/.gitconfig", "[user]\n\tname = Far\n");
    let session = format!(
        "#!/bin/sh\ncd {0}\nexec env -i HOME={0} SHELL=/bin/sh PATH={path} \
         GIT_CONFIG_NOSYSTEM=1 sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
        far.display()
    );
    let program_there = home.sandbox.path("bin/session");
    spy::program(&program_there, &session);
    let sshd = Sshd::start(&home, program_there.to_str());
    let ssh = program("ssh", "openssh-client");
    let wrapper =
        format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", ssh.display(), sshd.client.display());
    spy::program(&home.sandbox.path("bin/ssh"), &wrapper);
    let script = example(&home, "ssh-host.sh").replace("8418", &sshd.another_port.to_string());
    home.write("agent.sh", &agent(&home, "remote/x"));
    let open = |command: &str| {
        let mut shell = home.sandbox.command("sh");
        let here = format!("{}:{}", home.sandbox.path("bin").display(), home.sandbox.get("PATH"));
        shell.env("PATH", here).args(["-c", &script, "ssh-host.sh", Sshd::NAME, command]);
        run(shell, b"")
    };
    let ran = open(&format!("sh {}", home.sandbox.path("agent.sh").display()));
    has_worked(&home, "remote/x", &ran);
    let ran = open("git config user.name");
    assert_eq!(ran.stdout(), "Far\n", "{ran}");
    // The key that is left there opens nothing any more.
    let mut git = home.sandbox.command("git");
    git.env("GIT_CONFIG_GLOBAL", far.join(".lent.gitconfig")).env("HOME", &far);
    git.args(["ls-remote", &home.url("team/repo.git")]);
    let ran = run(git, b"");
    assert!(!ran.status.success(), "{ran}");
}

#[test]
fn what_a_devcontainer_mounts_and_sets_is_enough_to_push_its_branches() {
    let home = home();
    let text = example(&home, "devcontainer/devcontainer.json");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let container: Value = serde_json::from_str(&lines.collect::<String>()).unwrap();
    home.write(".devcontainer/lend.sh", &example(&home, "devcontainer/lend.sh"));
    let words = container["initializeCommand"].as_array().unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
    for _ in 0..2 {
        let ran = home.sandbox.run(words[0], &words[1..], b"");
        assert!(ran.status.success(), "{ran}");
    }
    let mounts = container["mounts"].as_array().unwrap();
    let mount = mounts[0].as_str().unwrap();
    let mount = mount.replace("${localEnv:XDG_RUNTIME_DIR}", home.sandbox.get("XDG_RUNTIME_DIR"));
    let part = |name: &str| {
        let mut parts = mount.split(',').filter_map(|part| part.strip_prefix(name));
        PathBuf::from(parts.next().unwrap())
    };
    let (source, target) = (part("source="), part("target="));
    assert!(mount.ends_with(",type=bind,readonly") && mounts.len() == 1, "{mount}");
    let mut command = home.sandbox.command(program("bwrap", "bubblewrap"));
    command.args(["--unshare-all", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]);
    for name in ["bin", "lib", "lib64"] {
        command.args(["--symlink", &format!("usr/{name}"), &format!("/{name}")]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/work", "--chdir", "/work"]);
    command.arg("--ro-bind").arg(&source).arg(&target).arg("--clearenv");
    command.args(["--setenv", "PATH", &std::env::var("PATH").unwrap()]);
    for (name, value) in container["containerEnv"].as_object().unwrap() {
        command.args(["--setenv", name, value.as_str().unwrap()]);
    }
    command.args(["--setenv", "HOME", "/work", "sh", "-c", &agent(&home, "dev/x")]);
    let ran = run(command, b"");
    // It goes on until its time is over.
    let socket = UnixStream::connect(source.join("pat.sock")).unwrap();
    let lend = rustix::net::sockopt::socket_peercred(socket.as_fd()).unwrap().pid;
    rustix::process::kill_process(lend, rustix::process::Signal::TERM).unwrap();
    has_worked(&home, "dev/x", &ran);
}

#[test]
fn every_example_of_a_sandbox_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sandbox");
    let mut names = Vec::new();
    for folder in [folder.to_owned(), format!("{folder}/devcontainer")] {
        for entry in fs::read_dir(folder).unwrap() {
            names.push(entry.unwrap().file_name().into_string().unwrap());
        }
    }
    names.sort();
    let known = ["bubblewrap.sh", "devcontainer", "devcontainer.json", "lend.sh", "ssh-host.sh"];
    assert_eq!(names, known);
}
