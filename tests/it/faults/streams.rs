//! The standard streams: closed, full, gone, without end, or far too long.

use crate::support::home::Home;
use crate::support::program::program;
use crate::support::sandbox::{BINARY, Ran, run};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

const TOKEN: &str = "ghp_TESTONLYstreams";

/// The longest time: far more than a get takes, far less than a person would call hanging.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Makes a person with an account.
fn home() -> Home {
    let home = Home::bare();
    home.operation("store", with_token(&home)).prints("");
    home
}

fn request(home: &Home) -> String {
    home.lines("protocol=https host=HOST")
}

fn with_token(home: &Home) -> String {
    home.lines(&format!("protocol=https host=HOST username=alice password={TOKEN}"))
}

fn shell(home: &Home, operation: &str, redirection: &str, request: &str) -> Ran {
    let line = format!("exec {BINARY} --keychain kernel {operation} {redirection}");
    home.sandbox.run("sh", &["-c", &line], request.as_bytes())
}

#[track_caller]
fn is_untouched(home: &Home) {
    home.get("").prints(&format!("username=alice\npassword={TOKEN}\n"));
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let home = home();
    // The runtime opens a closed stdout as /dev/null before we see it.
    let closed = shell(&home, "get", ">&-", &request(&home));
    assert!(closed.status.success() && closed.stderr.is_empty(), "{closed}");
    shell(&home, "get", ">/dev/full", &request(&home)).fails(1, "a standard stream failed");
    is_untouched(&home);
}

