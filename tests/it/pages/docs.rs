//! The pages of `docs`, each with what its commands need and what they must come to.

use super::reader::{OF_GITLAB, PASSPHRASE, Reader, TOKEN};
use super::{
    anybody, at_the_hosts, checked, follow, installed, living, of_another_helper, run_by, section,
    watched, with_alice,
};
use crate::support::page::Block;
use crate::support::sandbox::BINARY;

#[test]
fn first_push() {
    follow(
        "docs/first-push.md",
        &[
            section("From nothing to the first push", 1, |_| {
                let reader =
                    Reader::new().with_checkout("checkout").inside("checkout").with_hosts();
                reader.home.server().create_empty_repository("notes.git");
                reader
            }),
            section("login", 1, |_| {
                Reader::new().configured().with_file("file", &format!("{OF_GITLAB}\n"))
            })
            .then(|reader, _| {
                assert_eq!(reader.token_at("https://gitlab.com").as_deref(), Some(OF_GITLAB));
            }),
        ],
    );
}

#[test]
fn accounts() {
    follow(
        "docs/accounts.md",
        &[
            section("Two accounts on one host", 2, |block| {
                let reader = at_the_hosts(block);
                if block.text.contains("login") {
                    return reader;
                }
                reader.with_account("alice", "https://github.com")
            })
            .then(|reader, block| {
                if !block.text.contains("login") {
                    return;
                }
                reader.clones_as("https://github.com/work/repo.git", "alice-work");
                reader.clones_as("https://github.com/alice/notes.git", "alice");
            }),
            section("Change an account", 1, with_alice),
            section("A token for one organisation or repository", 1, at_the_hosts).then(
                |reader, _| {
                    reader.clones_as("https://github.com/work/repo.git", "alice");
                    assert_eq!(reader.token_at("https://github.com/alice/notes.git"), None);
                },
            ),
            section("A token that is rejected or has expired", 2, |block| {
                with_alice(block).refused_at("github.com").with_hosts()
            })
            .then(|reader, _| reader.clones_as("https://github.com/work/repo.git", "alice")),
        ],
    );
}

#[test]
fn status() {
    follow(
        "docs/status.md",
        &[section("When git does something else", 1, |_| {
            let reader = Reader::new();
            reader.home.helper("store");
            let reader = reader.configured();
            let url = "https://git.example.com";
            let reader = reader.with_account("alice", url).with_account("bob", url);
            // As where git itself has brought them, and nobody has chosen.
            let section = format!("credential.{url}");
            reader.home.sandbox.git(&["config", "--global", "--remove-section", &section]);
            reader
        })],
    );
}

#[test]
fn keychains() {
    follow(
        "docs/keychains.md",
        &[
            section("Which one is used", 1, anybody).then(|reader, _| {
                let key = "credential.https://git.example.com.helper";
                let line = reader.home.sandbox.git(&["config", "--get", key]);
                assert!(line.ends_with("--keychain kernel\n"), "{line}");
            }),
            section("By path or by name", 1, |_| Reader::new()).then(|reader, _| {
                assert_eq!(reader.home.helpers(), ["pat --keychain kernel"]);
            }),
            section("The desktop's: secret-service", 1, |_| {
                Reader::new().with_program("flatpak", "[ \"$1\" = override ]")
            }),
            section("The kernel's: kernel", 1, installed).then(|reader, _| {
                reader.home.approve("https://github.com", "alice", TOKEN);
                assert!(reader.home.keys.end_by_themselves());
            }),
        ],
    );
}

#[test]
fn check() {
    let before = |block: &Block| {
        // A host of no known forge is unknown to a monitor.
        let status = if block.text.contains("--nagios") { 3 } else { 0 };
        checked(block).expecting(status)
    };
    follow("docs/check.md", &[section("Ask the host", 2, before)]);
}

