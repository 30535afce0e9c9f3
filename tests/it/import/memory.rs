//! Nothing remains of a token that was imported, printed or handed to a command: not in memory, not
//! in a file.

use crate::support::home::Home;
use crate::support::program::program;
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::tracee::{Seen, watch};
use std::process::Command;

const TOKEN: &str = "ghp_TESTONLYqW3xT9kVbN2mRf7LzY5pJd8Ca1Hg";
const OTHER: &str = "ghp_TESTONLYZr6sUe4oKv0iQx8nMw2tBy7cPj3D";

/// Runs the released program and looks at it from outside.
fn watched(newcomer: &Home, line: &str) -> Seen {
    let line = newcomer.fill(line);
    let mut command: Command = newcomer.sandbox.command(release_binary());
    command.args(line.split(' ')).env("RUST_BACKTRACE", "full");
    let needles = Needles::new(&[TOKEN.as_bytes(), OTHER.as_bytes()]);
    let seen = watch(&command, b"", &needles);
    assert_eq!(seen.status, 0, "{line}: {seen}");
    assert!(seen.residue.is_empty(), "{line}: {seen}");
    seen
}

/// Returns where secrets were written, other than to these.
fn written_elsewhere(seen: &Seen, places: &[&str]) -> Vec<String> {
    seen.written_to.iter().filter(|to| !places.contains(&to.as_str())).cloned().collect()
}

/// Plants another program's entry, as go-keyring encodes it. Returns its service.
fn plant(newcomer: &Home) -> String {
    let service = newcomer.keys.host("app");
    let key = ["padd", "user", &format!("keyring:e@{service}"), "@u"];
    // The secret is the `base64` of the second token.
    let secret = "go-keyring-base64:Z2hwX1RFU1RPTkxZWnI2c1VlNG9LdjBpUXg4bk13MnRCeTdjUGozRA==";
    let ran = newcomer.sandbox.run(program("keyctl", "keyutils"), &key, secret.as_bytes());
    assert!(ran.status.success(), "{ran}");
    service
}

#[test]
fn an_import_leaves_its_tokens_in_the_keychain_alone() {
    let newcomer = Home::new();
    let urls = format!("https://a:{TOKEN}@HOST\nhttps://b:{}@HOST/o\n", OTHER.replace('T', "%54"));
    newcomer.write(".git-credentials", &urls);
    newcomer.write(".netrc", &format!("machine n.HOST login c password \"{TOKEN}\"\n"));
    newcomer.write("config/gh/hosts.yml", &format!("g.HOST:\n    oauth_token: {OTHER}\n"));
    let keyring = format!("keyring={}/e https://k.HOST", plant(&newcomer));
    for source in ["store", "netrc", "gh", &keyring] {
        let seen = watched(&newcomer, &format!("import --from {source} --dry-run"));
        assert!(seen.written_to.is_empty(), "{seen}");
        let seen = watched(&newcomer, &format!("import --from {source} --yes --remove"));
        assert!(written_elsewhere(&seen, &["keyring"]).is_empty(), "{seen}");
        assert!(seen.written_to.iter().any(|to| to == "keyring"), "{seen}");
    }
    assert_eq!(newcomer.keys.accounts().len(), 5);
    newcomer.holds(".git-credentials", "");
}

#[test]
fn a_token_that_is_printed_is_on_standard_output_alone() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", &format!("https://a:{TOKEN}@HOST\n"));
    newcomer.imports("--from store --yes");
    let seen = watched(&newcomer, "token https://HOST");
    assert_eq!(seen.stdout, format!("{TOKEN}\n").as_bytes());
    assert!(written_elsewhere(&seen, &["stdout"]).is_empty(), "{seen}");
}
