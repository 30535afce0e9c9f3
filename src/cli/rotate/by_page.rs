//! The way of an account whose forge gives a new token on a page alone: a person makes it there and
//! types it here.
//!
//! That takes minutes, in which no lock is held and nothing is noted: the old token lives, and the
//! new one is on the page. But first the keychain is proved, so that nobody makes a token in vain.
//! Then the order is that of every rotation, from the note on.

use super::one::Way;
use super::words;
use crate::api::renewal::{Issued, Outcome};
use crate::api::state::{Reason, Standing, State};
use crate::api::{Facts, Told};
use crate::check::api_layer::{self, ApiLayer};
use crate::check::kept::Kept;
use crate::cli::login::{ask, expiry, page};
use crate::credential::{Credential, Token};
use crate::error::Error;
use crate::forge::{self, Id};
use crate::hardening;
use crate::keychain::Keychain;
use crate::rotate::online::{Online, subject};
use crate::rotate::revoking::Revoking;
use crate::rotate::{self, Old, Outside};
use crate::secret::Secret;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::{day, now};

/// A token that a person has made and typed.
struct Typed {
    token: Secret,
    /// What the forge has told of it.
    layer: ApiLayer,
}

impl Way<'_> {
    /// Has a person make a token on the forge's page, and puts it in the place of the old one.
    /// Returns whether all is well.
    ///
    /// # Errors
    /// Where the keychain fails, or the person gives up. Nothing has changed then.
    pub(super) fn by_page(
        &self,
        keychain: &mut dyn Keychain,
        old: &Credential,
        online: &Online<'_>,
    ) -> Result<bool, Error> {
        let Ok(mut terminal) = Terminal::open() else {
            words::needs_person(old);
            return Ok(false);
        };
        let account = old.account();
        rotate::begin(keychain, &account, old, online)?.drop_note()?;
        let forge = forge_of(old, online);
        let kept = Kept::of(old);
        let like = forge::Old { kind: words::kind_of(old), scopes: kept.scopes.as_deref() };
        page::offer(&mut terminal, &old.context, forge, Some(online.expiry), Some(like))?;
        terminal.show(&wanted(kept.scopes.as_deref(), online.expiry, forge))?;
        let Typed { token, mut layer } = typed(&mut terminal, old, online)?;
        if layer.facts.expiry == Told::Nothing && has_end(forge) {
            layer.facts.expiry = ask_end(&mut terminal, online.expiry)?;
        }
        let begun = rotate::begin(keychain, &account, old, online)?;
        let facts = layer.facts.clone();
        let at_page = AtPage { online, token: token.clone(), layer };
        let is_wanted = |forge| self.may_revoke(forge);
        let outside = Revoking::new(&at_page, online.options, &is_wanted);
        let asked = begun.answered(Issued { token, facts }, Old::LivesOn, &outside);
        let is_well = self.after(keychain, old, asked, &outside);
        if outside.has_left_old_alive() {
            words::old_lives_on(old);
        }
        Ok(is_well)
    }
}

impl Way<'_> {
    /// Returns whether a forge is to revoke an old token: a person is asked where that is final and
    /// mailed.
    ///
    /// # Errors
    /// Where the person gives up.
    pub(super) fn may_revoke(&self, forge: Id) -> Result<bool, Error> {
        if forge != Id::GitHub {
            return Ok(true);
        }
        if self.arguments.unattended || !terminal::stdin_is_terminal() {
            return Ok(false);
        }
        Terminal::open()?.confirm(
            "GitHub can end the old token now, as one that others have seen: that is final, and \
             mailed to its owner. End it?",
        )
    }
}

/// Returns the forge of an account, where it is known.
fn forge_of(old: &Credential, online: &Online<'_>) -> Option<Id> {
    api_layer::forge_of(&subject(old), online.options).map(|(forge, _)| forge)
}

/// Returns whether tokens of this forge have an end.
fn has_end(forge: Option<Id>) -> bool {
    forge != Some(Id::Gitea)
}

/// Returns in words what the new token should be like.
fn wanted(scopes: Option<&[String]>, end: u64, forge: Option<Id>) -> String {
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let may = scopes.map(|scopes| format!("may do what the old one may: {}", scopes.join(", ")));
    let may = may.unwrap_or_else(|| "may do what the old one may".to_owned());
    if has_end(forge) {
        format!("It {may}. It ends on {}.", day(end))
    } else {
        format!("It {may}.")
    }
}

