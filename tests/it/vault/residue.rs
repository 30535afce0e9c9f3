//! Nothing of the passphrase, of the vault's key or of a token remains in the memory of a process
//! that ends, nor is it written to a wrong file.

use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::server_home::{ServerHome, alice, request};
use crate::support::tracee::{Seen, watch};
use git_credential_pat::keychain::vault::age::{Recipient, encrypt};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const KEY: &str = "AGE-SECRET-KEY-1N3Q705STDUE432SHCNCFUCK4303SG7AKR5KGT7T6KPF3A6ZYE43Q6TWXH7";

/// The 32 bytes of the key.
const KEY_BYTES: [u8; 32] = [
    0x9c, 0x41, 0xe7, 0xd2, 0x0b, 0x6f, 0x33, 0x58, 0xaa, 0x17, 0xc4, 0xf0, 0x9e, 0x62, 0xd5, 0x8b,
    0xe3, 0x04, 0x7b, 0xb6, 0x1d, 0x2c, 0x85, 0xf9, 0x7a, 0xb0, 0x53, 0x1e, 0xe8, 0x44, 0xcd, 0x62,
];

const HOST: &str = "git.vault.example";
const FIRST: &str = "ghp_TESTONLYq7Rz2mWvK8sYx4LbN1cTg6Jd9PhF3oAe5";
const SECOND: &str = "ghp_TESTONLYw4Jk9tQzB2nVx7RmC5yLs8Gd1HfP6uEa3";
/// Passphrases whose words are in no program.
const PASSPHRASE: &str = "TESTONLY zq8vBx wM4tKr hG9pNd";
const OTHER: &str = "TESTONLY kp8WzQ nT3xVr bY7mLc";

struct Room {
    server: ServerHome,
    needles: Needles,
    wrong: Vec<String>,
}

impl Room {
    fn new() -> Self {
        let server = ServerHome::without_vault();
        fs::create_dir_all(server.place()).unwrap();
        fs::set_permissions(server.place(), fs::Permissions::from_mode(0o700)).unwrap();
        let recipient = Recipient::Passphrase(PASSPHRASE.as_bytes(), 15);
        let identity = encrypt(format!("{KEY}\n").as_bytes(), &recipient).unwrap();
        fs::write(server.file("identity.age"), identity).unwrap();
        // The text before the 1 is in the program itself.
        let digits = KEY.strip_prefix("AGE-SECRET-KEY-1").unwrap();
        let small = digits.to_lowercase();
        let secrets = [FIRST, SECOND, PASSPHRASE, OTHER, digits, &small].map(str::as_bytes);
        let needles = Needles::new(&[&secrets[..], &[&KEY_BYTES]].concat());
        Self { server, needles, wrong: Vec::new() }
    }

    /// Runs a command and notes what remains of the secrets.
    fn watch(&mut self, line: &str, stdin: &str, may_be_written: &[&str]) -> Seen {
        let mut command = self.server.sandbox.command(release_binary());
        command.args(line.split(' '));
        command.envs([("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")]);
        let seen = watch(&command, stdin.as_bytes(), &self.needles);
        let is_wrong = |place: &String| !may_be_written.contains(&place.as_str());
        if seen.status != 0
            || !seen.residue.is_empty()
            || !seen.unprotected.is_empty()
            || seen.written_to.iter().any(is_wrong)
        {
            self.wrong.push(format!("{line}: {seen}"));
        }
        seen
    }

    #[track_caller]
    fn is_clean(&self) {
        assert!(self.wrong.is_empty(), "\n{}", self.wrong.join("\n\n"));
    }
}

#[test]
fn nothing_is_left_of_passphrase_key_or_token() {
    let mut room = Room::new();
    let held = &["keyring"][..];
    let passphrase = format!("{PASSPHRASE}\n");
    // The proof's test token goes through git.
    let configure = "configure --keychain vault --passphrase-from - --yes";
    room.watch(configure, &passphrase, held);
    assert_eq!(room.server.get(HOST), None);

    let helper = |operation: &str| format!("--keychain vault {operation}");
    room.watch(&helper("store"), &alice(HOST, FIRST), &[]);
    let got = room.watch(&helper("get"), &request(HOST), &["stdout"]);
    assert!(String::from_utf8_lossy(&got.stdout).contains(FIRST), "{got}");
    assert!(got.copies_at_answer.as_ref().is_some_and(|copies| copies.len() <= 1), "{got}");
    room.watch(&helper("get"), &request("other.example"), &[]);
    room.watch(&helper("store"), &alice(HOST, FIRST), &[]);
    room.watch(&helper("store"), &alice(HOST, SECOND), &[]);
    room.watch(&helper("erase"), &alice(HOST, FIRST), &[]);
    room.watch(&helper("erase"), &alice(HOST, SECOND), &[]);
    room.watch("list --keychain vault", "", &[]);
    room.watch("unlock", &passphrase, held);
    let both = format!("{PASSPHRASE}\n{OTHER}\n");
    room.watch("unlock --change-passphrase --low-memory", &both, held);
    room.watch("unlock --new-key", OTHER, held);
    room.watch("lock", "", &[]);
    room.watch("unlock --for reboot", OTHER, held);
    room.is_clean();
}

#[test]
fn nothing_is_left_of_a_key_that_something_gives() {
    let mut room = Room::new();
    let file = room.server.sandbox.path("key");
    fs::write(&file, format!("# a key\n{KEY}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap().to_owned();
    room.watch(&format!("configure --keychain vault --identity {file} --yes"), "", &[]);
    let helper = |operation: &str| format!("--keychain vault --identity {file} {operation}");
    room.watch(&helper("store"), &alice(HOST, FIRST), &[]);
    room.watch(&helper("get"), &request(HOST), &["stdout"]);
    room.is_clean();
}

/// Another user is one with a login of their own.
#[test]
fn the_kernels_key_is_its_owners_alone() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let server = ServerHome::new();
    let script = "
        serial=$(keyctl search @u user git-credential-pat-vault:$(cut -c3- format)) || exit 1
        grep -q \"$(printf %08x $serial)\" /proc/keys || exit 2
        setpriv --reuid=4242 --regid=4242 --clear-groups keyctl session - keyctl pipe $serial && exit 3
        keyctl pipe $serial >/dev/null || exit 4
        exit 0";
    let mut command = server.sandbox.command("sh");
    command.args(["-c", script]).current_dir(server.place());
    let ran = crate::support::sandbox::run(command, b"");
    assert!(ran.status.success(), "{ran}");
}
