//! A git host of a test's own: Apache with `git http-backend`, TLS and Basic authentication, as
//! forges have them, on loopback ports that the system chooses.
//!
//! It is two hosts in one, [`Server::host`] and [`Server::other`], which differ in name and port
//! and hold the same repositories; a third port has no TLS. The first host redirects git from some
//! paths: below `moved/` and `moved-after-login/` to the second; below `moved-port/` to the
//! second's port under its own name; below these names with `local` in them to loopback addresses;
//! below `renamed/` to the first host itself; below `junk-for-NAME/` to a URL of the second with that name and [`JUNK`] in it. Every request
//! is logged with its user. Below `public/` nobody needs to log in. Below `only-NAME/` only the
//! user of that name is let in, and other users get 403. What forges answer at their API, and what
//! goes wrong below `fault/`, is in [`forge`]. Below `api/` are an API and a cargo registry, and below `files/` plain files, both for clients with the token.

use super::forge;
use super::program::program;
use super::sandbox::{Sandbox, run};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The text in the place of a token in a redirect.
pub const JUNK: &str = "ghp_TESTONLYjunk";

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. It ends when this is dropped.
pub struct Server {
    folder: TempDir,
    apache: Child,
    names: [String; 2],
    ports: [u16; 3],
}

/// A line of the server's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The port at which it came in.
    pub port: u16,
    /// The username, empty where the server asked for none or none was given.
    pub user: String,
    pub status: u16,
    pub method: String,
    pub path: String,
    /// Whether it carried an `Authorization` header.
    pub authorized: bool,
    /// Whether it carried a cookie, `X-Lend` or `X-Foreign`, which git never sends.
    pub foreign: bool,
}

impl Server {
    /// Starts the server under these two names, which end in `.test`, and as `localhost`.
    pub fn start(names: [String; 2]) -> Self {
        Self::start_also_as(names, &[])
    }

    /// The same where its certificate is for more names, by which a tunnel leads to it.
    pub fn start_also_as(names: [String; 2], more: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("pat-server-").tempdir().unwrap();
        // Apache's workers are another user where the test runs as root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("repositories")).unwrap();
        File::create(folder.path().join("users")).unwrap();
        // A forge that gives out a token lets git in with it.
        hand_over(&folder.path().join("users"));
        fs::create_dir(folder.path().join("api")).unwrap();
        for (name, text) in [("lfs.py", include_str!("lfs.py")), ("api.py", include_str!("api.py"))]
        {
            fs::write(folder.path().join(name), text).unwrap();
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(folder.path().join(name), executable).unwrap();
        }
        forge::install(folder.path());
        let more = more.iter().map(|&name| name.to_owned());
        certify(folder.path(), &names.iter().cloned().chain(more).collect::<Vec<_>>());
        for _ in 0..5 {
            let ports = free_ports();
            fs::write(
                folder.path().join("apache.conf"),
                configuration(folder.path(), &names, ports),
            )
            .unwrap();
            let mut apache = spawn(folder.path());
            if is_up(&mut apache, &folder.path().join("pid")) {
                return Self { folder, apache, names, ports };
            }
        }
        panic!("apache2 does not start:\n{}", read(&folder.path().join("error.log")));
    }

    /// Returns the first host, with its port.
    pub fn host(&self) -> String {
        format!("{}:{}", self.names[0], self.ports[0])
    }

    /// Returns the second host, with its port.
    pub fn other(&self) -> String {
        format!("{}:{}", self.names[1], self.ports[1])
    }

    /// Returns the ports of the first host, of the second, and the one without TLS.
    pub fn ports(&self) -> [u16; 3] {
        self.ports
    }

    /// Makes this user's token valid, and every earlier one invalid.
    pub fn set_token(&self, user: &str, token: &str) {
        let users = self.folder.path().join("users");
        let mut command = Command::new(program("htpasswd", "apache2-utils"));
        command.args(["-i", "-s"]).arg(users).arg(user);
        let ran = run(command, token.as_bytes());
        assert!(ran.status.success(), "{ran}");
    }

    /// Makes this the token of the API and the cargo registry.
    pub fn set_api_token(&self, token: &str) {
        fs::write(self.folder.path().join("api/token"), token).unwrap();
        hand_over(&self.folder.path().join("api"));
    }

    /// Puts a file below `files/`.
    pub fn put_file(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.folder.path().join("files").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    /// The forge whose API it is.
    pub fn forge(&self) -> forge::Forge {
        forge::Forge::of(&self.folder.path().join("forge"))
    }

    /// The names of the two hosts, without ports.
    /// Returns the names of the two hosts, without ports.
    pub fn names(&self) -> &[String; 2] {
        &self.names
    }

    /// Returns the path of the certificate of all its names.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Takes a repository away.
    pub fn without_repository(&self, path: &str) {
        fs::remove_dir_all(self.folder.path().join("repositories").join(path)).unwrap();
    }

    /// Makes a bare repository with one commit on `main`.
    pub fn create_repository(&self, path: &str) -> PathBuf {
        let repository = self.folder.path().join("repositories").join(path);
        fs::create_dir_all(&repository).unwrap();
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            command.env_clear().env("PATH", std::env::var("PATH").unwrap());
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
            command.arg("-C").arg(&repository);
            command.args(["-c", "user.name=Test", "-c", "user.email=test@h.example"]).args(args);
            let ran = run(command, b"");
            assert!(ran.status.success(), "{ran}");
            ran.stdout().trim().to_owned()
        };
        git(&["init", "--quiet", "--bare", "--initial-branch=main"]);
        let tree = git(&["hash-object", "-w", "-t", "tree", "/dev/null"]);
        let commit = git(&["commit-tree", &tree, "-m", "Begin"]);
        git(&["update-ref", "refs/heads/main", &commit]);
        hand_over(&self.folder.path().join("repositories"));
        repository
    }

