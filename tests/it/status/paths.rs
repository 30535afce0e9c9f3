//! Paths as git compares them: what a URL has, be it encoded or not, is what `login`, `import`,
//! `configure` and `status` take for the place, and git comes to the token there.

use super::TOKEN;
use crate::support::home::Home;
use crate::support::program::gits;
use crate::support::sandbox::Ran;

/// Paths of repositories whose tokens git comes to.
const PATHS: [&str; 24] = [
    "o/libc++.git",
    "c++",
    "o/a%2Bb.git",
    "a b/c.git",
    "a%20b/c",
    "o/(x).git",
    "~user/r.git",
    "%7Euser/r",
    "o/r.git/",
    "o/r//",
    "ü/r.git",
    "%c3%bc/r.git",
    "o/a%2Fb.git",
    "o/50%.git",
    "o/50%25.git",
    "o/%zz.git",
    "o/a:b@c.git",
    "o/r%3Fx%23y.git",
    "o/a,b;c=d&e!.git",
    "o/a'b\"c$*.git",
    "o/[x]{y}|^.git",
    "o/a\\b.git",
    "a%41/-R.git",
    "o/r.git/info/lfs",
];

/// Paths for which no token is kept.
const OF_NOBODY: [&str; 6] =
    ["o//r.git", "o/../r.git", "o/./r.git", "o/%2e%2E/r.git", "o/.git", "o/r.git.git"];

impl Home {
    /// Runs a command in a folder.
    fn in_folder(&self, folder: &str, words: &[&str], stdin: &str) -> Ran {
        let script = "cd \"$1\" && shift && exec \"$@\"";
        self.sandbox.run("sh", &[&["-c", script, "sh", folder], words].concat(), stdin.as_bytes())
    }

    fn pat(&self, folder: &str, words: &[&str], stdin: &str) -> Ran {
        self.in_folder(folder, &[&["git", "credential-pat"], words].concat(), stdin)
    }

    /// Whether git comes to this token at a URL.
    fn comes_to(&self, folder: &str, url: &str, token: &str) -> bool {
        let ran = self.in_folder(folder, &["git", "credential", "fill"], &format!("url={url}\n\n"));
        ran.stdout().contains(&format!("password={token}\n"))
    }

    #[track_caller]
    fn is_well(&self, folder: &str, words: &[&str]) {
        let ran = self.pat(folder, &[&["status", "--keychain", "kernel"], words].concat(), "");
        assert!(ran.status.success(), "{words:?}: {ran}");
    }
}

#[test]
fn git_comes_to_a_token_at_every_path_that_it_takes() {
    // Of an older git some will do.
    for (git, step) in gits().iter().zip([1, 3]) {
        let user = Home::bare().with_git(git).configured();
        let newcomer = Home::bare().with_git(git);
        for (number, path) in PATHS.iter().enumerate().step_by(step) {
            let token = format!("{TOKEN}{number}");
            let at = |part: &str| format!("{part}{number}.{}/{path}", user.host);
            let url = format!("https://{}", at("login"));
            let words = ["login", "--with-token", "--username", "alice", "--keychain", "kernel"];
            let ran = user.pat(".", &[&words[..], &[&url]].concat(), &token);
            assert!(ran.status.success(), "{path}: {ran}");
            let (_, advice) = ran.stderr().rsplit_once("send the path: ").map_or_else(
                || panic!("{path}: {ran}"),
                |(before, advice)| (before.to_owned(), advice.trim().to_owned()),
            );
            user.runs(&advice, "");
            assert!(user.comes_to(".", &url, &token), "{path}: {advice}");
            user.is_well(".", &[&url]);

            let repository = format!("import{number}");
            user.sandbox.git(&["init", "-q", &repository]);
            let remote = format!("https://bob:{token}@{}", at("import"));
            user.in_folder(&repository, &["git", "remote", "add", "origin", &remote], "");
            let import = ["import", "--from", "remotes", "--remove", "--yes"];
            let ran = user.pat(&repository, &[&import[..], &["--keychain", "kernel"]].concat(), "");
            assert!(ran.stderr().contains("removed 1 token"), "{path}: {ran}");
            let url = format!("https://bob@{}", at("import"));
            assert!(user.comes_to(&repository, &url, &token), "{path}: {ran}");
            user.is_well(&repository, &[]);
            user.is_well(&repository, &[&url]);

            let url = format!("https://configure{number}.{}/{path}", newcomer.host);
            let ran = newcomer.pat(".", &["configure", "--keychain", "kernel", "--yes", &url], "");
            assert!(ran.status.success(), "{path}: {ran}");
            let stored = format!("url={url}\nusername=carol\npassword={token}\n\n");
            newcomer.in_folder(".", &["git", "credential", "approve"], &stored);
            assert!(newcomer.comes_to(".", &url, &token), "{path}: {ran}");
            newcomer.is_well(".", &[&url]);
        }
    }
}

