//! Every class of request that has hurt a credential helper, by its name: on the built binary,
//! with the kernel's keyring and with GNOME Keyring. The tables of `protocol` go further into
//! each rule; here whatever comes gets nothing, shows nothing and changes nothing.

use crate::support::desktop::Desktop;
use crate::support::kernel::Keys;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};

const TOKEN: &str = "ghp_TESTONLYvictim";
const OF_PORT: &str = "ghp_TESTONLYport8443";
const NEW: &str = "ghp_TESTONLYmallory";

/// Somebody with an account at `HOST`, one at its port 8443 and one below `team` of `SIX`.
struct Victim {
    home: Home,
    keychain: &'static str,
    keys: Keys,
    six: String,
    _keys_of_six: Keys,
}

enum Home {
    Server(Sandbox),
    Desktop(Desktop),
}

impl Victim {
    fn new(home: Home) -> Self {
        let keychain = match home {
            Home::Server(_) => "kernel",
            Home::Desktop(_) => "secret-service",
        };
        let keys = Keys::new();
        let [a, b, c] = keys.number();
        let six = format!("[2001:db8:{a:x}:{b:x}:{c:x}::1]");
        let victim = Self { _keys_of_six: Keys::labelled(&six), home, keychain, keys, six };
        for (place, token) in [
            ("host=HOST", TOKEN),
            ("host=HOST:8443", OF_PORT),
            ("host=SIX\npath=team", "ghp_TESTONLYteam"),
        ] {
            let account = format!("protocol=https\n{place}\nusername=alice\npassword={token}\n");
            victim.helper("store", account.as_bytes()).prints("");
        }
        let state = victim.state();
        assert!([TOKEN, OF_PORT, "ghp_TESTONLYteam"].iter().all(|t| state.contains(t)), "{state}");
        victim
    }

    fn sandbox(&self) -> &Sandbox {
        match &self.home {
            Home::Server(sandbox) => sandbox,
            Home::Desktop(desktop) => &desktop.sandbox,
        }
    }

    fn helper(&self, operation: &str, request: &[u8]) -> Ran {
        let mut command = self.sandbox().command(BINARY);
        command.args(["--keychain", self.keychain, operation]);
        run(command, &self.filled_in(request))
    }

    fn filled_in(&self, bytes: &[u8]) -> Vec<u8> {
        let host = self.keys.host("kiss");
        let mut filled = Vec::new();
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if let Some(after) = rest.strip_prefix(b"HOST") {
                filled.extend_from_slice(host.as_bytes());
                rest = after;
            } else if let Some(after) = rest.strip_prefix(b"SIX") {
                filled.extend_from_slice(self.six.as_bytes());
                rest = after;
            } else {
                filled.push(first);
                rest = &rest[1..];
            }
        }
        filled
    }

    /// All that is kept, as it is listed and as it is served.
    fn state(&self) -> String {
        let list = self.sandbox().helper(&["list", "--json", "--keychain", self.keychain], "");
        assert!(list.status.success(), "{list}");
        let listed = list.stdout();
        let mut state: Vec<&str> =
            listed.lines().filter(|line| line.contains(&self.keys.host("kiss"))).collect();
        let six = listed.matches(&self.six).count();
        state.sort_unstable();
        let served: String = ["host=HOST", "host=HOST:8443", "host=SIX\npath=team/x.git"]
            .map(|place| self.helper("get", format!("protocol=https\n{place}\n").as_bytes()))
            .map(|ran| format!("{ran:#}"))
            .concat();
        format!("{state:?} {six}\n{served}")
    }
}

