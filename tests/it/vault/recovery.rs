//! Recovery without this program: stock age opens the files in the folder, and makes an identity
//! that opens them.

use super::{GIVEN_KEY, Given};
use crate::support::sandbox::{Sandbox, run};
use crate::support::server_home::{PASSPHRASE, ServerHome, request};
use crate::support::terminal::Terminal;
use std::fs;

const HOST: &str = "git.vault.example";
const TOKEN: &str = "ghp_TESTONLYrecovered";

#[test]
fn stock_age_asks_for_the_passphrase_and_prints_the_token() {
    let server = ServerHome::new();
    server.store(HOST, TOKEN);
    let item = server.items().remove(0);
    let mut command = server.sandbox.command("age");
    command.args(["-d", "-i"]).args([server.file("identity.age"), item]);
    let mut terminal = Terminal::run(&command);
    terminal.shows("Enter passphrase");
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    let mut lines = screen.lines().skip_while(|line| !line.ends_with(TOKEN));
    assert!(lines.next().is_some(), "{screen}");
    assert_eq!(lines.next(), Some(&*format!("context=https://{HOST}")));
}

#[test]
fn stock_age_opens_both_files_where_a_key_guards_them() {
    let mut sandbox = Sandbox::new();
    let key = ssh_key(&mut sandbox);
    let identity = sandbox.path("data/git-credential-pat/vault/identity.age");
    fs::create_dir_all(identity.parent().unwrap()).unwrap();
    // The manual gives this recipe.
    let recipe = format!("age-keygen | age -R {key}.pub -o {}", identity.display());
    let ran = sandbox.run("sh", &["-ec", &recipe], b"");
    assert!(ran.status.success(), "{ran}");
    let line = format!("age -d -i {key} {}", identity.display());
    let given = Given::new(sandbox, &["--identity-command", &line]);
    given.works(HOST, TOKEN);
    let item = given.item();
    let script = format!("age -d -i {key} {} | age -d -i - {item}", identity.display());
    let ran = given.sandbox.run("sh", &["-ec", &script], b"");
    assert!(ran.stdout().starts_with(&format!("{TOKEN}\ncontext=https://{HOST}\n")), "{ran}");
    // No passphrase opens this vault.
    let ran = given.sandbox.helper(&["--keychain", "vault", "get"], request(HOST));
    ran.fails(1, "locked");
    let ran = given.sandbox.helper(&["unlock", "--for", "1h"], "TESTONLY passphrase\n");
    ran.fails(1, "there is nothing to unlock");
    fs::remove_file(given.sandbox.path("gitconfig")).unwrap();
    let ran = given.sandbox.helper(&["unlock"], "TESTONLY passphrase\n");
    ran.fails(1, "the vault's identity.age is not for a passphrase\nhint: name what opens it");
}

/// Makes a key without a passphrase, and an age that finds it.
fn ssh_key(sandbox: &mut Sandbox) -> String {
    let key = sandbox.path("id_ed25519").display().to_string();
    let ran = sandbox.run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &key], b"");
    assert!(ran.status.success(), "{ran}");
    key
}

/// Runs `age -p`, which asks on a terminal only.
fn age_p(sandbox: &Sandbox, options: &str) {
    let place = sandbox.path("data/git-credential-pat/vault");
    fs::create_dir_all(&place).unwrap();
    let mut command = sandbox.command("sh");
    let script = format!("echo {GIVEN_KEY} | age -p {options} -o {}/identity.age", place.display());
    command.args(["-ec", &script]);
    let mut terminal = Terminal::run(&command);
    terminal.shows("Enter passphrase");
    terminal.types(&format!("{PASSPHRASE}\n"));
    terminal.shows("Confirm passphrase");
    terminal.types(&format!("{PASSPHRASE}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
}

#[test]
fn an_identity_that_stock_age_has_made_opens_here() {
    let server = ServerHome::without_vault();
    age_p(&server.sandbox, "");
    let configure = "configure --keychain vault --passphrase-from - --yes";
    server.types(configure, "TESTONLY wrong\n").fails(1, "the passphrase is not the vault's");
    let ran = server.types(configure, &format!("{PASSPHRASE}\n"));
    assert!(ran.stderr().contains("made a vault in"), "{ran}");
    server.store(HOST, TOKEN);
    server.reboot();
    server.unlock();
    assert_eq!(server.get(HOST).as_deref(), Some(TOKEN));
    // The vault has that very key.
    let mut command = server.sandbox.command("sh");
    let item = server.items().remove(0);
    command.args(["-c", &format!("echo {GIVEN_KEY} | age -d -i - {}", item.display())]);
    assert!(run(command, b"").stdout().starts_with(TOKEN));
}

#[test]
fn the_text_form_of_an_identity_says_what_it_is() {
    let server = ServerHome::without_vault();
    age_p(&server.sandbox, "-a");
    let ran = server.types("configure --keychain vault --passphrase-from - --yes", PASSPHRASE);
    ran.fails(1, "the vault's identity.age is in text form\nhint: make it anew with age, without");
}

#[test]
fn a_backup_without_its_format_is_taken_up_again() {
    let server = ServerHome::new();
    server.store(HOST, TOKEN);
    fs::remove_file(server.file("format")).unwrap();
    server.helper("get", &request(HOST)).fails(1, "there is no vault here");
    let configure = "configure --keychain vault --passphrase-from - --yes";
    let ran = server.types(configure, &format!("{PASSPHRASE}\n"));
    assert!(ran.status.success(), "{ran}");
    assert_eq!(server.get(HOST).as_deref(), Some(TOKEN));
    // A key that opens none of its files is refused.
    fs::remove_file(server.file("format")).unwrap();
    fs::remove_file(server.file("identity.age")).unwrap();
    let ran = server.types(configure, &format!("{PASSPHRASE}\n"));
    ran.fails(1, "the key does not belong to this vault");
}
