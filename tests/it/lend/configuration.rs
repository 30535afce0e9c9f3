//! What of a person's own configuration and environment leads a command past the lending.

use super::{home, lend};
use crate::support::program::gits;

/// What is said at the start about a line that wins.
const WINS: &str = "which wins over what lend says";

#[test]
fn a_line_that_wins_over_the_lent_ones_is_named_before_and_no_other_is() {
    for git in gits() {
        for (lines, url) in [
            (&[("insteadOf", "HOST/")][..], "HOST/team/repo"),
            (&[("insteadOf", "HOST/team/")], "HOST/team/repo"),
            (&[("insteadOf", "HOST/team/repo")], "HOST/team/repo.git"),
            (&[("insteadOf", "HOST")], "HOST/team/repo"),
            (&[("insteadOf", "https://")], "HOST/team/repo"),
            (&[("insteadOf", "h:")], "HOST/team/repo"),
            (&[("insteadOf", "https://other.test/")], "HOST/team/repo"),
            (&[("insteadOf", "https://alice@NAME/")], "https://alice@NAME/team/repo"),
            (&[("insteadOf", "https://bob@NAME/")], "https://alice@NAME/team/repo"),
            (&[("insteadOf", "git@NAME:")], "HOST/team/repo"),
            (&[("pushInsteadOf", "HOST/")], "HOST/team/repo"),
            (&[("pushInsteadOf", "https://")], "HOST/team/repo"),
            (&[("pushInsteadOf", "https://other.test/")], "HOST/team/repo"),
        ] {
            let home = home().with_git(&git);
            let place = home.url("");
            let place = place.trim_end_matches('/');
            let filled = |text: &str| text.replace("HOST", place).replace("NAME", &home.host);
            for (name, prefix) in lines {
                let name = format!("url.ssh://git@elsewhere.test/.{name}");
                home.configure(&name, &filled(prefix));
            }
            let url = filled(url);
            home.git(&["init", "--quiet", "folder"]);
            home.git(&["-C", "folder", "remote", "add", "origin", &url]);
            let repository = home.url("team/repo");
            let options = format!("--push {repository} --branches a/* --username alice --port 0");
            // git itself says where it would go.
            let script =
                "git -C folder remote get-url origin; git -C folder remote get-url --push origin";
            let ran = lend(&home, &options, &["sh", "-c", script]);
            let goes = ran.stdout();
            let is_led_past = goes.lines().any(|url| !url.starts_with("http://127.0.0.1:"));
            assert_eq!(goes.lines().count(), 2, "{ran}");
            assert_eq!(ran.stderr().contains(WINS), is_led_past, "{lines:?}: {ran}");
        }
    }
}

#[test]
fn the_line_that_is_named_is_taken_away_by_what_is_typed_then() {
    let home = home();
    let place = format!("{}/", home.url("").trim_end_matches('/'));
    home.configure("url.git@elsewhere.test:.insteadOf", &place);
    let url = home.url("team/repo.git");
    let options = format!("--read {url} --port 0");
    let reads = ["git", "ls-remote", &url];
    let ran = lend(&home, &options, &reads);
    assert!(!ran.status.success() && ran.stderr().contains(WINS), "{ran}");
    let says = ran.stderr();
    let typed = says.split("type: ").nth(1).unwrap().lines().next().unwrap();
    let ran = home.sandbox.run("sh", &["-c", typed], b"");
    assert!(ran.status.success(), "{ran}");
    let ran = lend(&home, &options, &reads);
    assert!(ran.status.success() && !ran.stderr().contains(WINS), "{ran}");
}

#[test]
fn variables_that_give_a_token_or_a_way_to_a_key_are_named_with_what_keeps_them_out() {
    let mut home = home();
    let options = format!("--read {} --port 0", home.url("team"));
    let ran = lend(&home, &options, &["true"]);
    assert!(!ran.stderr().contains("of its own"), "{ran}");
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "SSH_AUTH_SOCK", "GIT_ASKPASS"] {
        home.set(name, "/TESTONLY");
    }
    home.set("MY_OWN_NAME", "glpat-TESTONLYaaaaaaaaaaaaaaaa");
    home.set("EMPTY_TOKEN", "");
    let ran = lend(&home, &options, &["true"]);
    let names = "GH_TOKEN, GITHUB_TOKEN, GITLAB_TOKEN, GIT_ASKPASS, MY_OWN_NAME, SSH_AUTH_SOCK";
    assert!(ran.stderr().contains(&format!("a token or key of its own in {names}\n")), "{ran}");
    assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    let says = ran.stderr();
    let typed = says.split("env -u ").nth(1).unwrap().split(" git credential-pat").next().unwrap();
    assert_eq!(typed, names.replace(", ", " -u "), "{ran}");
}

#[test]
fn what_a_command_has_of_gits_variables_stays_and_the_lent_lines_are_added() {
    let mut home = home();
    home.set("GIT_CONFIG_COUNT", "1");
    home.set("GIT_CONFIG_KEY_0", "alias.mine");
    home.set("GIT_CONFIG_VALUE_0", "version");
    let url = home.url("team/repo.git");
    let script =
        format!("git mine && git ls-remote {url} && git config --get-all credential.helper");
    let ran = lend(&home, &format!("--read {url} --port 0"), &["sh", "-c", &script]);
    assert!(ran.status.success() && ran.stdout().contains("git version"), "{ran}");
    assert!(ran.stdout().contains("refs/heads/main") && ran.stdout().ends_with("\n\n"), "{ran}");
}