/// With both keychains: a request gets nothing, and whatever operation it is sent with,
/// nothing is changed.
fn comes_to_nothing(requests: &[&[u8]]) {
    for home in [Home::Server(Sandbox::new()), Home::Desktop(Desktop::gnome_keyring())] {
        let victim = Victim::new(home);
        let before = victim.state();
        for request in requests {
            let with = |token: &str| {
                let names_one = request.windows(9).any(|w| w == b"username=");
                let name = if names_one { "" } else { "username=alice\n" };
                [format!("{name}password={token}\n").as_bytes(), request].concat()
            };
            for (operation, request) in [
                ("get", request.to_vec()),
                ("store", with(NEW)),
                ("erase", with(TOKEN)),
                ("erase", request.to_vec()),
            ] {
                let ran = victim.helper(operation, &request);
                let is_quiet = ran.stdout.is_empty() && !ran.stderr().contains("TESTONLY");
                assert!(is_quiet && matches!(ran.status.code(), Some(0 | 1)), "{operation}: {ran}");
                assert_eq!(ran.status.success(), ran.stderr.is_empty(), "{operation}: {ran}");
            }
        }
        assert_eq!(before, victim.state());
    }
}

/// With both keychains: these are other places, which have no token.
fn are_other_places(requests: &[&str]) {
    for home in [Home::Server(Sandbox::new()), Home::Desktop(Desktop::gnome_keyring())] {
        let victim = Victim::new(home);
        let before = victim.state();
        for request in requests {
            victim.helper("get", request.as_bytes()).prints("");
            let refused = format!("{request}username=alice\npassword={TOKEN}\n");
            if !request.contains("username=") {
                victim.helper("erase", refused.as_bytes()).prints("");
            }
        }
        assert_eq!(before, victim.state());
    }
}

#[test]
fn forged_lines_cve_2020_5260() {
    comes_to_nothing(&[
        b"protocol=https\nhost=evil.test\nhost=HOST\n",
        b"protocol=https\nhost=HOST\nhost=evil.test\n",
        b"protocol=https\nhost=evil.test%0ahost=HOST\n",
        b"protocol=https\nhost=evil.test\\nhost=HOST\n",
        b"protocol=https\nhost=HOST%0a\n",
        b"protocol=https\npath=x\nhost=evil.test\n\thost=HOST\n\thost\n",
    ]);
}

#[test]
fn requests_without_host_or_protocol_cve_2020_11008() {
    comes_to_nothing(&[
        b"",
        b"\n",
        b"protocol=https\n",
        b"host=HOST\n",
        b"protocol=https\nhost=\n",
        b"protocol=\nhost=HOST\n",
        b"protocol=https\npath=HOST\n",
        b"url=https://HOST/\n",
        b"protocol=https\nHost=HOST\n",
        b"protocol=https\nhost[]=HOST\n",
    ]);
}

/// git before 2.41 took the rest of a long header for a line of its own.
#[test]
fn folded_and_long_headers() {
    let long = |length: usize, rest: &str| {
        format!("protocol=https\nhost=evil.test\nwwwauth[]={}{rest}\n", "x".repeat(length))
    };
    let requests: Vec<String> = (1000..1030)
        .chain([4095, 4096, 8191, 65_535, 65_536])
        .flat_map(|length| [long(length, "host=HOST"), long(length, "\thost=HOST")])
        .collect();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    are_other_places(&requests);
    comes_to_nothing(&[
        b"protocol=https\nhost=evil.test\n HOST\n",
        b"protocol=https\nwwwauth[]=Basic\n realm\nhost=HOST\n",
    ]);
}

#[test]
fn carriage_returns_cve_2024_50338_cve_2024_52006_cve_2025_23040() {
    comes_to_nothing(&[
        b"protocol=https\nhost=evil.test\rhost=HOST\n",
        b"protocol=https\nhost=HOST\r\r\n",
        b"protocol=https\rhost=HOST\r",
        b"protocol=https\n\rhost=HOST\n",
        b"protocol=https\nhost=HOST\nusername=ali\rce\n",
        b"protocol=https\nhost=HOST\npath=a\rhost=HOST\n",
        b"protocol=https\nhost=evil.test\xE2\x80\xA8host=HOST\n",
        b"protocol=https\nhost=evil.test\xC2\x85host=HOST\n",
        b"protocol=https\nhost=evil.test\x0Bhost=HOST\n",
    ]);
}

#[test]
fn what_a_nul_would_cut() {
    comes_to_nothing(&[
        b"protocol=https\nhost=HOST\0.evil.test\n",
        b"protocol=https\0\nhost=HOST\n",
        b"protocol=https\nhost\0x=HOST\n",
        b"protocol=https\nhost=HOST\nusername=alice\0\n",
        b"protocol=https\nhost=HOST\npath=a\0b\n",
    ]);
}

