//! Machines on which nobody unlocks the vault: a file, a command or systemd gives the key.

use super::{GIVEN_KEY, Given};
use crate::support::openbao::OpenBao;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use crate::support::server::free_ports;
use crate::support::server_home::{alice, request};
use crate::support::tools;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const HOST: &str = "git.vault.example";
const TOKEN: &str = "ghp_TESTONLYgiven";

/// Gives the test a folder of its own in memory that only root can use. `systemd-creds` wants such
/// a folder for the key of this machine.
const OWN_SYSTEMD: &str = "mount -t tmpfs none /var/lib/systemd && exec sh -ec \"$1\"";

fn file_with_key(sandbox: &Sandbox) -> String {
    let path = sandbox.path("key");
    fs::write(&path, format!("# created: today\n{GIVEN_KEY}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_key_in_a_file_needs_no_unlocking() {
    let sandbox = Sandbox::new();
    let file = file_with_key(&sandbox);
    let given = Given::new(sandbox, &["--identity", &file]);
    given.works(HOST, TOKEN);
    assert!(!given.file("identity.age").exists());
    let config = fs::read_to_string(given.sandbox.path("gitconfig")).unwrap();
    assert!(config.contains(&format!("--keychain vault --identity {file}")), "{config}");
    // git and every command find the key through the configuration.
    let filled = given.sandbox.run("git", &["credential", "fill"], request(HOST).as_bytes());
    assert!(filled.stdout().contains(TOKEN), "{filled}");
    let list = given.sandbox.helper(&["list"], "");
    assert!(list.stdout().contains(HOST), "{list}");
    let status = given.sandbox.helper(&["status"], "");
    assert!(status.stdout().contains("opened by its key"), "{status}");
    assert!(status.stdout().contains("the vault and its key are on the same disk"), "{status}");
    let unlock = given.sandbox.helper(&["unlock"], "x\n");
    unlock.fails(1, "something gives the vault's key: there is nothing to unlock");
    let again = given.sandbox.helper(&["configure", "--yes"], "");
    assert!(again.stderr().contains("nothing to change"), "{again}");
}

#[test]
fn a_key_that_others_could_read_is_refused() {
    let sandbox = Sandbox::new();
    let file = file_with_key(&sandbox);
    let given = Given::new(sandbox, &["--identity", &file]);
    given.works(HOST, TOKEN);
    let path = Path::new(&file);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        given.helper("get", &request(HOST)).fails(1, "the vault's key: ");
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(given.get(HOST).contains(TOKEN));
    let other = given.sandbox.path("other");
    fs::rename(path, &other).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the vault's key: ");
    symlink(&other, path).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the vault's key: ");
}

#[test]
fn what_is_no_key_or_another_vaults_opens_nothing() {
    let sandbox = Sandbox::new();
    let file = file_with_key(&sandbox);
    let given = Given::new(sandbox, &["--identity", &file]);
    given.works(HOST, TOKEN);
    let twice = format!("{GIVEN_KEY}\n{GIVEN_KEY}\n");
    for (content, why) in [
        ("", "exactly one line was expected"),
        (&*twice, "exactly one line was expected"),
        ("AGE-SECRET-KEY-1QQQQ\n", "this is none"),
        (&GIVEN_KEY.to_lowercase(), "this is none"),
    ] {
        fs::write(&file, content).unwrap();
        let ran = given.helper("get", &request(HOST));
        ran.fails(1, &format!("the vault's key: {why}\nhint: it is one line that begins with AGE"));
    }
    let other = given.sandbox.run("age-keygen", &[], b"");
    fs::write(&file, other.stdout).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the key does not belong to this vault");
    let ran = given.helper("store", &alice(HOST, "ghp_TESTONLYx"));
    ran.fails(1, "the key does not belong to this vault");
}

#[test]
fn a_command_gives_the_key() {
    let sandbox = Sandbox::new();
    let file = file_with_key(&sandbox);
    let line = format!("sh -c 'cat {file}'");
    let given = Given::new(sandbox, &["--identity-command", &line]);
    given.works(HOST, TOKEN);
    fs::remove_file(&file).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the vault's key: the command failed");
}

#[test]
fn a_service_has_the_key_from_systemd() {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.path("credentials");
    fs::create_dir(&folder).unwrap();
    let key = folder.join("git-credential-pat.identity");
    fs::write(&key, GIVEN_KEY).unwrap();
    // A file with an access list looks like this.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o440)).unwrap();
    sandbox.set("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    let mut given = Given::new(sandbox, &[]);
    given.works(HOST, TOKEN);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o444)).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the vault's key: ");
    // A service with other credentials counts as one without any.
    fs::remove_file(&key).unwrap();
    given.helper("get", &request(HOST)).fails(1, "the vault is locked");
    given.sandbox.unset("CREDENTIALS_DIRECTORY");
    given.helper("get", &request(HOST)).fails(1, "the vault is locked");
}

#[test]
fn where_the_kernel_gives_no_keyring_a_given_key_serves() {
    /// The filters of Docker and systemd give this error.
    const WITHOUT_KEYRING: &str = "
import ctypes, platform, struct, sys, os
first = {'x86_64': 248, 'aarch64': 217}[platform.machine()]
code = [(0x20, 0, 0, 0), (0x35, 0, 2, first), (0x25, 1, 0, first + 2), (6, 0, 0, 0x50000 | 1), (6, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *i) for i in code))
program = struct.pack('HP', 5, ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
";
    let sandbox = Sandbox::new();
    let file = file_with_key(&sandbox);
    let given = Given::new(sandbox, &["--identity", &file]);
    let without = |words: &[&str], stdin: &str| -> Ran {
        let mut command = given.sandbox.command("python3");
        command.args(["-c", WITHOUT_KEYRING, BINARY]).args(words);
        run(command, stdin.as_bytes())
    };
    let options = ["--keychain", "vault", "--identity", &file];
    let helper = |operation| [&options[..], &[operation]].concat();
    without(&helper("store"), &alice(HOST, TOKEN)).prints("");
    let got = without(&helper("get"), &request(HOST));
    got.prints(&format!("username=alice\npassword={TOKEN}\n"));
    // The key of a passphrase could be held nowhere. configure says so before anybody types one.
    fs::remove_dir_all(given.place()).unwrap();
    let configure = ["configure", "--keychain", "vault", "--low-memory"];
    let words = [&configure[..], &["--passphrase-from", "-", "--yes"]].concat();
    fs::remove_file(given.sandbox.path("gitconfig")).unwrap();
    let ran = without(&words, "TESTONLY passphrase\n");
    ran.fails(1, "nothing can hold the vault's key here: the kernel keyring is not available");
    assert!(ran.stderr().contains("--identity FILE"), "{ran}");
    assert!(!given.file("identity.age").exists());
}

#[test]
fn gpg_gives_the_key() {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.path("gnupg");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    sandbox.set("GNUPGHOME", folder.to_str().unwrap());
    let file = file_with_key(&sandbox);
    let gpg = |words: &[&str]| {
        let ran = sandbox.run("gpg", &[&["--batch", "--quiet"], words].concat(), b"");
        assert!(ran.status.success(), "{ran}");
    };
    gpg(&["--passphrase", "", "--quick-generate-key", "server@vault.example", "default"]);
    gpg(&["--trust-model", "always", "-r", "server@vault.example", "-o", "sealed", "-e", &file]);
    fs::remove_file(&file).unwrap();
    let sealed = sandbox.path("sealed");
    let line = format!("gpg --quiet --batch --decrypt {}", sealed.display());
    let given = Given::new(sandbox, &["--identity-command", &line]);
    given.works(HOST, TOKEN);
    given.sandbox.run("gpgconf", &["--kill", "all"], b"");
}

#[test]
fn a_secret_engine_gives_the_key() {
    let engine = OpenBao::start();
    engine.asks(&["secrets", "enable", "-path=secret", "kv"], "");
    engine.asks(&["kv", "put", "secret/vault", "key=-"], GIVEN_KEY);
    let mut sandbox = Sandbox::new();
    engine.introduce_to(&mut |name, value| sandbox.set(name, value));
    let token = engine.asks(&["token", "create", "-field=token"], "");
    sandbox.set("BAO_TOKEN", token.trim());
    let bao = tools::tool("bao");
    let line = format!("{} kv get -field=key secret/vault", bao.display());
    let given = Given::new(sandbox, &["--identity-command", &line]);
    given.works(HOST, TOKEN);
}

/// Runs a script in a namespace of its own, in which its user is root.
fn as_root(sandbox: &Sandbox, script: &str) -> String {
    let mut command = sandbox.command("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", OWN_SYSTEMD, "sh"]);
    command.arg(script.replace("PAT", BINARY));
    let ran = run(command, b"");
    assert!(ran.status.success(), "{ran}");
    ran.stdout()
}

