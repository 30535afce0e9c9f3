//! Tokens as people and programs write them: in the place of a username, with line ends of another
//! system, with text that was copied along.

use crate::support::home::Home;
use std::fmt::Write;

const TOKEN: &str = "ghp_TESTONLYTESTONLYTESTONLYTESTONLYTEST";

/// Returns the usernames that `list` shows.
fn usernames(newcomer: &Home) -> Vec<String> {
    let ran = newcomer.sandbox.helper(&["list", "--json"], "");
    let list: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let host = newcomer.keys.host("h");
    let own = list.as_array().unwrap().iter().filter(|row| row.to_string().contains(&host));
    own.map(|row| row["username"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_token_in_the_usernames_place_is_the_token() {
    for user in [
        "TOKEN",
        "TOKEN:",
        "TOKEN:x",
        "TOKEN:TOKEN",
        "TOKEN:x-oauth-basic",
        "TOKEN:X-OAuth-Basic",
        "TOKEN:x%2doauth%2Dbasic",
        "TOKEN:whatever",
        "%67hp_TESTONLYTESTONLYTESTONLYTESTONLYTEST:x",
    ] {
        let newcomer = Home::new();
        let line = format!("https://{}@HOST\n", user.replace("TOKEN", TOKEN));
        newcomer.write(".git-credentials", &line);
        let ran = newcomer.imports("--from store --yes --remove");
        assert!(ran.stderr().contains("removed 1 token"), "{user}: {ran}");
        newcomer.holds(".git-credentials", "");
        newcomer.serves("", &format!("username=x-access-token password={TOKEN}"));
        assert_eq!(usernames(&newcomer), ["x-access-token"], "{user}");
    }
    for words in ["login TOKEN", "login TOKEN password x-oauth-basic", "login TOKEN password TOKEN"]
    {
        let newcomer = Home::new();
        newcomer.write(".netrc", &format!("machine HOST {}\n", words.replace("TOKEN", TOKEN)));
        newcomer.imports("--from netrc --yes --remove");
        newcomer.holds(".netrc", "");
        newcomer.serves("", &format!("username=x-access-token password={TOKEN}"));
    }
}

#[test]
fn where_no_name_goes_with_a_token_the_line_stays_and_is_named() {
    for line in [
        "https://TESTONLYunknown:x-oauth-basic@HOST\n".to_owned(),
        "https://gldt-TESTONLYTESTONLYTEST:x@HOST\n".to_owned(),
        format!("https://{TOKEN}:glpat-TESTONLYTESTONLYTEST@HOST\n"),
        format!("https://a%3Ab:{TOKEN}@HOST\n"),
        format!("https://ab%1B[A:{TOKEN}@HOST\n"),
    ] {
        let newcomer = Home::new();
        newcomer.write(".git-credentials", &line);
        let ran = newcomer.imports("--from store --yes --remove");
        assert!(newcomer.table(&ran)[2].starts_with("line 1 - stays: "), "{ran}");
        assert!(!ran.stderr().contains("removed"), "{ran}");
        newcomer.holds(".git-credentials", &line);
        assert!(newcomer.keys.accounts().is_empty());
    }
}

#[test]
fn lines_end_as_on_any_system_and_a_mark_may_come_first() {
    let newcomer = Home::new();
    newcomer.write(
        ".git-credentials",
        "\u{feff}https://a:ghp_TESTONLY1@HOST\r\nhttps://b:ghp_TESTONLY2@b.HOST\r\n\r\nnone\r\n",
    );
    newcomer.imports("--from store --yes --remove");
    newcomer.holds(".git-credentials", "\r\nnone\r\n");
    newcomer.serves("", "username=a password=ghp_TESTONLY1");
    let macros = "machine ftp.HOST login x password y macdef init\r\ncd /\r\nmachine no\r\n\r\n";
    let tokens = "machine git.HOST\r\n\tlogin c\r\n\tpassword ghp_TESTONLY3\r\n";
    newcomer.write(".netrc", &format!("\u{feff}{macros}{tokens}# end\r\n"));
    let ran = newcomer.imports("--from netrc --yes --remove");
    assert!(ran.stdout().contains("stays: a macro belongs to it"), "{ran}");
    newcomer.holds(".netrc", &format!("\u{feff}{macros}# end\r\n"));
    assert_eq!(newcomer.keys.accounts().len(), 3);
}

#[test]
fn what_was_copied_along_with_a_token_is_named() {
    let newcomer = Home::new();
    let lines = format!(
        "https://a:%22{TOKEN}%22@HOST\nhttps://b:Bearer%20{TOKEN}@HOST\n\
         https://c:GH_TOKEN%3d{TOKEN}@HOST\nhttps://d:%EF%BB%BF{TOKEN}@HOST\nhttps://e:{TOKEN}@HOST\n"
    );
    newcomer.write(".git-credentials", &lines);
    let ran = newcomer.imports("--from store --dry-run");
    for (line, what) in [
        (1, "quotes"),
        (2, "`Bearer `"),
        (3, "a variable's name and `=`"),
        (4, "an invisible character (a byte order mark or the like)"),
    ] {
        let said = format!("warning: line {line}: the token came with {what}, which the host");
        assert!(ran.stderr().contains(&said), "{ran}");
    }
    assert_eq!(ran.stderr().matches("warning").count(), 4, "{ran}");
}

/// An earlier version compared every entry with all before it, and asked the keychain for each.
#[test]
fn many_entries_are_planned_in_one_question() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", "https://a:ghp_TESTONLY0@git7.HOST\n");
    newcomer.imports("--from store --yes");
    let mut text = String::new();
    for number in 0..2000 {
        writeln!(text, "machine git{number}.HOST login a password ghp_TESTONLY{number}").unwrap();
    }
    newcomer.write(".netrc", &text);
    let trace = newcomer.sandbox.path("calls");
    let mut command = newcomer.sandbox.command("strace");
    command.args(["-f", "-c", "-S", "calls", "-e", "trace=keyctl,execve", "-o"]).arg(&trace);
    let import = newcomer.typed("import --from netrc --dry-run");
    command.arg(import.get_program()).args(import.get_args());
    let ran = crate::support::sandbox::run(command, b"");
    let rows = newcomer.table(&ran);
    assert_eq!(rows.len(), 2002, "{}", ran.stderr());
    assert!(rows[2 + 7].ends_with("stays: another token is stored for this account"));
    assert_eq!(rows.iter().filter(|row| row.ends_with("a import")).count(), 1999);
    let calls = std::fs::read_to_string(&trace).unwrap();
    let count = |name: &str| {
        let row = calls.lines().find(|row| row.ends_with(name)).unwrap_or_default();
        row.split_whitespace().nth(3).and_then(|count| count.parse::<u32>().ok()).unwrap_or(0)
    };
    // There are some calls for each account, also for other tests' accounts, but none for each
    // entry.
    assert!(count("keyctl") < 2000 && count("execve") < 20, "{calls}");
}
