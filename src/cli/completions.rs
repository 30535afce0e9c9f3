//! `git credential-pat completions SHELL` prints completions, for the installer and for packagers.

use super::Line;
use crate::error::Error;
use crate::terminal;
use clap::CommandFactory;
use clap_complete::Shell;

/// The function for which git's own completions look when people type `git credential-pat`. The
/// generated script completes `git-credential-pat` alone.
const BASH_BY_WAY_OF_GIT: &str = r#"
_git_credential_pat() {
    local before=${__git_cmd_idx-1}
    set -- git-credential-pat "${COMP_WORDS[@]:before + 1}"
    local COMP_CWORD=$((COMP_CWORD - before)) COMP_WORDS=("$@")
    _git__credential__pat git-credential-pat "${COMP_WORDS[COMP_CWORD]}" \
        "${COMP_WORDS[COMP_CWORD - 1]}"
}
"#;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The shell to complete in
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut script = Vec::new();
    let mut line = Line::command().bin_name(terminal::NAME);
    clap_complete::generate(arguments.shell, &mut line, terminal::NAME, &mut script);
    if arguments.shell == Shell::Bash {
        // clap_complete names a program with hyphens in two ways (clap's issue 6421), so that
        // nothing would be completed after a command.
        let text = String::from_utf8_lossy(&script);
        let text = text.replace("git__subcmd__credential__subcmd__pat", "git__credential__pat");
        script = (text + BASH_BY_WAY_OF_GIT).into_bytes();
    }
    terminal::write_raw(&script)
}
