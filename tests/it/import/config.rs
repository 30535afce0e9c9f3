//! Tokens anywhere in git's configuration.

use crate::support::home::{Home, TOKEN};
use crate::support::sandbox::{BINARY, Ran, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Makes a person in a repository, with the kernel's keyring.
fn in_repository() -> Home {
    let newcomer = Home::new();
    newcomer.sandbox.git(&["init", "--quiet", "repo"]);
    newcomer.sandbox.git(&["config", "--global", "credential.helper", BINARY]);
    newcomer
}

impl Home {
    fn in_repository(&self, line: &str) -> String {
        let line = self.fill(line);
        let words: Vec<&str> = line.split(' ').collect();
        self.sandbox.git(&[&["-C", "repo"], words.as_slice()].concat())
    }

    fn import_in_repository(&self, line: &str) -> Ran {
        let mut command = self.sandbox.command("setsid");
        command.arg("--wait").arg(BINARY).arg("import").args(self.fill(line).split_whitespace());
        command.current_dir(self.sandbox.path("repo"));
        let ran = run(command, b"");
        let said = ran.stdout() + &ran.stderr();
        assert!(!said.contains("TESTONLY"), "{ran}");
        ran
    }

    #[track_caller]
    fn moves(&self) -> Ran {
        let ran = self.import_in_repository("--from remotes --yes --remove");
        assert!(ran.status.success(), "{ran}");
        ran
    }

    /// Expects git itself to find this username and token for a URL, in the repository.
    #[track_caller]
    fn git_fills(&self, url: &str, username: &str, token: &str) {
        let mut command = self.sandbox.command("git");
        command.args(["credential", "fill"]).current_dir(self.sandbox.path("repo"));
        let ran = run(command, self.fill(&format!("url={url}\n\n")).as_bytes());
        let answer = format!("username={username}\npassword={token}\n");
        assert!(ran.stdout().contains(&answer), "{url}: {ran}");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.sandbox.path(name)).unwrap()
    }
}

#[test]
fn a_url_that_stands_twice_is_moved_whole() {
    let newcomer = in_repository();
    let url = "https://alice:ghp_TESTONLY1@HOST/o/libc++.git";
    for (key, times) in
        [("remote.origin.url", 2), ("remote.origin.pushurl", 1), ("remote.b.url", 1)]
    {
        for _ in 0..times {
            newcomer.in_repository(&format!("config --add {key} {url}"));
        }
    }
    let before = newcomer.read("repo/.git/config");
    let ran = newcomer.moves();
    assert!(ran.stderr().contains("removed 4 tokens from git's configuration"), "{ran}");
    let section = "[credential \"https://HOST/o/libc%2B%2B.git\"]\n\tuseHttpPath = true\n";
    let expected = before.replace("alice:ghp_TESTONLY1@", "alice@") + &newcomer.fill(section);
    newcomer.holds("repo/.git/config", &expected);
    newcomer.git_fills("https://HOST/o/libc++.git", "alice", "ghp_TESTONLY1");
    assert_eq!(newcomer.keys.accounts().len(), 1);
    // A second run finds nothing to do.
    let ran = newcomer.moves();
    assert!(ran.stderr().contains("there is no token"), "{ran}");
    newcomer.holds("repo/.git/config", &expected);
}

