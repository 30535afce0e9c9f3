//! Which account git uses at a URL: shown, chosen, and asked of git itself.

use crate::support::home::Home;
use crate::support::keyring::Keyring;
use crate::support::sandbox::run;
use crate::support::terminal::Terminal;

/// Somebody whose git asks this helper, with accounts of these names at these paths of the host.
fn with_accounts(accounts: &[(&str, &str)]) -> Home {
    let person = Home::new().configured();
    for (name, path) in accounts {
        let line = format!("login --with-token --username {name} HOST{path}");
        let ran = person.types(&line, &token(name, path));
        assert!(ran.status.success(), "{ran}");
    }
    // What the logins told git is not what is looked at here.
    let lines = person.sandbox.git(&["config", "--global", "--name-only", "--list"]);
    for key in lines.lines().filter(|key| key.ends_with(".username")) {
        person.sandbox.git(&["config", "--global", "--unset-all", key]);
    }
    person
}

fn token(name: &str, path: &str) -> String {
    format!("ghp_TESTONLY{name}{}", path.replace('/', ""))
}

/// Whose token git gets at a path of the host.
#[track_caller]
fn answer(person: &Home, path: &str) -> String {
    let mut git = person.sandbox.command("git");
    git.args(["credential", "fill"]).env("GIT_TERMINAL_PROMPT", "0");
    let ran = run(git, person.fill(&format!("url=https://HOST{path}\n\n")).as_bytes());
    let answer = ran.stdout();
    let token = answer.lines().find_map(|line| line.strip_prefix("password=ghp_TESTONLY"));
    token.unwrap_or("nobody").to_owned()
}

#[track_caller]
fn uses(person: &Home, line: &str) {
    let ran = person.types(line, "");
    assert!(ran.status.success() && ran.stderr().ends_with(" from now on\n"), "{ran}");
}

#[test]
fn git_gets_the_token_of_the_account_that_was_chosen() {
    let person = with_accounts(&[("alice", ""), ("bob", "")]);
    assert_eq!(answer(&person, "/team/repo.git"), "nobody");
    for name in ["alice", "bob", "alice"] {
        let said =
            format!("git-credential-pat: use: git uses {name} at https://HOST from now on\n");
        let ran = person.types(&format!("use https://HOST {name}"), "");
        assert_eq!((ran.stderr(), ran.status.code()), (person.fill(&said), Some(0)), "{ran}");
        assert_eq!(answer(&person, "/team/repo.git"), name);
    }
    let config = person.sandbox.git(&["config", "--global", "--list"]);
    assert_eq!(config.matches(".username=").count(), 1, "{config}");
}

#[test]
fn a_name_for_the_host_leaves_that_of_an_organisation_as_it_was() {
    let person = with_accounts(&[("alice", ""), ("bob", ""), ("carol", "")]);
    // As somebody writes them by hand, and in that order.
    person.configure("credential.https://HOST/work.username", "bob");
    uses(&person, "use HOST/work/deep carol");
    for name in ["alice", "carol", "alice"] {
        uses(&person, &format!("use HOST {name}"));
        let answers = ["/x", "/work/x.git", "/work/deep/x"].map(|path| answer(&person, path));
        assert_eq!(answers, [name, "bob", "carol"]);
    }
    uses(&person, "use HOST/work alice");
    let answers = ["/x", "/work/x.git", "/work/deep/x"].map(|path| answer(&person, path));
    assert_eq!(answers, ["alice", "alice", "carol"]);
    let config = std::fs::read_to_string(person.sandbox.path("gitconfig")).unwrap();
    assert_eq!(config.matches("username = ").count(), 4, "with and without .git: {config}");
}

#[test]
fn an_account_for_a_part_of_a_host_is_found_there() {
    let person = with_accounts(&[("alice", ""), ("bob", "/work")]);
    assert_eq!(answer(&person, "/work/x.git"), "alice");
    let ran = person.types("use HOST/work bob", "");
    assert!(ran.stderr().contains("/work.useHttpPath = true"), "{ran}");
    assert_eq!(answer(&person, "/work/x.git"), "bobwork");
    assert_eq!(answer(&person, "/x"), "alice");
}

#[test]
fn a_setting_that_does_not_hold_is_not_said_to() {
    let person = with_accounts(&[("alice", ""), ("bob", "")]);
    person.sandbox.git(&["init", "--quiet", "repo"]);
    let local = ["config", "--file", "repo/.git/config", "credential.username", "alice"];
    person.sandbox.git(&local);
    let ran = person.types_in("repo", "use HOST bob", "");
    let said = ran.stderr();
    assert!(said.contains("another line of git's configuration counts more"), "{ran}");
    assert!(said.contains("status https://") && !said.contains("from now on"), "{ran}");
}

