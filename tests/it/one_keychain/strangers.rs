//! A repository's own configuration may be a stranger's: the settings that it decides, and those
//! that it does not.

use super::{DESKTOPS, KERNELS, TOKEN, configured, works};
use crate::support::home::Home;
use crate::support::program::gits;
use std::fs;

/// Makes a clone that holds a whole repository, bare, with a configuration of the stranger's.
fn planted(somebody: &Home, config: &str) -> &'static str {
    somebody.git(&["init", "-q", "clone"]);
    let folder = somebody.sandbox.path("clone/planted");
    fs::create_dir_all(folder.join("objects")).unwrap();
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::write(folder.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let core = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
    fs::write(folder.join("config"), format!("{core}{config}").replace("HOST", &somebody.host))
        .unwrap();
    let seen = somebody.git(&["-C", "clone/planted", "config", "--local", "--list"]).stdout();
    assert!(seen.contains("credential"), "git does not read what was planted: {seen}");
    "clone/planted"
}

#[test]
fn a_command_that_a_repository_names_is_not_run_for_token_or_exec() {
    let somebody = configured();
    let marker = somebody.sandbox.path("ran");
    let (url, marker_path) = (format!("https://{}", somebody.host), marker.display());
    let command = format!("pat --for {url} --command \\\"touch {marker_path}\\\"");
    let folder =
        planted(&somebody, &format!("[credential]\n\thelper =\n\thelper = \"{command}\"\n"));
    for line in ["token https://HOST", "exec --env T https://HOST -- true"] {
        let ran = somebody.types_in(folder, line, "");
        ran.fails(1, "no such account");
        assert!(!marker.exists(), "{ran}");
    }
    works(&somebody.types_in(folder, "login --with-token https://HOST", TOKEN));
    somebody.types_in(folder, "token https://HOST", "").prints(&format!("{TOKEN}\n"));
    assert!(!marker.exists());
    // A command that this user has configured is run.
    somebody.configures(&format!("[credential]\n\thelper =\n\thelper = \"{command}\"\n"));
    somebody.types("token https://HOST", "");
    assert!(marker.exists());
}

#[test]
fn files_and_variables_that_a_repository_names_give_no_token() {
    let mut somebody = configured();
    somebody.sandbox.set("ANOTHER", "ghp_TESTONLYanother");
    let url = format!("https://{}", somebody.host);
    let folder =
        planted(&somebody, &format!("[credential]\n\thelper = pat --for {url} --env ANOTHER\n"));
    somebody.types_in(folder, "token https://HOST", "").fails(1, "no such account");
}

#[test]
fn a_repository_does_not_allow_http_but_to_git() {
    let somebody = configured();
    let line = format!("[credential]\n\thelper =\n\thelper = {KERNELS} --allow-http\n");
    let folder = planted(&somebody, &line);
    let http = "http://HOST:3128";
    for line in ["login --with-token", "token"] {
        let ran = somebody.types_in(folder, &format!("{line} {http}"), TOKEN);
        ran.fails(1, "http is unencrypted");
    }
    assert_eq!(somebody.keys.accounts(), [""; 0]);
    // git obeys the repository, and status says so.
    for git in gits() {
        let url = http.replace("HOST", &somebody.host);
        let approved = format!("url={url}\nusername=alice\npassword={TOKEN}\n\n");
        let mut command = somebody.sandbox.command(&git);
        command.args(["credential", "approve"]);
        command.current_dir(somebody.sandbox.path(folder));
        crate::support::sandbox::run(command, approved.as_bytes()).prints("");
        assert_eq!(somebody.git_gets(&git, folder, &url).as_deref(), Some(TOKEN));
    }
}

#[test]
fn status_reports_what_a_repository_allows_git() {
    let somebody = configured();
    let line = format!("[credential]\n\thelper =\n\thelper = {KERNELS} --allow-http\n");
    let folder = planted(&somebody, &line);
    let request =
        format!("protocol=http\nhost={}\nusername=a\npassword={TOKEN}\n\n", somebody.host);
    works(&somebody.types("--keychain kernel --allow-http store", &request));
    let ran = somebody.types_in(folder, "status http://HOST", "");
    assert!(ran.stdout().contains("answers"), "{ran}");
    let ran = somebody.types("status http://HOST", "");
    assert!(!ran.stdout().contains("answers"), "{ran}");
}

#[test]
fn a_keychain_that_a_repository_names_is_where_git_and_login_look() {
    let somebody = configured();
    let folder = planted(&somebody, &format!("[credential]\n\thelper =\n\thelper = {KERNELS}\n"));
    let said = works(&somebody.types_in(folder, "login --with-token https://HOST", TOKEN));
    assert!(said.contains("(kernel)"), "{said}");
    for git in gits() {
        let url = format!("https://{}", somebody.host);
        assert_eq!(somebody.git_gets(&git, folder, &url).as_deref(), Some(TOKEN));
        assert_eq!(somebody.git_gets(&git, ".", &url), None);
    }
}

#[test]
fn dockers_helper_asks_no_repository() {
    let somebody = configured();
    let folder = planted(&somebody, &format!("[credential]\n\thelper =\n\thelper = {KERNELS}\n"));
    let entry = "{\"ServerURL\":\"r.HOST\",\"Username\":\"alice\",\"Secret\":\"ghp_TESTONLY1\"}\n";
    somebody.docker_in(folder, "store", entry).prints("");
    assert_eq!(somebody.keys.accounts(), [""; 0]);
    somebody.docker_in(".", "get", "r.HOST").prints(&entry.replace("HOST", &somebody.host));
    // A link lies where docker's helper finds it, and leads to the keychain of its own context
    // outside.
    let login = "login --with-token --username bob --also r2.HOST https://HOST";
    works(&somebody.types(login, TOKEN));
    let got = somebody.docker_in(folder, "get", "r2.HOST");
    assert!(got.stdout().contains(TOKEN), "{got}");
    // A repository that is broken, or named by a variable, does not keep docker's helper from its
    // work.
    fs::write(somebody.sandbox.path("clone/planted/config"), "[core\n").unwrap();
    somebody.docker_in(folder, "get", "r.HOST").prints(&entry.replace("HOST", &somebody.host));
}

#[test]
fn a_repository_cannot_make_a_line_count_at_another_place() {
    let somebody = configured();
    // The repository answers for every setting by which we could ask.
    let probes: Vec<String> = (0..50).map(|n| format!("\tprobe{n} = true\n")).collect();
    let probes = probes.concat();
    let folder = planted(&somebody, &format!("[credential]\n{probes}"));
    let line =
        format!("[credential \"https://elsewhere.example\"]\n\thelper =\n\thelper = {KERNELS}\n");
    somebody.configures(&line);
    let said = works(&somebody.types_in(folder, "login --with-token https://HOST", TOKEN));
    assert!(said.contains("(secret-service)"), "{DESKTOPS}: {said}");
}