#[test]
fn a_token_moves_from_every_setting_that_has_a_url() {
    for (key, value, left, url) in [
        ("submodule.s.url", "https://a:T@HOST/s.git", "https://a@HOST/s.git", "https://HOST/s.git"),
        ("remote.o.pushurl", "https://a:T@HOST/o/p", "https://a@HOST/o/p", "https://HOST/o/p"),
        ("branch.main.remote", "https://a:T@HOST/o/p", "https://a@HOST/o/p", "https://HOST/o/p"),
        ("branch.x.pushremote", "https://:T@HOST/p", "https://HOST/p", "https://HOST/p"),
        ("remote.pushdefault", "https://a:T@HOST/p", "https://a@HOST/p", "https://HOST/p"),
        (
            "lfs.url",
            "https://a:T@HOST/p.git/info/lfs",
            "https://a@HOST/p.git/info/lfs",
            "https://HOST/p.git",
        ),
        ("lfs.pushurl", "https://a:T@HOST/p", "https://a@HOST/p", "https://HOST/p"),
        ("remote.o.lfsurl", "https://a:T@HOST/l", "https://a@HOST/l", "https://HOST/l/x"),
        ("remote.o.lfspushurl", "https://a:T@HOST/l", "https://a@HOST/l", "https://HOST/l"),
        ("http.proxy", "https://a:T@HOST:3128", "https://a@HOST:3128", "https://HOST:3128"),
        ("remote.o.proxy", "https://a:T@HOST", "https://a@HOST", "https://HOST"),
        ("any.other.setting", "https://a:T@HOST/p", "https://a@HOST/p", "https://HOST/p"),
        ("url.gh:.insteadof", "https://a:T@HOST/o/", "https://a@HOST/o/", "https://HOST/o/p.git"),
        ("remote.o.url", "https://GHP:x-oauth-basic@HOST/p", "https://HOST/p", "https://HOST/p"),
    ] {
        let newcomer = in_repository();
        let token = "ghp_TESTONLYTESTONLY";
        let value = value.replace(":T@", &format!(":{token}@")).replace("GHP", token);
        newcomer.in_repository(&format!("config {key} {value}"));
        newcomer.moves();
        assert!(!newcomer.read("repo/.git/config").contains("TESTONLY"), "{key}");
        assert_eq!(
            newcomer.in_repository(&format!("config {key}")).trim(),
            newcomer.fill(left),
            "{key}"
        );
        let username = match (left.contains("a@"), value.contains("x-oauth-basic")) {
            (true, _) => "a",
            (_, true) => "x-access-token",
            _ => "token",
        };
        newcomer.git_fills(url, username, token);
    }
}

#[test]
fn a_token_moves_from_the_name_of_a_section() {
    for (key, value, left, url) in [
        (
            "url.https://GHP@HOST/.insteadOf",
            "https://HOST/",
            "url.https://HOST/.insteadof",
            "https://HOST/o",
        ),
        (
            "url.https://a:GHP@HOST/org/.insteadOf",
            "g:",
            "url.https://a@HOST/org/.insteadof",
            "https://HOST/org/r",
        ),
        (
            "credential.https://a:GHP@HOST.useHttpPath",
            "false",
            "credential.https://a@HOST.usehttppath",
            "https://HOST",
        ),
        (
            "http.https://GHP:x@HOST/o.sslVerify",
            "true",
            "http.https://HOST/o.sslverify",
            "https://HOST/o",
        ),
        (
            "lfs.https://a:GHP@HOST/p/info/lfs.access",
            "basic",
            "lfs.https://a@HOST/p/info/lfs.access",
            "https://HOST/p",
        ),
        ("credential.https://HOST/o.username", "GHP", "", "https://HOST/o/r"),
        ("credential.HOST.username", "GHP", "", "https://HOST/"),
    ] {
        let newcomer = in_repository();
        let token = "ghp_TESTONLYTESTONLY";
        newcomer.in_repository(&format!("config {key} {value}").replace("GHP", token));
        newcomer.moves();
        let config = newcomer.read("repo/.git/config");
        assert!(!config.contains("TESTONLY"), "{key}: {config}");
        if left.is_empty() {
            assert!(!config.contains("username"), "{key}: {config}");
        } else {
            assert_eq!(
                newcomer.in_repository(&format!("config {left}")).trim(),
                newcomer.fill(value)
            );
        }
        let username = if key.contains("a:GHP") { "a" } else { "x-access-token" };
        newcomer.git_fills(url, username, token);
    }
}

