//! What is lent for reading, and what is not.

use super::{home, lend, ways_in};
use crate::support::home::TOKEN;

#[test]
fn a_command_reads_what_is_lent_and_the_token_is_not_in_its_environment() {
    let home = home();
    for way_in in ways_in(&home) {
        let options = format!("--read {} {way_in}", home.url("team/repo.git"));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("team/repo.git")]);
        assert!(ran.status.success() && ran.stdout().contains("refs/heads/main"), "{ran}");
        let ran = lend(&home, &options, &["env"]);
        assert!(ran.status.success() && !ran.stdout().contains(TOKEN), "{ran}");
    }
    let requests = home.server().requests(|requests| requests.len() >= 2);
    assert!(requests.iter().all(|request| request.authorized), "{requests:?}");
}

#[test]
fn what_is_not_lent_is_refused_in_gits_own_output_and_the_host_hears_nothing() {
    let home = home();
    for way_in in ways_in(&home) {
        let options = format!("--read {} {way_in}", home.url("team/repo.git"));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("team/secret.git")]);
        let reason = format!(
            "remote: git-credential-pat lend: {} is not among what is lent here",
            home.url("team/secret")
        );
        assert!(!ran.status.success() && ran.stderr().contains(&reason), "{ran}");
    }
    lend(
        &home,
        &format!("--read {} --port 0", home.url("")),
        &["git", "ls-remote", &home.url("team/repo.git")],
    );
    let requests = home.server().requests(|requests| !requests.is_empty());
    assert!(!requests.iter().any(|request| request.path.contains("secret")), "{requests:?}");
}
