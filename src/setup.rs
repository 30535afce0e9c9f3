//! Which keychain holds what belongs to a place, how it is used, and what may be done there. Every
//! command and docker's helper come through here, so that all look where git looks.
//!
//! The command's own option decides; else our line that git uses at this very URL; else, for what
//! that leaves open, the environment; else [`keychain::open`] chooses.
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
//! **A repository's own configuration** may be a stranger's: a clone can hold a whole repository,
//! configuration and all. git obeys it, so a keychain that it names is the one to look into, and
//! `status` reports what git would do. But what git leaves to us, `--allow-http`, the sources
//! of tokens and of the vault's key (a command above all), counts only where this user, this
//! machine or the command line says it.
//!
//! **docker's helper** is asked from any folder, about registries, by programs that have no
//! repository. So it reads the configuration of none, wherever it is called. What is a registry's
//! own, tokens and links, has no place of git's: it lies where git's lines for every place say,
//! and an option of `login` does not move it, because docker's helper could not know. The token
//! to which a link leads lies where its own place says.

use crate::arguments::{self, HelperOptions};
use crate::context::Context;
use crate::error::{Error, GitTrouble};
use crate::git::Failed;
use crate::git::configuration::Configuration;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line;
use crate::git::url;
use crate::helper;
use crate::helper::explanation::Still;
use crate::keychain::{self, Cache, Identity, Keychain, Kind, Options};
use crate::source::SourceOptions;
use std::collections::BTreeMap;

/// What a command was told and what git is configured with, from which follows what holds at each
/// place.
pub(crate) struct Setups {
    entries: Entries,
    named: Option<Kind>,
}

/// What holds at a place.
pub(crate) struct Setup {
    /// How the keychain is to be used.
    pub(crate) options: Options,
    /// Whether unencrypted http is allowed.
    pub(crate) allow_http: bool,
    /// The keychain that git's line names, where the command was told another.
    pub(crate) passed_over: Option<Kind>,
}

/// What git asks at a place, of what is ours, for a token.
pub(crate) struct Holder {
    held: Held,
    /// The options with which our helper comes to it, as a helper line has them.
    pub(crate) options: String,
    /// Whether unencrypted http is allowed.
    pub(crate) allow_http: bool,
}

enum Held {
    Keychain(Options),
    Source(SourceOptions),
}

impl Setups {
    /// What git is configured with in the folder that this process is in. `named` is the keychain
    /// that the command was told. Where there is no git it is configured with nothing.
    ///
    /// # Errors
    /// Where git cannot read its configuration, with its reason.
    pub(crate) fn read(named: Option<Kind>) -> Result<Self, Failed> {
        Self::of(Entries::read(), named)
    }

    /// The same for docker's helper: outside of every repository.
    ///
    /// # Errors
    /// Where git cannot read its configuration, with its reason.
    pub(crate) fn for_docker(named: Option<Kind>) -> Result<Self, Failed> {
        Self::of(Entries::read_outside_of_repositories(), named)
    }

    /// The same of a configuration that has been read.
    pub(crate) fn with(entries: Entries, named: Option<Kind>) -> Self {
        Self { entries, named }
    }

    fn of(entries: Result<Entries, Failed>, named: Option<Kind>) -> Result<Self, Failed> {
        match entries {
            Ok(entries) => Ok(Self { entries, named }),
            Err(Failed { trouble: GitTrouble::Missing, .. }) => {
                Ok(Self { entries: Entries::default(), named })
            }
            Err(failed) => Err(failed),
        }
    }

    /// Whether the command was told a keychain.
    pub(crate) fn is_told(&self) -> bool {
        self.named.is_some()
    }