#[test]
fn a_token_moves_from_every_file_that_counts() {
    let newcomer = in_repository();
    newcomer.in_repository("config extensions.worktreeConfig true");
    newcomer.in_repository("config include.path ../../more");
    newcomer.sandbox.git(&["config", "--global", "--add", "include.path", "included"]);
    let url = |path: &str| newcomer.fill(&format!("https://a:ghp_TESTONLY_{path}@HOST/{path}.git"));
    let remote = |path: &str| format!("[remote \"{path}\"]\n\turl = {}\n", url(path));
    let global = newcomer.read("gitconfig");
    newcomer.write("gitconfig", &(global + &remote("global")));
    let files = [
        ("included", remote("included")),
        ("more", remote("more")),
        ("repo/.git/config.worktree", remote("worktree")),
        ("repo/.git/modules/a/b/config", remote("module")),
        ("repo/.git/modules/a/b/modules/c/config", remote("deeper")),
        ("repo/.gitmodules", format!("[submodule \"s\"]\n\turl = {}\n", url("tracked"))),
        ("repo/.lfsconfig", format!("[lfs]\n\turl = {}\n", url("lfs"))),
    ];
    for (file, content) in &files {
        newcomer.write(file, content);
    }
    for module in ["repo/.git/modules/a/b", "repo/.git/modules/a/b/modules/c"] {
        newcomer.write(format!("{module}/HEAD"), "ref: refs/heads/main\n");
    }
    fs::set_permissions(newcomer.sandbox.path("more"), fs::Permissions::from_mode(0o664)).unwrap();
    let ran = newcomer.moves();
    assert!(ran.stderr().contains("removed 8 tokens"), "{ran}");
    assert!(ran.stderr().contains("hint: a file of the working tree has been changed"), "{ran}");
    for (file, _) in files.iter().chain(&[("gitconfig", String::new())]) {
        let text = newcomer.read(file);
        let tells_itself = !["repo/.gitmodules", "repo/.lfsconfig"].contains(file);
        assert!(!text.contains("TESTONLY") && text.contains("https://a@"), "{file}: {text}");
        assert_eq!(text.contains("useHttpPath"), tells_itself, "{file}: {text}");
    }
    let rights = fs::metadata(newcomer.sandbox.path("more")).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o664);
    for path in ["global", "included", "more", "worktree", "tracked", "lfs"] {
        newcomer.git_fills(
            &format!("https://HOST/{path}.git"),
            "a",
            &format!("ghp_TESTONLY_{path}"),
        );
    }
    let tracked = newcomer.fill("https://HOST/tracked.git");
    assert!(newcomer.read("gitconfig").contains(&tracked), "for a submodule the user's own");
}

#[test]
fn where_one_file_cannot_be_changed_none_is_and_nothing_is_stored() {
    let newcomer = in_repository();
    newcomer.in_repository("config remote.o.url https://a:ghp_TESTONLY1@HOST/o.git");
    newcomer.in_repository("config --global remote.p.url https://a:ghp_TESTONLY2@HOST/p.git");
    let before = ["gitconfig", "repo/.git/config"].map(|file| newcomer.read(file));
    newcomer.write("gitconfig.lock", "git's");
    let ran = newcomer.import_in_repository("--from remotes --yes --remove");
    assert!(!ran.status.success(), "{ran}");
    let said = ran.stderr();
    assert!(said.contains("~/gitconfig cannot be changed") && said.contains(".lock file"), "{ran}");
    assert!(newcomer.keys.accounts().is_empty());
    assert_eq!(["gitconfig", "repo/.git/config"].map(|file| newcomer.read(file)), before);
    fs::remove_file(newcomer.sandbox.path("gitconfig.lock")).unwrap();
    newcomer.moves();
}

#[test]
fn of_several_tokens_for_one_account_the_one_that_git_used_is_kept() {
    let newcomer = in_repository();
    for (key, number) in [
        ("remote.o.url", 1),
        ("remote.o.url", 2),
        ("lfs.url", 3),
        ("lfs.url", 4),
        ("remote.twin.url", 5),
    ] {
        let path = if key == "lfs.url" { "lfs" } else { "o" };
        newcomer.in_repository(&format!(
            "config --add {key} https://a:ghp_TESTONLY{number}@HOST/{path}"
        ));
    }
    let ran = newcomer.moves();
    assert!(ran.stdout().contains("stays: another one here is for the same account"), "{ran}");
    newcomer.git_fills("https://HOST/o", "a", "ghp_TESTONLY1");
    newcomer.git_fills("https://HOST/lfs", "a", "ghp_TESTONLY4");
    let config = newcomer.read("repo/.git/config");
    assert_eq!(config.matches("TESTONLY").count(), 1, "{config}");
    assert!(config.contains("ghp_TESTONLY5"), "{config}");
}

