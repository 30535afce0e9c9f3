//! What takes the token out of a file: a command of the program whose file it is, where one does
//! just that, else words.

use super::Mend;
use super::form::{Form, Program};
use crate::git::config_file::{ConfigFile, Line};
use crate::git::words::typed;
use crate::needle::Needle;
use crate::plain_text::url::{Parts, decode};
use crate::{forge, plain_text};
use std::ops::Range;
use std::path::Path;

/// What a person does where no command does it.
pub(super) const BY_HAND: &str = "take it out in an editor, or put the new token in its place";

/// A part of a file in which the token stands.
pub(super) struct Place<'a> {
    pub(super) form: Form,
    pub(super) path: &'a Path,
    pub(super) part: Range<usize>,
    pub(super) content: &'a [u8],
}

/// Returns what takes the token out of its place. `keys` are the names that lead there, none if one
/// of them may be a secret.
pub(super) fn of(place: &Place<'_>, keys: &[String], needle: &Needle<'_>) -> Mend {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let path = place.path;
    let command = match place.form {
        Form::Store => of_store(place, needle),
        Form::Git => Some(of_git(place, needle)),
        Form::Token if cfg!(unix) => Some(format!("rm {}", word_of(path))),
        // A name may be an option for the program, be shown by numbers, or have quotes in the file.
        _ if keys.iter().any(|key| key.starts_with('-') || key.contains(['%', '"', '\''])) => None,
        Form::Settings(program) | Form::Json(program) | Form::Outline(program) => {
            of_program(program, path, &keys)
        }
        Form::Netrc | Form::Token | Form::Text => None,
    };
    command.map_or_else(|| Mend::Words(BY_HAND.to_owned()), Mend::Command)
}

fn word_of(path: &Path) -> String {
    typed(path.as_os_str().as_encoded_bytes())
}

fn of_program(program: Program, path: &Path, keys: &[&str]) -> Option<String> {
    Some(match (program, keys) {
        (Program::Npm { of_project: false }, [key]) => {
            format!("npm config delete --location=user {}", typed(key))
        }
        (Program::Cargo, ["registry", _]) => "cargo logout".to_owned(),
        (Program::Cargo, [section, _]) => {
            format!("cargo logout --registry {}", typed(section.strip_prefix("registries.")?))
        }
        (Program::Docker, ["auths", registry, _]) => {
            format!("docker --config {} logout {}", word_of(path.parent()?), typed(registry))
        }
        (Program::Containers, ["auths", registry, _]) => {
            format!("podman logout --authfile {} {}", word_of(path), typed(registry))
        }
        (Program::Gh, [host, "users", user, _]) => {
            format!("gh auth logout --hostname {} --user {}", typed(host), typed(user))
        }
        (Program::Gh, [host, _]) => format!("gh auth logout --hostname {}", typed(host)),
        (Program::Glab, ["hosts", host, _]) => {
            format!("glab auth logout --hostname {}", typed(host))
        }
        _ => return None,
    })
}

/// Returns the command that takes a line out of a file of git's `store`, where it takes out no
/// other.
fn of_store(place: &Place<'_>, needle: &Needle<'_>) -> Option<String> {
    let content = place.content;
    let line = content[place.part.clone()].trim_ascii();
    let parts = Parts::of(line)?;
    let username = decode(parts.username.filter(|name| !name.is_empty())?);
    let password = decode(parts.password.filter(|password| !password.is_empty())?);
    let host = decode(parts.host);
    let is_alone = content.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).all(|other| {
        other == line
            || Parts::of(other)
                .is_none_or(|other| other.host != parts.host || other.username != parts.username)
    });
    let is_secret = plain_text::is_first(None, &username, &password)
        || [&username, &host].into_iter().any(|t| forge::holds_token(t) || needle.is_in(t));
    let is_line = |text: &[u8]| !text.iter().any(u8::is_ascii_control);
    if !is_alone || is_secret || !is_line(&username) || !is_line(&host) {
        return None;
    }
    let attributes = [
        [b"protocol=", parts.protocol].concat(),
        [b"host=", host.as_slice()].concat(),
        [b"username=", username.as_slice()].concat(),
    ];
    let attributes: Vec<String> = attributes.iter().map(typed).collect();
    Some(format!(
        "printf '%s\\n' {} '' | git credential-store --file {} erase",
        attributes.join(" "),
        word_of(place.path)
    ))
}

/// Returns the command that takes the token out of git's configuration: the URL without it, or
/// the setting. Where other values of the setting would go with it, the file is opened.
fn of_git(place: &Place<'_>, needle: &Needle<'_>) -> String {
    let git = format!("git config --file {}", word_of(place.path));
    match setting_without(place, needle) {
        Some((key, Some(url))) => format!("{git} {} {}", typed(&key), typed(&url)),
        Some((key, None)) => format!("{git} --unset {}", typed(&key)),
        None => format!("{git} --edit"),
    }
}

/// Returns the only setting of its name at this part of a file, and the URL without the token that
/// is to be its value; or no value, if it is a header or a name to be dropped.
fn setting_without(place: &Place<'_>, needle: &Needle<'_>) -> Option<(String, Option<Vec<u8>>)> {
    let file = ConfigFile::parse(place.content)?;
    let line = file.lines.iter().find(|line| line.part() == place.part)?;
    let header = &file.headers[line.header];
    let (section, subsection) = (header.section.as_str(), header.subsection());
    let is_same = |other: &&Line| {
        let theirs = &file.headers[other.header];
        let is_there = theirs.section == section && theirs.subsection() == subsection;
        is_there && other.name == line.name
    };
    let text = subsection.unwrap_or_default();
    let is_secret = needle.is_in(text) || forge::holds_token(text);
    if is_secret || file.lines.iter().filter(is_same).count() != 1 {
        return None;
    }
    let key = match subsection {
        Some(text) => format!("{section}.{}.{}", str::from_utf8(text).ok()?, line.name),
        None => format!("{section}.{}", line.name),
    };
    match Parts::of(line.value()?).filter(Parts::has_token) {
        Some(parts) if !needle.is_in(parts.rest) && !forge::holds_token(parts.rest) => {
            Some((key, Some(parts.without_token())))
        }
        Some(_) => None,
        None => matches!(line.name.as_str(), "extraheader" | "username").then_some((key, None)),
    }
}
