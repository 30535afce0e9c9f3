//! The helper as a process: who may read its memory, and what it does where no request comes.
#![allow(unsafe_code, reason = "opening another process has no safe wrapper")]

use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::CloseHandle;
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_VM_READ};

impl Home {
    /// Starts an operation, which then waits for its request.
    fn start(&self, operation: &str) -> Child {
        let mut command = self.sandbox.command(BINARY);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        pipes.arg(operation).spawn().unwrap()
    }
}

/// Returns whether another process of the user may read this one's memory.
fn is_open(child: &Child) -> bool {
    // SAFETY: the call takes numbers, and gives a handle or nothing.
    let handle = unsafe { OpenProcess(PROCESS_VM_READ, 0, child.id()) };
    if handle.is_null() {
        return false;
    }
    // SAFETY: the handle is open, ours, and closed once.
    unsafe { CloseHandle(handle) };
    true
}

#[test]
fn no_other_process_reads_the_memory_of_one_that_takes_a_token() {
    let place = Home::bare();
    let mut get = place.start("get");
    thread::sleep(Duration::from_millis(300));
    assert!(is_open(&get), "a process without a token can be looked into");
    get.kill().unwrap();
    get.wait().unwrap();
    let mut store = place.start("store");
    let began = Instant::now();
    while is_open(&store) {
        assert!(began.elapsed() < Duration::from_secs(4), "it can be looked into");
        thread::sleep(Duration::from_millis(10));
    }
    // The process has not ended: it takes its request now.
    let lines = format!("protocol=https\nhost={}\nusername=a\npassword=TESTONLY\n\n", place.host);
    store.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(store.wait().unwrap().success());
    place.gets("a", "TESTONLY");
}

#[test]
fn a_request_that_does_not_come_is_not_waited_for_for_ever() {
    let place = Home::bare();
    let began = Instant::now();
    let mut get = place.start("get");
    let input = get.stdin.take();
    let status = get.wait().unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(status.code(), Some(1));
    let mut said = String::new();
    get.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("a standard stream failed: timed out"), "{said}");
    drop(input);
}

#[test]
fn an_answer_has_line_feeds_only_whatever_the_request_had() {
    let place = Home::bare();
    let lines = format!("protocol=https\r\nhost={}\r\nusername=a\r\n", place.host);
    let store = format!("{lines}password=TESTONLY\r\n\r\n");
    place.sandbox.helper(&["store"], store).prints("");
    place
        .sandbox
        .helper(&["get"], format!("{lines}\r\n"))
        .prints("username=a\npassword=TESTONLY\n");
    let capabilities = "version 0\ncapability authtype\ncapability state\n";
    place.sandbox.helper(&["capability"], "").prints(capabilities);
}
