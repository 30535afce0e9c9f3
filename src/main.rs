//! The process: hardening, streams, exit status, and the one place that prints an error.

use git_credential_pat::hardening::{self, WipingAllocator};

#[global_allocator]
static ALLOCATOR: WipingAllocator = hardening::wiping_allocator();

fn main() {
    hardening::begin();
}
