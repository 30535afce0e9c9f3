//! The process's allocator: freed and grown blocks are zeroed, so that crates which drop plain
//! vectors leave nothing behind.
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use zeroizing_alloc::ZeroAlloc;

/// An allocator that zeroes what it frees. What frees a block stands once in the program, not wherever
/// something is dropped: that would make it a tenth longer.
pub struct WipingAllocator(ZeroAlloc<System>);

impl WipingAllocator {
    /// Makes one.
    #[must_use]
    pub const fn new() -> Self {
        Self(ZeroAlloc(System))
    }
}

impl Default for WipingAllocator {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: all calls go on as they came to an allocator that keeps the rules. As there, a block grows
// by the trait's own way, which frees, and so zeroes, the old one.
unsafe impl GlobalAlloc for WipingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of this call.
        unsafe { self.0.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules of this call.
        unsafe { self.0.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of this call.
        unsafe { self.0.alloc_zeroed(layout) }
    }
}
