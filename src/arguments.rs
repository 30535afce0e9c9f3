//! Reads what the process is asked to do, without clap: git starts it two or three times for
//! every fetch, and only people's commands should pay for people's comfort.
//!
//! ```text
//! git-credential-pat [--keychain NAME] [--cache SECONDS] [--allow-http] get
//!                    └─ from the credential.helper string ────────────┘ └ by git
//! git-credential-pat … --answer-only get             for `check`: store and erase do nothing
//! git-credential-pat --for URL --env NAME get         instead of a keychain: a source
//! git-credential-pat login https://github.com        a known command comes first
//! ```

mod source;

use crate::error::Error;
use crate::keychain::prompts::Prompts;
use crate::keychain::{Cache, Identity, Kind, Options};
use crate::protocol::Operation;
use crate::source::SourceOptions;
use std::env;
use std::ffi::{OsStr, OsString};
use std::sync::LazyLock;
use std::time::Duration;

/// The option by which the helper keeps nothing of what git stores.
pub(crate) const ANSWER_ONLY: &str = "--answer-only";

/// The first words of the commands that people type.
pub(crate) const COMMANDS: [&str; 26] = [
    "login",
    "check",
    "revoke",
    "rotate",
    "unlock",
    "lock",
    "logout",
    "list",
    "use",
    "edit",
    "log",
    "token",
    "exec",
    "lend",
    "import",
    "watch",
    "status",
    "configure",
    "unconfigure",
    "completions",
    "man",
    "help",
    "--help",
    "-h",
    "--version",
    "-V",
];

/// The variable that names the keychain where `--keychain` does not. The option is surer: some
/// programs that start git remove such variables, see [`crate::source::is_hidden_by_others`].
const KEYCHAIN_VARIABLE: &str = "GIT_CREDENTIAL_PAT_KEYCHAIN";

static VARIABLE_REFUSED: LazyLock<String> = LazyLock::new(|| {
    let names = Kind::names();
    format!("name the keychain by --keychain, or by {KEYCHAIN_VARIABLE}, which takes {names}")
});

static KEYCHAIN_REFUSED: LazyLock<String> =
    LazyLock::new(|| format!("--keychain takes {}", Kind::names()));

const TIMEOUT_REFUSED: Error =
    Error::Option("--timeout takes a number of seconds from 1 to 4294967295");

const CACHE_REFUSED: Error =
    Error::Option("--cache takes a number of seconds from 1 to 4294967295");

/// Returns whether this first word is a person's mistake: no command, operation or option has this
/// name.
pub(crate) fn is_no_command(word: &str) -> bool {
    !word.starts_with('-') && !COMMANDS.contains(&word) && Operation::from_name(word).is_none()
}

/// What the arguments ask for.
pub(crate) enum Invocation {
    /// An operation, by git, with the options of the helper string.
    Operation(Operation, HelperOptions),
    /// An operation of a later git, or a person's mistake.
    Unknown,
    /// A command, by a person: clap reads its arguments.
    Command,
}

/// The options in the helper string.
#[derive(Clone, Default)]
pub(crate) struct HelperOptions {
    /// The keychain of `--keychain NAME`, else of the environment variable.
    pub(crate) kind: Option<Kind>,
    /// `--timeout SECONDS`
    pub(crate) lifetime: Option<Duration>,
    /// `--cache SECONDS`
    pub(crate) cache: Option<Duration>,
    /// `--identity FILE` or `--identity-command 'WORDS'`
    pub(crate) identity: Option<Identity>,
    /// `--allow-http`
    pub(crate) allow_http: bool,
    /// `--log`
    pub(crate) log: bool,
    /// `--notify`
    pub(crate) notify: bool,
    /// The source that serves instead of a keychain: `--for URL` with its options, or `--ci`.
    pub(crate) source: Option<SourceOptions>,
}

impl HelperOptions {
    /// Returns how this operation uses the keychain.
    #[must_use]
    pub(crate) fn keychain(&self, operation: Operation) -> Options {
        let patient = operation != Operation::Get;
        let cache = self.cache.map(|lifetime| match operation {
            Operation::Get => Cache::Answers(lifetime),
            Operation::Erase => Cache::EndsAtOnce,
            Operation::Store | Operation::Capability => Cache::EndsAtWrite,
        });
        Options {
            kind: self.kind,
            lifetime: self.lifetime,
            patient,
            cache,
            identity: self.identity.clone(),
            // Only a get asks: git would ask the person next. Before a store or erase it has asked.
            asks: operation == Operation::Get,
            prompts: Prompts::default(),
        }
    }
}

