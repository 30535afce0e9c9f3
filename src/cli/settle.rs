//! Makes the changes that git still needs to use a stored token, where a person agrees, and else
//! says them. It also says what keeps git from the token at that URL, as `status` does.

mod several;

use super::configure::plan::Plan;
use super::status::configuration::View;
use super::status::finding::{Finding, this_command};
use super::status::places::Asked;
use super::status::sources;
use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::Credential;
use crate::error::Error;
use crate::git::helper_line::{self, Helper};
use crate::git::words::typed;
use crate::git::{self, Failed, url};
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::source::Source;
use crate::terminal;
use crate::terminal::prompt::Terminal;
pub(super) use several::answering;
use several::{Chosen, Several};

/// A change of git's configuration, and whether a person agreed to it.
pub(super) enum Setting {
    /// The setting that git lacks, and whether a person agreed to it.
    Lack(Lack, bool),
    /// The account of several that is to be git's default.
    Account(Chosen),
}

/// A setting that git lacks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// git does not send the path at this context.
    Path(Context),
    /// git does not know which of several accounts is meant.
    Account(Several),
    /// git does not use this helper, which needs this setting with this value.
    Helper(Plan, String, String),
    /// git takes the token for this context from this source, and asks no keychain.
    Source(Context, String),
}

/// Returns what git lacks for this account, where it is used at this URL; `so_far` is the account
/// that has answered there, see [`answering`].
///
/// # Errors
/// Where the keychain fails.
pub(super) fn lacks(
    setups: &Setups,
    url: &str,
    keychain: &mut dyn Keychain,
    credential: &Credential,
    so_far: Option<Credential>,
) -> Result<Vec<Lack>, Error> {
    let mut lacks = Vec::new();
    let context = &credential.context;
    let path = above_repository(context);
    if context.is_scoped() && !setups.configuration(Some(&url::of(&path))).sends_path {
        lacks.push(Lack::Path(path));
    }
    lacks.extend(Several::beside(setups, keychain, credential, so_far)?.map(Lack::Account));
    lacks.extend(helper(setups, url, keychain, context)?);
    Ok(lacks)
}

/// Returns the lack of a line of ours that asks this keychain, if there is no such line.
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
    // Where git has our lines for certain URLs only, a person decides about each further host.
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

/// Returns the context at which git is to send the path. It is above a repository, whose URL may
/// end in `.git`, which git takes for another URL.
pub(super) fn above_repository(context: &Context) -> Context {
    let outwards = context.outwards();
    outwards.get(1).filter(|above| above.is_scoped()).unwrap_or(context).clone()
}

/// Asks a person, if there is one, about each lack. Nothing is changed yet.
///
/// # Errors
/// Where the person gives up.
pub(super) fn ask(
    lacks: Vec<Lack>,
    mut terminal: Option<&mut Terminal>,
) -> Result<Vec<Setting>, Error> {
    let settings = lacks.into_iter().map(|lack| match (lack, terminal.as_mut()) {
        (Lack::Account(several), Some(terminal)) => several.ask(terminal).map(Setting::Account),
        (Lack::Account(several), None) => Ok(Setting::Account(several.open())),
        (lack, Some(terminal)) => {
            let agreed = match lack.question() {
                Some(question) => terminal.agrees(&question)?,
                None => false,
            };
            Ok(Setting::Lack(lack, agreed))
        }
        (lack, None) => Ok(Setting::Lack(lack, false)),
    });
    settings.collect()
}

/// Returns the settings where nobody is asked: of several accounts, the one that has answered so
/// far stays, and every lack is only said.
pub(super) fn keep(lacks: Vec<Lack>) -> Vec<Setting> {
    let settings = lacks.into_iter().map(|lack| match lack {
        Lack::Account(several) => Setting::Account(several.kept()),
        lack => Setting::Lack(lack, false),
    });
    settings.collect()
}

