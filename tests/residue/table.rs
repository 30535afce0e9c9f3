//! Prints what credential helpers leave of a token in their memory when they end, and in which
//! files they put it. `tests/residue.sh` runs it; the instrument is the tests' own.
//!
//! The argument names a file with a request that has a password. Standard input has a line for
//! each helper: its name, its program and its arguments, with tabs between.
#![allow(clippy::unwrap_used, reason = "what cannot be measured should stop where it is")]
#![allow(unreachable_pub, reason = "the instrument belongs to the tests")]
#![allow(dead_code, reason = "the tests use more of it")]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../it/support/keyring.rs"]
mod keyring;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../it/support/residue.rs"]
mod residue;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../it/support/tracee.rs"]
mod tracee;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    use std::io::{self, Write};

    let request = std::env::args_os().nth(1).expect("the request's file");
    let request = std::fs::read_to_string(request).unwrap();
    let mut out = io::stdout();
    let titles = ["whole copies", "pieces", "bytes"];
    write!(out, "{:<36}{:<10}", "", "operation").unwrap();
    for title in titles {
        write!(out, "{title:>14}").unwrap();
    }
    writeln!(out, "  written to").unwrap();
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split('\t').collect();
        for operation in ["store", "get", "erase"] {
            row(&mut out, &words, operation, &request);
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn row(out: &mut impl std::io::Write, words: &[&str], operation: &str, request: &str) {
    use residue::Needles;
    use std::process::Command;

    let [name, program, arguments @ ..] = words else { panic!("a name, a program, arguments") };
    let token = request.lines().find_map(|line| line.strip_prefix("password=")).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg(operation).envs(std::env::vars_os());
    let asked: String = request
        .lines()
        .filter(|line| operation != "get" || !line.starts_with("password="))
        .flat_map(|line| [line, "\n"])
        .collect();
    let seen = tracee::watch(&command, asked.as_bytes(), &Needles::new(&[token.as_bytes()]));
    let is_done = operation != "get" || String::from_utf8_lossy(&seen.stdout).contains(token);
    assert!(seen.status == 0 && is_done, "{name} {operation}: {seen}");

    let bytes: usize = seen.residue.iter().map(|left| left.piece.length).sum();
    let is_whole =
        |left: &&tracee::Residue| left.piece.encoding == "raw" && left.piece.length >= token.len();
    let whole = seen.residue.iter().filter(is_whole).count();
    write!(out, "{name:<36}{operation:<10}").unwrap();
    for number in [whole, seen.residue.len(), bytes] {
        write!(out, "{number:>14}").unwrap();
    }
    let written: Vec<&str> = seen
        .written_to
        .iter()
        .map(|place| if place.starts_with('/') { "a file" } else { place.as_str() })
        .collect();
    writeln!(out, "  {}", written.join(", ")).unwrap();
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    panic!("the instrument knows the system calls of Linux on x86-64");
}
