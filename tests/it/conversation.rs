//! The dialogue with a person on a terminal: the questions, what is shown and what is not. A person
//! who gives up leaves nothing half done.

use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Sandbox, run};
use crate::support::terminal::Terminal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Strings that are no tokens, with the checksums that real ones would have.
const CLASSIC: &str = "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";
const FINE_GRAINED: &str = "github_pat_TESTONLYTESTONLYTESTON_\
    TESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTESOH2S2SW5TESTONLY";

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// Gives the person a desktop whose browser notes its page in the file `page`.
fn with_browser(sandbox: &mut Sandbox) {
    let folder = sandbox.path("browser");
    fs::create_dir(&folder).unwrap();
    let browser = folder.join("xdg-open");
    fs::write(&browser, "#!/bin/sh\nprintf %s \"$1\" > \"$HOME/page.new\" && mv \"$HOME/page.new\" \"$HOME/page\"\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let ours = Path::new(BINARY).parent().unwrap().display();
    let path = format!("{}:{ours}:{}", folder.display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path);
    sandbox.set("DISPLAY", ":99");
}

/// Returns the page that the browser was told to show.
fn page(sandbox: &Sandbox) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match fs::read_to_string(sandbox.path("page")) {
            Ok(page) => return page,
            Err(e) => assert!(Instant::now() < deadline, "the browser was not started: {e}"),
        }
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn from_nothing_to_a_token_that_git_uses() {
    let mut desktop = Desktop::gnome_keyring();
    with_browser(&mut desktop.sandbox);
    let mut command = desktop.sandbox.command(BINARY);
    command.args(["login", "--offline"]);
    let mut terminal = Terminal::run(&command);
    terminal.shows("Host [github.com]: ");
    terminal.types("\n");
    terminal.shows("Organisation or repository, if the token is for one only [all]: ");
    terminal.types("my-org\n");
    let question =
        "Username for https://github.com/my-org, any name will do here [x-access-token]: ";
    terminal.shows(question);
    terminal.types("alice\n");
    terminal.shows("Make a fine-grained token");
    terminal.shows("Or make a classic token");
    terminal.shows("Open the first page in the browser? [y/N] ");
    terminal.types("y\n");
    terminal.shows("Token for alice at https://github.com/my-org: ");
    terminal.types(&format!("  {FINE_GRAINED} \n"));
    terminal.shows("When does the token expire, e.g. 2027-01-31 or 90d [never]: ");
    terminal.types("tomorrow\n");
    terminal.shows("a token expires at a date such as 2027-01-31, or in 90d, or never");
    terminal.types("90d\n");
    // Whoever only goes on has a token that git uses.
    terminal.shows("The token is for https://github.com/my-org alone: git finds it only if it is");
    terminal.shows("Tell it? [Y/n] ");
    terminal.types("\n");
    terminal.shows("git does not ask this program for tokens yet");
    terminal.shows("Make it ask? [Y/n] ");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(!screen.contains("TESTONLY") && !screen.contains("warning"), "{screen}");
    let stored = "stored the token for alice at https://github.com/my-org in the desktop's \
                  keychain (secret-service); it expires in 90 days";
    assert!(screen.contains(stored), "{screen}");
    for setting in [
        "credential.https://github.com/my-org.useHttpPath = true",
        "credential.helper = pat --keychain secret-service",
    ] {
        let line = format!("\nchanged git's configuration: {setting}");
        assert!(screen.contains(&line), "{screen}");
    }
    let page = page(&desktop.sandbox);
    let start = "https://github.com/settings/personal-access-tokens/new?name=git+on+";
    assert!(page.starts_with(start), "{page}");
    assert!(page.ends_with("&target_name=my-org&contents=write&workflows=write"), "{page}");

    let mut git = desktop.sandbox.command("git");
    git.args(["credential", "fill"]);
    let ran = run(git, b"url=https://github.com/my-org/repo\n\n");
    assert!(ran.stdout().contains(&format!("username=alice\npassword={FINE_GRAINED}\n")), "{ran}");
}

/// The questions of a login, each with the answer that leads to the next one.
const QUESTIONS: [(&str, &str); 9] = [
    ("Host [github.com]: ", "HOST\n"),
    ("Group, subgroup (group/subgroup) or project", "org\n"),
    ("Username for https://HOST/org, most hosts take any name with a token [oauth2]: ", "alice\n"),
    ("Open this page in the browser?", "n\n"),
    ("Token for alice at https://HOST/org: ", "ghr_TESTONLY1\n"),
    ("Store it anyway?", "y\n"),
    ("When does the token expire", "\n"),
    ("The token is for https://HOST/org alone", "y\n"),
    ("Make it ask?", "y\n"),
];

/// Starts the login, and stops at the question of this number.
fn login_at(question: usize) -> (Home, Terminal) {
    let mut person = Home::new().at("gitlab");
    with_browser(&mut person.sandbox);
    let mut terminal = person.on_terminal("login");
    for (text, answer) in &QUESTIONS[..question] {
        terminal.shows(&text.replace("HOST", &person.host));
        terminal.types(&answer.replace("HOST", &person.host));
    }
    terminal.shows(&QUESTIONS[question].0.replace("HOST", &person.host));
    (person, terminal)
}

#[track_caller]
fn is_untouched(person: &Home, screen: &str) {
    assert!(person.listed().is_empty(), "{screen}");
    assert!(!person.sandbox.path("gitconfig").exists(), "{screen}");
    assert!(!person.sandbox.path("page").exists(), "{screen}");
    assert!(!screen.contains("TESTONLY") && !screen.contains("stored the token"), "{screen}");
}

#[test]
fn ctrl_c_at_any_question_leaves_nothing_half_done() {
    for (number, (question, _)) in QUESTIONS.iter().enumerate() {
        let (person, mut terminal) = login_at(number);
        terminal.types(CTRL_C);
        let (status, screen) = terminal.ends();
        assert!(!status.success() || status.signal().is_some(), "{question}: {screen}");
        is_untouched(&person, &screen);
    }
}

#[test]
fn ctrl_d_at_any_question_gives_up() {
    for (number, (question, _)) in QUESTIONS.iter().enumerate() {
        let (person, mut terminal) = login_at(number);
        terminal.types(CTRL_D);
        let (status, screen) = terminal.ends();
        assert_eq!(status.code(), Some(1), "{question}: {screen}");
        assert!(screen.contains("git-credential-pat: login: given up"), "{question}: {screen}");
        is_untouched(&person, &screen);
    }
}

#[test]
fn a_token_that_looks_wrong_is_stored_only_if_a_person_agrees() {
    let (person, mut terminal) = login_at(5);
    terminal.types("\n");
    let screen = terminal.shows_often("Token for alice at", 2);
    assert!(screen.contains("warning: this is a GitHub refresh token: it opens no repository"));
    is_untouched(&person, &screen);
    terminal.types("glpat-TESTONLYTESTONLYTEST\n");
    for (question, answer) in &QUESTIONS[6..] {
        terminal.shows(&question.replace("HOST", &person.host));
        terminal.types(answer);
    }
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("TESTONLY"), "{screen}");
    person.get("path=org\n").prints("username=alice\npassword=glpat-TESTONLYTESTONLYTEST\n");
}

