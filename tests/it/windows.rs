//! Tests of Windows' own parts: long tokens in the Credential Manager, commands, sources, the
//! process.

mod commands;
mod import;
mod kills;
mod long_tokens;
mod names;
mod process;
mod sources;

use crate::support::home::Home;
use crate::support::sandbox::Ran;

/// A person with the keychain that is found without being named.
impl Home {
    /// Runs one of git's operations for the host, with these lines besides.
    fn asks(&self, operation: &str, lines: &str) -> Ran {
        let request = format!("protocol=https\nhost={}\n{lines}", self.host);
        self.sandbox.helper(&[operation], request)
    }

    #[track_caller]
    fn store(&self, username: &str, token: &str) {
        self.asks("store", &format!("username={username}\npassword={token}\n")).prints("");
    }

    #[track_caller]
    fn gets(&self, username: &str, token: &str) {
        let answer = format!("username={username}\npassword={token}\n");
        self.asks("get", &format!("username={username}\n")).prints(&answer);
    }
}
