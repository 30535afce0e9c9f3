//! Everything around the helper fails once: the bus and the service at any call, the streams, the
//! memory, the disk, the clock. Each time the helper says so within its deadline, and the keychain
//! holds the old token, or the new one whole.

mod bus;
mod resources;
mod streams;

use crate::support::desktop::Desktop;
use crate::support::sandbox::{BINARY, Ran, run};
use std::time::{Duration, Instant};

const REQUEST: &str = "protocol=https\nhost=h.example\n";
const OLD: &str = "ghp_TESTONLYold";
const NEW: &str = "ghp_TESTONLYnew";

/// Returns what git sends with a token of alice's.
fn with(token: &str) -> String {
    format!("{REQUEST}username=alice\npassword={token}\n")
}

/// Makes a GNOME Keyring that holds [`OLD`].
fn desktop() -> Desktop {
    let desktop = Desktop::gnome_keyring();
    helper(&desktop, desktop.address(), "store", &with(OLD)).0.prints("");
    desktop
}

/// Runs the helper on the bus at an address. Returns how it ended, and after how long.
fn helper(desktop: &Desktop, address: &str, operation: &str, request: &str) -> (Ran, Duration) {
    let mut command = desktop.sandbox.command(BINARY);
    command.env("DBUS_SESSION_BUS_ADDRESS", address);
    command.args(["--keychain", "secret-service", operation]);
    let began = Instant::now();
    let ran = run(command, request.as_bytes());
    assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    (ran, began.elapsed())
}

/// Deletes alice's account through the bus at an address.
fn logout(desktop: &Desktop, address: &str) -> Ran {
    let mut command = desktop.sandbox.command(BINARY);
    command.env("DBUS_SESSION_BUS_ADDRESS", address);
    let words = "logout https://h.example --username alice --keychain secret-service";
    command.args(words.split(' '));
    run(command, b"")
}

/// Returns the token that is served, and expects no second item beside it.
#[track_caller]
fn token(desktop: &Desktop) -> Option<String> {
    let (ran, _) = helper(desktop, desktop.address(), "get", REQUEST);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    let listed = desktop.sandbox.helper(&["list", "--json", "--keychain", "secret-service"], "");
    let items = listed.stdout().matches("\"context\": \"https://h.example\"").count();
    assert!(items <= 1, "{listed}");
    let token = ran.stdout().lines().find_map(|l| l.strip_prefix("password=").map(str::to_owned));
    assert!(token.is_none() || items == 1, "{ran}\n{listed}");
    token
}
