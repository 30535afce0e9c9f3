//! What else git needs to come by a token that was stored: done where a person agreed, else
//! said. And what keeps git from it at that place, as `status` says it.

use super::configure::plan::Plan;
use super::status::configuration::View;
use super::status::finding::{Finding, this_command};
use super::status::places::Asked;
use super::status::sources;
use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git::helper_line::{self, Helper};
use crate::git::words::typed;
use crate::git::{self, Failed, url};
use crate::helper;
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::source::Source;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;

/// Something that git is to be told, and whether a person agreed.
pub(super) struct Setting {
    lack: Lack,
    agreed: bool,
}

/// Something that git was not told yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// To send the path at this context.
    Path(Context),
    /// Which of several accounts at this context is meant.
    Username(Context, Username),
    /// To ask for this account, and not for another that it is told to ask for.
    OtherUsername(Context, Username, Username),
    /// To use this helper: by this setting, and this value of it.
    Helper(Plan, String, String),
    /// It takes the token from elsewhere: from this source.
    Source(Context, String),
}

/// Returns what git lacks for this account, where it is used at this URL.
///
/// # Errors
/// Where the keychain fails.
pub(super) fn lacks(
    setups: &Setups,
    url: &str,
    keychain: &mut dyn Keychain,
    credential: &Credential,
) -> Result<Vec<Lack>, Error> {
    let mut lacks = Vec::new();
    let context = &credential.context;
    let path = above_repository(context);
    if context.is_scoped() && !setups.configuration(Some(&url::of(&path))).sends_path {
        lacks.push(Lack::Path(path));
    }
    let username = credential.username.clone().unwrap_or_default();
    // Without the username that the URL may carry: another clone's does not.
    match setups.configuration(Some(&url::of(context))).username {
        _ if credential.any_username => {}
        Some((_, asked)) if asked == username || username.is_empty() => {}
        Some((_, asked)) => lacks.push(Lack::OtherUsername(context.clone(), username, asked)),
        None if has_others(keychain, credential)? => {
            lacks.push(Lack::Username(context.clone(), username));
        }
        None => {}
    }
    lacks.extend(helper(setups, url, keychain, context)?);
    Ok(lacks)
}

/// Whether git lacks a line of ours that asks this keychain.
fn helper(
    setups: &Setups,
    url: &str,
    keychain: &dyn Keychain,
    context: &Context,
) -> Result<Option<Lack>, Error> {
    let configuration = setups.configuration(Some(url));
    if configuration.has_our_keychain() {
        return Ok(None);
    }
    let serves = |source: &Source| context.outwards().contains(&source.context);
    let source = configuration.sources().find(|source| source.open().is_some_and(|s| serves(&s)));
    if let Some(source) = source {
        return Ok(Some(Lack::Source(context.clone(), sources::name(source))));
    }
    let spot = configuration.spot(Some(context));
    // Whoever has it for certain places only is to decide about others, one by one.
    let ours = setups.entries().our_lines().filter(|(_, options)| options.source.is_none());
    let places: Vec<&str> = ours.map(|(entry, _)| entry.subsection.as_str()).collect();
    let is_for_some = !places.is_empty() && !places.contains(&"");
    let place = match spot.place {
        place if place.is_empty() && is_for_some => url::of(&context.host_level()),
        place => place,
    };
    let program =
        helper_line::by_name().or_else(helper_line::by_path).unwrap_or_else(|| "pat".to_owned());
    let options = HelperOptions::default();
    let line = format!("{program}{}", helper_line::options_for(keychain.kind(), &options));
    let mut plan = Plan::new(spot.scope);
    let key = git::key(&place, "helper");
    plan.ask_us(&key, &line, false, &Helper::is_our_keychain)?;
    Ok(Some(Lack::Helper(plan, key, line)))
}

/// Where git is to send the path for a context: a repository's URL may end in `.git`, and for
/// git that is another place.
pub(super) fn above_repository(context: &Context) -> Context {
    let outwards = context.outwards();
    outwards.get(1).filter(|above| above.is_scoped()).unwrap_or(context).clone()
}

/// Asks a person, if there is one, about each. Nothing is changed yet.
///
/// # Errors
/// Where the person gives up.
pub(super) fn ask(
    lacks: Vec<Lack>,
    mut terminal: Option<&mut Terminal>,
) -> Result<Vec<Setting>, Error> {
    let settings = lacks.into_iter().map(|lack| {
        let agreed = match (terminal.as_mut(), lack.question()) {
            (Some(terminal), Some(question)) => terminal.confirm(&question)?,
            _ => false,
        };
        Ok(Setting { lack, agreed })
    });
    settings.collect()
}

/// Whether a person has other accounts there, between which git would have to choose.
fn has_others(keychain: &mut dyn Keychain, credential: &Credential) -> Result<bool, Error> {
    let account = credential.account();
    let persons = || helper::names_of_persons(keychain, &account.context, now());
    let names = helper::with_retries(persons)?;
    Ok(names.iter().any(|name| *name != account.username))
}

