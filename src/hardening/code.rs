//! The program's own code in memory, of which a process that runs for long keeps what it uses.
#![allow(unsafe_code, reason = "the call has no safe wrapper")]

use rustix::mm::{Advice, madvise};

// Every linker of the system defines them: where the program begins in memory, and where its code
// ends, see end(3).
unsafe extern "C" {
    static __executable_start: u8;
    static etext: u8;
}

/// The largest page that is in use. Smaller ones divide it.
const PAGE: usize = 64 * 1024;

/// How much of the code comes back at a time.
const PART: usize = 16 * 1024;

/// Makes the code come back in small parts. The system brings in what lies around a page that is
/// called, but only up to where its advice changes. So every other part has another one.
pub(crate) fn in_small_parts() {
    let (start, length) = range();
    for part in (start..start + length).step_by(2 * PART) {
        // SAFETY: advice changes nothing of what stands in the pages, which are this program's.
        let _ =
            unsafe { madvise(std::ptr::with_exposed_provenance_mut(part), PART, Advice::Random) };
    }
}

/// Lets go of the pages of this program's code. The next call of a function brings its page back
/// from the file, so that what only the start has called no longer counts as this process's memory.
pub(crate) fn let_go() {
    let (start, length) = range();
    // SAFETY: these are the program's head and its code, which were mapped from a file and are never
    // written to. So they are the same when they come back.
    let _ = unsafe {
        madvise(std::ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed)
    };
}

/// Returns the start and the length of the whole pages of code.
fn range() -> (usize, usize) {
    let start = (&raw const __executable_start).expose_provenance().next_multiple_of(PAGE);
    let end = (&raw const etext).addr() / PAGE * PAGE;
    (start, end.saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::{PART, in_small_parts, let_go, range};
    use std::fs;

    #[test]
    fn the_program_goes_on_after_its_code_was_let_go_and_comes_back_in_small_parts() {
        let (start, length) = range();
        let here = range as fn() -> (usize, usize) as usize;
        assert!(length > 1_000_000 && (start..start + length).contains(&here), "{length}");
        let mappings = || fs::read_to_string("/proc/self/maps").expect("a list").lines().count();
        let before = mappings();
        in_small_parts();
        let_go();
        assert_eq!(range(), (start, length));
        let added = mappings() - before;
        assert!(added > length / PART / 2, "{added} in {length}");
    }
}