#[test]
fn what_cannot_be_moved_is_named_and_stays() {
    let newcomer = in_repository();
    let token = "ghp_TESTONLYTESTONLY";
    for (key, value) in [
        ("alias.x", format!("!git clone https://a:{token}@HOST/x")),
        ("github.token", token.to_owned()),
        ("credential.username", token.to_owned()),
        ("remote.o.url", "https://TESTONLY:x-oauth-basic@HOST/o".to_owned()),
        ("remote.s.url", format!("ssh://a:{token}@HOST/o")),
        ("http.proxy", format!("http://a:{token}@HOST:3128")),
    ] {
        newcomer.sandbox.git(&["-C", "repo", "config", key, &newcomer.fill(&value)]);
    }
    let before = newcomer.read("repo/.git/config");
    let ran = newcomer.moves();
    newcomer.holds("repo/.git/config", &before);
    assert!(newcomer.keys.accounts().is_empty());
    let place = "~/repo/.git/config";
    let middle = "stays: a token stands in the middle of it: take it out by hand";
    for row in [
        format!("alias.x in {place} - {middle}"),
        format!("github.token in {place} - {middle}"),
        format!("credential.username in {place} - stays: it is for any host"),
        format!(
            "remote.o.url in {place} - stays: a token stands in its username's place, and the name \
             to send it with is not known"
        ),
        format!("remote.s.url in {place} - stays: it is not for https"),
        "http://HOST:3128 a stays: http is unencrypted".to_owned(),
    ] {
        assert!(newcomer.table(&ran).contains(&row), "{row}\n{ran}");
    }
}

#[test]
fn a_proxys_token_is_found_with_and_without_a_protocol() {
    for (protocol, left) in [("", "http://alice@HOST:3128"), ("http://", "http://alice@HOST:3128")]
    {
        let newcomer = in_repository();
        let line = format!("{BINARY} --allow-http");
        newcomer.sandbox.git(&["config", "--global", "credential.helper", &line]);
        let proxy = format!("{protocol}alice:ghp_TESTONLY1@HOST:3128");
        newcomer.in_repository(&format!("config http.proxy {proxy}"));
        newcomer.moves();
        let read = newcomer.in_repository("config http.proxy");
        assert_eq!(read.trim(), newcomer.fill(left));
        newcomer.git_fills("http://alice@HOST:3128", "alice", "ghp_TESTONLY1");
    }
}

#[test]
fn a_submodules_token_is_found_when_git_clones_it() {
    let desk = Home::bare().with_git_host();
    desk.server().create_repository("team/sub.git");
    let with_token = |url: &str| url.replace("https://", &format!("https://alice:{TOKEN}@"));
    let (whole, sub) = (desk.url("team/repo.git"), desk.url("team/sub.git"));
    desk.git(&["clone", "--quiet", &with_token(&sub), "sub"]);
    desk.git(&["-C", "sub", "commit", "--quiet", "--allow-empty", "-m", "First"]);
    desk.git(&["-C", "sub", "push", "--quiet", "origin", "HEAD:main"]);
    desk.git(&["clone", "--quiet", &with_token(&whole), "work"]);
    desk.git(&["-C", "work", "submodule", "add", "--quiet", "-b", "main", "../sub.git", "sub"]);
    // The accounts that git stored after each success do not belong to this test.
    let ran = desk.sandbox.helper(&["logout", "--keychain", "kernel", &desk.url("")], "");
    assert!(ran.status.success(), "{ran}");
    let mut command = desk.sandbox.command(BINARY);
    command.args(["import", "--from", "remotes", "--yes", "--remove", "--keychain", "kernel"]);
    command.current_dir(desk.sandbox.path("work"));
    let ran = run(command, b"");
    assert!(ran.status.success(), "{ran}");
    let left = desk.sandbox.run("grep", &["-r", "TESTONLY", "work/.git", "gitconfig"], b"");
    assert_eq!(left.stdout(), "", "{ran}");
    let accounts = desk.accounts();
    assert!(accounts.iter().any(|row| row.contains("team/sub alice")), "{accounts:?}");
    desk.git(&["-C", "work", "submodule", "--quiet", "deinit", "--force", "sub"]);
    fs::remove_dir_all(desk.sandbox.path("work/.git/modules/sub")).unwrap();
    desk.git(&["-C", "work", "submodule", "--quiet", "update", "--init"]);
    desk.git(&["-C", "work/sub", "fetch", "--quiet"]);
}
