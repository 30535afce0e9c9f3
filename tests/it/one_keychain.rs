//! At every URL each command, docker's helper and git look into one and the same keychain: that of
//! our line that git uses at that very URL.

mod strangers;

use crate::support::home::Home;
use crate::support::program::{gits, program};
use crate::support::sandbox::Ran;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const TOKEN: &str = "ghp_TESTONLYonekeychain";
const DESKTOPS: &str = "pat --keychain secret-service";
const KERNELS: &str = "pat --keychain kernel";

/// Makes a person at a desktop, whose git is not configured.
fn at_desktop() -> Home {
    Home::with_gnome_keyring().with_docker()
}

/// Makes a person at a desktop, whose git asks the desktop's keychain.
fn configured() -> Home {
    at_desktop().configured()
}

/// A person with several keychains.
impl Home {
    /// Adds text to git's global configuration.
    fn configures(&self, text: &str) {
        let file = self.sandbox.path("gitconfig");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, before + &self.fill(text)).unwrap();
    }

    fn docker_in(&self, folder: &str, action: &str, stdin: &str) -> Ran {
        let program = self.sandbox.path("bin/docker-credential-pat");
        let mut command = self.sandbox.command(program);
        command.arg(action).current_dir(self.sandbox.path(folder));
        crate::support::sandbox::run(command, self.fill(stdin).as_bytes())
    }

    /// Returns the password that git gets at a URL.
    fn git_gets(&self, git: &Path, folder: &str, url: &str) -> Option<String> {
        let mut command = self.sandbox.command(git);
        command.args(["credential", "fill"]).current_dir(self.sandbox.path(folder));
        let ran = crate::support::sandbox::run(command, format!("url={url}\n\n").as_bytes());
        let said = ran.stdout();
        said.lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned)
    }

    /// Returns the keychain of each account that `list` shows for the test's hosts.
    fn keychains(&self, words: &str) -> Vec<String> {
        let ran = self.types(&format!("list {words}"), "");
        assert!(ran.status.success(), "{ran}");
        let said = ran.stdout();
        let lines = said.lines().filter(|line| line.contains(&self.host));
        lines
            .map(|line| {
                let mut words = line.split_whitespace();
                format!("{} {}", words.next().unwrap(), words.next_back().unwrap())
            })
            .collect()
    }
}

#[track_caller]
fn works(ran: &Ran) -> String {
    assert!(ran.status.success() && !ran.stderr().contains("TESTONLY"), "{ran}");
    ran.stderr()
}

#[test]
fn after_configure_for_one_host_everything_there_is_in_its_keychain() {
    let somebody = at_desktop();
    works(&somebody.types("configure --yes --keychain kernel https://HOST", ""));
    let login = "login --with-token --username alice --also r.HOST https://HOST/";
    let said = works(&somebody.types(login, TOKEN));
    assert!(said.contains("(kernel)") && !said.contains("does not use this helper"), "{said}");
    let url = format!("https://{}", somebody.host);
    assert_eq!(somebody.keys.accounts(), [format!("{url} alice")]);
    for git in gits() {
        assert_eq!(somebody.git_gets(&git, ".", &url).as_deref(), Some(TOKEN));
    }
    somebody.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    let exec = "exec --env T https://HOST/team/repo.git -- printenv T";
    somebody.types(exec, "").prints(&format!("{TOKEN}\n"));
    let got = somebody.docker_in(".", "get", "r.HOST");
    assert!(got.status.success() && got.stdout().contains(TOKEN), "{got}");
    // docker stores the account that it got, and that ends no link.
    works(&somebody.docker_in(".", "store", &got.stdout()));
    let linked = format!("docker://r.{} secret-service", somebody.host);
    let listed = [format!("{url} kernel"), linked];
    assert_eq!(somebody.keychains(""), listed);
    let status = somebody.types("status https://HOST", "");
    assert!(status.status.success() && status.stdout().contains("answers"), "{status}");
    // At any other host the keychain is the desktop's.
    let said = works(&somebody.types("login --with-token https://x.HOST", TOKEN));
    assert!(said.contains("(secret-service)"), "{said}");
    let setting =
        format!("git config --global --add credential.https://x.{}.helper", somebody.host);
    assert!(said.contains(&setting), "for that host alone: {said}");
    works(&somebody.types("logout https://HOST", ""));
    works(&somebody.types("logout docker://r.HOST", ""));
    assert_eq!(somebody.keychains(""), [format!("https://x.{} secret-service", somebody.host)]);
}

