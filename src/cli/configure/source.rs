//! Makes the helper line for a token that comes from no keychain, but from a variable, a file or a
//! command, for one URL, or from the runner itself.

use crate::arguments::{self, Invocation};
use crate::error::Error;
use crate::forge;
use crate::git::helper_line::Helper;
use crate::protocol::Operation;
use crate::source::{Origin, SourceOptions, is_hidden_by_others};
use crate::terminal;
use std::ffi::OsString;

/// The options of a source, as in the helper string. The URL is the value of `--for`.
#[derive(clap::Args)]
pub(super) struct SourceArguments {
    /// Take the token for the URL from this variable, and from no keychain. Its name should not
    /// begin with `GIT_`: pre-commit and others hide such variables from git
    #[arg(
        long,
        value_name = "NAME",
        requires = "url",
        group = "source",
        conflicts_with = "keychain"
    )]
    env: Option<String>,
    /// Take the token for the URL from this file, which only its owner can read
    #[arg(
        long,
        value_name = "FILE",
        requires = "url",
        group = "source",
        conflicts_with = "keychain"
    )]
    file: Option<String>,
    /// Take the token for the URL from the output of this command, which is run without a shell
    #[arg(
        long,
        value_name = "COMMAND",
        requires = "url",
        group = "source",
        conflicts_with = "keychain"
    )]
    command: Option<String>,
    /// Take the token that the build machine's runner brings, for its own server
    #[arg(long, conflicts_with_all = ["url", "keychain"], group = "source")]
    ci: bool,
    /// With a source: the username that goes with the token [default: the host's convention]
    #[arg(long, value_name = "NAME", requires = "source", conflicts_with = "ci")]
    username: Option<String>,
    /// With a source: the scheme of the Authorization header, where it is not Basic
    #[arg(long, value_name = "SCHEME", requires = "source", conflicts_with = "ci")]
    authtype: Option<String>,
}

impl SourceArguments {
    /// Returns the options of the helper line and the source, if the options name one. Its answers
    /// may be kept for so many seconds.
    ///
    /// # Errors
    /// [`Error::Usage`] where a token was given instead of its source; the helper's own error for
    /// such a line.
    pub(super) fn read(
        &self,
        url: &str,
        cache: Option<&str>,
    ) -> Result<Option<(String, SourceOptions)>, Error> {
        let mut words: Vec<&str> = Vec::new();
        let named = [
            ("--env", &self.env),
            ("--file", &self.file),
            ("--command", &self.command),
            ("--username", &self.username),
            ("--authtype", &self.authtype),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                words.extend([name, value]);
            }
        }
        if let Some(seconds) = cache.filter(|_| !words.is_empty()) {
            words.extend(["--cache", seconds]);
        }
        if self.ci {
            words.push("--ci");
        } else if !words.is_empty() {
            words.splice(..0, ["--for", url]);
        }
        let is_token = |(name, value): &(&str, &Option<String>)| {
            let value = value.as_deref().unwrap_or_default().as_bytes();
            forge::holds_token(value) || (*name == "--username" && forge::is_token(value))
        };
        if named.iter().any(is_token) {
            return Err(Error::Usage(
                "this would put a token into git's configuration: name where it is read",
            ));
        }
        let line: Vec<OsString> =
            words.iter().copied().chain([Operation::Get.name()]).map(Into::into).collect();
        let Invocation::Operation(_, options) = arguments::parse(&line)? else { return Ok(None) };
        let text = words
            .iter()
            .fold(String::new(), |text, word| format!("{text} {}", shell_words::quote(word)));
        Ok(options.source.map(|source| (text, source)))
    }
}

/// Warns of what keeps a line with this source from serving now. A variable or the output of a
/// command is not checked: it may well not exist yet.
pub(super) fn warn(source: &SourceOptions) {
    let SourceOptions::Bound(source) = source else { return };
    match &source.origin {
        Origin::Variable(name) if is_hidden_by_others(name) => {
            terminal::say("configure", "warning: this variable begins with GIT_");
            terminal::hint(
                "pre-commit and its like hide such variables from git: call it otherwise, and name \
                 that with --env",
            );
        }
        Origin::File(path) => {
            let Err(why) = source.look() else { return };
            terminal::say("configure", &format!("warning: no token comes from this file: {why}"));
            terminal::hint(if path.starts_with("/run/credentials") {
                "a service's credentials are there only while it runs, and for its user: git gets \
                 a token then"
            } else {
                "git gets no token by this line until that is mended"
            });
        }
        Origin::Variable(_) | Origin::Command(_) => {}
    }
}

/// Returns whether this line of git's configuration has a source for the same context.
pub(super) fn is_for_the_same(line: &Helper, source: &SourceOptions) -> bool {
    let Helper::Ours(Some(options)) = line else { return false };
    match (&options.source, source) {
        (Some(SourceOptions::Runner), SourceOptions::Runner) => true,
        (Some(SourceOptions::Bound(old)), SourceOptions::Bound(new)) => old.context == new.context,
        _ => false,
    }
}
