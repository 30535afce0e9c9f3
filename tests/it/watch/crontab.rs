//! A line in a real crontab, taken in and out again, in a spool of the test's own.

use super::{apart, revoke, well};
use crate::support::home::Home;
use crate::support::program::program;
use crate::support::spy;
use std::fs;
use std::path::PathBuf;

const SPOOL: &str = "mount -t tmpfs none /var/spool/cron/crontabs";

/// The crontab of the user who runs this, as cron reads it.
fn file() -> PathBuf {
    program("crontab", "cron");
    PathBuf::from("/var/spool/cron/crontabs/root")
}

/// The first lines of a crontab of Debian's, which its program writes, and does not show.
const HEAD: usize = 3;

/// Returns the crontab without the head that its program has written.
fn content() -> Option<Vec<u8>> {
    let all = fs::read(file()).ok()?;
    let mut lines = all.split_inclusive(|byte| *byte == b'\n');
    if all.starts_with(b"# DO NOT EDIT") {
        lines.by_ref().take(HEAD).for_each(drop);
    }
    Some(lines.flatten().copied().collect())
}

/// Gives the user this crontab, as far as the program takes it.
fn begin_with(desk: &Home, before: &[u8]) {
    let ended = before.is_empty() || before.ends_with(b"\n");
    let first = if ended { before } else { b"" };
    assert!(desk.sandbox.run(program("crontab", "cron"), &["-"], first).status.success());
    if !ended {
        let all = [&fs::read(file()).unwrap(), before].concat();
        fs::write(file(), all).unwrap();
    }
}

/// The line of ours, of which there is one.
#[track_caller]
fn ours() -> String {
    let content = String::from_utf8_lossy(&content().expect("a crontab")).into_owned();
    let ours: Vec<&str> =
        content.lines().filter(|l| l.contains("# git-credential-pat watch")).collect();
    assert_eq!(ours.len(), 1, "{content}");
    ours[0].to_owned()
}

fn watch(desk: &Home, words: &[&str]) -> crate::support::sandbox::Ran {
    desk.sandbox.helper(&[&["watch"], words].concat(), "")
}

#[test]
fn a_line_goes_in_and_out_and_all_others_stay_byte_for_byte() {
    if apart("watch::crontab::a_line_goes_in_and_out_and_all_others_stay_byte_for_byte", SPOOL) {
        return;
    }
    let desk = Home::bare();
    for before in [
        None,
        Some(&b""[..]),
        Some(b"# mine\nMAILTO=\"\"\n\n1 2 * * *\ttrue \\% x \xff\n"),
        Some(b"1 2 * * * no end"),
    ] {
        let _ = fs::remove_file(file());
        if let Some(before) = before {
            begin_with(&desk, before);
        }
        let ran = watch(&desk, &["daily", "--yes"]);
        assert!(ran.status.success(), "{ran}");
        let line = ours();
        assert!(ran.stdout().contains(line.split(" # ").next().unwrap()), "{line} {ran}");
        let with = content().unwrap();
        assert!(with.starts_with(before.unwrap_or_default()), "{}", with.escape_ascii());
        let again = watch(&desk, &["daily", "--yes"]);
        assert!(again.stderr().contains("nothing to change"), "{again}");
        assert_eq!(content().unwrap(), with);
        assert!(watch(&desk, &["weekly", "--yes", "--notify"]).status.success());
        assert!(ours().contains(" 9 * * 1 ") && ours().contains(" --notify #"), "{}", ours());
        let ran = watch(&desk, &["off"]);
        assert!(ran.status.success(), "{ran}");
        let after = content();
        // Debian's crontab takes no last line without an end.
        let is_without_end = before.is_some_and(|text| text.ends_with(b"no end"));
        let before = before.map(|text| [text, if is_without_end { b"\n" } else { b"" }].concat());
        assert_eq!(after, before, "{ran}");
    }
    assert!(watch(&desk, &["off"]).stderr().contains("no timer is installed"));
}

#[test]
fn the_line_runs_as_cron_runs_it() {
    if apart("watch::crontab::the_line_runs_as_cron_runs_it", SPOOL) {
        return;
    }
    let desk = well();
    let words = ["daily", "--yes", "--tell", "sh -c 'cat >\"$0\"' told%d"];
    assert!(watch(&desk, &words).status.success());
    let line = ours();
    let command = line.splitn(6, ' ').nth(5).unwrap();
    assert!(!command.replace("\\%", "").contains('%'), "{line}");
    let command = command.replace("\\%", "%");
    let run = || {
        let home = desk.sandbox.home();
        let mut shell = desk.sandbox.command("sh");
        shell.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").args(["-c", &command]);
        crate::support::sandbox::run(shell, b"")
    };
    run().prints("");
    revoke(&desk);
    let ran = run();
    assert!(ran.stderr.is_empty() && ran.status.code() == Some(1), "{ran}");
    let told = fs::read_to_string(desk.sandbox.path("told%d")).unwrap();
    assert!(told.contains("\"refused\""), "{told}");
    let shown = watch(&desk, &[]).stdout();
    assert!(shown.starts_with("a line in the crontab, daily: "), "{shown}");
    assert!(
        shown.contains("next run: at 09:") && shown.contains("one thing was not well"),
        "{shown}"
    );
    assert!(watch(&desk, &["off"]).status.success());
    assert!(!watch(&desk, &[]).stdout().contains("last run"));
}

