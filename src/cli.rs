//! The commands that people type: `git credential-pat login|logout|list|…`. Each has a file.
//!
//! clap must not quote an argument that it does not understand: an argument at a wrong position is
//! all too often a token.

mod accounts;
mod answer;
mod check;
mod completions;
mod configure;
mod edit;
mod exec;
mod groups;
mod import;
mod lend;
mod links;
mod list;
mod lock;
mod log;
mod login;
mod logout;
mod man;
mod passphrase;
pub(crate) mod place;
mod revoke;
mod rotate;
mod settle;
mod status;
mod token;
mod unconfigure;
mod unlock;
mod usage;
mod use_account;
mod watch;

#[doc(hidden)]
pub use check::rehearsed;

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
    /// On a terminal it asks for what is missing, shows the page of the host where a token is made
    /// and offers to open it, and reads the token without showing it. Whoever gives up at a
    /// question, with Ctrl-C or Ctrl-D, leaves everything as it was. A path in the URL makes a
    /// scoped account. git tells its helpers the path only if `credential.useHttpPath` is true for
    /// that URL.
    ///
    /// The token's form is checked before it is stored: a token of another host, a wrong checksum
    /// and a kind that git cannot use give a warning. A token of an unknown form is taken as it is.
    /// Then the forge is asked about the token, where the host's name or `--forge` tells which one
    /// it is, unless `--offline` forbids it. An account's expired or rejected token is replaced in
    /// any case. From a week before a token's end, git's user is told of it on the terminal, once a
    /// day.
    Login(login::Arguments),
    /// Ask whose token it is, what it may do, until when, and why git was refused
    ///
    /// It asks git itself whether git may read the repository and is offered to push. It asks the
    /// forge, where it is known which one it is, whose the token is, what it may do and when it
    /// ends. It changes nothing at the host. The token goes only to its own forge, and never to
    /// another host to which a redirect leads, or to another forge. The forge's answers are kept
    /// with the account, and `list` and `status` show them.
    Check(check::Arguments),
    /// Put a new token in the place of an account's
    ///
    /// Where the forge gives a new token for the old one, as GitLab does, nobody needs to do
    /// anything. It proves that the keychain can be written, and keeps a note with the account.
    /// Then it sends one request, which is never repeated, and writes the new token before anything
    /// else happens. Then the forge is asked about the new one. Registries that are linked to the
    /// account follow by themselves.
    ///
    /// Whatever cuts it off, the next `rotate`, `check` or `status` says what has become of it: it
    /// did not happen; or it did, and the new token is here; or it did, and the answer was lost.
    /// While that is open, git's store and erase change nothing in this account.
    Rotate(rotate::Arguments),
    /// End a token at its forge, and delete it here once it is dead
    ///
    /// It asks the forge to revoke the token that git would get at the URL, and then asks about the
    /// token, up to six times in a minute, until the forge does not take it any more. Only then is
    /// the account deleted here, with every other account that has the same token and with its
    /// links. A token that the forge still takes is kept, and the exit status is 1. GitHub revokes
    /// for good and mails the owner; GitLab, and Gitea from 1.27 on, do it silently. Elsewhere it
    /// names the page where you do it.
    ///
    /// With `--breach` git is not given the token from the first moment on, and what else there is
    /// to do is listed. `--all-at` is for a machine that you give away. It knows the tokens of the
    /// machine on which it runs: for a machine that you have lost, go to the forges' own pages.
    Revoke(revoke::Arguments),
    /// Have every token checked by a timer, which speaks up when something is wrong
    ///
    /// `watch daily` or `watch weekly` installs a timer of the system's: systemd's for this user, else
    /// a line in the crontab. It shows what it would write, asks, and writes it. `watch off` takes it
    /// back, and every other line of the crontab stays as it is. On macOS and Windows it prints what
    /// belongs into launchd or the Task Scheduler. Without an argument it shows what is installed, and
    /// when it ran last.
    ///
    /// The timer runs `git credential-pat watch run`, and any other scheduler can. It asks as
    /// `check --all` does, says nothing if all is well, and asks nobody: what is locked is reported.
    /// See WATCHING.
    Watch(watch::Arguments),
    /// Change an account without its token
    ///
    /// It changes the account's expiry, its username, the registries that get its token, and
    /// whether it answers for any username. Under another username, the new account exists before
    /// the old one is deleted. Registries that are linked to it, and git's setting of the username,
    /// follow.
    Edit(edit::Arguments),
    /// Delete an account and its token from the keychain
    ///
    /// The token stays valid at its host, and where it is ended is said; `revoke` does both. With
    /// `--all` it deletes every account
    /// that `list` shows, once a person at a terminal agrees, or with `--yes`.
    Logout(logout::Arguments),
    /// Show which account git uses at a URL, or choose one
    ///
    /// With a name, it tells git to ask for this account there, by git's own setting
    /// `credential.URL.username`. That counts for everything that runs git, whether or not git
    /// sends its helpers the path. git takes the last of all settings that match, so the one for a
    /// host is written before those for parts of it. Then git is asked whether the setting counts.
    /// A URL that carries a username asks for that one anyway. `logout` of the account takes the
    /// setting back, and so does `--unset`.
    ///
    /// Without a name, it shows which account answers now, and why.
    Use(use_account::Arguments),
    /// Show the accounts, never their tokens
    ///
    /// It shows the context of each account, its username, kind of token, state, expiry, time of
    /// storing, and keychain. On a terminal an end within a week is yellow and a past end is red,
    /// unless `NO_COLOR` is set.
    List(list::Arguments),
    /// Print a token, for a pipe
    ///
    /// The account is chosen as for git. It prints the token and a newline and nothing else, and on
    /// a terminal nothing at all without `--yes`.
    Token(token::Arguments),
    /// Run a command that finds a token in a variable
    ///
    /// The account is chosen as for git. The token is in the environment of the command and of the
    /// programs that it starts, and nowhere else. It is never an argument. On Unix the process
    /// becomes the command, so that signals and the exit status are the command's own. The status
    /// is 127 where the command does not exist and 126 where it cannot be run. It makes no core
    /// dumps, which would hold its environment.
    Exec(exec::Arguments),
    /// Bring tokens here from plain-text files, git's configuration and other helpers
    ///
    /// It shows what would become of each token, asks, stores, reads back, and then offers to
    /// remove the plain text. An entry that is not imported stays as it is, byte for byte: one that
    /// cannot be understood, one for unencrypted http, and a token for an account that has another
    /// one. Of several entries for one account it imports the one that git used, and removes the
    /// others with it.
    ///
    /// The files are those of `git credential-store`, `~/.netrc` and gh's `hosts.yml`. `config` is
    /// git's configuration: each file of it that counts, those of submodules, `.gitmodules` and
    /// `.lfsconfig`, and in these the URLs of remotes, submodules, branches, git-lfs and proxies,
    /// both sides of `insteadOf`, the sections for a URL, and a username that is a token. Where
    /// such a URL leads to a part of a host, the token is kept for that part, and git is then told
    /// to send its helpers the path there. All of these files change, or none does.
    ///
    /// A token instead of a username is the token, whatever the password is. Its username is then
    /// the one with which the host's tokens are sent, else that of the token's own forge. Where
    /// neither is known, the token stays, and is reported. Where a host ignores usernames, the
    /// account answers for any.
    ///
    /// A helper is asked by git's own protocol, for each URL. It has half a minute, or two minutes
    /// where it could ask somebody. Without a URL, `libsecret` and `manager` stand for the items
    /// that git's libsecret helper and Git Credential Manager keep in the desktop's keychain.
    ///
    /// `keyring=SERVICE/USER` is an entry of another program that uses the keyring library of
    /// Python, Go or Rust, and one URL says what its token is for. USER follows the last `/` and
    /// may be empty. It is the account's username, unless the URL has one. gh's and glab's entries
    /// need no names: gh's are found by its hosts file, glab's by the URLs. On macOS and Windows,
    /// the code for entries of the keyring is compiled and has not been tried yet.
    ///
    /// These items and entries, gh's file and other helpers' stores are read and never changed.
    ///
    /// Every program may use `.netrc`. An entry is git's where its host is a forge's, is named in
    /// git's configuration or has a label that begins with `git`, or where the token has a forge's
    /// form. The others are left alone, unless their URL is named. Where several tokens are to be
    /// imported, the answer `e` asks about each of them.
    ///
    /// Once nothing is left in the files of git's `store`, it offers to remove the line of `store`
    /// from git's configuration: git would write each token back at its next fetch. `--yes` agrees
    /// to that only together with `--remove`. A line in the machine's or in an included file is
    /// reported.
    ///
    /// A file is replaced in one step, under the lock that git takes for it. A file of tokens is
    /// then its owner's alone. Copies in backups and in the disk's free space remain: where others
    /// could have read them, make a new token.
    Import(import::Arguments),
    /// Show what decides which token git uses, what is wrong, and what mends it
    ///
    /// For the URL, or for the remotes of this repository, it shows which helpers git asks and in
    /// which order, whether git sends the path, for which username it asks, which account answers
    /// and why each of the others does not. Then it shows what is wrong: helpers that come first,
    /// are asked twice, get copies or cannot be run; shell snippets and headers, which may hold
    /// tokens and are never shown; tokens that are rejected, expired or end within 30 days; scopes
    /// that git never reaches; a locked or absent keychain; tokens in plain text in the files of
    /// `git credential-store`, in `.netrc` and in URLs of git's configuration. Below each is the
    /// command that mends it.
    ///
    /// It asks git itself, and searches the keychain as a get does. It changes and unlocks nothing,
    /// and asks nobody. The exit status is 0 if all is well, 1 if something is wrong. Notes do not
    /// count.
    Status(status::Arguments),
    /// Show which account was used when, by which programs
    ///
    /// Where git's configuration has `--log` in this helper's line, see `configure --log`, each use
    /// adds a line to a file of this user's, with time, operation, result, account, and on Linux
    /// the names of the programs that asked. The log holds no token, no path of a request and no
    /// arguments of programs. It is kept for 90 days, in two files of a mebibyte. Programs of this
    /// user can change it: it is a diary, not evidence.
    Log(log::Arguments),
    /// Give a sandbox access to repositories, never the token
    ///
    /// A process on this machine takes git's requests from one sandbox, container or SSH host, adds
    /// the token and passes them on. The options say what may be read and which branches may be
    /// pushed; anything else is refused, with the reason in git's own output. See LENDING.
    Lend(lend::Arguments),
    /// Open the vault for a while, or change what opens it
    ///
    /// It asks for the passphrase of the keychain `vault`. Where standard input is no terminal, it
    /// reads the first line of that. The vault's key is then in the kernel's keyring, for 12 hours
    /// unless `--for` says otherwise, and git's helper reads and writes tokens without asking. A
    /// get asks by itself where git would ask on the same terminal.
    ///
    /// With `--change-passphrase` it asks for the new passphrase twice, or reads the second line of
    /// standard input.
    Unlock(unlock::Arguments),
    /// Close the vault
    Lock,
    /// Make git ask this helper, once the keychain is proved
    ///
    /// First git stores a test token in the keychain and reads it back, by the very line with which
    /// it is to be configured, and the token is deleted. Then it shows the `git config` commands,
    /// and runs them where a person agrees. It replaces an older line of this helper, whose options
    /// stay, except for those that are given (`--cache off` removes one). Where all is as it should
    /// be, it changes nothing.
    ///
    /// The line names this program by the path by which it was started. With `--by-name` it has
    /// the bare name `pat`, for which git looks in PATH each time. A line that leads to this very
    /// program already keeps its form.
    ///
    /// With `--env`, `--file`, `--command` or `--ci` the line names a source of a token instead of
    /// a keychain, and nothing is proved: the token is read when git asks.
    Configure(configure::Arguments),
    /// Make git forget this helper
    ///
    /// It removes the lines of this helper from git's configuration, and `useHttpPath` for parts of
    /// hosts, of which only this helper made use. With `--this-program` it leaves the lines by
    /// which git runs another copy of this program. The other settings that `configure`, `login`
    /// and `import` wrote (the empty line of `--only`, a `username`, a `useHttpPath`) were noted
    /// then. It removes each that is unchanged, and brings back the value that this had replaced.
    /// With `--all` the timer of `watch` goes, too. It shows all changes first. Tokens stay in the keychain: `logout --all` deletes them.
    Unconfigure(unconfigure::Arguments),
    /// Print the completions for a shell, for packagers
    #[command(hide = true)]
    Completions(completions::Arguments),
    /// Print this manual as a man page, for packagers
    #[command(hide = true)]
    Man,
}

