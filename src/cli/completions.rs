//! `git credential-pat completions SHELL`: for the installer and for packagers.

use super::Line;
use crate::error::Error;
use crate::terminal;
use clap::CommandFactory;
use clap_complete::Shell;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The shell to complete in
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut script = Vec::new();
    let mut line = Line::command().bin_name(terminal::NAME);
    clap_complete::generate(arguments.shell, &mut line, terminal::NAME, &mut script);
    terminal::write_raw(&script)
}
