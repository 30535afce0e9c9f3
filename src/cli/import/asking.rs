//! Offers to ask the forges about the tokens that an import has brought, as `login` asks about one.
//!
//! A person is asked once, for all of them. The forges are then asked as `check --all` asks them:
//! each twice at most about a token, and not any more after several refusals in a row. A token that
//! its forge does not take stays in the keychain, and the import says which one it is and fails.

use super::{Import, tokens};
use crate::api::state::{Reason, State};
use crate::check::api_layer::ApiLayer;
use crate::check::{Checked, Subject, advice, all};
use crate::cli::check::keep::keep_or_say;
use crate::cli::check::report;
use crate::cli::login::learn;
use crate::error::Error;
use crate::forge::Id;
use crate::terminal;

impl Import<'_> {
    /// Asks the forges about what was brought, if a person agrees.
    ///
    /// # Errors
    /// [`Error::Refused`] where a forge does not take a token.
    pub(super) fn ask_forges(&mut self) -> Result<(), Error> {
        if self.arguments.offline {
            return Ok(());
        }
        let options = learn::options();
        let brought = self.brought.drain(..).map(|account| Subject::of(account, options.now));
        let (mut subjects, mut forges) = (Vec::new(), Vec::new());
        for subject in brought {
            if let Some(forge) = all::asked(&subject, &options) {
                subjects.push(subject);
                forges.push(forge);
            }
        }
        if subjects.is_empty() {
            return Ok(());
        }
        // `--yes` agrees to an import, and not to a question to somebody else.
        if self.arguments.yes {
            terminal::hint("to ask the forges about them: git credential-pat check --all");
            return Ok(());
        }
        let question = format!("Ask {} about {}?", names(&forges), tokens(subjects.len()));
        if !self.person()?.confirm(&question)? {
            return Ok(());
        }
        let checked = all::all(subjects, &options);
        for one in &checked {
            self.tell(one)?;
        }
        let layers = || checked.iter().filter_map(|one| one.api.as_ref());
        let asked = layers().filter(|layer| !layer.standing.is_unasked()).count();
        let taken = layers().filter(|layer| layer.standing.state == State::Good).count();
        terminal::say("import", &format!("asked about {}: {taken} taken", tokens(asked)));
        let is_spared = |layer: &&ApiLayer| layer.standing.reason == Some(Reason::Spared);
        let spared = layers().filter(is_spared).count();
        if spared > 0 {
            let what = tokens(spared);
            terminal::say(
                "import",
                &format!("not asked about {what}: the host had refused several"),
            );
        }
        if layers().any(|layer| layer.standing.is_refused()) {
            return Err(Error::Refused(
                "a forge does not take what was imported, which is stored as it is",
            ));
        }
        Ok(())
    }

    /// Keeps what was learnt of an account, and says what a person should know.
    fn tell(&mut self, checked: &Checked) -> Result<(), Error> {
        if let Some(learnt) = &checked.learnt {
            let (keychain, _) = self.opened.at(&learnt.context)?;
            keep_or_say("import", keychain, learnt);
        }
        let (Some(layer), Some(forge)) = (&checked.api, checked.forge) else { return Ok(()) };
        let Some(words) = learn::words(layer, forge) else { return Ok(()) };
        terminal::say("import", &format!("{}: {words}", report::whose(checked)));
        if layer.standing.is_refused() {
            for hint in advice::of(checked) {
                terminal::hint(&hint);
            }
        }
        Ok(())
    }
}

/// Returns the names of the forges, each once.
fn names(forges: &[Id]) -> String {
    let mut names: Vec<&str> = forges.iter().map(|forge| forge.name()).collect();
    names.sort_unstable();
    names.dedup();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::forge::Id;

    #[test]
    fn each_forge_is_named_once() {
        assert_eq!(names(&[Id::GitLab]), "GitLab");
        assert_eq!(names(&[Id::GitLab, Id::GitHub, Id::GitLab]), "GitHub and GitLab");
        let three = names(&[Id::Gitea, Id::GitLab, Id::GitHub]);
        assert_eq!(three, "GitHub, GitLab and Gitea or Forgejo");
    }
}
