//! The built binary on real parts: git drives it, real keychains hold the tokens.
//!
//! The parts are not macOS's: there, `keychain_contract` is what drives the built binary.
#![cfg(not(target_os = "macos"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(unreachable_pub, reason = "what the tests stand on is for all of them")]

mod cache;
mod commands;
mod completions;
#[cfg(target_os = "linux")]
mod concurrency;
mod configure;
mod conversation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crashes;
mod docker;
mod end_to_end;
mod endings;
mod examples;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod fleet;
#[cfg(target_os = "linux")]
mod hostile;
mod import;
mod install;
mod keyring_family;
mod lfs;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
mod messages;
mod model;
mod protocol;
#[cfg(target_os = "linux")]
mod recording;
mod releases;
mod secret_service;
mod sources;
mod status;
mod support;
mod tidy;
mod token_and_exec;
#[cfg(target_os = "linux")]
mod tools;
