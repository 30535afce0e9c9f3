//! The Secret Service client on real services, each on a private bus.

mod failures;
mod prompts;

use crate::support::desktop::Desktop;
use crate::support::watch::{Watch, traffic};
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::error::Error;
use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
use git_credential_pat::keychain::{Found, Keychain, Options};
use git_credential_pat::secret::Secret;

fn client(desktop: &Desktop) -> SecretService {
    let options = Options { patient: true, ..Options::default() };
    SecretService::at(desktop.address(), &options).with_prompts(Prompts::Never)
}

/// As git's get is: at most five seconds.
fn impatient(address: &str) -> SecretService {
    SecretService::at(address, &Options::default()).with_prompts(Prompts::Never)
}

fn context(text: &str) -> Context {
    Context::from_canonical(text).unwrap()
}

fn credential(at: &str, username: &str, token: &str) -> Credential {
    let username = (!username.is_empty()).then(|| Username::new(username.as_bytes()));
    let token = Secret::new(token.as_bytes());
    Credential {
        expiry: Some(4_000_000_000),
        ..Credential::new(context(at), username, token, 1_796_169_600)
    }
}

fn find(keychain: &mut SecretService, at: &str, username: Option<&str>) -> Vec<Found> {
    let username = username.map(|name| Username::new(name.as_bytes()));
    keychain.find(&[context(at)], username.as_ref()).unwrap()
}

/// The tokens that are filed there, sorted.
fn tokens(keychain: &mut SecretService, at: &str, username: Option<&str>) -> Vec<String> {
    let found = find(keychain, at, username);
    let read = keychain.read(&found).unwrap();
    let text = |c: &Credential| String::from_utf8(c.token.expose().to_vec()).unwrap();
    let mut tokens: Vec<String> = read.iter().map(|(_, credential)| text(credential)).collect();
    tokens.sort();
    tokens
}

