//! The question for the passphrase: a person at the terminal is asked where git itself would ask,
//! once.

use crate::support::server_home::{PASSPHRASE, ServerHome};
use std::fs;

const HOST: &str = "git.vault.example";
const TOKEN: &str = "ghp_TESTONLYasked";
const QUESTION: &str = "Passphrase of git-credential-pat's vault: ";
const GET: &str = "PAT --keychain vault get <request";

/// Makes a locked vault with a token; the request for it is a file.
fn locked() -> ServerHome {
    let server = ServerHome::new();
    server.store(HOST, TOKEN);
    server.reboot();
    let request = format!("protocol=https\nhost={HOST}\n\n");
    fs::write(server.sandbox.path("request"), request).unwrap();
    server
}

#[test]
fn a_get_on_a_terminal_asks_once_and_unlocks() {
    let server = locked();
    let mut terminal = server.on_terminal(GET);
    terminal.shows(QUESTION);
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(screen.contains(&format!("password={TOKEN}")), "{screen}");
    assert!(screen.contains("The vault is unlocked for 12 hours."), "{screen}");
    assert!(!screen.contains(PASSPHRASE), "{screen}");
    // The kernel holds the key now, for a while, and nobody is asked any more.
    assert_ne!(server.end_of_key().as_deref(), Some("perm"));
    let (_, screen) = server.on_terminal(GET).ends();
    assert!(screen.starts_with("username=alice"), "{screen}");
}

#[test]
fn git_asks_nothing_more_where_the_vault_was_unlocked() {
    let server = locked();
    let mut terminal = server.on_terminal("git credential fill <request");
    terminal.shows(QUESTION);
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains(TOKEN), "{screen}");
}

#[test]
fn whoever_mistypes_may_try_again_and_whoever_gives_up_is_left_alone() {
    let server = locked();
    let mut terminal = server.on_terminal(GET);
    for (count, wrong) in [(1, "wrong one"), (2, "wrong two")] {
        terminal.shows_often(QUESTION, count);
        terminal.types(&format!("{wrong}\n"));
    }
    terminal.shows_often("the passphrase is not the vault's", 2);
    terminal.shows_often(QUESTION, 3);
    // A backspace takes a whole character.
    terminal.types(&format!("é\u{7f}{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");

    for given_up in ["\n", "\u{3}", "\u{4}"] {
        server.reboot();
        let mut terminal = server.on_terminal(GET);
        terminal.shows(QUESTION);
        terminal.types(given_up);
        let (status, screen) = terminal.ends();
        assert_eq!(status.code(), Some(1), "{screen}");
        assert!(screen.contains("the vault is locked"), "{screen}");
        assert_eq!(server.end_of_key(), None);
    }
}

#[test]
fn nobody_is_asked_where_git_would_not_ask() {
    let server = locked();
    for (script, why) in [
        (format!("GIT_TERMINAL_PROMPT=0 {GET}"), "git was told not to ask"),
        (format!("GIT_ASKPASS=/bin/false {GET}"), "git has a program for it"),
        (format!("SSH_ASKPASS=/bin/false {GET}"), "and another one"),
        (format!("git config --global core.askPass /bin/false; {GET}"), "and a third"),
        (
            format!(
                "git config --global core.askPass ''; git config --global credential.interactive false; {GET}"
            ),
            "no questions at all",
        ),
        (
            format!("git config --global credential.interactive true; setsid --wait {GET}"),
            "no terminal",
        ),
        ("PAT --keychain vault store <request".to_owned(), "only a get asks"),
        ("PAT --keychain vault erase <request".to_owned(), "only a get asks"),
        ("PAT list --keychain vault".to_owned(), "it only looks"),
        ("PAT status --keychain vault".to_owned(), "it only looks"),
    ] {
        let (_, screen) = server.on_terminal(&script).ends();
        assert!(!screen.contains(QUESTION), "{why}: {screen}");
    }
    // A script without a terminal has no passphrase for us.
    server.helper("get", &format!("protocol=https\nhost={HOST}\n\n")).fails(1, "locked");
}

#[test]
fn of_many_processes_one_asks() {
    let server = locked();
    let all = "for n in 1 2 3 4; do PAT --keychain vault get <request >out$n & done; wait";
    let mut terminal = server.on_terminal(all);
    terminal.shows(QUESTION);
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (_, screen) = terminal.ends();
    assert_eq!(screen.matches(QUESTION).count(), 1, "{screen}");
    for n in 1..=4 {
        let answer = fs::read_to_string(server.sandbox.path(&format!("out{n}"))).unwrap();
        assert!(answer.contains(TOKEN), "{n}: {answer:?} {screen}");
    }
    // A person who gives up at one of them has given up for all.
    server.reboot();
    let mut terminal = server.on_terminal(all);
    terminal.shows(QUESTION);
    wait_until_all_wait(&server, 4);
    terminal.types("\n");
    let (_, screen) = terminal.ends();
    assert_eq!(screen.matches(QUESTION).count(), 1, "{screen}");
    assert_eq!(screen.matches("the vault is locked").count(), 4, "{screen}");
}

/// Waits until so many processes have opened the lock for the turn to ask.
fn wait_until_all_wait(server: &ServerHome, count: usize) {
    let turn = server.sandbox.path("run/git-credential-pat-question.lock");
    let has_opened = |process: &fs::DirEntry| {
        let files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|path| path == turn)
    };
    let waiting = || fs::read_dir("/proc").unwrap().flatten().filter(has_opened).count();
    while waiting() < count {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_new_passphrase_is_asked_twice() {
    let server = ServerHome::without_vault();
    let mut terminal = server.on_terminal("PAT configure --keychain vault --low-memory --yes");
    let (first, again) = ("New passphrase of the vault", "The same again: ");
    terminal.shows(first);
    terminal.types("short\n");
    terminal.shows("needs 8 characters at least");
    terminal.shows_often(first, 2);
    terminal.types(&format!("{PASSPHRASE}\n"));
    terminal.shows(again);
    terminal.types("another one\n");
    terminal.shows("the two are not the same");
    terminal.shows_often(first, 3);
    terminal.types(&format!("{PASSPHRASE}\n"));
    terminal.shows_often(again, 2);
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains("made a vault"), "{screen}");
    assert!(!screen.contains(PASSPHRASE), "{screen}");
    server.reboot();
    server.unlock();
}

#[test]
fn unlock_on_a_terminal_asks_and_counts() {
    let server = ServerHome::new();
    server.reboot();
    let mut terminal = server.on_terminal("PAT unlock --for 2h");
    terminal.shows("Passphrase of the vault: ");
    terminal.types("a wrong one\n");
    terminal.shows_often("Passphrase of the vault: ", 2);
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains("unlocked, 2 h left"), "{screen}");
    let mut terminal = server.on_terminal("PAT unlock");
    for count in 1..=3 {
        terminal.shows_often("Passphrase of the vault: ", count);
        terminal.types("a wrong one\n");
    }
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
}
