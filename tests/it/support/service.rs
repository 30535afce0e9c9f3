//! A service that a test starts for itself, over TLS, at a port of `localhost`.

use super::program::program;
use super::server::{certify, wait_for};
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A service before it starts: a folder of its own and a port that was free a moment ago.
pub struct Place {
    folder: TempDir,
    pub port: u16,
}

/// A running service. It ends, and its folder with it, when this is dropped.
pub struct Service {
    place: Place,
    pub process: Child,
}

impl Place {
    /// Makes the folder, with a certificate for these names and `localhost`, and its key.
    pub fn new(prefix: &str, names: [&str; 2]) -> Self {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
        certify(folder.path(), &names.map(str::to_owned));
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        Self { folder, port }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file in the folder, as the service's configuration names it.
    pub fn path(&self, name: &str) -> String {
        self.folder().join(name).to_str().unwrap().to_owned()
    }

    /// Runs this program in the folder, with only the added variables in its environment, and waits
    /// until it listens.
    pub fn start(self, what: &str, server: PathBuf, set_up: impl FnOnce(&mut Command)) -> Service {
        let output = File::create(self.path("output.log")).unwrap();
        let mut command = Command::new(program("setpriv", "util-linux"));
        command.args(["--pdeathsig", "TERM"]).arg(server).env_clear();
        command.current_dir(self.folder()).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        set_up(&mut command);
        let process = command.spawn().unwrap();
        wait_for(what, || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        Service { place: self, process }
    }
}

impl Service {
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    pub fn port(&self) -> u16 {
        self.place.port
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder().join("certificate.pem")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
