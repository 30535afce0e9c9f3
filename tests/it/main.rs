//! The built binary on real parts: git drives it, real keychains hold the tokens.
//!
//! The parts run on Linux and on Windows. On macOS, `keychain_contract` drives the built binary. So
//! `unix` means Linux here.
#![cfg(any(target_os = "linux", windows))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(unreachable_pub, reason = "what the tests stand on is for all of them")]

#[cfg(target_os = "linux")]
mod buses;
#[cfg(unix)]
mod cache;
#[cfg(target_os = "linux")]
mod check;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod completions;
#[cfg(target_os = "linux")]
mod concurrency;
#[cfg(unix)]
mod configure;
#[cfg(unix)]
mod conversation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod copies;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crashes;
#[cfg(unix)]
mod docker;
#[cfg(unix)]
mod echo;
#[cfg(unix)]
mod edit;
#[cfg(unix)]
mod end_to_end;
#[cfg(unix)]
mod endings;
#[cfg(unix)]
mod examples;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod fleet;
#[cfg(unix)]
mod git_failures;
mod hostile;
#[cfg(unix)]
mod import;
#[cfg(unix)]
mod install;
#[cfg(unix)]
mod keyring_family;
#[cfg(target_os = "linux")]
mod lend;
#[cfg(unix)]
mod lfs;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
#[cfg(unix)]
mod messages;
mod model;
#[cfg(target_os = "linux")]
mod mounted_secrets;
#[cfg(target_os = "linux")]
mod new_tokens;
#[cfg(target_os = "linux")]
mod notifications;
#[cfg(target_os = "linux")]
mod one_keychain;
#[cfg(target_os = "linux")]
mod pages;
#[cfg(target_os = "linux")]
mod private_files;
mod protocol;
#[cfg(unix)]
mod proxies;
#[cfg(target_os = "linux")]
mod recording;
#[cfg(unix)]
mod releases;
#[cfg(target_os = "linux")]
mod revoke;
#[cfg(target_os = "linux")]
mod rotate;
#[cfg(unix)]
mod secret_service;
#[cfg(unix)]
mod shown;
#[cfg(unix)]
mod sources;
#[cfg(unix)]
mod status;
mod support;
#[cfg(unix)]
mod tidy;
#[cfg(unix)]
mod token_and_exec;
#[cfg(target_os = "linux")]
mod tokens_as_names;
#[cfg(target_os = "linux")]
mod tools;
#[cfg(unix)]
mod typed_urls;
#[cfg(unix)]
mod usage;
#[cfg(unix)]
mod use_account;
#[cfg(target_os = "linux")]
mod use_log;
#[cfg(target_os = "linux")]
mod vault;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(windows)]
mod windows;