/// What every service must be able to do.
fn keeps_accounts(keychain: &mut SecretService) {
    const HOST: &str = "https://h.example";
    const PORT: &str = "https://h.example:8443";
    const SCOPE: &str = "https://h.example/team";
    const ODD: &str = "https://odd.example";
    assert!(find(keychain, HOST, None).is_empty());

    for (at, username, token) in [
        (HOST, "alice", "ghp_TESTONLYalice"),
        (HOST, "bob", "ghp_TESTONLYbob"),
        (HOST, "", "ghp_TESTONLYnobody"),
        (PORT, "alice", "ghp_TESTONLYport"),
        (SCOPE, "alice", "ghp_TESTONLYteam"),
        (HOST, "gr\u{fc}\u{df}e%\u{1}", "ghp_TESTONLYodd"),
    ] {
        keychain.write(None, &credential(at, username, token)).unwrap();
    }
    // Usernames, an absent one, ports and scopes never mix.
    assert_eq!(tokens(keychain, HOST, Some("alice")), ["ghp_TESTONLYalice"]);
    assert_eq!(tokens(keychain, HOST, Some("bob")), ["ghp_TESTONLYbob"]);
    assert_eq!(tokens(keychain, HOST, Some("")), ["ghp_TESTONLYnobody"]);
    assert_eq!(tokens(keychain, HOST, Some("carol")), [""; 0]);
    assert_eq!(tokens(keychain, HOST, None).len(), 4);
    assert_eq!(tokens(keychain, PORT, None), ["ghp_TESTONLYport"]);
    assert_eq!(tokens(keychain, SCOPE, None), ["ghp_TESTONLYteam"]);
    assert_eq!(tokens(keychain, HOST, Some("gr\u{fc}\u{df}e%\u{1}")), ["ghp_TESTONLYodd"]);

    // Several contexts in one find, each item under its own.
    let found = keychain.find(&[context(SCOPE), context(HOST)], None).unwrap();
    let scoped = found.iter().filter(|f| f.context == context(SCOPE)).count();
    assert_eq!((found.len(), scoped), (5, 1));

    // Replaced where it lies.
    let found = find(keychain, HOST, Some("alice"));
    let long = format!("ghp_TESTONLY{}", "x".repeat(3000));
    keychain.write(Some(&found[0]), &credential(HOST, "alice", &long)).unwrap();
    assert_eq!(tokens(keychain, HOST, Some("alice")), [long]);
    let (_, read) = keychain.read(&found).unwrap().remove(0);
    assert!(read.expiry == Some(4_000_000_000) && read.context == context(HOST));

    let found = find(keychain, HOST, None);
    let mut names = keychain.usernames(&found).unwrap();
    names.sort();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["", "alice", "bob", "gr\u{fc}\u{df}e%25%01"]);

    let listed = keychain.list().unwrap();
    let mut accounts: Vec<String> = listed
        .iter()
        .map(|(found, account)| {
            assert!(!found.locked && found.context == account.context);
            format!("{} {}", account.context, account.username)
        })
        .collect();
    accounts.sort();
    assert_eq!(
        accounts,
        [
            "https://h.example ",
            "https://h.example alice",
            "https://h.example bob",
            "https://h.example gr\u{fc}\u{df}e%25%01",
            "https://h.example/team alice",
            "https://h.example:8443 alice",
        ]
    );

    // Bytes that are no text, and an account that answers any username.
    let bytes = Username::new(b"b\xff\xfed");
    let mut odd = credential(ODD, "", "ghp_TESTONLYbytes");
    odd.username = Some(bytes.clone());
    odd.refresh_token = Some(Secret::new(b"\x80\xffrefresh"));
    keychain.write(None, &odd).unwrap();
    let found = keychain.find(&[context(ODD)], Some(&bytes)).unwrap();
    assert!(keychain.usernames(&found).unwrap() == [bytes]);
    assert!(keychain.read(&found).unwrap().remove(0).1 == odd);
    let mut text = odd.clone();
    text.username = Some(Username::new("gr\u{fc}\u{df}e".as_bytes()));
    text.refresh_token = None;
    for content in [&text, &odd] {
        keychain.write(Some(&found[0]), content).unwrap();
        assert!(keychain.read(&found).unwrap().remove(0).1 == *content);
    }
    keychain.delete(&found[0]).unwrap();

    // Deleted once; a second time it is already gone.
    let bob = find(keychain, HOST, Some("bob")).remove(0);
    keychain.delete(&bob).unwrap();
    keychain.delete(&bob).unwrap();
    assert!(find(keychain, HOST, Some("bob")).is_empty());
    assert_eq!(keychain.list().unwrap().len(), 5);
    // Gone in between: left out of several, and, once looked for again, of one.
    let alice = find(keychain, HOST, Some("alice")).remove(0);
    let one = keychain.read(std::slice::from_ref(&bob));
    assert!(one.is_err_and(Error::is_transient) || keychain.read(&[]).is_ok());
    assert!(keychain.read(std::slice::from_ref(&bob)).unwrap().is_empty());
    match keychain.read(&[bob, alice]) {
        Ok(read) => assert_eq!(read.len(), 1),
        Err(error) => assert!(error.is_transient(), "{error}"),
    }
}

#[test]
fn gnome_keyring_keeps_accounts() {
    keeps_accounts(&mut client(&Desktop::gnome_keyring()));
}

#[test]
fn keepassxc_keeps_accounts() {
    let desktop = Desktop::keepassxc();
    // Its new items come out of a prompt that completes by itself.
    keeps_accounts(&mut client(&desktop).with_prompts(Prompts::Always));
}

#[test]
fn kwallet_keeps_accounts() {
    let desktop = Desktop::kwallet();
    // Its collection is unlocked by the first write, with a prompt that shows no window.
    keeps_accounts(&mut client(&desktop).with_prompts(Prompts::Always));
}

#[test]
fn a_get_is_four_calls_and_a_miss_is_two() {
    let desktop = Desktop::gnome_keyring();
    client(&desktop).write(None, &credential("https://h.example", "a", "ghp_TESTONLY")).unwrap();
    let watch = Watch::new(&desktop);
    let mut keychain = impatient(desktop.address());
    assert_eq!(tokens(&mut keychain, "https://h.example", None), ["ghp_TESTONLY"]);
    let get = ["Hello", "SearchItems", "OpenSession", "GetSecret"];
    assert_eq!(watch.calls(&desktop), get);

    let watch = Watch::new(&desktop);
    let mut keychain = impatient(desktop.address());
    assert!(find(&mut keychain, "https://other.example", None).is_empty());
    assert_eq!(watch.calls(&desktop), ["Hello", "SearchItems"]);
}

#[test]
fn a_first_write_is_preceded_by_a_search() {
    let desktop = Desktop::gnome_keyring();
    let watch = Watch::new(&desktop);
    client(&desktop).write(None, &credential("https://h.example", "a", "ghp_TESTONLY")).unwrap();
    let write = ["Hello", "SearchItems", "OpenSession", "CreateItem"];
    assert_eq!(watch.calls(&desktop), write);
}

