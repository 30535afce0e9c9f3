//! The rules of matching, storing and erasing, as the manual and git's documentation state
//! them, on a plain map: nothing of the helper's own code is used here.

use super::START;
use super::script::{Place, Step};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Silence,
    Several,
    Lines(String),
}

/// Host with port, path, username.
type Key = (String, String, String);

#[derive(Clone)]
struct Kept {
    name: Option<String>,
    for_any_name: bool,
    token: String,
    scheme: Option<String>,
    expiry: Option<u64>,
    rejected: bool,
}

impl Kept {
    fn lives(&self, now: u64) -> bool {
        !self.rejected && self.expiry.is_none_or(|expiry| now < expiry)
    }
}

enum Chosen {
    Nobody,
    Several,
    One(Key),
}

#[derive(Default)]
pub struct Model {
    accounts: BTreeMap<Key, Kept>,
}

impl Model {
    pub fn play(&mut self, step: &Step, now: u64) -> Answer {
        match step {
            Step::Get { at, name, understands_schemes } => {
                return self.get(at, *name, *understands_schemes, now);
            }
            Step::Store { at, name, token, scheme, expiry } => {
                let complete = name.is_some() || scheme.is_some();
                let expiry = expiry.map(|seconds| START + u64::from(seconds));
                if complete && expiry.is_none_or(|expiry| now < expiry) {
                    self.store(at, *name, token, *scheme, expiry, now);
                }
            }
            Step::Erase { at, name, token: Some(token) } => self.reject(at, *name, token),
            Step::Erase { at, name, token: None } => {
                if let Some(scope) = own_scope(at.path) {
                    let host = host(at);
                    self.accounts.retain(|(h, s, n), _| {
                        *h != host || *s != scope || name.is_some_and(|name| name != n)
                    });
                }
            }
            Step::LogInForAnyName { at, name, token } => {
                if let Some(scope) = own_scope(at.path) {
                    let kept = Kept {
                        name: Some((*name).to_owned()),
                        for_any_name: true,
                        token: (*token).to_owned(),
                        scheme: None,
                        expiry: None,
                        rejected: false,
                    };
                    self.accounts.insert((host(at), scope, String::new()), kept);
                }
            }
            Step::Wait { .. } => {}
        }
        Answer::Silence
    }

    /// Contexts and usernames, in order, with each host's whole name.
    pub fn accounts(&self, whole: impl Fn(&str) -> String) -> Vec<String> {
        let text = |(host, scope, name): &Key| {
            let (host, port) = host.split_once(':').unwrap_or((host, ""));
            let port = if port.is_empty() { String::new() } else { format!(":{port}") };
            let scope = if scope.is_empty() { String::new() } else { format!("/{scope}") };
            format!("https://{}{port}{scope} {name}", whole(host))
        };
        let mut accounts: Vec<String> = self.accounts.keys().map(text).collect();
        accounts.sort();
        accounts
    }

    fn get(&self, at: &Place, name: Option<&str>, understands: bool, now: u64) -> Answer {
        let kept = match self.choose(at, name) {
            Chosen::Nobody => return Answer::Silence,
            Chosen::Several => return Answer::Several,
            Chosen::One(key) => &self.accounts[&key],
        };
        if !kept.lives(now) || (kept.scheme.is_some() && !understands) {
            return Answer::Silence;
        }
        let mut lines = String::new();
        if let Some(scheme) = &kept.scheme {
            let _ = writeln!(lines, "capability[]=authtype\nauthtype={scheme}");
        }
        if let Some(name) = name.or(kept.name.as_deref()) {
            let _ = writeln!(lines, "username={name}");
        }
        let key = if kept.scheme.is_some() { "credential" } else { "password" };
        let _ = writeln!(lines, "{key}={}", kept.token);
        if let Some(expiry) = kept.expiry {
            let _ = writeln!(lines, "password_expiry_utc={expiry}");
        }
        Answer::Lines(lines)
    }

    fn at(&self, host: &str, scope: &str) -> Vec<Key> {
        let here = |(h, s, _): &&Key| h == host && s == scope;
        self.accounts.keys().filter(here).cloned().collect()
    }

    /// Who is meant: the name first, then the most specific scope, then the account without
    /// a name or the only one.
    fn choose(&self, at: &Place, name: Option<&str>) -> Chosen {
        let (host, scopes) = (host(at), scopes(at.path));
        if let Some(name) = name {
            return self.named(&host, &scopes, name).map_or(Chosen::Nobody, Chosen::One);
        }
        for scope in scopes {
            let here = self.at(&host, &scope);
            let nameless = here.iter().find(|(_, _, name)| name.is_empty());
            match (here.as_slice(), nameless) {
                ([], _) => {}
                ([one], _) | (_, Some(one)) => return Chosen::One(one.clone()),
                _ => return Chosen::Several,
            }
        }
        Chosen::Nobody
    }

    fn named(&self, host: &str, scopes: &[String], name: &str) -> Option<Key> {
        let key = |scope: &String, name: &str| (host.to_owned(), scope.clone(), name.to_owned());
        let exact = scopes.iter().map(|scope| key(scope, name));
        let any = scopes.iter().map(|scope| key(scope, ""));
        exact.into_iter().find(|key| self.accounts.contains_key(key)).or_else(|| {
            any.into_iter().find(|k| self.accounts.get(k).is_some_and(|a| a.for_any_name))
        })
    }

    fn store(
        &mut self,
        at: &Place,
        name: Option<&str>,
        token: &str,
        scheme: Option<&str>,
        expiry: Option<u64>,
        now: u64,
    ) {
        if let Chosen::One(key) = self.choose(at, name) {
            let kept = self.accounts.get_mut(&key).unwrap();
            let same = kept.token == token && kept.scheme.as_deref() == scheme;
            let own = kept.for_any_name || key.2 == name.unwrap_or_default();
            if same || (own && !kept.lives(now)) {
                if !same && !kept.for_any_name {
                    kept.name = name.map(str::to_owned);
                }
                let known = kept.expiry.filter(|&known| same && now < known);
                token.clone_into(&mut kept.token);
                kept.scheme = scheme.map(str::to_owned);
                kept.expiry = expiry.or(known);
                kept.rejected = false;
                return;
            }
        }
        let Some(scope) = own_scope(at.path) else { return };
        let kept = Kept {
            name: name.map(str::to_owned),
            for_any_name: false,
            token: token.to_owned(),
            scheme: scheme.map(str::to_owned),
            expiry,
            rejected: false,
        };
        self.accounts.insert((host(at), scope, name.unwrap_or_default().to_owned()), kept);
    }

    fn reject(&mut self, at: &Place, name: Option<&str>, token: &str) {
        let (host, scopes) = (host(at), scopes(at.path));
        let refused = if let Some(name) = name {
            self.named(&host, &scopes, name).into_iter().collect()
        } else {
            let all = scopes.iter().map(|scope| self.at(&host, scope));
            all.into_iter().find(|here| !here.is_empty()).unwrap_or_default()
        };
        for key in refused {
            let kept = self.accounts.get_mut(&key).unwrap();
            kept.rejected |= kept.token == token && kept.scheme.is_none();
        }
    }
}

/// The host and its port, if that is not the protocol's own.
fn host(at: &Place) -> String {
    match at.port {
        None | Some(443) => at.host.to_owned(),
        Some(port) => format!("{}:{port}", at.host),
    }
}

/// The scopes that a request's path may be answered from, the most specific first; the
/// empty one, last, is the host.
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

/// The scope of what is stored with this path, if it can have one.
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
