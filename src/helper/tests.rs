//! The rules of matching, storing and erasing, on the keychain in memory.

mod choosing;
mod erasing;
mod explaining;
mod judging;
mod planting;
mod serving;
mod storing;
mod two_tokens;

use super::{Outcome, Policy, erase, get, put, store};
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::Keychain;
use crate::keychain::memory::MemoryKeychain;
use crate::protocol::Request;
use crate::secret::Secret;

const NOW: u64 = 1_800_000_000;
const POLICY: Policy = Policy { allow_http: false, now: NOW };

/// A keychain and the three operations on it, in git's words.
#[derive(Default)]
struct Helper {
    keychain: MemoryKeychain,
}

fn request(lines: &str) -> Request {
    let lines = lines.split_whitespace().collect::<Vec<_>>().join("\n") + "\n";
    Request::parse(lines.as_bytes()).expect("a request")
}

impl Helper {
    fn try_get(&mut self, lines: &str) -> Result<Outcome, Error> {
        get(&request(lines), POLICY, &mut self.keychain)
    }

    /// Returns the answer on one line, empty if there is none.
    fn get(&mut self, lines: &str) -> String {
        match self.try_get(lines).expect("an outcome") {
            Outcome::Answer { lines, .. } => {
                String::from_utf8_lossy(&lines).trim_end().replace('\n', " ")
            }
            Outcome::Silent
            | Outcome::Nobody(_)
            | Outcome::Written(_)
            | Outcome::Expired(_)
            | Outcome::Withheld(_) => String::new(),
            Outcome::Ambiguous(host, names) => {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                format!("ambiguous at {host}: {}", names.join(" "))
            }
            Outcome::PutAway(context) => format!("put away at {context}"),
            Outcome::RefusedHttp => "refused http".to_owned(),
        }
    }

    fn store(&mut self, lines: &str) -> &mut Self {
        store(&request(lines), POLICY, &mut self.keychain).expect("stored");
        self
    }

    fn erase(&mut self, lines: &str) -> &mut Self {
        erase(&request(lines), POLICY, &mut self.keychain).expect("erased");
        self
    }

    /// Does what a person's login does; `words` are `CONTEXT USERNAME TOKEN`.
    fn log_in(&mut self, words: &str) -> &mut Self {
        let mut words = words.split_whitespace();
        let mut word = || words.next().expect("a word");
        let context = Context::from_canonical(word()).expect("canonical");
        let username = Some(Username::new(word().as_bytes()));
        let token = Secret::new(word().as_bytes());
        let credential = Credential::new(context, username, token, NOW);
        put(&mut self.keychain, &credential).expect("a write");
        self
    }

    fn wrote(&mut self) -> bool {
        self.keychain.take_calls().iter().any(|call| matches!(*call, "write" | "delete"))
    }

    fn accounts(&mut self) -> Vec<String> {
        let listed = self.keychain.list().expect("listed");
        let name = |a: &Account| format!("{} {}", a.context, a.username).trim_end().to_owned();
        let mut names: Vec<String> = listed.iter().map(|(_, account)| name(account)).collect();
        names.sort();
        names
    }

    /// Changes the only item's content, as time or another command would.
    fn change(&mut self, change: impl FnOnce(&mut Credential)) {
        let listed = self.keychain.list().expect("listed");
        let [(found, _)] = listed.as_slice() else { panic!("not one item") };
        let mut read = self.keychain.read(std::slice::from_ref(found)).expect("read");
        let (at, mut credential) = read.remove(0);
        change(&mut credential);
        self.keychain.write(Some(&at), &credential).expect("written");
    }
}

const HOST: &str = "protocol=https host=h.example ";

fn alice(token: &str) -> String {
    format!("{HOST} username=alice password={token}")
}

fn with_alice() -> Helper {
    let mut helper = Helper::default();
    helper.store(&alice("t1"));
    helper
}

fn account(context: &str, username: &str) -> Account {
    let context = Context::from_canonical(context).expect("canonical");
    Account { context, username: Username::new(username.as_bytes()) }
}
