//! The plain-text files of `git credential-store`, netrc and gh.

use crate::support::home::Home;
use crate::support::sandbox::run;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const THREE: &str = "https://alice:ghp_TESTONLY1@HOST\n\
                     https://bob:ghp_TESTONLY2@HOST%3a8443\n\
                     http://carol:ghp_TESTONLY3@HOST\n\
                     https://dave:ghp_TESTONLY4@HOST/team/repo.git\n\
                     not a URL of ghp_TESTONLY5\n\
                     https://alice:ghp_TESTONLY6@HOST\n";

#[test]
fn a_dry_run_shows_what_would_be_done_and_does_nothing() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", THREE);
    let ran = newcomer.imports("--from store --dry-run");
    assert_eq!(
        newcomer.table(&ran),
        [
            "~/.git-credentials",
            "PLACE USERNAME WHAT",
            "https://HOST alice import",
            "https://HOST:8443 bob import",
            "http://HOST carol stays: http is unencrypted",
            "https://HOST/team/repo dave import",
            "line 5 - stays: it is no URL",
            "https://HOST alice left out: an earlier one has been used in its place",
        ]
    );
    assert!(newcomer.keys.accounts().is_empty());
    newcomer.holds(".git-credentials", THREE);
}

#[test]
fn what_is_imported_leaves_the_file_and_all_else_stays() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", THREE);
    let ran = newcomer.imports("--from store --yes");
    assert!(ran.stderr().contains("stored 3 tokens in the kernel's keyring"), "{ran}");
    assert!(ran.stderr().contains("hint: ~/.git-credentials still holds them"), "{ran}");
    let setting = newcomer.fill("credential.https://HOST/team.useHttpPath true");
    assert!(ran.stderr().contains(&setting), "{ran}");
    newcomer.holds(".git-credentials", THREE);
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
    newcomer.serves("path=team/repo.git", "username=dave password=ghp_TESTONLY4");
    let ran = newcomer.imports("--from store --yes --remove");
    let removed =
        "removed 4 tokens (1 of them never used, and kept nowhere) from ~/.git-credentials";
    assert!(ran.stderr().contains(removed), "{ran}");
    assert_eq!(newcomer.table(&ran)[2], "https://HOST alice is there already");
    newcomer
        .holds(".git-credentials", "http://carol:ghp_TESTONLY3@HOST\nnot a URL of ghp_TESTONLY5\n");
}

/// What git's own `store` answers for a username, from both of its files.
fn gits_store(newcomer: &Home, username: &str) -> String {
    let request = newcomer.fill(&format!("protocol=https\nhost=HOST\nusername={username}\n\n"));
    newcomer.sandbox.run("git", &["credential-store", "get"], request.as_bytes()).stdout()
}

#[test]
fn of_both_files_of_store_the_first_counts_as_for_git() {
    let newcomer = Home::new();
    let second = "https://alice:ghp_TESTONLY2@HOST\n\
                  https://bob:ghp_TESTONLY3@HOST\n\
                  https://alice:ghp_TESTONLY4@HOST\n";
    newcomer.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    newcomer.write("config/git/credentials", second);
    assert!(gits_store(&newcomer, "alice").contains("password=ghp_TESTONLY1\n"));
    assert!(gits_store(&newcomer, "bob").contains("password=ghp_TESTONLY3\n"));
    let left_out = "https://HOST alice left out: an earlier one has been used in its place";
    let ran = newcomer.imports("--from store --dry-run");
    let expected = [left_out, "https://HOST bob import", left_out];
    assert_eq!(newcomer.table(&ran)[5..], expected, "{ran}");
    let ran = newcomer.imports("--from store --yes --replace --remove");
    let removed =
        "removed 3 tokens (2 of them never used, and kept nowhere) from ~/config/git/credentials";
    assert!(ran.stderr().contains(removed), "{ran}");
    newcomer.serves("username=alice", "username=alice password=ghp_TESTONLY1");
    newcomer.serves("username=bob", "username=bob password=ghp_TESTONLY3");
    for file in [".git-credentials", "config/git/credentials"] {
        newcomer.holds(file, "");
    }
}