#[test]
fn repeated_attributes_and_lines_that_are_none() {
    comes_to_nothing(&[
        b"protocol=https\nprotocol=https\nhost=HOST\n",
        b"protocol=https\nhost=HOST\nhost=HOST\n",
        b"protocol=https\nhost=HOST\nusername=alice\nusername=alice\n",
        b"protocol=https\nhost=HOST\nusername=alice\npassword=x\npassword=y\n",
        b"protocol=https\nhost=HOST\nx\n",
        b"protocol=https\nhost=HOST\n=x\n",
        b"protocol=https\nhost=HOST",
    ]);
}

#[test]
fn the_wrong_host_cve_2024_53858() {
    are_other_places(&[
        "protocol=https\nhost=evilHOST\n",
        "protocol=https\nhost=x.HOST\n",
        "protocol=https\nhost=HOST.evil.test\n",
        "protocol=https\nhost=HOST-evil.test\n",
        "protocol=https\nhost=test\n",
        "protocol=https\nhost=www.HOST\n",
        "protocol=http\nhost=HOST\n",
        "protocol=http\nhost=HOST:443\n",
        "protocol=ssh\nhost=HOST\n",
        "protocol=https\nhost=SIX\n",
        "protocol=https\nhost=SIX\npath=teams\n",
        "protocol=https\nhost=SIX\npath=team/../other\n",
        "protocol=https\nhost=SIX\npath=team/%2e%2E/other\n",
        "protocol=https\nhost=HOST\nusername=Alice\n",
        "protocol=https\nhost=HOST\nusername=\n",
    ]);
}

#[test]
fn an_authority_that_can_be_read_in_two_ways() {
    let hosts = [
        "evil.test\\@HOST",
        "HOST\\@evil.test",
        "alice@HOST",
        "alice:x@HOST",
        "HOST@evil.test",
        "HOST#",
        "HOST#@evil.test",
        "evil.test#@HOST",
        "HOST?",
        "evil.test?HOST",
        "HOST/",
        "HOST/x",
        "//HOST",
        "https://HOST",
        "HOST:443:443",
        "HOST:443:8443",
        "evil.test:443@HOST",
        "HOST:",
        "HOST.",
        ".HOST",
        " HOST",
        "HOST ",
        "HOST\t",
        "HOST%00",
        "*",
        "*.test",
        "[HOST]",
        "SIX]",
        "[SIX]",
        "SIX.",
        "SIXx",
        "[::1]HOST",
        "[2001:db8::1%25eth0]",
        "[2001:db8::1",
        "2001:db8::1",
    ];
    let requests: Vec<String> =
        hosts.iter().map(|host| format!("protocol=https\nhost={host}\n")).collect();
    comes_to_nothing(&requests.iter().map(String::as_bytes).collect::<Vec<_>>());
}

/// The victim's host has a `k`, an `i` and two `s`, which other letters are folded to.
#[test]
fn letters_that_look_alike_or_are_folded() {
    let lookalikes = |host: &str| {
        [
            host.replacen('k', "\u{212A}", 1),
            host.replacen('i', "\u{130}", 1),
            host.replacen('i', "\u{131}", 1),
            host.replacen("ss", "\u{DF}", 1),
            host.replacen('s', "\u{17F}", 1),
            host.replacen('k', "\u{FF4B}", 1),
            host.replacen('i', "\u{456}", 1),
            host.replace('.', "\u{3002}"),
            host.replace('.', "\u{FF0E}"),
            host.replacen('k', "k\u{AD}", 1),
            format!("\u{202E}{host}"),
            format!("{host}\u{200B}"),
            format!("{host}\u{FEFF}"),
        ]
    };
    for home in [Home::Server(Sandbox::new()), Home::Desktop(Desktop::gnome_keyring())] {
        let victim = Victim::new(home);
        let before = victim.state();
        for host in lookalikes(&victim.keys.host("kiss")) {
            for more in ["", "username=alice\npassword=ghp_TESTONLYvictim\n"] {
                let request = format!("protocol=https\nhost={host}\n{more}");
                for operation in ["get", "store", "erase"] {
                    victim.helper(operation, request.as_bytes()).prints("");
                }
            }
        }
        let upper = victim.keys.host("kiss").to_uppercase();
        let answer = victim.helper("get", format!("protocol=https\nhost={upper}\n").as_bytes());
        answer.prints(&format!("username=alice\npassword={TOKEN}\n"));
        assert_eq!(before, victim.state());
    }
}

