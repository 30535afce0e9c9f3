//! Remotes' URLs, other helpers, and their items in the desktop's keychain.

use crate::support::desktop::Desktop;
use crate::support::home::{Home, TOKEN};
use crate::support::sandbox::Ran;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_token_in_a_remotes_url_moves_and_the_next_push_finds_it() {
    let desk = Home::bare().with_git_host();
    let url = desk.url("team/repo.git");
    let with_token = url.replace("https://", &format!("https://alice:{TOKEN}@"));
    desk.git(&["clone", "--quiet", &with_token, "work"]);
    // git has stored the token for the host, as after every success; this test is about the URL
    // alone.
    let host = desk.url("");
    let ran = desk.sandbox.helper(&["logout", "--keychain", "kernel", &host], "");
    assert!(ran.status.success(), "{ran}");
    let other = desk.other_url("team/repo.git");
    desk.git(&["-C", "work", "remote", "add", "plain", &other]);
    let work = desk.sandbox.path("work");
    let mut command = desk.sandbox.command(crate::support::sandbox::BINARY);
    command.args(["import", "--from", "remotes", "--yes", "--remove", "--keychain", "kernel"]);
    let ran = crate::support::sandbox::run(
        {
            command.current_dir(&work);
            command
        },
        b"",
    );
    assert!(ran.status.success() && !ran.stdout().contains("TESTONLY"), "{ran}");
    assert!(ran.stderr().contains("removed 1 token from git's configuration"), "{ran}");
    let config = fs::read_to_string(work.join(".git/config")).unwrap();
    let without_token = url.replace("https://", "https://alice@");
    assert!(!config.contains("TESTONLY") && config.contains(&without_token), "{config}");
    assert!(config.contains(&other), "{config}");
    let scope = url.trim_end_matches(".git");
    assert_eq!(desk.accounts(), [format!("{scope} alice ready")]);
    let argv = fs::read_to_string(desk.sandbox.path("trace")).unwrap();
    let told = argv.lines().filter(|line| line.contains("git config"));
    assert!(told.into_iter().all(|line| !line.contains("TESTONLY")), "{argv}");
    desk.git(&["-C", "work", "commit", "--quiet", "--allow-empty", "-m", "More"]);
    desk.git(&["-C", "work", "push", "--quiet"]);
    desk.git(&["-C", "work", "fetch", "--quiet"]);
}

#[test]
fn a_real_helper_is_asked_for_each_place() {
    let newcomer = Home::new();
    fs::create_dir_all(newcomer.sandbox.path("cache/git")).unwrap();
    let account =
        newcomer.fill("protocol=https\nhost=HOST\nusername=alice\npassword=ghp_TESTONLY1\n");
    let cache = |operation: &str, input: &str| {
        newcomer.sandbox.run("git", &["credential-cache", operation], input.as_bytes())
    };
    let stored = cache("store", &account);
    assert!(stored.status.success(), "{stored}");
    let ran = newcomer.imports("--from cache --yes https://HOST https://other.HOST");
    cache("exit", "");
    assert_eq!(
        newcomer.table(&ran)[2..],
        ["https://HOST alice import", "https://other.HOST - stays: the helper has none for it"]
    );
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
    let ran = newcomer.imports("--from no-such-helper --yes https://HOST");
    assert!(ran.stdout().contains("stays: the helper failed"), "{ran}");
}

/// Runs secret-tool, and again where it stumbles over `KWallet` on a busy machine: a session that
/// is gone at once, an item that is not yet there, and in 1 of 256 sessions a key that begins with
/// a zero.
pub(super) fn secret_tool(desktop: &Desktop, words: &[&str], stdin: &[u8]) -> Ran {
    let run = |_| desktop.tool("secret-tool", "libsecret-tools", words, stdin);
    let mut runs = (0..5).map(run);
    let first = runs.next().unwrap();
    if first.status.success() { first } else { runs.find(|r| r.status.success()).unwrap_or(first) }
}

/// Makes an item as another program would.
pub(super) fn plant(desktop: &Desktop, attributes: &str, secret: &str) {
    let mut words = vec!["store", "--label=An item"];
    words.extend(attributes.split(' '));
    let ran = secret_tool(desktop, &words, secret.as_bytes());
    assert!(ran.status.success(), "{ran}");
}

pub(super) fn import(desktop: &Desktop, arguments: &[&str]) -> Ran {
    let ran = desktop.sandbox.helper(&[&["import", "--yes"], arguments].concat(), "");
    assert!(ran.status.success(), "{ran}");
    assert!(!(ran.stdout() + &ran.stderr()).contains("TESTONLY"), "{ran}");
    ran
}

