//! A container registry that asks for a token, over TLS, at `localhost`.

use super::program::program;
use super::sandbox::run;
use super::service::{Place, Service};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// See the [module](self).
pub struct Registry(Service);

impl Registry {
    /// Starts the registry with one user and one token.
    pub fn start(user: &str, token: &str) -> Self {
        let place = Place::new("pat-registry-", ["registry.test", "other.test"]);
        let (path, port) = (|name: &str| place.path(name), place.port);
        // Clients look for the certificate under this name.
        fs::copy(path("certificate.pem"), path("ca.crt")).unwrap();
        let mut command = Command::new(program("htpasswd", "apache2-utils"));
        command.args(["-i", "-B", "-c", "-C", "4", &path("users"), user]);
        let ran = run(command, token.as_bytes());
        assert!(ran.status.success(), "{ran}");
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
        let file = path("registry.yml");
        fs::write(&file, configuration).unwrap();
        let server = program("docker-registry", "docker-registry");
        Self(place.start("the registry", server, |command| {
            command.args(["serve", &file]);
        }))
    }

    /// Returns the registry's name, with its port.
    pub fn name(&self) -> String {
        format!("localhost:{}", self.0.port())
    }

    /// Returns the folder with its certificate, for `--cert-dir`.
    pub fn certificates(&self) -> PathBuf {
        self.0.folder().to_owned()
    }
}
