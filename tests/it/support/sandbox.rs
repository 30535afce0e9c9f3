//! A user of their own for every test: a fresh HOME, no system configuration, an environment with
//! only the variables that the test sets, and on Linux the test's own user keyring.

#[cfg(target_os = "linux")]
use super::keyring::Keyring;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The helper as cargo built it, or another build of it that should be tested.
pub const BINARY: &str = match option_env!("GIT_CREDENTIAL_PAT_TESTED") {
    Some(binary) => binary,
    None => env!("CARGO_BIN_EXE_git-credential-pat"),
};

/// A temporary home. Variables that are set with [`Sandbox::set`] are in every command's
/// environment. A clone has the same folder and an environment of its own.
#[derive(Clone)]
pub struct Sandbox {
    home: Arc<TempDir>,
    env: Vec<(String, String)>,
    #[cfg(target_os = "linux")]
    keyring: Keyring,
}

/// The end of a command.
pub struct Ran {
    command: String,
    stdin: Vec<u8>,
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Sandbox {
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("pat-test-").tempdir().unwrap();
        for folder in ["run", "config", "data", "cache", "state", "tmp"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = fs::Permissions::from_mode(0o700);
            fs::set_permissions(home.path().join("run"), private).unwrap();
        }
        let mut sandbox = Self {
            home: Arc::new(home),
            env: Vec::new(),
            #[cfg(target_os = "linux")]
            keyring: Keyring::of_this_test(),
        };
        let path = |name: &str| sandbox.home.path().join(name).to_str().unwrap().to_owned();
        let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        let binary_folder = Path::new(BINARY).parent().unwrap().to_owned();
        let folders = std::env::join_paths([binary_folder].into_iter().chain(folders)).unwrap();
        sandbox.env = [
            ("HOME", path("")),
            ("TMPDIR", path("tmp")),
            ("XDG_RUNTIME_DIR", path("run")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_CACHE_HOME", path("cache")),
            ("XDG_STATE_HOME", path("state")),
            ("GIT_CONFIG_GLOBAL", path("gitconfig")),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("PATH", folders.into_string().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        // The folders have other variables on Windows, and a program needs some more to start.
        #[cfg(windows)]
        sandbox.env.retain(|(name, _)| !name.starts_with("XDG_"));
        #[cfg(windows)]
        for (name, value) in [
            ("SystemRoot", std::env::var("SystemRoot").unwrap()),
            ("USERPROFILE", path("")),
            ("LOCALAPPDATA", path("state")),
            ("APPDATA", path("config")),
            ("TEMP", path("tmp")),
            ("TMP", path("tmp")),
        ] {
            sandbox.set(name, &value);
        }
        sandbox
    }

    /// Returns the home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns a path below the home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Sets a variable for every later command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Returns the value of a variable.
    #[cfg(unix)]
    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        &self.env.iter().find(|(n, _)| n == name).expect("a variable that is set").1
    }

    /// Removes a variable from every later command.
    pub fn unset(&mut self, name: &str) {
        self.env.retain(|(n, _)| n != name);
    }

    /// Returns a command in this environment, in the home folder.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home());
        command.envs(self.env.iter().map(|(n, v)| (n, v)));
        #[cfg(target_os = "linux")]
        self.keyring.enter(&mut command);
        command
    }

    /// Runs a program with this input to its end.
    pub fn run(&self, program: impl AsRef<OsStr>, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(program);
        command.args(args);
        run(command, stdin)
    }

    /// Runs the helper as git would.
    pub fn helper(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
        self.run(BINARY, args, stdin.as_ref())
    }

    /// Runs git and expects it to succeed. Returns its output.
    #[cfg(unix)]
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let ran = self.run("git", args, b"");
        assert!(ran.status.success(), "{ran}");
        ran.stdout()
    }
}

/// Runs a prepared command with this input to its end.
pub fn run(mut command: Command, stdin: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    // A helper may end without reading: a broken pipe is no failure.
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        command: format!("{} {:?}", command.get_program().display(), command.get_args()),
        stdin: stdin.to_vec(),
        status: output.status,
        stdout: output.stdout,
        stderr: output.stderr,
    }
}

impl Ran {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Expects exit status 0, exactly this on stdout, and nothing on stderr.
    #[track_caller]
    pub fn prints(&self, stdout: &str) {
        assert!(
            self.status.success() && self.stdout == stdout.as_bytes() && self.stderr.is_empty(),
            "expected stdout {stdout:?} and nothing else\n{self}"
        );
    }

    /// Expects this exit status, nothing on stdout, and this text somewhere on stderr.
    #[track_caller]
    pub fn fails(&self, status: i32, message: &str) {
        assert!(
            self.status.code() == Some(status)
                && self.stdout.is_empty()
                && self.stderr().contains(message),
            "expected exit status {status} and {message:?}\n{self}"
        );
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n  ");
        writeln!(f, "command: {}\n{}", self.command, self.status)?;
        writeln!(f, "stdin:\n  {}", text(&self.stdin))?;
        writeln!(f, "stdout:\n  {}", text(&self.stdout))?;
        writeln!(f, "stderr:\n  {}", text(&self.stderr))
    }
}
