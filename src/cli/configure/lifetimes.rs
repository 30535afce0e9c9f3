//! The options `--cache` and `--timeout` of `configure` say for how long the kernel's keyring keeps
//! a token.

use crate::arguments::{self, HelperOptions, Invocation};
use crate::error::Error;
use crate::keychain::Kind;
use crate::protocol::Operation;
use std::ffi::OsString;

/// The value that removes an option from the line again.
const OFF: &str = "off";

/// The options of the lifetimes, as in the helper string.
#[derive(clap::Args)]
pub(super) struct Lifetimes {
    /// Keep the answers of the desktop's keychain or of --command in the kernel's keyring for so
    /// long; `off` ends that
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["env", "file", "ci"])]
    cache: Option<String>,
    /// With --keychain kernel: make it forget a token so long after it was stored; `off` ends that
    #[arg(long, value_name = "SECONDS", conflicts_with = "source")]
    timeout: Option<String>,
}

impl Lifetimes {
    /// Returns the value of `--cache` for the line of a source.
    pub(super) fn of_source(&self) -> Option<&str> {
        self.cache.as_deref().filter(|seconds| *seconds != OFF)
    }

    /// Changes the options of a line for this keychain. Those that were not given stay as they are.
    ///
    /// # Errors
    /// The helper's own error for such a line.
    pub(super) fn set(&self, kind: Kind, options: &mut HelperOptions) -> Result<(), Error> {
        let is_given = |value: &&String| *value != OFF;
        let mut words = vec!["--keychain", kind.name()];
        for (name, value) in [("--cache", &self.cache), ("--timeout", &self.timeout)] {
            if let Some(seconds) = value.as_ref().filter(is_given) {
                words.extend([name, seconds]);
            }
        }
        words.push(Operation::Get.name());
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let Invocation::Operation(_, given) = arguments::parse(&words)? else { return Ok(()) };
        if self.cache.is_some() {
            options.cache = given.cache;
        }
        if self.timeout.is_some() {
            options.lifetime = given.lifetime;
        }
        Ok(())
    }
}
