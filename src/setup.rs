//! The setup at a URL: which keychain holds its accounts, how it is used, and what is allowed.
//! Every command and docker's helper come through here, so that all look where git looks.
//!
//! The command's own option decides. Else our line that git uses at this very URL decides, and the
//! environment decides what that leaves open. Else [`keychain::open`] chooses.
//!
//! ```text
//! [credential]
//!     helper = pat --keychain secret-service
//! [credential "https://h.example"]
//!     helper =
//!     helper = pat --keychain kernel
//!
//! login https://github.com        the desktop's keychain
//! token https://h.example/team    the kernel's keyring
//! list                            both
//! docker-credential-pat           the desktop's, and for a link to h.example the kernel's
//! ```
//!
//! **A repository's own configuration** may be a stranger's: a clone can hold a whole repository
//! with its configuration. git obeys it, so a keychain that it names is the one to look into, and
//! `status` reports what git would do. But what git leaves to us counts only where this user, this
//! machine or the command line says it: `--allow-http`, and the sources of tokens and of the
//! vault's key (a command above all).
//!
//! **docker's helper** is asked from any folder, about registries, by programs that have no
//! repository. So it reads no repository's configuration, wherever it is called. A registry's own
//! accounts, tokens and links, belong to no URL of git's. They lie in the keychain that git's lines
//! for every URL name. An option of `login` does not move them, because docker's helper could not
//! know of it. The token to which a link leads lies in the keychain of its own context.

mod answering;
mod sharing;

#[cfg(target_os = "linux")]
pub(crate) use answering::Answering;
pub(crate) use answering::{Asking, Chosen, refused};
pub(crate) use sharing::{Sharer, Sharing};

use crate::arguments::{self, HelperOptions};
use crate::context::Context;
use crate::error::{Error, GitTrouble, VaultTrouble};
use crate::git::Failed;
use crate::git::configuration::Configuration;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line;
use crate::git::url;
use crate::helper;
use crate::helper::explanation::Still;
use crate::keychain::prompts::Prompts;
use crate::keychain::{self, Cache, Identity, Keychain, Kind, Options};
use crate::source::SourceOptions;
use std::collections::BTreeMap;

/// The keychain that the command was told, and git's configuration. The setup at each URL follows
/// from the two.
pub(crate) struct Setups {
    entries: Entries,
    named: Option<Kind>,
    /// Whether a keychain may ask a person.
    asks: bool,
}

/// The setup at a URL.
pub(crate) struct Setup {
    /// How the keychain is to be used.
    pub(crate) options: Options,
    /// Whether unencrypted http is allowed.
    pub(crate) allow_http: bool,
    /// Whether uses are noted.
    pub(crate) log: bool,
    /// The keychain that git's line names, where the command was told another one.
    pub(crate) passed_over: Option<Kind>,
}

/// A keychain or a source of ours that git asks for a token at a URL.
pub(crate) struct Holder {
    held: Held,
    /// The options with which our helper comes to it, as a helper line has them.
    pub(crate) options: String,
    /// Whether unencrypted http is allowed.
    pub(crate) allow_http: bool,
    /// Whether uses are noted.
    pub(crate) log: bool,
}

enum Held {
    Keychain(Options),
    Source(SourceOptions),
}

impl Setups {
    /// Reads git's configuration in the folder that this process is in. `named` is the keychain
    /// that the command was told. Where there is no git, the configuration is empty.
    ///
    /// # Errors
    /// Where git cannot read its configuration, with its reason.
    pub(crate) fn read(named: Option<Kind>) -> Result<Self, Failed> {
        Self::of(Entries::read(), named)
    }

    /// Reads it for docker's helper: outside of every repository.
    ///
    /// # Errors
    /// Where git cannot read its configuration, with its reason.
    pub(crate) fn for_docker(named: Option<Kind>) -> Result<Self, Failed> {
        Self::of(Entries::read_outside_of_repositories(), named)
    }

    /// Makes the setups of a configuration that has been read.
    pub(crate) fn with(entries: Entries, named: Option<Kind>) -> Self {
        Self { entries, named, asks: true }
    }

    /// Returns the same setups with keychains that ask nobody: one that would have to is an error.
    pub(crate) fn asking_nobody(self) -> Self {
        Self { asks: false, ..self }
    }

    fn of(entries: Result<Entries, Failed>, named: Option<Kind>) -> Result<Self, Failed> {
        match entries {
            Ok(entries) => Ok(Self::with(entries, named)),
            Err(Failed { trouble: GitTrouble::Missing, .. }) => {
                Ok(Self::with(Entries::default(), named))
            }
            Err(failed) => Err(failed),
        }
    }

