//! `git credential-pat man` prints the manual, for the installer and for packagers.
//!
//! The text for the whole program is in `git-credential-pat.1` beside this file. A long section of
//! it has a file of its own in `man/`. The arguments of the commands are written here from the very
//! definitions that read them, so that the page names every command and option.

use super::Line;
use super::groups::groups;
use crate::error::Error;
use crate::keychain::Kind;
use crate::terminal;
use clap::{Arg, Command, CommandFactory};
use roff::{Inline, Roff, bold, italic, roman};

const FRAME: &str = include_str!("git-credential-pat.1");
const TASKS: &str = include_str!("man/tasks.1");
const LIFE: &str = include_str!("man/life.1");
const CHECK: &str = include_str!("man/check.1");
const ROTATE: &str = include_str!("man/rotate.1");
const REVOKE: &str = include_str!("man/revoke.1");
const WATCH: &str = include_str!("man/watch.1");
const VAULT: &str = include_str!("man/vault.1");
const LEND: &str = include_str!("man/lend.1");

pub(super) fn run() -> Result<(), Error> {
    terminal::write_raw(page().as_bytes())
}

fn page() -> String {
    let mut line = Line::command().disable_help_subcommand(true);
    line.build();
    let version = env!("CARGO_PKG_VERSION").replace('-', "\\-");
    FRAME
        .replace("git\\-credential\\-pat VERSION", &format!("git\\-credential\\-pat {version}"))
        .replace(".\\\" SYNOPSIS\n", &synopsis(&line).to_roff())
        .replace(".\\\" TASKS\n", TASKS)
        .replace(".\\\" LIFE\n", LIFE)
        .replace(".\\\" CHECK\n", CHECK)
        .replace(".\\\" ROTATING\n", ROTATE)
        .replace(".\\\" REVOKING\n", REVOKE)
        .replace(".\\\" WATCHING\n", WATCH)
        .replace(".\\\" VAULT\n", VAULT)
        .replace(".\\\" LENDING\n", LEND)
        .replace(".\\\" COMMANDS\n", &commands(&line).to_roff())
        .replace(".\\\" KEYCHAIN NAMES\n", &keychain_names().to_roff())
        .replace(".\\\" KEYCHAINS\n", &keychains().to_roff())
}

fn synopsis(line: &Command) -> Roff {
    let mut roff = Roff::new();
    for command in groups(line).flat_map(|(_, commands)| commands) {
        let (name, rest) = usage(command);
        roff.text([bold(name), roman(rest)]);
    }
    roff
}

/// Returns a command's name and its usage, such as `git credential-pat login` and `[OPTIONS]
/// <URL>`.
fn usage(command: &Command) -> (String, String) {
    let name = command.get_bin_name().unwrap_or_default().to_owned();
    let usage = command.clone().render_usage().to_string();
    let rest = usage.split_once(&name).map_or("", |(_, rest)| rest);
    (name, rest.to_owned())
}

fn commands(line: &Command) -> Roff {
    let mut roff = Roff::new();
    for (heading, commands) in groups(line) {
        let names: Vec<&str> = commands.iter().map(|command| command.get_name()).collect();
        roff.control("TP", []);
        roff.text([roman(format!("{heading}:"))]);
        roff.text([bold(names.join(", "))]);
    }
    let hidden = line.get_subcommands().filter(|command| command.is_hide_set());
    for command in groups(line).flat_map(|(_, commands)| commands).chain(hidden) {
        let (_, rest) = usage(command);
        roff.control("SS", [format!("{}{rest}", command.get_name()).as_str()]);
        let about = command.get_long_about().or_else(|| command.get_about());
        paragraphs(&mut roff, &about.map(ToString::to_string).unwrap_or_default(), "PP");
        let is_own = |arg: &&Arg| !is_shared(line, arg) && arg.get_id() != "help";
        for arg in command.get_arguments().filter(is_own) {
            argument(&mut roff, arg);
        }
    }
    roff.control("SS", ["Options of several commands"]);
    let mut shared: Vec<&Arg> = line.get_subcommands().flat_map(Command::get_arguments).collect();
    shared.retain(|arg| is_shared(line, arg) && arg.get_id() != "help");
    shared.sort_by_key(|arg| arg.get_id().as_str());
    shared.dedup_by_key(|arg| arg.get_id().as_str());
    for arg in shared {
        argument(&mut roff, arg);
    }
    roff
}

