//! A person's folder with the files of many programs, and what is found in it.

use super::Search;
use super::form::Form;
use crate::base64;
use crate::needle::Needle;
use crate::plain_text::places::Surroundings;
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

const TOKEN: &str = "ghp_TESTONLYTESTONLY01";

/// Tokens that are others, although they begin or end with it.
const ALIKE: [&str; 4] = [
    "ghp_TESTONLYTESTONLY012",
    "aghp_TESTONLYTESTONLY01",
    "ghp_TESTONLYTESTONLY01-x",
    "ghp_TESTONLYTESTONLY01.x",
];

struct Person {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, OsString>,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let home = folder.path().join("home").into_os_string();
        let person = Self { variables: [(variable.to_owned(), home)].into(), folder };
        fs::create_dir_all(person.path("home")).expect("a folder");
        fs::create_dir_all(person.path("project/.git")).expect("a folder");
        fs::create_dir_all(person.path("project/sub")).expect("a folder");
        person
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        path
    }

    fn search(&self, token: &str, stores: Vec<PathBuf>) -> Search {
        let token = Secret::new(token.as_bytes());
        let variable = |name: &str| self.variables.get(name).cloned();
        let here = Some(self.path("project/sub"));
        let surroundings = Surroundings { variable: &variable, here };
        let mut search = Search::default();
        search.look_around(&surroundings, stores, &Needle::of(&token));
        search
    }

    /// Returns the entries that are found, each as `file: entry`.
    fn found(&self) -> Vec<String> {
        let search = self.search(TOKEN, Vec::new());
        let shown = |file: &str| {
            let path = Path::new(file).strip_prefix(self.folder.path()).expect("below it");
            path.to_str().expect("text").replace('\\', "/")
        };
        search.copies.iter().map(|copy| format!("{}: {}", shown(&copy.file), copy.entry)).collect()
    }
}

