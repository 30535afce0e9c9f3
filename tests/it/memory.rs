//! Nothing of a token remains: not in the memory of a process that ends, not in a file, not on
//! another stream. It is seen from outside, with a debugger's calls, on the binary as it is
//! installed, in the most talkative environment.

use crate::support::home::Home;
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::sandbox::Sandbox;
use crate::support::tracee::{Seen, watch};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Returns letters in an order that no program's text has, nor another test's token: a list in the
/// kernel's keyring reads the items of tests that run beside this one.
fn token(length: usize, seed: u32) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let own = std::process::id().rotate_left(16) ^ u32::try_from(length).unwrap();
    let mut state = (seed ^ own.rotate_left(8)).wrapping_mul(2_654_435_761) | 1;
    let letters = (0..length - 12).map(|_| {
        // This is Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        char::from(LETTERS[state as usize % LETTERS.len()])
    });
    "ghp_TESTONLY".chars().chain(letters).collect()
}

/// A keychain and the person who uses it.
struct Room {
    home: Home,
    needles: Needles,
    /// The secrets in the keychain, each as often as it is in there.
    held: Vec<usize>,
    wrong: Vec<String>,
}

impl Room {
    fn new(home: Home, secrets: &[&str]) -> Self {
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.as_bytes()).collect();
        let needles = Needles::new(&secrets);
        Self { home, needles, held: Vec::new(), wrong: Vec::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.sandbox.command(release_binary());
        command.args(arguments);
        command.envs([("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace"), ("GIT_TRACE", "1")]);
        command
    }

    /// Runs the helper and notes whatever remains of the secrets.
    fn watch(&mut self, what: &str, arguments: &[&str], stdin: &[u8]) -> Seen {
        let seen = watch(&self.command(arguments), stdin, &self.needles);
        let stdin_has_token = self.needles.are_in(stdin);
        let answers = seen.copies_at_answer.is_some();
        let expected = |place: &String| match place.as_str() {
            "stdout" => arguments.last() == Some(&"get"),
            "keyring" => self.home.keychain == "kernel",
            _ => false,
        };
        let wrongly_written = seen.written_to.iter().any(|place| !expected(place));
        let may_be_opened = |path: &String| {
            let number =
                path.strip_prefix("git-credential-pat").and_then(|p| p.strip_suffix(".lock"));
            path == "/dev/null" || number.is_some()
        };
        let wrongly_opened = !seen.opened.iter().all(may_be_opened);
        // git sends no token with a get. A token in a get is read before memory is hidden: a
        // password manager must be able to see who asks.
        let may_be_seen = arguments.last() == Some(&"get") && stdin_has_token;
        let unprotected = if may_be_seen { &[] } else { seen.unprotected.as_slice() };
        if !seen.residue.is_empty()
            || wrongly_written
            || wrongly_opened
            || !unprotected.is_empty()
            || seen.copies_at_answer.as_ref().is_some_and(|copies| copies.len() > 1)
            || (answers && seen.status != 0)
            || self.has_needless_copies(&seen, stdin)
        {
            let text = format!("{what}: {seen}");
            self.wrong.push(text);
        }
        seen
    }

    /// Returns whether there are more copies of a secret than its origins allow: one for each time
    /// that it stands in the request or in the keychain.
    fn has_needless_copies(&self, seen: &Seen, stdin: &[u8]) -> bool {
        let given = self.needles.whole(stdin);
        seen.most_copies.iter().enumerate().any(|(secret, &copies)| {
            let given = given.iter().filter(|(number, _)| *number == secret).count();
            let held = self.held.iter().filter(|number| **number == secret).count();
            copies > given + held
        })
    }

    /// Runs an operation. The request's lines are separated by blanks, and `HOST` is the room's
    /// own.
    fn operation(&mut self, what: &str, operation: &str, request: &str) -> Seen {
        let request = self.home.lines(request);
        self.watch(what, &["--keychain", self.home.keychain, operation], request.as_bytes())
    }

    #[track_caller]
    fn is_clean(&self) {
        assert!(self.wrong.is_empty(), "\n{}", self.wrong.join("\n\n"));
    }
}

