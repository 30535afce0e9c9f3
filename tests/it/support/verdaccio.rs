//! An npm registry that lets in those who have a token only, over TLS, under one name.

use super::program::program;
use super::sandbox::{Sandbox, run};
use super::server::{certify, wait_for};
use super::tools;
use serde_json::Value;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// See the [module](self).
pub struct Verdaccio {
    folder: TempDir,
    process: Child,
    port: u16,
}

impl Verdaccio {
    /// Starts it for this name.
    pub fn start(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("pat-npm-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        certify(folder.path(), &[name.to_owned(), "localhost.test".to_owned()]);
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "storage: {}\nweb: {{enable: false}}\nlog: {{type: stdout, level: warn}}\n\
             auth: {{htpasswd: {{file: {}}}}}\n\
             packages: {{'**': {{access: $authenticated, publish: $authenticated}}}}\n\
             https: {{key: {}, cert: {}}}\n",
            path("storage"),
            path("users"),
            path("key.pem"),
            path("certificate.pem"),
        );
        fs::write(path("config.yaml"), configuration).unwrap();
        let output = File::create(path("output.log")).unwrap();
        let mut command = Command::new(program("setpriv", "util-linux"));
        command.args(["--pdeathsig", "TERM"]).arg(tools::tool("verdaccio"));
        command.args(["--config", &path("config.yaml")]);
        command.args(["--listen", &format!("https://127.0.0.1:{port}")]);
        command.env_clear().env("PATH", tools::path()).env("HOME", folder.path());
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = command.spawn().unwrap();
        wait_for("the npm registry", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { folder, process, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Makes a user; the token with which the registry answers.
    pub fn add_user(&self, sandbox: &Sandbox, name: &str) -> String {
        let user = format!("{{\"name\":\"{name}\",\"password\":\"TESTONLY{name}\"}}");
        let mut command = sandbox.command(program("curl", "curl"));
        command.args(["--fail", "--silent", "--show-error", "--noproxy", "*", "--cacert"]);
        command.arg(self.certificate()).args(["--request", "PUT", "--json", "@-"]);
        let url = format!("https://localhost:{}/-/user/org.couchdb.user:{name}", self.port);
        let ran = run(
            {
                command.arg(url);
                command
            },
            user.as_bytes(),
        );
        assert!(ran.status.success(), "{ran}");
        let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Verdaccio {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
