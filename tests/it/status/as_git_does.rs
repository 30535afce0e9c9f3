//! The helpers that git asks at a URL, whether it sends the path, and the username it asks for: the
//! report is the same as what git itself does. Each helper is a program that notes that git asked
//! it.

use crate::support::home::Home;
use crate::support::program::gits;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const HELPERS: usize = 40;

/// Sections of every shape; `N` is the number of a helper, counted upwards.
const GLOBAL: &str = r#"
[credential]
	helper = probeN
[credential "https://h.example"]
	helper = probeN
	useHttpPath = true
[credential "https://h.example:443/"]
	helper = probeN
[credential "https://h.example:8443"]
	helper = probeN
	username = port
[credential "https://H.EXAMPLE"]
	helper = probeN
[credential "https://*.example"]
	helper = probeN
[credential "https://*.h.example/team"]
	helper = probeN
[credential "https://h.example/team"]
	helper = probeN
	username = team
[credential "https://h.example/team/repo"]
	helper = probeN
[credential "https://h.example/team/repo.git"]
	helper =
	helper = probeN
	useHttpPath = false
[credential "https://h.example/c%2B%2B"]
	helper = probeN
[credential "https://h.example/c++"]
	helper = probeN
[credential "https://h.example/50%"]
	helper = probeN
[credential "https://h.example/a%20b"]
	helper = probeN
[credential "https://alice@h.example"]
	helper = probeN
[credential "https://al%69ce:pw@h.example/team"]
	helper = probeN
[credential "h.example"]
	helper = probeN
[credential "h.example:8443"]
	helper = probeN
[credential "h.example/team/repo.git/"]
	helper = probeN
	helper = probeN
[credential "H.example"]
	helper = probeN
[credential "team@h.example"]
	helper = probeN
[credential "https://"]
	helper = probeN
	useHttpPath = yes
[credential "http://"]
	helper = probeN
	useHttpPath = off
[credential "/team"]
	helper = probeN
[credential "https://reset.example"]
	helper =
[credential "https://reset.example/still"]
	helper = probeN
[credential "https://h.example/o\"dd\\x"]
	helper = probeN
[credential ""]
	helper = probeN
[credential "https://other.example"]
	helper = probeN
[includeIf "gitdir:~/inside/"]
	path = included
[credential]
	helper = probeN
"#;

/// The sections that only the repository has.
const INCLUDED: &str = "[credential \"https://h.example\"]
	helper = probeN
	username = included
[credential]
	useHttpPath = 0
[credential \"included@h.example\"]
	helper = probeN
";

const LOCAL: &str = "[credential \"https://h.example/team\"]
	helper =
	helper = probeN
[credential]
	probe0 = true
	probe1 = true
	username = local
";

const URLS: [&str; 20] = [
    "https://h.example",
    "https://h.example/",
    "https://h.example:443",
    "https://h.example:8443",
    "https://h.example:8443/team",
    "https://H.example/team",
    "https://h.example/team",
    "https://h.example/team/",
    "https://h.example/teams",
    "https://h.example/team/repo.git",
    "https://h.example/team/repo",
    "https://h.example/c++",
    "https://h.example/a%20b",
    "https://h.example/50%25",
    "https://alice@h.example/team",
    "https://bob@h.example/team/repo.git",
    "https://sub.h.example/team",
    "https://reset.example",
    "https://reset.example/still/more",
    "http://127.0.0.1:8000/team",
];

/// Writes a configuration and gives its helpers numbers.
fn write(file: &Path, text: &str, number: &mut usize) {
    let mut parts = text.split("probeN");
    let mut numbered = parts.next().unwrap().to_owned();
    for part in parts {
        write!(numbered, "probe{number}{part}").unwrap();
        *number += 1;
    }
    assert!(*number <= HELPERS);
    fs::write(file, numbered).unwrap();
}

/// Makes a person with these helpers and configurations, and a repository in the folder `inside`.
fn user(git: &Path) -> Home {
    let mut user = Home::bare().with_git(git);
    let folder = user.sandbox.path("bin");
    fs::create_dir(&folder).unwrap();
    let script = "#!/bin/sh\n{ echo \"${0##*credential-}\"; cat; } >>\"$HOME/asked\"\n";
    fs::write(folder.join("script"), script).unwrap();
    fs::set_permissions(folder.join("script"), fs::Permissions::from_mode(0o755)).unwrap();
    for number in 0..HELPERS {
        let name = folder.join(format!("git-credential-probe{number}"));
        std::os::unix::fs::symlink(folder.join("script"), name).unwrap();
    }
    let path = user.sandbox.run("sh", &["-c", "printf %s \"$PATH\""], b"").stdout();
    user.sandbox.set("PATH", &format!("{}:{path}", folder.display()));
    user.sandbox.git(&["init", "-q", "inside"]);
    let mut number = 0;
    write(&user.sandbox.path("gitconfig"), GLOBAL, &mut number);
    write(&user.sandbox.path("included"), INCLUDED, &mut number);
    write(&user.sandbox.path("inside/.git/config"), LOCAL, &mut number);
    user
}

/// Returns what git does at a URL: the helpers that it asks, whether with a path, and the username.
fn git_does(user: &Home, folder: &str, url: &str) -> (Vec<String>, bool, Option<String>) {
    let asked = user.sandbox.path("asked");
    let _ = fs::remove_file(&asked);
    let fill = format!("cd {folder} && git credential fill");
    user.sandbox.run("sh", &["-c", &fill], format!("url={url}\n\n").as_bytes());
    let asked = fs::read_to_string(&asked).unwrap_or_default();
    let helpers = asked.lines().filter(|line| line.starts_with("probe")).map(str::to_owned);
    let value = |key: &str| asked.lines().find_map(|line| line.strip_prefix(key));
    (helpers.collect(), value("path=").is_some(), value("username=").map(str::to_owned))
}

/// Returns what `status` says that git does.
fn status_says(user: &Home, folder: &str, url: &str) -> (Vec<String>, bool, Option<String>) {
    let status = format!("cd {folder} && git credential-pat status --json --keychain kernel {url}");
    let ran = user.sandbox.run("sh", &["-c", &status], b"");
    let status: serde_json::Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let place = &status["places"][0];
    let helpers = place["helpers"].as_array().unwrap().iter();
    (
        helpers.map(|helper| helper["name"].as_str().unwrap().to_owned()).collect(),
        place["sends_path"] == true,
        place["username"].as_str().map(str::to_owned),
    )
}

#[test]
fn at_every_url_the_helpers_are_those_that_git_asks_in_its_order() {
    for git in gits() {
        let user = user(&git);
        let mut most = 0;
        for (folder, urls) in [(".", &URLS[..]), ("inside", &URLS[3..8])] {
            for url in urls {
                let (helpers, sends_path, username) = git_does(&user, folder, url);
                assert!(!helpers.is_empty(), "{folder} {url}: git asks nobody");
                most = most.max(helpers.len());
                let (said, path, name) = status_says(&user, folder, url);
                assert_eq!(said, helpers, "{folder} {url}");
                assert_eq!(name, username, "{folder} {url}");
                // Without a path, nobody can see whether it is sent.
                let has_path = url.trim_end_matches('/').matches('/').count() > 2;
                assert!(!has_path || path == sends_path, "{folder} {url}: {path}");
            }
        }
        assert!(most > 10, "too little is compared");
    }
}