#[test]
fn what_is_no_token_is_asked_for_again() {
    let person = Home::new().configured();
    let mut terminal = person.on_terminal("login --username alice HOST");
    for (number, (answer, reason)) in
        [("\n", "no token was given"), ("ghp_\u{1b}[A\n", "a token is one line")].iter().enumerate()
    {
        terminal.shows_often("Token for alice at", number + 1);
        terminal.types(answer);
        terminal.shows(reason);
    }
    terminal.shows_often("Token for alice at", 3);
    terminal.types(&format!("{CLASSIC}\n"));
    terminal.shows("When does");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    person.get("").prints(&format!("username=alice\npassword={CLASSIC}\n"));
}

#[test]
fn a_password_is_doubted_at_a_known_forge() {
    let person = Home::new().configured();
    let mut terminal = person.on_terminal("login --username alice github.com");
    terminal.shows("Token for alice at");
    terminal.types("hunter2\n");
    terminal.shows("warning: this has not the form of a token of GitHub: it may be a password");
    terminal.shows("Store it anyway? [y/N] ");
    terminal.types(CTRL_D);
    let (status, screen) = terminal.ends();
    assert!(!status.success() && !screen.contains("hunter2"), "{screen}");
}

#[test]
fn the_page_of_a_gitlab_is_on_the_gitlab_itself() {
    let (person, mut terminal) = login_at(3);
    let page = format!("https://{}/-/user_settings/personal_access_tokens?name=git", person.host);
    terminal.shows(&page);
    terminal.types(CTRL_C);
    terminal.ends();
}

