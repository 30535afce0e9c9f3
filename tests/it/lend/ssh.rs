//! An SSH host: `ssh -R PORT:SOCKET` leads from a port there to the socket here.

use super::{Lending, home, said};
use crate::support::home::Home;
use crate::support::program::program;
use crate::support::sandbox::{Ran, run};
use crate::support::server::wait_for;
use crate::support::sshd::Sshd;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// An SSH host, and a connection that leads back from a port there.
struct Host {
    ssh: Child,
    _sshd: Sshd,
    /// The port at the host.
    port: u16,
}

impl Host {
    /// Starts both. At the host, the port leads to this socket.
    fn connect(home: &Home, socket: &str) -> Self {
        let sshd = Sshd::start(home, None);
        let port = sshd.another_port;
        let mut ssh = home.sandbox.command(program("ssh", "openssh-client"));
        ssh.arg("-F").arg(&sshd.client).arg("-N");
        let forwarding = format!("{port}:{socket}");
        ssh.args(["-o", "ExitOnForwardFailure=yes", "-R", &forwarding, Sshd::NAME]);
        ssh.stdin(Stdio::null()).stderr(fs::File::create(home.sandbox.path("ssh.log")).unwrap());
        let ssh = ssh.spawn().unwrap();
        let host = Self { ssh, _sshd: sshd, port };
        wait_for("the port at the host", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        host
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.ssh.kill();
        let _ = self.ssh.wait();
    }
}

/// Runs a script as it would run at the host, where git has the lent lines with another proxy.
fn at_host(home: &Home, lending: &Lending, proxy: &str, script: &str) -> Ran {
    let lines = &lending.configuration;
    let (before, rest) = lines.split_once("proxy = \"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    home.write("far/.gitconfig", &format!("{before}proxy = \"{proxy}\"{after}"));
    let mut command = home.sandbox.command("sh");
    let far = home.sandbox.path("far");
    command.env("GIT_CONFIG_GLOBAL", far.join(".gitconfig")).env("HOME", &far);
    command.current_dir(far).args(["-e", "-c", script]);
    run(command, b"")
}

#[test]
fn an_ssh_host_reads_and_pushes_with_each_git_and_git_lfs_and_the_key_is_demanded() {
    program("git-lfs", "git-lfs");
    let home = home();
    let (folder, repository) = (home.sandbox.path("pat"), home.url("team/repo.git"));
    let options =
        format!("--push {repository} --branches agent/* --lfs --socket {}", folder.display());
    let lending = Lending::start(&home, &options);
    let host = Host::connect(&home, &folder.join("pat.sock").display().to_string());
    let proxy = format!("socks5h://localhost:{}", host.port);
    for (number, git) in crate::support::program::gits().iter().enumerate() {
        let script = format!(
            "git() {{ command {} -c user.name=a -c user.email=a \"$@\"; }}
             git clone --quiet {repository} {number}
             cd {number}
             git lfs install --local
             git lfs track '*.bin'
             head -c 10000{number} /dev/zero >{number}.bin
             git add .
             git commit --quiet --message 'Add a large file'
             git push --quiet origin HEAD:agent/{number}
             ! git push origin HEAD:main",
            git.display()
        );
        let ran = at_host(&home, &lending, &proxy, &script);
        assert!(ran.status.success(), "{ran} {}", said(&home));
        let reason =
            "! [remote rejected] HEAD -> main (lend: only refs/heads/agent/* may be pushed)";
        assert!(ran.stderr().contains(reason), "{ran}");
    }
    let requests = home.server().requests(|all| !all.is_empty());
    let puts = requests.iter().filter(|r| r.method == "PUT").count();
    assert_eq!(puts, crate::support::program::gits().len(), "{requests:?}");
    // Everybody at the host can connect, in either language. Nobody without the key is answered.
    let before = requests.len();
    let target = format!("/{}/team/repo.git/info/refs?service=git-upload-pack", home.host);
    let request = format!("GET {target} HTTP/1.1\r\nHost: lend\r\n\r\n");
    let socks = b"\x05\x01\x00\x05\x01\x00\x03\x04lend\x00\x50";
    for words in [request.as_bytes(), &[&socks[..], request.as_bytes()].concat()] {
        let mut stream = TcpStream::connect(("127.0.0.1", host.port)).unwrap();
        stream.write_all(words).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("the key of this lending is missing or wrong"), "{answer}");
    }
    let ran = at_host(&home, &lending, "", &format!("git ls-remote {repository}"));
    assert!(!ran.status.success(), "by the socket alone: {ran}");
    assert_eq!(home.server().requests(|all| !all.is_empty()).len(), before);
}
