//! What the tests stand on: one file per real part.

pub mod desk;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod kernel;
pub mod program;
pub mod sandbox;
pub mod server;
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod watch;
