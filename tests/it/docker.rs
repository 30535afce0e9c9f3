//! docker's protocol: as it is written, and as real clients of a real registry use it.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;

use crate::support::home::Home;
use crate::support::kernel::Keys;
use crate::support::program::program;
use crate::support::registry::Registry;
use crate::support::sandbox::{Ran, Sandbox};
use std::fs;

const TOKEN: &str = "ghp_TESTONLYq7Rk2Zb9LxV3mN8pWd5sYc1Ga6Hj";
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// Makes a person whose helper has docker's name, too.
fn home() -> Home {
    Home::new().with_docker()
}

fn docker(home: &Home, action: &str, stdin: &str) -> Ran {
    home.sandbox.run(home.sandbox.path("bin/docker-credential-pat"), &[action], stdin.as_bytes())
}

/// Expects this message on standard output, where docker looks for it.
#[track_caller]
fn fails(ran: &Ran, said: &str) {
    let so = ran.status.code() == Some(1) && ran.stdout() == said && ran.stderr.is_empty();
    assert!(so, "expected {said:?}\n{ran}");
}

const NO_TOKEN: &str = "git-credential-pat: docker sent no token: nothing is stored\n";

fn entry(server: &str, user: &str, token: &str) -> String {
    format!("{{\"ServerURL\":\"{server}\",\"Username\":\"{user}\",\"Secret\":\"{token}\"}}\n")
}

#[test]
fn what_is_stored_is_got_listed_and_erased() {
    let home = home();
    let server = home.keys.host("registry");
    fails(&docker(&home, "get", &server), NOT_FOUND);
    docker(&home, "store", &entry(&server, "alice", TOKEN)).prints("");
    for name in [server.clone(), format!("https://{server}"), format!("https://{server}/v2/\n")] {
        docker(&home, "get", &name).prints(&entry(name.trim(), "alice", TOKEN));
    }
    let list = docker(&home, "list", "").stdout();
    assert!(list.contains(&format!("\"{server}\":\"alice\"")), "{list}");
    docker(&home, "erase", &server).prints("");
    fails(&docker(&home, "get", &server), NOT_FOUND);
    docker(&home, "erase", &server).prints("");
    assert_eq!(home.keys.accounts(), [""; 0]);
}

#[test]
fn a_registry_has_one_account_and_an_equal_one_is_not_written_again() {
    let home = home();
    let server = home.keys.host("registry");
    docker(&home, "store", &entry(&server, "alice", TOKEN)).prints("");
    home.keys.mark_unwritten();
    docker(&home, "store", &entry(&server, "alice", TOKEN)).prints("");
    assert!(home.keys.are_unwritten());
    docker(&home, "store", &entry(&server, "bob", "ghp_TESTONLY2")).prints("");
    docker(&home, "get", &server).prints(&entry(&server, "bob", "ghp_TESTONLY2"));
    assert_eq!(home.keys.accounts().len(), 1);
}

#[test]
fn a_registrys_account_is_not_gits_nor_the_reverse() {
    let home = home();
    let host = home.keys.host("both");
    let request = format!("protocol=https\nhost={host}\n");
    let account = format!("{request}username=alice\npassword=ghp_TESTONLYgit\n");
    home.sandbox.helper(&["store"], account).prints("");
    fails(&docker(&home, "get", &host), NOT_FOUND);
    docker(&home, "store", &entry(&host, "bob", TOKEN)).prints("");
    home.sandbox.helper(&["get"], &request).prints("username=alice\npassword=ghp_TESTONLYgit\n");
    docker(&home, "erase", &host).prints("");
    home.sandbox.helper(&["get"], &request).prints("username=alice\npassword=ghp_TESTONLYgit\n");
    for protocol in ["docker", "Docker"] {
        docker(&home, "store", &entry(&host, "bob", TOKEN)).prints("");
        let request = format!("protocol={protocol}\nhost={host}\n");
        home.sandbox.helper(&["get"], &request).prints("");
        home.sandbox.helper(&["erase"], &request).prints("");
    }
    docker(&home, "get", &host).prints(&entry(&host, "bob", TOKEN));
}

#[test]
fn a_registry_answers_for_exactly_its_name() {
    let home = home();
    let host = home.keys.host("registry");
    docker(&home, "store", &entry(&format!("{host}:5000"), "alice", TOKEN)).prints("");
    for other in
        [host.clone(), format!("{host}:443"), format!("{host}:5000/team"), format!("x.{host}:5000")]
    {
        fails(&docker(&home, "get", &other), NOT_FOUND);
    }
}

