//! What every operation does before and after it asks a keychain: reading a request, finding
//! out which contexts may answer it, reading an item, printing the answer.
//!
//! `cargo bench` runs it; `tests/run.sh` only that it runs.
#![allow(missing_docs, reason = "criterion's macros write functions without")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::helper::{self, Policy};
use git_credential_pat::keychain::item;
use git_credential_pat::keychain::{Keychain, memory::MemoryKeychain};
use git_credential_pat::protocol::Request;
use git_credential_pat::secret::{Buffer, Secret};
use std::hint::black_box;

const USUAL: &[u8] = b"capability[]=authtype\ncapability[]=state\nprotocol=https\n\
    host=github.com\npath=team/repo.git\nwwwauth[]=Basic realm=\"GitHub\"\n\n";

fn credential(host: &str, username: &str) -> Credential {
    let context = Context::from_canonical(host).unwrap();
    let username = Some(Username::new(username.as_bytes()));
    let credential = Credential::new(context, username, Secret::new(&[b'x'; 93]), 1);
    Credential { expiry: Some(4_000_000_000), ..credential }
}

fn parsing(c: &mut Criterion) {
    c.bench_function("request/usual", |b| b.iter(|| Request::parse(black_box(USUAL))));
    // A server chooses these headers.
    let mut hostile = b"protocol=https\nhost=h.example\n".to_vec();
    for _ in 0..200 {
        hostile.extend_from_slice(b"wwwauth[]=");
        hostile.resize(hostile.len() + 4000, b'x');
        hostile.push(b'\n');
    }
    c.bench_function("request/800 kB of headers", |b| {
        b.iter(|| Request::parse(black_box(&hostile)));
    });
    let credential = credential("https://github.com/team", "alice");
    let content = Buffer::from(item::Content::of(&credential).to_bytes());
    c.bench_function("item/decode", |b| b.iter(|| item::decode(black_box(&content))));
}

fn matching(c: &mut Criterion) {
    c.bench_function("context/host", |b| {
        b.iter(|| Context::of_host(black_box(b"https"), black_box(b"GitHub.com:443")));
    });
    let host = Context::of_host(b"https", b"github.com").unwrap();
    for (name, path) in [("2", "team/repo.git".to_owned()), ("32", ["a"; 32].join("/"))] {
        c.bench_function(&format!("context/answering {name} segments"), |b| {
            b.iter(|| host.answering(Some(black_box(path.as_bytes()))));
        });
    }
    let mut keychain = MemoryKeychain::default();
    for number in 0..1000 {
        let host = format!("https://h{number}.example/team");
        keychain.write(None, &credential(&host, "alice")).unwrap();
    }
    let policy = Policy { allow_http: false, now: 1_800_000_000 };
    let request =
        Request::parse(b"protocol=https\nhost=h500.example\npath=team/repo.git\n").unwrap();
    c.bench_function("get/among 1,000 in memory", |b| {
        b.iter(|| helper::get(black_box(&request), policy, &mut keychain));
    });
}

criterion_group!(benches, parsing, matching);
criterion_main!(benches);