/// Returns the names of the keychains, as a list that the page's own text continues.
fn keychain_names() -> Roff {
    let mut roff = Roff::new();
    roff.text(inlines(&format!("{},", Kind::names())));
    roff
}

fn keychains() -> Roff {
    let mut roff = Roff::new();
    for kind in Kind::ALL {
        roff.control("TP", []);
        roff.text([bold(kind.name())]);
        for sentence in kind.manual().lines() {
            roff.text(inlines(sentence));
        }
    }
    roff
}

/// Returns whether more than three commands take the same argument.
fn is_shared(line: &Command, arg: &Arg) -> bool {
    let is_same = |other: &Arg| {
        (other.get_id(), other.get_help().map(ToString::to_string))
            == (arg.get_id(), arg.get_help().map(ToString::to_string))
    };
    line.get_subcommands().filter(|command| command.get_arguments().any(is_same)).count() > 3
}

fn argument(roff: &mut Roff, arg: &Arg) {
    let values = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string);
    let values = values.collect::<Vec<_>>().join(" ");
    let mut header = Vec::new();
    if let Some(long) = arg.get_long() {
        header.push(bold(format!("--{long}")));
    }
    if arg.is_positional() || arg.get_action().takes_values() {
        let blank = if header.is_empty() { "" } else { " " };
        header.extend([roman(blank), italic(values)]);
    }
    roff.control("TP", []);
    roff.text(header);
    let help = arg.get_long_help().or_else(|| arg.get_help());
    paragraphs(roff, &help.map(ToString::to_string).unwrap_or_default(), "IP");
    let values = arg.get_possible_values();
    if !values.is_empty() && arg.get_action().takes_values() {
        let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        roff.text([roman(format!("One of: {}", names.join(", ")))]);
    }
}

/// Writes paragraphs, with this macro between them.
fn paragraphs(roff: &mut Roff, text: &str, macro_name: &str) {
    for (index, paragraph) in text.split("\n\n").filter(|text| !text.is_empty()).enumerate() {
        if index > 0 {
            roff.control(macro_name, []);
        }
        let end = if paragraph.ends_with(['.', ']']) { "" } else { "." };
        roff.text(inlines(&format!("{paragraph}{end}").replace('\n', " ")));
    }
}

/// Returns a text in which the parts between back quotes are bold.
fn inlines(text: &str) -> Vec<Inline> {
    let part = |(index, text): (usize, &str)| match index % 2 {
        0 => roman(text),
        _ => bold(text),
    };
    text.split('`').enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::{Line, page};
    use crate::keychain::Kind;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn the_manual_names_every_command_and_option_and_its_own_version() {
        let page = page().replace("\\-", "-");
        assert!(page.contains(&format!("git-credential-pat {}", env!("CARGO_PKG_VERSION"))));
        for left in [
            ".\\\" SYNOPSIS",
            ".\\\" TASKS",
            ".\\\" VAULT",
            ".\\\" COMMANDS",
            ".\\\" KEYCHAIN",
            "VERSION\"",
        ] {
            assert!(!page.contains(left), "{left}");
        }
        for kind in Kind::ALL {
            assert!(page.contains(&format!(".TP\n\\fB{}\\fR\n", kind.name())), "{kind:?}");
        }
        for command in Line::command().get_subcommands() {
            let name = command.get_name();
            let section = page.split(".SS ").find(|section| {
                section.trim_start_matches('"').split([' ', '\n', '"']).next() == Some(name)
            });
            let section = section.unwrap_or_else(|| panic!("{name} is not there"));
            let about = command.get_about().expect(name).to_string();
            assert!(section.contains(&about), "{name} does not say what it does");
            for arg in command.get_arguments() {
                let option = arg.get_long().map(|long| format!("--{long}"));
                let is_named = option.as_ref().is_none_or(|option| {
                    section.contains(option) || page.contains(&format!("\\fB{option}\\fR"))
                });
                assert!(is_named, "{name} {option:?}");
                assert!(arg.get_help().is_some(), "{name} {:?} has no help", arg.get_id());
            }
        }
    }
}
