//! The line about a token that ends soon, or has ended: said once a day, where a person reads it,
//! and never in the way of git.

use crate::support::home::Home;
use crate::support::kernel::Keys;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::secret::Secret;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

const GET: &str = "printf 'protocol=https\\nhost=HOST\\n\\n' | PAT get >> answers";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Makes a person whose token ends in so many seconds.
fn with_end_in(seconds: u64) -> Home {
    let person = Home::new();
    let lines =
        format!("username=alice\npassword=ghp_TESTONLY1\npassword_expiry_utc={}", now() + seconds);
    let request = format!("protocol=https\nhost={}\n{lines}\n\n", person.host);
    person.sandbox.helper(&["store"], request).prints("");
    person
}

/// Returns what the terminal shows of a get.
fn shown(person: &Home) -> String {
    let (status, screen) = person.runs_on_terminal(GET).ends();
    assert!(status.success(), "{screen}");
    screen.replace('\r', "")
}

/// Returns the names of the stamps.
fn stamps(person: &Home) -> Vec<String> {
    let Ok(folder) = fs::read_dir(person.sandbox.path("state/git-credential-pat")) else {
        return Vec::new();
    };
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("warned-")).collect()
}

#[test]
fn a_token_that_ends_within_a_week_is_said_once_a_day_after_the_answer() {
    let person = with_end_in(7 * DAY - 60);
    let keys = Keys::of_host(&person.host);
    keys.mark_unwritten();
    let line = format!(
        "git-credential-pat: get: the token for alice at {0} expires in 7 days\n\
         hint: make a new one, then type: git credential-pat login --replace --username alice {0}\n",
        person.url("")
    );
    assert_eq!(shown(&person), line);
    assert_eq!(shown(&person), "", "said twice on one day");
    let answers = fs::read_to_string(person.sandbox.path("answers")).unwrap();
    let (first, second) = answers.split_at(answers.len() / 2);
    assert_eq!(first, second);
    assert!(first.starts_with("username=alice\npassword=ghp_TESTONLY1\n"), "{first}");
    assert!(keys.are_unwritten(), "get has written to the keychain");

    let [stamp] = &*stamps(&person) else { panic!("not one stamp") };
    assert!(!stamp.contains("alice") && !stamp.contains(&person.host), "{stamp}");
    let file = person.sandbox.path("state/git-credential-pat").join(stamp);
    let content = fs::read_to_string(&file).unwrap();
    assert!(content.trim_end().bytes().all(|b| b.is_ascii_digit() || b == b' '), "{content}");
    let (stored, said) = content.trim_end().split_once(' ').unwrap();
    let yesterday = said.parse::<u64>().unwrap() - DAY;
    fs::write(&file, format!("{stored} {yesterday}\n")).unwrap();
    assert_eq!(shown(&person), line, "the next day it is said again");
}

#[test]
fn a_renewed_token_is_another_one() {
    let person = with_end_in(6 * DAY);
    assert!(shown(&person).contains("expires in 6 days"));
    let ran = person.types("login --with-token --replace --expires 5d HOST", "ghp_TESTONLY2\n");
    assert!(ran.status.success(), "{ran}");
    let stamp = person.sandbox.path("state/git-credential-pat").join(&stamps(&person)[0]);
    // The two tokens may have been stored in the same second.
    let said = fs::read_to_string(&stamp).unwrap();
    fs::write(&stamp, format!("1{said}")).unwrap();
    assert!(shown(&person).contains("expires in 5 days"));
    assert_eq!(stamps(&person).len(), 1);
}

#[test]
fn an_expired_token_is_said_where_git_gets_none() {
    let person = with_end_in(1);
    while !person.get("").stdout.is_empty() {}
    let screen = shown(&person);
    let said = format!("the token for alice at {} expired ", person.url(""));
    assert!(screen.contains(&said) && screen.contains("\nhint: make a new one"), "{screen}");
    assert_eq!(shown(&person), "");
    assert_eq!(fs::read(person.sandbox.path("answers")).unwrap(), b"");
}

/// Makes a person with an account at a host where bob has one, too.
fn with_two_accounts() -> Home {
    let person = Home::new();
    for name in ["alice", "bob"] {
        let line = format!("login --with-token --username {name} HOST");
        assert!(person.types(&line, "ghp_TESTONLY1\n").status.success());
    }
    person
}

/// Expects these lines on stderr and nothing on stdout, each time.
#[track_caller]
fn is_told(person: &Home, who: &str, lines: &str) {
    for _ in 0..2 {
        let ran = person.get(who);
        assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
        let told = ran.stderr().replace(&person.host, "HOST");
        let told: Vec<&str> = told.lines().map(|line| line.split(" ago").next().unwrap()).collect();
        assert_eq!(told.join("\n"), lines);
    }
}

#[test]
fn a_persons_rejected_token_is_told_every_time_into_a_pipe_too() {
    let person = with_two_accounts();
    let refused = format!("protocol=https\nhost={}\nusername=alice\n", person.host);
    let refused = format!("{refused}password=ghp_TESTONLY1\n\n");
    person.sandbox.helper(&["erase"], refused).prints("");
    let ran = person.get("username=alice\n");
    let words = "the token for alice at https://HOST was rejected by the host ";
    let words = words.replace("HOST", &person.host);
    let told = ran.stderr();
    assert!(told.starts_with(&format!("git-credential-pat: get: {words}")), "{told}");
    assert!(told.contains("; other accounts there: bob\nhint: if the host was wrong"), "{told}");
    assert_eq!(person.get("username=alice\n").stderr().lines().count(), 2, "not each time");
    assert!(person.get("username=bob\n").stderr.is_empty(), "an answer that works");
    // The command in the hint works.
    let (_, restore) = told.split_once("about it: git credential-pat ").unwrap();
    let ran = person.types(restore.split_once(';').unwrap().0, "");
    assert!(ran.status.success(), "{ran}");
    assert!(person.get("username=alice\n").stdout().contains("ghp_TESTONLY1"));
}

