//! A secret engine: `OpenBao`, in memory, over TLS at `localhost`.

use super::program::program;
use super::sandbox::{Ran, run};
use super::server::{certify, wait_for};
use super::tools;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// See the [module](self).
pub struct OpenBao {
    folder: TempDir,
    process: Child,
    port: u16,
    root: String,
}

impl OpenBao {
    /// Starts it, empty and unsealed.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pat-bao-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        certify(folder.path(), &["bao.test".to_owned(), "other.test".to_owned()]);
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  \
             tls_cert_file = \"{}\"\n  tls_key_file = \"{}\"\n}}\n",
            path("certificate.pem"),
            path("key.pem"),
        );
        fs::write(path("bao.hcl"), configuration).unwrap();
        let output = File::create(path("output.log")).unwrap();
        let mut command = Command::new(program("setpriv", "util-linux"));
        command.args(["--pdeathsig", "TERM"]).arg(tools::tool("bao"));
        command.args(["server", "-config", &path("bao.hcl")]).env_clear();
        command.env("HOME", folder.path()).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = command.spawn().unwrap();
        wait_for("the secret engine", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let mut engine = Self { folder, process, port, root: String::new() };
        let made = engine
            .asks(&["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"], "");
        let made: Value = serde_json::from_str(&made).unwrap();
        made["root_token"].as_str().unwrap().clone_into(&mut engine.root);
        // By standard input it would want a terminal.
        engine.asks(&["operator", "unseal", made["unseal_keys_b64"][0].as_str().unwrap()], "");
        engine
    }

    /// `https://localhost:PORT`
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The variables by which its client finds and trusts it.
    pub fn introduce_to(&self, set: &mut dyn FnMut(&str, &str)) {
        set("BAO_ADDR", &self.address());
        let certificate = self.folder.path().join("certificate.pem");
        set("BAO_CACERT", certificate.to_str().unwrap());
    }

    /// What its keeper does; what is printed.
    #[track_caller]
    pub fn asks(&self, words: &[&str], stdin: &str) -> String {
        self.keeper(Command::new(tools::tool("bao")).args(words), stdin).stdout()
    }

    /// Runs a command as its keeper, in its folder.
    #[track_caller]
    pub fn keeper(&self, command: &mut Command, stdin: &str) -> Ran {
        let mut full = Command::new(command.get_program());
        full.args(command.get_args()).env_clear().env("HOME", self.folder.path());
        full.env("PATH", tools::path()).env("BAO_TOKEN", &self.root);
        self.introduce_to(&mut |name, value| {
            full.env(name, value);
        });
        let ran = run(full, stdin.as_bytes());
        assert!(ran.status.success(), "{ran}");
        ran
    }

    /// It answers nobody, until it is dropped.
    pub fn hangs(&self) {
        kill_process(Pid::from_child(&self.process), Signal::STOP).unwrap();
    }

    /// It is gone, and nobody listens there.
    pub fn stops(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
