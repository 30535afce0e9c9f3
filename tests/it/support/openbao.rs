//! A secret engine: `OpenBao`, in memory, over TLS at `localhost`.

use super::sandbox::{Ran, run};
use super::service::{Place, Service};
use super::tools;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// See the [module](self).
pub struct OpenBao {
    service: Service,
    root: String,
}

impl OpenBao {
    /// Starts the engine, empty and unsealed.
    pub fn start() -> Self {
        let place = Place::new("pat-bao-", ["bao.test", "other.test"]);
        let (path, port) = (|name: &str| place.path(name), place.port);
        let configuration = format!(
            "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  \
             tls_cert_file = \"{}\"\n  tls_key_file = \"{}\"\n}}\n",
            path("certificate.pem"),
            path("key.pem"),
        );
        let file = path("bao.hcl");
        fs::write(&file, configuration).unwrap();
        let home = place.folder().to_owned();
        let service = place.start("the secret engine", tools::tool("bao"), |command| {
            command.args(["server", "-config", &file]).env("HOME", home);
        });
        let mut engine = Self { service, root: String::new() };
        let made = engine
            .asks(&["operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"], "");
        let made: Value = serde_json::from_str(&made).unwrap();
        made["root_token"].as_str().unwrap().clone_into(&mut engine.root);
        // To read the key from standard input it would need a terminal.
        engine.asks(&["operator", "unseal", made["unseal_keys_b64"][0].as_str().unwrap()], "");
        engine
    }

    /// `https://localhost:PORT`
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.service.port())
    }

    /// Sets the variables by which its client finds and trusts it.
    pub fn introduce_to(&self, set: &mut dyn FnMut(&str, &str)) {
        set("BAO_ADDR", &self.address());
        let certificate = self.service.certificate();
        set("BAO_CACERT", certificate.to_str().unwrap());
    }

    /// Runs a command of the client as the engine's keeper. Returns the output.
    #[track_caller]
    pub fn asks(&self, words: &[&str], stdin: &str) -> String {
        self.keeper(Command::new(tools::tool("bao")).args(words), stdin).stdout()
    }

    /// Runs a command as the engine's keeper, in the keeper's folder.
    #[track_caller]
    pub fn keeper(&self, command: &mut Command, stdin: &str) -> Ran {
        let mut full = Command::new(command.get_program());
        full.args(command.get_args()).env_clear().env("HOME", self.service.folder());
        full.env("PATH", tools::path()).env("BAO_TOKEN", &self.root);
        self.introduce_to(&mut |name, value| {
            full.env(name, value);
        });
        let ran = run(full, stdin.as_bytes());
        assert!(ran.status.success(), "{ran}");
        ran
    }

    /// Stops the engine from answering, until it is dropped.
    pub fn hangs(&self) {
        kill_process(Pid::from_child(&self.service.process), Signal::STOP).unwrap();
    }

    /// Ends the engine, so that nobody listens at its port.
    pub fn stops(&mut self) {
        self.service.process.kill().unwrap();
        self.service.process.wait().unwrap();
    }
}
