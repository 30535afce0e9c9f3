//! A git credential helper that keeps personal access tokens in the operating system's
//! keychain. See `README.md` for people, this for programs.

pub mod context;
pub mod credential;
pub mod error;
pub mod hardening;
pub mod keychain;
pub mod protocol;
pub mod secret;