    /// Returns whether the command was told a keychain.
    pub(crate) fn is_told(&self) -> bool {
        self.named.is_some()
    }

    /// Returns all lines of git's configuration.
    pub(crate) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Returns what git's configuration comes to at this URL, or without one what it says for all.
    pub(crate) fn configuration(&self, url: Option<&str>) -> Configuration<'_> {
        Configuration::at(&self.entries, url)
    }

    /// Returns the setup at this URL, or without one the setup for accounts that belong to no URL.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names an unknown keychain.
    pub(crate) fn at(&self, url: Option<&str>) -> Result<Setup, Error> {
        let configuration = self.configuration(url);
        self.by(configuration.our_keychain())
    }

    /// Returns the keychains of a command that is about no URL: the one for accounts that belong to
    /// no URL, and those that our lines name for certain URLs.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names an unknown keychain.
    pub(crate) fn everywhere(&self) -> Result<Vec<Setup>, Error> {
        let mut setups = vec![self.at(None)?];
        if self.named.is_some() {
            return Ok(setups);
        }
        let lines = self.entries.our_lines().filter(|(_, options)| options.source.is_none());
        for (entry, options) in lines {
            let is_there = |setup: &Setup| setup.options.kind == options.kind;
            if options.kind.is_some() && !setups.iter().any(is_there) {
                setups.push(Setup {
                    options: Options {
                        kind: options.kind,
                        identity: self.identity(options.kind, Some((entry, &options))),
                        ..setups[0].options.clone()
                    },
                    allow_http: false,
                    log: options.log,
                    passed_over: None,
                });
            }
        }
        Ok(setups)
    }

    /// Returns our keychains and sources that git asks at this URL, in its order. Where it asks
    /// none of them, returns the keychain of [`Self::at`].
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names an unknown keychain.
    pub(crate) fn holders(&self, url: &str) -> Result<Vec<Holder>, Error> {
        let configuration = self.configuration(Some(url));
        let mut holders = Vec::new();
        if self.named.is_none() {
            for (entry, options) in configuration.our_lines() {
                let held = match &options.source {
                    Some(_) if entry.is_the_repositorys() => continue,
                    Some(source) => Held::Source(source.clone()),
                    None => Held::Keychain(self.by(Some((entry, options)))?.options),
                };
                let (written, _) = helper_line::our_program(&entry.value);
                holders.push(Holder {
                    held,
                    options: entry.value[written.len()..].to_owned(),
                    allow_http: allows_http(entry, options),
                    log: options.log,
                });
            }
        }
        if holders.is_empty() {
            let Setup { options, allow_http, log, .. } = self.by(configuration.our_keychain())?;
            let Options { kind, identity, .. } = options.clone();
            let line = HelperOptions { identity, allow_http, ..HelperOptions::default() };
            let line = kind.map(|kind| helper_line::options_for(kind, &line)).unwrap_or_default();
            holders.push(Holder { held: Held::Keychain(options), options: line, allow_http, log });
        }
        Ok(holders)
    }

    /// Returns the setup that this line of ours makes.
    fn by(&self, line: Option<(&Entry, &HelperOptions)>) -> Result<Setup, Error> {
        let configured = line.and_then(|(_, options)| options.kind);
        let kind = match self.named.or(configured) {
            Some(kind) => Some(kind),
            None => arguments::keychain_of_environment()?,
        };
        let lifetime = line.and_then(|(_, options)| options.lifetime);
        let lifetime = lifetime.filter(|_| kind == configured);
        // Copies end even where the helper has no --cache any more, or has it for one host only.
        let cache = Some(Cache::EndsAtOnce);
        Ok(Setup {
            options: Options {
                kind,
                lifetime,
                patient: true,
                cache,
                identity: self.identity(kind, line),
                asks: self.asks,
                prompts: if self.asks { Prompts::default() } else { Prompts::Never },
            },
            allow_http: line.is_some_and(|(entry, options)| allows_http(entry, options)),
            log: line.is_some_and(|(_, options)| options.log),
            passed_over: configured
                .filter(|configured| self.named.is_some_and(|n| n != *configured)),
        })
    }
}

impl Setups {
    /// Returns the source of the vault's key: of this line of ours, or of any other that names the
    /// vault. A command in a stranger's repository is not run.
    fn identity(
        &self,
        kind: Option<Kind>,
        line: Option<(&Entry, &HelperOptions)>,
    ) -> Option<Identity> {
        if kind != Some(Kind::Vault) {
            return None;
        }
        match line.filter(|(_, options)| options.kind == kind) {
            Some((entry, _)) if entry.is_the_repositorys() => None,
            Some((_, options)) => options.identity.clone(),
            None => {
                let mut lines = self.entries.our_lines();
                let line = lines.find(|(e, o)| o.kind == kind && !e.is_the_repositorys());
                line?.1.identity
            }
        }
    }
}

