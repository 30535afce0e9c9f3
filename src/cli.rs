//! What people type: `git credential-pat login|logout|list|…`. One file per command.
//!
//! clap is told not to quote what it does not understand: an argument in the wrong place is
//! all too often a token.

mod accounts;
mod answer;
mod check;
mod completions;
mod configure;
mod exec;
mod groups;
mod import;
mod list;
mod lock;
mod log;
mod login;
mod logout;
mod man;
mod passphrase;
pub(crate) mod place;
mod settle;
mod status;
mod token;
mod unconfigure;
mod unlock;
mod usage;

use crate::error::{Error, Failure};
use crate::git::Failed;
use crate::hardening;
use crate::keychain::Kind;
use crate::setup::{Setup, Setups};
use crate::terminal;
use clap::{Args, CommandFactory, Parser, Subcommand};
use place::Place;
use std::ffi::OsString;
use std::iter::once;

/// Keeps personal access tokens for git in the operating system's keychain.
///
/// git runs it as a credential helper; the commands below are for people.
#[derive(Parser)]
#[command(name = "git-credential-pat", bin_name = "git credential-pat", version)]
#[command(help_template = groups::help())]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// The first paragraph is for `--help`, all of them are for the manual.
#[derive(Subcommand)]
enum Command {
    /// Keep a token for a host, or for a part of it
    ///
    /// On a terminal it asks for what it was not told, shows the page of the host where a token
    /// is made and offers to open it, and reads the token without showing it. Whoever gives up at
    /// a question, with Ctrl-C or Ctrl-D, leaves everything as it was. A path in the URL makes a
    /// scoped account; git tells its helpers the path only if `credential.useHttpPath` is true
    /// for that place.
    ///
    /// The token is looked at before it is stored, without asking the host: a token of another
    /// host, a wrong checksum, a kind that git cannot use are warned of. Unknown forms are taken
    /// as they are. One that is expired or rejected is replaced in any case. A week before a
    /// token's end git's user is told on the terminal, once a day.
    Login(login::Arguments),
    /// Ask whose token it is, what it may do, until when, and why git was refused
    ///
    /// Asks git itself whether it may read the repository and is offered to push, and the forge,
    /// where it is known which one that is, whose the token is, what it may do and when it ends.
    /// Nothing is changed at the host, and the token goes nowhere but to its own forge: not where
    /// a redirect leads, not where another forge runs. What the forge tells is kept with the
    /// account, and `list` and `status` show it.
    Check(check::Arguments),
    /// Delete an account and its token from the keychain
    ///
    /// The token stays valid at the host: revoke it there. With `--all` every account that `list`
    /// shows is deleted, once a person at a terminal agrees, or `--yes` says so.
    Logout(logout::Arguments),
    /// Show the accounts, never their tokens
    ///
    /// Of each: its place, username, kind of token, state, expiry, when it was stored, and
    /// keychain. On a terminal an end within a week is yellow and one that has passed is red,
    /// unless `NO_COLOR` is set.
    List(list::Arguments),
    /// Print a token, for a pipe
    ///
    /// The account is chosen as for git. Nothing but the token and a newline is printed, and on
    /// a terminal nothing without `--yes`.
    Token(token::Arguments),
    /// Run a command that finds a token in a variable
    ///
    /// The account is chosen as for git. The token is in the environment of the command and of
    /// what it starts itself, and nowhere else; it is never an argument. On Unix the process
    /// becomes the command, so that signals and the exit status are its own; the status is 127
    /// where the command is not there and 126 where it cannot be run. It makes no core dumps,
    /// which would hold its environment.
    Exec(exec::Arguments),
    /// Bring tokens here from plain-text files, git's configuration and other helpers
    ///
    /// Shows what would become of each token, asks, stores, reads back, and then offers to
    /// remove what lay in plain text. What is not imported stays where it is, byte for byte: what
    /// cannot be understood, unencrypted http, and a token for an account that has another one. Of
    /// several entries for one account the one that git used is imported, and the others leave
    /// with it.
    ///
    /// The files are those of `git credential-store`, `~/.netrc` and gh's `hosts.yml`. `config` is
    /// git's configuration: each file of it that counts, those of submodules, `.gitmodules` and
    /// `.lfsconfig`, and in these the URLs of remotes, submodules, branches, git-lfs and proxies,
    /// both sides of `insteadOf`, the sections for a URL, and a username that is a token. Where
    /// such a URL leads to a part of a host, the token is kept for that part, and git is then told
    /// to send its helpers the path there. All of these files change, or none does.
    ///
    /// A token in the place of a username is the token, whatever stands in the password's place;
    /// the name is then the one that the host's tokens are sent with, else that of the token's own
    /// forge. Where neither is known it stays, and is named. Where a host makes nothing of names,
    /// the account answers any.
    ///
    /// A helper is asked by git's own protocol, for each URL, and has half a minute for it, or two
    /// where somebody is there whom it could ask. Without a URL, `libsecret` and `manager` stand
    /// for the items that git's libsecret helper and Git Credential Manager keep in the desktop's
    /// keychain.
    ///
    /// `keyring=SERVICE/USER` is an entry of another program that uses the keyring library of
    /// Python, Go or Rust, and one URL says what its token is for. USER is what follows the last
    /// `/` and may be empty. Without a username in the URL the account has this one. gh's
    /// and glab's entries are found by themselves: gh's by its hosts file, glab's by the URLs. On
    /// macOS and Windows, entries of the keyring are compiled in and not yet tried.
    ///
    /// These items and entries, gh's file and other helpers' stores are read and never changed.
    ///
    /// `.netrc` is every program's: an entry is git's where its host is a forge's, stands in git's
    /// configuration or has `git` at the beginning of a label, or where the token has a forge's
    /// form. The others are left alone, unless their URL is named. Where several tokens are to be
    /// imported, `e` at the question has each asked about.
    ///
    /// Once nothing is left in the files of git's `store`, it is offered to take its line out of
    /// git's configuration: git would write each token back at its next fetch. `--yes` agrees to
    /// that only with `--remove`. A line in the machine's or in an included file is named.
    ///
    /// A file is replaced in one step, under the lock that git takes for it, and a file of tokens is
    /// then its owner's alone. Copies on backups and in the disk's free space remain: where others could
    /// have read them, make a new token.
    Import(import::Arguments),
    /// Show what decides which token git uses, what is wrong, and what mends it
    ///
    /// For the URL, or for the remotes of this repository: which helpers git asks and in which
    /// order, whether it sends the path, for which username it asks, which account answers and
    /// why each of the others does not. Then what is wrong: helpers that come first, are asked
    /// twice, get copies or cannot be run; shell snippets and headers, which may hold tokens and
    /// are never shown; tokens that are rejected, expired or end within 30 days; scopes that git
    /// never reaches; a locked or absent keychain; tokens in plain text in the files of `git
    /// credential-store`, in `.netrc` and in URLs of git's configuration. Below each stands the
    /// command that mends it.
    ///
    /// git itself is asked, and the keychain is looked into as a get would. Nothing is changed
    /// or unlocked, and nobody is asked. The exit status is 0 if all is well, 1 if something is
    /// wrong; notes do not count.
    Status(status::Arguments),
    /// Show which account was used when, by which programs
    ///
    /// Only where git's configuration has `--log` in this helper's line, see `configure --log`: then
    /// each use adds a line to a file of this user's, with time, operation, result, account, and on
    /// Linux the names of the programs that asked. No token, no path that was asked for and no
    /// arguments of programs are in it. It is kept for 90 days, and in two files of a mebibyte.
    /// Programs of this user can change it: it is a diary, not evidence.
    Log(log::Arguments),
    /// Open the vault for a while, or change what opens it
    ///
    /// Asks for the passphrase of the keychain `vault`; where standard input is no terminal, its
    /// first line is read. The vault's key is then in the kernel's keyring, for 12 hours unless
    /// `--for` says otherwise, and git's helper reads and writes tokens without asking. A get asks
    /// by itself where git would ask on the same terminal.
    ///
    /// With `--change-passphrase` the new one is asked twice, or is the second line of standard
    /// input.
    Unlock(unlock::Arguments),
    /// Close the vault
    Lock,
    /// Make git ask this helper, once the keychain is proved
    ///
    /// First git stores a test token in the keychain and reads it back, by the very line with
    /// which it is to be configured, and the token is deleted. Then the `git config` commands are
    /// shown, and run where a person agrees. An older line of this helper is replaced and keeps
    /// its options, but for those that are given (`--cache off` takes one out); where all is as it should be, nothing is changed.
    ///
    /// The line names this program by the path on which it was started. With `--by-name` it is
    /// the bare name `pat`, for which git looks in PATH each time. A line that leads to this very
    /// program already keeps its form.
    ///
    /// With `--env`, `--file`, `--command` or `--ci` the line names a source of a token in place
    /// of a keychain, and nothing is proved: the token is read when git asks.
    Configure(configure::Arguments),
    /// Make git forget this helper
    ///
    /// Takes the lines of this helper out of git's configuration, and `useHttpPath` for parts of
    /// hosts, which only this helper made sense of; with `--this-program` no line by which git runs
    /// another copy of it. What `configure`, `login` and `import` wrote besides (the empty line of
    /// `--only`, a `username`, a `useHttpPath`) was noted then, and goes where it still stands as
    /// it was written; what it replaced comes back. All is shown first. Tokens stay in the keychain:
    /// `logout --all` deletes them.
    Unconfigure(unconfigure::Arguments),
    /// Print the completions for a shell, for packagers
    #[command(hide = true)]
    Completions(completions::Arguments),
    /// Print this manual as a man page, for packagers
    #[command(hide = true)]
    Man,
}

