//! Other tools that take the token, or let git take it: the blocks of `examples/tools.md`, each
//! with the real tool against a real server, under real-looking names of hosts.

mod cargo;
mod curl;
mod go;
mod npm;
mod pip;

use crate::support::home::Home;
use crate::support::onlooker::{Onlooker, Seen};
use crate::support::program::program;
use crate::support::residue::Needles;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::tools;
use crate::support::tunnel::Tunnel;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A desk at which tools find its two hosts by their names alone. The token for the first is in the
/// keychain, and nowhere else on this machine.
struct Bench {
    desk: Home,
    tunnel: Tunnel,
    token: String,
    name: String,
    other: String,
}

impl Bench {
    fn new() -> Self {
        let mut desk = Home::bare().with_git_host();
        let [name, other] = desk.server().names().clone();
        let [first, second, _] = desk.server().ports();
        let tunnel = Tunnel::new(vec![(name.clone(), first), (other.clone(), second)]);
        let certificate = desk.server().certificate().display().to_string();
        for (variable, value) in [
            ("PATH", tools::path()),
            ("https_proxy", tunnel.address()),
            ("CURL_CA_BUNDLE", certificate.clone()),
            ("CARGO_HTTP_CAINFO", certificate.clone()),
            ("SSL_CERT_FILE", certificate.clone()),
            ("NODE_EXTRA_CA_CERTS", certificate),
        ] {
            desk.set(variable, &value);
        }
        let token = new_token();
        desk.server().set_token("alice", &token);
        desk.server().set_api_token(&token);
        desk.approve(&format!("https://{name}"), "alice", &token);
        Self { desk, tunnel, token, name, other }
    }

    /// Takes the token out of the keychain, from now on, and puts it into a file that is bound to
    /// the first host.
    fn bind_to_a_file(&self) {
        let url = format!("https://{}", self.name);
        let ran = self.desk.sandbox.helper(&["logout", &url], "");
        assert!(ran.status.success(), "{ran}");
        let file = self.path("run/token");
        write(&file, &self.token);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let helper = format!("{BINARY} --for {url} --username alice --file {}", file.display());
        self.desk.configure("credential.helper", &helper);
    }

    /// Makes a repository at the first host with these files.
    fn repository(&self, path: &str, files: &[(&str, &str)]) {
        self.desk.server().create_repository(path);
        let checkout = self.path("checkout");
        let git = |args: &[&str]| {
            self.desk.git(&[&["-C", checkout.to_str().unwrap()], args].concat());
        };
        let url = format!("https://{}/{path}", self.name);
        self.desk.git(&["clone", "--quiet", &url, checkout.to_str().unwrap()]);
        for (name, text) in files {
            write(&checkout.join(name), text);
        }
        git(&["add", "."]);
        if files.iter().any(|(name, _)| *name == ".gitmodules") {
            let commit = self.desk.git(&["-C", checkout.to_str().unwrap(), "rev-parse", "HEAD"]);
            let link = format!("160000,{},module", commit.stdout().trim());
            git(&["update-index", "--add", "--cacheinfo", &link]);
        }
        git(&["commit", "--quiet", "--message", "Work"]);
        git(&["push", "--quiet"]);
        fs::remove_dir_all(checkout).unwrap();
    }

    /// Lets tools, from now on, find this name only.
    fn lead(&mut self, name: &str, port: u16) {
        self.tunnel = Tunnel::new(vec![(name.to_owned(), port)]);
        self.desk.set("https_proxy", &self.tunnel.address());
    }

    /// Returns a path below the home folder.
    fn path(&self, name: &str) -> PathBuf {
        self.desk.sandbox.path(name)
    }

    /// Returns a page's text, with the first host in place of the page's.
    fn here(&self, text: &str) -> String {
        text.replace("git.example.com", &self.name)
    }

    /// Runs a shell script in a folder below the home folder, for two minutes at most.
    fn runs(&self, folder: &str, script: &str) -> Ran {
        let mut command = self.desk.sandbox.command(program("timeout", "coreutils"));
        command.args(["120", "sh", "-euc", script]).current_dir(self.path(folder));
        run(command, b"")
    }