#[test]
fn what_cannot_be_understood_is_an_error_that_shows_nothing_of_it() {
    let home = home();
    fails(&docker(&home, "get", ""), "no credentials server URL\n");
    fails(&docker(&home, "store", &entry("", "a", TOKEN)), "no credentials server URL\n");
    fails(&docker(&home, "store", &entry("h.example", "", TOKEN)), "no credentials username\n");
    for (action, stdin) in [
        ("store", format!("{{\"ServerURL\":\"h.example\",\"Secret\":\"{TOKEN}")),
        ("store", entry("h.example", "al\\nice", TOKEN)),
        ("store", entry("u:p@h.example", "alice", TOKEN)),
        ("store", "x".repeat(300_000)),
        ("get", "h.example\nghp_TESTONLY".to_owned()),
        (TOKEN, String::new()),
    ] {
        let ran = docker(&home, action, &stdin);
        let said = ran.stdout();
        assert!(ran.status.code() == Some(1) && said.lines().count() == 1, "{ran}");
        assert!(!said.contains("TESTONLY") && ran.stderr.is_empty(), "{ran}");
    }
}

#[test]
fn a_token_of_any_characters_is_itself_in_json() {
    let home = home();
    let host = home.keys.host("registry");
    let stored = entry(&host, "al\\\"ice", "a\\\\b\\u00e9\\t<c>");
    docker(&home, "store", &stored).prints("");
    let got = entry(&host, "al\\\"ice", "a\\\\b\u{e9}\\t<c>");
    docker(&home, "get", &host).prints(&got);
}

fn login(home: &Home, line: &str, token: &str) -> Ran {
    home.types(&format!("login --with-token {line}"), token)
}

#[test]
fn a_registry_may_be_given_a_hosts_token_whatever_it_is_by_then() {
    let home = home();
    let (host, server) = (home.keys.host("git"), home.keys.host("registry"));
    let url = format!("https://{host}");
    let ran = login(&home, &format!("--username alice --also {server} {url}"), TOKEN);
    assert!(ran.status.success() && ran.stderr().contains("gets this account's token, too"));
    docker(&home, "get", &server).prints(&entry(&server, "alice", TOKEN));
    // docker stores the account that it got.
    home.keys.mark_unwritten();
    docker(&home, "store", &entry(&server, "alice", TOKEN)).prints("");
    assert!(home.keys.are_unwritten());
    let list = docker(&home, "list", "").stdout();
    assert!(list.contains(&format!("\"{server}\":\"alice\"")), "{list}");
    let list = home.sandbox.helper(&["list"], "").stdout();
    assert!(list.contains(&format!("that of {url}")), "{list}");

    login(&home, &format!("--replace --username alice {url}"), "ghp_TESTONLYnext");
    docker(&home, "get", &server).prints(&entry(&server, "alice", "ghp_TESTONLYnext"));
    let account = format!("protocol=https\nhost={host}\nusername=alice\n");
    let rejected = format!("{account}password=ghp_TESTONLYnext\n");
    home.sandbox.helper(&["erase"], rejected).prints("");
    fails(&docker(&home, "get", &server), NOT_FOUND);
    login(&home, &format!("--username alice {url}"), TOKEN);

    let ran = home.sandbox.helper(&["logout", &format!("docker://{server}")], "");
    assert!(ran.status.success() && !ran.stderr().contains("revoke"), "{ran}");
    fails(&docker(&home, "get", &server), NOT_FOUND);
    let request = format!("{account}\n");
    home.sandbox.helper(&["get"], request).prints(&format!("username=alice\npassword={TOKEN}\n"));
}

#[test]
fn an_empty_token_is_refused_and_the_one_that_is_there_stays() {
    let home = home();
    let server = home.keys.host("registry");
    fails(&docker(&home, "store", &entry(&server, "alice", "")), NO_TOKEN);
    assert!(home.keys.accounts().is_empty());
    docker(&home, "store", &entry(&server, "alice", TOKEN)).prints("");
    fails(&docker(&home, "store", &entry(&server, "alice", "")), NO_TOKEN);
    docker(&home, "get", &server).prints(&entry(&server, "alice", TOKEN));
}

#[test]
fn a_link_hands_out_no_token_of_an_account_that_git_made() {
    let home = home();
    let (host, server) = (home.keys.host("git"), home.keys.host("registry"));
    let url = format!("https://{host}");
    login(&home, &format!("--username alice --also {server} {url}"), TOKEN);
    let store = |token: &str| {
        let account = format!("protocol=https\nhost={host}\nusername=alice\n");
        home.sandbox.helper(&["store"], format!("{account}password={token}\n")).prints("");
    };
    store("ghp_TESTONLYjunk");
    docker(&home, "get", &server).prints(&entry(&server, "alice", TOKEN));
    home.sandbox.helper(&["logout", &url], "");
    store("ghp_TESTONLYjunk");
    fails(&docker(&home, "get", &server), NOT_FOUND);
}

