//! An account's two tokens, as the rules have them: one answers, one is set aside.

use super::rules::Answer;
use std::fmt::Write;

const DAY: u64 = 24 * 60 * 60;

/// The time after which nothing can be brought back.
pub const MONTH: u64 = 30 * DAY;

#[derive(Clone, PartialEq, Debug)]
pub struct Token {
    pub text: String,
    pub scheme: Option<String>,
    pub expiry: Option<u64>,
    pub refresh: Option<String>,
    pub refused: Option<u64>,
    pub persons: bool,
}

impl Token {
    fn is(&self, other: &Self) -> bool {
        self.text == other.text && self.scheme == other.scheme
    }

    pub fn has_expired(&self, now: u64) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= now)
    }

    pub fn lives(&self, now: u64) -> bool {
        self.refused.is_none() && !self.has_expired(now)
    }

    fn refused_long_ago(&self, now: u64) -> bool {
        self.refused.is_some_and(|at| now > at + MONTH)
    }

    /// Returns the token after it has worked, with what git says added to what was known.
    fn worked(&self, said: &Self, now: u64) -> Self {
        Self {
            expiry: said.expiry.or(self.expiry.filter(|&expiry| expiry > now)),
            refresh: said.refresh.clone().or(self.refresh.clone()),
            refused: None,
            ..self.clone()
        }
    }

    fn in_words(&self) -> String {
        let whose = if self.persons { "person" } else { "git" };
        let Self { text, scheme, expiry, refresh, .. } = self;
        let refused = if self.refused.is_some() { " refused" } else { "" };
        format!("{whose}'s {text:?} {scheme:?} {expiry:?} {refresh:?}{refused}")
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    pub name: Option<String>,
    pub for_any_name: bool,
    pub persons: bool,
    pub put_away: Option<u64>,
    pub answers: Token,
    /// The token that was set aside, and since when.
    pub aside: Option<(Token, u64)>,
    /// Whether a rotation has begun that has not come to its end.
    pub rotating: bool,
    /// The token that a rotation has replaced.
    pub previous: Option<Token>,
}

impl Account {
    pub fn new(name: Option<&str>, answers: Token) -> Self {
        Self {
            name: name.map(str::to_owned),
            for_any_name: false,
            persons: answers.persons,
            put_away: None,
            answers,
            aside: None,
            rotating: false,
            previous: None,
        }
    }

    pub fn lives(&self, now: u64) -> bool {
        self.put_away.is_none() && self.answers.lives(now)
    }

    /// Returns whether the account counts as absent.
    pub fn is_gone(&self, now: u64) -> bool {
        let both = self.answers.refused_long_ago(now)
            && self.aside.as_ref().is_none_or(|(aside, _)| aside.refused_long_ago(now));
        let is_rotating = self.rotating || self.previous.is_some();
        (both && !is_rotating) || self.put_away.is_some_and(|at| now > at + MONTH)
    }

    /// Returns whether it is git's sign for single sign-on.
    pub fn is_sign(&self) -> bool {
        let nameless = self.name.as_deref().unwrap_or_default().is_empty();
        self.answers.text.is_empty() && nameless && !self.for_any_name
    }

    pub fn in_words(&self, now: u64) -> String {
        let whose = if self.persons { "person" } else { "git" };
        let mut words = format!("{whose}'s, {:?}", self.name);
        if self.for_any_name {
            words.push_str(" and any");
        }
        if self.put_away.is_some() {
            words.push_str(", put away");
        }
        let _ = write!(words, ": {}", self.answers.in_words());
        // A token that is gone may lie there until the next write.
        if let Some((aside, _)) = &self.aside
            && !aside.refused_long_ago(now)
        {
            let _ = write!(words, "; aside {}", aside.in_words());
        }
        if self.rotating {
            words.push_str("; rotating");
        }
        if let Some(previous) = &self.previous {
            let _ = write!(words, "; before {}", previous.in_words());
        }
        words
    }

    fn forget_what_is_gone(&mut self, now: u64) {
        self.aside.take_if(|(aside, _)| aside.refused_long_ago(now));
    }