/// The option that names the keychain, as in the helper string.
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
    /// Returns the setups that follow from git's configuration and the option.
    ///
    /// # Errors
    /// Where git cannot read its configuration.
    fn setups(&self) -> Result<Setups, Error> {
        Setups::read(self.keychain).map_err(Failed::tell)
    }

    /// Returns the setup at a URL. Says so where git's line there names another keychain than the
    /// option.
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

/// Runs the command that these arguments name, which leave out the program's name.
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
            // It is no error of ours that a reader is gone.
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
        Command::Lend(arguments) => return Ok(lend::run(arguments)),
        Command::Check(arguments) => {
            return check::run(&arguments).map_err(|error| Failure { what: "check", error });
        }
        Command::Rotate(arguments) => {
            return rotate::run(&arguments).map_err(|error| Failure { what: "rotate", error });
        }
        Command::Revoke(arguments) => {
            return revoke::run(&arguments).map_err(|error| Failure { what: "revoke", error });
        }
        Command::Watch(arguments) => {
            return watch::run(&arguments).map_err(|error| Failure { what: "watch", error });
        }
        Command::Unlock(arguments) => ("unlock", unlock::run(&arguments)),
        Command::Lock => ("lock", lock::run()),
        Command::Login(arguments) => ("login", login::run(&arguments)),
        Command::Edit(arguments) => ("edit", edit::run(&arguments)),
        Command::Use(arguments) => ("use", use_account::run(&arguments)),
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

    /// git's operations are read without clap, so a list of commands decides what clap gets.
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
