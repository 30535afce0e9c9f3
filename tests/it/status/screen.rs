//! The look of the report: on a terminal of 60 columns, with and without colour, and in a file.

use super::TOKEN;
use crate::support::home::Home;
use crate::support::terminal::Terminal;
use std::process::Command;

/// Makes a person in trouble: a store beside ours, a snippet, two accounts.
fn in_trouble() -> Home {
    let user = Home::bare().configured();
    user.helper("store");
    user.helper(&format!("!f() {{ echo password={TOKEN}; }}; f"));
    user.account("", "alice", |_| {});
    user.account("", "bob", |c| c.rejected_at = Some(1));
    user
}

fn on_terminal(user: &Home, variables: &[(&str, &str)]) -> String {
    let script = "stty cols 60 && git credential-pat status --keychain kernel \"$0\"; echo $?";
    let mut command: Command = user.sandbox.command("sh");
    command.args(["-c", script, &user.url("")]);
    command.env("TERM", "xterm").envs(variables.iter().copied());
    let (_, screen) = Terminal::run(&command).ends();
    assert!(!screen.contains("TESTONLY"), "{screen}");
    screen
}

#[test]
fn sixty_columns_are_enough() {
    let screen = on_terminal(&in_trouble(), &[("NO_COLOR", "1")]);
    for line in screen.lines().map(str::trim_end) {
        let is_command = line.trim_start().starts_with("git ");
        assert!(line.chars().count() <= 60 || is_command, "{line:?} in\n{screen}");
    }
    assert!(screen.trim_end().ends_with('1'), "{screen}");
}

#[test]
fn colour_is_for_terminals_that_understand_it() {
    let user = in_trouble();
    assert!(on_terminal(&user, &[]).contains("\x1b[31mwrong:"));
    for variables in [&[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
        let screen = on_terminal(&user, variables);
        assert!(screen.contains("wrong:") && !screen.contains('\x1b'), "{screen}");
    }
    let ran = user.types("status --keychain kernel https://HOST", "");
    assert!(ran.stdout().contains("wrong:") && !ran.stdout().contains('\x1b'), "{ran}");
}

#[test]
fn the_whole_report_reads_well() {
    let user = in_trouble();
    let ran = user.types("status --keychain kernel https://HOST", "");
    let text = ran.stdout().replace(&user.host, "h.example");
    let text = text.split_once('\n').unwrap().1;
    // The lines were broken for the real host's name, and the one here is shorter.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "keychain kernel, the kernel's keyring: in memory only, gone at reboot place https://h.example path not sent",
        "helpers 1. pat --keychain kernel ~/gitconfig 2. store ~/gitconfig 3. a shell snippet",
        "accounts alice at https://h.example could answer; so could another bob at",
        "wrong: several accounts could answer at https://h.example, so none does \
         git credential-pat use https://h.example alice",
        "wrong: the token for bob at https://h.example was rejected by the host",
        "things are wrong; the line below each mends it",
    ] {
        assert!(words.contains(part), "no {part:?} in\n{text}");
    }
}
