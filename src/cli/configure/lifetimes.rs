//! `configure --cache` and `--timeout`: for how long the kernel's keyring keeps what is put there.

use crate::arguments::{self, HelperOptions, Invocation};
use crate::error::Error;
use crate::keychain::Kind;
use crate::protocol::Operation;
use std::ffi::OsString;

/// What takes an option out of the line again.
const OFF: &str = "off";

/// As in the helper string.
#[derive(clap::Args)]
pub(super) struct Lifetimes {
    /// Keep what the desktop's keychain or --command has answered in the kernel's keyring for so
    /// long; `off` ends that
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["env", "file", "ci"])]
    cache: Option<String>,
    /// With --keychain kernel: have it forget a token so long after it was stored; `off` ends that
    #[arg(long, value_name = "SECONDS", conflicts_with = "source")]
    timeout: Option<String>,
}

impl Lifetimes {
    /// What a source's line is to have.
    pub(super) fn of_source(&self) -> Option<&str> {
        self.cache.as_deref().filter(|seconds| *seconds != OFF)
    }

    /// Changes the options of a line for this keychain; what was not given stays as it is.
    ///
    /// # Errors
    /// What the helper itself would say of such a line.
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