    /// Everything that git is configured with.
    pub(crate) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// What git's configuration comes to at this URL; without one, everywhere.
    pub(crate) fn configuration(&self, url: Option<&str>) -> Configuration<'_> {
        Configuration::at(&self.entries, url)
    }

    /// What holds at this URL; without one, for what has no place of git's.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names no keychain that there is.
    pub(crate) fn at(&self, url: Option<&str>) -> Result<Setup, Error> {
        let configuration = self.configuration(url);
        self.by(configuration.our_keychain())
    }

    /// The keychains that a command about no place in particular looks into: that for what has
    /// no place, and those that lines of ours name for certain places.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names no keychain that there is.
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
                    passed_over: None,
                });
            }
        }
        Ok(setups)
    }

    /// What git asks at this URL, of what is ours, in its order. Where it asks nothing of ours it
    /// is the keychain that [`Self::at`] says.
    ///
    /// # Errors
    /// [`Error::Option`] where the environment names no keychain that there is.
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
                });
            }
        }
        if holders.is_empty() {
            let Setup { options, allow_http, .. } = self.by(configuration.our_keychain())?;
            let Options { kind, identity, .. } = options.clone();
            let line = HelperOptions { identity, allow_http, ..HelperOptions::default() };
            let line = kind.map(|kind| helper_line::options_for(kind, &line)).unwrap_or_default();
            holders.push(Holder { held: Held::Keychain(options), options: line, allow_http });
        }
        Ok(holders)
    }

    /// What holds by this line of ours.
    fn by(&self, line: Option<(&Entry, &HelperOptions)>) -> Result<Setup, Error> {
        let configured = line.and_then(|(_, options)| options.kind);
        let kind = match self.named.or(configured) {
            Some(kind) => Some(kind),
            None => arguments::keychain_of_environment()?,
        };
        let lifetime = line.and_then(|(_, options)| options.lifetime);
        let lifetime = lifetime.filter(|_| kind == configured);
        // Also where the helper has no --cache, any more, or has it for one host only.
        let cache = Some(Cache::EndsAtOnce);
        Ok(Setup {
            options: Options {
                kind,
                lifetime,
                patient: true,
                cache,
                identity: self.identity(kind, line),
                asks: true,
            },
            allow_http: line.is_some_and(|(entry, options)| allows_http(entry, options)),
            passed_over: configured
                .filter(|configured| self.named.is_some_and(|n| n != *configured)),
        })
    }
}

impl Setups {
    /// What gives the vault's key: what this line of ours says, or any other that names the vault;
    /// a command in a stranger's repository is not run.
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

/// The keychains of several places, each opened once.
pub(crate) struct Opened<'a> {
    setups: &'a Setups,
    /// Whether they are only to be looked into.
    still: bool,
    /// What holds at places that were asked for: the number of the keychain, and whether http is
    /// allowed. Whole hosts where no line of git's is for a part of one.
    known: BTreeMap<Context, (usize, bool)>,
    open: Vec<(Options, Box<dyn Keychain>)>,
}

impl<'a> Opened<'a> {
    /// None is open yet.
    pub(crate) fn none(setups: &'a Setups) -> Self {
        Self { setups, still: false, known: BTreeMap::new(), open: Vec::new() }
    }

    /// The same, for who only looks: nobody is asked, nothing unlocked or changed, and no copies
    /// are made or ended.
    pub(crate) fn to_look(setups: &'a Setups) -> Self {
        Self { still: true, ..Self::none(setups) }
    }

    /// The keychain that holds what belongs to a context, and whether unencrypted http is allowed
    /// there.
    ///
    /// # Errors
    /// Where the environment names no keychain, or this system has no such keychain; where one that
    /// is only looked into would ask somebody.
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
            let keychain = if self.still { still(setup.options.kind)? } else { setup.open()? };
            self.open.push((setup.options.clone(), keychain));
            self.open.len() - 1
        };
        Ok((number, setup.allow_http))
    }
}

/// Opens a keychain to look into it.
fn still(kind: Option<Kind>) -> Result<Box<dyn Keychain>, Error> {
    let mut keychain = keychain::open(&Options { kind, ..Options::default() })?;
    if helper::with_retries(|| keychain.asks_before_it_searches())? {
        return Err(Error::Locked);
    }
    Ok(Box::new(Still(keychain)))
}

impl Setup {
    /// Opens the keychain.
    ///
    /// # Errors
    /// Where this system has no such keychain.
    pub(crate) fn open(&self) -> Result<Box<dyn Keychain>, Error> {
        keychain::open(&self.options)
    }
}

impl Holder {
    /// Opens it, or nothing where it is a runner's token and no runner is there.
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
