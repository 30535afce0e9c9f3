//! Whatever stands between us and the Secret Service: a sandbox's proxy, a user namespace.

use crate::support::desktop::{Desktop, Process, start};
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::server::wait_for;
use std::fs;
use std::process::Command;

const REQUEST: &str = "protocol=https\nhost=h.example\n";
const ACCOUNT: &str = "username=alice\npassword=ghp_TESTONLYbuses\n";

/// Becomes a program that sees the file system as a Flatpak's does, with a folder for its root.
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

/// A desktop with a GNOME Keyring in which there is an account.
fn desktop() -> Desktop {
    let desktop = Desktop::gnome_keyring();
    speak(&desktop, desktop.sandbox.command(BINARY), "store").prints("");
    desktop
}

/// Runs one of git's operations with the desktop's keychain.
fn speak(desktop: &Desktop, mut helper: Command, operation: &str) -> Ran {
    helper.args(["--keychain", "secret-service", operation]);
    let account = if operation == "get" { "" } else { ACCOUNT };
    // Where another user's home or root is seen, a temporary folder is ours.
    helper.current_dir(desktop.sandbox.home());
    run(helper, format!("{REQUEST}{account}").as_bytes())
}

/// Both directions, and nothing else on the way.
fn gets_and_stores(desktop: &Desktop, helper: impl Fn() -> Command) {
    speak(desktop, helper(), "get").prints(ACCOUNT);
    speak(desktop, helper(), "erase").prints("");
    speak(desktop, helper(), "get").prints("");
    speak(desktop, helper(), "store").prints("");
    speak(desktop, helper(), "get").prints(ACCOUNT);
}

/// The proxy that stands before the bus in a Flatpak, and its address.
fn proxy(desktop: &Desktop, options: &[&str]) -> (Process, String) {
    let socket = desktop.sandbox.path("run/proxy");
    let _ = fs::remove_file(&socket);
    let mut command = desktop.sandbox.command("xdg-dbus-proxy");
    command.arg(desktop.address()).arg(&socket).args(options);
    let process = start(command, "xdg-dbus-proxy", "xdg-dbus-proxy");
    wait_for("the proxy listens", || socket.exists());
    (process, format!("unix:path={}", socket.display()))
}

#[test]
fn a_proxy_that_may_talk_to_the_service_lets_us_through() {
    let desktop = desktop();
    for options in [&[][..], &["--filter", "--talk=org.freedesktop.secrets"]] {
        let (_process, address) = proxy(&desktop, options);
        gets_and_stores(&desktop, || {
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
        helper.args(["--user", "--map-root-user", "--mount", "sh", "-ec", IN_FLATPAK, "sh"]);
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
        gets_and_stores(&desktop, || {
            let mut helper = desktop.sandbox.command("unshare");
            helper.args(["--user", "--map-user", number, BINARY]);
            helper
        });
    }
}
