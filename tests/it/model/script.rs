//! What a script is made of: few hosts, paths, names and tokens, so that steps meet.

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// A place as git gives it.
#[derive(Clone, Debug)]
pub struct Place {
    pub host: &'static str,
    pub port: Option<u16>,
    /// Whether the host is written in capitals.
    pub shouted: bool,
    pub path: &'static str,
}

impl Place {
    /// The host's attribute, made of the host's whole name.
    pub fn host_as_typed(&self, whole: impl Fn(&str) -> String) -> String {
        let host = whole(self.host);
        let host = if self.shouted { host.to_uppercase() } else { host };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    Get {
        at: Place,
        name: Option<&'static str>,
        understands_schemes: bool,
    },
    Store {
        at: Place,
        name: Option<&'static str>,
        token: &'static str,
        scheme: Option<&'static str>,
        /// Seconds after the script's start.
        expiry: Option<u32>,
    },
    Erase {
        at: Place,
        name: Option<&'static str>,
        token: Option<&'static str>,
    },
    LogInForAnyName {
        at: Place,
        name: &'static str,
        token: &'static str,
    },
    Wait {
        seconds: u32,
    },
}

const PATHS: [&str; 10] = [
    "",
    "",
    "",
    "org",
    "org/repo",
    "org/repo.git",
    "org/repo.git/info/lfs",
    "org/repository",
    "org/../repo",
    "org/..git",
];

const TOKENS: [&str; 3] = ["ghp_TESTONLY1", "ghp_TESTONLY2", "ghp_TESTONLY1x"];

fn place() -> impl Strategy<Value = Place> {
    let host = select(vec!["h", "h", "h", "other"]);
    let port = select(vec![None, None, None, Some(443), Some(8443)]);
    (host, port, any::<bool>(), select(&PATHS[..])).prop_map(|(host, port, shouted, path)| Place {
        host,
        port,
        shouted,
        path,
    })
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["alice", "alice", "bob", "Alice", ""])
}

fn token() -> impl Strategy<Value = &'static str> {
    select(&TOKENS[..])
}

/// One step; half of them ask.
pub fn step() -> impl Strategy<Value = Step> {
    let names = || option::of(name());
    let get = (place(), names(), any::<bool>())
        .prop_map(|(at, name, understands_schemes)| Step::Get { at, name, understands_schemes });
    let scheme = prop_oneof![4 => Just(None), 1 => Just(Some("Bearer"))];
    let expiry = prop_oneof![2 => Just(None), 1 => select(vec![50, 100, 10_000]).prop_map(Some)];
    let store = (place(), names(), token(), scheme, expiry).prop_map(
        |(at, name, token, scheme, expiry)| Step::Store { at, name, token, scheme, expiry },
    );
    let erase = (place(), names(), option::of(token())).prop_map(|(at, name, token)| Step::Erase {
        at,
        name,
        token,
    });
    let any_name = (place(), name(), token()).prop_map(|(at, name, token)| Step::LogInForAnyName {
        at,
        name,
        token,
    });
    let wait = select(vec![1, 50]).prop_map(|seconds| Step::Wait { seconds });
    prop_oneof![10 => get, 6 => store, 3 => erase, 1 => any_name, 1 => wait]
}