/// Does everything that is done with tokens, each step in a process of its own.
fn leaves_nothing(home: impl Fn() -> Home, length: usize) {
    let (first, second) = (token(length, 1), token(length, 2));
    let mut room = Room::new(home(), &[&first, &second]);
    let host = "protocol=https host=HOST";
    let account = format!("{host} username=alice");
    let ok = |seen: &Seen| assert_eq!(seen.status, 0, "{seen}");

    ok(&room.operation("get, miss", "get", host));
    ok(&room.operation("erase, miss", "erase", &format!("{account} password={first}")));
    ok(&room.operation("store, new", "store", &format!("{account} password={first}")));
    room.held = vec![0];
    ok(&room.operation("store, again", "store", &format!("{account} password={first}")));
    let hit = room.operation("get, hit", "get", host);
    assert_eq!(hit.stdout, format!("username=alice\npassword={first}\n").as_bytes());
    assert!(hit.copies_at_answer.is_some(), "{hit}");
    let stateful = format!("capability[]=state capability[]=authtype {account} path=a/b.git");
    ok(&room.operation("get, all capabilities", "get", &stateful));
    ok(&room.operation("get, another name", "get", &format!("{host} username=bob")));
    ok(&room.operation("store, replacing", "store", &format!("{account} password={second}")));
    // The old token was set aside.
    room.held = vec![0, 1];
    let more = "password_expiry_utc=4000000000 oauth_refresh_token";
    let refreshed = format!("{account} password={second} {more}={first}");
    ok(&room.operation("store, refresh token", "store", &refreshed));
    room.held = vec![0, 0, 1];
    ok(&room.operation("get, refresh token", "get", host));
    ok(&room.operation("erase, another token", "erase", &format!("{account} password={first}")));
    let keychain = room.home.keychain;
    let listed = room.watch("list", &["list", "--json", "--keychain", keychain], b"");
    assert!(String::from_utf8_lossy(&listed.stdout).contains(&room.home.host), "{listed}");
    ok(&room.operation("erase, rejecting", "erase", &format!("{account} password={second}")));
    let rejected = room.operation("get, rejected", "get", host);
    assert!(rejected.stdout.is_empty(), "{rejected}");

    let url = format!("https://{}", room.home.host);
    let login = |more: &[&'static str]| {
        let options = ["--username", "alice", "--keychain", keychain];
        [&["login", url.as_str()][..], &options, more].concat()
    };
    ok(&room.watch("login, restoring", &login(&["--restore"]), b""));
    let typed = format!("{first}\n");
    ok(&room.watch("login", &login(&["--with-token", "--replace"]), typed.as_bytes()));
    let control = format!("{first}\u{1}\n");
    let refused = room.watch("login, refused", &login(&["--with-token"]), control.as_bytes());
    assert_eq!(refused.status, 1, "{refused}");
    ok(&room.operation("get, after login", "get", host));

    for operation in ["get", "store", "erase"] {
        for (what, ending) in [
            ("NUL", "path=a\0b\n"),
            ("carriage return", "path=a\rb\n"),
            ("repeated", "password=x\n"),
            ("no =", "x\n"),
            ("cut off", "path=a"),
        ] {
            let request = room.home.lines(&format!("{account} password={first}"));
            let request = request.trim_end().to_owned() + "\n" + ending;
            let arguments = ["--keychain", keychain, operation];
            let what = format!("{operation}, refused: {what}");
            let refused = room.watch(&what, &arguments, request.as_bytes());
            assert_eq!(refused.status, 1, "{refused}");
        }
    }
    ok(&room.operation("erase, putting away", "erase", &account));
    ok(&room.watch("logout", &["logout", url.as_str(), "--keychain", keychain], b""));
    room.is_clean();
}

#[test]
fn nothing_is_left_of_a_token_of_40_bytes_from_the_kernel_keyring() {
    leaves_nothing(Home::bare, 40);
}

#[test]
fn nothing_is_left_of_a_token_of_93_bytes_from_the_kernel_keyring() {
    leaves_nothing(Home::bare, 93);
}

#[test]
fn nothing_is_left_of_a_token_of_500_bytes_from_the_kernel_keyring() {
    leaves_nothing(Home::bare, 500);
}

#[test]
fn nothing_is_left_of_a_token_of_2000_bytes_from_the_kernel_keyring() {
    leaves_nothing(Home::bare, 2000);
}