/// Which keychain, as in the helper string.
#[derive(Args)]
struct KeychainArguments {
    #[arg(long, value_name = "NAME", value_parser = parse_kind, help = keychain_help())]
    keychain: Option<Kind>,
}

fn keychain_help() -> String {
    format!(
        "The keychain: {} [default: the one that git uses at the URL, else the desktop's, else \
         the kernel's]",
        Kind::names_by_system()
    )
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    Kind::from_name(name).ok_or_else(|| format!("it takes {}", Kind::names()))
}

impl KeychainArguments {
    /// What git is configured with, and the option.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    fn setups(&self) -> Result<Setups, Error> {
        Setups::read(self.keychain).map_err(Failed::tell)
    }

    /// What holds at a place; and where git's line there names another keychain than the option,
    /// that is said.
    ///
    /// # Errors
    /// Where git cannot read its configuration, or the environment names no keychain.
    fn setup_at(&self, command: &'static str, place: &Place) -> Result<(Setups, Setup), Error> {
        let setups = self.setups()?;
        let setup = setups.at(Some(&place.url))?;
        if let (Some(named), Some(configured)) = (self.keychain, setup.passed_over) {
            let (named, configured) = (named.name(), configured.name());
            let at = &place.context;
            terminal::say(
                command,
                &format!("git's helper line for {at} names {configured}, --keychain {named}"),
            );
        }
        Ok((setups, setup))
    }
}

