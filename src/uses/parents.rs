//! Names the programs that led to this process. Their arguments are left out, because these hold
//! secrets.

/// The number of programs that are named, the nearest first.
#[cfg(target_os = "linux")]
const MOST: usize = 4;

/// Returns no names: the programs that started this one are known on Linux only.
#[cfg(not(target_os = "linux"))]
pub(super) fn names() -> Vec<String> {
    Vec::new()
}

/// Returns the names of the programs that started this one, [`MOST`] at most. The name of git
/// comes with its subcommand. A name that is hidden, such as of another user's process, or that may
/// be a token, is `?`, and the last.
#[cfg(target_os = "linux")]
pub(super) fn names() -> Vec<String> {
    let mut names = Vec::new();
    let mut file = FileOfAProcess::new([0; 512]);
    let mut process = std::os::unix::process::parent_id();
    while process > 1 && names.len() < MOST {
        let Some((name, parent)) = name_and_parent(process, &mut file) else {
            names.push("?".to_owned());
            break;
        };
        let subcommand = name.starts_with("git").then(|| git(process, &mut file)).flatten();
        names.push(subcommand.unwrap_or(name));
        process = parent;
    }
    names
}

/// Returns the kernel's name for a process, and the number of its parent. The name stands in
/// brackets, and may hold brackets, too.
#[cfg(target_os = "linux")]
fn name_and_parent(process: u32, file: &mut FileOfAProcess) -> Option<(String, u32)> {
    let stat = beginning(process, "stat", file)?;
    let stat = String::from_utf8_lossy(stat);
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some((plain(name)?, parent))
}

/// Returns git's name with its subcommand, such as `git fetch`, or the name of a program of
/// git's, such as `git-remote-https`.
#[cfg(target_os = "linux")]
fn git(process: u32, file: &mut FileOfAProcess) -> Option<String> {
    let line = beginning(process, "cmdline", file)?;
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

/// Returns whether the word has the form of a subcommand of git's. A short alias has it, too.
#[cfg(target_os = "linux")]
fn is_subcommand(word: &[u8]) -> bool {
    const LONGEST: usize = 24;
    (1..=LONGEST).contains(&word.len())
        && word.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// Returns a name without control characters, or nothing where it may be a token.
#[cfg(target_os = "linux")]
fn plain(name: &str) -> Option<String> {
    const LONGEST: usize = 48;
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!name.is_empty() && !crate::forge::holds_token(name.as_bytes())).then_some(name)
}

/// The first bytes of a file in which the kernel describes a process. They are wiped, because a
/// program's arguments may hold a token.
#[cfg(target_os = "linux")]
type FileOfAProcess = zeroize::Zeroizing<[u8; 512]>;

#[cfg(target_os = "linux")]
fn beginning<'a>(process: u32, name: &str, file: &'a mut FileOfAProcess) -> Option<&'a [u8]> {
    use rustix::fs::{Mode, OFlags};
    let path = format!("/proc/{process}/{name}");
    let open = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let count = rustix::io::read(open, &mut file[..]).ok()?;
    Some(&file[..count])
}
