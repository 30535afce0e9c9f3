//! Reports on the vault, besides its accounts.

use super::finding::{Finding, Mend};
use crate::keychain::Options;
use crate::keychain::vault::{State, Vault};

/// Returns the state of the vault, where it can be told.
pub(super) fn state(options: &Options) -> Option<State> {
    Vault::new(options).state().ok()
}

/// Returns what is wrong with the vault, of whose files so many were left out.
pub(super) fn findings(options: &Options, left_out: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if left_out > 0 {
        let what =
            format!("damaged files in the vault: {left_out}; nobody can tell whose they are");
        let mend = Mend::Advice(
            "restore them from a backup, or delete them and store their tokens again".to_owned(),
        );
        findings.push(Finding::wrong("damaged-files", what, mend));
    }
    if Vault::new(options).lies_beside_its_key() {
        let what = "the vault and its key are on the same disk: who takes it has both";
        let mend = Mend::Advice("keep the key on another, or let a command give it".to_owned());
        findings.push(Finding::note("key-beside-vault", what, mend));
    }
    findings
}
