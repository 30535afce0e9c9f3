//! The files in the folder, and the fate of files that are not as they were written.

use super::{GIVEN_KEY, Given};
use crate::support::sandbox::Sandbox;
use crate::support::server_home::{ServerHome, request};
use git_credential_pat::context::Context;
use git_credential_pat::credential::Credential;
use git_credential_pat::keychain::vault::Vault;
use git_credential_pat::keychain::{Identity, Keychain, Options};
use git_credential_pat::secret::Secret;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The public half of [`GIVEN_KEY`].
const GIVEN_RECIPIENT: &str = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";

const FIRST: &str = "first.vault.example";
const SECOND: &str = "second.vault.example";
const ALICES: &str = "ghp_TESTONLYalice";
const OTHERS: &str = "ghp_TESTONLYother";

fn with_two() -> ServerHome {
    let server = ServerHome::new();
    server.store(FIRST, ALICES);
    server.store(SECOND, OTHERS);
    server
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn nobody_but_its_owner_can_read_the_folder_and_no_name_is_in_it() {
    let server = ServerHome::new();
    let host = "secretive.vault.example:8443";
    let request = format!(
        "protocol=https\nhost={host}\npath=team-of-mine/repo\nusername=alice-of-vault\n\
         password={ALICES}\n\n"
    );
    server.helper("store", &request).prints("");
    server.store(FIRST, OTHERS);
    let files = server.everything();
    assert_eq!(files.len(), 3 + 2, "{files:?}");
    for path in &files {
        let inside = path.strip_prefix(server.sandbox.path("data")).unwrap().to_str().unwrap();
        let content = fs::read(path).unwrap();
        let names = ["secretive", "8443", "team-of-mine", "alice", ALICES, OTHERS, "first"];
        for name in names {
            assert!(!inside.contains(name) && !holds(&content, name), "{name} in {inside}");
        }
        assert_eq!(mode(path), 0o600, "{inside}");
    }
    for folder in ["", "items"] {
        assert_eq!(mode(&server.file(folder)), 0o700, "{folder:?}");
    }
    assert_eq!(mode(server.items()[0].parent().unwrap()), 0o700);
    // The length does not tell the kind of token.
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    server.store(SECOND, &format!("{OTHERS}{}", "x".repeat(40)));
    let lengths: Vec<u64> = server.items().iter().map(|path| length(path)).collect();
    assert_eq!(lengths, [lengths[0]; 3]);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_equal_token_that_is_stored_again_writes_nothing() {
    let server = with_two();
    let items = server.items();
    let before: Vec<_> = items.iter().map(|path| fs::read(path).unwrap()).collect();
    server.store(FIRST, ALICES);
    let after: Vec<_> = items.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after);
}

/// Breaks alice's file in some way. Expects that it is damaged, still there, and hides no other.
fn damages(what: &str, break_it: impl Fn(&Path, &Path)) {
    let server = ServerHome::new();
    server.store(FIRST, ALICES);
    let alices = server.items().remove(0);
    server.store(SECOND, OTHERS);
    let others = server.items().into_iter().find(|path| *path != alices).unwrap();
    break_it(&alices, &others);
    let broken = fs::symlink_metadata(&alices).map(|m| (m.len(), m.file_type())).unwrap();
    let ran = server.helper("get", &request(FIRST));
    ran.fails(1, "the account's item in the keychain is damaged");
    assert_eq!(server.get(SECOND).as_deref(), Some(OTHERS), "{what}");
    let list = server.types("list", "");
    assert!(list.status.success() && list.stdout().contains(SECOND), "{what}: {list}");
    assert!(!list.stdout().contains(FIRST), "{what}: {list}");
    assert!(list.stderr().contains("that are left out: 1"), "{what}: {list}");
    let status = server.types("status", "");
    assert!(status.stdout().contains("damaged files in the vault: 1"), "{what}: {status}");
    server.helper("erase", &format!("{}username=alice\n", request(SECOND).trim_end()));
    let after = fs::symlink_metadata(&alices).map(|m| (m.len(), m.file_type())).unwrap();
    assert!(broken == after, "{what}: it was touched");
}

#[test]
fn a_file_that_was_changed_is_damaged() {
    damages("a bit", |alices, _| {
        let mut bytes = fs::read(alices).unwrap();
        let last = bytes.len() - 30;
        bytes[last] ^= 4;
        fs::write(alices, bytes).unwrap();
    });
    damages("a bit of the header", |alices, _| {
        let mut bytes = fs::read(alices).unwrap();
        bytes[40] ^= 1;
        fs::write(alices, bytes).unwrap();
    });
}

#[test]
fn a_file_that_was_cut_or_emptied_is_damaged() {
    damages("cut", |alices, _| {
        let bytes = fs::read(alices).unwrap();
        fs::write(alices, &bytes[..bytes.len() - 1]).unwrap();
    });
    damages("emptied", |alices, _| fs::write(alices, b"").unwrap());
    damages("far too long", |alices, _| fs::write(alices, vec![b'x'; 1 << 20]).unwrap());
}

#[test]
fn a_file_that_took_anothers_place_is_damaged() {
    damages("a copy", |alices, others| {
        fs::copy(others, alices).unwrap();
    });
}

#[test]
fn what_is_no_file_in_its_place_is_damaged() {
    damages("a link", |alices, others| {
        fs::remove_file(alices).unwrap();
        symlink(others, alices).unwrap();
    });
    damages("a folder", |alices, _| {
        fs::remove_file(alices).unwrap();
        fs::create_dir(alices).unwrap();
    });
}

/// The planter has found out the recipient for whom the files are encrypted.
#[test]
fn a_token_that_was_planted_is_damaged() {
    let line = format!("echo {GIVEN_KEY}");
    let given = Given::new(Sandbox::new(), &["--identity-command", &line]);
    given.works(FIRST, ALICES);
    let planted = format!("ghp_TESTONLYplanted\ncontext=https://{FIRST}\nusername=alice\n");
    let age = ["-r", GIVEN_RECIPIENT, "-o", &given.item()];
    let ran = given.sandbox.run("age", &age, planted.as_bytes());
    assert!(ran.status.success(), "{ran}");
    given.helper("get", &request(FIRST)).fails(1, "damaged");
}

#[test]
fn what_changes_after_a_list_is_read_as_it_is_then() {
    let sandbox = Sandbox::new();
    let identity = Some(Identity::Command(format!("echo {GIVEN_KEY}")));
    let options = Options { identity, ..Options::default() };
    let open = || Vault::new(&options).at(sandbox.path("data/vault"));
    open().make_with_given_key().unwrap();
    let at = |host: &str, token: &str| {
        let context = Context::from_canonical(&format!("https://{host}")).unwrap();
        Credential::new(context, None, Secret::new(token.as_bytes()), 1)
    };
    for host in [FIRST, SECOND, "third.vault.example"] {
        open().write(None, &at(host, ALICES)).unwrap();
    }
    let mut vault = open();
    let mut found: Vec<_> = vault.list().unwrap().into_iter().map(|(found, _)| found).collect();
    found.sort_by_key(|found| found.context.clone());
    open().write(None, &at(FIRST, OTHERS)).unwrap();
    open().delete(&found[1]).unwrap();
    for _ in 0..2 {
        let read = vault.read(&found).unwrap();
        let tokens: Vec<_> = read.iter().map(|(_, credential)| credential.token.expose()).collect();
        assert_eq!(tokens, [OTHERS.as_bytes(), ALICES.as_bytes()]);
    }
}