#[test]
fn an_account_that_is_not_there_is_not_chosen() {
    let person = with_accounts(&[("alice", ""), ("bob", "")]);
    let ran = person.types("use HOST carol", "");
    ran.fails(1, "no such account is in the keychain");
    assert!(ran.stderr().contains(": alice, bob\n"), "{ran}");
    person.types("use HOST ghp_TESTONLYTESTONLYTEST", "").fails(2, "a token is no username");
    assert!(!person.sandbox.git(&["config", "--global", "--list"]).contains("username"));
}

#[test]
fn logout_takes_the_setting_back_where_nobody_of_this_name_is_left() {
    let person = with_accounts(&[("alice", ""), ("bob", ""), ("bob", "/work")]);
    for line in ["use HOST bob", "use HOST/work bob"] {
        assert!(person.types(line, "").status.success());
    }
    let ran = person.types("logout --username bob HOST/work", "");
    assert!(!ran.stderr().contains("no more"), "the host's account serves there: {ran}");
    assert_eq!(answer(&person, "/work/x"), "bob");
    let ran = person.types("logout --username bob HOST", "");
    let said = person.fill("logout: git asks for bob at https://HOST no more\n");
    assert!(ran.stderr().contains(&said), "{ran}");
    assert!(ran.stderr().contains(&person.fill("bob at https://HOST/work no more")), "{ran}");
    assert!(!person.sandbox.git(&["config", "--global", "--list"]).contains("username"));
    assert_eq!(answer(&person, "/work/x"), "alice");
}

#[test]
fn logout_of_all_takes_every_setting_back_that_nobody_answers_any_more() {
    if !Keyring::of_this_test().is_own() {
        return;
    }
    let person = with_accounts(&[("alice", ""), ("bob", ""), ("bob", "/work")]);
    for line in ["use HOST bob", "use HOST/work bob", "edit --any-username https://alice@HOST"] {
        assert!(person.types(line, "").status.success());
    }
    person.configure("credential.https://HOST/alices.username", "alice");
    // Of an account that was never here.
    person.configure("credential.https://other.example.username", "carol");
    let ran = person.types("logout --all --yes", "");
    assert!(ran.status.success(), "{ran}");
    for text in ["bob at https://HOST", "bob at https://HOST/work", "alice at https://HOST/alices"]
    {
        let said = person.fill(&format!("logout: git asks for {text} no more\n"));
        assert_eq!(ran.stderr().matches(&said).count(), 1, "{ran}");
    }
    let left = person.sandbox.git(&["config", "--global", "--list"]);
    let left: Vec<&str> = left.lines().filter(|line| line.contains("username")).collect();
    assert_eq!(left, ["credential.https://other.example.username=carol"]);
}

#[test]
fn what_was_chosen_can_be_left_open_again() {
    let person = with_accounts(&[("alice", ""), ("bob", "")]);
    uses(&person, "use HOST bob");
    let ran = person.types("use --unset HOST", "");
    assert!(ran.stderr().contains("git asks for nobody in particular at https://"), "{ran}");
    assert_eq!(answer(&person, "/x"), "nobody");
    person.types("use --unset", "").fails(2, "");
}

#[test]
fn who_answers_is_shown_with_the_reason() {
    let person = with_accounts(&[("alice", ""), ("bob", ""), ("carol", "/work")]);
    let shows = |line: &str, text: &str| {
        let ran = person.types(line, "");
        assert_eq!(ran.stdout(), person.fill(text), "{ran}");
        ran
    };
    let ran = shows("use HOST", "https://HOST: nobody, it could be any of alice, bob\n");
    let hint = person.fill("hint: to choose one: git credential-pat use https://HOST alice\n");
    assert_eq!(ran.stderr(), hint);
    uses(&person, "use HOST bob");
    let by = "because git asks for bob (~/gitconfig); also there: alice";
    shows("use HOST", &format!("https://HOST: bob, {by}\n"));
    shows("use https://alice@HOST", "https://HOST: alice; also there: bob\n");
    // git sends the path there, which bob has no token for.
    let both = format!("https://HOST: bob, {by}\nhttps://HOST/work: bob, {by}, carol\n");
    let ran = person.types("use", "");
    let ours: Vec<&str> = both.lines().collect();
    for line in ours {
        assert!(ran.stdout().contains(&person.fill(line)), "{ran}");
    }
    person.sandbox.git(&["init", "--quiet", "repo"]);
    let url = person.url("team/repo.git");
    person.sandbox.git(&["-C", "repo", "remote", "add", "origin", &url]);
    let ran = person.types_in("repo", "use", "");
    assert_eq!(ran.stdout(), person.fill(&format!("https://HOST/team/repo: bob, {by}\n")));
}

