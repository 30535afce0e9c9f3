//! Reads the options that name a source of a token instead of a keychain.

use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::source::{Origin, Source, SourceOptions, place};
use std::path::PathBuf;

/// The values of the options that were read so far.
#[derive(Default)]
pub(super) struct Words {
    place: Option<Context>,
    origin: Option<Origin>,
    username: Option<Username>,
    authtype: Option<Vec<u8>>,
    /// `--ci`
    pub(super) ci: bool,
}

impl Words {
    /// Returns whether this is the name of such an option that takes a value.
    pub(super) fn takes(name: &str) -> bool {
        matches!(name, "--for" | "--env" | "--file" | "--command" | "--username" | "--authtype")
    }

    /// Takes an option's value.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or(Error::Option("an option of the helper string has no value"))?;
        let origin = match name {
            "--for" => {
                let place = place(value).ok_or(Error::Option(
                    "--for takes the URL of a host or of a part of it, like https://github.com",
                ))?;
                return once(&mut self.place, place);
            }
            "--username" => {
                is_plain(value.as_bytes())?;
                return once(&mut self.username, Username::new(value.as_bytes()));
            }
            "--authtype" => {
                is_plain(value.as_bytes())?;
                return once(&mut self.authtype, value.as_bytes().to_vec());
            }
            "--env" if !is_name(value) => {
                return Err(Error::Option("--env takes the name of a variable"));
            }
            "--env" => Origin::Variable(value.to_owned()),
            "--file" => Origin::File(PathBuf::from(value)),
            _ => Origin::Command(value.to_owned()),
        };
        once(&mut self.origin, origin)
    }

    /// Returns the source that the options name together, if they name one.
    pub(super) fn finish(self) -> Result<Option<SourceOptions>, Error> {
        let has_any = self.place.is_some()
            || self.origin.is_some()
            || self.username.is_some()
            || self.authtype.is_some();
        let source = match (self.place, self.origin) {
            _ if self.ci && has_any => {
                return Err(Error::Option("--ci knows the place and the token by itself"));
            }
            _ if self.ci => SourceOptions::Runner,
            (Some(context), Some(origin)) => SourceOptions::Bound(Box::new(Source {
                context,
                any_username: self.username.is_none(),
                username: self.username,
                authtype: self.authtype,
                origin,
            })),
            (None, Some(_)) => {
                return Err(Error::Option(
                    "a token is served for one place only: say which with --for https://HOST",
                ));
            }
            (Some(_), None) => {
                return Err(Error::Option("--for needs one of --env, --file and --command"));
            }
            (None, None) if has_any => {
                return Err(Error::Option("--username and --authtype need --for"));
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(source))
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Error> {
    if place.replace(value).is_some() {
        return Err(Error::Option("the helper string names two sources: write a helper for each"));
    }
    Ok(())
}

fn is_plain(value: &[u8]) -> Result<(), Error> {
    if value.iter().any(u8::is_ascii_control) {
        return Err(Error::Option("an option of the helper string has control characters"));
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