/// The keychains of several contexts, each opened once.
pub(crate) struct Opened<'a> {
    setups: &'a Setups,
    /// Whether the keychains are only looked at.
    still: bool,
    /// The number of the keychain, and whether http is allowed, of contexts that were asked for.
    /// They are whole hosts where no line of git's is for a part of one.
    known: BTreeMap<Context, (usize, bool)>,
    open: Vec<(Options, Box<dyn Keychain>)>,
}

impl<'a> Opened<'a> {
    /// Returns the keychains, of which none is open yet.
    pub(crate) fn none(setups: &'a Setups) -> Self {
        Self { setups, still: false, known: BTreeMap::new(), open: Vec::new() }
    }

    /// Returns the keychains for a command that only looks: nobody is asked, nothing is unlocked or
    /// changed, and no copies are made or ended.
    pub(crate) fn to_look(setups: &'a Setups) -> Self {
        Self { still: true, ..Self::none(setups) }
    }

    /// Returns the keychain of a context, and whether unencrypted http is allowed there.
    ///
    /// # Errors
    /// Where the environment names an unknown keychain, this system has no such keychain, or a
    /// keychain that is only looked at would ask somebody.
    pub(crate) fn at(&mut self, context: &Context) -> Result<(&mut dyn Keychain, bool), Error> {
        let parts_differ = self.setups.entries.has_parts_of_hosts();
        let place = if parts_differ { context.clone() } else { context.host_level() };
        let (number, allow_http) = match self.known.get(&place) {
            Some(known) => *known,
            None => self.open_at(&place)?,
        };
        self.known.insert(place, (number, allow_http));
        Ok((&mut *self.open[number].1, allow_http))
    }

    fn open_at(&mut self, place: &Context) -> Result<(usize, bool), Error> {
        let setup = self.setups.at(Some(&url::of(place)))?;
        let is_it = |(options, _): &(Options, _)| {
            let wanted = &setup.options;
            options.kind == wanted.kind
                && options.lifetime == wanted.lifetime
                && options.identity == wanted.identity
        };
        let number = if let Some(number) = self.open.iter().position(is_it) {
            number
        } else {
            let keychain = if self.still {
                let kind = setup.options.kind;
                still(&Options { kind, ..Options::default() })?
            } else {
                setup.open()?
            };
            self.open.push((setup.options.clone(), keychain));
            self.open.len() - 1
        };
        Ok((number, setup.allow_http))
    }
}

/// Opens a keychain that is only looked at.
fn still(options: &Options) -> Result<Box<dyn Keychain>, Error> {
    let mut keychain = keychain::open(options)?;
    refuse_questions(&mut *keychain)?;
    Ok(Box::new(Still(keychain)))
}

/// Fails where a keychain is so locked that a search would make it ask a person.
fn refuse_questions(keychain: &mut dyn Keychain) -> Result<(), Error> {
    if helper::with_retries(|| keychain.asks_before_it_searches())? {
        return Err(locked(keychain.kind()));
    }
    Ok(())
}

/// Returns the error of a keychain that would ask somebody first.
pub(crate) fn locked(kind: Kind) -> Error {
    if kind == Kind::Vault { VaultTrouble::Locked.into() } else { Error::Locked }
}

impl Setup {
    /// Returns the keychain's name, as far as one was named.
    pub(crate) fn name(&self) -> &'static str {
        self.options.kind.map_or("the keychain for all other places", Kind::name)
    }

    /// Opens the keychain.
    ///
    /// # Errors
    /// Where this system has no such keychain, or it would ask a person, and must not.
    pub(crate) fn open(&self) -> Result<Box<dyn Keychain>, Error> {
        let mut keychain = keychain::open(&self.options)?;
        if self.options.prompts == Prompts::Never {
            refuse_questions(&mut *keychain)?;
        }
        Ok(keychain)
    }
}

impl Holder {
    /// Opens the keychain or the source, or returns nothing where a runner's token is meant and no
    /// runner is there.
    ///
    /// # Errors
    /// Where this system has no such keychain.
    pub(crate) fn open(&self) -> Result<Option<Box<dyn Keychain>>, Error> {
        match &self.held {
            Held::Keychain(options) => keychain::open(options).map(Some),
            Held::Source(source) => {
                Ok(source.open().map(|source| Box::new(source) as Box<dyn Keychain>))
            }
        }
    }
}

fn allows_http(entry: &Entry, options: &HelperOptions) -> bool {
    options.allow_http && !entry.is_the_repositorys()
}
