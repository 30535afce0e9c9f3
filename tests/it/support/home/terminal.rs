//! Commands on a terminal.

use super::Home;
use crate::support::sandbox::BINARY;
use crate::support::terminal::Terminal;

impl Home {
    /// A command on a terminal of 80 columns.
    pub fn on_terminal(&self, line: &str) -> Terminal {
        self.on_terminal_of(80, line)
    }

    /// The same on a terminal that is so wide.
    pub fn on_terminal_of(&self, columns: u16, line: &str) -> Terminal {
        Terminal::of_columns(columns, &self.typed(line))
    }

    /// A shell script on a terminal; `PAT` is the helper.
    pub fn runs_on_terminal(&self, script: &str) -> Terminal {
        let mut command = self.sandbox.command("sh");
        command.args(["-c", &self.fill(script).replace("PAT", BINARY)]);
        Terminal::run(&command)
    }
}
