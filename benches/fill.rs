//! Fills the desktop's keychain for `compare.sh`: as many accounts as there are to be, all
//! over one connection, because one process for each would take hours.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::keychain::{self, Kind, Options};
use git_credential_pat::secret::Secret;
use std::env;

fn main() {
    let count: usize = env::args().nth(1).and_then(|word| word.parse().ok()).expect("a number");
    // Patience is counted for each client: a new one now and then.
    let mut there: usize = open().list().unwrap().len();
    while there < count {
        let mut keychain = open();
        for number in there..count.min(there + 50) {
            let host = format!("https://filled-{number}.example");
            let credential = Credential::new(
                Context::from_canonical(&host).unwrap(),
                Some(Username::new(b"alice")),
                Secret::new(format!("ghp_TESTONLY{number}").as_bytes()),
                1_796_169_600,
            );
            keychain.write(None, &credential).unwrap();
        }
        there = count.min(there + 50);
    }
}

fn open() -> Box<dyn keychain::Keychain> {
    let kind = Some(Kind::SecretService);
    keychain::open(&Options { kind, patient: true, ..Options::default() }).unwrap()
}