/// Every file with its content, where `<T>` stands for the token, `<P>` for it in base64, and `<B>` for
/// `alice:<T>` in base64; and the entry that is found.
const FILES: [(&str, &str, &str); 33] = [
    (
        "home/.git-credentials",
        "https://a:x@h.example\nhttps://alice:<T>@github.com\n",
        "the line for alice at github.com",
    ),
    ("home/.config/git/credentials", "https://<T>@github.com/o\n", "the line for github.com"),
    (
        "home/.netrc",
        "machine h.example login alice\n password <T>\n",
        "the entry for alice at h.example",
    ),
    ("home/_netrc", "default login a password \"<T>\"\n", "the default entry"),
    (
        "home/.config/gh/hosts.yml",
        "github.com:\n    users:\n        alice:\n            oauth_token: <T>\n",
        "github.com: users: alice: oauth_token",
    ),
    (
        "home/.config/glab-cli/config.yml",
        "hosts:\n    h.example:\n        token: !!null <T>\n        user: b\n",
        "hosts: h.example: token",
    ),
    ("home/.config/tea/config.yml", "logins:\n- name: h\n  token: <T>\n", "logins: token"),
    (
        "home/.docker/config.json",
        "{\"auths\":{\"ghcr.io\":{\"auth\":\"<B>\"},\"r.example\":{}}}",
        "auths: ghcr.io: auth",
    ),
    (
        "home/.config/containers/auth.json",
        "{\n\"auths\": {\n\"quay.io\": {\n\"auth\": \"<B>\"}}}",
        "auths: quay.io: auth",
    ),
    (
        "home/.npmrc",
        "a=b\n//npm.pkg.github.com/:_authToken=<T>\n",
        "//npm.pkg.github.com/:_authToken",
    ),
    (
        "home/.yarnrc.yml",
        "npmRegistries:\n  \"//h.example\":\n    npmAuthToken: \"<T>\"\n",
        "npmRegistries: //h.example: npmAuthToken",
    ),
    ("home/.config/pnpm/rc", "_auth=<B>\n", "_auth"),
    ("project/.npmrc", "_auth = \"<B>\"\r\n", "_auth"),
    ("project/sub/.npmrc", "_password=<P>\n", "_password"),
    ("project/.env", "export GITHUB_TOKEN='<T>'\n", "export GITHUB_TOKEN"),
    (
        "project/auth.json",
        "{\"github-oauth\": {\"github.com\": \"<T>\"}}",
        "github-oauth: github.com",
    ),
    ("home/.cargo/credentials.toml", "[registry]\ntoken = \"<T>\"\n", "token in [registry]"),
    (
        "home/.cargo/credentials",
        "[registries.mine]\ntoken = 'Bearer <T>'\n",
        "token in [registries.mine]",
    ),
    (
        "home/.pypirc",
        "[distutils]\nindex-servers = pypi\n[pypi]\nusername: __token__\npassword: <T>\n",
        "password in [pypi]",
    ),
    (
        "home/.config/pip/pip.conf",
        "[global]\nextra-index-url =\n    https://h.example/simple\n    https://a:<T>@h.example/simple?a=b\n",
        "extra-index-url in [global]",
    ),
    ("home/.gradle/gradle.properties", "gpr.key=<T>\n", "gpr.key"),
    (
        "home/.config/composer/auth.json",
        "{\"http-basic\":{\"h.example\":{\"password\":\"<T>\"}}}",
        "http-basic: h.example: password",
    ),
    ("home/.bundle/config", "---\nBUNDLE_H__EXAMPLE: \"alice:<T>\"\n", "BUNDLE_H__EXAMPLE"),
    ("home/.m2/settings.xml", "<a>\n<password><T></password>\n</a>", "line 2"),
    ("home/.nuget/NuGet/NuGet.Config", "<add key=\"ClearTextPassword\" value=\"<T>\" />", "line 1"),
    ("home/.cache/huggingface/token", "<T>\n", "the whole file"),
    ("home/.cache/huggingface/stored_tokens", "[mine]\nhf_token = <T>\n", "hf_token in [mine]"),
    ("home/.bashrc", "# a\nexport GITHUB_TOKEN=<T>; x\n", "line 2"),
    ("home/.profile", "git clone https://<T>@h.example/x\n", "line 1"),
    ("home/.zsh_history", ": 1:0;curl -H 'PRIVATE-TOKEN: <T>'\n", "line 1"),
    ("home/.config/fish/config.fish", "set -x A <T>", "line 1"),
    ("home/.huggingface/token", "<T>", "the whole file"),
    (
        "home/.config/pypoetry/auth.toml",
        "[http-basic.mine]\npassword = \"<T>\"\n",
        "password in [http-basic.mine]",
    ),
];

fn filled(content: &str, token: &str) -> String {
    let in_base64 = base64::encode(format!("alice:{token}").as_bytes());
    let padding = ["", "", "==", "="][in_base64.len() % 4];
    content
        .replace("<B>", &(in_base64 + padding))
        .replace("<P>", &base64::encode(token.as_bytes()))
        .replace("<T>", token)
}

#[test]
fn every_file_with_the_token_is_named_with_its_entry() {
    let person = Person::new();
    for (name, content, _) in FILES {
        person.write(name, filled(content, TOKEN).as_bytes());
    }
    let found = person.found();
    for (name, _, entry) in FILES {
        assert!(found.contains(&format!("{name}: {entry}")), "{name}: {found:#?}");
    }
    assert_eq!(found.len(), FILES.len(), "{found:#?}");
}

#[test]
fn another_token_is_not_named_even_if_it_begins_alike() {
    for other in ALIKE.into_iter().chain(["glpat-TESTONLYTESTONLY"]) {
        let person = Person::new();
        for (name, content, _) in FILES {
            person.write(name, filled(content, other).as_bytes());
        }
        assert_eq!(person.found(), [""; 0], "{other}");
    }
}