fn ask_end(terminal: &mut Terminal, wanted: u64) -> Result<Told, Error> {
    let question = "When does the new token end, e.g. 2027-01-31 or 90d";
    let end = terminal.ask_for(question, &day(wanted), |answer| expiry::parse(answer, now()))?;
    Ok(end.map_or(Told::Never, Told::At))
}

/// Asks until there is a token that can be the new one.
fn typed(terminal: &mut Terminal, old: &Credential, online: &Online<'_>) -> Result<Typed, Error> {
    loop {
        let token = terminal.ask_hidden(&format!("New token for {}: ", words::whose(old)))?;
        if let Err(error) = ask::check(&token) {
            terminal.show(&format!("{error}"))?;
            continue;
        }
        if token == old.token {
            terminal.show("This is the old one. Give the new one, or nothing with Ctrl-C.")?;
            continue;
        }
        if !is_meant(terminal, old, &token)? {
            terminal.show(ANOTHER)?;
            continue;
        }
        let layer = online.ask(&successor(old, &token));
        match (layer.standing.state, layer.standing.reason) {
            _ if layer.standing.is_refused() => {
                let why = words::in_words(&layer.standing);
                terminal.show(&format!("This token is not good: {why}"))?;
                terminal.show(ANOTHER)?;
                continue;
            }
            (State::Unknown, Some(Reason::OtherForge)) => {
                terminal.show("This is a token of another forge, which is not sent there.")?;
                terminal.show(ANOTHER)?;
                continue;
            }
            _ => {}
        }
        if may_take(terminal, old, &layer.facts)? {
            return Ok(Typed { token, layer });
        }
        terminal.show(ANOTHER)?;
    }
}

const ANOTHER: &str = "Then give another one, or nothing with Ctrl-C.";

/// Returns whether the person wants this token although its form is doubtful, if it is.
fn is_meant(terminal: &mut Terminal, old: &Credential, token: &Secret) -> Result<bool, Error> {
    let warnings = forge::warnings(&old.context, token.expose(), false);
    // A checksum leaves copies of its input on the stack.
    hardening::wipe_stack();
    for warning in &warnings {
        terminal::say("rotate", &format!("warning: {}", warning.text));
    }
    let is_doubtful = warnings.iter().any(|warning| warning.strong);
    Ok(!is_doubtful || terminal.confirm("Take it all the same?")?)
}

/// Returns whether the person wants a token that is not as the old one was.
fn may_take(terminal: &mut Terminal, old: &Credential, facts: &Facts) -> Result<bool, Error> {
    let before = Kept::of(old);
    if let (Some(was), Some(is)) = (&before.owner, &facts.owner)
        && was != is
    {
        terminal::say("rotate", &format!("warning: this token is {is}'s, the old one is {was}'s"));
        return terminal.confirm("Take it all the same?");
    }
    if let (Some(before), Some(now)) = (&before.scopes, &facts.scopes) {
        let lacks = |scope: &&String| !now.contains(scope);
        let lacking: Vec<&str> = before.iter().filter(lacks).map(String::as_str).collect();
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            terminal::say("rotate", &format!("warning: it lacks what the old one has: {lacking}"));
            return terminal.confirm("Take it all the same?");
        }
    }
    Ok(true)
}

/// Returns the account as it would be with this token, to ask about it.
fn successor(old: &Credential, token: &Secret) -> Credential {
    let new = Token {
        secret: token.clone(),
        expiry: None,
        refresh_token: None,
        known: None,
        ..old.answering()
    };
    Kept::of(old).of_successor().put(old.clone().with_answering(new))
}

/// The forge, for a token that was typed and has just been asked about.
struct AtPage<'a> {
    online: &'a Online<'a>,
    token: Secret,
    layer: ApiLayer,
}

impl Outside for AtPage<'_> {
    fn ask(&self, credential: &Credential) -> ApiLayer {
        if credential.token != self.token {
            return self.online.ask(credential);
        }
        // It is not asked twice in a row: some forges want to be asked seldom.
        self.layer.clone()
    }

    fn renew(&self, _credential: &Credential) -> Outcome {
        Outcome::DidNotHappen(Standing::of(State::Unknown, Reason::NoWay))
    }
}