#[test]
fn ports_that_wrap_around_or_are_written_otherwise() {
    let ports = [
        "65979",                // 65536 + 443
        "73979",                // 65536 + 8443
        "4294967739",           // 2^32 + 443
        "18446744073709552059", // 2^64 + 443
        "0",
        "0443",
        "+443",
        "-443",
        "443 ",
        " 443",
        "0x1bb",
        "443a",
        "\u{FF14}\u{FF14}\u{FF13}",
        "https",
    ];
    let requests: Vec<String> =
        ports.iter().map(|port| format!("protocol=https\nhost=HOST:{port}\n")).collect();
    comes_to_nothing(&requests.iter().map(String::as_bytes).collect::<Vec<_>>());
}

/// A search of the Secret Service finds what has at least the attributes asked for.
#[test]
fn each_port_has_its_own_token_and_no_other_ports() {
    for home in [Home::Server(Sandbox::new()), Home::Desktop(Desktop::gnome_keyring())] {
        let victim = Victim::new(home);
        for name in ["", "username=alice\n"] {
            for (host, token) in [("HOST", TOKEN), ("HOST:443", TOKEN), ("HOST:8443", OF_PORT)] {
                let request = format!("protocol=https\nhost={host}\n{name}");
                let answer = format!("username=alice\npassword={token}\n");
                victim.helper("get", request.as_bytes()).prints(&answer);
            }
            for host in ["HOST:8444", "HOST:80", "HOST:844"] {
                let request = format!("protocol=https\nhost={host}\n{name}");
                victim.helper("get", request.as_bytes()).prints("");
            }
        }
        // The refused and the deleted one do not uncover the other.
        let refused = format!("protocol=https\nhost=HOST\nusername=alice\npassword={TOKEN}\n");
        victim.helper("erase", refused.as_bytes()).prints("");
        victim.helper("get", b"protocol=https\nhost=HOST\n").prints("");
        victim.helper("erase", b"protocol=https\nhost=HOST:8443\n").prints("");
        victim.helper("get", b"protocol=https\nhost=HOST:8443\n").prints("");
    }
}

/// By another program that knows how our items are made.
#[test]
fn planted_line_ends_and_nuls_and_other_places_tokens() {
    let desktop = Desktop::gnome_keyring();
    let attributes =
        ["xdg:schema", "io.github.git_credential_pat.Token", "context", "https://h.example"];
    let plant = [&["store", "--label=planted"][..], &attributes, &["username", "alice"]].concat();
    for content in [
        "a\rb\ncontext=https://h.example\nusername=alice\n",
        "t\ncontext=https://h.example\nusername=ali\rce\n",
        "t\ncontext=https://h.example\nusername=alice\noauth_refresh_token=a\rb\n",
        "t\ncontext=https://h.example\nusername=alice\nhost\n",
        "ghp_TESTONLYx\ncontext=https://other.example\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://h.example:8443\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://h.example/team\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=http://h.example\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://x.example\ncontext=https://h.example\nusername=alice\n",
        "ghp_TESTONLYx",
    ] {
        let planted = desktop.tool("secret-tool", "libsecret-tools", &plant, content.as_bytes());
        assert!(planted.status.success(), "{planted}");
        for request in ["", "username=alice\n", "capability[]=authtype\n", "path=team/x\n"] {
            let request = format!("protocol=https\nhost=h.example\n{request}");
            let ran = desktop.sandbox.helper(&["--keychain", "secret-service", "get"], request);
            ran.fails(1, "get: the account's item in the keychain is damaged");
            assert!(!ran.stderr().contains("TESTONLY"), "{content:?}: {ran}");
        }
    }
}
