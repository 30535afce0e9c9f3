//! An npm registry that lets in only clients with a token, over TLS, under one name.

use super::program::program;
use super::sandbox::{Sandbox, run};
use super::service::{Place, Service};
use super::tools;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// See the [module](self).
pub struct Verdaccio(Service);

impl Verdaccio {
    /// Starts the registry for this name.
    pub fn start(name: &str) -> Self {
        let place = Place::new("pat-npm-", [name, "localhost.test"]);
        let path = |name: &str| place.path(name);
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
        let file = path("config.yaml");
        fs::write(&file, configuration).unwrap();
        let (home, address) =
            (place.folder().to_owned(), format!("https://127.0.0.1:{}", place.port));
        Self(place.start("the npm registry", tools::tool("verdaccio"), |command| {
            command.args(["--config", &file, "--listen", &address]);
            command.env("PATH", tools::path()).env("HOME", home);
        }))
    }

    pub fn port(&self) -> u16 {
        self.0.port()
    }

    pub fn certificate(&self) -> PathBuf {
        self.0.certificate()
    }

    /// Makes a user. Returns the token that the registry gives for it.
    pub fn add_user(&self, sandbox: &Sandbox, name: &str) -> String {
        let user = format!("{{\"name\":\"{name}\",\"password\":\"TESTONLY{name}\"}}");
        let mut command = sandbox.command(program("curl", "curl"));
        command.args(["--fail", "--silent", "--show-error", "--noproxy", "*", "--cacert"]);
        command.arg(self.certificate()).args(["--request", "PUT", "--json", "@-"]);
        let url = format!("https://localhost:{}/-/user/org.couchdb.user:{name}", self.port());
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