#[test]
fn what_the_first_file_of_store_hides_stays_where_that_is_not_kept() {
    let newcomer = Home::new();
    let (first, second) =
        ("https://alice:ghp_TESTONLY1@HOST\n", "https://alice:ghp_TESTONLY2@HOST\n");
    let account = newcomer.fill("protocol=https\nhost=HOST\nusername=alice\n");
    newcomer.sandbox.helper(&["store"], format!("{account}password=ghp_TESTONLY5\n")).prints("");
    newcomer.write(".git-credentials", first);
    newcomer.write("config/git/credentials", second);
    newcomer.imports("--from store --yes --remove");
    newcomer.holds(".git-credentials", first);
    newcomer.holds("config/git/credentials", second);
    // Once the first one is kept and refused, git's next one is the other.
    newcomer.imports("--from store --yes --replace");
    let refused = newcomer.fill("protocol=https\nhost=HOST\npassword=ghp_TESTONLY1\n\n");
    newcomer.sandbox.helper(&["erase"], refused).prints("");
    newcomer.imports("--from store --yes --replace --remove");
    newcomer.serves("", "username=alice password=ghp_TESTONLY2");
    newcomer.holds(".git-credentials", first);
    newcomer.holds("config/git/credentials", "");
}

#[test]
fn a_link_that_makes_both_files_of_store_one_is_read_once() {
    let newcomer = Home::new();
    newcomer.write("config/git/credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    let link = newcomer.sandbox.home().join(".git-credentials");
    std::os::unix::fs::symlink("config/git/credentials", link).unwrap();
    let ran = newcomer.imports("--from store --yes --remove");
    assert!(ran.status.success(), "{ran}");
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
    newcomer.holds("config/git/credentials", "");
}

#[test]
fn another_token_is_replaced_only_when_told() {
    let newcomer = Home::new();
    let account = newcomer.fill("protocol=https\nhost=HOST\nusername=alice\n");
    newcomer.sandbox.helper(&["store"], format!("{account}password=ghp_TESTONLY1\n")).prints("");
    let file = "https://alice:ghp_TESTONLY2@HOST\n";
    newcomer.write("config/git/credentials", file);
    let ran = newcomer.imports("--from store --yes --remove");
    assert!(ran.stdout().contains("stays: another token is stored for this account"), "{ran}");
    assert!(ran.stderr().contains("hint: to replace a token that is stored"), "{ran}");
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
    newcomer.holds("config/git/credentials", file);
    newcomer.imports("--from store --yes --remove --replace");
    newcomer.serves("", "username=alice password=ghp_TESTONLY2");
    newcomer.holds("config/git/credentials", "");
    assert_eq!(newcomer.keys.accounts().len(), 1);
}

#[test]
fn what_git_had_already_is_a_persons_once_it_is_imported() {
    let newcomer = Home::new();
    let account = newcomer.fill("protocol=https\nhost=HOST\nusername=alice\n");
    let store = |token: &str| {
        let request = format!("{account}password={token}\n");
        newcomer.sandbox.helper(&["store"], request).prints("");
    };
    store("ghp_TESTONLY1");
    newcomer.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    let ran = newcomer.imports("--from store --yes");
    assert_eq!(
        newcomer.table(&ran)[2],
        "https://HOST alice is there already, from git: becomes yours"
    );
    store("ghp_TESTONLYjunk");
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
    // Further imports find the account unchanged, whatever token was set aside meanwhile.
    newcomer.imports("--from store --yes");
    let ran = newcomer.imports("--from store --yes --remove");
    assert_eq!(newcomer.table(&ran)[2], "https://HOST alice is there already");
    newcomer.holds(".git-credentials", "");
}

#[test]
fn a_rejected_token_is_not_brought_to_life_again() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    newcomer.imports("--from store --yes");
    let refused = newcomer.fill("protocol=https\nhost=HOST\npassword=ghp_TESTONLY1\n\n");
    newcomer.sandbox.helper(&["erase"], refused).prints("");
    let ran = newcomer.imports("--from store --yes --replace --remove");
    assert!(ran.stdout().contains("stays: it is stored, and expired or rejected"), "{ran}");
    assert!(newcomer.get("").stdout.is_empty());
    newcomer.holds(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
}

/// Every line means the same as to git's own helper.
#[test]
fn a_line_is_read_as_git_reads_it() {
    for (number, rest) in [
        "u:ghp_TESTONLY@HOST",
        "u:ghp%5fTESTONLY%2f%40%3a%25@HOST",
        "u:ghp_TESTONLY:%40x@HOST",
        "u:%41:%41@HOST",
        "u%40x:ghp_TESTONLY%zz%4@HOST",
        "u:ghp_TESTONLY+x%2B@HOST/",
    ]
    .iter()
    .enumerate()
    {
        let newcomer = Home::new();
        newcomer.write(".git-credentials", &format!("https://{rest}\n"));
        newcomer.imports("--from store --yes");
        let request = newcomer.fill("protocol=https\nhost=HOST\n\n");
        let ran = newcomer.sandbox.run("git", &["credential-store", "get"], request.as_bytes());
        let mut expected: Vec<String> = ran.stdout().lines().map(str::to_owned).collect();
        assert_eq!(expected.len(), 2, "{rest}: {ran}");
        expected.sort();
        let ours = newcomer.sandbox.helper(&["get"], request);
        let mut answer: Vec<String> = ours.stdout().lines().map(str::to_owned).collect();
        answer.sort();
        assert_eq!(answer, expected, "{number}: {rest}");
    }
}

#[test]
fn only_what_is_for_the_places_named_is_looked_at() {
    let newcomer = Home::new();
    newcomer.write(
        ".netrc",
        "machine HOST login alice password ghp_TESTONLY1\n\
         machine other.HOST login bob password ghp_TESTONLY2\n\
         default login x password ghp_TESTONLY3\n",
    );
    let ran = newcomer.imports("--from netrc --yes --remove https://HOST");
    assert_eq!(newcomer.table(&ran)[2..], ["https://HOST alice import"]);
    assert_eq!(newcomer.keys.accounts().len(), 1);
    newcomer.holds(
        ".netrc",
        "machine other.HOST login bob password ghp_TESTONLY2\n\
         default login x password ghp_TESTONLY3\n",
    );
    let ran = newcomer.imports("--from netrc --yes https://HOST");
    assert!(ran.stderr().contains("there is no token to import"), "{ran}");
}

#[test]
fn ghs_file_is_read_and_what_is_not_as_gh_writes_it_is_refused() {
    let newcomer = Home::new();
    newcomer.write(
        "config/gh/hosts.yml",
        "HOST:\n    users:\n        alice:\n            oauth_token: gho_TESTONLY1\n        \
         bob:\n            oauth_token: gho_TESTONLY2\n    user: bob\n    \
         oauth_token: gho_TESTONLY2\nother.HOST:\n    users:\n        carol: {}\n    user: carol\n",
    );
    let ran = newcomer.imports("--from gh --yes --remove");
    assert_eq!(
        newcomer.table(&ran)[2..],
        [
            "https://HOST bob import",
            "https://HOST alice import",
            "carol at other.HOST - stays: the kernel's keyring has no such entry, and no Secret \
             Service can be asked"
        ]
    );
    assert!(ran.stderr().contains("hint: gh keeps its own copy"), "{ran}");
    assert!(ran.stderr().contains("several accounts are at https://"), "{ran}");
    newcomer.serves("username=alice", "username=alice password=gho_TESTONLY1");
    newcomer.write("config/gh/hosts.yml", "HOST: {user: *x}\n");
    newcomer.import("--from gh --yes").fails(1, "not as gh writes it");
    // A file that cannot be read does not hide the others.
    newcomer.write(".git-credentials", "https://dave:ghp_TESTONLY4@HOST\n");
    let ran = newcomer.imports("--dry-run");
    assert!(ran.stderr().contains("not as gh writes it"), "{ran}");
    assert!(ran.stdout().contains("dave      import"), "{ran}");
}

#[test]
fn without_a_source_each_plain_text_is_offered_on_a_terminal() {
    let newcomer = Home::new();
    newcomer.write(
        ".git-credentials",
        "https://alice:ghp_TESTONLY1@HOST\nhttps://bob:ghp_TESTONLY2@HOST\n",
    );
    newcomer.write(".netrc", "machine git.HOST login carol password ghp_TESTONLY3\n");
    let mut terminal = newcomer.on_terminal("import");
    terminal.shows("Import 2 tokens? [y/N, or e to choose each] ");
    terminal.types("y\n");
    terminal.shows("stored 2 tokens in the kernel's keyring");
    terminal.shows(&newcomer.fill("Accounts at https://HOST: alice, bob."));
    terminal.shows("Which one is git to use where a URL names none [alice]: ");
    terminal.types("\n");
    terminal.shows("Make it ask? [Y/n] ");
    terminal.types("\n");
    terminal.shows("gone at reboot. Remove 2 tokens from ~/.git-credentials? [y/N] ");
    terminal.types("y\n");
    terminal.shows("removed 2 tokens");
    terminal.shows("Import 1 token? [y/N] ");
    terminal.types("n\n");
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("TESTONLY"), "{screen}");
    newcomer.holds(".git-credentials", "");
    newcomer.holds(".netrc", "machine git.HOST login carol password ghp_TESTONLY3\n");
    let fill = newcomer.sandbox.run(
        "git",
        &["credential", "fill"],
        newcomer.fill("protocol=https\nhost=HOST\n\n").as_bytes(),
    );
    assert!(fill.stdout().contains("username=alice\npassword=ghp_TESTONLY1\n"), "{fill}");
}

