//! `git credential-pat token URL` prints one token on standard output, for a pipe.

use super::answer::AccountArguments;
use crate::error::Error;
use crate::terminal;
use zeroize::Zeroizing;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print it even where a terminal shows it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    account: AccountArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    // This comes before the keychain is asked, which may need a person's answer.
    if terminal::stdout_is_terminal() && !arguments.yes {
        return Err(Error::Usage(
            "the terminal would show the token: pipe it on, or add --yes to see it",
        ));
    }
    let credential = arguments.account.credential("token")?;
    let token = credential.token.expose();
    let mut line = Zeroizing::new(Vec::with_capacity(token.len() + 1));
    line.extend_from_slice(token);
    line.push(b'\n');
    terminal::write_raw(&line)
}
