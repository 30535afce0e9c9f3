//! Checks the memory that a passphrase takes before it is tried: the kernel does not refuse too
//! much memory, but kills a process that uses it.

use super::age;
use crate::error::{Error, VaultTrouble};
use std::fs;
use std::path::Path;

const MB: u64 = 1024 * 1024;

/// Checks that there is memory for this work.
///
/// # Errors
/// [`VaultTrouble::Memory`] where there is too little.
pub(super) fn check(work_factor: u8) -> Result<(), Error> {
    let needs = needs(work_factor);
    match free(Path::new("/")) {
        Some(free) if free < needs => Err(VaultTrouble::Memory {
            needs: u32::try_from(needs / MB).unwrap_or(u32::MAX),
            free: u32::try_from(free / MB).unwrap_or(u32::MAX),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Returns the bytes that the process takes in all.
fn needs(work_factor: u8) -> u64 {
    let work = age::memory(work_factor);
    work + (work / 32).max(3 * MB)
}

/// Returns the bytes that are free both on the machine and in each control group of the process.
/// Returns nothing where the system does not say.
fn free(root: &Path) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let machine = read("proc/meminfo").and_then(|text| Some(field(&text, "MemAvailable:")? * 1024));
    let groups = read("proc/self/cgroup").unwrap_or_default();
    let mut limits: Vec<u64> = machine.into_iter().collect();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let names = match controllers {
            "" => &V2,
            _ if controllers.split(',').any(|name| name == "memory") => &V1,
            _ => continue,
        };
        let top = root.join(names.folder);
        // In a container, the path may exist on the host only.
        for group in top.join(path.trim_start_matches('/')).ancestors().chain([top.as_path()]) {
            if group.starts_with(&top) {
                limits.extend(left_in(group, names));
            }
        }
    }
    limits.into_iter().min()
}

/// The files of a control group.
struct Names {
    folder: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The lines of `memory.stat` with the memory that would be given back.
    returned: [&'static str; 2],
}

const V2: Names = Names {
    folder: "sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    returned: ["inactive_file ", "active_file "],
};

const V1: Names = Names {
    folder: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    returned: ["total_inactive_file ", "total_active_file "],
};

/// Returns the bytes that a control group has left, or nothing where it has no limit.
fn left_in(group: &Path, names: &Names) -> Option<u64> {
    let number = |name| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number(names.limit)?;
    let used = number(names.used).unwrap_or_default();
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let returned: u64 = names.returned.iter().filter_map(|name| field(&stat, name)).sum();
    Some(limit.saturating_sub(used.saturating_sub(returned)))
}

/// Returns the number in the line with this beginning.
fn field(text: &str, beginning: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(beginning))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{MB, free, needs};
    use std::fs;
    use tempfile::TempDir;

    type Files<'a> = &'a [(&'a str, &'a str)];

    fn system(files: Files) -> TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, content).expect("a file");
        }
        root
    }

    #[test]
    fn what_a_passphrase_takes_is_what_the_manual_says() {
        assert_eq!([18, 15].map(|work| needs(work) / MB), [264, 35]);
    }

    #[test]
    fn the_machine_and_every_group_around_us_count() {
        let meminfo = "MemTotal: 9 kB\nMemAvailable:    1000000 kB\n";
        let cases: [(Files, Option<u64>); 6] = [
            (&[], None),
            (&[("proc/meminfo", meminfo)], Some(1_024_000_000)),
            (
                &[
                    ("proc/meminfo", meminfo),
                    ("proc/self/cgroup", "0::/a/b\n"),
                    ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                    ("sys/fs/cgroup/a/memory.max", "300000000\n"),
                    ("sys/fs/cgroup/a/memory.current", "200000000\n"),
                    ("sys/fs/cgroup/a/memory.stat", "anon 1\nactive_file 20\ninactive_file 3\n"),
                ],
                Some(100_000_023),
            ),
            // The container sees its own group as the top.
            (
                &[
                    ("proc/self/cgroup", "0::/../../kubepods/x\n"),
                    ("sys/fs/cgroup/memory.max", "256\n"),
                    ("sys/fs/cgroup/memory.current", "300\n"),
                ],
                Some(0),
            ),
            (
                &[
                    ("proc/self/cgroup", "3:cpu:/c\n2:hugetlb,memory:/docker/x\n"),
                    ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "500\n"),
                    ("sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "100\n"),
                    ("sys/fs/cgroup/memory/docker/x/memory.stat", "total_inactive_file 50\n"),
                ],
                Some(450),
            ),
            (&[("proc/self/cgroup", "0::/\n"), ("proc/meminfo", "rubbish")], None),
        ];
        for (files, expected) in cases {
            assert_eq!(free(system(files).path()), expected, "{files:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_says_what_is_free() {
        assert!(free(std::path::Path::new("/")).is_some_and(|free| free > MB));
    }
}
