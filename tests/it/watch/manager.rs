//! A timer of systemd's user manager: the units by systemd's own measure, and a real manager that
//! starts them, where one can be started for the test alone.

use super::{apart, revoke, well};
use crate::support::desktop::{Process, start};
use crate::support::home::Home;
use crate::support::program::program;
use crate::support::sandbox::Ran;
use crate::support::spy;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What says that a machine runs systemd.
const BOOTED: &str = "{ [ -d /run/systemd/system ] || { mount -t tmpfs none /run && mkdir -p \
                      /run/systemd/system; }; }";

const SERVICE: &str = "git-credential-pat-watch.service";
const TIMER: &str = "git-credential-pat-watch.timer";

fn watch(desk: &Home, words: &[&str]) -> Ran {
    desk.sandbox.helper(&[&["watch"], words].concat(), "")
}

fn systemctl(desk: &Home, words: &[&str]) -> Ran {
    desk.sandbox.run(program("systemctl", "systemd"), &[&["--user"], words].concat(), b"")
}

/// A `systemctl` that takes everything, for what systemd reads in the files alone.
pub fn pretend_manager(desk: &mut Home) {
    let folder = desk.sandbox.path("pretended");
    spy::program(&folder.join("systemctl"), "#!/bin/sh\necho Version=1\n");
    let path = format!("{}:{}", folder.display(), desk.sandbox.get("PATH"));
    desk.set("PATH", &path);
}

#[test]
fn the_units_are_right_by_systemds_own_measure() {
    let mut desk = Home::bare();
    pretend_manager(&mut desk);
    let analyze = program("systemd-analyze", "systemd");
    let folder = desk.sandbox.path("config/systemd/user");
    let tell = "sh -c 'echo \"$HOME\" %h \\; $(x)' ; \"a b\" 100%";
    for (rhythm, calendar) in [("daily", "*-*-* 09:00:00"), ("weekly", "Mon *-*-* 09:00:00")] {
        let ran = watch(&desk, &[rhythm, "--yes", "--notify", "--tell", tell]);
        assert!(ran.status.success(), "{ran}");
        let units = [folder.join(SERVICE), folder.join(TIMER)];
        let units: Vec<&str> = units.iter().map(|unit| unit.to_str().unwrap()).collect();
        let words = [&["--user", "--man=no", "verify"], &units[..]].concat();
        let ran = desk.sandbox.run(&analyze, &words, b"");
        let said = ran.stderr();
        let ours: Vec<&str> = said.lines().filter(|l| l.contains("git-credential-pat")).collect();
        assert!(ran.status.success() && ours.is_empty(), "{ran}");
        let timer = fs::read_to_string(folder.join(TIMER)).unwrap();
        let when = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
        let ran = desk.sandbox.run(&analyze, &["calendar", when], b"");
        assert!(ran.status.success(), "{ran}");
        assert!(ran.stdout().contains(&format!("Normalized form: {calendar}")), "{ran}");
    }
    let ran = watch(&desk, &["off"]);
    assert!(ran.status.success() && !desk.sandbox.path("config/systemd").exists(), "{ran}");
}

#[test]
fn a_unit_of_somebody_elses_is_left_as_it_is() {
    let mut desk = Home::bare();
    pretend_manager(&mut desk);
    desk.write(format!("config/systemd/user/{SERVICE}"), "[Service]\nExecStart=/bin/true\n");
    let ran = watch(&desk, &["daily", "--yes"]);
    assert!(ran.status.code() == Some(1) && ran.stderr().contains("not this program's"), "{ran}");
    desk.holds(&format!("config/systemd/user/{SERVICE}"), "[Service]\nExecStart=/bin/true\n");
    assert!(watch(&desk, &["off"]).stderr().contains("no timer is installed"));
}