#[test]
fn a_path_of_nobody_is_refused_and_answered_from_its_host() {
    let user = Home::bare().configured();
    for path in OF_NOBODY {
        let url = user.url(path);
        for words in [&["login", "--with-token"][..], &["configure", "--yes"]] {
            let ran = user.pat(".", &[words, &["--keychain", "kernel", &url]].concat(), TOKEN);
            ran.fails(2, "empty, . and .. are no parts of one");
        }
        assert!(!user.comes_to(".", &url, TOKEN) && !user.finds(path).is_empty(), "{path}");
    }
    user.account("", "alice", |_| {});
    user.configure("credential.useHttpPath", "true");
    user.sandbox.git(&["init", "-q", "."]);
    for (number, path) in OF_NOBODY.iter().enumerate() {
        assert!(user.comes_to(".", &user.url(path), TOKEN), "{path}");
        assert!(user.finds(path).is_empty(), "{path}");
        user.sandbox.git(&["remote", "add", &format!("r{number}"), &user.url(path)]);
    }
    let status = user.status_of(&["--keychain", "kernel"]);
    assert_eq!(status["places"].as_array().unwrap().len(), OF_NOBODY.len());
    assert_eq!(status["well"], true);
}

#[test]
fn what_cannot_be_a_host_of_an_account_is_never_said_to_answer() {
    for git in gits() {
        let user = Home::bare().with_git(&git).configured();
        let host = format!("xn--mnchen-3ya.{}", user.host);
        let folded = format!("münchen.{}", user.host);
        user.sandbox.git(&["init", "-q", "."]);
        for (name, authority) in [
            ("raw", format!("alice@{folded}")),
            ("dot", format!("{host}.")),
            ("port", format!("{host}:0443")),
        ] {
            let url = format!("https://{authority}/o/r.git");
            user.sandbox.git(&["remote", "add", name, &url]);
            user.sandbox.git(&[
                "remote",
                "set-url",
                "--push",
                name,
                &url.replace("/r.git", "/p.git"),
            ]);
        }
        let status = user.status_of(&["--keychain", "kernel"]);
        assert_eq!(status["well"], true, "nothing is kept: {status:#}");
        let words = ["login", "--with-token", "--username", "alice", "--keychain", "kernel"];
        let url = format!("https://{host}");
        assert!(user.pat(".", &[&words[..], &[&url]].concat(), TOKEN).status.success());
        let status = user.status_of(&["--keychain", "kernel"]);
        assert!(!status["places"].to_string().contains("answers\":true"), "{status:#}");
        let findings = status["findings"].as_array().unwrap().iter();
        let wrong: Vec<_> = findings.filter(|finding| finding["wrong"] == true).collect();
        assert_eq!(wrong.len(), 6, "{status:#}");
        for finding in wrong {
            assert_eq!(finding["id"], "host");
            if let Some(command) = finding["command"].as_str() {
                user.runs(command, "");
            }
        }
        for name in ["raw", "dot", "port"] {
            let url = user.sandbox.git(&["remote", "get-url", name]);
            assert!(user.comes_to(".", url.trim(), TOKEN), "{url}");
        }
        for url in [format!("https://{host}:0443/r"), format!("HTTPS://{host}/r")] {
            let status = user.status_of(&["--keychain", "kernel", &url]);
            assert_eq!(
                (status["well"].as_bool(), &status["findings"][0]["id"]),
                (Some(false), &"host".into())
            );
            assert!(!user.comes_to(".", &url, TOKEN));
        }
        let url = format!("https://{folded}/o/r.git");
        user.pat(".", &["status", &url], "").fails(2, "only ASCII is answered");
    }
}
