//! `--notify`: a desktop's notification where no terminal shows that a token fails.

use crate::support::desktop::Desktop;
use crate::support::home::Home;
use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody at a desktop whose token was rejected.
fn rejected(name: &str) -> Home {
    let user = Home::at_desktop(Desktop::gnome_keyring()).with_options("--notify");
    let login =
        format!("login --with-token --username {name} --keychain secret-service https://HOST");
    assert!(user.types(&login, "ghp_TESTONLY1\n").status.success());
    user.operation("erase", user.lines("protocol=https host=HOST password=ghp_TESTONLY1"));
    user
}

/// What is sent to whoever shows notifications, as the bus's own tool writes it.
pub struct Watch {
    monitor: Child,
    file: std::path::PathBuf,
}

impl Watch {
    pub fn of(user: &Home) -> Self {
        let file = user.sandbox.path("notifications");
        let mut monitor = user.sandbox.command("dbus-monitor");
        monitor.args(["--session", "interface='org.freedesktop.Notifications'"]);
        monitor.stdout(File::create(&file).unwrap()).stderr(Stdio::null());
        let watch = Self { monitor: monitor.spawn().unwrap(), file };
        // The bus tells it that it is one.
        watch.sees("NameLost", 1);
        watch
    }

    #[track_caller]
    pub fn sees(&self, text: &str, count: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = fs::read_to_string(&self.file).unwrap();
            if seen.matches(text).count() >= count {
                return seen;
            }
            assert!(Instant::now() < deadline, "waited for {text:?}: {seen}");
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

#[test]
fn a_rejected_token_is_notified_of_once_an_hour_and_no_markup_comes_through() {
    let user = rejected("a<b>&c");
    let watch = Watch::of(&user);
    for _ in 0..3 {
        let ran = user.get("");
        assert!(
            ran.stdout.is_empty() && ran.stderr().contains("was rejected by the host"),
            "{ran}"
        );
    }
    // Another account has its own hour, and comes after all that was sent.
    let login = "login --with-token --username bob --keychain secret-service https://HOST:8443";
    assert!(user.types(login, "ghp_TESTONLY2\n").status.success());
    let host = "protocol=https host=HOST:8443";
    user.operation("erase", user.lines(&format!("{host} password=ghp_TESTONLY2")));
    user.operation("get", user.lines(host));
    let seen = watch.sees("member=Notify", 2);
    assert_eq!(seen.matches("member=Notify").count(), 2, "{seen}");
    assert!(seen.contains("a&lt;b&gt;&amp;c at https://"), "{seen}");
    assert!(seen.contains("hint") || seen.contains("login --restore"), "{seen}");
    assert!(!seen.contains("TESTONLY"), "{seen}");
}

#[test]
fn without_the_option_or_without_a_bus_nothing_is_sent_and_nothing_else_changes() {
    let user = rejected("alice").with_options("");
    let watch = Watch::of(&user);
    let said = user.get("").stderr();
    assert!(said.contains("was rejected by the host"), "{said}");
    drop(watch);
    let seen = fs::read_to_string(user.sandbox.path("notifications")).unwrap();
    assert!(!seen.contains("member=Notify"), "{seen}");
    let bare = Home::bare().with_options("--notify");
    bare.types("login --with-token --username a --keychain kernel https://HOST", "ghp_TESTONLY1\n");
    bare.operation("erase", bare.lines("protocol=https host=HOST password=ghp_TESTONLY1"));
    assert!(bare.get("").stderr().contains("was rejected by the host"));
}

#[test]
fn configure_writes_the_option_and_takes_it_out() {
    let user = Home::bare();
    for (options, has) in [("--notify", true), ("", true), ("--no-notify", false)] {
        let ran = user.types(&format!("configure --yes {options}"), "");
        assert!(ran.status.success(), "{ran}");
        assert_eq!(user.helpers()[0].ends_with(" --notify"), has, "{ran}");
    }
}
