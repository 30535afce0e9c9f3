//! Reads a vault's folder with anything in it. There is no panic. A credential that is given out
//! was stored under that very name. A damaged item hides no sound one, and reading changes nothing.
#![no_main]

use arbitrary::Arbitrary;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::error::Error;
use git_credential_pat::keychain::vault::Vault;
use git_credential_pat::keychain::{Identity, Keychain, Options};
use git_credential_pat::secret::Secret;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const KEY: &str = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG\n";

const PLACES: [(&str, &str); 4] = [
    ("https://a.example", "alice"),
    ("https://a.example", "bob"),
    ("https://a.example/org", "alice"),
    ("https://b.example", ""),
];

/// A change of the folder before it is read.
#[derive(Arbitrary, Debug)]
enum Change {
    /// An account's file gets this content.
    Put(u8, Vec<u8>),
    /// An account's file takes another's place.
    Copy(u8, u8),
    /// Some bits of a byte of an account's file are flipped.
    Flip(u8, u16, u8),
    /// An account's file is cut off at this byte.
    Cut(u8, u16),
    /// A folder takes the place of an account's file.
    Folder(u8),
    /// Another file lies beside an account's file.
    Beside(u8, String),
    /// The file `format` gets this content.
    Format(Vec<u8>),
}

/// The file `format` and the items of a vault, and the folder in which each script finds a copy of
/// them.
struct Made {
    format: Vec<u8>,
    items: Vec<(PathBuf, Vec<u8>)>,
    room: PathBuf,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let room = std::env::temp_dir().join(format!("pat-fuzz-{}", std::process::id()));
    fs::create_dir_all(&room).expect("a folder");
    private(&room, 0o700);
    fs::write(room.join("key"), KEY).expect("a file");
    private(&room.join("key"), 0o600);
    let place = room.join("made");
    let mut vault = open(&room, &place);
    vault.make_with_given_key().expect("made");
    let mut items = Vec::new();
    for (number, _) in PLACES.iter().enumerate() {
        vault.write(None, &credential(number)).expect("written");
        let new = files(&place.join("items")).into_iter();
        let new = new.filter(|path| items.iter().all(|(other, _)| other != path));
        items.extend(
            new.map(|path| (path.clone(), fs::read(path).expect("read"))).collect::<Vec<_>>(),
        );
    }
    let within = |path: &Path| path.strip_prefix(&place).expect("within").to_owned();
    let items = items.into_iter().map(|(path, bytes)| (within(&path), bytes)).collect();
    Made { format: fs::read(place.join("format")).expect("read"), items, room }
});

fuzz_target!(|changes: Vec<Change>| {
    let place = MADE.room.join("vault");
    let _ = fs::remove_dir_all(&place);
    for (path, bytes) in &MADE.items {
        let path = place.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }
    fs::write(place.join("format"), &MADE.format).expect("a file");
    private(&place, 0o700);
    let mut is_touched = [false; PLACES.len()];
    let mut has_format = true;
    for change in changes.iter().take(16) {
        apply(change, &place, &mut is_touched, &mut has_format);
    }
    let before = snapshot(&place);
    let mut vault = open(&MADE.room, &place);
    match vault.list() {
        Ok(listed) => {
            assert!(has_format, "a vault of another kind was read");
            for (found, account) in listed {
                let read = vault.read(&[found]).expect("what was listed can be read");
                let number = number_of(&account.context, &account.username);
                assert!(read[0].1 == credential(number), "not what was stored");
            }
        }
        Err(error) => assert!(!has_format, "the list failed: {error}"),
    }
    for (number, touched) in is_touched.iter().enumerate().filter(|_| has_format) {
        let account = credential(number).account();
        let mut read = || {
            let contexts = std::slice::from_ref(&account.context);
            let found = vault.find(contexts, Some(&account.username))?;
            vault.read(&found)
        };
        match read() {
            Ok(read) if read.is_empty() => assert!(touched, "{number} is gone"),
            Ok(read) => assert!(read[0].1 == credential(number), "not what was stored"),
            Err(error) => assert!(*touched && error == Error::Damaged, "{number}: {error}"),
        }
    }
    assert!(snapshot(&place) == before, "reading has changed something");
});

fn apply(change: &Change, place: &Path, is_touched: &mut [bool], has_format: &mut bool) {
    let path = |number: &u8| place.join(&MADE.items[usize::from(*number) % PLACES.len()].0);
    let mut touch = |number: &u8| is_touched[usize::from(*number) % PLACES.len()] = true;
    let mut edit = |number: &u8, edit: &dyn Fn(&mut Vec<u8>)| {
        touch(number);
        if let Ok(mut bytes) = fs::read(path(number)) {
            edit(&mut bytes);
            let _ = fs::write(path(number), bytes);
        }
    };
    match change {
        Change::Put(number, bytes) => edit(number, &|content| content.clone_from(bytes)),
        Change::Copy(from, to) => {
            let bytes = MADE.items[usize::from(*from) % PLACES.len()].1.clone();
            edit(to, &|content| content.clone_from(&bytes));
        }
        Change::Flip(number, at, bits) => edit(number, &|content| {
            let at = usize::from(*at) % content.len().max(1);
            if let Some(byte) = content.get_mut(at) {
                *byte ^= bits;
            }
        }),
        Change::Cut(number, at) => edit(number, &|content| content.truncate(usize::from(*at))),
        Change::Folder(number) => {
            touch(number);
            let _ = fs::remove_file(path(number));
            let _ = fs::create_dir(path(number));
        }
        Change::Beside(number, name) => {
            let folder = path(number).parent().expect("a folder").to_owned();
            let file = folder.join(name.replace(['/', '\0'], "_"));
            // It must not replace the file of another account.
            if !file.exists() {
                let _ = fs::write(file, b"beside");
            }
        }
        Change::Format(bytes) => {
            *has_format = *bytes == MADE.format;
            let _ = fs::write(place.join("format"), bytes);
        }
    }
}

fn number_of(context: &Context, username: &Username) -> usize {
    let is_it = |number: &usize| {
        let account = credential(*number).account();
        account.context == *context && account.username == *username
    };
    (0..PLACES.len()).find(is_it).expect("an account that nobody has stored")
}

fn credential(number: usize) -> Credential {
    let (context, username) = PLACES[number];
    let context = Context::from_canonical(context).expect("canonical");
    let username = (!username.is_empty()).then(|| Username::new(username.as_bytes()));
    let token = Secret::new(format!("ghp_TESTONLY{number}").as_bytes());
    Credential::new(context, username, token, 1)
}

fn open(room: &Path, place: &Path) -> Vault {
    let identity = Some(Identity::File(room.join("key")));
    Vault::new(&Options { identity, ..Options::default() }).at(place.to_owned())
}

fn private(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("rights");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn snapshot(place: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files(place);
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect()
}