/// Makes the changes that a person agreed to, and says how to make the others. Then it says what
/// else keeps git from the tokens at these URLs, or gives them to others.
///
/// # Errors
/// Where git's configuration cannot be changed.
pub(super) fn carry_out(
    command: &'static str,
    settings: &[Setting],
    urls: &[String],
) -> Result<(), Error> {
    for setting in settings {
        match setting {
            Setting::Lack(lack, true) => {
                lack.carry_out()?;
                terminal::say(command, &format!("changed git's configuration: {}", lack.line()));
            }
            Setting::Lack(lack, false) => terminal::hint(&lack.hint()),
            Setting::Account(chosen) => {
                if let Some(name) = chosen.to_tell() {
                    git::set_username(&chosen.several.context, name)?;
                }
                chosen.say(command);
            }
        }
    }
    // The configuration may have changed, and another line may count more.
    let setups = Setups::read(None).map_err(Failed::tell)?;
    for place in settings.iter().filter_map(|setting| setting.unsettled_at(&setups)) {
        say_that_another_counts(command, &place);
    }
    let mut said: Vec<Finding> = Vec::new();
    for url in urls {
        let Some(asked) = Asked::named(url) else { continue };
        let configuration = setups.configuration(Some(&asked.url));
        // Where our line is missing, that has been said already.
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

/// Says that git does not do what it was told at this context.
pub(super) fn say_that_another_counts(command: &str, place: &Context) {
    terminal::say(command, "another line of git's configuration counts more");
    terminal::hint(&format!("see {} status {}", this_command(), typed(&url::of(place))));
}

impl Setting {
    /// Returns the context at which git does not do what it was told, if there is one.
    fn unsettled_at(&self, setups: &Setups) -> Option<Context> {
        let at = |context: &Context| setups.configuration(Some(&url::of(context)));
        match self {
            Self::Lack(Lack::Path(context), true) => {
                (!at(context).sends_path).then(|| context.clone())
            }
            Self::Account(chosen) => {
                let (name, context) = (chosen.to_tell()?, &chosen.several.context);
                let holds = at(context).username.is_some_and(|(_, asked)| asked == *name);
                (!holds).then(|| context.clone())
            }
            Self::Lack(..) => None,
        }
    }
}

impl Lack {
    /// Returns the question to a person, or nothing where no change is offered.
    fn question(&self) -> Option<String> {
        Some(match self {
            Self::Path(context) => format!(
                "The token is for {context} alone: git finds it only if it is told to say which \
                 repository it wants there. Tell it?"
            ),
            Self::Helper(..) => "git does not ask this program for tokens yet, and so would not \
                                 find this one. Make it ask?"
                .to_owned(),
            Self::Account(_) | Self::Source(..) => return None,
        })
    }

    fn hint(&self) -> String {
        match self {
            Self::Path(_) => format!("git needs to send the path: {}", self.command()),
            Self::Helper(..) => format!("git does not use this helper yet: {}", self.command()),
            Self::Source(context, source) => {
                format!("git takes the token for {context} from {source}, and asks no keychain")
            }
            Self::Account(_) => String::new(),
        }
    }

    /// Returns the command that a person can type.
    fn command(&self) -> String {
        match self {
            Self::Path(_) => {
                let (key, value) = self.setting();
                format!("git config --global {} {value}", typed(&key))
            }
            Self::Helper(plan, ..) => plan.one_line(),
            Self::Account(_) | Self::Source(..) => String::new(),
        }
    }

    /// Returns a setting's name and value. A username that a person has to choose is NAME.
    fn setting(&self) -> (String, String) {
        match self {
            Self::Path(context) => (git::key(&url::of(context), "useHttpPath"), "true".to_owned()),
            Self::Helper(_, key, line) => (key.clone(), line.clone()),
            Self::Account(_) | Self::Source(..) => (String::new(), String::new()),
        }
    }

    fn line(&self) -> String {
        let (key, value) = self.setting();
        format!("{key} = {value}")
    }

    fn carry_out(&self) -> Result<(), Error> {
        match self {
            Self::Path(context) => git::send_path(context).map_err(Failed::tell),
            Self::Helper(plan, ..) => plan.change_all(),
            Self::Account(_) | Self::Source(..) => Ok(()),
        }
    }
}