#[test]
fn on_a_terminal_the_token_is_asked_for_and_never_shown() {
    let person = Home::new();
    let mut terminal = person.on_terminal("login HOST/org");
    terminal.shows(&format!("Username for {}, most hosts", person.url("/org")));
    terminal.shows(" [token]: ");
    terminal.types("alice\n");
    terminal.shows(&format!("Token for alice at {}: ", person.url("/org")));
    let long = "x".repeat(5000);
    terminal.types(&format!("wrong\u{15}ghp_TESTONLYy\u{7f}{long}\n"));
    terminal.shows("When does the token expire");
    terminal.types("\n");
    terminal.shows("Tell it?");
    terminal.types("y\n");
    terminal.shows("Make it ask?");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(!screen.contains("TESTONLY") && !screen.contains("xxxx"), "{screen}");
    let answer = format!("username=alice\npassword=ghp_TESTONLY{long}\n");
    person.get("path=org\n").prints(&answer);
    let config = person.sandbox.git(&["config", "--global", "--list"]);
    assert!(config.contains("credential.helper=pat --keychain kernel\n"), "{config}");
    let setting = format!("credential.{}.usehttppath=true\n", person.url("/org"));
    assert!(config.contains(&setting), "{config}");
}

#[test]
fn where_git_is_set_up_four_answers_are_enough() {
    let person = Home::new();
    person.sandbox.git(&["config", "--global", "credential.helper", "pat --keychain kernel"]);
    let mut terminal = person.on_terminal("login HOST");
    terminal.shows("Username for");
    terminal.types("\n");
    terminal.shows("Token for token");
    terminal.types(&format!("{CLASSIC}\n"));
    terminal.shows("When does");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    // Nothing is left to do, but where the keychain is one that forgets.
    let (before, last) = screen.trim_end().rsplit_once('\n').unwrap();
    assert!(last.starts_with("hint: to keep tokens over a reboot: "), "{screen}");
    assert!(!before.contains("hint"), "{screen}");
    let stored = before.lines().last().unwrap();
    assert!(stored.starts_with("stored the token for token"), "{screen}");
}

#[test]
fn a_username_that_can_be_nobodys_is_asked_for_again() {
    let person = Home::new();
    let mut terminal = person.on_terminal("login HOST");
    for (answer, reason) in [
        ("ab\u{1b}[A\n", "a username has no control characters, such as an arrow key makes"),
        ("a:b\n", "a username has no colon: HTTP ends the name there"),
        ("ghp_TESTONLYTESTONLYTEST\n", "a token is no username"),
    ] {
        terminal.shows("Username for ");
        terminal.shows(" [token]: ");
        terminal.types(answer);
        terminal.shows(reason);
    }
    terminal.types("alice\n");
    terminal.shows("Token for alice at");
    terminal.types(&format!("\"{CLASSIC}\"\n"));
    terminal.shows("warning: this came with quotes: give the token without");
    terminal.shows("Store it anyway? [y/N] ");
    terminal.types("n\n");
    terminal.shows("Then give another one, or nothing with Ctrl-C.");
    terminal.types(CTRL_C);
    let (status, screen) = terminal.ends();
    assert!(!status.success(), "{screen}");
    assert!(person.listed().is_empty());
    for name in ["--username=ab\u{1b}[A", "--username=a:b"] {
        let ran = person.sandbox.helper(&["login", "--with-token", name, "h.example"], CLASSIC);
        ran.fails(2, "a username has no");
    }
}

