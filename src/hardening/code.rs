//! The program's own code in memory, of which a process that runs for long keeps what it uses.
#![allow(unsafe_code, reason = "the call has no safe wrapper")]

use rustix::mm::{Advice, madvise};
use std::fs;
use std::sync::OnceLock;

/// Lets go of the pages of this program's code. The next call of a function brings its page back
/// from the file, so that what only the start has called no longer counts as this process's memory.
pub(crate) fn let_go() {
    static RANGE: OnceLock<Option<(usize, usize)>> = OnceLock::new();
    let Some((start, length)) = *RANGE.get_or_init(range) else { return };
    // SAFETY: these are pages of code, which were mapped from a file and are never written to. So
    // they are the same when they come back.
    let _ = unsafe {
        madvise(std::ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed)
    };
}

/// Returns the start and the length of the mapping in which this very function is. Only a mapping
/// of a file that can be run and not written is one.
fn range() -> Option<(usize, usize)> {
    let here = range as fn() -> Option<(usize, usize)> as usize;
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        let is_code = words.next()? == "r-xp" && words.nth(3)?.starts_with('/');
        (is_code && (start..end).contains(&here)).then_some((start, end - start))
    })
}

#[cfg(test)]
mod tests {
    use super::{let_go, range};

    #[test]
    fn the_program_goes_on_after_its_code_was_let_go() {
        let (_, length) = range().expect("this code is somewhere");
        assert!(length > 100_000, "{length}");
        let_go();
        assert_eq!(range().map(|(_, again)| again), Some(length));
    }
}