/// Reads the arguments, without the program's name.
///
/// # Errors
/// [`Error::Option`] where the helper string is wrong; it never repeats an argument.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Invocation, Error> {
    let first = arguments.first().and_then(|word| word.to_str());
    if first.is_some_and(|word| COMMANDS.contains(&word)) {
        return Ok(Invocation::Command);
    }
    let mut options = HelperOptions { kind: keychain_of_environment()?, ..Default::default() };
    let mut source = source::Words::default();
    let mut answers_only = false;
    let mut words = arguments.iter().map(OsString::as_os_str);
    while let Some(word) = words.next() {
        let word = word.to_str().unwrap_or_default();
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let mut value = || value.or_else(|| words.next().and_then(OsStr::to_str));
        match name {
            "--keychain" => options.kind = Some(parse_keychain(value())?),
            "--timeout" => options.lifetime = Some(parse_seconds(value(), TIMEOUT_REFUSED)?),
            "--cache" => options.cache = Some(parse_seconds(value(), CACHE_REFUSED)?),
            "--identity" => {
                set_identity(&mut options, value(), |path| Identity::File(path.into()))?;
            }
            "--identity-command" => {
                set_identity(&mut options, value(), |line| Identity::Command(line.to_owned()))?;
            }
            "--allow-http" if word == name => options.allow_http = true,
            ANSWER_ONLY if word == name => answers_only = true,
            "--log" if word == name => options.log = true,
            "--notify" if word == name => options.notify = true,
            "--ci" if word == name => source.ci = true,
            _ if source::Words::takes(name) => source.set(name, value())?,
            _ if word.starts_with('-') => {
                return Err(Error::Option("the helper string has an unknown option"));
            }
            _ if words.next().is_some() => {
                return Err(Error::Option("the operation must be the last word"));
            }
            _ => {
                options.source = source.finish()?;
                check(&options)?;
                let operation = Operation::from_name(word);
                // `check` makes git ask for an account. git's store or erase afterwards must change
                // nothing.
                let operation = operation.filter(|operation| {
                    !answers_only || !matches!(operation, Operation::Store | Operation::Erase)
                });
                return Ok(operation.map_or(Invocation::Unknown, |operation| {
                    Invocation::Operation(operation, options)
                }));
            }
        }
    }
    Err(Error::Usage("no operation is given"))
}

/// Fails where the options do not fit each other.
fn check(options: &HelperOptions) -> Result<(), Error> {
    Err(match &options.source {
        Some(_) if options.lifetime.is_some() => {
            Error::Option("--timeout is for a keychain, not for a source")
        }
        Some(source) if options.cache.is_some() && !source.is_command() => {
            Error::Option("--cache is for a keychain or for --command")
        }
        _ if options.identity.is_some() && options.kind != Some(Kind::Vault) => {
            Error::Option("--identity and --identity-command need --keychain vault")
        }
        None if options.lifetime.is_some() && options.kind != Some(Kind::Kernel) => {
            Error::Option("--timeout needs --keychain kernel")
        }
        None if options.cache.is_some() && options.kind == Some(Kind::Kernel) => {
            Error::Option("--cache is needless with --keychain kernel")
        }
        None if options.cache.is_some() && options.kind == Some(Kind::Vault) => {
            Error::Option("--cache is needless with --keychain vault")
        }
        _ => return Ok(()),
    })
}

/// Returns the keychain that the environment names. An empty variable names none.
///
/// # Errors
/// [`Error::Option`] where it names no keychain.
pub(crate) fn keychain_of_environment() -> Result<Option<Kind>, Error> {
    let Some(name) = env::var_os(KEYCHAIN_VARIABLE).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let kind = name.to_str().and_then(Kind::from_name);
    kind.map(Some).ok_or_else(|| Error::Option(&VARIABLE_REFUSED))
}

fn parse_keychain(value: Option<&str>) -> Result<Kind, Error> {
    value.and_then(Kind::from_name).ok_or_else(|| Error::Option(&KEYCHAIN_REFUSED))
}

fn set_identity(
    options: &mut HelperOptions,
    value: Option<&str>,
    identity: impl Fn(&str) -> Identity,
) -> Result<(), Error> {
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or(Error::Option("an option of the helper string has no value"))?;
    if options.identity.replace(identity(value)).is_some() {
        return Err(Error::Option("the helper string names two keys for the vault"));
    }
    Ok(())
}

