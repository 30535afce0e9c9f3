//! The rules of choosing, storing and erasing, as the manual and git's documentation state them, on
//! a plain map. None of the helper's own code is used here.

use super::START;
use super::script::{Place, Stage, Step};
use super::tokens::{Account, Token};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The result of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Silence,
    /// Accounts of these names could answer.
    Several(Vec<String>),
    /// No account can be restored, or several can.
    NotRestored,
    /// Nothing was changed, because a rotation has not come to its end.
    Rotating,
    Lines(String),
}

/// The host with its port, the path, the username.
type Key = (String, String, String);

enum Chosen {
    Nobody,
    Several(Vec<String>),
    One(Key),
}

#[derive(Default)]
pub struct Model {
    accounts: BTreeMap<Key, Account>,
}

impl Model {
    pub fn play(&mut self, step: &Step, now: u64) -> Answer {
        // An account that is gone counts as absent.
        self.accounts.retain(|_, account| !account.is_gone(now));
        match step {
            Step::Get { at, name, understands_schemes } => {
                return self.get(at, *name, *understands_schemes, now);
            }
            Step::Store { at, name, token, scheme, expiry, refresh } => {
                let token = Token {
                    scheme: scheme.map(str::to_owned),
                    expiry: expiry.map(|seconds| START + u64::from(seconds)),
                    refresh: refresh.map(str::to_owned),
                    ..token_of(token, false)
                };
                let is_sign = name == &Some("") && scheme.is_none();
                let complete = name.is_some() || scheme.is_some();
                if complete && !token.has_expired(now) && (is_sign || !token.text.is_empty()) {
                    return self.store(at, *name, &token, now);
                }
            }
            Step::Erase { at, name, token: Some(token) } => {
                return self.reject(at, *name, token, now);
            }
            Step::Erase { at, name, token: None } => {
                let mut answer = Answer::Silence;
                for key in self.exactly_at(at) {
                    if name.is_none_or(|name| name == key.2) {
                        let account = self.accounts.get_mut(&key).unwrap();
                        if account.rotating {
                            answer = Answer::Rotating;
                        } else {
                            account.put_away.get_or_insert(now);
                        }
                    }
                }
                return answer;
            }
            Step::Rotate { at, name, to } => self.rotate(at, name, to, now),
            Step::LogIn { at, name, token, for_any_name } => {
                if let Some(scope) = own_scope(at.path) {
                    let key = if *for_any_name { "" } else { name };
                    let account = Account {
                        for_any_name: *for_any_name,
                        ..Account::new(Some(name), token_of(token, true))
                    };
                    self.accounts.insert((host(at), scope, key.to_owned()), account);
                }
            }
            Step::Restore { at, name } => return self.restore(at, *name, now),
            Step::Wait { .. } => {}
        }
        Answer::Silence
    }

    /// Returns contexts, usernames and contents, in order, with each host's whole name.
    pub fn accounts(&self, whole: impl Fn(&str) -> String, now: u64) -> Vec<String> {
        let text = |((host, scope, name), account): (&Key, &Account)| {
            let (host, port) = host.split_once(':').unwrap_or((host, ""));
            let port = if port.is_empty() { String::new() } else { format!(":{port}") };
            let scope = if scope.is_empty() { String::new() } else { format!("/{scope}") };
            format!("https://{}{port}{scope} {name}: {}", whole(host), account.in_words(now))
        };
        let there = self.accounts.iter().filter(|(_, account)| !account.is_gone(now));
        let mut accounts: Vec<String> = there.map(text).collect();
        accounts.sort();
        accounts
    }

    fn get(&self, at: &Place, name: Option<&str>, understands: bool, now: u64) -> Answer {
        let account = match self.choose(at, name, now) {
            Chosen::Nobody => return Answer::Silence,
            Chosen::Several(names) => return Answer::Several(names),
            Chosen::One(key) => &self.accounts[&key],
        };
        let token = &account.answers;
        if token.refused.is_some() || (token.scheme.is_some() && !understands) {
            return Answer::Silence;
        }
        let is_over = token.has_expired(now);
        if is_over && token.refresh.is_none() {
            return Answer::Silence;
        }
        let mut lines = String::new();
        if let Some(scheme) = token.scheme.as_ref().filter(|_| !is_over) {
            let _ = writeln!(lines, "capability[]=authtype\nauthtype={scheme}");
        }
        if let Some(name) = name.or(account.name.as_deref()) {
            let _ = writeln!(lines, "username={name}");
        }
        if !is_over {
            let key = if token.scheme.is_some() { "credential" } else { "password" };
            let _ = writeln!(lines, "{key}={}", token.text);
        }
        if let Some(expiry) = token.expiry {
            let _ = writeln!(lines, "password_expiry_utc={expiry}");
        }
        if let Some(refresh) = &token.refresh {
            let _ = writeln!(lines, "oauth_refresh_token={refresh}");
        }
        Answer::Lines(lines)
    }

