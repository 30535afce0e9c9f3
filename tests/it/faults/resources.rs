//! No disk, hardly any memory, a clock that is wrong by decades; and a keychain that holds wrong
//! items, or lets nobody in.

use super::{NEW, OLD, REQUEST, desktop, helper, logout, token, with};
use crate::support::desktop::Desktop;
use crate::support::kernel::Keys;
use crate::support::program::program;
use crate::support::release::release_binary;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::keychain::item;
use git_credential_pat::keychain::secret_service::service::Service;
use git_credential_pat::keychain::secret_service::{Prompts, address};
use git_credential_pat::secret::Secret;
use std::thread;
use std::time::{Duration, Instant};

const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn where_the_disk_is_full_the_old_token_stays() {
    let desktop = Desktop::gnome_keyring_on_small_disk();
    helper(&desktop, desktop.address(), "store", &with(OLD)).0.prints("");
    desktop.fill_disk();
    let long = format!("{NEW}{}", "x".repeat(8000));
    for (operation, request) in [
        ("store", with(&long)),
        ("store", with(&long).replace("alice", "bob")),
        ("erase", with(OLD)),
    ] {
        let (ran, took) = helper(&desktop, desktop.address(), operation, &request);
        ran.fails(1, "the keychain failed");
        assert!(took < AT_ONCE, "{took:?}");
        assert_eq!(token(&desktop).as_deref(), Some(OLD), "{operation}");
    }
}

#[test]
fn all_operations_work_in_64_mebibytes_of_address_space() {
    let desktop = desktop();
    let limited = |operation: &str, request: &str| {
        let mut command = desktop.sandbox.command("prlimit");
        command.args(["--as=67108864", "--", release_binary().to_str().unwrap()]);
        command.args(["--keychain", "secret-service", operation]);
        run(command, request.as_bytes())
    };
    let answer = |token: &str| format!("username=alice\npassword={token}\n");
    limited("get", REQUEST).prints(&answer(OLD));
    limited("store", &with(NEW)).prints("");
    limited("get", REQUEST).prints(&answer(NEW));
    let long = format!("{REQUEST}wwwauth[]={}\n", "x".repeat(1024 * 1024 - 100));
    limited("get", &long).prints(&answer(NEW));
    limited("erase", &with(NEW)).prints("");
    limited("get", REQUEST).prints("");
}

/// Linux before 3.17 has no getrandom: a filter gives the same error.
#[test]
fn a_kernel_without_getrandom_serves_the_desktops_keychain() {
    const OLD_KERNEL: &str = "
import ctypes, os, platform, struct, sys
number = {'x86_64': 318, 'aarch64': 278}[platform.machine()]
instructions = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50000 | 38), (6, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *i) for i in instructions))
program = struct.pack('HP', len(instructions), ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
assert libc.getrandom(program, 1, 0) == -1
os.execv(sys.argv[1], sys.argv[1:])
";
    let desktop = desktop();
    let without = |operation: &str, request: &str| {
        let words = ["-c", OLD_KERNEL, BINARY, "--keychain", "secret-service", operation];
        desktop.tool("python3", "python3", &words, request.as_bytes())
    };
    without("get", REQUEST).prints(&format!("username=alice\npassword={OLD}\n"));
    without("store", &with(NEW)).prints("");
    without("store", &with(OLD)).prints("");
}

/// The clock shows 1970, and 2106, when 32 bits without a sign are full.
#[test]
fn a_clock_that_is_wrong_by_decades_loses_nothing() {
    let keys = Keys::new();
    let sandbox = Sandbox::new();
    let request = format!("protocol=https\nhost={}\n", keys.host("h"));
    let at = |clock: &str, operation: &str, request: &str| {
        let mut command = sandbox.command(program("faketime", "faketime"));
        command.args(["-f", clock, BINARY, "--keychain", "kernel", operation]);
        run(command, request.as_bytes())
    };
    let account = |token: &str| format!("{request}username=alice\npassword={token}\n");
    let answer = |token: &str| format!("username=alice\npassword={token}\n");
    for (round, clock) in ["@1970-01-01 00:00:00", "@2106-02-07 06:28:20"].iter().enumerate() {
        let (old, new) = (format!("{OLD}{round}"), format!("{NEW}{round}"));
        at(clock, "store", &account(&old)).prints("");
        at(clock, "get", &request).prints(&answer(&old));
        // A clock at the other end of time changes nothing, because the token has no expiry.
        for other in ["@1970-01-01 00:00:00", "@2106-02-07 06:28:20", "+0"] {
            at(other, "get", &request).prints(&answer(&old));
        }
        at(clock, "store", &account(&new)).prints("");
        at(clock, "get", &request).prints(&answer(&new));
        // A late refusal of the old token changes nothing; then the new one is refused.
        at(clock, "erase", &account(&old)).prints("");
        at(clock, "get", &request).prints(&answer(&new));
        at(clock, "erase", &account(&new)).prints("");
        at(clock, "get", &request).prints("");
        // A rejected token is kept, even if the clock shows 1970.
        assert_eq!(keys.accounts().len(), 1);
    }
    let ends = format!("{}password_expiry_utc=1900000000\n", account(OLD));
    let told = format!("{}password_expiry_utc=1900000000\n", answer(OLD));
    at("@1970-01-01 00:00:00", "store", &ends).prints("");
    at("@1970-01-01 00:00:00", "get", &request).prints(&told);
    at("@2106-02-07 06:28:20", "get", &request).prints("");
}

