//! The built binary on real parts: git drives it, real keychains hold the tokens.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(unreachable_pub, reason = "nothing is reachable in a test binary, and pub reads well")]

#[cfg(target_os = "linux")]
mod secret_service;
mod support;
