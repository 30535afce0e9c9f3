//! A failure of git is told with git's own reason, and with nothing that may be a secret.

use crate::status::{finding, ids};
use crate::support::home::Home;
use crate::support::program::gits;
use std::fs;

const BROKEN: &str = "[credential \"https://a:TESTONLYx@h.example\"]\nhelper = a\n[x\n";

#[test]
fn a_locked_configuration_is_said_to_be_locked() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.helper("store");
        let before = fs::read(user.sandbox.path("gitconfig")).unwrap();
        fs::write(user.sandbox.path("gitconfig.lock"), "").unwrap();
        let ran = user.types("configure --yes", "");
        let said = ran.stderr();
        assert_eq!(ran.status.code(), Some(1), "{ran}");
        let file = user.sandbox.path("gitconfig");
        for part in [
            &*format!("git: could not lock config file {}: File exists\n", file.display()),
            "configure: git's configuration could not be changed: its file cannot be locked\n",
            "hint: its folder must be there and writable; where no other git is at work, delete",
        ] {
            assert!(said.contains(part), "no {part:?}: {ran}");
        }
        assert_eq!(fs::read(&file).unwrap(), before);
    }
}

#[test]
fn a_configuration_in_no_folder_is_said_with_its_file() {
    let mut user = Home::bare();
    user.sandbox.set("GIT_CONFIG_GLOBAL", "/nowhere/gitconfig");
    let ran = user.types("configure --yes", "");
    assert!(ran.stderr().contains("/nowhere/gitconfig: No such file or directory\n"), "{ran}");
    assert!(ran.stderr().contains("its file cannot be locked"), "{ran}");
}

#[test]
fn without_a_home_there_is_no_configuration_to_change() {
    let mut user = Home::bare();
    user.sandbox.unset("HOME");
    user.sandbox.unset("GIT_CONFIG_GLOBAL");
    user.types("configure --yes --ci", "").fails(1, "HOME is not set\nhint: set HOME");
}

#[test]
fn a_repository_that_is_not_there_is_not_configured() {
    let user = Home::bare();
    user.types("configure --yes --ci --local", "").fails(1, "this is no repository\nhint: ");
}

#[test]
fn a_broken_configuration_is_said_to_be_broken_and_where() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        let file = user.sandbox.path("gitconfig");
        fs::write(&file, BROKEN).unwrap();
        let reason = format!("bad config line 3 in file {}", file.display());
        for line in ["configure --yes", "configure --yes --ci", "unconfigure --yes"] {
            let ran = user.types(line, "");
            let said = ran.stderr();
            assert_eq!(ran.status.code(), Some(1), "{ran}");
            assert!(said.contains(&reason), "{ran}");
            assert!(said.contains("git cannot read its configuration\nhint: "), "{ran}");
        }
        let status = user.status_of(&[]);
        assert_eq!(ids(&status), ["configuration"]);
        let what = finding(&status, "configuration")["what"].as_str().unwrap();
        assert_eq!(what, format!("git cannot read its configuration: {reason}"));
        assert!(status["git"].is_string(), "git is there: {status:#}");
        assert_eq!(fs::read_to_string(&file).unwrap(), BROKEN);
    }
}

#[test]
fn nothing_that_git_quotes_of_its_configuration_is_repeated() {
    let user = Home::bare();
    // git would name the value that it cannot use.
    let value = "[include]\npath = ~TESTONLYx/secret\n";
    fs::write(user.sandbox.path("gitconfig"), value).unwrap();
    for line in ["configure --yes", "unconfigure --yes", "status"] {
        let ran = user.types(line, "");
        assert!(!ran.status.success() && !format!("{ran}").contains("TESTONLY"), "{ran}");
        let said = format!("{}{}", ran.stdout(), ran.stderr()).replace("\n         ", " ");
        assert!(said.contains("could not expand include path …"), "{ran}");
    }
}

#[test]
fn without_git_it_is_git_that_is_said_to_be_missing() {
    let mut user = Home::bare();
    user.sandbox.set("PATH", "/nowhere");
    user.types("unconfigure --yes", "").fails(1, "git cannot be run\nhint: install git");
    assert_eq!(ids(&user.status_of(&[])), ["no-git"]);
}
