//! Tokens that lie elsewhere come into the keychain, and out of the plain text.

mod config;
mod files;
mod keyring;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
mod others;
mod removal;
mod spellings;

use crate::support::kernel::Keys;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use crate::support::terminal::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Somebody with the kernel's keyring and tokens in files; `HOST` is the test's own.
struct Newcomer {
    sandbox: Sandbox,
    keys: Keys,
}

impl Newcomer {
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
        Self { sandbox, keys: Keys::new() }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("HOST", &self.keys.host("h"))
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.fill(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[track_caller]
    fn holds(&self, name: &str, text: &str) {
        let content = fs::read_to_string(self.sandbox.path(name)).unwrap();
        assert_eq!(content, self.fill(text), "{name}");
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.arg("import").args(self.fill(line).split_whitespace());
        command
    }

    /// Runs import with these arguments. Nobody can be asked.
    fn import(&self, line: &str) -> Ran {
        let command = self.command(line);
        let mut alone = self.sandbox.command("setsid");
        alone.args(["--wait"]).arg(command.get_program()).args(command.get_args());
        let ran = run(alone, b"");
        let said = ran.stdout() + &ran.stderr();
        assert!(!said.contains("TESTONLY"), "{ran}");
        ran
    }

    #[track_caller]
    fn imports(&self, line: &str) -> Ran {
        let ran = self.import(line);
        assert!(ran.status.success(), "{ran}");
        ran
    }

    fn on_terminal(&self, line: &str) -> Terminal {
        Terminal::run(&self.command(line))
    }

    /// The helper's answer; the lines are separated by blanks.
    #[track_caller]
    fn answers(&self, request: &str, answer: &str) {
        let lines = |text: &str| self.fill(text).replace(' ', "\n") + "\n";
        let answer = if answer.is_empty() { String::new() } else { lines(answer) };
        let request = lines(&format!("protocol=https host=HOST {request}"));
        self.sandbox.helper(&["get"], request.replace("\n\n", "\n") + "\n").prints(&answer);
    }

    /// The lines of a table, each with single blanks.
    fn table(&self, ran: &Ran) -> Vec<String> {
        let host = self.keys.host("h");
        let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        ran.stdout().lines().map(|line| squeeze(line).replace(&host, "HOST")).collect()
    }
}
