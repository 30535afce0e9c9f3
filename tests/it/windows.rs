//! What is Windows' own: long tokens in the Credential Manager, commands, sources, the process.

mod commands;
mod import;
mod kills;
mod long_tokens;
mod names;
mod process;
mod sources;

use crate::support::Keys;
use crate::support::sandbox::{Ran, Sandbox};

/// A home, and a host that nobody else uses.
struct Place {
    sandbox: Sandbox,
    keys: Keys,
    host: String,
}

impl Place {
    fn new() -> Self {
        let keys = Keys::new();
        Self { sandbox: Sandbox::new(), host: keys.host("h"), keys }
    }

    fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Runs an operation of git's at the host, with these lines besides.
    fn operation(&self, operation: &str, lines: &str) -> Ran {
        let request = format!("protocol=https\nhost={}\n{lines}", self.host);
        self.sandbox.helper(&[operation], request)
    }

    #[track_caller]
    fn store(&self, username: &str, token: &str) {
        self.operation("store", &format!("username={username}\npassword={token}\n")).prints("");
    }

    #[track_caller]
    fn gets(&self, username: &str, token: &str) {
        let answer = format!("username={username}\npassword={token}\n");
        self.operation("get", &format!("username={username}\n")).prints(&answer);
    }
}
