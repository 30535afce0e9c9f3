//! The programs that led to this process: names only, because arguments hold secrets.

/// How many programs are named, the nearest first.
#[cfg(target_os = "linux")]
const MOST: usize = 4;

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

/// What the kernel calls a process, and who started it. It ends what it knows of a name in
/// brackets, and a name may hold brackets, too.
#[cfg(target_os = "linux")]
fn name_and_parent(process: u32, file: &mut FileOfAProcess) -> Option<(String, u32)> {
    let stat = beginning(process, "stat", file)?;
    let stat = String::from_utf8_lossy(stat);
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some((plain(name)?, parent))
}

/// git's name with its subcommand, such as `git fetch`, or that of a program of its, such as
/// `git-remote-https`.
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

/// The first bytes of a file in which the kernel tells of a process. A program's arguments may hold
/// somebody's token: they are wiped.
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
