//! What the tests stand on: one file per real part.

pub mod desk;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod kernel;
#[cfg(target_os = "linux")]
pub mod onlooker;
#[cfg(target_os = "linux")]
pub mod openbao;
pub mod page;
pub mod person;
pub mod program;
#[cfg(target_os = "linux")]
pub mod proxy;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod registers;
#[cfg(target_os = "linux")]
pub mod registry;
pub mod release;
pub mod release_server;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod residue;
pub mod sandbox;
pub mod server;
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