/// Lines for the kernel's keyring, and URLs at which git uses them or does not.
const SHAPES: [(&str, &str, bool); 14] = [
    ("[credential \"https://HOST\"]", "https://HOST/team", true),
    ("[credential \"https://HOST\"]", "https://HOST:8443", false),
    ("[credential \"https://HOST:8443\"]", "https://HOST:8443", true),
    ("[credential \"https://HOST:8443\"]", "https://HOST", false),
    ("[credential \"https://HOST:443\"]", "https://HOST", true),
    ("[credential \"https://HOST/team\"]", "https://HOST/team/repo", true),
    ("[credential \"https://HOST/team\"]", "https://HOST", false),
    ("[credential \"https://*.HOST\"]", "https://x.HOST", true),
    ("[credential \"https://*.HOST\"]", "https://HOST", false),
    ("[credential \"https://alice@HOST\"]", "https://alice@HOST", true),
    ("[credential \"https://alice@HOST\"]", "https://bob@HOST", false),
    ("[credential \"HOST\"]", "https://HOST/team", true),
    ("[credential \"HOST/team\"]", "https://HOST/team/repo", false),
    ("[credential \"https://\"]", "https://HOST", true),
];

#[test]
fn lines_of_every_shape_mean_to_a_login_what_they_mean_to_git() {
    for git in gits() {
        for (section, url, is_met) in SHAPES {
            let somebody = configured();
            let lines =
                format!("{section}\n\thelper =\n\thelper = {KERNELS}\n\tuseHttpPath = true\n");
            somebody.configures(&format!("{lines}[credential]\n\tuseHttpPath = true\n"));
            let said = works(&somebody.types(&format!("login --with-token {url}"), TOKEN));
            let expected = if is_met { "(kernel)" } else { "(secret-service)" };
            assert!(said.contains(expected), "{section} {url}: {said}");
            assert!(!said.contains("git config"), "{section} {url}: {said}");
            let at = url.replace("HOST", &somebody.host);
            let got = somebody.git_gets(&git, ".", &at);
            assert_eq!(got.as_deref(), Some(TOKEN), "{section} {url}");
            somebody.types(&format!("token {url}"), "").prints(&format!("{TOKEN}\n"));
            works(&somebody.types(&format!("logout {url}"), ""));
            assert_eq!(somebody.git_gets(&git, ".", &at), None, "{section} {url}");
        }
    }
}

#[test]
fn a_file_that_git_includes_in_one_folder_counts_there() {
    let somebody = configured();
    let text = format!("[credential]\n\thelper =\n\thelper = {KERNELS}\n");
    fs::write(somebody.sandbox.path("work"), text).unwrap();
    somebody.configures("[includeIf \"gitdir:~/inside/\"]\n\tpath = work\n");
    somebody.git(&["init", "-q", "inside"]);
    let url = format!("https://{}", somebody.host);
    for (folder, keychain) in [("inside", "(kernel)"), (".", "(secret-service)")] {
        let said = works(&somebody.types_in(folder, "login --with-token https://HOST", TOKEN));
        assert!(said.contains(keychain), "{folder}: {said}");
        for git in gits() {
            assert_eq!(somebody.git_gets(&git, folder, &url).as_deref(), Some(TOKEN));
        }
        works(&somebody.types_in(folder, "logout https://HOST", ""));
    }
}

#[test]
fn the_option_decides_and_a_line_that_says_otherwise_is_named() {
    let somebody = configured();
    let login = "login --with-token --keychain kernel https://HOST";
    let said = works(&somebody.types(login, TOKEN));
    let url = format!("https://{}", somebody.host);
    let differs = format!("git's helper line for {url} names secret-service, --keychain kernel\n");
    assert!(said.contains(&format!("git-credential-pat: login: {differs}")), "{said}");
    assert_eq!(somebody.keys.accounts().len(), 1);
    for line in [
        "token --keychain kernel https://HOST",
        "exec --keychain kernel --env T https://HOST -- true",
        "logout --keychain kernel https://HOST",
    ] {
        let said = works(&somebody.types(line, ""));
        assert!(said.contains(&differs), "{line}: {said}");
    }
    let said = works(&somebody.types("login --with-token --keychain secret-service HOST", TOKEN));
    assert!(!said.contains("names"), "{said}");
    assert_eq!(somebody.keychains("--keychain kernel"), [""; 0]);
    let status = somebody.types("status --keychain kernel https://HOST", "").stdout();
    assert!(
        status.contains("git asks secret-service there, and kernel is looked into"),
        "{status}"
    );
}