#[test]
fn another_token_takes_the_place_of_one_that_serves_only_if_a_person_agrees() {
    let person = Home::new();
    person.types("login --with-token --username alice --expires 2100-01-31 HOST", CLASSIC);
    let question = "alice has a GitHub classic personal access token at";
    let asks = || {
        let mut terminal = person.on_terminal("login HOST");
        terminal.shows(&format!("Username for {} [alice]: ", person.url("")));
        terminal.types("\n");
        terminal.shows(question);
        terminal.shows("Replace it? [y/N] ");
        terminal
    };
    for answer in ["n\n", CTRL_C, CTRL_D] {
        let mut terminal = asks();
        terminal.types(answer);
        let (status, screen) = terminal.ends();
        assert!(!status.success(), "{screen}");
        let kept = format!("username=alice\npassword={CLASSIC}\npassword_expiry_utc=4105036800\n");
        person.get("").prints(&kept);
    }
    let mut terminal = asks();
    terminal.types("y\n");
    terminal.shows("Token for alice at");
    terminal.types("ghp_TESTONLY2\n");
    terminal.shows("When does the token expire");
    terminal.types("\n");
    terminal.shows("Make it ask?");
    terminal.types("n\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY2\n");
}

#[test]
fn giving_up_leaves_the_terminal_as_it_was() {
    let person = Home::new();
    let script = "PAT login --username a HOST; echo status $?; stty -a";
    let mut terminal = person.runs_on_terminal(script);
    terminal.shows("Token for a at");
    terminal.types("ghp_TESTONLY\u{3}");
    let (_, screen) = terminal.ends();
    assert!(screen.contains("given up") && screen.contains("status 1"), "{screen}");
    for mode in [" echo ", " icanon ", "isig "] {
        assert!(screen.contains(mode), "{mode} is off: {screen}");
    }
    assert!(!screen.contains("TESTONLY"), "{screen}");
}

#[test]
fn where_nobody_can_be_asked_login_says_how_else() {
    let person = Home::new();
    for arguments in [&["login", &*person.host][..], &["login"]] {
        let mut command = person.sandbox.command("setsid");
        command.args(["--wait", BINARY]).args(arguments);
        run(command, b"").fails(1, "--with-token");
    }
}