#[test]
fn a_reader_that_is_gone_is_no_error() {
    let home = home();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = home.helper_string("get");
    command.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(request(&home).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    is_untouched(&home);
}

#[test]
fn without_an_input_nothing_is_done() {
    let home = home();
    for operation in ["get", "store", "erase"] {
        for redirection in ["<&-", "</dev/null"] {
            let ran = shell(&home, operation, redirection, "");
            assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
        }
        shell(&home, operation, "</", "").fails(1, "a standard stream failed");
    }
    is_untouched(&home);
}

#[test]
fn an_input_that_never_ends_is_refused_at_its_first_mebibyte() {
    let home = home();
    for operation in ["get", "store", "erase"] {
        let began = Instant::now();
        shell(&home, operation, "</dev/zero", "").fails(1, "longer than 1 MiB");
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    }
    is_untouched(&home);
}

/// git writes its request at once. A program that does not has as long as a keychain.
#[test]
fn an_input_that_falls_silent_costs_five_seconds() {
    let home = home();
    let beginnings = [String::new(), request(&home), "protocol=ht".to_owned()];
    thread::scope(|scope| {
        for operation in ["get", "store", "erase"] {
            for beginning in &beginnings {
                let home = &home;
                scope.spawn(move || {
                    let mut command = home.helper_string(operation);
                    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                    let began = Instant::now();
                    let mut child = command.spawn().unwrap();
                    let mut stdin = child.stdin.take().unwrap();
                    stdin.write_all(beginning.as_bytes()).unwrap();
                    let output = child.wait_with_output().unwrap();
                    let said = String::from_utf8_lossy(&output.stderr);
                    assert_eq!(output.status.code(), Some(1), "{said}");
                    assert!(said.ends_with("a standard stream failed: timed out\n"), "{said}");
                    assert!(output.stdout.is_empty());
                    assert!(began.elapsed() < AT_ONCE + Duration::from_secs(2));
                });
            }
        }
    });
    is_untouched(&home);
}

/// The helper ends long before the rest of the line would come.
#[test]
fn a_line_of_a_gibibyte_is_refused_in_less_than_16_mebibytes_of_memory() {
    const MEBIBYTE: usize = 1024 * 1024;
    let home = home();
    let usage = home.sandbox.path("usage");
    for operation in ["get", "store", "erase"] {
        let mut command = home.sandbox.command(program("time", "time"));
        command.args(["--format=%M", "--output", usage.to_str().unwrap(), BINARY]);
        command.args(["--keychain", "kernel", operation]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let beginning = with_token(&home) + "wwwauth[]=";
        let writer = thread::spawn(move || {
            stdin.write_all(beginning.as_bytes())?;
            let line = vec![b'x'; MEBIBYTE];
            (0..1024).try_for_each(|_| stdin.write_all(&line))?;
            stdin.write_all(b"\n\n")
        });
        let output = child.wait_with_output().unwrap();
        assert!(writer.join().unwrap().is_err(), "all of it was read");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("git-credential-pat: {operation}: the request is longer than 1 MiB\n")
        );
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        let text = std::fs::read_to_string(&usage).unwrap();
        let kibibytes: usize = text.lines().last().unwrap().parse().unwrap();
        assert!(kibibytes < 16 * 1024, "{kibibytes} KiB");
    }
    is_untouched(&home);
}

/// There are as many attributes as 1 MiB holds: the shortest takes three bytes. Lists, too, which
/// are kept.
#[test]
fn a_request_of_as_many_attributes_as_fit_takes_less_than_a_second() {
    let home = home();
    let binary = crate::support::release::release_binary();
    let room = 1024 * 1024 - request(&home).len() - 64;
    for line in ["a=\n", "a=b\n", "capability[]=x\n", "state[]=x\n", "wwwauth[]=\n"] {
        let request = request(&home) + &line.repeat(room / line.len());
        let mut command = home.sandbox.command(binary);
        command.args(["--keychain", "kernel", "get"]);
        let began = Instant::now();
        let ran = run(command, request.as_bytes());
        let took = began.elapsed();
        ran.prints(&format!("username=alice\npassword={TOKEN}\n"));
        assert!(took < Duration::from_secs(1), "{line:?}: {took:?}");
    }
}

#[test]
fn arguments_that_are_no_text_are_passed_over_or_refused_and_never_shown() {
    let home = home();
    let odd = OsString::from(OsStr::from_bytes(b"ghp_TESTONLY\xff\xfe"));
    let run_with = |arguments: &[&OsStr]| {
        let mut command = home.sandbox.command(BINARY);
        command.args(arguments);
        let ran = run(command, request(&home).as_bytes());
        assert!(ran.status.signal().is_none() && ran.stdout.is_empty(), "{ran}");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
        ran
    };
    let text = OsStr::new;
    // An operation that a later git may have.
    assert!(run_with(&[&odd]).status.success());
    run_with(&[text("--keychain"), &odd, text("get")]).fails(1, "git-credential-pat: ");
    run_with(&[&odd, text("get")]).fails(1, "git-credential-pat: ");
    run_with(&[text("login"), &odd]).fails(2, "hint: usage: ");
    run_with(&[text("login"), text("https://h.example"), &odd]).fails(2, "hint: usage: ");
    run_with(&[text("list"), text("--keychain"), &odd]).fails(2, "hint: usage: ");
    is_untouched(&home);
}

#[test]
fn a_token_in_an_argument_is_refused_and_neither_shown_nor_kept() {
    const ARGUMENT: &str = "ghp_TESTONLYargument";
    let home = home();
    let host = home.keys.host("h");
    for line in [
        "login --with-token ARGUMENT",
        "login --with-token https://ARGUMENT@HOST",
        "login --with-token https://alice:ARGUMENT@HOST",
        "login --with-token https://HOST/ARGUMENT",
        "login --with-token --username ARGUMENT https://HOST",
        "login --with-token=ARGUMENT https://HOST",
        "login https://HOST ARGUMENT",
        "login --token ARGUMENT https://HOST",
        "logout ARGUMENT",
        "list ARGUMENT",
        "ARGUMENT get",
        "get ARGUMENT",
        "--keychain ARGUMENT get",
    ] {
        let line = line.replace("ARGUMENT", ARGUMENT).replace("HOST", &host);
        let mut arguments: Vec<&str> = line.split(' ').collect();
        if line.starts_with("log") {
            arguments.extend(["--keychain", "kernel"]);
        }
        let ran = home.sandbox.helper(&arguments, format!("{TOKEN}other\n"));
        assert!(!ran.status.success() && ran.stdout.is_empty(), "{ran}");
        assert!(!ran.stderr().to_lowercase().contains("testonly"), "{ran}");
        assert_eq!(home.keys.accounts(), [format!("https://{host} alice")], "{ran}");
    }
    is_untouched(&home);
}

#[test]
fn names_in_the_environment_that_are_no_text_do_no_harm() {
    let home = home();
    let odd = OsStr::from_bytes(b"/\xff\xfe");
    for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "LC_ALL", "RUST_LOG", "PATH"] {
        for operation in ["get", "store"] {
            let mut command = home.sandbox.command(BINARY);
            command.env(name, odd).args(["--keychain", "kernel", operation]);
            let ran = run(command, with_token(&home).as_bytes());
            assert!(ran.status.success() && ran.stderr.is_empty(), "{name}: {ran}");
        }
    }
    let mut command = home.sandbox.command(BINARY);
    command.env("GIT_CREDENTIAL_PAT_KEYCHAIN", odd).arg("get");
    run(command, request(&home).as_bytes()).fails(1, "GIT_CREDENTIAL_PAT_KEYCHAIN");
    is_untouched(&home);
}
