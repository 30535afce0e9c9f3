//! Every class of request that has hurt a credential helper, by its name: one table, run on the
//! built binary with each keychain. Such a request gets nothing, shows nothing and changes nothing.
//!
//! The tables of `protocol` say what well-meant requests mean.

#[cfg(target_os = "linux")]
mod gnome_keyring;
mod hosts;
mod lines;
mod without_desktop;

use crate::support::home::Home;
use crate::support::sandbox::Ran;

const TOKEN: &str = "ghp_TESTONLYvictim";
const OF_PORT: &str = "ghp_TESTONLYport8443";
const OF_TEAM: &str = "ghp_TESTONLYteam";
/// A secret that is sent, and may never be shown.
const SECRET: &str = "ghp_TESTONLYsecret";

const MEBIBYTE: usize = 1024 * 1024;

/// A person with an account at `HOST`, one at its port 8443 and one below `team` of `SIX`.
struct Victim {
    home: Home,
    state: String,
}

impl Victim {
    /// The host has a `k`, an `i` and two `s`, to which other letters are folded.
    fn new(mut home: Home) -> Self {
        home.host = home.keys.host("kiss");
        for (place, token) in
            [("host=HOST", TOKEN), ("host=HOST:8443", OF_PORT), ("host=SIX path=team", OF_TEAM)]
        {
            let account = format!("protocol=https {place} username=alice password={token}");
            home.answers("store", &account, "");
        }
        home.mark_unwritten();
        let mut victim = Self { home, state: String::new() };
        victim.state = victim.state();
        let is_whole = [TOKEN, OF_PORT, OF_TEAM].iter().all(|token| victim.state.contains(token));
        assert!(is_whole, "{}", victim.state);
        victim
    }

    /// Returns all accounts, as they are listed and as they are served.
    fn state(&self) -> String {
        let list = ["list", "--json", "--keychain", self.home.keychain];
        let list = self.home.sandbox.helper(&list, "");
        assert!(list.status.success(), "{list}");
        let listed = list.stdout();
        let six = self.home.fill("SIX");
        let is_ours = |line: &&str| line.contains(&self.home.host) || line.contains(&six);
        let mut state: Vec<&str> = listed.lines().filter(is_ours).collect();
        state.sort_unstable();
        let served = ["host=HOST", "host=HOST:8443", "host=SIX path=team/x.git"]
            .map(|place| self.home.lines(&format!("protocol=https {place}")))
            .map(|request| self.home.operation("get", request).to_string());
        format!("{state:?}\n{}", served.concat())
    }

    #[track_caller]
    fn is_unharmed(&self, by: &str) {
        assert_eq!(self.state, self.state(), "after: {by}");
        assert!(self.home.is_unwritten(), "written by: {by}");
    }

    /// Returns the request with this victim's names.
    fn fill(&self, request: &[u8]) -> Vec<u8> {
        let host = &self.home.host;
        let names = [
            ("SECRET", SECRET.to_owned()),
            ("SHOUTED", host.to_uppercase()),
            ("HEAD", host.trim_end_matches(".test").to_owned()),
            ("TAIL", host.trim_start_matches("kiss").to_owned()),
        ];
        let request = names.iter().fold(request.to_vec(), |request, (name, value)| {
            let parts = split(&request, name.as_bytes());
            parts.join(value.as_bytes())
        });
        self.home.fill_bytes(&request)
    }

    /// Expects that no operation with this request does or says anything.
    #[track_caller]
    fn passes_over(&self, request: &[u8]) {
        let with_name = [request, b"username=alice\n"].concat();
        let refused = [format!("username=alice\npassword={TOKEN}\n").as_bytes(), request].concat();
        // The host in the name would show such an account, wherever it is filed.
        let stored = [&self.fill(b"username=HOST\npassword=SECRET\n")[..], request].concat();
        for (operation, request) in [
            ("get", request),
            ("get", &with_name),
            ("store", &stored),
            ("erase", &refused),
            ("erase", request),
        ] {
            self.home.operation(operation, request).prints("");
        }
    }
}

/// Returns the pieces of some bytes between the occurrences of others.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while let Some(found) = rest.windows(at.len()).position(|window| window == at) {
        pieces.push(&rest[..found]);
        rest = &rest[found + at.len()..];
    }
    pieces.push(rest);
    pieces
}

/// A refusal is one fixed line on stderr, exit status 1, nothing on stdout, and not a word of the
/// request, which may be a secret.
fn what_is_no_request_is_refused(home: Home) {
    let victim = Victim::new(home);
    let shows_nothing = |ran: &Ran| {
        let said = ran.stderr();
        let is_short = said.lines().count() == 1;
        assert!(is_short && !said.contains("ghp_") && !said.contains(&victim.home.host), "{ran}");
    };
    for (class, requests) in lines::REFUSED {
        for (request, message) in *requests {
            let request = victim.fill(request);
            for operation in ["get", "store", "erase"] {
                let ran = victim.home.operation(operation, &request);
                ran.fails(1, &format!("git-credential-pat: {operation}: {message}\n"));
                shows_nothing(&ran);
            }
            // A request that begins well is refused as well.
            let account = format!("username=alice\npassword={TOKEN}\n");
            if split(&request, b"username=").len() == 1 {
                for operation in ["store", "erase"] {
                    let request = [account.as_bytes(), &request].concat();
                    let ran = victim.home.operation(operation, request);
                    ran.fails(1, &format!("git-credential-pat: {operation}: line "));
                    shows_nothing(&ran);
                }
            }
        }
        victim.is_unharmed(class);
    }
}

