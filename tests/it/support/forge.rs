//! A forge's API behind the git host: what it knows of tokens, what goes wrong at it, and what it
//! was asked. The program that answers is in `forge/`, a file for each forge.

use super::server::hand_over;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The names that are the forges' own, for a proxy that leads them here.
pub const NAMES: [&str; 7] = [
    "github.com",
    "api.github.com",
    "acme.ghe.com",
    "api.acme.ghe.com",
    "gitlab.com",
    "bitbucket.org",
    "api.bitbucket.org",
];

/// GitHub's own description of its API, cut to what is asked.
pub const GITHUB: &str = include_str!("forge/github.json");

const PROGRAM: [(&str, &str); 10] = [
    ("forge.py", include_str!("forge/forge.py")),
    ("issuing.py", include_str!("forge/issuing.py")),
    ("gitlab.py", include_str!("forge/gitlab.py")),
    ("github.py", include_str!("forge/github.py")),
    ("github.json", GITHUB),
    ("gitea.py", include_str!("forge/gitea.py")),
    ("bitbucket.py", include_str!("forge/bitbucket.py")),
    ("azure.py", include_str!("forge/azure.py")),
    ("huggingface.py", include_str!("forge/huggingface.py")),
    ("git.py", include_str!("forge/git.py")),
];

/// Puts the program into a server's folder.
pub fn install(folder: &Path) {
    let program = folder.join("forge.d");
    fs::create_dir(&program).unwrap();
    for (name, text) in PROGRAM {
        let file = program.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir_all(folder.join("forge/tokens")).unwrap();
    fs::create_dir_all(folder.join("forge/people")).unwrap();
    hand_over(&folder.join("forge"));
}

/// See the [module](self).
pub struct Forge {
    folder: PathBuf,
}

/// A request that it got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// With the port.
    pub host: String,
    pub path: String,
    /// The name of the token that came with it, `-` for one that is not known, or none.
    pub token: String,
}

impl Forge {
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes a token known, with what is said of it; of alice where nothing else is said.
    pub fn knows(&self, name: &str, token: &str, more: Value) {
        let mut known = json!({ "name": name, "token": token, "login": "alice", "scopes": [] });
        let Value::Object(more) = more else { panic!("an object") };
        known.as_object_mut().unwrap().extend(more);
        fs::write(self.folder.join(format!("tokens/{name}.json")), known.to_string()).unwrap();
        hand_over(&self.folder);
    }

    /// Makes a person's password known, and the code of the second factor where there is one.
    pub fn knows_person(&self, name: &str, password: &str, otp: Option<&str>) {
        let known = json!({ "password": password, "otp": otp });
        fs::write(self.folder.join(format!("people/{name}.json")), known.to_string()).unwrap();
        hand_over(&self.folder);
    }

    /// The tokens that it gave out or was told of and that it takes, by their names, in order.
    pub fn living(&self) -> Vec<String> {
        let is_alive = |token: &Value| token["revoked"] != true;
        let names = self.tokens().into_iter().filter(is_alive);
        names.map(|token| token["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The text of a token.
    #[track_caller]
    pub fn token(&self, name: &str) -> String {
        let named = self.tokens().into_iter().find(|token| token["name"] == name);
        named.expect("a token of this name")["token"].as_str().unwrap().to_owned()
    }

    fn tokens(&self) -> Vec<Value> {
        let files = fs::read_dir(self.folder.join("tokens")).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        files.sort();
        let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        files.iter().map(read).collect()
    }

    /// The requests for a new token so far: the name of the old one, or of the person, and what
    /// came of it: the name of the new one, a status, `nothing` or `reused`.
    pub fn issued(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("issued")).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// Writes a file of its state: `fault`, `old`, `below`, `issuing`, `lifetime`.
    pub fn set(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
        hand_over(&self.folder);
    }

    /// Returns whether a file of its state is there.
    pub fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Takes a file of its state away.
    pub fn unset(&self, name: &str) {
        let _ = fs::remove_file(self.folder.join(name));
    }

    /// Whether a token was revoked.
    pub fn is_revoked(&self, name: &str) -> bool {
        let text = fs::read_to_string(self.folder.join(format!("tokens/{name}.json"))).unwrap();
        let known: Value = serde_json::from_str(&text).unwrap();
        known["revoked"] == true
    }

    /// What it was asked since this was last called.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked_so_far();
        let _ = fs::remove_file(self.folder.join("requests"));
        asked
    }

    /// Forgets all tokens, and that any was asked for.
    pub fn begin_anew(&self) {
        let _ = fs::remove_dir_all(self.folder.join("tokens"));
        fs::create_dir(self.folder.join("tokens")).unwrap();
        let _ = fs::remove_file(self.folder.join("issued"));
        hand_over(&self.folder);
    }

    /// The same, which is told again by the next call.
    pub fn asked_so_far(&self) -> Vec<Asked> {
        let text = fs::read_to_string(self.folder.join("requests")).unwrap_or_default();
        let asked = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [host, path, token] = words[..] else { panic!("a line: {line}") };
            Asked { host: host.to_owned(), path: path.to_owned(), token: token.to_owned() }
        };
        text.lines().map(asked).collect()
    }
}