#[test]
fn with_standard_input_closed_the_terminal_is_still_asked() {
    let person = Home::new();
    let mut terminal = person.runs_on_terminal("exec PAT login --username a HOST <&-");
    terminal.shows("Token for a at");
    terminal.types("ghp_TESTONLY1\n");
    terminal.shows("When does");
    terminal.types("\n");
    terminal.shows("Make it ask?");
    terminal.types("n\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    person.get("").prints("username=a\npassword=ghp_TESTONLY1\n");
}

#[test]
fn a_token_is_not_read_from_a_terminal_that_shows_it() {
    let person = Home::new();
    let (status, screen) = person.on_terminal("login --with-token HOST").ends();
    assert_eq!(status.code(), Some(2), "{screen}");
    assert!(screen.contains("leave it out to be asked, without an echo"), "{screen}");
}

#[test]
fn logout_asks_what_it_was_not_told() {
    let person = Home::new();
    for line in ["https://alice@HOST", "https://bob@HOST"] {
        person.types(&format!("login --with-token {line}"), CLASSIC);
    }
    for answers in [["HOST\n", CTRL_C], ["HOST\n", "carol\n"], [CTRL_D, ""]] {
        let mut terminal = person.on_terminal("logout");
        terminal.shows("URL to log out of: ");
        terminal.types(&answers[0].replace("HOST", &person.host));
        if !answers[1].is_empty() {
            terminal.shows("Which account, alice or bob: ");
            terminal.types(answers[1]);
        }
        let (status, screen) = terminal.ends();
        assert!(!status.success(), "{screen}");
        assert_eq!(person.listed().len(), 2, "{screen}");
    }
    let mut terminal = person.on_terminal("logout HOST");
    terminal.shows("Which account, alice or bob: ");
    terminal.types("alice\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    let expected = format!("{} bob classic PAT ready - JUST NOW kernel", person.url(""));
    assert_eq!(person.listed(), [expected]);
}

/// Returns what a list shows of this person's accounts, on a terminal.
fn list(person: &Home, columns: u16) -> String {
    let (status, screen) = person.on_terminal_of(columns, "list").ends();
    assert!(status.success(), "{screen}");
    screen.replace('\r', "")
}

/// Makes a person with a token that ends soon and one that does not.
fn with_two_tokens() -> Home {
    let mut person = Home::new();
    person.sandbox.set("TERM", "xterm");
    person.types("login --with-token --username alice --expires 6d HOST", CLASSIC);
    person.types("login --with-token --username bob --expires 99d HOST/org", FINE_GRAINED);
    person
}

#[test]
fn on_a_terminal_times_are_said_as_people_say_them_and_an_end_is_coloured() {
    let person = with_two_tokens();
    let screen = list(&person, 200);
    let row = |context: String| {
        let starts = |line: &&str| line.starts_with(&format!("{context} "));
        screen.lines().find(starts).unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    let soon = row(person.url(""));
    assert!(soon.contains("alice") && soon.contains("classic PAT"), "{soon}");
    assert!(soon.contains("\u{1b}[33min 6 days\u{1b}[0m"), "{soon:?}");
    let later = row(person.url("/org"));
    assert!(later.contains("in 99 days") && later.contains("fine-grained PAT"), "{later:?}");
    assert!(!later.contains('\u{1b}'), "{later:?}");
    let request = format!("protocol=https\nhost={}\npassword={CLASSIC}\n\n", person.host);
    person.sandbox.helper(&["erase"], request).prints("");
    assert!(list(&person, 200).contains("\u{1b}[31mrejected\u{1b}[0m"));
}

#[test]
fn nobody_gets_colours_who_wants_or_understands_none() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
        let mut person = with_two_tokens();
        person.sandbox.set(name, value);
        let screen = list(&person, 200);
        assert!(screen.contains("in 6 days") && !screen.contains('\u{1b}'), "{screen:?}");
    }
    let mut person = with_two_tokens();
    person.sandbox.set("NO_COLOR", "");
    assert!(list(&person, 200).contains('\u{1b}'), "an empty NO_COLOR says nothing");
}

#[test]
fn sixty_columns_are_enough_for_a_list() {
    let mut person = with_two_tokens();
    person.sandbox.set("NO_COLOR", "1");
    let screen = list(&person, 60);
    let from = screen.find(&format!("{}\n", person.url(""))).unwrap_or_else(|| panic!("{screen}"));
    let ours: Vec<&str> = screen[from..].lines().take(7).collect();
    assert!(ours.iter().all(|line| line.len() <= 60), "{ours:?}");
    let words = |line: &&str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: Vec<String> = ours[1..].iter().map(words).collect();
    let first = ["username alice", "token classic PAT", "state ready", "expires in 6 days"];
    assert_eq!(said[..4], first);
    assert!(said[4].starts_with("stored 2") && said[5] == "keychain kernel", "{ours:?}");
}
