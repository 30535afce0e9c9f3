//! The built binary on real parts: git drives it, real keychains hold the tokens.
#![allow(unreachable_pub, reason = "nothing outside a test binary could reach it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod end_to_end;
mod lfs;
mod protocol;
mod support;