#[test]
fn nothing_is_left_of_a_token_of_40_bytes_from_the_gnome_keyring() {
    leaves_nothing(Home::with_gnome_keyring, 40);
}

#[test]
fn nothing_is_left_of_a_token_of_93_bytes_from_the_gnome_keyring() {
    leaves_nothing(Home::with_gnome_keyring, 93);
}

#[test]
fn nothing_is_left_of_a_token_of_500_bytes_from_the_gnome_keyring() {
    leaves_nothing(Home::with_gnome_keyring, 500);
}

#[test]
fn nothing_is_left_of_a_token_of_2000_bytes_from_the_gnome_keyring() {
    leaves_nothing(Home::with_gnome_keyring, 2000);
}

/// Parts of a request that are no secrets are in plain vectors: only the allocator wipes them, as
/// it does for the crates that we use.
#[test]
fn the_allocator_wipes_what_nobody_else_does() {
    let path = token(64, 3);
    let mut room = Room::new(Home::bare(), &[&path]);
    for operation in ["get", "store", "erase"] {
        let request = format!("protocol=https host=HOST username=alice path={path}");
        let seen = room.operation(operation, operation, &request);
        assert_eq!(seen.status, 0, "{seen}");
    }
    room.wrong.retain(|wrong| wrong.contains("[heap]"));
    room.is_clean();
}

/// Even a process of the same user may not read another's memory once that can hold a token.
#[test]
fn no_other_process_of_the_user_can_read_the_memory_of_a_helper_with_a_token() {
    let home = Home::bare();
    let sandbox = &home.sandbox;
    // The binary lies where anybody can run it: root may read everything, so another user must try.
    let binary = sandbox.path("tmp/helper");
    fs::copy(release_binary(), &binary).unwrap();
    let request = home.lines("protocol=https host=HOST");
    let account = format!("{request}username=alice\npassword={}\n", token(40, 1));
    for (name, text) in [("tmp/request", &request), ("tmp/account", &account)] {
        fs::write(sandbox.path(name), text).unwrap();
    }
    let mut shell = sandbox.command("sh");
    if rustix::process::getuid().is_root() {
        for folder in ["", "run", "tmp", "state"] {
            fs::set_permissions(sandbox.path(folder), fs::Permissions::from_mode(0o777)).unwrap();
        }
        shell = sandbox.command("setpriv");
        shell.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
    }
    shell.args(["-c", include_str!("memory/attach.sh"), "sh"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    // The pipe is full to the last byte: the helper waits where it writes its answer.
    let filler = vec![b' '; rustix::pipe::fcntl_getpipe_size(&writer).unwrap()];
    (&writer).write_all(&filler).unwrap();
    shell.arg(&binary).stdout(writer).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = shell.spawn().unwrap();
    drop(shell);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.contains("an ordinary process: open"), "{said}");
    assert!(said.contains("the helper: closed"), "{said}");
    assert!(said.contains("Max core file size 0 0"), "{said}");
    let answer = String::from_utf8_lossy(&answer[filler.len()..]).into_owned();
    assert!(answer.contains(&token(40, 1)), "{said}");
}

/// The instrument must find a token that remains.
#[test]
fn a_program_that_keeps_a_token_is_found_out() {
    let token = token(40, 1);
    let needles = Needles::new(&[token.as_bytes()]);
    let sandbox = Sandbox::new();
    let mut shell = sandbox.command("sh");
    let kept = sandbox.path("kept");
    shell.args(["-c", "read -r x; echo \"$x\"; echo \"$x\" >\"$0\""]).arg(&kept);
    let seen = watch(&shell, format!("{token}\n").as_bytes(), &needles);
    assert!(!seen.residue.is_empty(), "{seen}");
    assert!(seen.residue.iter().any(|r| r.piece.length == 40 && r.piece.encoding == "raw"));
    let kept = kept.to_str().unwrap();
    assert!(seen.written_to.iter().any(|to| to == "stdout"), "{seen}");
    assert!(seen.opened.iter().any(|path| path == kept), "{seen}");
    assert!(seen.unprotected.len() > 1, "{seen}");
    assert!(seen.copies_at_answer.is_some_and(|copies| !copies.is_empty()));
}