#[test]
fn the_environment_counts_where_no_line_says_anything() {
    let mut somebody = at_desktop();
    somebody.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
    let keychain = |somebody: &Home| {
        let said = works(&somebody.types("login --with-token --replace https://HOST", TOKEN));
        works(&somebody.types("logout https://HOST", ""));
        if said.contains("(kernel)") { "kernel" } else { "secret-service" }
    };
    assert_eq!(keychain(&somebody), "kernel");
    somebody.git(&["config", "--global", "credential.helper", "pat"]);
    assert_eq!(keychain(&somebody), "kernel");
    somebody.git(&["config", "--global", "credential.helper", DESKTOPS]);
    assert_eq!(keychain(&somebody), "secret-service");
    somebody.git(&["config", "--global", "credential.helper", "pat"]);
    somebody.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "");
    assert_eq!(keychain(&somebody), "secret-service");
}

#[test]
fn list_shows_what_each_keychain_holds_and_which_cannot_be_asked() {
    let mut somebody = configured();
    let lines = format!("[credential \"https://HOST\"]\n\thelper =\n\thelper = {KERNELS}\n");
    somebody.configures(&lines);
    for url in ["https://HOST", "https://x.HOST"] {
        works(&somebody.types(&format!("login --with-token {url}"), TOKEN));
    }
    let (here, there) =
        (format!("https://{}", somebody.host), format!("https://x.{}", somebody.host));
    let both = [format!("{here} kernel"), format!("{there} secret-service")];
    assert_eq!(somebody.keychains(""), both);
    assert_eq!(somebody.keychains("--keychain kernel"), both[..1]);
    let status = somebody.types("status", "").stdout();
    for shown in [&here, &there, "keychain   kernel", "keychain   secret-service"] {
        assert!(status.contains(shown), "{status}");
    }
    // A desktop that is gone hides nothing of the other keychain, but list fails.
    somebody.sandbox.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let ran = somebody.types("list", "");
    assert!(ran.status.code() == Some(1) && ran.stdout().contains(&here), "{ran}");
    assert!(ran.stderr().contains("list: secret-service: the keychain cannot be reached"), "{ran}");
    // A keychain that nothing names may be missing.
    somebody.git(&["config", "--global", "--unset", "credential.helper", "^pat"]);
    let ran = somebody.types("list", "");
    assert!(ran.status.success() && ran.stdout().contains(&here), "{ran}");
    assert!(ran.stderr().contains("the keychain for all other places: "), "{ran}");
}

#[test]
fn import_puts_each_token_where_its_place_says() {
    let somebody = configured();
    let lines = format!("[credential \"https://HOST\"]\n\thelper =\n\thelper = {KERNELS}\n");
    somebody.configures(&lines);
    let file = "https://alice:ghp_TESTONLY1@HOST\nhttps://bob:ghp_TESTONLY2@x.HOST\n\
                https://carol:ghp_TESTONLY3@y.HOST\n";
    let text = file.replace("HOST", &somebody.host);
    fs::write(somebody.sandbox.path(".git-credentials"), text).unwrap();
    let said = works(&somebody.types("import --from store --yes", ""));
    assert!(said.contains("stored 1 token in the kernel's keyring"), "{said}");
    assert!(said.contains("stored 2 tokens in the desktop's keychain"), "{said}");
    let host = &somebody.host;
    let listed = [
        format!("https://{host} kernel"),
        format!("https://x.{host} secret-service"),
        format!("https://y.{host} secret-service"),
    ];
    assert_eq!(somebody.keychains(""), listed);
    for git in gits() {
        let url = format!("https://{host}");
        assert_eq!(somebody.git_gets(&git, ".", &url).as_deref(), Some("ghp_TESTONLY1"));
    }
}

#[test]
fn http_is_allowed_where_the_line_for_it_says_so() {
    let somebody = configured();
    let login = "login --with-token http://HOST:3128";
    somebody.types(login, TOKEN).fails(1, "add --allow-http");
    let section = "[credential \"http://HOST:3128\"]";
    somebody.configures(&format!("{section}\n\thelper =\n\thelper = {KERNELS} --allow-http\n"));
    assert!(works(&somebody.types(login, TOKEN)).contains("(kernel)"));
    let url = format!("http://{}:3128", somebody.host);
    for git in gits() {
        assert_eq!(somebody.git_gets(&git, ".", &url).as_deref(), Some(TOKEN));
    }
    somebody.types("token http://HOST:3128", "").prints(&format!("{TOKEN}\n"));
    somebody.types("token http://HOST:3129", "").fails(1, "add --allow-http");
}

