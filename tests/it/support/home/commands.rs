//! Commands that a person types, in a script or on a terminal, and files in the home.

use super::Home;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::terminal::Terminal;
use humantime::parse_rfc3339;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

impl Home {
    /// Runs a get for the person's own host, with these lines besides, each with its end.
    pub fn get(&self, more: &str) -> Ran {
        self.operation("get", self.fill(&format!("protocol=https\nhost=HOST\n{more}\n")))
    }

    /// Returns a command as it is typed; the words are split at blanks.
    pub fn typed(&self, line: &str) -> Command {
        let mut command = self.sandbox.command(BINARY);
        command.args(self.fill(line).split_whitespace());
        command
    }

    /// Types a command, which reads this input.
    pub fn types(&self, line: &str, stdin: &str) -> Ran {
        run(self.typed(line), stdin.as_bytes())
    }

    /// Types a command in a folder of the home.
    pub fn types_in(&self, folder: &str, line: &str, stdin: &str) -> Ran {
        let mut command = self.typed(line);
        command.current_dir(self.sandbox.path(folder));
        run(command, stdin.as_bytes())
    }

    /// Returns the lines of `list` for the person's own host. A time within the last hour is JUST
    /// NOW.
    #[track_caller]
    pub fn listed(&self) -> Vec<String> {
        let ran = self.types("list", "");
        assert!(ran.status.success(), "{ran}");
        let lines = ran.stdout();
        let ours = lines.lines().filter(|line| line.contains(&self.host));
        ours.map(|line| line.split_whitespace().map(age).collect::<Vec<_>>().join(" ")).collect()
    }

    /// Runs a command on a terminal of 80 columns.
    pub fn on_terminal(&self, line: &str) -> Terminal {
        self.on_terminal_of(80, line)
    }

    /// Runs a command on a terminal with so many columns.
    pub fn on_terminal_of(&self, columns: u16, line: &str) -> Terminal {
        Terminal::of_columns(columns, &self.typed(line))
    }

    /// Runs a shell script on a terminal; `PAT` is the helper.
    pub fn runs_on_terminal(&self, script: &str) -> Terminal {
        let mut command = self.sandbox.command("sh");
        command.args(["-c", &self.fill(script).replace("PAT", BINARY)]);
        Terminal::run(&command)
    }

    /// Writes a file that is its owner's alone, and the folders above it where they are missing.
    pub fn write(&self, name: impl AsRef<Path>, text: &str) {
        let path = self.sandbox.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.fill(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Expects exactly this in a file.
    #[track_caller]
    pub fn holds(&self, name: &str, text: &str) {
        let content = fs::read_to_string(self.sandbox.path(name)).unwrap();
        assert_eq!(content, self.fill(text), "{name}");
    }
}

fn age(word: &str) -> &str {
    const HOUR: Duration = Duration::from_secs(3600);
    let passed = parse_rfc3339(word).ok().and_then(|time| time.elapsed().ok());
    if passed.is_some_and(|passed| passed < HOUR) { "JUST NOW" } else { word }
}
