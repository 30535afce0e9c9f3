//! Access for a sandbox, never the token: git's own few requests are served on this machine, each is
//! held against a short list, gets its header from the keychain and goes on to the forge.
//!
//! ```text
//! sandbox: git ──http──▶ listen ▶ request ▶ policy ▶ push ▶ account ▶ forward ──https──▶ forge
//!                         └ refusal: read inside of git's own output
//! ```
//!
//! The far side is hostile input to a process that lives: every length is bounded, a connection
//! carries one request, and nothing panics, because that would end the lending for all.

pub mod framing;
pub mod policy;
pub mod push;
pub mod refusal;
pub mod request;
