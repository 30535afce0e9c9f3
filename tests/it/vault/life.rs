//! A vault's life, as its owner sees it.

use crate::support::kernel::Keys;
use crate::support::server_home::{PASSPHRASE, ServerHome, alice, request};
use std::fs;

const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";
const OTHER: &str = "TESTONLY battery staple";

const HOST: &str = "git.vault.example";

#[test]
fn tokens_outlive_a_reboot_and_are_locked_until_somebody_unlocks() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));

    server.reboot();
    for (operation, request) in
        [("get", request(HOST)), ("store", alice(HOST, NEW)), ("erase", alice(HOST, OLD))]
    {
        let ran = server.helper(operation, &request);
        ran.fails(1, &format!("{operation}: the vault is locked\nhint: unlock it with: git crede"));
    }
    server.types("list", "").fails(1, "the vault is locked");
    let status = server.types("status", "");
    assert_eq!(status.status.code(), Some(1), "{status}");
    assert!(status.stdout().contains("kept over a reboot; locked"), "{status}");
    assert!(status.stdout().contains("git credential-pat unlock"), "{status}");

    let ran = server.types("unlock", &format!("{PASSPHRASE}\n"));
    assert!(ran.stderr().contains("the vault is unlocked, 12 h left"), "{ran}");
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
    let list = server.types("list", "");
    assert!(list.stderr().contains("unlocked, 12 h left"), "{list}");
    assert!(list.stdout().contains(HOST), "{list}");
    let status = server.types("status", "");
    assert!(status.stdout().contains("kept over a reboot; unlocked, 12 h left"), "{status}");

    assert!(server.types("lock", "").stderr().contains("lock: the vault is locked"));
    assert!(server.types("lock", "").stderr().contains("locked already"));
    server.helper("get", &request(HOST)).fails(1, "locked");
}

#[test]
fn a_vault_stays_unlocked_for_as_long_as_is_said() {
    let server = ServerHome::new();
    for (time, says, until) in [("90m", "2 h left", "89m"), ("reboot", "until reboot", "perm")] {
        let ran = server.types(&format!("unlock --for {time}"), &format!("{PASSPHRASE}\n"));
        assert!(ran.stderr().contains(says), "{ran}");
        let end = server.end_of_key().unwrap();
        assert!(end == until || time == "90m" && end.ends_with(['m', 'h']), "{end}");
    }
    for time in ["0s", "soon", "-1h", "200years"] {
        server.types(&format!("unlock --for={time}"), "").fails(2, "unlock: --for: ");
    }
}

#[test]
fn another_passphrase_opens_the_vault_and_the_old_one_no_more() {
    let server = ServerHome::new();
    server.store(HOST, OLD);
    let item = fs::read(&server.items()[0]).unwrap();
    let both = format!("{PASSPHRASE}\n{OTHER}\n");
    let ran = server.types("unlock --change-passphrase --low-memory", &both);
    assert!(ran.status.success(), "{ran}");
    assert!(ran.stderr().contains("does not shut out who has an old copy"), "{ran}");
    assert_eq!(fs::read(&server.items()[0]).unwrap(), item, "items stay as they are");

    server.reboot();
    let ran = server.types("unlock", &format!("{PASSPHRASE}\n"));
    ran.fails(1, "the passphrase is not the vault's");
    assert!(server.types("unlock", OTHER).status.success());
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
    // A new passphrase that is too short is refused, and the old one stays.
    let ran = server.types("unlock --change-passphrase", &format!("{OTHER}\nshort\n"));
    ran.fails(1, "the passphrase needs 8 characters at least");
    assert!(server.types("unlock", OTHER).status.success());
}

#[test]
fn another_key_encrypts_all_anew() {
    let server = ServerHome::new();
    let hosts = ["a.example", "b.example", "b.example:8443"];
    for host in hosts {
        server.store(host, &format!("{OLD}{}", host.len()));
    }
    let before = server.items();
    let copy = fs::read(server.file("identity.age")).unwrap();
    let format = fs::read(server.file("format")).unwrap();
    let ran = server.types("unlock --new-key", &format!("{PASSPHRASE}\n"));
    assert!(ran.stderr().contains("another key, and 3 tokens are encrypted anew"), "{ran}");
    let after = server.items();
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|path| !before.contains(path)), "names are the key's");
    assert!(!server.file("next.age").exists());
    for host in hosts {
        assert_eq!(server.get(host).unwrap(), format!("{OLD}{}", host.len()));
    }
    // After a reboot the same passphrase opens the vault.
    server.reboot();
    server.unlock();
    assert!(server.get(hosts[0]).is_some());

    // An old copy of the identity, with its passphrase, gives a key that opens nothing.
    fs::write(server.file("identity.age"), &copy).unwrap();
    server.reboot();
    let ran = server.types("unlock", &format!("{PASSPHRASE}\n"));
    ran.fails(1, "the key does not belong to this vault");
    fs::write(server.file("format"), &format).unwrap();
    server.unlock();
    assert_eq!(server.get(hosts[0]), None);
    let list = server.types("list", "");
    assert!(list.stderr().contains("damaged files in the vault that are left out: 3"), "{list}");
}

