//! git's configuration, asked and changed through git itself.

use crate::arguments::{self, HelperOptions, Invocation};
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::terminal::NAME;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// Our line in `credential.helper`.
pub(super) struct OurHelper {
    pub(super) options: HelperOptions,
}

/// What `credential.helper` says of us; nothing where git does not use us.
pub(super) fn our_helper() -> Option<OurHelper> {
    let lines = get(&["--get-all", "credential.helper"])?;
    // An empty line resets the list; the last line that is ours counts.
    let helpers: Vec<&str> = lines.lines().collect();
    let since_reset = helpers.rsplit(|line| line.is_empty()).next()?;
    since_reset.iter().rev().find_map(|line| parse_helper(line))
}

fn parse_helper(line: &str) -> Option<OurHelper> {
    let line = line.trim_start_matches('!').trim();
    let options = match line.rfind(NAME) {
        Some(at) if at == 0 || line[..at].ends_with('/') => {
            let rest = &line[at + NAME.len()..];
            rest.strip_prefix(".exe").unwrap_or(rest).trim_start_matches(['\'', '"'])
        }
        Some(_) => return None,
        None => line.strip_prefix("pat")?,
    };
    if !options.is_empty() && !options.starts_with(' ') {
        return None;
    }
    let words: Vec<OsString> = options.split_whitespace().chain(["get"]).map(Into::into).collect();
    match arguments::parse(&words) {
        Ok(Invocation::Operation(_, options)) => Some(OurHelper { options }),
        _ => None,
    }
}

/// Whether git sends the path for requests at this context.
pub(super) fn sends_path(context: &Context) -> bool {
    let url = context.to_string();
    get(&["--type=bool", "--get-urlmatch", "credential.useHttpPath", &url])
        .is_some_and(|value| value.trim() == "true")
}

/// Whether git asks for a certain username at this context.
pub(super) fn asks_for_username(context: &Context) -> bool {
    get(&["--get-urlmatch", "credential.username", &context.to_string()]).is_some()
}

/// Makes git send the path for requests at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn send_path(context: &Context) -> Result<(), Error> {
    set(&format!("credential.{context}.useHttpPath"), "true")
}

/// Makes git ask for this username at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn set_username(context: &Context, username: &Username) -> Result<(), Error> {
    let name = std::str::from_utf8(username.as_bytes())
        .map_err(|_| Error::Refused("git's configuration takes no such username"))?;
    set(&format!("credential.{context}.username"), name)
}

/// Adds a credential helper, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn add_helper(helper: &str) -> Result<(), Error> {
    run(&["--add", "credential.helper", helper])
}

fn set(name: &str, value: &str) -> Result<(), Error> {
    run(&[name, value])
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    let status = git().arg("--global").args(arguments).stdout(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(Error::Refused("git's configuration could not be changed"))
    }
}

fn get(arguments: &[&str]) -> Option<String> {
    let output = git().args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.arg("config").stdin(Stdio::null());
    git
}

#[cfg(test)]
mod tests {
    use super::parse_helper;
    use crate::keychain::Kind;

    #[test]
    fn our_line_is_found_however_it_is_written() {
        for line in [
            "pat --keychain kernel",
            "/home/a/.local/bin/git-credential-pat --keychain kernel --timeout 60",
            "/home/a\\ b/bin/git-credential-pat --keychain=kernel",
            "!'/home/a b/git-credential-pat' --keychain kernel",
            "/home/a\\ --b/bin/git-credential-pat --keychain kernel",
            "C:/bin/git-credential-pat.exe --keychain kernel",
        ] {
            let options = parse_helper(line).expect(line).options;
            assert_eq!(options.kind, Some(Kind::Kernel), "{line}");
        }
        assert!(parse_helper("pat").is_some_and(|helper| helper.options.kind.is_none()));
    }

    #[test]
    fn another_helper_is_not_ours() {
        for line in [
            "",
            "store",
            "libsecret",
            "/usr/bin/pat",
            "patch",
            "pat --unknown",
            "x-git-credential-pat",
            "/bin/git-credential-patch",
        ] {
            assert!(parse_helper(line).is_none(), "{line}");
        }
    }
}