/// Runs a command with these arguments, without the program's name.
pub(crate) fn run(arguments: &[OsString]) -> Result<u8, Failure> {
    let program = OsString::from(terminal::NAME);
    let line = match Line::try_parse_from(once(&program).chain(arguments)) {
        Ok(line) => line,
        Err(error) if error.use_stderr() => {
            let misuse = usage::explain(arguments, &error);
            terminal::complain(&misuse.what, &misuse.message);
            terminal::hint(&misuse.hint);
            return Ok(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        Err(page) => {
            // A reader that is gone is no error of ours.
            let _ = terminal::write_page(&page.render().to_string());
            return Ok(0);
        }
    };
    terminal::speak_plainly();
    hardening::hide_memory();
    let (what, result) = match line.command {
        Command::Status(arguments) => {
            return status::run(&arguments).map_err(|error| Failure { what: "status", error });
        }
        Command::Exec(arguments) => {
            return exec::run(&arguments).map_err(|error| Failure { what: "exec", error });
        }
        Command::Check(arguments) => {
            return check::run(&arguments).map_err(|error| Failure { what: "check", error });
        }
        Command::Unlock(arguments) => ("unlock", unlock::run(&arguments)),
        Command::Lock => ("lock", lock::run()),
        Command::Login(arguments) => ("login", login::run(&arguments)),
        Command::Logout(arguments) => ("logout", logout::run(&arguments)),
        Command::List(arguments) => ("list", list::run(&arguments)),
        Command::Log(arguments) => ("log", log::run(&arguments)),
        Command::Configure(arguments) => ("configure", configure::run(&arguments)),
        Command::Unconfigure(arguments) => ("unconfigure", unconfigure::run(&arguments)),
        Command::Token(arguments) => ("token", token::run(&arguments)),
        Command::Import(arguments) => ("import", import::run(&arguments)),
        Command::Man => ("man", man::run()),
        Command::Completions(arguments) => ("completions", completions::run(&arguments)),
    };
    result.map(|()| 0).map_err(|error| Failure { what, error })
}

/// Shows what can be typed to a person who typed nothing, or says that there is no such command.
/// Returns the exit status.
pub(crate) fn misused(word: Option<&str>) -> u8 {
    match word {
        None => {
            let _ = terminal::write_page(&Line::command().render_help().to_string());
        }
        Some(word) => {
            let meant = usage::no_command(word);
            let meant = meant.map(|name| format!(", did you mean {name}?")).unwrap_or_default();
            terminal::complain("arguments", &format!("there is no such command{meant}"));
            terminal::hint("see what there is with: git credential-pat help");
        }
    }
    2
}

#[cfg(test)]
mod tests {
    use super::Line;
    use crate::arguments::COMMANDS;
    use crate::forge::Id;
    use clap::{Arg, Command, CommandFactory};
    use std::collections::BTreeSet;

    fn line() -> Command {
        let mut line = Line::command();
        line.build();
        line
    }

    /// git's operations are read without clap, so that one list of commands stands before it.
    #[test]
    fn what_leads_to_clap_is_what_clap_knows() {
        let line = line();
        let commands = line
            .get_subcommands()
            .flat_map(|command| [command.get_name()].into_iter().chain(command.get_all_aliases()));
        let mut known: BTreeSet<String> = commands.map(ToOwned::to_owned).collect();
        for option in line.get_arguments() {
            known.extend(option.get_long().map(|long| format!("--{long}")));
            known.extend(option.get_short().map(|short| format!("-{short}")));
        }
        assert_eq!(known, COMMANDS.map(ToOwned::to_owned).into());
    }

    #[test]
    fn the_forges_are_all_named_where_one_can_be_chosen() {
        let line = line();
        let login = line.find_subcommand("login").expect("login");
        let option = login.get_arguments().find(|arg| arg.get_id() == "forge");
        let help = option.and_then(Arg::get_help).expect("a help").to_string();
        for id in Id::ALL {
            assert!(help.contains(id.forge().word()), "{id:?}");
        }
    }
}