    /// Adds a token that git has brought under this name.
    pub fn bring(&mut self, name: Option<&str>, new: &Token, now: u64) -> Answer {
        let is_known = self.answers.is(new);
        let is_before = self.previous.as_ref().is_some_and(|previous| previous.is(new));
        if self.rotating || (is_before && !is_known) {
            let is_lost = self.rotating && !is_known && !is_before;
            return if is_lost { Answer::Rotating } else { Answer::Silence };
        }
        self.bring_freely(name, new, now);
        Answer::Silence
    }

    fn bring_freely(&mut self, name: Option<&str>, new: &Token, now: u64) {
        self.forget_what_is_gone(now);
        let lives = self.lives(now) && !self.answers.text.is_empty();
        if self.answers.is(new) {
            self.answers = self.answers.worked(new, now);
            self.put_away = None;
        } else if let Some((aside, _)) = self.aside.clone().filter(|(aside, _)| aside.is(new)) {
            if !lives || (!self.persons && aside.refused.is_none()) {
                let displaced = self.displaced();
                self.answer_by(name, aside.worked(new, now));
                self.aside = displaced.map(|token| (token, now));
            }
        } else if lives && self.persons {
            if self.aside.as_ref().is_none_or(|(aside, _)| !aside.persons) {
                self.aside = Some((new.clone(), now));
            }
        } else {
            let keeps_aside = self.keeps_aside(new, lives, now);
            let displaced = self.displaced();
            self.answer_by(name, new.clone());
            if !keeps_aside {
                self.aside = displaced.map(|token| (token, now));
            }
        }
    }

    /// Returns whether the token set aside stays there when this token takes the answering one's
    /// place.
    fn keeps_aside(&self, new: &Token, lives: bool, now: u64) -> bool {
        let old = &self.answers;
        let aside_lives = |(aside, _): &(Token, u64)| aside.lives(now);
        if lives {
            let is_young = |aside: &&(Token, u64)| now <= aside.1 + MONTH;
            return self.aside.as_ref().filter(is_young).is_some_and(aside_lives);
        }
        let expired_for_good =
            old.has_expired(now) && (old.refresh.is_none() || new.refresh.is_some());
        if expired_for_good || old.refused_long_ago(now) {
            return true;
        }
        let is_better = |aside: &(Token, u64)| aside.0.persons || aside_lives(aside);
        !old.persons && self.aside.as_ref().is_some_and(is_better)
    }

    /// Returns the answering token, as it is when another takes its place.
    fn displaced(&self) -> Option<Token> {
        let refused = self.answers.refused.or(self.put_away);
        let token = Token { refused, ..self.answers.clone() };
        Some(token).filter(|token| !token.text.is_empty())
    }

    fn answer_by(&mut self, name: Option<&str>, token: Token) {
        if !self.for_any_name {
            self.name = name.map(str::to_owned);
        }
        self.put_away = None;
        self.answers = token;
    }

    /// Marks this token as refused, if it is one without a scheme.
    pub fn refuse(&mut self, text: &str, now: u64) {
        let is_it = |token: &Token| token.text == text && token.scheme.is_none();
        if is_it(&self.answers) {
            self.answers.refused.get_or_insert(now);
        } else if let Some((aside, _)) = &mut self.aside
            && is_it(aside)
        {
            aside.refused.get_or_insert(now);
        }
        self.forget_what_is_gone(now);
    }

    /// Returns the account after a person has brought it back, or none where nothing was refused or
    /// put away.
    pub fn restored(&self, now: u64) -> Option<Self> {
        let mut account = self.clone();
        account.forget_what_is_gone(now);
        let is_live = |previous: &mut Token| previous.lives(now);
        if self.answers.refused.is_some()
            && let Some(previous) = account.previous.take_if(is_live)
        {
            account.rotating = false;
            account.aside = Some((previous, now));
        }
        let comes_back = account.aside.as_ref().is_some_and(|(aside, _)| {
            match (aside.persons, self.answers.persons) {
                (true, false) => true,
                (false, true) => false,
                _ => self.answers.refused.is_some() && aside.refused.is_none(),
            }
        });
        if !comes_back && self.answers.refused.is_none() && self.put_away.is_none() {
            return None;
        }
        if comes_back {
            let displaced = account.displaced();
            account.answers = account.aside.take()?.0;
            account.aside = displaced.map(|token| (token, now));
        }
        account.answers.refused = None;
        account.answers.persons = true;
        account.persons = true;
        account.put_away = None;
        Some(account)
    }
}
