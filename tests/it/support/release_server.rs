//! A release, made by the scripts that make the real ones, and a server for it on this machine. Its
//! program starts the one that was built for the tests, which would take long to pack.

use super::program;
use super::sandbox::{Sandbox, run};
use super::server::certify;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/release");

/// The released program.
pub const PROGRAM: &str = concat!(
    "#!/bin/bash\nexec -a \"$0\" '",
    env!("CARGO_BIN_EXE_git-credential-pat"),
    "' \"$@\"\n"
);

/// A release and its server, which ends when this is dropped.
pub struct Release {
    folder: TempDir,
    server: Child,
    ports: [u16; 2],
}

impl Release {
    /// Makes and serves a release with an archive for this machine.
    pub fn serve() -> Self {
        let folder = tempfile::Builder::new().prefix("pat-release-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let names = ["release.test", "mirror.test"].map(str::to_owned);
        certify(folder.path(), &names);
        fs::create_dir(path("dist")).unwrap();
        let mut server = Command::new(program::program("python3", "python3"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/release_server.py"))
            .args([path("dist"), path("certificate.pem"), path("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut ports = line.split_whitespace().map(|port| port.parse().unwrap());
        let ports = [(); 2].map(|()| ports.next().unwrap());
        let release = Self { folder, server, ports };
        release.pack(PROGRAM);
        release.sign();
        release
    }

    /// Makes the archive for this machine, with this program in it.
    pub fn pack(&self, content: &str) {
        let folder = self.folder.path().join(archive_name());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("git-credential-pat"), content).unwrap();
        let mut pack = Command::new(program::program("python3", "python3"));
        pack.arg(Path::new(SCRIPTS).join("pack.py")).arg(folder);
        pack.arg(self.archive()).arg("1700000000");
        let ran = run(pack, b"");
        assert!(ran.status.success(), "{ran}");
    }

    /// Writes the checksums and the installers for the present archive.
    pub fn sign(&self) {
        let mut checksums = Command::new(Path::new(SCRIPTS).join("checksums.sh"));
        checksums.arg(self.folder()).arg(self.url("release"));
        let ran = run(checksums, b"");
        assert!(ran.status.success(), "{ran}");
    }

    /// Returns the folder that is served.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("dist")
    }

    /// Returns the path of the archive for this machine.
    pub fn archive(&self) -> PathBuf {
        self.folder().join(format!("{}.tar.gz", archive_name()))
    }

    /// Returns an installer as the release has it.
    pub fn installer(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).unwrap()
    }

    /// Returns the URL under which it is served in this way: `release`, `moved`, `plain` or
    /// `short`.
    pub fn url(&self, way: &str) -> String {
        format!("https://localhost:{}/{way}", self.ports[0])
    }

    /// Returns the URL under which it is served without TLS.
    pub fn plain_url(&self) -> String {
        format!("http://localhost:{}/release", self.ports[1])
    }

    /// Returns the log of the requests without TLS.
    pub fn asked_without_tls(&self) -> String {
        fs::read_to_string(self.folder.path().join("dist.log")).unwrap_or_default()
    }

    /// Makes curl and wget in this sandbox trust the server.
    pub fn introduce_to(&self, sandbox: &mut Sandbox) {
        let certificate = self.folder.path().join("certificate.pem");
        let certificate = certificate.to_str().unwrap();
        let wgetrc = sandbox.path("wgetrc");
        fs::write(&wgetrc, format!("ca_certificate = {certificate}\n")).unwrap();
        sandbox.set("CURL_CA_BUNDLE", certificate);
        sandbox.set("WGETRC", wgetrc.to_str().unwrap());
    }
}

fn archive_name() -> String {
    let machine = std::env::consts::ARCH;
    format!("git-credential-pat-{}-linux-{machine}", env!("CARGO_PKG_VERSION"))
}

impl Drop for Release {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
