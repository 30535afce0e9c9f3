//! The way to the forges.

#[allow(dead_code, reason = "questions that are put at once are for what is to come")]
pub(crate) mod http;