/// Does what was agreed to, and says how to do the rest; then what else keeps git from the tokens
/// at these URLs, or gives them to others.
///
/// # Errors
/// Where git's configuration cannot be changed.
pub(super) fn carry_out(
    command: &'static str,
    settings: &[Setting],
    urls: &[String],
) -> Result<(), Error> {
    for Setting { lack, agreed } in settings {
        if *agreed {
            lack.carry_out()?;
            terminal::say(command, &format!("changed git's configuration: {}", lack.line()));
        } else {
            terminal::hint(&lack.hint());
        }
    }
    // It may have been changed, and another line may count more.
    let setups = Setups::read(None).map_err(Failed::tell)?;
    for Setting { lack, .. } in settings.iter().filter(|setting| setting.agreed) {
        if !lack.is_settled(&setups) {
            let place = lack.context().map_or_else(String::new, url::of);
            terminal::say(command, "another line of git's configuration counts more");
            terminal::hint(&format!("see {} status {}", this_command(), typed(&place)));
        }
    }
    let mut said: Vec<Finding> = Vec::new();
    for url in urls {
        let Some(asked) = Asked::named(url) else { continue };
        let configuration = setups.configuration(Some(&asked.url));
        // Without our line the lack of it has been said.
        if !configuration.has_our_keychain() {
            continue;
        }
        for finding in View::of(&configuration, setups.entries(), Some(&asked)).findings() {
            if finding.wrong && !said.contains(&finding) {
                finding.say(command, "");
                said.push(finding);
            }
        }
    }
    Ok(())
}

impl Lack {
    /// Nothing where nothing is offered.
    fn question(&self) -> Option<String> {
        Some(match self {
            Self::Path(context) => {
                format!("git sends the path only where it is told to. Tell it for {context}?")
            }
            Self::Username(context, username) => {
                format!("There are other accounts at {context}. Let git use {username} there?")
            }
            Self::OtherUsername(context, username, asked) => {
                format!("git asks for {asked} at {context}. Let it use {username} there?")
            }
            Self::Helper(..) => "git does not use this helper yet. Make it?".to_owned(),
            Self::Source(..) => return None,
        })
    }

    fn hint(&self) -> String {
        match self {
            Self::Path(_) => format!("git needs to send the path: {}", self.command()),
            Self::Username(..) => {
                format!("several accounts are there, choose one with: {}", self.command())
            }
            Self::OtherUsername(_, _, asked) => {
                format!("git asks for {} there: {}", asked, self.command())
            }
            Self::Helper(..) => format!("git does not use this helper yet: {}", self.command()),
            Self::Source(context, source) => {
                format!("git takes the token for {context} from {source}, and asks no keychain")
            }
        }
    }

    /// What to type.
    fn command(&self) -> String {
        match self {
            Self::Path(_) | Self::Username(..) | Self::OtherUsername(..) => {
                let (key, value) = self.setting();
                format!("git config --global {} {value}", typed(&key))
            }
            Self::Helper(plan, ..) => plan.one_line(),
            Self::Source(..) => String::new(),
        }
    }

    /// A setting's name and value; a name that somebody else has to choose is NAME.
    fn setting(&self) -> (String, String) {
        match self {
            Self::Path(context) => (git::key(&url::of(context), "useHttpPath"), "true".to_owned()),
            Self::Username(context, _) => {
                (git::key(&url::of(context), "username"), "NAME".to_owned())
            }
            Self::OtherUsername(context, username, _) => {
                (git::key(&url::of(context), "username"), typed(username.as_bytes()))
            }
            Self::Helper(_, key, line) => (key.clone(), line.clone()),
            Self::Source(..) => (String::new(), String::new()),
        }
    }

    fn line(&self) -> String {
        let (key, value) = self.setting();
        match self {
            Self::Username(_, name) | Self::OtherUsername(_, name, _) => format!("{key} = {name}"),
            Self::Path(_) | Self::Helper(..) | Self::Source(..) => format!("{key} = {value}"),
        }
    }

    fn context(&self) -> Option<&Context> {
        match self {
            Self::Path(context)
            | Self::Username(context, _)
            | Self::OtherUsername(context, ..)
            | Self::Source(context, _) => Some(context),
            Self::Helper(..) => None,
        }
    }

    fn carry_out(&self) -> Result<(), Error> {
        match self {
            Self::Path(context) => git::send_path(context).map_err(Failed::tell),
            Self::Username(context, name) | Self::OtherUsername(context, name, _) => {
                git::set_username(context, name)
            }
            Self::Helper(plan, ..) => plan.change_all(),
            Self::Source(..) => Ok(()),
        }
    }

    /// Whether git does now what it was told.
    fn is_settled(&self, setups: &Setups) -> bool {
        let at = |context: &Context| setups.configuration(Some(&url::of(context)));
        match self {
            Self::Path(context) => at(context).sends_path,
            Self::Username(context, name) | Self::OtherUsername(context, name, _) => {
                at(context).username.is_some_and(|(_, asked)| asked == *name)
            }
            Self::Helper(..) | Self::Source(..) => true,
        }
    }
}
