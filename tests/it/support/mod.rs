//! What the tests stand on: one file per real part.

pub mod sandbox;
pub mod terminal;
