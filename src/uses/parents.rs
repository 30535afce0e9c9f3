//! The programs that led to this process: names only, because arguments hold secrets.

/// How many programs are named, the nearest first.
#[cfg(target_os = "linux")]
const MOST: usize = 6;

/// The names of the programs that started this one. They are known on Linux only.
#[cfg(not(target_os = "linux"))]
pub(super) fn names() -> Vec<String> {
    Vec::new()
}

/// The names of the programs that started this one, up to the first process of all. Of git its
/// subcommand is said, too. What another user's process is called may be hidden; then its name is
/// `?`.
#[cfg(target_os = "linux")]
pub(super) fn names() -> Vec<String> {
    let mut names = Vec::new();
    let mut process = std::os::unix::process::parent_id();
    while process > 1 && names.len() < MOST {
        let Some((name, parent)) = name_and_parent(process) else {
            names.push("?".to_owned());
            break;
        };
        names.push(if name.starts_with("git") { git(process).unwrap_or(name) } else { name });
        process = parent;
    }
    names
}

/// What the kernel calls a process, and who started it. It ends what it knows of a name in
/// brackets, and a name may hold brackets, too.
#[cfg(target_os = "linux")]
fn name_and_parent(process: u32) -> Option<(String, u32)> {
    let stat = beginning(&format!("/proc/{process}/stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some((plain(name)?, parent))
}

/// git's name with its subcommand, such as `git fetch`, or that of a program of its, such as
/// `git-remote-https`.
#[cfg(target_os = "linux")]
fn git(process: u32) -> Option<String> {
    let line = beginning(&format!("/proc/{process}/cmdline"))?;
    let mut words = line.split(|byte| *byte == 0);
    let program = words.next()?;
    let program = program.rsplit(|byte| *byte == b'/').next()?;
    let program = plain(std::str::from_utf8(program).ok()?)?;
    if program != "git" {
        return Some(program);
    }
    while let Some(word) = words.next() {
        match word {
            b"-C" | b"-c" | b"--git-dir" | b"--work-tree" | b"--namespace" | b"--config-env"
            | b"--super-prefix" | b"--attr-source" => {
                words.next();
            }
            _ if word.starts_with(b"-") => {}
            _ if is_subcommand(word) => return Some(format!("git {}", str::from_utf8(word).ok()?)),
            _ => break,
        }
    }
    Some(program)
}

/// Whether it has the form of git's subcommands; any alias is as good, if it is short.
#[cfg(target_os = "linux")]
fn is_subcommand(word: &[u8]) -> bool {
    const LONGEST: usize = 24;
    (1..=LONGEST).contains(&word.len())
        && word.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// A name that can be written down, or nothing where it may be a token.
#[cfg(target_os = "linux")]
fn plain(name: &str) -> Option<String> {
    const LONGEST: usize = 48;
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!name.is_empty() && !crate::forge::holds_token(name.as_bytes())).then_some(name)
}

/// The first bytes of a file of the kernel's. Others' arguments are in memory that is wiped.
#[cfg(target_os = "linux")]
fn beginning(path: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    use std::io::Read;
    let mut bytes = zeroize::Zeroizing::new(vec![0; 512]);
    let count = std::fs::File::open(path).ok()?.read(&mut bytes).ok()?;
    bytes.truncate(count);
    Some(bytes)
}