    /// Runs a script of a page, which must succeed and show the token in no process's arguments.
    /// Returns what was seen of it.
    #[track_caller]
    fn works(&self, folder: &str, script: &str) -> (Ran, Seen) {
        let onlooker = Onlooker::new(&self.token);
        let ran = self.runs(folder, &self.here(script));
        let seen = onlooker.stop();
        assert!(ran.status.success(), "{ran}");
        assert!(seen.rounds > 1 && seen.arguments.is_empty(), "{seen:#?}");
        let said = [ran.stdout(), ran.stderr()].concat();
        assert!(!said.contains(&self.token), "{ran}");
        (ran, seen)
    }

    /// Expects that no file below the home folder holds anything of the token.
    #[track_caller]
    fn is_clean(&self) {
        assert_eq!(self.tunnel.refused(), [""; 0], "nobody wanted to go elsewhere");
        let needles = Needles::new(&[self.token.as_bytes()]);
        let mut paths = vec![self.path("")];
        let mut files = 0;
        while let Some(path) = paths.pop() {
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                files += 1;
                let found = needles.find(&fs::read(&path).unwrap());
                assert!(found.is_empty(), "{}: {found:?}", path.display());
            }
        }
        assert!(files > 1, "there are no files");
    }

    /// Expects that the second host was asked for something, and always without a token.
    #[track_caller]
    fn the_other_got_no_token(&self) {
        let [_, second, _] = self.desk.server().ports();
        let requests = self.desk.server().requests(|all| all.iter().any(|r| r.port == second));
        let there = requests.iter().filter(|r| r.port == second);
        assert!(there.clone().all(|r| !r.authorized), "{:#?}", there.collect::<Vec<_>>());
    }
}

/// The paths below which the first host redirects to the second, and to the second's port.
const MOVED: [&str; 2] = ["moved", "moved-port"];

/// Makes a token that no other process on this machine has.
fn new_token() -> String {
    let part = || RandomState::new().hash_one("token");
    format!("ghp_TESTONLY{:016x}{:016x}", part(), part())
}

/// Writes a file, and the folders above it where they are missing.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The files of a library for cargo, pip and go in one.
const LIBRARY: &[(&str, &str)] = &[
    ("Cargo.toml", "[package]\nname = \"lib\"\nversion = \"1.0.0\"\nedition = \"2024\"\n"),
    ("src/lib.rs", ""),
    (
        "pyproject.toml",
        "[project]\nname = \"lib\"\nversion = \"1.0.0\"\n[build-system]\nrequires = []\n\
         build-backend = \"build_lib\"\nbackend-path = [\".\"]\n",
    ),
    (
        "build_lib.py",
        "import zipfile\n\
         def build_wheel(folder, settings=None, metadata=None):\n    \
             name = 'lib-1.0.0-py3-none-any.whl'\n    \
             info = 'lib-1.0.0.dist-info/'\n    \
             with zipfile.ZipFile(f'{folder}/{name}', 'w') as file:\n        \
                 file.writestr('lib_of_test.py', '')\n        \
                 file.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: lib\\nVersion: 1.0.0\\n')\n        \
                 file.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n        \
                 file.writestr(info + 'RECORD', '')\n    \
             return name\n",
    ),
    ("lib.go", "package lib\n"),
];

impl Bench {
    /// Makes the library as `team/lib.git`, and as `team/trap.git` with a submodule at the second
    /// host.
    fn libraries(&self) {
        let module = format!("module {}/team/lib\n\ngo 1.24\n", self.name);
        self.repository("team/lib.git", &[LIBRARY, &[("go.mod", &module)]].concat());
        let url = format!("https://{}/team/repo.git", self.other);
        self.library_with_module("team/trap.git", &url);
    }

    fn library_with_module(&self, path: &str, url: &str) {
        let modules = format!("[submodule \"module\"]\n\tpath = module\n\turl = {url}\n");
        self.repository(path, &[LIBRARY, &[(".gitmodules", &modules)]].concat());
    }
}
