//! The parts that the tests use: one file for each real part.

#[cfg(unix)]
pub mod beginnings;
#[cfg(windows)]
pub mod credentials;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(unix)]
pub mod forge;
pub mod home;
#[cfg(unix)]
pub mod kernel;
#[cfg(target_os = "linux")]
pub mod keyring;
pub mod label;
#[cfg(target_os = "linux")]
pub mod onlooker;
#[cfg(target_os = "linux")]
pub mod openbao;
#[cfg(unix)]
pub mod page;
#[cfg(unix)]
pub mod program;
#[cfg(target_os = "linux")]
pub mod proxy;
#[cfg(target_os = "linux")]
pub mod registry;
#[cfg(unix)]
pub mod release;
#[cfg(unix)]
pub mod release_server;
#[cfg(target_os = "linux")]
pub mod residue;
pub mod sandbox;
#[cfg(unix)]
pub mod server;
#[cfg(target_os = "linux")]
pub mod server_home;
#[cfg(target_os = "linux")]
pub mod service;
#[cfg(unix)]
pub mod spy;
#[cfg(target_os = "linux")]
pub mod sshd;
#[cfg(unix)]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod tools;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod tracee;
#[cfg(target_os = "linux")]
pub mod tunnel;
#[cfg(target_os = "linux")]
pub mod verdaccio;
#[cfg(target_os = "linux")]
pub mod watch;

/// The keychain that most tests use, which needs no desktop, and names of a test's own in it.
#[cfg(windows)]
pub use credentials::{KEYCHAIN, Keys};
#[cfg(unix)]
pub use kernel::{KEYCHAIN, Keys};