/// Returns a script that stores a token in a vault whose key the command gives, and gets it.
fn round_trip(decrypt: &str) -> String {
    let helper = format!("PAT --keychain vault --identity-command '{decrypt}'");
    let (store, get) = (alice(HOST, TOKEN), request(HOST));
    format!(
        "PAT configure --keychain vault --yes --identity-command '{decrypt}'\n\
         printf '{}' | {helper} store\nprintf '{}' | {helper} get\n",
        store.replace('\n', "\\n"),
        get.replace('\n', "\\n"),
    )
}

#[test]
fn systemd_unseals_the_key_with_this_machines_own() {
    let sandbox = Sandbox::new();
    file_with_key(&sandbox);
    let name = "--name=git-credential-pat.identity";
    let script = format!(
        "systemd-creds encrypt --with-key=host {name} key sealed\nrm key\n{}",
        round_trip(&format!("systemd-creds decrypt {name} {}/sealed -", sandbox.home().display())),
    );
    assert!(as_root(&sandbox, &script).ends_with(&format!("username=alice\npassword={TOKEN}\n")));
}

#[test]
fn a_tpm_unseals_the_key() {
    let sandbox = Sandbox::new();
    file_with_key(&sandbox);
    let name = "--name=git-credential-pat.identity";
    let port = free_ports()[0];
    let device = format!("--tpm2-device=swtpm:host=127.0.0.1,port={port}");
    let home = sandbox.home().display();
    // Nothing between us and the chip closes the handles that systemd leaves open there.
    let unseal = format!(
        "TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port={port} tpm2_flushcontext -l\n\
         systemd-creds decrypt {device} {name} {home}/sealed -\n"
    );
    fs::write(sandbox.path("unseal"), unseal).unwrap();
    let script = format!(
        "mkdir tpm\n\
         swtpm socket --tpm2 --tpmstate dir={home}/tpm --flags not-need-init --daemon \
         --server type=tcp,port={port},bindaddr=127.0.0.1 --pid file={home}/tpm.pid \
         --ctrl type=tcp,port={},bindaddr=127.0.0.1\n\
         trap 'kill $(cat tpm.pid)' EXIT\n\
         systemd-creds encrypt --with-key=tpm2 --tpm2-pcrs=7 {device} {name} key sealed\nrm key\n{}",
        // The control port is expected next to the first one.
        port + 1,
        round_trip(&format!("sh {home}/unseal")),
    );
    assert!(as_root(&sandbox, &script).ends_with(&format!("username=alice\npassword={TOKEN}\n")));
}