#[test]
fn a_unit_that_was_changed_by_hand_is_said_and_replaced() {
    let mut desk = Home::bare();
    pretend_manager(&mut desk);
    assert!(watch(&desk, &["daily", "--yes"]).status.success());
    let service = desk.sandbox.path(&format!("config/systemd/user/{SERVICE}"));
    let text = fs::read_to_string(&service).unwrap();
    fs::write(&service, format!("{text}Nice=5\n")).unwrap();
    let ran = watch(&desk, &[]);
    assert!(ran.stderr().contains("was changed by hand") && !ran.status.success(), "{ran}");
    assert!(watch(&desk, &["daily", "--yes"]).status.success());
    assert_eq!(fs::read_to_string(&service).unwrap(), text);
}

/// A user manager of the test's own. It ends with the test.
struct Manager(#[expect(dead_code, reason = "it is held")] Process);

impl Manager {
    fn of(desk: &Home) -> Self {
        let name = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
        let name = name.into_iter().find(|name| Path::new(name).exists()).expect("systemd");
        let mut command = desk.sandbox.command(name);
        command.args(["--user", "--log-target=console"]);
        let manager = Self(start(command, "systemd", "systemd"));
        let deadline = Instant::now() + Duration::from_secs(30);
        while !systemctl(desk, &["show", "--property=Version"]).status.success() {
            let log = fs::read_to_string(desk.sandbox.path("systemd.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "no manager: {log}");
            sleep(Duration::from_millis(20));
        }
        manager
    }
}

#[test]
fn a_real_manager_starts_the_timer_runs_its_job_and_forgets_both() {
    let name = "watch::manager::a_real_manager_starts_the_timer_runs_its_job_and_forgets_both";
    // A manager wants control groups, which only root can give it.
    if !rustix::process::geteuid().is_root() || apart(name, BOOTED) {
        return;
    }
    let mut desk = well();
    desk.sandbox.unset("DBUS_SESSION_BUS_ADDRESS");
    let _manager = Manager::of(&desk);
    let ran = watch(&desk, &["daily", "--yes", "--tell", "sh -c 'cat >\"$0\"' 'to%h $HOME'"]);
    assert!(ran.status.success() && ran.stderr().contains("by a systemd timer"), "{ran}");
    assert_eq!(systemctl(&desk, &["is-active", TIMER]).stdout(), "active\n");
    assert_eq!(systemctl(&desk, &["is-enabled", TIMER]).stdout(), "enabled\n");
    assert!(watch(&desk, &["daily", "--yes", "--tell", "x"]).status.success());
    let tell = "sh -c 'cat >\"$0\"' 'to%h $HOME'";
    assert!(watch(&desk, &["daily", "--yes", "--tell", tell]).status.success());
    let again = watch(&desk, &["daily", "--yes", "--tell", tell]);
    assert!(again.stderr().contains("nothing to change"), "{again}");
    let shown = watch(&desk, &[]);
    assert!(shown.status.success(), "{shown}");
    let shown = shown.stdout();
    assert!(shown.contains("a systemd timer, daily: ") && shown.contains("next run: "), "{shown}");
    assert!(shown.contains("last run: none yet"), "{shown}");
    let run = systemctl(&desk, &["start", SERVICE]);
    assert!(run.status.success(), "{run}");
    assert!(watch(&desk, &[]).stdout().contains("all was well"));
    assert!(!desk.sandbox.path("to%h $HOME").exists());
    revoke(&desk);
    assert!(!systemctl(&desk, &["start", SERVICE]).status.success());
    let told = fs::read_to_string(desk.sandbox.path("to%h $HOME")).unwrap();
    assert!(told.contains("\"refused\""), "{told}");
    assert!(watch(&desk, &["weekly", "--yes"]).status.success());
    let timers = systemctl(&desk, &["show", "--property=TimersCalendar", TIMER]).stdout();
    assert!(timers.contains("OnCalendar=Mon *-*-* 09:00:00"), "{timers}");
    assert!(watch(&desk, &["off"]).status.success());
    let left = systemctl(&desk, &["list-units", "--all", "--plain", "git-credential-pat*"]);
    assert!(!left.stdout().contains("git-credential-pat"), "{left}");
    assert!(!desk.sandbox.path("config/systemd").exists());
    assert!(!desk.sandbox.path("data/systemd/timers").join(format!("stamp-{TIMER}")).exists());
}