#[test]
fn a_vault_is_made_once_and_its_passphrase_is_one() {
    let server = ServerHome::without_vault();
    let configure = |stdin: &str| {
        server.types("configure --keychain vault --low-memory --passphrase-from - --yes", stdin)
    };
    server.helper("get", &request(HOST)).fails(1, "there is no vault here\nhint: make one with");
    server.types("unlock", PASSPHRASE).fails(1, "there is no vault here");
    for (passphrase, why) in [
        ("", "no passphrase was given"),
        ("\n", "no passphrase was given"),
        ("seven77\n", "needs 8 characters at least"),
        ("with\ttabulator\n", "must not have control characters"),
    ] {
        configure(passphrase).fails(1, why);
        assert!(!server.place().exists(), "{passphrase:?} has left something");
    }
    // Nobody can be asked here.
    let ran = server.types("configure --keychain vault --yes", "");
    ran.fails(1, "there is no terminal to ask on: give the passphrase with --passphrase-from");

    // An editor on Windows ends the line like this.
    let ran = configure(&format!("{PASSPHRASE}\r\nmore\n"));
    assert!(ran.status.success(), "{ran}");
    for says in ["made a vault in", "unlocked, 12 h left", "without its file identity.age and the"]
    {
        assert!(ran.stderr().contains(says), "{ran}");
    }
    let identity = fs::read(server.file("identity.age")).unwrap();
    server.store(HOST, OLD);
    let ran = configure(PASSPHRASE);
    ran.fails(2, "the vault is there already");
    let ran = server.types("configure --keychain vault --yes", "");
    assert!(ran.status.success() && !ran.stderr().contains("made a vault"), "{ran}");
    server.reboot();
    let ran = server.types("configure --keychain vault --passphrase-from - --yes", PASSPHRASE);
    assert!(ran.status.success() && ran.stderr().contains("unlocked, 12 h left"), "{ran}");
    assert_eq!(fs::read(server.file("identity.age")).unwrap(), identity);
    assert_eq!(server.get(HOST).as_deref(), Some(OLD));
}

#[test]
fn a_dry_run_makes_no_vault() {
    let server = ServerHome::without_vault();
    let ran = server.types("configure --keychain vault --dry-run", "");
    assert!(ran.status.success() && ran.stdout().contains("--keychain vault"), "{ran}");
    assert!(!server.place().exists());
}

#[test]
fn options_of_the_vault_are_for_the_vault() {
    let server = ServerHome::without_vault();
    for options in ["--low-memory", "--identity /run/key", "--passphrase-from -"] {
        let ran = server.types(&format!("configure --keychain kernel {options} --yes"), "");
        ran.fails(2, "need --keychain vault");
    }
    let ran = server.sandbox.helper(&["--keychain", "kernel", "--identity", "/k", "get"], "\n");
    ran.fails(1, "--identity and --identity-command need --keychain vault");
}

#[test]
fn tokens_move_from_the_kernels_keyring_into_the_vault() {
    let (server, keys) = (ServerHome::new(), Keys::new());
    let (first, second) = (keys.host("a"), keys.host("b"));
    for host in [&first, &second] {
        let request = format!("{}password_expiry_utc=4000000000\n", alice(host, OLD).trim_end());
        let request = request.replace("password_", "\npassword_");
        server.sandbox.helper(&["--keychain", "kernel", "store"], request).prints("");
    }
    let ran = server.types(&format!("import --from kernel --yes https://{first}"), "");
    assert!(ran.stderr().contains("stored 1 token in encrypted files (vault)"), "{ran}");
    assert!(ran.stderr().contains("still holds them: add --remove"), "{ran}");
    let answer = server.helper("get", &request(&first)).stdout();
    assert!(answer.contains("password_expiry_utc=4000000000"), "{answer}");
    assert_eq!(server.get(&second), None);
    assert_eq!(keys.accounts().len(), 2);

    let places = format!("https://{first} https://{second}");
    let ran = server.types(&format!("import --from kernel --yes --remove {places}"), "");
    assert!(ran.stderr().contains("removed 2 tokens from the kernel's keyring"), "{ran}");
    assert_eq!(keys.accounts(), Vec::<String>::new());
    assert_eq!(server.get(&second).as_deref(), Some(OLD));

    // The way back works, too. But an import of the vault into itself removes nothing, which would
    // lose the tokens.
    let ran = server.types("import --from vault --yes --remove", "");
    assert!(ran.stdout().contains("stays: it is in this very keychain"), "{ran}");
    assert_eq!(server.get(&second).as_deref(), Some(OLD));
    let ran = server.types(&format!("import --from vault --yes --keychain kernel {places}"), "");
    assert!(ran.stderr().contains("stored 2 tokens in the kernel's keyring"), "{ran}");
}