fn what_names_no_place_is_passed_over(home: Home) {
    let victim = Victim::new(home);
    for (class, requests) in lines::PASSED_OVER {
        for request in *requests {
            victim.passes_over(&victim.fill(request));
        }
        victim.is_unharmed(class);
    }
}

fn a_host_outside_the_grammar_is_no_host(home: Home) {
    let victim = Victim::new(home);
    for (class, hosts) in hosts::HOSTS {
        for host in *hosts {
            victim.passes_over(&victim.fill(format!("protocol=https\nhost={host}\n").as_bytes()));
        }
        victim.is_unharmed(class);
    }
    for (before, after) in hosts::BYTES {
        let request = [b"protocol=https\nhost=", *before, b"HOST", after, b"\n"].concat();
        victim.passes_over(&victim.fill(&request));
    }
    victim.is_unharmed("bytes that are no text");
}

fn another_protocol_is_none_of_ours(home: Home) {
    let victim = Victim::new(home);
    for protocol in hosts::PROTOCOLS {
        let request = format!("protocol={protocol}\nhost=HOST\n");
        victim.passes_over(&victim.fill(request.as_bytes()));
    }
    victim.is_unharmed("another protocol");
}

/// Such a request could have a token of its own, and has none.
fn what_lies_beside_an_account_is_another_place(home: Home) {
    let victim = Victim::new(home);
    let has_nothing = |request: &str| {
        victim.home.operation("get", request).prints("");
        if !request.contains("username=") {
            let refused = format!("{request}username=alice\npassword={TOKEN}\n");
            victim.home.operation("erase", refused).prints("");
        }
    };
    for (class, requests) in lines::BESIDE {
        for request in *requests {
            has_nothing(&victim.home.lines(request));
        }
        victim.is_unharmed(class);
    }
    // git before 2.41 took the rest of a long header for a line of its own.
    for length in (1000..1030)
        .chain([4095, 4096, 8191, 8192, 16_383, 16_384, 60_000, 65_535, 65_536, 500_000])
    {
        for rest in ["host=HOST", "\thost=HOST"] {
            let header = format!("wwwauth[]={}{rest}", "x".repeat(length));
            let request = format!("protocol=https\nhost=evil.test\n{header}\n");
            has_nothing(&victim.home.fill(&request));
        }
    }
    victim.is_unharmed("a long header, cut in two");
}

fn what_is_strange_and_sound_is_answered(home: Home) {
    let victim = Victim::new(home);
    let answer = format!("username=alice\npassword={TOKEN}\n");
    for (class, request) in lines::SOUND {
        let ran = victim.home.operation("get", victim.fill(request));
        let is_answered = ran.status.success() && ran.stdout == answer.as_bytes();
        assert!(is_answered && ran.stderr.is_empty(), "{class}\n{ran}");
    }
    victim.is_unharmed("what is strange and sound");
}

fn long_lines_are_whole_lines(home: Home) {
    let victim = Victim::new(home);
    let gets = |request: String| victim.home.operation("get", victim.home.fill(&request));
    let answer = format!("username=alice\npassword={TOKEN}\n");
    let ours = "protocol=https\nhost=HOST\n";
    for length in [1000, 1023, 1024, 4095, 8192, 16_383, 16_384, 60_000, 65_535, 500_000] {
        let long = "x".repeat(length);
        gets(format!("wwwauth[]=Basic realm=\"{long}\"\n{ours}other={long}\n")).prints(&answer);
        gets(format!("{ours}username={long}\n")).prints("");
        gets(format!("{ours}path={long}\n")).prints(&answer);
        gets(format!("protocol=https\nhost=HOST.{long}\n")).prints("");
    }
    victim.is_unharmed("long lines");
}

fn a_request_may_have_one_mebibyte_and_no_more(home: Home) {
    let victim = Victim::new(home);
    let with_length = |length: usize| {
        let ours = victim.home.lines("protocol=https host=HOST") + "wwwauth[]=";
        let filling = "x".repeat(length - ours.len() - 1);
        format!("{ours}{filling}\n")
    };
    let whole = victim.home.operation("get", with_length(MEBIBYTE));
    whole.prints(&format!("username=alice\npassword={TOKEN}\n"));
    let credential = format!("username=alice\npassword={SECRET}\n");
    for operation in ["get", "store", "erase"] {
        let ran = victim.home.operation(operation, with_length(MEBIBYTE + 1));
        ran.fails(1, "the request is longer than 1 MiB");
        let long = credential.clone() + &with_length(8 * MEBIBYTE);
        let ran = victim.home.operation(operation, long);
        ran.fails(1, "the request is longer than 1 MiB");
        assert!(!ran.stderr().contains("ghp_"), "{}", ran.stderr());
    }
    victim.is_unharmed("more than a mebibyte");
}

/// A search of the Secret Service finds items with at least the attributes asked for.
fn each_port_has_its_own_token_and_no_other_ports(home: Home) {
    let Victim { home, .. } = Victim::new(home);
    for name in ["", " username=alice"] {
        for (host, token) in [("HOST", TOKEN), ("HOST:443", TOKEN), ("HOST:8443", OF_PORT)] {
            let answer = format!("username=alice password={token}");
            home.answers("get", &format!("protocol=https host={host}{name}"), &answer);
        }
        for host in ["HOST:8444", "HOST:80", "HOST:844"] {
            home.answers("get", &format!("protocol=https host={host}{name}"), "");
        }
    }
    // The refused account and the one put away do not uncover the other.
    let refused = format!("protocol=https host=HOST username=alice password={TOKEN}");
    home.answers("erase", &refused, "");
    home.answers("get", "protocol=https host=HOST", "");
    home.answers("erase", "protocol=https host=HOST:8443", "");
    home.answers("get", "protocol=https host=HOST:8443", "");
}
