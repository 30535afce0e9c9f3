//! Tests our reading and writing against the `age` crate's: each opens what the other wrote.

use super::{File, INTRODUCTION, Key, MAX_CONTENT, Recipient, Unreadable, encrypt};
use crate::error::Error;
use crate::hex;
use crate::keychain::vault::bech32;
use crate::secret::FixedBytes;
use age::secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};
use zeroize::Zeroizing;

const PASSPHRASE: &[u8] = b" TESTONLY correct horse ";

/// The work factor of passphrases here, which is small to keep the tests quick.
const WORK: u8 = 2;

const CONTENT: &[u8] = b"ghp_TESTONLY\ncontext=https://h.example\n";

fn key(byte: u8) -> Key {
    Key::new(FixedBytes::new([byte; 32]))
}

fn for_key(content: &[u8]) -> Vec<u8> {
    encrypt(content, &Recipient::Key(key(7).public())).expect("encrypted")
}

fn for_passphrase(content: &[u8]) -> Vec<u8> {
    encrypt(content, &Recipient::Passphrase(PASSPHRASE, WORK)).expect("encrypted")
}

fn open(bytes: &[u8], key: &Key) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    File::parse(bytes)?.open(key)
}

fn open_with(bytes: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    File::parse(bytes)?.open_with_passphrase(passphrase)
}

#[test]
fn what_is_encrypted_for_a_key_is_opened_by_that_key_only() {
    for content in [&b""[..], CONTENT, &vec![0; MAX_CONTENT]] {
        let file = for_key(content);
        assert!(open(&file, &key(7)).is_ok_and(|opened| *opened == content));
        assert_eq!(open(&file, &key(8)), Err(Unreadable::NotForThis));
        assert_eq!(open_with(&file, PASSPHRASE), Err(Unreadable::NotForThis));
    }
}

#[test]
fn what_is_encrypted_for_a_passphrase_is_opened_by_it_only() {
    let file = for_passphrase(CONTENT);
    assert!(open_with(&file, PASSPHRASE).is_ok_and(|opened| *opened == CONTENT));
    for other in [&b""[..], PASSPHRASE.trim_ascii(), b"TESTONLY correct horsf"] {
        assert_eq!(open_with(&file, other), Err(Unreadable::NotForThis));
    }
    assert_eq!(open(&file, &key(7)), Err(Unreadable::NotForThis));
}

#[test]
fn nothing_is_encrypted_twice_in_the_same_way() {
    let (first, second) = (for_key(CONTENT), for_key(CONTENT));
    let parts = |file: &[u8]| -> Vec<Vec<u8>> {
        file.split(|&b| b == b'\n').map(<[u8]>::to_vec).skip(1).collect()
    };
    // The parts are the share, the wrapped key, the MAC, and the rest.
    let same = parts(&first).iter().zip(parts(&second)).filter(|(a, b)| **a == *b).count();
    assert_eq!(same, 0);
}

#[test]
fn more_than_one_chunk_is_refused() {
    let key = key(7);
    let too_long = encrypt(&vec![0; MAX_CONTENT + 1], &Recipient::Key(key.public()));
    assert_eq!(too_long, Err(Error::TooLong));
}

#[test]
fn a_changed_or_cut_file_is_never_opened() {
    let key = key(7);
    let file = for_key(CONTENT);
    for at in 0..file.len() {
        for bit in [1, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            assert!(open(&changed, &key).is_err(), "byte {at}");
        }
        assert_eq!(open(&file[..at], &key), Err(Unreadable::Damaged), "cut at {at}");
    }
    assert!(open(&[file.as_slice(), b"\n"].concat(), &key).is_err());
}

#[test]
fn a_header_changed_by_whoever_knows_its_key_is_noticed() {
    let key = key(7);
    let file = for_key(CONTENT);
    // The added stanza is well formed and passed over. Only the MAC does not fit any more.
    let (introduction, rest) = file.split_at(INTRODUCTION.len());
    let changed = [introduction, b"-> other\nAAAA\n", rest].concat();
    assert_eq!(open(&changed, &key), Err(Unreadable::Damaged));
}

#[test]
fn a_share_that_gives_everybody_the_same_key_is_refused() {
    let file = for_key(CONTENT);
    let text = String::from_utf8_lossy(&file[..200]).into_owned();
    let share = text.split_whitespace().nth(3).expect("a share");
    let zero = crate::base64::encode(&[0; 32]);
    let at = text.find(share).expect("it is there");
    let changed = [&file[..at], zero.as_bytes(), &file[at + share.len()..]].concat();
    assert_eq!(open(&changed, &key(7)), Err(Unreadable::Damaged));
}

#[test]
fn a_passphrases_stanza_stands_alone() {
    let file = for_passphrase(CONTENT);
    let (introduction, rest) = file.split_at(INTRODUCTION.len());
    for other in ["-> other\nAAAA\n", "-> X25519 AAAA\nAAAA\n"] {
        let changed = [introduction, other.as_bytes(), rest].concat();
        assert_eq!(open_with(&changed, PASSPHRASE), Err(Unreadable::Damaged));
        assert_eq!(File::parse(&changed).and_then(|f| f.work_factor()), Err(Unreadable::Damaged));
    }
}

