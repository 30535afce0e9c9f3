//! Every command in the README, in `docs` and in `examples` is typed as it stands there, by
//! somebody with a home of their own. A block that this table does not know is a failure: whoever
//! writes one says here what must be there before it, and what must be so after it.

mod docs;
mod reader;

use crate::support::page::{Block, everything, page, pages};
use reader::{Reader, TOKEN};
use std::path::Path;

/// What is known of the blocks below one heading of a page.
struct Section {
    heading: &'static str,
    /// How many they are; each is for a reader of its own.
    blocks: usize,
    is_elsewhere: bool,
    before: fn(&Block) -> Reader,
    after: fn(&Reader, &Block),
}

/// Whose commands need only succeed.
fn section(heading: &'static str, blocks: usize, before: fn(&Block) -> Reader) -> Section {
    Section { heading, blocks, is_elsewhere: false, before, after: |_, _| {} }
}

impl Section {
    fn then(self, after: fn(&Reader, &Block)) -> Self {
        Self { after, ..self }
    }
}

/// Whose blocks this module of the tests runs, with the real tool.
fn run_by(module: &str, heading: &'static str, blocks: usize) -> Section {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(module);
    let source = std::fs::read_to_string(path).unwrap();
    assert!(source.contains(&format!("\"{heading}\"")), "{module} runs nothing of {heading}");
    Section { is_elsewhere: true, ..section(heading, blocks, anybody) }
}

/// Follows a page from its first block to its last.
#[track_caller]
fn follow(path: &str, sections: &[Section]) {
    let blocks = everything(&page(path));
    let blocks: Vec<Block> = blocks.into_iter().filter(|b| b.language != "text").collect();
    for block in &blocks {
        let section = sections.iter().find(|section| section.heading == block.heading);
        let section = section.unwrap_or_else(|| {
            panic!("{path}: nobody knows what this needs, below {}:\n{}", block.heading, block.text)
        });
        if section.is_elsewhere {
            continue;
        }
        let reader = (section.before)(block);
        reader.follows(block);
        (section.after)(&reader, block);
    }
    for section in sections {
        let found = blocks.iter().filter(|block| block.heading == section.heading).count();
        assert_eq!(found, section.blocks, "{path}: blocks below {}", section.heading);
    }
}

fn anybody(_: &Block) -> Reader {
    Reader::new().configured()
}

fn at_the_hosts(_: &Block) -> Reader {
    Reader::new().configured().with_hosts()
}

fn with_alice(_: &Block) -> Reader {
    Reader::new().configured().with_account("alice", "https://github.com")
}

#[test]
fn readme() {
    follow(
        "README.md",
        &[
            section("git-credential-pat", 1, |_| {
                let origin = "https://example.com/git-credential-pat.git";
                let reader = Reader::new().with_checkout("origin");
                let git = |words: &[&str]| {
                    reader.home.git(&[&["-C", "origin"], words].concat());
                };
                git(&["init", "--quiet"]);
                git(&["add", "."]);
                git(&["commit", "--quiet", "--message", "Begin"]);
                let place = reader.home.sandbox.path("origin").display().to_string();
                reader.home.configure(&format!("url.{place}.insteadOf"), origin);
                reader
            })
            .then(|reader, _| {
                assert!(reader.home.sandbox.path(".local/bin/git-credential-pat").is_file());
                assert!(reader.home.helpers()[0].ends_with("--keychain kernel"));
            }),
            section("Work and private on one host", 1, at_the_hosts).then(|reader, _| {
                reader.clones_as("https://github.com/work/repo.git", "alice-work");
                reader.clones_as("https://github.com/alice/notes.git", "alice");
            }),
            section("What do you want to do?", 25, task).then(is_done),
            run_by("lend/readme.rs", "Access for a sandbox", 1),
            section("When git does something else", 1, with_alice),
            section("The commands", 3, |_| {
                // As on a machine without `man`: git's `--help` needs it.
                Reader::new().with_program("man", "exit 0")
            }),
        ],
    );
}

/// What each task of the README's table begins with.
fn task(block: &Block) -> Reader {
    let reader = || Reader::new().configured();
    match block.text.as_str() {
        text if text.contains("--uninstall") => installed(block),
        text if text.contains(" lend ") => with_alice(block).with_hosts().with_program(
            "agent",
            "git clone --quiet https://github.com/work/repo.git app && cd app\n\
             git commit --quiet --allow-empty --message 'Work'\n\
             git push --quiet origin HEAD:agent/x\n\
             ! git push --quiet origin HEAD:main",
        ),
        text if text.contains("--restore") || text.contains("--replace") => {
            with_alice(block).refused_at("github.com")
        }
        text if text.contains(" check ") => checked(block),
        text if text.contains(" watch ") => watched(block),
        text if [" rotate ", " revoke "].iter().any(|word| text.contains(word)) => living(block),
        text if text.contains("--from manager") => of_another_helper(block),
        text if text.contains("import") => {
            reader().with_file(".git-credentials", &format!("https://alice:{TOKEN}@github.com\n"))
        }
        text if text.contains("/run/secrets") => reader().with_file("secrets/git-token", TOKEN),
        text if text.contains("vault") => Reader::new(),
        text if text.contains("login https") => reader(),
        text if text.contains(" exec ") => {
            with_alice(block).with_program("gh", &format!("[ \"$GITHUB_TOKEN\" = {TOKEN} ]"))
        }
        _ => with_alice(block),
    }
}

