//! Access that is lent: real git goes through `lend` to a real server, which knows the token, and a
//! hostile client says what git never would.

mod at_once;
mod attacks;
mod bodies;
mod configuration;
mod curls;
mod endings;
mod examples;
mod kinds;
mod large_files;
mod locked;
mod public;
mod pushing;
mod reading;
mod readme;
mod redirects;
mod sandboxes;
mod ssh;
#[cfg(target_arch = "x86_64")]
mod token;

use crate::support::home::{Home, TOKEN};
use crate::support::program::program;
use crate::support::sandbox::{Ran, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A person with a token for the git host, and a repository there that is nobody else's business.
fn home() -> Home {
    let home = Home::bare().with_git_host();
    home.approve(&home.url(""), "alice", TOKEN);
    home.server().create_repository("team/secret.git");
    home
}

/// Runs a command with access; the words of the options are split at blanks.
fn lend(home: &Home, options: &str, command: &[&str]) -> Ran {
    let mut line = home.typed(&format!("lend {options} --"));
    line.args(command.iter().map(|word| home.fill(word)));
    run(line, b"")
}

/// The options by which a command comes in: by a port, and by a socket.
fn ways_in(home: &Home) -> [String; 2] {
    ["--port 0".to_owned(), format!("--socket {}", home.sandbox.path("pat").display())]
}

/// Runs a script in a bubblewrap without a network, where the folder of a socket is `/tmp/lent` and
/// the person's folder `work` can be written. Its one variable of git's leads to the lent lines.
fn in_bubblewrap(home: &Home, lent: &Path, script: &str) -> Ran {
    let work = home.sandbox.path("work");
    std::fs::create_dir_all(&work).unwrap();
    let mut command = home.sandbox.command(program("bwrap", "bubblewrap"));
    command.args(["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]);
    command.args(["--tmpfs", "/tmp", "--bind"]).arg(&work).arg("/tmp/work");
    command.arg("--ro-bind").arg(lent).args(["/tmp/lent", "--clearenv"]);
    let path = std::env::var("PATH").unwrap();
    for (name, value) in
        [("PATH", path.as_str()), ("HOME", "/tmp"), ("GIT_CONFIG_GLOBAL", "/tmp/lent/gitconfig")]
    {
        command.args(["--setenv", name, value]);
    }
    command.args(["--chdir", "/tmp/work", "sh", "-e", "-c"]).arg(home.fill(script));
    run(command, b"")
}

/// A lending without a command, which ends when this is dropped.
struct Lending {
    process: Child,
    /// What it printed: git's configuration inside.
    configuration: String,
}

impl Lending {
    #[track_caller]
    fn start(home: &Home, options: &str) -> Self {
        let mut command = home.typed(&format!("lend {options}"));
        command.stdin(Stdio::null());
        Self::begin(home, command, |_| ())
    }

    /// Starts this command, which becomes a lending, and does something with it first.
    #[track_caller]
    fn begin(home: &Home, mut command: Command, first: impl FnOnce(&mut Child)) -> Self {
        command.stdout(Stdio::piped());
        command.stderr(std::fs::File::create(home.sandbox.path("lend.log")).unwrap());
        let mut process = command.spawn().unwrap();
        first(&mut process);
        let mut configuration = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        while !configuration.contains("helper = ") {
            let count = lines.read_line(&mut configuration).unwrap();
            assert!(count > 0, "lend does not begin: {}", said(home));
        }
        Self { process, configuration }
    }

    fn value(&self, after: &str) -> &str {
        let rest = self.configuration.split_once(after).unwrap().1;
        rest.split(['"', '/', '\n']).next().unwrap()
    }

    fn key(&self) -> &str {
        self.value("X-Lend: ")
    }

    fn port(&self) -> u16 {
        self.value("http://127.0.0.1:").parse().unwrap()
    }

    /// Runs git with nothing but the lines of the lending and a name for commits.
    fn git(&self, home: &Home, args: &[&str]) -> Ran {
        let file = home.sandbox.path("inside.gitconfig");
        let name = "[user]\n\tname = Agent\n\temail = agent@h.example\n";
        std::fs::write(&file, format!("{}{name}", self.configuration)).unwrap();
        let mut git = home.sandbox.command("git");
        git.env("GIT_CONFIG_GLOBAL", file).args(args);
        run(git, b"")
    }

    /// Runs a script of a sandbox: git has nothing but the lines of the lending.
    fn runs(&self, home: &Home, script: &str) -> Ran {
        let file = home.sandbox.path("inside.gitconfig");
        let name = "[user]\n\tname = Agent\n\temail = agent@h.example\n";
        std::fs::write(&file, format!("{}{name}", self.configuration)).unwrap();
        let mut sh = home.sandbox.command("sh");
        sh.env("GIT_CONFIG_GLOBAL", file).args(["-e", "-c", script]);
        run(sh, b"")
    }

    /// Sends these bytes and returns what comes back until the end.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Says a request with the key and a body, for a target at this host. Returns the answer.
    fn say_with_body(
        &self,
        host: &str,
        method: &str,
        target: &str,
        media_type: &str,
        body: &str,
    ) -> String {
        let key = self.key();
        let length = body.len();
        let request = format!(
            "{method} /{host}/{target} HTTP/1.1\r\nHost: x\r\nX-Lend: {key}\r\n\
             Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.say(request.as_bytes())
    }

    /// Ends it as a person does.
    fn end(&mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        self.process.wait().unwrap()
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a lending without a command has said on standard error.
fn said(home: &Home) -> String {
    std::fs::read_to_string(home.sandbox.path("lend.log")).unwrap()
}
