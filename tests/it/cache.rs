//! `--cache`: copies of the desktop's answers in the kernel's keyring, when they answer and when
//! they must not. The calls on the bus tell which of the two has answered.

use crate::support::home::Home;
use crate::support::sandbox::Ran;
use crate::support::watch::Watch;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The calls of a get that asks the desktop's keychain.
const ASKED: [&str; 4] = ["Hello", "SearchItems", "OpenSession", "GetSecret"];

/// What a get calls that finds nothing: the bus is asked, too, who the service is.
const MISSED: [&str; 4] = ["Hello", "SearchItems", "GetNameOwner", "GetNameOwner"];

const TOKEN: &str = "ghp_TESTONLYcached";

/// Makes a desktop with one account.
fn place() -> Home {
    let place = Home::with_gnome_keyring();
    run(&place, "store", &format!("username=alice password={TOKEN}"));
    place
}

/// Runs the helper for the host. The operation may have options before it, and other lines, written
/// with blanks, follow the host's.
#[track_caller]
fn run(place: &Home, operation: &str, lines: &str) -> Ran {
    let cache = if operation.contains("--cache") { "" } else { "--cache 300" };
    let words = format!("--keychain secret-service {cache} {operation}");
    let words: Vec<&str> = words.split_whitespace().collect();
    let request = format!("protocol=https\nhost={}\n{lines}\n", place.host);
    let ran = place.sandbox.helper(&words, request.replace(' ', "\n"));
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    ran
}

/// Returns the token that a get answers, and its calls on the bus.
#[track_caller]
fn get(place: &Home, operation: &str, lines: &str) -> (Option<String>, Vec<String>) {
    let watch = Watch::new(place.desktop());
    let answer = run(place, operation, lines).stdout();
    let token = answer.lines().find_map(|line| line.strip_prefix("password="));
    (token.map(str::to_owned), watch.calls(place.desktop()))
}

#[track_caller]
fn comes_from_the_copy(place: &Home, lines: &str, token: &str) {
    assert_eq!(get(place, "get", lines), (Some(token.to_owned()), Vec::new()));
}

#[track_caller]
fn comes_from_the_desktop(place: &Home, lines: &str, token: Option<&str>) {
    let calls = if token.is_some() { &ASKED[..] } else { &MISSED };
    let (answered, called) = get(place, "get", lines);
    assert_eq!(answered.as_deref(), token);
    assert_eq!(called, calls);
}

#[track_caller]
fn command(place: &Home, words: &[&str], stdin: &str) {
    let ran = place.sandbox.helper(words, stdin);
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn the_second_get_makes_no_call_on_the_bus() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    comes_from_the_copy(&place, "", TOKEN);
    comes_from_the_copy(&place, "", TOKEN);
    assert_eq!(run(&place, "get", "").stdout(), format!("username=alice\npassword={TOKEN}\n"));
}

#[test]
fn without_the_option_nothing_is_copied_and_no_copy_is_taken() {
    let place = place();
    let plain = || {
        let request = format!("protocol=https\nhost={}\n", place.host);
        let watch = Watch::new(place.desktop());
        let ran = place.sandbox.helper(&["--keychain", "secret-service", "get"], request);
        assert!(ran.stdout().contains(TOKEN), "{ran}");
        assert_eq!(watch.calls(place.desktop()), ASKED);
    };
    plain();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    plain();
}

#[test]
fn the_keychain_that_is_found_by_itself_is_copied_too() {
    let place = place();
    let get = || {
        let request = format!("protocol=https\nhost={}\n", place.host);
        let watch = Watch::new(place.desktop());
        let ran = place.sandbox.helper(&["--cache", "300", "get"], request);
        assert!(ran.stdout().contains(TOKEN), "{ran}");
        watch.calls(place.desktop())
    };
    assert_eq!(get(), ASKED);
    assert_eq!(get(), [""; 0]);
}

#[test]
fn a_copy_answers_no_other_query() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    comes_from_the_desktop(&place, "username=alice", Some(TOKEN));
    comes_from_the_copy(&place, "username=alice", TOKEN);
    // bob is searched by name, then among the accounts that answer any name.
    let (bob, calls) = get(&place, "get", "username=bob");
    assert_eq!((bob, calls.first().map(String::as_str)), (None, Some("Hello")));
    let mut other = place;
    other.host += ":8443";
    comes_from_the_desktop(&other, "", None);
    let (token, calls) = get(&other, "get", "path=team/repo.git");
    assert!(token.is_none() && !calls.is_empty());
}