/// An older version of some service, or two programs at once, may leave such items.
#[test]
fn of_two_items_for_one_account_the_later_answers_and_both_are_put_away() {
    let desktop = desktop();
    let add = |token: &str, stored_at: u64, mark: &str| {
        let credential = Credential::new(
            Context::from_canonical("https://h.example").unwrap(),
            Some(Username::new(b"alice")),
            Secret::new(token.as_bytes()),
            stored_at,
        );
        // One attribute more keeps it from replacing the other.
        let attributes = [
            ("xdg:schema", item::SCHEMA),
            ("context", "https://h.example"),
            ("username", "alice"),
            ("mark", mark),
        ];
        let bus = address::parse(desktop.address().as_bytes(), None).unwrap();
        let mut service = Service::new(bus, Prompts::Never, true);
        let content = item::Content::of(&credential);
        service.create("another", &attributes, &content.pieces()).unwrap();
    };
    let get = || helper(&desktop, desktop.address(), "get", REQUEST).0;
    let answer = |token: &str| format!("username=alice\npassword={token}\n");
    add("ghp_TESTONLYearlier", 1, "earlier");
    get().prints(&answer(OLD));
    add("ghp_TESTONLYlater", 4_000_000_000, "later");
    get().prints(&answer("ghp_TESTONLYlater"));

    // The token that was served is refused, and none of the others comes in its place.
    helper(&desktop, desktop.address(), "erase", &with("ghp_TESTONLYlater")).0.prints("");
    let refused = get();
    assert!(refused.stdout.is_empty() && refused.stderr().contains("was rejected"), "{refused}");
    helper(&desktop, desktop.address(), "store", &with(NEW)).0.prints("");
    get().prints(&answer(NEW));
    helper(&desktop, desktop.address(), "erase", &format!("{REQUEST}username=alice\n"))
        .0
        .prints("");
    get().prints("");
    assert!(logout(&desktop, desktop.address()).status.success());
    assert_eq!(items(&desktop), 0);
}

fn items(desktop: &Desktop) -> usize {
    let listed = desktop.sandbox.helper(&["list", "--json", "--keychain", "secret-service"], "");
    listed.stdout().matches("\"context\"").count()
}

/// Returns the operations that are tried on a keychain that lets nobody in.
fn attempts() -> [(&'static str, String); 4] {
    [
        ("get", REQUEST.to_owned()),
        ("store", with(NEW)),
        ("erase", with(OLD)),
        ("erase", REQUEST.to_owned()),
    ]
}

fn ends_at_once(ran: &Ran, took: Duration, message: &str) {
    ran.fails(1, message);
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_locked_keyring_with_nobody_to_ask_is_an_error_and_never_an_erase() {
    let mut desktop = desktop();
    desktop.lock();
    for (operation, request) in attempts() {
        let (ran, took) = helper(&desktop, desktop.address(), operation, &request);
        ends_at_once(&ran, took, "the keychain is locked");
    }
    desktop.kill("gnome-keyring");
    desktop.start_gnome_keyring();
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

#[test]
fn a_dismissed_prompt_is_an_error_and_never_an_erase() {
    let mut desktop = Desktop::gnome_keyring_with_display();
    helper(&desktop, desktop.address(), "store", &with(OLD)).0.prints("");
    desktop.lock();
    for (operation, request) in attempts() {
        let ran = thread::scope(|scope| {
            scope.spawn(|| {
                desktop.answer_window(["--class", "gcr-prompter"], &["key Escape"]);
            });
            helper(&desktop, desktop.address(), operation, &request).0
        });
        ran.fails(1, "the keychain denied access");
    }
    desktop.kill("gnome-keyring");
    desktop.start_gnome_keyring();
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

#[test]
fn without_a_default_collection_a_get_is_a_miss_and_a_store_an_error() {
    let desktop = Desktop::gnome_keyring_without_collection();
    let bus = desktop.address();
    helper(&desktop, bus, "get", REQUEST).0.prints("");
    helper(&desktop, bus, "erase", REQUEST).0.prints("");
    helper(&desktop, bus, "erase", &with(OLD)).0.prints("");
    let (ran, took) = helper(&desktop, bus, "store", &with(NEW));
    ends_at_once(&ran, took, "the Secret Service has no default collection");
}

#[test]
fn a_bus_that_is_named_and_not_there_is_an_error_and_never_another_keychain() {
    let keys = Keys::new();
    let sandbox = Sandbox::new();
    let request = with(OLD).replace("h.example", &keys.host("h"));
    for (address, operations) in [("unix:path=/nonexistent/bus", ["get", "store", "erase"])] {
        for operation in operations {
            for named in [&[][..], &["--keychain", "secret-service"]] {
                let mut command = sandbox.command(BINARY);
                command.env("DBUS_SESSION_BUS_ADDRESS", address).args(named).arg(operation);
                let began = Instant::now();
                let ran = run(command, request.as_bytes());
                ends_at_once(&ran, began.elapsed(), "the keychain cannot be reached");
            }
        }
    }
    assert!(keys.accounts().is_empty());
}