    /// Returns the accounts at a scope that are not put away.
    fn at(&self, host: &str, scope: &str) -> Vec<Key> {
        let here = |((h, s, _), account): &(&Key, &Account)| {
            h == host && s == scope && account.put_away.is_none()
        };
        self.accounts.iter().filter(here).map(|(key, _)| key.clone()).collect()
    }

    /// Returns the accounts of exactly this context, with those that are put away.
    fn exactly_at(&self, at: &Place) -> Vec<Key> {
        let Some(scope) = own_scope(at.path) else { return Vec::new() };
        let host = host(at);
        self.accounts.keys().filter(|(h, s, _)| *h == host && *s == scope).cloned().collect()
    }

    /// Chooses an account: by name first, then by the most specific scope, then a person's before
    /// git's, then the account without a name or the only one. git's sign is last.
    fn choose(&self, at: &Place, name: Option<&str>, now: u64) -> Chosen {
        let (host, scopes) = (host(at), scopes(at.path));
        if let Some(name) = name {
            return self.named(&host, &scopes, name, now).map_or(Chosen::Nobody, Chosen::One);
        }
        let mut sign = None;
        for scope in &scopes {
            let (signs, mut here): (Vec<Key>, Vec<Key>) =
                self.at(&host, scope).into_iter().partition(|key| self.accounts[key].is_sign());
            sign = sign.or_else(|| signs.into_iter().next());
            if here.iter().any(|key| self.accounts[key].persons) {
                here.retain(|key| self.accounts[key].persons);
            }
            let nameless = here.iter().find(|(_, _, name)| name.is_empty());
            let one = match (here.as_slice(), nameless) {
                ([], _) => continue,
                ([one], _) | (_, Some(one)) => one.clone(),
                (several, None) => {
                    return Chosen::Several(several.iter().map(|key| key.2.clone()).collect());
                }
            };
            return Chosen::One(self.unless_hiding(one, &scopes, now));
        }
        sign.map_or(Chosen::Nobody, Chosen::One)
    }

    fn named(&self, host: &str, scopes: &[String], name: &str, now: u64) -> Option<Key> {
        let key = |scope: &String, name: &str| (host.to_owned(), scope.clone(), name.to_owned());
        let is_there = |key: &Key| self.accounts.get(key).is_some_and(|a| a.put_away.is_none());
        let exact = scopes.iter().map(|scope| key(scope, name)).find(is_there);
        let any = |key: &Key| is_there(key) && self.accounts[key].for_any_name;
        exact
            .map(|key| self.unless_hiding(key, scopes, now))
            .or_else(|| scopes.iter().map(|scope| key(scope, "")).find(any))
    }

    /// Returns the chosen account, or a person's live one of the same name further out, which a
    /// dead one of git's does not hide.
    fn unless_hiding(&self, chosen: Key, scopes: &[String], now: u64) -> Key {
        let is_gits_and_dead = |key: &Key| {
            let account = &self.accounts[key];
            !account.persons && !account.lives(now)
        };
        if !is_gits_and_dead(&chosen) {
            return chosen;
        }
        let (host, own, name) = &chosen;
        let wider = scopes.iter().skip_while(|scope| *scope != own).skip(1);
        let wider = wider.map(|scope| (host.clone(), scope.clone(), name.clone()));
        let is_there = |key: &Key| self.accounts.get(key).is_some_and(|a| a.put_away.is_none());
        let next = wider.filter(is_there).find(|key| !is_gits_and_dead(key));
        let is_live_persons =
            |key: &Key| self.accounts[key].persons && self.accounts[key].lives(now);
        next.filter(is_live_persons).unwrap_or(chosen)
    }