#[test]
fn a_planted_file_cannot_ask_for_all_the_memory() {
    let file = for_passphrase(CONTENT);
    let with = |work: &str| {
        let text = String::from_utf8_lossy(&file[..100]).into_owned();
        let at = text.find(" 2\n").expect("the work factor") + 1;
        [&file[..at], work.as_bytes(), &file[at + 1..]].concat()
    };
    for work in ["21", "63", "64", "99"] {
        assert_eq!(open_with(&with(work), PASSPHRASE), Err(Unreadable::TooMuchWork));
    }
    for work in ["0", "02", "+2", "-1", "2a", "", "100", "18446744073709551618"] {
        assert_eq!(open_with(&with(work), PASSPHRASE), Err(Unreadable::Damaged), "{work:?}");
    }
    let factor = |bytes: &[u8]| File::parse(bytes).and_then(|file| file.work_factor());
    assert_eq!(factor(&with("20")), Ok(Some(20)));
    assert_eq!(factor(&for_key(CONTENT)), Ok(None));
    assert_eq!((super::memory(18), super::memory(15)), (256 << 20, 32 << 20));
}

#[test]
fn the_text_form_has_an_error_of_its_own() {
    let text = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n";
    assert!(matches!(File::parse(text), Err(Unreadable::Armored)));
}

fn identity() -> age::x25519::Identity {
    bech32::secret(key(7).expose()).parse().expect("an identity")
}

#[test]
fn the_age_crate_takes_our_keys_for_its_own() {
    let key = key(7);
    assert_eq!(identity().to_string().expose_secret(), bech32::secret(key.expose()).as_str());
    assert_eq!(identity().to_public().to_string(), bech32::public(key.public()));
    for _ in 0..16 {
        let theirs = age::x25519::Identity::generate();
        let secret = bech32::parse_secret(theirs.to_string().expose_secret().as_bytes());
        let ours = Key::new(secret.expect("a key"));
        assert_eq!(bech32::public(ours.public()), theirs.to_public().to_string());
    }
}

#[test]
fn the_age_crate_opens_what_we_encrypt() {
    for content in [&b""[..], CONTENT, &vec![0xA5; MAX_CONTENT]] {
        let opened = age::decrypt(&identity(), &for_key(content));
        assert!(opened.is_ok_and(|opened| opened == content));
        let passphrase = SecretString::from(str::from_utf8(PASSPHRASE).expect("text").to_owned());
        let theirs = age::scrypt::Identity::new(passphrase);
        let opened = age::decrypt(&theirs, &for_passphrase(content));
        assert!(opened.is_ok_and(|opened| opened == content));
    }
}

#[test]
fn we_open_what_the_age_crate_encrypts() {
    let other = age::x25519::Identity::generate();
    for content in [&b""[..], CONTENT, &vec![0xA5; MAX_CONTENT]] {
        // The crate adds stanzas of made-up kinds.
        let recipients = [other.to_public(), identity().to_public()];
        let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let file = age::Encryptor::with_recipients(recipients).expect("recipients");
        let mut bytes = Vec::new();
        let mut writer = file.wrap_output(&mut bytes).expect("a header");
        std::io::copy(&mut &*content, &mut writer).expect("content");
        writer.finish().expect("an end");
        assert!(open(&bytes, &key(7)).is_ok_and(|opened| *opened == content));
        assert_eq!(open(&bytes, &key(8)), Err(Unreadable::NotForThis));

        let passphrase = SecretString::from(str::from_utf8(PASSPHRASE).expect("text").to_owned());
        let mut recipient = age::scrypt::Recipient::new(passphrase);
        recipient.set_work_factor(WORK);
        let bytes = age::encrypt(&recipient, content).expect("encrypted");
        assert!(open_with(&bytes, PASSPHRASE).is_ok_and(|opened| *opened == content));
    }
}

/// The folder in which the `age` crate ships the test vectors of the format's authors.
fn vectors() -> PathBuf {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8(rustc.stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    // Packages for other systems are left out, because they need not be here.
    cargo.args(["metadata", "--offline", "--locked", "--format-version", "1"]);
    cargo.args(["--filter-platform", host]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let age = packages.iter().find(|package| package["name"] == "age").expect("the age crate");
    let manifest = Path::new(age["manifest_path"].as_str().expect("a path")).to_owned();
    manifest.with_file_name("tests/testdata/testkit")
}

#[test]
fn the_published_test_vectors_end_as_they_say() {
    let mut outcomes = [0, 0];
    for entry in fs::read_dir(vectors()).expect("the vectors") {
        let path = entry.expect("a file").path();
        let vector = fs::read(&path).expect("a file");
        let end = vector.windows(2).position(|pair| pair == b"\n\n").expect("an empty line");
        let (header, file) = (String::from_utf8_lossy(&vector[..end]), &vector[end + 2..]);
        let value = |name: &str| {
            let mut lines = header.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        // These vectors are in the text form, which we do not read, or are compressed.
        if value("armored").is_some() || value("compressed").is_some() {
            continue;
        }
        let opened = if let Some(passphrase) = value("passphrase") {
            open_with(file, passphrase.as_bytes())
        } else {
            let key = value("identity").and_then(|line| bech32::parse_secret(line.as_bytes()));
            let Some(key) = key else { continue };
            open(file, &Key::new(key))
        };
        let name = path.file_name().expect("a name").display();
        let expected = value("expect").expect("an outcome");
        if expected == "success" {
            let digest = opened.map(|content| {
                let mut text = String::new();
                hex::push(&mut text, &Sha256::digest(&*content));
                text
            });
            assert_eq!(digest.as_deref().ok(), value("payload"), "{name}");
        } else {
            assert!(opened.is_err(), "{name}: {expected}");
        }
        outcomes[usize::from(expected == "success")] += 1;
    }
    assert!(outcomes[0] >= 50 && outcomes[1] >= 7, "vectors that ran: {outcomes:?}");
}
