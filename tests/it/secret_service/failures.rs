//! The client's behaviour where the bus or the service is absent, mute, mad or killed.

use super::{add, again, client, context, credential, find, impatient, tokens};
use crate::support::desktop::Desktop;
use git_credential_pat::error::Error;
use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
use git_credential_pat::keychain::{Found, Keychain};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HOST: &str = "https://h.example";

fn search(keychain: &mut SecretService) -> Result<Vec<Found>, Error> {
    keychain.find(&[context(HOST)], None)
}

/// Makes a socket where `serve` answers the first client. Returns the folder that holds it.
fn bus_that(serve: impl FnOnce(UnixStream) + Send + 'static) -> (TempDir, SecretService) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let listener = UnixListener::bind(&path).unwrap();
    spawn(move || serve(listener.accept().unwrap().0));
    (folder, impatient(&format!("unix:path={}", path.display())))
}

/// Accepts every client, then goes on with `then`.
fn after_authentication(
    then: impl FnOnce(UnixStream) + Send + 'static,
) -> (TempDir, SecretService) {
    bus_that(|mut socket| {
        let mut line = [0; 256];
        let _ = socket.read(&mut line).unwrap();
        socket.write_all(b"OK 0123456789abcdef\r\n").unwrap();
        then(socket);
    })
}

#[test]
fn a_bus_without_a_service_says_so() {
    let desktop = Desktop::empty();
    let result = search(&mut impatient(desktop.address()));
    assert!(matches!(result, Err(Error::NoSecretService)));
}

#[test]
fn a_service_without_a_default_collection_says_so() {
    let desktop = Desktop::gnome_keyring_without_collection();
    let mut keychain = client(&desktop).with_prompts(Prompts::Always);
    assert!(search(&mut keychain).unwrap().is_empty());
    let result = keychain.write(None, &credential(HOST, "a", "ghp_TESTONLY"));
    assert_eq!(result, Err(Error::NoDefaultCollection));
}

#[test]
fn a_mute_socket_costs_five_seconds() {
    let (_folder, mut keychain) = bus_that(|socket| {
        sleep(Duration::from_secs(60));
        drop(socket);
    });
    times_out_in_five_seconds(&mut keychain);
}

#[test]
fn a_socket_that_accepts_nobody_costs_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let _listener = UnixListener::bind(&path).unwrap();
    times_out_in_five_seconds(&mut impatient(&format!("unix:path={}", path.display())));
}

#[test]
fn a_bus_that_never_stops_talking_costs_five_seconds() {
    // The signal has no body: path "/", member "X", interface "a.b".
    let signal = b"l\x04\x01\x01\0\0\0\0\x01\0\0\0\x2a\0\0\0\
                   \x01\x01o\0\x01\0\0\0/\0\0\0\0\0\0\0\
                   \x02\x01s\0\x03\0\0\0a.b\0\0\0\0\0\
                   \x03\x01s\0\x01\0\0\0X\0\0\0\0\0\0\0";
    let (_folder, mut keychain) =
        after_authentication(move |mut socket| while socket.write_all(signal).is_ok() {});
    times_out_in_five_seconds(&mut keychain);
}

#[test]
fn a_stopped_service_costs_five_seconds() {
    let desktop = Desktop::gnome_keyring();
    desktop.signal("gnome-keyring", Signal::STOP);
    // A patient caller has the same deadline for the first answer.
    times_out_in_five_seconds(&mut client(&desktop));
}

fn times_out_in_five_seconds(keychain: &mut SecretService) {
    let started = Instant::now();
    assert_eq!(search(keychain).map(|found| found.len()), Err(Error::TimedOut));
    let took = started.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(7)).contains(&took), "{took:?}");
    // A second try has no time left.
    assert!(matches!(search(keychain), Err(Error::TimedOut)));
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn what_is_no_bus_is_unreachable() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "REJECTED EXTERNAL\r\n", "\r\n"] {
        let (_folder, mut keychain) = bus_that(move |mut socket| {
            socket.write_all(answer.as_bytes()).unwrap();
            sleep(Duration::from_secs(10));
        });
        assert!(matches!(search(&mut keychain), Err(Error::Unreachable(_))), "{answer:?}");
    }
    let (_folder, mut keychain) = bus_that(|mut socket| while socket.write_all(b"x").is_ok() {});
    assert!(matches!(search(&mut keychain), Err(Error::Unreachable(_))));
    assert!(matches!(search(&mut impatient("unix:path=/nonexistent")), Err(Error::Unreachable(_))));
    assert!(matches!(search(&mut impatient("autolaunch:")), Err(Error::Unreachable(_))));
}

#[test]
fn bytes_that_are_no_message_are_an_error() {
    let long = b"l\x02\x01\x01\xff\xff\xff\xff\x01\0\0\0\0\0\0\0".to_vec();
    let nobodys = b"l\x02\x01\x01\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    for bytes in [b"garbage garbage garbage".to_vec(), long, nobodys, vec![0; 64]] {
        let sent = bytes.clone();
        let (_folder, mut keychain) = after_authentication(move |mut socket| {
            socket.write_all(&sent).unwrap();
            sleep(Duration::from_secs(10));
        });
        assert!(matches!(search(&mut keychain), Err(Error::Keychain(_))), "{bytes:?}");
    }
}

#[test]
fn a_connection_that_breaks_is_worth_another_try() {
    let (_folder, mut keychain) = bus_that(drop);
    assert!(search(&mut keychain).is_err_and(Error::is_transient));
    let (_folder, mut keychain) = after_authentication(drop);
    assert!(search(&mut keychain).is_err_and(Error::is_transient));
}

#[test]
fn a_bus_that_dies_is_an_error_and_then_unreachable() {
    let mut desktop = Desktop::gnome_keyring();
    let mut keychain = client(&desktop);
    again(|| search(&mut keychain)).unwrap();
    desktop.kill("dbus-daemon");
    assert!(search(&mut keychain).is_err_and(Error::is_transient));
    assert!(matches!(search(&mut keychain), Err(Error::Unreachable(_))));
}

#[test]
fn a_service_killed_between_calls_is_found_again() {
    let mut desktop = Desktop::gnome_keyring();
    let mut keychain = client(&desktop);
    add(&mut keychain, &credential(HOST, "a", "ghp_TESTONLY"));
    let found = find(&mut keychain, HOST, None);
    desktop.kill("gnome-keyring");
    assert!(keychain.read(&found).is_err_and(Error::is_transient));
    desktop.start_gnome_keyring();
    assert_eq!(tokens(&mut keychain, HOST, None), ["ghp_TESTONLY"]);
}

#[test]
fn a_service_killed_during_a_call_is_worth_another_try() {
    let desktop = Desktop::gnome_keyring();
    let mut keychain = client(&desktop);
    desktop.signal("gnome-keyring", Signal::STOP);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| search(&mut keychain));
        // A kill before the call is under way would be transient as well.
        sleep(Duration::from_millis(300));
        desktop.signal("gnome-keyring", Signal::KILL);
        assert!(call.join().unwrap().is_err_and(Error::is_transient));
    });
}