#[test]
fn a_persons_expired_token_is_told_every_time_into_a_pipe_too() {
    let person = Home::new();
    let name = Username::new(b"alice");
    let context = Context::from_canonical(&person.url("")).unwrap();
    let token = Secret::new(b"ghp_TESTONLY1");
    let account = Credential::new(context, Some(name), token, now() - 2 * DAY);
    person.keys.plant_account(&Credential { expiry: Some(now() - DAY), ..account });
    is_told(
        &person,
        "",
        "git-credential-pat: get: the token for alice at https://HOST expired 24 hours\n\
         hint: make a new one, then type: git credential-pat login --replace --username alice \
         https://HOST",
    );
    assert!(stamps(&person).is_empty());
}

#[test]
fn where_no_token_is_kept_login_is_named_once_a_day_on_a_terminal() {
    let person = Home::new().at("gitlab");
    let get = "printf 'protocol=https\\nhost=HOST\\n\\n' | PAT get";
    let hint =
        person.fill("hint: to keep a token for it: git credential-pat login https://HOST\r\n");
    let (_, screen) = person.runs_on_terminal(get).ends();
    assert_eq!(screen, hint);
    let (_, screen) = person.runs_on_terminal(get).ends();
    assert_eq!(screen, "", "not twice a day");
    // Into a pipe or a log nothing is said, nor of a host that may have no tokens.
    let person = Home::new().at("gitlab");
    person.get("").prints("");
    let person = Home::new();
    let (_, screen) = person.runs_on_terminal(get).ends();
    assert_eq!(screen, "");
}

#[test]
fn accounts_between_which_nothing_chooses_are_named_every_time() {
    let person = with_two_accounts();
    is_told(
        &person,
        "",
        "git-credential-pat: get: several accounts could answer at https://HOST: alice, bob\n\
         hint: choose one, such as: git credential-pat use https://HOST alice",
    );
}

#[test]
fn what_is_said_to_type_mends_it() {
    let person = with_end_in(2 * DAY);
    let screen = shown(&person);
    let (_, command) = screen.trim_end().split_once("type: git credential-pat ").unwrap();
    let ran = person.types(&format!("{command} --with-token --expires 90d"), "ghp_TESTONLY2\n");
    assert!(ran.status.success(), "{ran}");
    assert_eq!(shown(&person), "");
    assert!(person.get("").stdout().starts_with("username=alice\npassword=ghp_TESTONLY2\n"));
    assert_eq!(person.listed().len(), 1);
}

#[test]
fn where_nobody_reads_it_nothing_is_said_or_left_behind() {
    let person = with_end_in(DAY);
    let ran = person.get("");
    assert!(ran.stderr.is_empty() && !ran.stdout.is_empty(), "{ran}");
    assert!(stamps(&person).is_empty());
}

#[test]
fn a_token_that_ends_later_or_never_leaves_nothing_behind() {
    for person in [with_end_in(8 * DAY), {
        let person = Home::new();
        person.types("login --with-token HOST", "ghp_TESTONLY1\n");
        person
    }] {
        assert_eq!(shown(&person), "");
        assert!(stamps(&person).is_empty());
    }
}

#[test]
fn where_it_cannot_be_noted_it_is_not_said() {
    let mut person = with_end_in(DAY);
    person.sandbox.set("XDG_STATE_HOME", "/dev/null/nowhere");
    assert_eq!(shown(&person), "");
    let answers = fs::read_to_string(person.sandbox.path("answers")).unwrap();
    assert!(answers.starts_with("username=alice\npassword=ghp_TESTONLY1\n"), "{answers}");
    let state = person.sandbox.path("state");
    person.sandbox.set("XDG_STATE_HOME", state.to_str().unwrap());
    assert!(shown(&person).contains("expires in"));
    let stamp = state.join("git-credential-pat").join(&stamps(&person)[0]);
    fs::remove_file(&stamp).unwrap();
    fs::create_dir(&stamp).unwrap();
    assert_eq!(shown(&person), "");
}

#[test]
fn the_answer_comes_first() {
    let person = with_end_in(3 * DAY);
    let (_, screen) = person.runs_on_terminal(GET.trim_end_matches(" >> answers")).ends();
    let (answer, said) = screen.split_once("git-credential-pat: get: ").unwrap();
    assert!(answer.starts_with("username=alice\r\npassword=ghp_TESTONLY1\r\n"), "{screen}");
    assert!(said.contains("expires in 3 days"), "{screen}");
}

#[test]
fn through_git_a_person_reads_it_too() {
    let person = with_end_in(3 * DAY);
    person.sandbox.git(&["config", "--global", "credential.helper", "pat --keychain kernel"]);
    let script = "printf 'url=https://HOST\\n\\n' | git credential fill > answers";
    let (status, screen) = person.runs_on_terminal(script).ends();
    assert!(status.success() && screen.contains("expires in 3 days"), "{screen}");
    let answers = fs::read_to_string(person.sandbox.path("answers")).unwrap();
    assert!(answers.contains("password=ghp_TESTONLY1\n"), "{answers}");
}
