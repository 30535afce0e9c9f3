//! What stands between us and the Secret Service, a sandbox's proxy or a user namespace; and buses
//! that are not the one that is meant.

use crate::support::desktop::{Desktop, Process, start};
use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::server::wait_for;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

const REQUEST: &str = "protocol=https\nhost=h.example\n";
const ACCOUNT: &str = "username=alice\npassword=ghp_TESTONLYbuses\n";

/// Becomes a program that sees the file system as in a Flatpak, with a folder for its root.
const IN_FLATPAK: &str = "
    root=$1; shift
    mount -t tmpfs none \"$root\"
    for folder in /*; do
        if [ -L \"$folder\" ]; then cp -P \"$folder\" \"$root\"
        elif [ -d \"$folder\" ]; then mkdir \"$root$folder\"; mount --rbind \"$folder\" \"$root$folder\"
        fi
    done
    printf '[Application]\\nname=org.example.Editor\\n' >\"$root/.flatpak-info\"
    exec chroot \"$root\" \"$@\"";

/// Makes a desktop with a GNOME Keyring that holds an account.
fn desktop() -> Desktop {
    let desktop = Desktop::gnome_keyring();
    speak(desktop.sandbox.command(BINARY), "store").prints("");
    desktop
}

/// Runs one of git's operations with the desktop's keychain.
fn speak(mut helper: Command, operation: &str) -> Ran {
    helper.args(["--keychain", "secret-service", operation]);
    let account = if operation == "get" { "" } else { ACCOUNT };
    run(helper, format!("{REQUEST}{account}").as_bytes())
}

/// Expects that a get, an erase and a store work.
fn gets_and_stores(helper: impl Fn() -> Command) {
    speak(helper(), "get").prints(ACCOUNT);
    speak(helper(), "erase").prints("");
    speak(helper(), "get").prints("");
    speak(helper(), "store").prints("");
    speak(helper(), "get").prints(ACCOUNT);
}

/// Starts the proxy that stands before the bus in a Flatpak. Returns its address, too.
fn proxy(desktop: &Desktop, options: &[&str]) -> (Process, String) {
    let socket = desktop.sandbox.path("run/proxy");
    let _ = fs::remove_file(&socket);
    let mut command = desktop.sandbox.command("xdg-dbus-proxy");
    command.arg(desktop.address()).arg(&socket).args(options);
    let process = start(command, "xdg-dbus-proxy", "xdg-dbus-proxy");
    wait_for("the proxy listens", || UnixStream::connect(&socket).is_ok());
    (process, format!("unix:path={}", socket.display()))
}

#[test]
fn a_proxy_that_may_talk_to_the_service_lets_us_through() {
    let desktop = desktop();
    for options in [&[][..], &["--filter", "--talk=org.freedesktop.secrets"]] {
        let (_process, address) = proxy(&desktop, options);
        gets_and_stores(|| {
            let mut helper = desktop.sandbox.command(BINARY);
            helper.env("DBUS_SESSION_BUS_ADDRESS", &address);
            helper
        });
    }
}

#[test]
fn a_flatpak_that_hides_the_service_is_named_and_no_other_keychain_taken() {
    let desktop = desktop();
    let root = desktop.sandbox.path("root");
    fs::create_dir(&root).unwrap();
    let automatic = |address: &str, operation: &str| {
        let mut helper = desktop.sandbox.command("unshare");
        helper.args([
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--fork",
            "sh",
            "-ec",
            IN_FLATPAK,
            "sh",
        ]);
        helper.arg(&root).arg(BINARY).arg(operation);
        helper.env("DBUS_SESSION_BUS_ADDRESS", address).env_remove("XDG_RUNTIME_DIR");
        run(helper, format!("{REQUEST}{ACCOUNT}").as_bytes())
    };
    for options in [&["--filter"][..], &["--filter", "--see=org.freedesktop.secrets"]] {
        let (_process, address) = proxy(&desktop, options);
        for operation in ["get", "store"] {
            let ran = automatic(&address, operation);
            ran.fails(1, "no Secret Service can be seen from inside this Flatpak");
            ran.fails(1, "flatpak override --user --talk-name=org.freedesktop.secrets APP");
        }
    }
    automatic("", "store").fails(1, "no Secret Service can be seen from inside this Flatpak");
    let (_process, address) = proxy(&desktop, &["--filter", "--talk=org.freedesktop.secrets"]);
    automatic(&address, "get").prints(ACCOUNT);
}

#[test]
fn in_a_user_namespace_with_another_number_the_bus_knows_us() {
    let desktop = desktop();
    for number in ["0", "1234"] {
        gets_and_stores(|| {
            let mut helper = desktop.sandbox.command("unshare");
            helper.args(["--user", "--map-user", number, BINARY]);
            helper
        });
    }
}

/// The contract's test of GNOME Keyring does not do this on such a bus.
#[test]
fn dbus_broker_carries_thirty_stores_at_once_and_a_locked_keyring() {
    let desktop = Desktop::gnome_keyring_on_dbus_broker();
    let helper = || desktop.sandbox.command(BINARY);
    thread::scope(|scope| {
        for n in 0..30 {
            scope.spawn(move || {
                let mut store = helper();
                store.args(["--keychain", "secret-service", "store"]);
                let request = REQUEST.replace("h.example", &format!("h{n}.example"));
                let request = format!("{request}username=alice\npassword=ghp_TESTONLY{n}\n");
                run(store, request.as_bytes()).prints("");
            });
        }
    });
    speak(helper(), "store").prints("");
    let listed = desktop.sandbox.helper(&["list", "--keychain", "secret-service"], "").stdout();
    assert_eq!(listed.matches(".example ").count(), 31, "{listed}");
    desktop.lock();
    speak(helper(), "erase").fails(1, "the keychain is locked");
}

/// Starts a bus of another user at each kind of address. Without root, takes the system's bus.
fn buses_of_another_user(desktop: &Desktop) -> (Vec<Process>, Vec<String>) {
    if !rustix::process::getuid().is_root() {
        return (Vec::new(), vec!["unix:path=/run/dbus/system_bus_socket".to_owned()]);
    }
    let folder = desktop.sandbox.path("tmp/another");
    fs::create_dir(&folder).unwrap();
    for path in [desktop.sandbox.home(), folder.parent().unwrap(), &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let path = folder.join("bus");
    let name = folder.display();
    let addresses = vec![format!("unix:path={}", path.display()), format!("unix:abstract={name}")];
    let buses = addresses.iter().map(|address| {
        let mut command = desktop.sandbox.command("setpriv");
        command.args(["--reuid", "12345", "--regid", "12345", "--clear-groups", "dbus-daemon"]);
        command.args(["--session", "--nofork", "--nopidfile", "--print-address"]);
        command.args(["--address", address]);
        let mut bus = start(command, "another-bus", "dbus");
        let mut line = String::new();
        BufReader::new(bus.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with(address.as_str()), "{line}");
        bus
    });
    (buses.collect(), addresses)
}

#[test]
fn another_users_bus_is_told_nothing() {
    let desktop = desktop();
    let (_processes, addresses) = buses_of_another_user(&desktop);
    for address in addresses {
        for operation in ["get", "store", "erase"] {
            let mut helper = desktop.sandbox.command(BINARY);
            helper.env("DBUS_SESSION_BUS_ADDRESS", &address);
            let ran = speak(helper, operation);
            ran.fails(1, "the session bus belongs to another user");
        }
        // Such an address is skipped where the list names ours as well.
        let mut helper = desktop.sandbox.command(BINARY);
        let list = format!("{address};{}", desktop.address());
        helper.env("DBUS_SESSION_BUS_ADDRESS", list);
        speak(helper, "get").prints(ACCOUNT);
    }
}

#[test]
fn a_bus_answers_only_to_the_identifier_that_its_address_names() {
    let desktop = desktop();
    let mut socket = UnixStream::connect(desktop.sandbox.path("run/bus")).unwrap();
    socket.write_all(b"\0AUTH EXTERNAL\r\nDATA\r\n").unwrap();
    let mut lines = BufReader::new(socket).lines().map(Result::unwrap);
    let greeting = lines.find(|line| line.starts_with("OK ")).unwrap();
    let identifier = &greeting["OK ".len()..];
    let with = |identifier: &str| {
        let mut helper = desktop.sandbox.command(BINARY);
        let address = format!("{},guid={identifier}", desktop.address());
        helper.env("DBUS_SESSION_BUS_ADDRESS", address);
        speak(helper, "get")
    };
    with(identifier).prints(ACCOUNT);
    for another in ["0123456789abcdef0123456789abcdef", &identifier[..31], ""] {
        with(another).fails(1, "another bus listens at the session bus's address");
    }
}

#[test]
fn where_nobody_on_the_bus_keeps_secrets_list_and_log_name_the_kernel() {
    let mut person = Home::bare().with_docker();
    let empty = Desktop::empty();
    person.set("DBUS_SESSION_BUS_ADDRESS", empty.address());
    person.helper("pat --log");
    let registry = person.keys.host("registry");
    let docker = |action: &str, input: &str| {
        let program = person.sandbox.path("bin/docker-credential-pat");
        person.sandbox.run(program, &[action], input.as_bytes())
    };
    let entry = format!(
        "{{\"ServerURL\":\"{registry}\",\"Username\":\"alice\",\"Secret\":\"ghp_TESTONLYbuses\"}}\n"
    );
    docker("store", &entry).prints("");
    docker("get", &registry).prints(&entry);
    let list: Value = serde_json::from_slice(&person.types("list --json", "").stdout).unwrap();
    assert_eq!(list[0]["keychain"], "kernel", "{list}");
    let used = person.sandbox.path("state/git-credential-pat/uses.jsonl");
    let used: Value = serde_json::from_str(&fs::read_to_string(used).unwrap()).unwrap();
    assert_eq!(used["keychain"], "kernel", "{used}");
}