    /// Makes a bare repository in which nothing is.
    pub fn create_empty_repository(&self, path: &str) {
        let repository = self.create_repository(path);
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var("PATH").unwrap());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.args(["-c", "safe.directory=*", "-C"]).arg(&repository);
        command.args(["update-ref", "-d", "refs/heads/main"]);
        let ran = run(command, b"");
        assert!(ran.status.success(), "{ran}");
        hand_over(&self.folder.path().join("repositories"));
    }

    /// Makes git in this sandbox find the hosts and trust them.
    pub fn introduce_to(&self, sandbox: &Sandbox) {
        let certificate = self.certificate();
        sandbox.git(&["config", "--global", "http.sslCAInfo", certificate.to_str().unwrap()]);
        for (name, port) in [(0, 0), (0, 1), (0, 2), (1, 1)] {
            let line = format!("{}:{}:127.0.0.1", self.names[name], self.ports[port]);
            sandbox.git(&["config", "--global", "--add", "http.curloptResolve", &line]);
        }
    }

    /// Returns the requests so far, once `is_there` says that the awaited ones are among them, and
    /// no more come: the log is written after the answer, by a process for each connection.
    #[track_caller]
    pub fn requests(&self, is_there: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let log = || read(&self.folder.path().join("access.log"));
        let parse = || log().lines().map(Request::parse).collect::<Vec<_>>();
        wait_for("the request in the server's log", || is_there(&parse()));
        loop {
            let before = log();
            sleep(Duration::from_millis(150));
            if log() == before {
                return parse();
            }
        }
    }
}

impl Request {
    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let [port, user, status, method, authorized, foreign, path] = words[..] else {
            panic!("a line of the log: {line}")
        };
        Self {
            port: port.parse().unwrap(),
            user: user.trim_start_matches('-').to_owned(),
            status: status.parse().unwrap(),
            method: method.to_owned(),
            path: path.to_owned(),
            authorized: authorized == "yes",
            foreign: foreign == "yes",
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.apache), Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.apache.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
        let _ = self.apache.kill();
        let _ = self.apache.wait();
    }
}

/// Waits until a condition holds, and fails where it never does.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(5));
    }
}

/// Makes a key and a certificate for these names and `localhost`.
pub fn certify(folder: &Path, names: &[String]) {
    let mut command = Command::new(program("openssl", "openssl"));
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    command.args(["-noenc", "-days", "2", "-subj", "/CN=git-credential-pat test", "-keyout"]);
    command.arg(folder.join("key.pem")).arg("-out").arg(folder.join("certificate.pem"));
    let names = names.join(",DNS:");
    let forges = forge::NAMES.map(|name| format!("DNS:{name}")).join(",");
    let names = format!("subjectAltName=DNS:{names},DNS:localhost,IP:127.0.0.1,{forges}");
    command.args(["-addext", &names]);
    let ran = run(command, b"");
    assert!(ran.status.success(), "{ran}");
}

/// Returns ports that were free a moment ago. Another program may still take one.
pub fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn spawn(folder: &Path) -> Child {
    let mut command = Command::new(program("setpriv", "util-linux"));
    command.args(["--pdeathsig", "TERM"]).arg(program("apache2", "apache2-bin"));
    command.args(["-D", "FOREGROUND", "-f"]).arg(folder.join("apache.conf"));
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).stdin(Stdio::null());
    let output = File::create(folder.join("output.log")).unwrap();
    command.stdout(output.try_clone().unwrap()).stderr(output);
    // Apache ends its whole process group, which must not be the test's.
    command.process_group(0).spawn().unwrap()
}

/// Waits for the file that Apache writes when it listens. Returns false where a port was taken.
fn is_up(apache: &mut Child, pid: &Path) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && matches!(apache.try_wait(), Ok(None)) {
        if read(pid).trim() == apache.id().to_string() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    let _ = apache.kill();
    let _ = apache.wait();
    false
}

fn configuration(folder: &Path, names: &[String; 2], ports: [u16; 3]) -> String {
    let [first, second, plain] = ports;
    let modules = Path::new("/usr/lib/apache2/modules");
    assert!(modules.is_dir(), "{} is missing: install apache2-bin", modules.display());
    let mut git = Command::new(program("git", "git"));
    git.arg("--exec-path");
    let backend = Path::new(run(git, b"").stdout().trim()).join("git-http-backend");
    assert!(backend.is_file(), "{} is missing: install git", backend.display());
    include_str!("apache.conf")
        .replace("@FOLDER@", folder.to_str().unwrap())
        .replace("@MODULES@", modules.to_str().unwrap())
        .replace("@BACKEND@", backend.to_str().unwrap())
        .replace("@NAME@", &names[0])
        .replace("@OTHER@", &format!("{}:{second}", names[1]))
        .replace("@FIRST@", &first.to_string())
        .replace("@SECOND@", &second.to_string())
        .replace("@PLAIN@", &plain.to_string())
}

/// Gives files to the user of Apache's workers where the test runs as root.
pub fn hand_over(path: &Path) {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let passwd = read(Path::new("/etc/passwd"));
    let entry = passwd.lines().find(|line| line.starts_with("www-data:"));
    let entry = entry.expect("the user www-data is missing: install apache2-bin");
    let id = |n| entry.split(':').nth(n).unwrap().parse::<u32>().unwrap();
    hand_over_to(path, (id(2), id(3)));
}

fn hand_over_to(path: &Path, owner: (u32, u32)) {
    chown(path, Some(owner.0), Some(owner.1)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            hand_over_to(&entry.unwrap().path(), owner);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