#[test]
fn token_life() {
    follow(
        "docs/token-life.md",
        &[
            section("A new token", 1, living)
                .then(|reader, _| assert_eq!(reader.living(), ["alices-2"])),
            section("A token that others have seen", 2, |block| match block.language.as_str() {
                "inline" => with_alice(block),
                _ => living(block).with_file(".netrc", &format!("machine x password {OF_GITLAB}")),
            })
            .then(|reader, block| {
                if block.language != "inline" {
                    assert_eq!(reader.living(), [""; 0]);
                    assert_eq!(reader.token_at("https://gitlab.com"), None);
                }
            }),
        ],
    );
}

#[test]
fn watch() {
    let sections = [
        section("Watch", 2, watched),
        run_by("watch/rotating.rs", "Rotate, too", 1),
        section("Other systems", 1, anybody),
    ];
    follow("docs/watch.md", &sections);
}

#[test]
fn log() {
    let before = |block: &Block| {
        let reader = with_alice(block);
        if block.text.contains(" log") {
            let ran = reader.home.sandbox.helper(&["configure", "--yes", "--log"], "");
            assert!(ran.status.success(), "{ran}");
            assert!(reader.token_at("https://github.com").is_some());
        }
        reader
    };
    follow("docs/log.md", &[section("The use log", 2, before)]);
}

#[test]
fn vault() {
    follow(
        "docs/vault.md",
        &[
            section("A server without a desktop: the vault", 2, |block| {
                if block.language == "console" {
                    return installed(block).with_account("alice", "https://github.com");
                }
                with_vault(Reader::new().with_file("file", &format!("{PASSPHRASE}\n")))
            }),
            section("Machines that nobody unlocks", 2, |_| {
                let key = "secrets/vault-key";
                let reader = Reader::new().with_program("systemd-creds", "cat \"$2\"");
                let ran = reader.home.sandbox.run("age-keygen", &[], b"");
                reader.with_file(key, &ran.stdout())
            })
            .then(|reader, _| {
                reader.home.approve("https://github.com", "alice", TOKEN);
                assert_eq!(reader.token_at("https://github.com").as_deref(), Some(TOKEN));
            }),
            section("Without this program", 1, |_| {
                let reader = with_vault(Reader::new());
                reader.home.approve("https://github.com", "alice", TOKEN);
                let items = reader.home.sandbox.path(".local/share/git-credential-pat/vault/items");
                let found = reader.home.sandbox.run(
                    "find",
                    &[items.to_str().unwrap(), "-name", "*.age"],
                    b"",
                );
                // Not shown: it is the token.
                reader.with(
                    "identity.age FILE",
                    &format!("identity.age {} >token", found.stdout().trim()),
                )
            })
            .then(|reader, _| {
                let token = std::fs::read_to_string(reader.home.sandbox.path("token")).unwrap();
                assert_eq!(token.lines().next(), Some(TOKEN));
            }),
        ],
    );
}

/// With a vault that is open.
fn with_vault(reader: Reader) -> Reader {
    let words = ["configure", "--yes", "--keychain", "vault", "--passphrase-from", "-"];
    let ran = reader.home.sandbox.helper(&words, format!("{PASSPHRASE}\n"));
    assert!(ran.status.success(), "{ran}");
    reader
}

#[test]
fn ci() {
    follow(
        "docs/ci.md",
        &[section("CI, and wherever there is no keychain", 2, |_| {
            let mut reader = Reader::new()
                .with_program("vault", &format!("echo {OF_GITLAB}"))
                .with_file("secrets/token", TOKEN);
            reader.home.set("GITHUB_TOKEN", TOKEN);
            reader
        })
        .then(|reader, block| {
            assert_eq!(reader.token_at("https://github.com/work/repo.git").as_deref(), Some(TOKEN));
            if block.language == "ini" {
                assert_eq!(reader.token_at("https://gitlab.com").as_deref(), Some(OF_GITLAB));
                assert_eq!(reader.token_at("https://git.example.com"), None);
                reader.home.configure("credential.https://git.example.com.useHttpPath", "true");
                let team = reader.token_at("https://git.example.com/team/repo.git");
                assert_eq!(team.as_deref(), Some(TOKEN));
            }
        })],
    );
}