#[test]
fn no_token_crosses_the_bus_readably() {
    let desktop = Desktop::gnome_keyring();
    let token = "ghp_TESTONLYsecretsecretsecret";
    let crossed = traffic(&desktop, || {
        let mut keychain = client(&desktop);
        keychain.write(None, &credential("https://h.example", "a", token)).unwrap();
        assert_eq!(tokens(&mut keychain, "https://h.example", None), [token]);
    });
    let seen = |text: &[u8]| crossed.windows(text.len()).any(|window| window == text);
    assert!(seen(b"GetSecret") && seen(b"https://h.example"));
    assert!(!token.as_bytes().windows(8).any(seen));
}

#[test]
fn other_programs_read_what_was_written() {
    let desktop = Desktop::gnome_keyring();
    let credential = credential("https://h.example", "a", "ghp_TESTONLY");
    client(&desktop).write(None, &credential).unwrap();
    let lookup = ["lookup", "context", "https://h.example", "username", "a"];
    let ran = desktop.tool("secret-tool", "libsecret-tools", &lookup, b"");
    assert!(ran.stdout().starts_with("ghp_TESTONLY\ncontext=https://h.example\n"), "{ran}");
    let search = ["search", "xdg:schema", "io.github.git_credential_pat.Token"];
    let ran = desktop.tool("secret-tool", "libsecret-tools", &search, b"");
    assert!(ran.stdout().contains("label = Git token for a at https://h.example\n"), "{ran}");
}

#[test]
fn many_accounts_are_listed_and_read() {
    let desktop = Desktop::gnome_keyring();
    let mut keychain = client(&desktop);
    for n in 0..300 {
        let token = format!("ghp_TESTONLY{n}");
        keychain.write(None, &credential("https://h.example", &n.to_string(), &token)).unwrap();
    }
    let found: Vec<Found> = keychain.list().unwrap().into_iter().map(|(found, _)| found).collect();
    let names = keychain.usernames(&found).unwrap();
    let read = keychain.read(&found).unwrap();
    assert_eq!((found.len(), read.len()), (300, 300));
    for ((found, name), (read, credential)) in found.iter().zip(names).zip(read) {
        assert!(*found == read && credential.username == Some(name));
    }
}

#[test]
fn parallel_writers_of_one_account_make_one_item() {
    let desktop = Desktop::gnome_keyring();
    let write = |n: usize| {
        let credential = credential("https://h.example", "a", &format!("ghp_TESTONLY{n}"));
        let mut keychain = client(&desktop);
        match keychain.write(None, &credential) {
            // As every caller does: once more.
            Err(error) if error.is_transient() => keychain.write(None, &credential),
            result => result,
        }
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|n| scope.spawn(move || write(n))).collect();
        for writer in writers {
            writer.join().unwrap().unwrap();
        }
    });
    assert_eq!(tokens(&mut client(&desktop), "https://h.example", None).len(), 1);
}

#[test]
#[ignore = "desktop: run by tests/run.sh --all"]
fn two_thousand_gets_leave_gnome_keyring_alive() {
    let mut desktop = Desktop::gnome_keyring();
    gets_with_a_session_each(&desktop);
    assert!(desktop.runs("gnome-keyring"));
}

/// Every session has keys of its own: without the guards half of them fail on `KWallet`,
/// without all but one still one in 250.
#[test]
#[ignore = "desktop: run by tests/run.sh --all"]
fn two_thousand_sessions_with_kwallet_agree_about_the_key() {
    let mut desktop = Desktop::kwallet();
    gets_with_a_session_each(&desktop);
    assert!(desktop.runs("kwalletd5"));
}

fn gets_with_a_session_each(desktop: &Desktop) {
    let mut first = client(desktop).with_prompts(Prompts::Always);
    first.write(None, &credential("https://h.example", "a", "ghp_TESTONLY")).unwrap();
    let mut again = 0;
    for _ in 0..2000 {
        let mut keychain = impatient(desktop.address());
        let contexts = [context("https://h.example")];
        // gnome-keyring is known to say UnknownMethod once in some thousand connections.
        let found = keychain.find(&contexts, None).or_else(|error| {
            assert!(error.is_transient(), "{error}");
            again += 1;
            keychain.find(&contexts, None)
        });
        assert_eq!(keychain.read(&found.unwrap()).unwrap().len(), 1);
    }
    assert!(again < 20, "{again} were tried again");
}