pub(super) fn answers(desktop: &Desktop, request: &str, answer: &str) {
    desktop.sandbox.helper(&["get"], request.replace(' ', "\n") + "\n").prints(answer);
}

#[test]
fn the_items_of_other_helpers_are_read_and_left_as_they_are() {
    for mut desktop in [Desktop::gnome_keyring(), Desktop::keepassxc(), Desktop::kwallet()] {
        // Some services let a person confirm a write, or seem to.
        desktop.sandbox.set("DISPLAY", ":0");
        the_items_of_other_helpers_are_read(&desktop);
    }
}

fn the_items_of_other_helpers_are_read(desktop: &Desktop) {
    let git = "xdg:schema org.git.Password protocol https server h.example";
    plant(desktop, &format!("{git} user alice"), "ghp_TESTONLY1\npassword_expiry_utc=4000000000");
    plant(desktop, &format!("{git} user bob port 8443 object team/repo.git"), "ghp_TESTONLY2");
    let old = "xdg:schema org.gnome.keyring.NetworkPassword protocol";
    plant(desktop, &format!("{old} https server old.example user carol"), "ghp_TESTONLY3");
    plant(desktop, &format!("{old} smb server files.example user x"), "ghp_TESTONLY4");
    let gcm = "xdg:schema com.microsoft.GitCredentialManager service";
    plant(desktop, &format!("{gcm} git:https://gcm.example account dave"), "ghp_TESTONLY5");
    let azure = format!("{gcm} git:https://dev.azure.com/myorg account PersonalAccessToken");
    plant(desktop, &azure, "TESTONLY6");
    plant(desktop, &format!("{gcm} git:https://refresh_token.gcm.example account d"), "TESTONLY");

    let ran = import(desktop, &["--from", "libsecret"]);
    assert!(ran.stderr().contains("stored 3 tokens in the desktop's keychain"), "{ran}");
    assert_eq!(ran.stdout().lines().count(), 5, "{ran}");
    assert!(ran.stderr().contains("hint: the items stay"), "{ran}");
    let ran = import(desktop, &["--from", "manager"]);
    assert!(ran.stderr().contains("stored 2 tokens in the desktop's keychain"), "{ran}");
    let request = "protocol=https host=dev.azure.com username=myorg path=myorg/p/_git/r ";
    answers(desktop, request, "username=myorg\npassword=TESTONLY6\n");
    let expiry = "password_expiry_utc=4000000000\n";
    let answer = format!("username=alice\npassword=ghp_TESTONLY1\n{expiry}");
    answers(desktop, "protocol=https host=h.example ", &answer);
    let answer = "username=bob\npassword=ghp_TESTONLY2\n";
    answers(desktop, "protocol=https host=h.example:8443 path=team/repo.git ", answer);
    let answer = "username=carol\npassword=ghp_TESTONLY3\n";
    answers(desktop, "protocol=https host=old.example ", answer);
    let answer = "username=dave\npassword=ghp_TESTONLY5\n";
    answers(desktop, "protocol=https host=gcm.example ", answer);
    answers(desktop, "protocol=https host=refresh_token.gcm.example ", "");
    let lookup = ["lookup", "xdg:schema", "org.git.Password", "user", "bob"];
    let still = secret_tool(desktop, &lookup, b"");
    assert_eq!(still.stdout().trim_end(), "ghp_TESTONLY2", "{still}");
    let ran = import(desktop, &["--from", "libsecret"]);
    assert_eq!(ran.stdout().matches("is there already").count(), 3, "{ran}");
}

#[test]
fn locked_items_are_not_asked_for_where_nobody_can_answer() {
    let desktop = Desktop::gnome_keyring();
    let git = "xdg:schema org.git.Password protocol https server h.example user alice";
    plant(&desktop, git, "ghp_TESTONLY1");
    desktop.lock();
    let ran = desktop.sandbox.helper(&["import", "--from", "libsecret", "--yes"], "");
    ran.fails(1, "the keychain is locked");
}

#[test]
fn a_helper_that_does_not_answer_is_left_after_its_time() {
    let newcomer = Home::new();
    let helper = newcomer.sandbox.path("mute");
    newcomer.write("mute", "#!/bin/sh\necho asked >> asked\nexec sleep 600\n");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o700)).unwrap();
    let from = format!("--from {} --yes https://HOST https://other.HOST", helper.display());
    let ran = newcomer.imports(&from);
    let late = "stays: the helper did not answer in time";
    assert_eq!(
        newcomer.table(&ran)[2..],
        [format!("https://HOST - {late}"), format!("https://other.HOST - {late}")]
    );
    // After the first question the helper was not asked again.
    assert_eq!(fs::read_to_string(newcomer.sandbox.path("asked")).unwrap(), "asked\n");
}
