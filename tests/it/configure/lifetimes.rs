//! `configure --cache` and `--timeout`.

use super::{OURS, does};
use crate::support::home::Home;

#[test]
fn the_kernel_is_told_when_to_forget_and_told_otherwise_again() {
    let user = Home::bare();
    does(&user, "configure --yes --timeout 4294967295");
    assert_eq!(user.helpers(), [format!("{OURS} --timeout 4294967295")]);
    does(&user, "configure --yes");
    assert_eq!(user.helpers(), [format!("{OURS} --timeout 4294967295")]);
    does(&user, "configure --yes --timeout 600");
    assert_eq!(user.helpers(), [format!("{OURS} --timeout 600")]);
    does(&user, "configure --yes --timeout off");
    assert_eq!(user.helpers(), [OURS]);
}

#[test]
fn what_the_desktops_keychain_answers_is_kept_where_that_is_said() {
    let user = Home::with_gnome_keyring();
    let line = |options: &str| format!("{} --keychain secret-service{options}", super::BINARY);
    does(&user, "configure --yes --cache 60");
    assert_eq!(user.helpers(), [line(" --cache 60")]);
    does(&user, "configure --yes --cache off");
    assert_eq!(user.helpers(), [line("")]);
}

#[test]
fn what_fits_no_line_is_refused_before_anything_is_changed() {
    let user = Home::bare();
    for (options, why) in [
        ("--timeout 0", "--timeout takes a number of seconds"),
        ("--timeout soon", "--timeout takes a number of seconds"),
        ("--cache -1", ""),
        ("--cache 60", "--cache is needless with --keychain kernel"),
        ("--cache 60 --env X https://HOST", ""),
        ("--timeout 60 --command x https://HOST", ""),
    ] {
        let ran = user.types(&format!("configure --yes --keychain kernel {options}"), "");
        assert!(!ran.status.success() && ran.stderr().contains(why), "{options}: {ran}");
        assert!(user.helpers().is_empty(), "{options}: {ran}");
    }
}