#[test]
fn token_and_exec_take_what_git_would_also_from_a_source() {
    let mut somebody = at_desktop();
    let url = format!("https://{}", somebody.host);
    somebody.configures(&format!("[credential]\n\thelper = pat --for {url} --env FOR_GIT\n"));
    somebody.sandbox.set("FOR_GIT", "ghp_TESTONLYsource");
    somebody.types("token https://HOST/team", "").prints("ghp_TESTONLYsource\n");
    somebody.types("exec --env T https://HOST -- printenv T", "").prints("ghp_TESTONLYsource\n");
    somebody.types("token https://x.HOST", "").fails(1, "no such account");
    // git does not use the account that is stored now, and login says so.
    let said = works(&somebody.types("login --with-token https://HOST", TOKEN));
    assert!(said.contains("from pat --for") && said.contains("asks no keychain"), "{said}");
    // Source and keychain are asked one after the other, in git's order.
    somebody.configures(&format!("[credential]\n\thelper = {DESKTOPS}\n"));
    works(&somebody.types("login --with-token https://x.HOST", TOKEN));
    somebody.types("token https://x.HOST", "").prints(&format!("{TOKEN}\n"));
    somebody.sandbox.unset("FOR_GIT");
    for git in gits() {
        assert_eq!(somebody.git_gets(&git, ".", &url).as_deref(), Some(TOKEN));
    }
    somebody.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
}

#[test]
fn token_takes_the_account_for_which_git_asks() {
    let somebody = configured();
    for (name, token) in [("alice", TOKEN), ("bob", "ghp_TESTONLYbob")] {
        let login = format!("login --with-token --username {name} https://HOST");
        works(&somebody.types(&login, token));
    }
    // The account that has answered so far goes on to answer.
    somebody.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    works(&somebody.types("use https://HOST --unset", ""));
    somebody.types("token https://HOST", "").fails(2, "--username NAME");
    somebody.git(&["config", "--global", "credential.https://HOST.username", "bob"]);
    somebody.types("token https://HOST", "").prints("ghp_TESTONLYbob\n");
    somebody.types("token --username alice https://HOST", "").prints(&format!("{TOKEN}\n"));
    somebody.git(&["config", "--global", "credential.https://HOST.username", "carol"]);
    let message = "token: git's configuration asks for carol there\n";
    somebody.types("token https://HOST", "").fails(1, message);
}

#[test]
fn a_broken_configuration_is_said_and_no_keychain_is_guessed() {
    let somebody = configured();
    somebody.configures("[credential\n");
    for (line, stdin) in [
        ("login --with-token https://HOST", TOKEN),
        ("token https://HOST", ""),
        ("exec --env T https://HOST -- true", ""),
        ("logout https://HOST", ""),
        ("list", ""),
        ("import --from store --yes", ""),
    ] {
        let ran = somebody.types(line, stdin);
        ran.fails(1, "git cannot read its configuration\nhint: ");
        assert!(ran.stderr().contains("git: bad config line"), "{ran}");
    }
    let ran = somebody.docker_in(".", "get", "r.HOST");
    assert!(ran.stdout().contains("git cannot read its configuration (mend"), "{ran}");
    assert!(ran.status.code() == Some(1) && ran.stderr.is_empty(), "{ran}");
}

#[test]
fn without_git_there_is_a_keychain_all_the_same() {
    let mut somebody = at_desktop();
    somebody.sandbox.set("PATH", "/nowhere");
    let entry = "{\"ServerURL\":\"r.HOST\",\"Username\":\"alice\",\"Secret\":\"ghp_TESTONLY1\"}\n";
    somebody.docker_in(".", "store", entry).prints("");
    let ran = somebody.docker_in(".", "get", "r.HOST");
    ran.prints(&entry.replace("HOST", &somebody.host));
    assert_eq!(somebody.keychains("").len(), 1);
}

#[test]
fn a_git_that_says_no_scopes_is_understood_and_its_lines_not_trusted() {
    let mut somebody = configured();
    let lines = format!("[credential \"https://HOST\"]\n\thelper =\n\thelper = {KERNELS}\n");
    somebody.configures(&lines);
    somebody
        .configures(&format!("[credential \"http://HOST\"]\n\thelper = {KERNELS} --allow-http\n"));
    // A git before 2.26 fails like this.
    let bin = somebody.sandbox.path("old");
    fs::create_dir(&bin).unwrap();
    let git = program("git", "git");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--show-scope*) exit 129;; esac\nexec {} \"$@\"\n",
        git.display()
    );
    fs::write(bin.join("git"), script).unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = somebody.sandbox.run("sh", &["-c", "printf %s \"$PATH\""], b"").stdout();
    somebody.sandbox.set("PATH", &format!("{}:{path}", bin.display()));
    let said = works(&somebody.types("login --with-token https://HOST", TOKEN));
    assert!(said.contains("(kernel)") && !said.contains("hint: git"), "{said}");
    somebody.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    somebody.types("login --with-token http://HOST", TOKEN).fails(1, "http is unencrypted");
}
