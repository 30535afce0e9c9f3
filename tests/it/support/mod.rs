//! What the tests stand on: one file per real part.

#[cfg(target_os = "linux")]
pub mod desktop;
pub mod sandbox;
#[cfg(target_os = "linux")]
pub mod watch;
