//! What somebody reads who mistyped, or whose terminal is narrow.

use crate::support::home::Home;

#[test]
fn a_wrong_line_is_explained_in_our_own_words() {
    let user = Home::new();
    for (line, said) in [
        (
            "login --usernam alice https://HOST",
            "login: there is no such option here, did you mean --username?",
        ),
        ("login --with-tokn https://HOST", "did you mean --with-token?"),
        ("list --jsn", "list: there is no such option here, did you mean --json?"),
        ("list --zzzz", "list: there is no such option here\n"),
        ("list https://HOST", "list: it takes options only, and a word stands there"),
        ("exec", "exec: missing: <URL>"),
        ("list --keychain nowhere", "list: --keychain: it takes secret-service, kernel"),
        ("list --keychain", "list: a value is missing: --keychain <NAME>"),
        ("login --forge nowhere", "login: --forge: it takes one of github"),
        ("configure --global --system", "these do not go together: --global, --system"),
        ("help lgoin", "there is no such command, did you mean login?"),
    ] {
        let ran = user.types(line, "");
        ran.fails(2, said);
        assert!(ran.stderr().starts_with("git-credential-pat: "), "{ran}");
        assert!(ran.stderr().contains("\nhint: usage: git credential-pat"), "{ran}");
    }
}

#[test]
fn what_could_be_a_token_is_not_repeated_whatever_is_wrong() {
    let user = Home::new();
    let token = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for line in [
        "login TOKEN https://HOST",
        "login --TOKEN https://HOST",
        "login --usernam=TOKEN https://HOST",
        "login --keychain TOKEN https://HOST",
        "login --forge TOKEN",
        "login -TOKEN",
        "list TOKEN",
        "list --json=TOKEN",
        "help TOKEN",
        "TOKEN",
        "TOKEN login",
        "--TOKEN",
    ] {
        let line = line.replace("TOKEN", token);
        let ran = user.types(&line, "");
        assert!(!format!("{}{}", ran.stdout(), ran.stderr()).contains("TESTONLY"), "{ran}");
        let (_, screen) = user.on_terminal(&line).ends();
        assert!(!screen.contains("TESTONLY"), "{screen}");
    }
}

#[test]
fn at_a_terminal_a_word_that_is_no_command_is_put_right() {
    let user = Home::new();
    for (line, said) in [
        ("lgoin", "there is no such command, did you mean login?"),
        ("lgoin --username a https://HOST", "there is no such command, did you mean login?"),
        ("ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaa", "there is no such command\r\n"),
    ] {
        let (status, screen) = user.on_terminal(line).ends();
        assert_eq!(status.code(), Some(2), "{screen}");
        assert!(screen.contains(said) && !screen.contains("TESTONLY"), "{screen}");
    }
    // A later git may have operations that do not exist yet.
    user.types("lgoin", "").prints("");
}

#[test]
fn who_types_nothing_at_a_terminal_sees_the_commands() {
    let user = Home::new();
    let (status, screen) = user.on_terminal("").ends();
    assert_eq!(status.code(), Some(2), "{screen}");
    for command in ["login", "list", "status", "import"] {
        assert!(screen.contains(&format!("\n  {command} ")), "{screen}");
    }
    user.types("", "").fails(2, "no operation is given");
}

#[test]
fn help_and_messages_fit_a_narrow_terminal() {
    let user = Home::new();
    for columns in [40, 80] {
        for line in ["help", "--help", "login -h", "login --help", "import --help"] {
            let (status, screen) = user.on_terminal_of(columns, line).ends();
            assert!(status.success(), "{screen}");
            for shown in screen.lines() {
                let is_one_word = shown.split_whitespace().count() < 3;
                assert!(
                    shown.chars().count() <= columns.into() || is_one_word,
                    "{line}: {shown:?}"
                );
            }
        }
    }
}

#[test]
fn a_message_is_broken_between_words_and_a_command_is_not() {
    let user = Home::new();
    let mut command = user.sandbox.command("sh");
    let line = format!("{} login --usernam a https://h.example", crate::support::sandbox::BINARY);
    command.args(["-c", &format!("stty cols 40; {line} 2>&1 | cat; {line}")]);
    let terminal = crate::support::terminal::Terminal::of_columns(40, &command);
    let screen = terminal.shows_often("--help", 2);
    // Into a pipe it is one line.
    let piped =
        "git-credential-pat: login: there is no such option here, did you mean --username?\r\n";
    assert!(screen.starts_with(piped), "{screen}");
    let broken = "git-credential-pat: login: there is no\r\n    such option here, did you mean\r\n";
    assert!(screen.contains(broken), "{screen}");
    terminal.ends();
}

#[test]
fn what_a_command_reports_at_a_terminal_needs_no_name_before_it() {
    let user = Home::new().configured();
    let line = "login --username alice --expires never https://HOST";
    let mut terminal = user.on_terminal(line);
    terminal.shows(&user.fill("Token for alice at https://HOST: "));
    terminal.types("TESTONLY-token\n");
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains("\nstored the token for alice at"), "{screen}");
    assert!(!screen.contains("git-credential-pat: login"), "{screen}");
    // An error keeps it, and so does what is no terminal.
    let (_, screen) = user.on_terminal("logout https://other.HOST").ends();
    assert!(screen.contains("git-credential-pat: logout: no such account"), "{screen}");
    let ran = user.types("logout https://HOST", "");
    assert!(ran.stderr().starts_with("git-credential-pat: logout: deleted"), "{ran}");
}