#[test]
fn the_hint_of_a_get_is_a_command_that_mends_it() {
    for (accounts, path) in [
        (&[("alice", ""), ("bob", "")][..], "/team/repo.git"),
        (&[("carol", ""), ("alice", "/work"), ("bob", "/work")], "/work/repo.git"),
    ] {
        let person = with_accounts(accounts);
        if path.starts_with("/work") {
            person.configure("credential.https://HOST/work.useHttpPath", "true");
        }
        let mut git = person.sandbox.command("git");
        git.args(["credential", "fill"]).env("GIT_TERMINAL_PROMPT", "0");
        let ran = run(git, person.fill(&format!("url=https://HOST{path}\n\n")).as_bytes());
        let said = ran.stderr();
        let hint = said.lines().find_map(|line| line.strip_prefix("hint: choose one, such as: "));
        let command = hint.unwrap_or_else(|| panic!("{ran}")).to_owned();
        let mut shell = person.sandbox.command("sh");
        shell.args(["-c", &command]);
        assert!(run(shell, b"").status.success(), "{command}");
        assert!(answer(&person, path).starts_with("alice"), "{command}");
    }
}

/// A second login at the host, on a terminal, up to the question which account git is to use.
fn second_login(person: &Home, name: &str) -> Terminal {
    let mut terminal = person.on_terminal(&format!("login --username {name} HOST"));
    terminal.shows(&format!("Token for {name} at"));
    terminal.types(&format!("{}\n", token(name, "")));
    terminal.shows("When does the token expire");
    terminal.types("\n");
    terminal.shows("Which one is git to use where a URL names none [");
    terminal
}

#[test]
fn who_has_answered_so_far_stays_the_default_of_a_second_login() {
    let person = with_accounts(&[("alice", "")]);
    let mut terminal = second_login(&person, "bob");
    let screen = terminal.shows("[alice]: ");
    assert!(screen.contains("alice, bob.\r\nalice has answered so far.\r\n"), "{screen}");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert!(
        screen.contains(&person.fill("git goes on to use alice at https://HOST\r\n")),
        "{screen}"
    );
    assert_eq!(answer(&person, "/x"), "alice");
    let hint = screen.lines().find_map(|line| line.strip_prefix("hint: to use bob there: "));
    let hint = hint.unwrap_or_else(|| panic!("{screen}")).to_owned();
    let mut shell = person.sandbox.command("sh");
    shell.args(["-c", &hint]);
    assert!(run(shell, b"").status.success(), "{hint}");
    assert_eq!(answer(&person, "/x"), "bob");
}

#[test]
fn another_default_is_taken_where_a_person_names_it() {
    let person = with_accounts(&[("alice", "")]);
    let mut terminal = second_login(&person, "bob");
    terminal.types("carol\n");
    terminal.shows("no account there has this name");
    terminal.types("bob\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert_eq!(answer(&person, "/x"), "bob");
}

#[test]
fn a_new_account_is_the_default_where_the_old_ones_token_fails() {
    let person = with_accounts(&[("alice", "")]);
    person.operation("erase", person.lines("protocol=https host=HOST password=ghp_TESTONLYalice"));
    let mut terminal = second_login(&person, "bob");
    terminal.shows("[bob]: ");
    terminal.types("\n");
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("has answered so far"), "{screen}");
    assert_eq!(answer(&person, "/x"), "bob");
}

#[test]
fn a_login_without_a_terminal_switches_no_account_off() {
    let person = with_accounts(&[("alice", "")]);
    let ran = person.types("login --with-token --username bob HOST", "ghp_TESTONLYbob");
    let said = person.fill("login: git goes on to use alice at https://HOST\n");
    assert!(ran.stderr().contains(&said), "{ran}");
    assert_eq!(answer(&person, "/x"), "alice");
    let ran = person.types("login --with-token --username carol HOST", "ghp_TESTONLYcarol");
    let hint = person.fill("hint: to use carol there: git credential-pat use https://HOST carol\n");
    assert!(ran.stderr().contains(&hint), "{ran}");
    assert_eq!(answer(&person, "/x"), "alice");
}