#[test]
fn a_registrys_own_token_is_not_lost_to_a_link() {
    let home = home();
    let (host, server) = (home.keys.host("git"), home.keys.host("registry"));
    docker(&home, "store", &entry(&server, "robot", "ghp_TESTONLYown")).prints("");
    let line = format!("--username alice --also {server} https://{host}");
    let ran = login(&home, &line, TOKEN);
    assert!(!ran.status.success() && ran.stderr().contains("add --replace"), "{ran}");
    assert_eq!(home.keys.accounts().len(), 1, "nothing was stored");
    docker(&home, "get", &server).prints(&entry(&server, "robot", "ghp_TESTONLYown"));
    let ran = login(&home, &format!("--replace {line}"), TOKEN);
    assert!(ran.status.success(), "{ran}");
    docker(&home, "get", &server).prints(&entry(&server, "alice", TOKEN));
    assert_eq!(home.keys.accounts().len(), 2);
    // In the other direction, a login at the registry makes a token for the registry alone.
    docker(&home, "store", &entry(&server, "alice", "ghp_TESTONLYown")).prints("");
    docker(&home, "get", &server).prints(&entry(&server, "alice", "ghp_TESTONLYown"));
    let request = format!("protocol=https\nhost={host}\n");
    home.sandbox.helper(&["get"], request).prints(&format!("username=alice\npassword={TOKEN}\n"));
}

#[test]
fn a_token_that_the_registry_will_refuse_is_warned_of() {
    let home = Home::with_gnome_keyring();
    let token = "github_pat_TESTONLYTESTONLYTESTON_TESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTESOH2S2SW5TESTONLY";
    let ran = login(&home, "--offline --username alice --also ghcr.io https://github.com", token);
    assert!(ran.stderr().contains("ghcr.io takes classic ones only"), "{ran}");
    for name in ["ftp://ghcr.io", "a@ghcr.io", TOKEN] {
        let ran = login(&home, &format!("--also {name} https://h.example"), TOKEN);
        assert!(!ran.status.success() && !ran.stderr().contains("TESTONLY"), "{ran}");
    }
}