/// What each of them must have come to.
fn is_done(reader: &Reader, block: &Block) {
    let has = |url: &str| reader.token_at(url).as_deref() == Some(TOKEN);
    let text = &block.text;
    match text.as_str() {
        _ if text.contains("--file") => assert!(has("https://git.example.com"), "{text}"),
        _ if text.contains(" check ") => {}
        _ if text.contains(" revoke ") => assert_eq!(reader.living(), [""; 0], "{text}"),
        _ if text.contains(" rotate ") => assert_eq!(reader.living(), ["alices-2"], "{text}"),
        _ if text.contains(" watch ") => {
            assert!(reader.home.sandbox.path(".config/systemd/user").is_dir(), "{text}");
        }
        _ if text.contains("configure") || text.contains("'pat --ci'") => {
            assert!(!reader.home.helpers().is_empty(), "{text}");
        }
        _ if text.contains("logout") || text.contains("--uninstall") => {
            assert!(!has("https://github.com"), "{text}");
        }
        _ if text.contains("/work") => assert!(has("https://github.com/work/repo.git"), "{text}"),
        _ => assert!(has("https://github.com"), "{text}"),
    }
}

/// With a token at a host that takes it.
fn checked(block: &Block) -> Reader {
    at_the_hosts(block).with_account("alice", "https://gitlab.example.com")
}

/// Where systemd's user manager takes every timer.
/// With a token that its forge, whichever the block names, knows.
fn living(block: &Block) -> Reader {
    let url =
        if block.text.contains("gitlab") { "https://gitlab.com" } else { "https://github.com" };
    Reader::new().configured().with_living_token(url)
}

fn watched(block: &Block) -> Reader {
    with_alice(block).with_program("systemctl", "echo Version=1")
}

/// A checkout that was installed from.
fn installed(_: &Block) -> Reader {
    let reader = Reader::new().with_checkout("checkout").inside("checkout");
    let script = reader.home.sandbox.path("checkout/install.sh");
    let ran = reader.home.sandbox.run(script, &[], b"");
    assert!(ran.status.success(), "{ran}");
    reader
}

/// A desktop where git's libsecret helper and Git Credential Manager keep alice's token.
fn of_another_helper(_: &Block) -> Reader {
    let reader = Reader::at_a_desktop().configured();
    for attributes in [
        "xdg:schema org.git.Password protocol https server github.com user alice",
        "xdg:schema com.microsoft.GitCredentialManager service git:https://github.com account alice",
        "service gh:github.com username alice",
        "service glab:gitlab.example.com:token username ",
        "service app username alice",
    ] {
        let words: Vec<&str> = attributes.split(' ').collect();
        let words = [&["store", "--label", "x"], &words[..]].concat();
        let desktop = reader.home.desktop();
        let ran = desktop.tool("secret-tool", "libsecret-tools", &words, TOKEN.as_bytes());
        assert!(ran.status.success(), "{ran}");
    }
    reader.with_file(
        ".config/gh/hosts.yml",
        "github.com:\n    user: alice\n    users:\n        alice:\n",
    )
}

#[test]
fn tools() {
    follow(
        "examples/tools.md",
        &[
            section("The same token for other tools", 1, anybody),
            run_by("tools/npm.rs", "npm", 2),
            run_by("tools/curl.rs", "curl", 3),
            run_by("tools/cargo.rs", "cargo", 3),
            run_by("tools/pip.rs", "pip", 1),
            section("Hugging Face", 1, |_| Reader::new()).then(|reader, _| {
                assert_eq!(reader.home.helpers(), ["pat --keychain kernel"]);
            }),
            run_by("tools/go.rs", "go", 2),
        ],
    );
}

#[test]
fn fleet() {
    follow(
        "examples/fleet/README.md",
        &[
            run_by("fleet.rs", "gitconfig", 1),
            section("A new token each week", 1, anybody),
            // Said there not to be tested: they need somebody's own engine.
            Section { is_elsewhere: true, ..section("Other engines", 1, anybody) },
        ],
    );
}

#[test]
fn the_manuals_tasks_are_commands_of_the_pages() {
    let blocks: Vec<Block> = pages().iter().flat_map(|path| everything(&page(path))).collect();
    let manual = page("src/cli/man/tasks.1").replace("\\-", "-");
    let mut commands = 0;
    let is_command = |line: &&str| line.starts_with("git c") && !line.ends_with('.');
    for command in manual.lines().filter(is_command) {
        let is_there = |block: &Block| block.text.lines().any(|line| line.starts_with(command));
        assert!(blocks.iter().any(is_there), "no page has: {command}");
        commands += 1;
    }
    assert!(commands > 10);
}

#[test]
fn every_page_is_followed_by_a_test() {
    let source = [include_str!("pages.rs"), include_str!("pages/docs.rs")].concat();
    for path in pages() {
        let is_followed = ["follow(", "follow(\n        "]
            .iter()
            .any(|call| source.contains(&format!("{call}\"{path}\",")));
        let blocks = everything(&page(&path));
        assert!(is_followed || blocks.is_empty(), "{path}: no test follows it");
    }
}
