//! Says in our own words what is wrong with a command line: the option, the missing argument, the
//! allowed values, and how the command is used.
//!
//! No word that was typed is repeated, because it may be a token. Where a word is close to one of
//! ours, ours is named.

use super::Line;
use crate::terminal;
use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory, Parser};
use std::error::Error as _;
use std::ffi::OsString;
use std::iter::once;

/// The message about a line that cannot be understood.
pub(super) struct Misuse {
    /// The command that the message is about.
    pub(super) what: String,
    pub(super) message: String,
    pub(super) hint: String,
}

/// Returns what is wrong with these arguments, for which clap has this error.
pub(super) fn explain(arguments: &[OsString], error: &clap::Error) -> Misuse {
    let mut root = Line::command();
    root.build();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let named = words.iter().position(|word| root.find_subcommand(word).is_some());
    let is_help = named.is_some_and(|at| words[at] == "help");
    let command = named.filter(|_| !is_help).and_then(|at| root.find_subcommand(words[at]));
    let command = command.unwrap_or(&root);
    let first = named.map_or(0, |at| at + 1);
    let what = match command.get_name() {
        terminal::NAME => "arguments",
        name => name,
    };
    let message = match error.kind() {
        ErrorKind::UnknownArgument => unknown(command, &words[first..]),
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            let last = words.last().copied().unwrap_or_default();
            match nearest(last, root.get_subcommands().map(Command::get_name)) {
                Some(name) => format!("there is no such command, did you mean {name}?"),
                None => "there is no such command".to_owned(),
            }
        }
        ErrorKind::MissingRequiredArgument => missing(command, &words[first..]),
        ErrorKind::ArgumentConflict => {
            let culprits = culprits(command, arguments, first, error.kind());
            match culprits.as_slice() {
                [] => "some of these options do not go together".to_owned(),
                [one] => format!("{one} does not go with the rest, or stands twice"),
                several => format!("these do not go together: {}", several.join(", ")),
            }
        }
        _ => invalid(command, arguments, first, error),
    };
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").split_whitespace().collect::<Vec<_>>();
    let hint = format!("usage: {}; see its --help", usage.join(" "));
    Misuse { what: what.to_owned(), message, hint }
}

/// Returns the command that was probably meant, where there is none of this name.
pub(crate) fn no_command(word: &str) -> Option<&'static str> {
    let commands = crate::arguments::COMMANDS.into_iter().filter(|name| !name.starts_with('-'));
    nearest(word, commands)
}

fn unknown(command: &Command, words: &[&str]) -> String {
    for word in words.iter().take_while(|word| **word != "--") {
        let Some(name) = word.strip_prefix("--") else { continue };
        let name = name.split('=').next().unwrap_or_default();
        let known: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
        if known.contains(&name) || name == "help" {
            continue;
        }
        return match nearest(name, known.into_iter().chain(["help"])) {
            Some(name) => format!("there is no such option here, did you mean --{name}?"),
            None => "there is no such option here".to_owned(),
        };
    }
    if words.iter().any(|word| word.len() > 1 && word.starts_with('-') && !word.starts_with("--")) {
        return "there is no such option here".to_owned();
    }
    match command.get_positionals().count() {
        0 => "it takes options only, and a word stands there".to_owned(),
        _ => "a word too many stands there".to_owned(),
    }
}

fn missing(command: &Command, words: &[&str]) -> String {
    let is_given = |arg: &&Arg| {
        arg.get_long().is_some_and(|long| {
            let long = format!("--{long}");
            words.iter().any(|word| word.split('=').next() == Some(&long))
        })
    };
    let required: Vec<String> = command
        .get_arguments()
        .filter(|arg| arg.is_required_set() && !is_given(arg))
        .map(called)
        .collect();
    match required.as_slice() {
        [] => "an option that another one needs is missing".to_owned(),
        several => format!("missing: {}", several.join(" ")),
    }
}

fn invalid(command: &Command, arguments: &[OsString], first: usize, error: &clap::Error) -> String {
    let culprit = culprits(command, arguments, first, error.kind()).into_iter().next();
    let option = culprit.unwrap_or_else(|| "an option".to_owned());
    // A parser of ours says what it takes. clap has no words of its own for a missing value.
    match error.source() {
        Some(why) if error.kind() == ErrorKind::ValueValidation => format!("{option}: {why}"),
        _ => match command.get_arguments().find(|arg| called(arg).starts_with(&option)) {
            Some(arg) => format!("a value is missing: {}", called(arg)),
            None => format!("{option} has no value that could be understood"),
        },
    }
}

/// Returns the options without which the line would be wrong in another way or not at all.
fn culprits(
    command: &Command,
    arguments: &[OsString],
    first: usize,
    kind: ErrorKind,
) -> Vec<String> {
    let mut culprits = Vec::new();
    for at in first..arguments.len() {
        let word = arguments[at].to_str().unwrap_or_default();
        let Some(name) = word.strip_prefix("--").map(|name| name.split('=').next()) else {
            continue;
        };
        let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == name) else {
            continue;
        };
        let takes_next = arg.get_action().takes_values() && !word.contains('=');
        let end = (at + 1 + usize::from(takes_next)).min(arguments.len());
        let rest = arguments[..at].iter().chain(&arguments[end..]);
        let program = OsString::from(terminal::NAME);
        let error = Line::try_parse_from(once(&program).chain(rest)).err();
        let option = format!("--{}", arg.get_long().unwrap_or_default());
        if error.is_none_or(|error| error.kind() != kind) && !culprits.contains(&option) {
            culprits.push(option);
        }
    }
    culprits
}

/// Returns an argument as the usage shows it, such as `--username <NAME>`.
fn called(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default();
    let values: Vec<String> = values.iter().map(|name| format!("<{name}>")).collect();
    match arg.get_long() {
        Some(long) if values.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {}", values.join(" ")),
        None => values.join(" "),
    }
}

/// Returns the name among these that somebody may have meant by a word.
fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let allowed = |name: &str| match name.len().min(word.len()) {
        0..=2 => 0,
        3..=5 => 1 + usize::from(name.len() == word.len()),
        _ => 2,
    };
    let close = names.filter_map(|name| {
        let is_beginning = word.len() > 2 && name.starts_with(&word);
        let far = if is_beginning { 1 } else { distance(&word, name) };
        (far <= allowed(name).min(2)).then_some((far, name))
    });
    close.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Returns how many letters must be inserted, removed, changed, or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // A word that is much longer or shorter is not compared.
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = usize::from(one[i - 1] != other[j - 1]);
                let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                least = least.min(rows[i - 1][j - 1] + changed);
                if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_name_that_was_meant_is_found_and_nothing_else() {
        let names = ["login", "logout", "list", "log", "lock", "username", "with-token"];
        for (word, name) in [
            ("lgoin", Some("login")),
            ("LOGIN", Some("login")),
            ("logn", Some("login")),
            ("log-out", Some("logout")),
            ("usernam", Some("username")),
            ("user", Some("username")),
            ("withtoken", Some("with-token")),
            ("ghp_TESTONLY0123456789", None),
            ("xy", None),
            ("", None),
            ("password", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), name, "{word}");
        }
    }
}