#[test]
fn giving_up_at_the_first_question_leaves_everything_as_it_was() {
    let newcomer = Home::new();
    let file = "https://alice:ghp_TESTONLY1@HOST\n";
    newcomer.write(".git-credentials", file);
    for answer in ["\u{3}", "n\n", "\n"] {
        let mut terminal = newcomer.on_terminal("import --from store");
        terminal.shows("Import 1 token? [y/N] ");
        terminal.types(answer);
        terminal.ends();
        assert!(newcomer.keys.accounts().is_empty());
        newcomer.holds(".git-credentials", file);
    }
}

#[test]
fn what_cannot_be_done_says_what_can() {
    let newcomer = Home::new();
    newcomer.import("--from store --yes").fails(1, "nothing of the kind");
    newcomer.import("--yes").fails(2, "--from SOURCE");
    newcomer.import("--from libsecretx --yes").fails(2, "name the places");
    newcomer.import("--from pat --yes").fails(2, "");
    let ran = newcomer.imports("");
    assert!(ran.stderr().contains("there is no token to import"), "{ran}");
    newcomer.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    let ran = newcomer.import("");
    assert!(ran.status.code() == Some(2) && ran.stderr().contains("add --yes"), "{ran}");
    fs::set_permissions(newcomer.sandbox.path("data"), fs::Permissions::from_mode(0o700)).unwrap();
    newcomer.import("--from store=data --yes").fails(1, "no plain file");
    let secret = newcomer.typed("import --from=ghp_TESTONLY=x --yes");
    let ran = run(secret, b"");
    assert!(ran.status.code() == Some(2) && !ran.stderr().contains("TESTONLY"), "{ran}");
}