#[test]
fn a_push_takes_the_token_by_its_link() {
    let mut home = home();
    let registry = Registry::start("alice", TOKEN);
    let _keys = Keys::labelled(&registry.name());
    let config = home.sandbox.path("auth.json");
    let text = format!("{{\"credHelpers\":{{\"{}\":\"pat\"}}}}", registry.name());
    fs::write(&config, text).unwrap();
    home.sandbox.set("REGISTRY_AUTH_FILE", config.to_str().unwrap());
    let (name, image) = (registry.name(), image(&home.sandbox));
    let certificates = registry.certificates().display().to_string();
    let line = format!("--username alice --also {name} https://{}", home.keys.host("git"));
    let ran = login(&home, &line, TOKEN);
    assert!(ran.status.success(), "{ran}");
    let push = format!("copy --dest-cert-dir {certificates} {image} docker://{name}/team/image:1");
    let words: Vec<&str> = push.split(' ').collect();
    let ran = home.sandbox.run(program("skopeo", "skopeo"), &words, b"");
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn a_registry_without_encryption_does_not_get_a_hosts_token() {
    let home = home();
    let (host, server) = (home.keys.host("git"), home.keys.host("registry"));
    let url = format!("https://{host}");
    let ran = login(&home, &format!("--username alice --also http://{server} {url}"), TOKEN);
    assert!(ran.status.code() == Some(2) && home.keys.accounts().is_empty(), "{ran}");
    let ran = login(&home, &format!("--username alice --also {server} {url}"), TOKEN);
    assert!(ran.status.success(), "{ran}");
    let open = format!("http://{server}");
    for name in [open.clone(), format!("{open}:80"), format!("{open}/v2/")] {
        fails(&docker(&home, "get", &name), NOT_FOUND);
    }
    for name in [server.clone(), format!("https://{server}/v1/")] {
        docker(&home, "get", &name).prints(&entry(&name, "alice", TOKEN));
    }
    // A login at the registry makes a token for the registry alone, even if it is the same one.
    docker(&home, "store", &entry(&open, "alice", TOKEN)).prints("");
    docker(&home, "get", &open).prints(&entry(&open, "alice", TOKEN));
    docker(&home, "store", &entry(&server, "alice", "ghp_TESTONLYown")).prints("");
    fails(&docker(&home, "get", &open), NOT_FOUND);
}

#[test]
fn a_key_of_several_lines_is_kept_whole_and_listed_as_it_was_stored() {
    let home = home();
    let server = format!("https://{}/", home.keys.host("registry"));
    let key = r#"{\n  \"type\": \"service_account\",\n  \"private_key\": \"TESTONLY\\n\"\n}\n"#;
    docker(&home, "store", &entry(&server, "_json_key", key)).prints("");
    docker(&home, "get", &server).prints(&entry(&server, "_json_key", key));
    let list = docker(&home, "list", "").stdout();
    assert!(list.contains(&format!("\"{server}\":\"_json_key\"")), "{list}");
    let list = home.sandbox.helper(&["list"], "").stdout();
    assert!(list.contains("_json_key") && !list.contains("TESTONLY"), "{list}");
}

/// Makes an image of one file, as a folder in OCI's layout.
fn image(sandbox: &Sandbox) -> String {
    let script = "set -eu
        mkdir -p image/blobs/sha256
        put() { sum=$(sha256sum <blob | cut -d' ' -f1); size=$(wc -c <blob)
                mv blob image/blobs/sha256/$sum; }
        echo work >file; tar --create --file blob file; put; layer=$sum layer_size=$size
        printf '{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}' $layer >blob; put
        printf '{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%s},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\",\"size\":%s}]}' $sum $size $layer $layer_size >blob; put
        printf '{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:%s\",\"size\":%s}]}' $sum $size >image/index.json
        printf '{\"imageLayoutVersion\":\"1.0.0\"}' >image/oci-layout";
    let ran = sandbox.run("sh", &["-c", script], b"");
    assert!(ran.status.success(), "{ran}");
    // Clients make a name from the path, and a name has no capital letters.
    "oci:image".to_owned()
}

/// Runs login, push, pull and logout with a client; `work` gives the client's words for each.
fn works_with(client: &str, work: impl Fn(&Sandbox, &Registry) -> [Vec<String>; 4]) {
    let mut home = home();
    let registry = Registry::start("alice", TOKEN);
    let _keys = Keys::labelled(&registry.name());
    let config = home.sandbox.path("auth.json");
    let text = format!("{{\"credHelpers\":{{\"{}\":\"pat\"}}}}", registry.name());
    fs::write(&config, text).unwrap();
    home.sandbox.set("REGISTRY_AUTH_FILE", config.to_str().unwrap());
    let client = program(client, client);
    let run = |words: &[String], stdin: &str| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home.sandbox.run(&client, &words, stdin.as_bytes())
    };
    let [login, push, pull, logout] = work(&home.sandbox, &registry);
    let refused = run(&push, "");
    assert!(!refused.status.success(), "before the login: {refused}");
    for (words, stdin) in [(&login, TOKEN), (&push, ""), (&pull, "")] {
        let ran = run(words, stdin);
        assert!(ran.status.success(), "{ran}");
    }
    let held = docker(&home, "get", &registry.name());
    held.prints(&entry(&registry.name(), "alice", TOKEN));
    let file = fs::read_to_string(&config).unwrap();
    assert!(!file.contains("TESTONLY") && !file.contains("\"auth\""), "{file}");
    let ran = run(&logout, "");
    assert!(ran.status.success(), "{ran}");
    fails(&docker(&home, "get", &registry.name()), NOT_FOUND);
    let refused = run(&push, "");
    assert!(!refused.status.success(), "after the logout: {refused}");
}

#[test]
fn skopeo_logs_in_copies_both_ways_and_logs_out() {
    works_with("skopeo", |sandbox, registry| {
        let (name, image) = (registry.name(), image(sandbox));
        let certificates = registry.certificates().display().to_string();
        let copy = sandbox.path("copy").display().to_string();
        [
            format!("login --cert-dir {certificates} --username alice --password-stdin {name}"),
            format!("copy --dest-cert-dir {certificates} {image} docker://{name}/team/image:1"),
            format!("copy --src-cert-dir {certificates} docker://{name}/team/image:1 oci:{copy}"),
            format!("logout {name}"),
        ]
        .map(|line| line.split(' ').map(str::to_owned).collect())
    });
}

#[test]
fn buildah_logs_in_pushes_pulls_and_logs_out() {
    works_with("buildah", |sandbox, registry| {
        let (name, image) = (registry.name(), image(sandbox));
        let certificates = registry.certificates().display().to_string();
        let store = format!(
            "--storage-driver vfs --root {0}/store --runroot {0}/run-store",
            sandbox.home().display()
        );
        let first: Vec<&str> = store.split(' ').chain(["pull", &image]).collect();
        let pulled = sandbox.run(program("buildah", "buildah"), &first, b"");
        assert!(pulled.status.success(), "{pulled}");
        let id = pulled.stdout().trim().to_owned();
        [
            format!("{store} login --cert-dir {certificates} -u alice --password-stdin {name}"),
            format!("{store} push --cert-dir {certificates} {id} docker://{name}/team/image:1"),
            format!("{store} pull --cert-dir {certificates} --policy always {name}/team/image:1"),
            format!("{store} logout {name}"),
        ]
        .map(|line| line.split(' ').map(str::to_owned).collect())
    });
}
