//! `--cache`: copies of the desktop's answers in the kernel's keyring, when they are taken
//! and when they must not be. What the bus saw tells which of the two has answered.

use crate::support::desktop::Desktop;
use crate::support::kernel::Keys;
use crate::support::sandbox::Ran;
use crate::support::watch::Watch;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a get that has asked the desktop's keychain has called.
const ASKED: [&str; 4] = ["Hello", "SearchItems", "OpenSession", "GetSecret"];

const MISSED: [&str; 2] = ["Hello", "SearchItems"];

const TOKEN: &str = "ghp_TESTONLYcached";

/// A desktop with one account, and a host that nobody else uses.
struct Place {
    desktop: Desktop,
    keys: Keys,
    host: String,
}

impl Place {
    fn new() -> Self {
        let keys = Keys::new();
        let host = keys.host("h");
        let place = Self { desktop: Desktop::gnome_keyring(), keys, host };
        place.run("store", &format!("username=alice password={TOKEN}"));
        place
    }

    /// Runs the helper for the host; the operation may have options before it, and other
    /// lines, written with blanks, after the host's.
    #[track_caller]
    fn run(&self, operation: &str, lines: &str) -> Ran {
        let cache = if operation.contains("--cache") { "" } else { "--cache 300" };
        let words = format!("--keychain secret-service {cache} {operation}");
        let words: Vec<&str> = words.split_whitespace().collect();
        let request = format!("protocol=https\nhost={}\n{lines}\n", self.host);
        let ran = self.desktop.sandbox.helper(&words, request.replace(' ', "\n"));
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
        ran
    }

    /// The token that a get answers, and what the bus saw of it.
    #[track_caller]
    fn get(&self, operation: &str, lines: &str) -> (Option<String>, Vec<String>) {
        let watch = Watch::new(&self.desktop);
        let answer = self.run(operation, lines).stdout();
        let token = answer.lines().find_map(|line| line.strip_prefix("password="));
        (token.map(str::to_owned), watch.calls(&self.desktop))
    }

    #[track_caller]
    fn comes_from_the_copy(&self, lines: &str, token: &str) {
        assert_eq!(self.get("get", lines), (Some(token.to_owned()), Vec::new()));
    }

    #[track_caller]
    fn comes_from_the_desktop(&self, lines: &str, token: Option<&str>) {
        let calls = if token.is_some() { &ASKED[..] } else { &MISSED };
        let (answered, called) = self.get("get", lines);
        assert_eq!(answered.as_deref(), token);
        assert_eq!(called, calls);
    }

    #[track_caller]
    fn command(&self, words: &[&str], stdin: &str) {
        let ran = self.desktop.sandbox.helper(words, stdin);
        assert!(ran.status.success(), "{ran}");
    }

    fn url(&self) -> String {
        format!("https://{}", self.host)
    }
}

#[test]
fn the_second_get_makes_no_call_on_the_bus() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.comes_from_the_copy("", TOKEN);
    place.comes_from_the_copy("", TOKEN);
    assert_eq!(place.run("get", "").stdout(), format!("username=alice\npassword={TOKEN}\n"));
}

#[test]
fn without_the_option_nothing_is_copied_and_no_copy_is_taken() {
    let place = Place::new();
    let plain = || {
        let request = format!("protocol=https\nhost={}\n", place.host);
        let watch = Watch::new(&place.desktop);
        let ran = place.desktop.sandbox.helper(&["--keychain", "secret-service", "get"], request);
        assert!(ran.stdout().contains(TOKEN), "{ran}");
        assert_eq!(watch.calls(&place.desktop), ASKED);
    };
    plain();
    place.comes_from_the_desktop("", Some(TOKEN));
    plain();
}

#[test]
fn the_keychain_that_is_found_by_itself_is_copied_too() {
    let place = Place::new();
    let get = || {
        let request = format!("protocol=https\nhost={}\n", place.host);
        let watch = Watch::new(&place.desktop);
        let ran = place.desktop.sandbox.helper(&["--cache", "300", "get"], request);
        assert!(ran.stdout().contains(TOKEN), "{ran}");
        watch.calls(&place.desktop)
    };
    assert_eq!(get(), ASKED);
    assert_eq!(get(), [""; 0]);
}

#[test]
fn a_copy_answers_no_other_query() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.comes_from_the_desktop("username=alice", Some(TOKEN));
    place.comes_from_the_copy("username=alice", TOKEN);
    // Looked for by name, then among the accounts that answer any.
    let (bob, calls) = place.get("get", "username=bob");
    assert_eq!((bob, calls.first().map(String::as_str)), (None, Some("Hello")));
    let other = Place { host: format!("{}:8443", place.host), ..place };
    other.comes_from_the_desktop("", None);
    let (token, calls) = other.get("get", "path=team/repo.git");
    assert!(token.is_none() && !calls.is_empty());
}

