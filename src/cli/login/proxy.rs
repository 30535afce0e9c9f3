//! Handles a proxy's password. git asks for it as `http` at the proxy's host and port, unencrypted,
//! and only where `http.proxy` names the user.

use crate::cli::place::Place;
use crate::cli::status::places::percent;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::git::entries::Entries;
use crate::git::words::typed;
use crate::terminal::prompt::Terminal;

/// Asks a person to agree to a password that crosses the network unencrypted.
///
/// # Errors
/// Where nobody can be asked, where the person says no, or where the URL is not of a whole host.
pub(super) fn agree(place: &Place, terminal: Option<&mut Terminal>) -> Result<(), Error> {
    const REFUSED: Error =
        Error::Refused("http is unencrypted: use https, or add --allow-http to the helper string");
    let terminal = terminal.filter(|_| !place.context.is_scoped()).ok_or(REFUSED)?;
    let question = format!(
        "Without encryption everybody on the way can read what is sent to {at}; a proxy's password \
         may have to be. Keep it, for {at} alone?",
        at = place.context
    );
    if terminal.confirm(&question)? { Ok(()) } else { Err(REFUSED) }
}

/// Returns what keeps git from asking for this proxy's password, if its configuration names it.
pub(in crate::cli) fn lack(entries: &Entries, proxy: &Context) -> Option<String> {
    let mut proxies = entries.of("http").filter(|entry| entry.name == "proxy");
    let lacks_user = |value: &str| {
        let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let is_it = || Context::of_host(b"http", authority.as_bytes()).as_ref() == Some(proxy);
        !value.starts_with("https:") && is_it()
    };
    proxies.any(|entry| lacks_user(&entry.value)).then(|| {
        format!("git does not ask for the password of {proxy}: http.proxy does not name the user")
    })
}

/// Returns the command that names the user.
pub(in crate::cli) fn mend(proxy: &Context, username: Option<&Username>) -> String {
    let name = username.filter(|name| !name.is_empty() && !name.is_token());
    let name = name.map_or_else(|| "USER".to_owned(), percent);
    let text = proxy.to_string();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    format!("git config --global http.proxy {}", typed(&format!("http://{name}@{rest}")))
}
