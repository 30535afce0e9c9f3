//! A container registry that asks for a token, over TLS, at `localhost`.

use super::program::program;
use super::sandbox::run;
use super::server::{certify, wait_for};
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// See the [module](self).
pub struct Registry {
    folder: TempDir,
    process: Child,
    port: u16,
}

impl Registry {
    /// Starts it with one user and one token.
    pub fn start(user: &str, token: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("pat-registry-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        certify(folder.path(), &["registry.test".to_owned(), "other.test".to_owned()]);
        // Its clients look for the certificate by this name.
        fs::copy(path("certificate.pem"), path("ca.crt")).unwrap();
        let mut command = Command::new(program("htpasswd", "apache2-utils"));
        command.args(["-i", "-B", "-c", "-C", "4", &path("users"), user]);
        let ran = run(command, token.as_bytes());
        assert!(ran.status.success(), "{ran}");
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}', tls: {{certificate: {}, key: {}}}}}\n\
             auth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("data"),
            path("certificate.pem"),
            path("key.pem"),
            path("users"),
        );
        fs::write(path("registry.yml"), configuration).unwrap();
        let output = File::create(path("output.log")).unwrap();
        let mut command = Command::new(program("setpriv", "util-linux"));
        command.args(["--pdeathsig", "TERM"]).arg(program("docker-registry", "docker-registry"));
        command.args(["serve", &path("registry.yml")]).env_clear().stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = command.spawn().unwrap();
        wait_for("the registry", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { folder, process, port }
    }

    /// Its name, with its port.
    pub fn name(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The folder with its certificate, for `--cert-dir`.
    pub fn certificates(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
