//! What is imported is in plain text nowhere afterwards, and git writes it there no more.

use crate::support::home::{Home, TOKEN};
use crate::support::sandbox::BINARY;
use crate::support::terminal::Terminal;
use std::fs;
use std::path::{Path, PathBuf};

const QUESTION: &str = "Take credential.helper store out of its configuration? [y/N] ";

/// The files below a folder that hold this text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if let Ok(content) = fs::read(&path)
                && content.windows(text.len()).any(|part| part == text.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn after_installing_importing_and_cloning_no_file_holds_the_token() {
    let mut user = Home::bare().with_git_host();
    user.config(&["--global", "--unset-all", "credential.helper"]);
    user.helper("store");
    user.sandbox.unset("GIT_TRACE");
    let line = format!("https://alice:{TOKEN}@{}\n", user.host);
    user.write(".git-credentials", &line);
    user.write("config/git/credentials", &line);
    let name = user.host.split(':').next().unwrap().to_owned();
    user.write(".netrc", &format!("machine {name} login alice password {TOKEN}\n"));
    let url = format!("https://alice:{TOKEN}@{}/team/repo.git", user.host);
    user.config(&["--global", "remote.work.url", &url]);
    assert_eq!(holding(user.sandbox.home(), TOKEN).len(), 4);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
    let ran = user.sandbox.run(script, &["--binary", BINARY], b"");
    assert!(ran.status.success(), "{ran}");
    let said = ran.stdout();
    assert!(said.contains("Tokens lie about in plain text"), "{ran}");
    let next = said.lines().last().unwrap().strip_prefix("Next: ").unwrap();
    assert!(next.ends_with(" import"), "{ran}");
    // As it stands there, in this very shell.
    let mut shell = user.sandbox.command("sh");
    shell.args(["-c", next]);
    let mut terminal = Terminal::run(&shell);
    let questions = 12;
    for _ in 0..questions {
        terminal.types("y\n");
    }
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains("took credential.helper store out"), "{screen}");
    let program = user.sandbox.path(".local/bin/git-credential-pat");
    assert_eq!(user.helpers(), [format!("{} --keychain kernel", program.display())]);
    user.git(&["clone", "--quiet", &format!("https://{}/team/repo.git", user.host), "clone"]);
    assert_eq!(holding(user.sandbox.home(), TOKEN), Vec::<PathBuf>::new(), "{screen}");
}

fn with_store() -> Home {
    let user = Home::new().configured();
    user.helper("store");
    user.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    user
}

#[test]
fn a_yes_to_the_import_is_none_to_a_change_of_the_configuration() {
    let user = with_store();
    let ran = user.imports("--from store --yes");
    assert!(ran.stderr().contains("git goes on asking store: 1 entry is left in ~/.git-"), "{ran}");
    user.write(".git-credentials", "");
    let ran = user.imports("--from store --yes");
    assert!(ran.stderr().contains("git writes each token back to store"), "{ran}");
    assert!(
        ran.stderr().contains("hint: git config --global --unset-all credential.helper"),
        "{ran}"
    );
    let ran = user.imports("--from store --yes --dry-run");
    assert!(!ran.stderr().contains("store at its next fetch"), "{ran}");
    assert_eq!(user.helpers().len(), 2);
}

#[test]
fn store_leaves_the_configuration_where_a_person_agrees() {
    let user = with_store();
    for (answers, left) in [(["y\n", "y\n", "n\n"], 2), (["", "", "y\n"], 1)] {
        let mut terminal = user.on_terminal("import");
        let asked = ["Import 1 token? ", "Remove 1 token from ~/.git-credentials? ", QUESTION];
        for (question, answer) in asked.into_iter().zip(answers) {
            if !answer.is_empty() {
                terminal.shows(question);
                terminal.types(answer);
            }
        }
        let (status, screen) = terminal.ends();
        assert!(status.success(), "{screen}");
        assert_eq!(screen.contains("hint: git config --global --unset-all"), left == 2, "{screen}");
        assert_eq!(user.helpers().len(), left, "{screen}");
    }
}

#[test]
fn yes_and_remove_together_take_store_out_of_each_file() {
    let user = with_store();
    user.sandbox.git(&["init", "-q", "."]);
    user.config(&["--local", "credential.https://HOST.helper", "store"]);
    let included = user.sandbox.path("included");
    fs::write(&included, "[credential]\n\thelper = store\n").unwrap();
    user.config(&["--global", "--add", "include.path", included.to_str().unwrap()]);
    let ran = user.imports("--from store --yes --remove");
    let said = ran.stderr();
    assert!(said.contains("took credential.helper store out"), "{ran}");
    assert!(said.contains("store, which stands in ~/included"), "{ran}");
    assert!(said.contains("hint: who may change that file types: git config --file "), "{ran}");
    assert!(!fs::read_to_string(user.sandbox.path("gitconfig")).unwrap().contains("store"));
    assert!(!fs::read_to_string(user.sandbox.path(".git/config")).unwrap().contains("store"));
    assert!(fs::read_to_string(&included).unwrap().contains("store"));
}

#[test]
fn who_has_nothing_but_store_keeps_it() {
    let user = Home::new();
    user.helper("store");
    user.write(".git-credentials", "https://alice:ghp_TESTONLY1@HOST\n");
    user.imports("--from store --yes --remove");
    assert_eq!(user.helpers(), ["store"]);
}

#[test]
fn what_another_program_has_in_netrc_is_left_alone_unless_named() {
    let user = Home::new().configured();
    let text = "machine smtp.HOST login alice password TESTONLY-mail\n\
                machine HOST login alice password TESTONLY-git\n\
                machine git.other.test login alice password TESTONLY-other\n";
    user.write(".netrc", text);
    user.config(&["--global", "url.https://HOST/.insteadOf", "work:"]);
    let ran = user.imports("--from netrc --yes --remove");
    let table = user.table(&ran);
    assert!(table[2].ends_with("nothing says that git uses this host: name its URL to import it"));
    assert_eq!(table[3..], ["https://HOST alice import", "https://git.other.test alice import"]);
    user.holds(".netrc", "machine smtp.HOST login alice password TESTONLY-mail\n");
    user.imports("--from netrc --yes --remove https://smtp.HOST");
    user.holds(".netrc", "");
    user.types("logout https://git.other.test", "");
}

#[test]
fn each_entry_can_be_chosen_by_itself() {
    let user = Home::new().configured();
    user.helper("store");
    let lines =
        ["a", "b", "c"].map(|name| format!("https://{name}:ghp_TESTONLY{name}@{name}.HOST\n"));
    user.write(".git-credentials", &lines.concat());
    let mut terminal = user.on_terminal("import --from store");
    terminal.shows("Import 3 tokens? [y/N, or e to choose each] ");
    terminal.types("e\n");
    for (name, answer) in [("a", "y\n"), ("b", "\n"), ("c", "y\n")] {
        terminal.shows(&user.fill(&format!("Import {name} at https://{name}.HOST? [y/N] ")));
        terminal.types(answer);
    }
    terminal.shows("Remove 2 tokens from ~/.git-credentials? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    user.holds(".git-credentials", &lines[1]);
    assert!(screen.contains("1 entry is left in ~/.git-credentials"), "{screen}");
}