#[test]
fn containers() {
    follow(
        "docs/containers.md",
        &[
            section("git inside a container", 1, |_| {
                Reader::new().with_file("secrets/git-token", TOKEN)
            })
            .then(|reader, _| {
                assert_eq!(reader.token_at("https://git.example.com").as_deref(), Some(TOKEN));
            }),
            section("Container registries", 4, |block| {
                let user = r#"{"ServerURL":"ghcr.io","Username":"alice","Secret":"TOKEN"}"#;
                let store = format!(
                    "echo '{}' | docker-credential-pat store",
                    user.replace("TOKEN", TOKEN)
                );
                let host = if block.text.contains("git.example") {
                    "git.example.com"
                } else {
                    "github.com"
                };
                Reader::new()
                    .configured()
                    .with_docker_name()
                    .with_program("docker", &store)
                    .with_program("podman", &format!("[ \"$(cat)\" = {TOKEN} ]"))
                    .with_account("alice", &format!("https://{host}"))
            })
            .then(|reader, block| {
                if block.language == "json" {
                    let path = reader.home.sandbox.path(".docker/config.json");
                    let text = std::fs::read_to_string(path).unwrap();
                    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(config["credHelpers"]["ghcr.io"], "pat");
                } else if !block.text.contains("podman") {
                    let ran =
                        reader.home.sandbox.run("docker-credential-pat", &["get"], b"ghcr.io");
                    assert!(ran.stdout().contains(TOKEN), "{ran}");
                }
            }),
        ],
    );
}

#[test]
fn lend() {
    follow("docs/lend.md", &[run_by("lend/readme.rs", "Lend", 1)]);
}

#[test]
fn moving() {
    follow(
        "docs/moving.md",
        &[
            section("From plain text", 1, |_| {
                Reader::at_a_desktop().configured().with_file(
                    ".git-credentials",
                    &format!(
                        "https://alice:{TOKEN}@git.example.com\nhttp://alice:{TOKEN}@old.example.com\n"
                    ),
                )
            }),
            section("From other helpers", 1, |block| {
                let reader = of_another_helper(block);
                let cached = format!(
                    "protocol=https\nhost=git.example.com\nusername=alice\npassword={TOKEN}\n"
                );
                let words = ["credential-cache", "store"];
                let ran = reader.home.sandbox.run("git", &words, cached.as_bytes());
                assert!(ran.status.success(), "{ran}");
                reader
            })
            .then(|reader, _| {
                reader.home.sandbox.git(&["credential-cache", "exit"]);
                assert_eq!(reader.token_at("https://github.com").as_deref(), Some(TOKEN));
                assert_eq!(reader.token_at("https://git.example.com").as_deref(), Some(TOKEN));
            }),
            section("From other programs", 2, |block| {
                of_another_helper(block).with("SERVICE/USER", "app/alice")
            })
            .then(|reader, block| {
                let host = if block.text.contains("glab") { "github" } else { "git.example" };
                assert_eq!(reader.token_at(&format!("https://{host}.com")).as_deref(), Some(TOKEN));
            }),
            section("Beside other helpers", 2, |_| {
                let reader = Reader::new();
                reader.home.helper("store");
                reader.configured()
            }),
            section("Out", 2, |block| {
                if block.text.contains("--uninstall") {
                    installed(block)
                } else {
                    with_alice(block)
                }
            })
            .then(|reader, _| assert!(reader.home.helpers().is_empty())),
        ],
    );
}

#[test]
fn systems() {
    follow(
        "docs/systems.md",
        &[
            section("Systems", 3, |_| Reader::new().with_checkout("checkout").inside("checkout")),
            section("Releases", 1, |_| {
                Reader::new()
                    .with_checkout("checkout")
                    .inside("checkout")
                    .with("FILE", BINARY)
                    .with("DIR", "/home/alice/prefix")
                    .with("/home/alice", "..")
            })
            .then(|reader, _| {
                assert!(reader.home.sandbox.path("prefix/bin/git-credential-pat").is_file());
            }),
        ],
    );
}
