//! An SSH host for one test: `sshd` on a loopback port, which knows one key.

use super::home::Home;
use super::program::program;
use super::sandbox::run;
use super::server::{free_ports, wait_for};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running `sshd`. It ends when this is dropped.
pub struct Sshd {
    process: Child,
    /// The file of the client's configuration, in which the host is [`Self::NAME`].
    pub client: PathBuf,
    /// A loopback port that nobody uses.
    pub another_port: u16,
}

impl Sshd {
    /// The host, as the client calls it.
    pub const NAME: &str = "far.example";

    /// Starts it. Every session runs this command instead of what the client asks for, which it
    /// finds in `SSH_ORIGINAL_COMMAND`.
    pub fn start(home: &Home, command: Option<&str>) -> Self {
        let folder = home.sandbox.path("ssh");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        for key in ["host", "user"] {
            let mut keygen = home.sandbox.command(program("ssh-keygen", "openssh-client"));
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]);
            let ran = run(keygen, b"");
            assert!(ran.status.success(), "{ran}");
        }
        fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        if rustix::process::getuid().is_root() {
            // The folder in which sshd shuts itself in. The system makes it where sshd is a service.
            let _ = fs::create_dir("/run/sshd");
        }
        let [port, another_port, _] = free_ports();
        let forced = command.map(|command| format!("ForceCommand {command}\n"));
        let lines = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n{}",
            at("host"),
            at("authorized_keys"),
            forced.unwrap_or_default()
        );
        fs::write(at("sshd_config"), lines).unwrap();
        let client = format!(
            "Host {}\nHostName 127.0.0.1\nPort {port}\nIdentityFile {}\nIdentityAgent none\n\
             StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nBatchMode yes\n\
             LogLevel ERROR\n",
            Self::NAME,
            at("user")
        );
        fs::write(at("client"), client).unwrap();
        // It starts itself anew for each connection, so it must be named by its whole path.
        let mut sshd = Command::new(program("setpriv", "util-linux"));
        sshd.args(["--pdeathsig", "TERM"]).arg(program("sshd", "openssh-server"));
        sshd.args(["-D", "-e", "-f", &at("sshd_config")]);
        sshd.stdin(Stdio::null()).stdout(Stdio::null());
        sshd.stderr(fs::File::create(at("sshd.log")).unwrap());
        let process = sshd.spawn().unwrap();
        wait_for("sshd", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, client: folder.join("client"), another_port }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