#[test]
fn a_program_that_is_gone_is_said_and_only_its_own_timer_is_taken_back() {
    let name =
        "watch::crontab::a_program_that_is_gone_is_said_and_only_its_own_timer_is_taken_back";
    if apart(name, SPOOL) {
        return;
    }
    let desk = Home::bare();
    let copy = desk.sandbox.path("bin/git-credential-pat");
    fs::create_dir(desk.sandbox.path("bin")).unwrap();
    fs::copy(crate::support::sandbox::BINARY, &copy).unwrap();
    let ran = desk.sandbox.run(&copy, &["watch", "daily", "--yes"], b"");
    assert!(ran.status.success() && ours().contains("/bin/git-credential-pat watch run"), "{ran}");
    assert!(watch(&desk, &["off", "--this-program"]).stderr().contains("no timer"));
    let unconfigured = desk.types("unconfigure --yes", "");
    assert!(
        unconfigured.stderr().contains("hint: a timer checks the tokens still"),
        "{unconfigured}"
    );
    let unconfigured = desk.types("unconfigure --yes --all --this-program", "");
    assert!(unconfigured.status.success() && content().is_some(), "{unconfigured}");
    fs::remove_file(&copy).unwrap();
    let said = "runs a program that is not there any more: ";
    let ran = watch(&desk, &[]);
    assert!(ran.stderr().contains(said) && ran.status.code() == Some(1), "{ran}");
    assert!(ran.stderr().contains("watch daily; to take it back: "), "{ran}");
    let status = desk.types("status", "").stdout();
    let status: String = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(status.contains(said), "{status}");
    let ran = desk.types("unconfigure --all --this-program --dry-run", "");
    assert!(ran.stderr().contains("would take back a line in the crontab"), "{ran}");
    assert!(content().is_some());
    let ran = desk.types("unconfigure --all --this-program --yes", "");
    assert!(ran.stderr().contains("took back a line in the crontab"), "{ran}");
    assert_eq!(content(), None);
}

#[test]
fn a_proxys_password_is_written_nowhere() {
    if apart("watch::crontab::a_proxys_password_is_written_nowhere", SPOOL) {
        return;
    }
    let mut desk = Home::bare();
    desk.set("https_proxy", "http://alice:TESTONLY@proxy.example:3128");
    desk.set("no_proxy", "h.example");
    let ran = watch(&desk, &["daily", "--yes"]);
    assert!(ran.stderr().contains("https_proxy may hold a password, and is not written"), "{ran}");
    let line = ours();
    assert!(!line.contains("TESTONLY") && line.contains(" no_proxy=h.example "), "{line}");
    assert!(!ran.stdout().contains("TESTONLY") && !ran.stderr().contains("TESTONLY"), "{ran}");
}

#[test]
fn without_a_terminal_nothing_is_written_unless_that_is_agreed_to() {
    let name = "watch::crontab::without_a_terminal_nothing_is_written_unless_that_is_agreed_to";
    if apart(name, SPOOL) {
        return;
    }
    let desk = Home::bare();
    let ran = watch(&desk, &["daily"]);
    assert!(ran.status.code() == Some(2) && ran.stderr().contains("--yes"), "{ran}");
    assert!(ran.stdout().contains("git-credential-pat watch run #"), "{ran}");
    assert!(watch(&desk, &["daily", "--dry-run"]).status.success());
    assert_eq!(content(), None);
    let mut terminal = desk.on_terminal("watch daily");
    let screen = terminal.shows("Add this line to the crontab? [y/N]");
    assert!(screen.contains("watch run"), "{screen}");
    terminal.types("n\n");
    let (status, screen) = terminal.ends();
    assert!(!status.success() && screen.contains("nothing was changed"), "{screen}");
    assert_eq!(content(), None);
    let mut terminal = desk.on_terminal("watch daily");
    terminal.shows("crontab? [y/N]");
    // Somebody else changes it meanwhile.
    fs::write(file(), "1 2 * * * true\n").unwrap();
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(!status.success() && screen.contains("was changed meanwhile"), "{screen}");
    assert_eq!(content().unwrap(), b"1 2 * * * true\n");
}

#[test]
fn where_no_scheduler_takes_it_that_is_said_with_what_to_type() {
    let mut desk = Home::bare();
    let folder = desk.sandbox.path("alone");
    desk.set("PATH", folder.to_str().unwrap());
    let ran = watch(&desk, &["daily", "--yes"]);
    ran.fails(1, "no scheduler for a user: neither systemd's user manager nor crontab");
    assert!(ran.stderr().contains("once a day: git credential-pat watch run"), "{ran}");
    let refusal =
        "#!/bin/sh\necho 'You (a) are not allowed to use this program (crontab)' >&2\nexit 1\n";
    spy::program(&folder.join("crontab"), refusal);
    let ran = watch(&desk, &["daily", "--yes"]);
    ran.fails(1, "crontab has failed: You (a) are not allowed to use this program");
    assert!(ran.stderr().contains("hint: see who may have a crontab in /etc/cron.allow"), "{ran}");
    assert_eq!(watch(&desk, &[]).stdout(), "no timer is installed\n");
}
