//! Shows the page where a token is made, and opens it where there is a desktop.

use crate::context::Context;
use crate::error::Error;
use crate::forge::{self, Old, Page, Wanted};
use crate::terminal::display;
use crate::terminal::prompt::Terminal;
use crate::time::{DAY, now};

/// The longest name for a token that GitHub takes.
const MAX_NAME: usize = 40;

/// Returns the name to give to a token: by it a person finds the token again on the host's page.
pub(in crate::cli) fn name_of_token() -> String {
    format!("git on {}", display::machine()).chars().take(MAX_NAME).collect()
}

/// Shows the page where a token for this context is made, if it is known, and offers to open it. The
/// token is to take the place of an old one, if there is one.
pub(in crate::cli) fn offer(
    terminal: &mut Terminal,
    context: &Context,
    forge: Option<forge::Id>,
    expiry: Option<u64>,
    old: Option<Old<'_>>,
) -> Result<(), Error> {
    let forge = forge.map(forge::Id::forge).or_else(|| forge::likely_at(context));
    let Some(forge) = forge else { return Ok(()) };
    let days = expiry.map(|expiry| expiry.saturating_sub(now()).div_ceil(DAY));
    let name = name_of_token();
    let pages = forge.pages(&Wanted { context, name: &name, days, old });
    let Some(first) = pages.first() else { return Ok(()) };
    for (index, Page { address, what }) in pages.iter().enumerate() {
        let opening = if index == 0 { "Make" } else { "Or make" };
        terminal.show(&format!("{opening} {what}:"))?;
        terminal.show(&format!("  {address}"))?;
    }
    let which = if pages.len() > 1 { "the first page" } else { "this page" };
    if display::is_seen()
        && terminal.confirm(&format!("Open {which} in the browser?"))?
        && !display::open_page(&first.address)
    {
        terminal.show("No browser could be started: open it by hand")?;
    }
    Ok(())
}