#[test]
fn neither_an_entry_nor_what_mends_it_shows_the_token() {
    let person = Person::new();
    for (name, content, _) in FILES {
        person.write(name, filled(content, TOKEN).as_bytes());
    }
    // It stands where a name should.
    person.write("home/.git-credentials", format!("https://{TOKEN}:x@{TOKEN}/a\n").as_bytes());
    person.write("home/.netrc", format!("machine {TOKEN} login {TOKEN} password x\n").as_bytes());
    person.write("home/.npmrc", format!("[{TOKEN}]\n{TOKEN}={TOKEN}\n").as_bytes());
    person.write("home/.docker/config.json", format!("{{\"{TOKEN}\":\"{TOKEN}\"}}").as_bytes());
    person.write("home/.yarnrc.yml", format!("{TOKEN}:\n  {TOKEN}: {TOKEN}\n").as_bytes());
    let search = person.search(TOKEN, Vec::new());
    assert!(search.copies.len() >= FILES.len() - 1, "{:#?}", search.copies);
    for copy in &search.copies {
        let text = format!("{} {}", copy.place(), copy.mend.text());
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[test]
fn a_token_is_found_as_it_is_encoded_or_escaped() {
    let odd = "p&ss/w\"rd%41é==";
    let needle = Secret::new(odd.as_bytes());
    let needle = Needle::of(&needle);
    for text in [
        format!("x {odd} y"),
        "https://a:p%26ss%2fw%22rd%2541%C3%a9%3D%3d@h.example".to_owned(),
        "{\"a\": \"p\\u0026ss\\/w\\\"rd%41\\u00e9==\"}".to_owned(),
        format!("Authorization: Basic {}=", base64::encode(format!("a:{odd}").as_bytes())),
        base64::encode(format!(":{odd}").as_bytes()).replace('+', "-").replace('/', "_"),
    ] {
        assert!(needle.is_in(text.as_bytes()), "{text}");
    }
    for text in ["", "p&ss", "%", "\\", "\\u12", "====", &format!("a{odd}"), &format!("{odd}0")] {
        assert!(!needle.is_in(text.as_bytes()), "{text}");
    }
    assert!(!Needle::of(&Secret::new(b"")).is_in(b"anything"));
}

#[test]
fn programs_are_followed_to_where_their_variables_point() {
    let mut person = Person::new();
    for (variable, value, file) in [
        ("XDG_CONFIG_HOME", "c", "c/git/credentials"),
        ("GH_CONFIG_DIR", "gh", "gh/hosts.yml"),
        ("GLAB_CONFIG_DIR", "glab", "glab/config.yml"),
        ("DOCKER_CONFIG", "docker", "docker/config.json"),
        ("REGISTRY_AUTH_FILE", "a.json", "a.json"),
        ("XDG_RUNTIME_DIR", "run", "run/containers/auth.json"),
        ("NPM_CONFIG_USERCONFIG", "npmrc", "npmrc"),
        ("CARGO_HOME", "cargo", "cargo/credentials.toml"),
        ("PIP_CONFIG_FILE", "pip.conf", "pip.conf"),
        ("HF_HOME", "hf", "hf/token"),
        ("NETRC", "other.netrc", "other.netrc"),
    ] {
        let value = person.path(value).into_os_string();
        person.variables.insert(variable.to_owned(), value);
        person.write(file, TOKEN.as_bytes());
        let found = person.found();
        assert!(found.iter().any(|one| one.starts_with(&format!("{file}: "))), "{file} {found:?}");
    }
    let store = person.write("store", format!("https://alice:{TOKEN}@h.example").as_bytes());
    let search = person.search(TOKEN, vec![store]);
    assert!(search.copies.iter().any(|c| c.entry == "the line for alice at h.example"));
}

#[test]
fn what_stands_outside_of_every_entry_is_named_by_its_line() {
    let person = Person::new();
    person.write(
        "home/.netrc",
        format!("# {TOKEN}\nmachine a password {TOKEN}\n# {TOKEN}.\n").as_bytes(),
    );
    person.write("home/.npmrc", format!("\u{feff}# {TOKEN}\r\nx={TOKEN}\r\n").as_bytes());
    assert_eq!(
        person.found(),
        [
            "home/.netrc: the entry for a",
            "home/.netrc: line 1",
            "home/.netrc: line 3",
            "home/.npmrc: x",
            "home/.npmrc: line 1",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let person = Person::new();
    let long = [b"x".repeat(4 << 20), TOKEN.as_bytes().to_vec()].concat();
    person.write("home/.npmrc", &long);
    fs::create_dir(person.path("home/.pypirc")).expect("a folder");
    // What lies below a file is not there.
    person.write("home/.cargo", b"x");
    let search = person.search(TOKEN, Vec::new());
    let unread: Vec<_> = search.unread.iter().map(|unread| unread.why).collect();
    assert_eq!(unread, ["it is longer than 4 MiB", "it is no plain file"]);
    assert!(search.copies.is_empty());
}

#[cfg(unix)]
#[test]
fn neither_a_link_is_followed_nor_a_pipe_waited_for() {
    use std::os::unix::fs::symlink;
    let person = Person::new();
    let real = person.write("real", format!("https://a:{TOKEN}@h.example").as_bytes());
    symlink(&real, person.path("home/.git-credentials")).expect("a link");
    symlink(person.path("nowhere"), person.path("home/.npmrc")).expect("a link");
    symlink("/dev/zero", person.path("home/.pypirc")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(person.path("home/.netrc")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    let search = person.search(TOKEN, Vec::new());
    let link = "it is a link, which is not followed";
    let unread: Vec<_> = search.unread.iter().map(|unread| unread.why).collect();
    assert_eq!(unread, [link, "it is no plain file", link, link]);
    assert!(search.copies.is_empty());
}

#[test]
fn a_file_may_hold_anything() {
    let person = Person::new();
    let hostile: [&[u8]; 9] = [
        b"\0\xff\xfe",
        b"\\",
        b"[",
        b"[]\n=\n:\n = \n\"",
        b"{\"a\":{\"b\"",
        b"machine",
        b"    :\n  : :\n:",
        b"\xef\xbb\xbf",
        b"https://%@%:%@%/\n%",
    ];
    for text in hostile {
        let around = [text, TOKEN.as_bytes(), text].concat();
        for content in [text, around.as_slice()] {
            for (name, _, _) in FILES {
                person.write(name, content);
            }
            let _ = person.found();
        }
    }
    // As many places as a file can hold are neither counted for minutes nor all named.
    person
        .write("home/.git-credentials", format!("https://a:{TOKEN}@h\n").repeat(50_000).as_bytes());
    let search = person.search(TOKEN, Vec::new());
    let lines = search.copies.iter().filter(|copy| copy.file.ends_with(".git-credentials"));
    assert!((1..=20).contains(&lines.count()));
}

#[test]
fn a_command_takes_out_the_entry_and_nothing_else() {
    let person = Person::new();
    let mend = |name: &str, content: &str| {
        person.write(name, content.replace("<T>", TOKEN).as_bytes());
        let mut search = person.search(TOKEN, Vec::new());
        fs::remove_file(person.path(name)).expect("removed");
        let path = person.path(name).into_os_string().into_string().expect("text");
        let text = search.copies.remove(0).mend.text().to_owned();
        text.replace(&path, "FILE").replace(path.rsplit_once('/').expect("a folder").0, "FOLDER")
    };
    let by_hand = super::mending::BY_HAND;
    for (name, content, expected) in [
        (
            "home/.git-credentials",
            "https://a%20b:<T>@h.example:8443\nhttps://c:x@h.example\n",
            "printf '%s\\n' protocol=https host=h.example:8443 'username=a b' '' | \
             git credential-store --file FILE erase",
        ),
        // It would take out the other line, too.
        ("home/.git-credentials", "https://a:<T>@h.example\nhttps://a:x@h.example/o\n", by_hand),
        ("home/.git-credentials", "https://<T>@h.example\n", by_hand),
        ("home/.netrc", "machine h password <T>", by_hand),
        ("home/.npmrc", "//h/:_authToken=<T>", "npm config delete --location=user //h/:_authToken"),
        ("project/.npmrc", "//h/:_authToken=<T>", by_hand),
        ("home/.npmrc", "-x=<T>", by_hand),
        ("home/.cargo/credentials.toml", "[registry]\ntoken='<T>'", "cargo logout"),
        (
            "home/.cargo/credentials.toml",
            "[registries.mine]\ntoken='<T>'",
            "cargo logout --registry mine",
        ),
        (
            "home/.docker/config.json",
            "{\"auths\":{\"https://index.docker.io/v1/\":{\"identitytoken\":\"<T>\"}}}",
            "docker --config FOLDER logout https://index.docker.io/v1/",
        ),
        ("home/.docker/config.json", "{\"HttpHeaders\":{\"X\":\"<T>\"}}", by_hand),
        (
            "home/.config/containers/auth.json",
            "{\"auths\":{\"$(x)\":{\"auth\":\"<T>\"}}}",
            "podman logout --authfile FILE '$(x)'",
        ),
        (
            "home/.config/gh/hosts.yml",
            "h:\n  users:\n    bob:\n      oauth_token: <T>\n",
            "gh auth logout --hostname h --user bob",
        ),
        ("home/.config/gh/hosts.yml", "h:\n  oauth_token: <T>\n", "gh auth logout --hostname h"),
        (
            "home/.config/glab-cli/config.yml",
            "hosts:\n  h:\n    token: <T>\n",
            "glab auth logout --hostname h",
        ),
        ("home/.cache/huggingface/token", "<T>", if cfg!(unix) { "rm FILE" } else { by_hand }),
    ] {
        assert_eq!(mend(name, content), expected, "{name} {content}");
    }
}

#[test]
fn a_setting_of_gits_is_named_without_its_token() {
    let person = Person::new();
    let needle = Secret::new(TOKEN.as_bytes());
    let needle = Needle::of(&needle);
    let path = person.path("config");
    let header = base64::encode(format!("x-access-token:{TOKEN}").as_bytes());
    for (text, name, mend) in [
        (
            format!("[remote \"a b\"]\n\turl = \"https://alice:{TOKEN}@h.example/o/r.git\"\n"),
            "remote.a b.url",
            "git config --file FILE 'remote.a b.url' https://alice@h.example/o/r.git",
        ),
        (
            format!("[remote \"o\"]\nurl = https://{TOKEN}@h.example/o\nurl = https://x\n"),
            "remote.o.url",
            "git config --file FILE --edit",
        ),
        (
            format!("[url \"https://a:{TOKEN}@h.example/\"]\n insteadOf = x:\n"),
            "url.https://a@h.example/.*",
            "git config --file FILE --edit",
        ),
        (
            format!(
                "[http \"https://h.example/\"]\n extraHeader = Authorization: basic {header}\n"
            ),
            "http.https://h.example/.extraheader",
            "git config --file FILE --unset http.https://h.example/.extraheader",
        ),
        (
            format!("[credential \"https://h.example\"]\nusername = {TOKEN}\n"),
            "credential.https://h.example.username",
            "git config --file FILE --unset credential.https://h.example.username",
        ),
        (
            format!("[credential]\nhelper = \"!f() {{ echo password={TOKEN}; }}; f\"\n"),
            "credential.helper",
            "git config --file FILE --edit",
        ),
        (
            format!("[a \"https://h.example/{TOKEN}\"]\nb = {TOKEN}\n"),
            "line 1",
            "git config --file FILE --edit",
        ),
        (format!("[a]\n; {TOKEN}\n"), "line 2", "git config --file FILE --edit"),
        (format!("[a\n{TOKEN}"), "line 2", "git config --file FILE --edit"),
    ] {
        let mut search = Search::default();
        search.look_at(&path, Form::Git, text.as_bytes(), &needle);
        let copy = search.copies.first().expect("a copy");
        let told = copy.mend.text().replace(path.to_str().expect("text"), "FILE");
        assert_eq!((copy.entry.as_str(), told.as_str()), (name, mend), "{text}");
    }
}