#[test]
fn a_path_has_copies_of_its_own() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    let path = "path=team/repo.git";
    let (token, calls) = get(&place, "get", path);
    assert!(token.as_deref() == Some(TOKEN) && !calls.is_empty());
    comes_from_the_copy(&place, path, TOKEN);
    // A new account for the path ends this copy and all others of the host.
    run(&place, "store", "path=team/repo.git username=team password=ghp_TESTONLYteam");
    let (_, calls) = get(&place, "get", "path=team/repo.git username=team");
    assert!(!calls.is_empty());
    comes_from_the_desktop(&place, "", Some(TOKEN));
}

#[test]
fn a_store_of_another_token_ends_the_copy_and_an_equal_one_does_not() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    run(&place, "store", &format!("username=alice password={TOKEN}"));
    comes_from_the_copy(&place, "", TOKEN);
    run(&place, "store", "username=alice password=ghp_TESTONLYnew");
    comes_from_the_desktop(&place, "", Some("ghp_TESTONLYnew"));
    comes_from_the_copy(&place, "", "ghp_TESTONLYnew");
}

#[test]
fn a_rejected_token_is_served_from_no_copy() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    run(&place, "erase", &format!("username=alice password={TOKEN}"));
    let (token, calls) = get(&place, "get", "");
    assert_eq!(token, None);
    assert_eq!(calls, ASKED);
    // An account that was not served is not copied either.
    assert_eq!(get(&place, "get", "").1, ASKED);
}

#[test]
fn a_refused_copy_ends_also_where_the_keychain_holds_another_token_by_now() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    // A helper string without --cache changes the keychain, and the copy stays.
    let request =
        format!("protocol=https\nhost={}\nusername=alice\npassword=ghp_TESTONLYnew\n", place.host);
    command(&place, &["--keychain", "secret-service", "store"], &request);
    comes_from_the_copy(&place, "", TOKEN);
    run(&place, "erase", &format!("username=alice password={TOKEN}"));
    comes_from_the_desktop(&place, "", Some("ghp_TESTONLYnew"));
}

#[test]
fn putting_away_ends_the_copy() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    run(&place, "erase", "");
    // The account is read before it shows that it was put away.
    let (answer, calls) = get(&place, "get", "");
    assert_eq!((answer, calls.first().map(String::as_str)), (None, Some("Hello")));
}

#[test]
fn login_and_logout_end_the_copy_whatever_the_helper_string_says() {
    let place = place();
    let url = place.url("");
    comes_from_the_desktop(&place, "", Some(TOKEN));
    let login = ["login", &url, "--username", "alice", "--with-token", "--replace"];
    command(&place, &login, "ghp_TESTONLYlogin\n");
    comes_from_the_desktop(&place, "", Some("ghp_TESTONLYlogin"));
    comes_from_the_copy(&place, "", "ghp_TESTONLYlogin");
    command(&place, &["logout", &url], "");
    comes_from_the_desktop(&place, "", None);
}

#[test]
fn the_kernel_ends_a_copy_in_time() {
    let place = place();
    assert_eq!(get(&place, "--cache 2 get", "").1, ASKED);
    let deadline = Instant::now() + Duration::from_secs(30);
    while get(&place, "get", "").1.is_empty() {
        assert!(Instant::now() < deadline, "the copy is still there");
    }
}

#[test]
fn a_copy_ends_with_its_token() {
    let place = place();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expiry = now + 4;
    run(&place, "store", &format!("username=alice password=short password_expiry_utc={expiry}"));
    comes_from_the_desktop(&place, "", Some("short"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while get(&place, "get", "").0.is_some() {
        assert!(Instant::now() < deadline, "it is still served");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now >= expiry);
}

#[test]
fn a_copy_is_no_account() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    assert_eq!(place.keys.caches().len(), 1);
    assert!(place.keys.accounts().is_empty());
    let ran = place.sandbox.helper(&["list", "--keychain", "kernel"], "");
    assert!(ran.status.success() && !ran.stdout().contains(&place.host), "{ran}");
    // The kernel's keychain does not answer from it either.
    let request = format!("protocol=https\nhost={}\n", place.host);
    place.sandbox.helper(&["--keychain", "kernel", "get"], request).prints("");
}

#[test]
fn several_accounts_are_never_answered_from_a_copy_of_one() {
    let place = place();
    comes_from_the_desktop(&place, "", Some(TOKEN));
    run(&place, "store", "username=bob password=ghp_TESTONLYbob");
    let request = format!("protocol=https\nhost={}\n", place.host);
    let words = ["--keychain", "secret-service", "--cache", "300", "get"];
    let ran = place.sandbox.helper(&words, request);
    assert!(ran.stdout.is_empty() && ran.stderr().contains("several accounts"), "{ran}");
    comes_from_the_desktop(&place, "username=bob", Some("ghp_TESTONLYbob"));
    comes_from_the_copy(&place, "username=bob", "ghp_TESTONLYbob");
}