fn parse_seconds(value: Option<&str>, refusal: Error) -> Result<Duration, Error> {
    let plain = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let seconds = value.filter(plain).and_then(|text| text.parse::<u32>().ok());
    let seconds = seconds.filter(|&seconds| seconds > 0);
    seconds.map(|seconds| Duration::from_secs(seconds.into())).ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::{Invocation, parse};
    use crate::error::Error;
    use crate::keychain::{Cache, Kind};
    use crate::protocol::Operation;
    use std::time::Duration;

    fn invocation(line: &str) -> Result<Invocation, Error> {
        parse(&line.split_whitespace().map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn the_operation_is_the_last_word_after_the_options() {
        let line = "--allow-http --keychain=kernel --timeout 60 store";
        let Ok(Invocation::Operation(Operation::Store, options)) = invocation(line) else {
            panic!("not a store");
        };
        assert!(options.allow_http);
        assert_eq!(options.kind, Some(Kind::Kernel));
        assert_eq!(options.lifetime, Some(Duration::from_secs(60)));
    }

    #[test]
    fn only_a_get_is_answered_by_copies() {
        for (operation, cache) in [
            ("get", Cache::Answers(Duration::from_secs(60))),
            ("store", Cache::EndsAtWrite),
            ("erase", Cache::EndsAtOnce),
        ] {
            let line = format!("--keychain secret-service --cache 60 {operation}");
            let Ok(Invocation::Operation(operation, options)) = invocation(&line) else {
                panic!("not an operation");
            };
            assert_eq!(options.keychain(operation).cache, Some(cache));
        }
    }

    #[test]
    fn an_operation_of_a_later_git_is_unknown_and_no_error() {
        assert!(matches!(invocation("--allow-http renew"), Ok(Invocation::Unknown)));
    }

    #[test]
    fn who_only_answers_passes_over_what_would_be_kept() {
        for operation in ["store", "erase"] {
            let line = format!("--keychain kernel --answer-only {operation}");
            assert!(matches!(invocation(&line), Ok(Invocation::Unknown)), "{operation}");
        }
        let get = invocation("--answer-only --keychain kernel get");
        assert!(matches!(get, Ok(Invocation::Operation(Operation::Get, _))));
    }

    #[test]
    fn a_known_command_comes_first() {
        assert!(matches!(invocation("login https://h.example"), Ok(Invocation::Command)));
        assert!(matches!(invocation("--allow-http login"), Ok(Invocation::Unknown)));
    }

    #[test]
    fn a_wrong_helper_string_is_an_error() {
        for line in [
            "--unknown get",
            "--keychain get",
            "--keychain nowhere get",
            "--allow-http=1 get",
            "--timeout 0 --keychain kernel get",
            "--timeout x get",
            "--timeout +1 get",
            "--timeout 60 get",
            "--cache 0 get",
            "--cache x get",
            "--cache get",
            "--cache 60 --keychain kernel get",
            "--timeout 60 --keychain secret-service get",
            "get store",
            "--env TOKEN get",
            "--file /run/token get",
            "--command pass get",
            "--for https://h.example get",
            "--for https://*.example --env TOKEN get",
            "--for h.example --env TOKEN get",
            "--for https://h.example --env ghp_TESTONLY-1 get",
            "--for https://h.example --env 1TOKEN get",
            "--for https://h.example --env TOKEN --file /run/token get",
            "--for https://h.example --for https://g.example --env TOKEN get",
            "--for https://h.example --env TOKEN --timeout 60 get",
            "--for https://h.example --env TOKEN --cache 60 get",
            "--for= --env TOKEN get",
            "--username alice get",
            "--authtype Bearer get",
            "--ci --for https://h.example --env TOKEN get",
            "--ci --username alice get",
            "--ci --cache 60 get",
            "--ci=1 get",
            "-x get",
            "--keychain memory get",
            "--identity /run/key get",
            "--keychain vault --identity= get",
            "--keychain vault --identity /run/key --identity-command x get",
            "--keychain kernel --identity-command x get",
            "--keychain vault --timeout 60 get",
            "--keychain vault --cache 60 get",
        ] {
            assert!(matches!(invocation(line), Err(Error::Option(_))), "{line}");
        }
        assert!(matches!(invocation(""), Err(Error::Usage(_))));
    }

    #[test]
    fn a_wrong_name_of_a_keychain_is_answered_with_those_that_there_are() {
        let Err(error) = invocation("--keychain ghp_TESTONLY get") else { panic!("it was taken") };
        let names = Kind::names();
        assert_eq!(error.to_string(), format!("--keychain takes {names}"));
    }
}