    /// A rotation comes so far, if the account is there and was as far as that needs.
    fn rotate(&mut self, at: &Place, name: &str, to: &Stage, now: u64) {
        let Some(scope) = own_scope(at.path) else { return };
        let key = (host(at), scope, name.to_owned());
        let Some(account) = self.accounts.get_mut(&key) else { return };
        match to {
            Stage::Begun if !account.is_sign() => account.rotating = true,
            Stage::Answered { token, ends } if account.rotating && account.previous.is_none() => {
                let refused = if *ends { Some(now) } else { account.answers.refused };
                account.previous = Some(Token { refused, ..account.answers.clone() });
                account.answers = token_of(token, true);
            }
            Stage::Ended { keeps } if account.rotating && account.previous.is_some() => {
                account.rotating = false;
                account.aside = None;
                account.previous.take_if(|_| !keeps);
            }
            _ => {}
        }
    }

    fn store(&mut self, at: &Place, name: Option<&str>, token: &Token, now: u64) -> Answer {
        let own = own_scope(at.path);
        if let Chosen::One(key) = self.choose(at, name, now) {
            let account = self.accounts.get_mut(&key).unwrap();
            let is_same =
                account.answers.text == token.text && account.answers.scheme == token.scheme;
            let is_own = account.for_any_name || key.2 == name.unwrap_or_default();
            let is_its =
                account.for_any_name || !account.lives(now) || own.as_ref() == Some(&key.1);
            if is_same || (is_own && is_its && !token.text.is_empty()) {
                return account.bring(name, token, now);
            }
        }
        let Some(scope) = own else { return Answer::Silence };
        let key = (host(at), scope, name.unwrap_or_default().to_owned());
        if token.text.is_empty() {
            // A sign is kept where there is no other account, or where it is kept already.
            if let Some(account) = self.accounts.get_mut(&key).filter(|a| a.is_sign()) {
                return account.bring(name, token, now);
            } else if self.exactly_at(at).is_empty() {
                self.accounts.insert(key, Account::new(name, token.clone()));
            }
        } else if let Some(account) = self.accounts.get_mut(&key) {
            return account.bring(name, token, now);
        } else {
            self.accounts.insert(key, Account::new(name, token.clone()));
        }
        Answer::Silence
    }

    fn reject(&mut self, at: &Place, name: Option<&str>, token: &str, now: u64) -> Answer {
        let (host, scopes) = (host(at), scopes(at.path));
        let refused = if let Some(name) = name {
            self.named(&host, &scopes, name, now).into_iter().collect()
        } else {
            let all = scopes.iter().map(|scope| self.at(&host, scope));
            all.into_iter().find(|here| !here.is_empty()).unwrap_or_default()
        };
        let mut answer = Answer::Silence;
        for key in refused {
            let account = self.accounts.get_mut(&key).unwrap();
            if !account.rotating {
                account.refuse(token, now);
            } else if account.answers.text == token && account.answers.scheme.is_none() {
                answer = Answer::Rotating;
            }
        }
        answer
    }

    fn restore(&mut self, at: &Place, name: Option<&str>, now: u64) -> Answer {
        let mut restored = Vec::new();
        for key in self.exactly_at(at) {
            let account = &self.accounts[&key];
            let own = account.name.as_deref().filter(|_| account.for_any_name);
            if name.is_none_or(|name| name == key.2 || Some(name) == own) {
                restored.extend(account.restored(now).map(|account| (key, account)));
            }
        }
        match restored.as_slice() {
            [(key, account)] if account.lives(now) => {
                self.accounts.insert(key.clone(), account.clone());
                Answer::Silence
            }
            _ => Answer::NotRestored,
        }
    }
}

fn token_of(text: &str, persons: bool) -> Token {
    Token {
        text: text.to_owned(),
        scheme: None,
        expiry: None,
        refresh: None,
        refused: None,
        persons,
    }
}

/// Returns the host and its port, if that is not the protocol's own.
fn host(at: &Place) -> String {
    match at.port {
        None | Some(443) => at.host.to_owned(),
        Some(port) => format!("{}:{port}", at.host),
    }
}

/// Returns the scopes from which a request with this path may be answered, the most specific first;
/// the empty one, last, is the host.
fn scopes(path: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    let mut folder = path;
    while !folder.is_empty() {
        scopes.extend(own_scope(folder));
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if path.split('/').any(is_no_name) {
        scopes.clear();
    }
    scopes.push(String::new());
    scopes
}

/// Returns the scope of an account that is stored with this path, if it can have one.
fn own_scope(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(String::new());
    }
    let short = path.strip_suffix(".git").unwrap_or(path);
    let both = path.split('/').chain(short.split('/'));
    (!both.into_iter().any(is_no_name)).then(|| short.to_owned())
}

fn is_no_name(segment: &str) -> bool {
    ["", ".", ".."].contains(&segment)
}
