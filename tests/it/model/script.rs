//! The steps of a script: there are few hosts, paths, names and tokens, so that steps meet.

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Protocol, host, port and path as git gives them.
#[derive(Clone, Debug)]
pub struct Place {
    pub host: &'static str,
    pub port: Option<u16>,
    /// Whether the host is written in capitals.
    pub shouted: bool,
    pub path: &'static str,
}

impl Place {
    /// Returns the host's attribute, made from the host's whole name.
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
        /// The expiry, in seconds after the script's start.
        expiry: Option<u32>,
        refresh: Option<&'static str>,
    },
    Erase {
        at: Place,
        name: Option<&'static str>,
        token: Option<&'static str>,
    },
    /// A person logs in.
    LogIn {
        at: Place,
        name: &'static str,
        token: &'static str,
        for_any_name: bool,
    },
    /// A person restores an account.
    Restore {
        at: Place,
        name: Option<&'static str>,
    },
    /// A rotation of an account's token comes so far.
    Rotate {
        at: Place,
        name: &'static str,
        to: Stage,
    },
    Wait {
        seconds: u32,
    },
}

/// How far a rotation comes.
#[derive(Clone, Debug)]
pub enum Stage {
    /// Its note is written.
    Begun,
    /// The new token is here; the old one has ended, or lives on.
    Answered { token: &'static str, ends: bool },
    /// The new one is good; the old one is kept until it is revoked, or is not.
    Ended { keeps: bool },
}

/// Each path stands here as often as it should be met: most steps are about one path.
const PATHS: [&str; 16] = [
    "",
    "",
    "",
    "",
    "",
    "",
    "org",
    "org",
    "org/repo",
    "org/repo",
    "org/repo.git",
    "org/repo.git/info/lfs",
    "org/repo.git/info/lfs",
    "org/repository",
    "org/../repo",
    "org/..git",
];

fn place() -> impl Strategy<Value = Place> {
    let host = prop_oneof![12 => Just("h"), 1 => Just("other")];
    let port = prop_oneof![8 => Just(None), 2 => Just(Some(443)), 1 => Just(Some(8443))];
    (host, port, any::<bool>(), select(&PATHS[..])).prop_map(|(host, port, shouted, path)| Place {
        host,
        port,
        shouted,
        path,
    })
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just("alice"), 3 => Just("bob"), 1 => Just("Alice"), 2 => Just("")]
}

fn token() -> impl Strategy<Value = &'static str> {
    let often = select(vec!["ghp_TESTONLY1", "ghp_TESTONLY2"]);
    prop_oneof![6 => often, 2 => Just("ghp_TESTONLY3"), 1 => Just("ghp_TESTONLY1x")]
}

/// Makes one step; half of the steps are gets.
pub fn step() -> impl Strategy<Value = Step> {
    let names = || option::of(name());
    let get = (place(), names(), any::<bool>())
        .prop_map(|(at, name, understands_schemes)| Step::Get { at, name, understands_schemes });
    let scheme = prop_oneof![4 => Just(None), 1 => Just(Some("Bearer"))];
    let expiry = prop_oneof![2 => Just(None), 1 => select(vec![50, 200, 10_000]).prop_map(Some)];
    let refresh = prop_oneof![3 => Just(None), 1 => select(vec!["r1", "r2"]).prop_map(Some)];
    let stored = prop_oneof![12 => token(), 1 => Just("")];
    let store = (place(), names(), stored, scheme, expiry, refresh).prop_map(
        |(at, name, token, scheme, expiry, refresh)| Step::Store {
            at,
            name,
            token,
            scheme,
            expiry,
            refresh,
        },
    );
    let erase = (place(), names(), option::of(token())).prop_map(|(at, name, token)| Step::Erase {
        at,
        name,
        token,
    });
    let for_any_name = prop_oneof![3 => Just(false), 1 => Just(true)];
    let login = (place(), name(), token(), for_any_name)
        .prop_map(|(at, name, token, for_any_name)| Step::LogIn { at, name, token, for_any_name });
    let restore = (place(), names()).prop_map(|(at, name)| Step::Restore { at, name });
    let stage = prop_oneof![
        3 => Just(Stage::Begun),
        3 => (token(), any::<bool>()).prop_map(|(token, ends)| Stage::Answered { token, ends }),
        2 => any::<bool>().prop_map(|keeps| Stage::Ended { keeps }),
    ];
    let rotate = (place(), name(), stage).prop_map(|(at, name, to)| Step::Rotate { at, name, to });
    // A rare wait is more than half of the time after which a refused token is gone.
    let seconds = prop_oneof![6 => select(vec![1, 50, 100]), 1 => Just(20 * 24 * 60 * 60)];
    let wait = seconds.prop_map(|seconds| Step::Wait { seconds });
    prop_oneof![10 => get, 7 => store, 4 => erase, 3 => login, 1 => restore, 4 => rotate, 2 => wait]
}