#[test]
fn a_path_has_copies_of_its_own() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    let path = "path=team/repo.git";
    let (token, calls) = place.get("get", path);
    assert!(token.as_deref() == Some(TOKEN) && !calls.is_empty());
    place.comes_from_the_copy(path, TOKEN);
    // An account for the path makes an end of it, and of all others at this host.
    place.run("store", "path=team/repo.git username=team password=ghp_TESTONLYteam");
    let (_, calls) = place.get("get", "path=team/repo.git username=team");
    assert!(!calls.is_empty());
    place.comes_from_the_desktop("", Some(TOKEN));
}

#[test]
fn a_store_of_another_token_ends_the_copy_and_an_equal_one_does_not() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.run("store", &format!("username=alice password={TOKEN}"));
    place.comes_from_the_copy("", TOKEN);
    place.run("store", "username=alice password=ghp_TESTONLYnew");
    place.comes_from_the_desktop("", Some("ghp_TESTONLYnew"));
    place.comes_from_the_copy("", "ghp_TESTONLYnew");
}

#[test]
fn a_rejected_token_is_served_from_no_copy() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.run("erase", &format!("username=alice password={TOKEN}"));
    let (token, calls) = place.get("get", "");
    assert_eq!(token, None);
    assert_eq!(calls, ASKED);
    // Nor is what was not served copied.
    assert_eq!(place.get("get", "").1, ASKED);
}

#[test]
fn a_refused_copy_ends_also_where_the_keychain_holds_another_token_by_now() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    // Behind the copy's back: by a helper string without --cache.
    let request =
        format!("protocol=https\nhost={}\nusername=alice\npassword=ghp_TESTONLYnew\n", place.host);
    place.command(&["--keychain", "secret-service", "store"], &request);
    place.comes_from_the_copy("", TOKEN);
    place.run("erase", &format!("username=alice password={TOKEN}"));
    place.comes_from_the_desktop("", Some("ghp_TESTONLYnew"));
}

#[test]
fn putting_away_ends_the_copy() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.run("erase", "");
    // What is put away is read before that is known.
    let (answer, calls) = place.get("get", "");
    assert_eq!((answer, calls.first().map(String::as_str)), (None, Some("Hello")));
}

#[test]
fn login_and_logout_end_the_copy_whatever_the_helper_string_says() {
    let place = Place::new();
    let url = place.url();
    place.comes_from_the_desktop("", Some(TOKEN));
    let login = ["login", &url, "--username", "alice", "--with-token", "--replace"];
    place.command(&login, "ghp_TESTONLYlogin\n");
    place.comes_from_the_desktop("", Some("ghp_TESTONLYlogin"));
    place.comes_from_the_copy("", "ghp_TESTONLYlogin");
    place.command(&["logout", &url], "");
    place.comes_from_the_desktop("", None);
}

#[test]
fn the_kernel_ends_a_copy_in_time() {
    let place = Place::new();
    assert_eq!(place.get("--cache 2 get", "").1, ASKED);
    let deadline = Instant::now() + Duration::from_secs(30);
    while place.get("get", "").1.is_empty() {
        assert!(Instant::now() < deadline, "the copy is still there");
    }
}

#[test]
fn a_copy_ends_with_its_token() {
    let place = Place::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expiry = now + 4;
    place.run("store", &format!("username=alice password=short password_expiry_utc={expiry}"));
    place.comes_from_the_desktop("", Some("short"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while place.get("get", "").0.is_some() {
        assert!(Instant::now() < deadline, "it is still served");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now >= expiry);
}

#[test]
fn a_copy_is_no_account() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    assert_eq!(place.keys.caches().len(), 1);
    assert!(place.keys.accounts().is_empty());
    let ran = place.desktop.sandbox.helper(&["list", "--keychain", "kernel"], "");
    assert!(ran.status.success() && !ran.stdout().contains(&place.host), "{ran}");
    // Nor does the kernel's keychain answer from it.
    let request = format!("protocol=https\nhost={}\n", place.host);
    place.desktop.sandbox.helper(&["--keychain", "kernel", "get"], request).prints("");
}

#[test]
fn several_accounts_are_never_answered_from_a_copy_of_one() {
    let place = Place::new();
    place.comes_from_the_desktop("", Some(TOKEN));
    place.run("store", "username=bob password=ghp_TESTONLYbob");
    let request = format!("protocol=https\nhost={}\n", place.host);
    let words = ["--keychain", "secret-service", "--cache", "300", "get"];
    let ran = place.desktop.sandbox.helper(&words, request);
    assert!(ran.stdout.is_empty() && ran.stderr().contains("several accounts"), "{ran}");
    place.comes_from_the_desktop("username=bob", Some("ghp_TESTONLYbob"));
    place.comes_from_the_copy("username=bob", "ghp_TESTONLYbob");
}
