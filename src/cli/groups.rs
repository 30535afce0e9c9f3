//! The groups of commands, by what people want to do. `--help`, the manual and the README list the
//! commands in this order. In alphabetical order, or the order in which they were written, a
//! command that people type once a year could come before one that they type every day.

use super::Command as Subcommand;
use clap::{Command, Subcommand as _};
use std::fmt::Write;

/// The groups of all commands that people see, the everyday ones first.
pub(super) const GROUPS: [(&str, &[&str]); 5] = [
    ("Every day", &["login", "list", "status", "use"]),
    ("Accounts", &["edit", "import", "logout"]),
    ("A token's life", &["check", "rotate", "revoke", "watch"]),
    ("Keychains", &["unlock", "lock", "configure", "unconfigure"]),
    ("For other programs", &["token", "exec", "lend", "log"]),
];

/// Returns the groups that have commands, each with its commands in order.
pub(super) fn groups(line: &Command) -> impl Iterator<Item = (&'static str, Vec<&Command>)> {
    GROUPS.into_iter().filter(|(_, names)| !names.is_empty()).map(|(heading, names)| {
        let commands = names.iter().filter_map(|name| line.find_subcommand(name)).collect();
        (heading, commands)
    })
}

/// Returns the template of the program's own help, which lists the commands by group.
pub(super) fn help() -> String {
    let line = Subcommand::augment_subcommands(Command::new(""));
    let names = line.get_subcommands().filter(|command| !command.is_hide_set());
    let width = names.map(|command| command.get_name().len()).max().unwrap_or_default();
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, commands) in groups(&line) {
        let _ = write!(template, "\n{heading}:\n");
        for command in commands {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(template, "  {:width$}  {about}", command.get_name());
        }
    }
    template
        + "\nOptions:\n{options}\n\nOne command's options: git credential-pat COMMAND -h\n\
           What to type for what: TASKS in the manual, git credential-pat --help\n"
}

#[cfg(test)]
mod tests {
    use super::GROUPS;
    use crate::cli::Line;
    use clap::CommandFactory;
    use std::fs;

    #[test]
    fn every_command_that_people_see_is_in_one_group() {
        let line = Line::command();
        let mut seen: Vec<&str> = line
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        seen.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, seen);
    }

    #[test]
    fn the_help_lists_each_command_with_what_it_does() {
        let help = Line::command().render_help().to_string();
        for (heading, names) in GROUPS.iter().filter(|(_, names)| !names.is_empty()) {
            assert!(help.contains(&format!("\n{heading}:\n  {}", names[0])), "{heading}: {help}");
        }
        assert!(help.contains("--version") && help.contains("Usage: "), "{help}");
    }

    #[test]
    fn the_readme_has_the_same_groups_in_the_same_order() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = fs::read_to_string(path).expect("README.md");
        let mut rest = readme.split_once("\n## The commands\n").expect("the heading").1;
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            let quoted = format!("`{name}`");
            rest = rest.split_once(&quoted).unwrap_or_else(|| panic!("{name} is not there")).1;
        }
    }
}
