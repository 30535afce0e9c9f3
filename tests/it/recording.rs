//! The first minute with the program: login, push, list, on a terminal, with a real git, a real
//! host with TLS and a real keychain. `tests/recording.sh` makes the README's picture from it.

use crate::support::desktop::Desktop;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use std::fmt::Write;
use std::path::Path;

const TOKEN: &str = "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";

/// The host's name in the picture: the real one has a port that the system chose.
const HOST: &str = "git.example.com";

/// The width of the terminal, in characters.
const COLUMNS: u16 = 100;

/// A shell with a person at it.
struct Session {
    terminal: Terminal,
    prompts: usize,
}

impl Session {
    /// Types a command when the shell waits for one.
    fn types(&mut self, line: &str) {
        self.prompts += 1;
        self.terminal.shows(&format!("\n[{}]$ ", self.prompts));
        self.terminal.types(&format!("{line}\n"));
    }

    /// Answers a question.
    fn answers(&mut self, question: &str, answer: &str) {
        self.terminal.shows(question);
        self.terminal.types(&format!("{answer}\n"));
    }
}

/// What a picture needs: a desktop, a host whose user is alice, and her shell.
struct Stage {
    // Ended first: what runs there writes into the home folder.
    session: Session,
    desktop: Desktop,
    server: Server,
}

impl Stage {
    fn new() -> Self {
        let mut desktop = Desktop::gnome_keyring();
        desktop.sandbox.unset("GIT_CONFIG_GLOBAL");
        let server = Server::start([HOST.to_owned(), "other.example.com".to_owned()]);
        server.introduce_to(&desktop.sandbox);
        server.set_token("alice", TOKEN);
        server.create_repository("notes.git");
        for (name, value) in [
            ("user.name", "Alice"),
            ("user.email", "alice@example.com"),
            ("advice.detachedHead", "false"),
            ("core.pager", "cat"),
            // The number of threads depends on the machine.
            ("pack.threads", "1"),
        ] {
            desktop.sandbox.git(&["config", "--global", name, value]);
        }
        desktop.sandbox.set("PS1", "\n[\\#]$ ");
        desktop.sandbox.set("TERM", "xterm-256color");
        let home = desktop.sandbox.home().to_str().unwrap().trim_end_matches('/').to_owned();
        desktop.sandbox.set("HOME", &home);
        desktop.sandbox.unset("GIT_TERMINAL_PROMPT");
        let mut bash = desktop.sandbox.command("bash");
        bash.args(["--noprofile", "--norc", "--noediting", "-i"]);
        let session = Session { terminal: Terminal::of_columns(COLUMNS, &bash), prompts: 0 };
        Self { session, desktop, server }
    }

    fn url(&self) -> String {
        format!("https://{}", self.server.host())
    }

    /// Leaves the shell. Returns what the screen has shown, with the picture's names, and draws the
    /// picture where it is wanted.
    fn ends(mut self, file: &str, title: &str) -> String {
        self.session.types("exit");
        let (_, screen) = self.session.terminal.ends();
        assert!(!screen.contains("TESTONLY"), "{screen}");
        let home = self.desktop.sandbox.home().to_str().unwrap();
        let with_port = self.server.host();
        // A column of a table keeps its width.
        let screen =
            screen.replace(&format!("{with_port}  "), &format!("{HOST:0$}  ", with_port.len()));
        let screen = screen.replace(&with_port, HOST).replace(home.trim_end_matches('/'), "~");
        let picture = picture(&screen, title);
        if let Some(root) = std::env::var_os("RECORDING") {
            std::fs::write(Path::new(&root).join(file), picture).unwrap();
        }
        screen
    }
}

#[test]
fn the_first_minute() {
    let mut stage = Stage::new();
    let url = stage.url();
    let session = &mut stage.session;
    session.types(&format!("git credential-pat login {url}"));
    session.answers("Username for", "alice");
    session.answers("Token for alice", TOKEN);
    session.answers("When does the token expire", "90d");
    session.answers("Make it ask?", "");
    session.types(&format!("git clone --quiet {url}/notes.git && cd notes"));
    session.types("echo hello >notes.md && git add . && git commit --quiet -m 'First note'");
    session.types("git push");
    session.types("git credential-pat list");
    session.types(&format!("git credential-pat status {url}/notes.git"));
    let screen = stage.ends("recording.svg", "The first minute: login, push, list");
    for text in ["stored the token for alice", "main -> main", "classic PAT"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

/// Two accounts, and git's plain-text store beside this helper: a fetch fails, and what `status`
/// says mends it.
#[test]
fn status_finds_what_is_wrong_and_says_what_mends_it() {
    let mut stage = Stage::new();
    let url = stage.url();
    let sandbox = &stage.desktop.sandbox;
    for helper in ["pat --keychain secret-service", "store"] {
        sandbox.git(&["config", "--global", "--add", "credential.helper", helper]);
    }
    for user in ["alice", "bob"] {
        let ran = sandbox.helper(&["login", "--with-token", "--username", user, &url], TOKEN);
        assert!(ran.status.success(), "{ran}");
    }
    // As where git itself has brought them, and nobody has chosen.
    sandbox.git(&["config", "--global", "--remove-section", &format!("credential.{url}")]);
    sandbox.git(&["init", "--quiet", "notes"]);
    sandbox.git(&["-C", "notes", "remote", "add", "origin", &format!("{url}/notes.git")]);
    let session = &mut stage.session;
    session.types("cd notes && GIT_TERMINAL_PROMPT=0 git fetch");
    session.types("git credential-pat status");
    let shown = session.terminal.shows("; the line below each mends it");
    let report = shown.rsplit("credential-pat status").next().unwrap().replace('\r', "");
    for part in report.split("wrong: ").skip(1) {
        let part = part.split("\n\n").next().unwrap();
        let part = ["\u{1b}[0m", "\u{1b}[1m"]
            .iter()
            .fold(part.to_owned(), |part, colour| part.replace(colour, ""));
        let command = part.lines().skip(1).map(str::trim).find(|line| line.starts_with("git "));
        session.types(command.unwrap_or_else(|| panic!("no command: {part}")));
    }
    session.types("git fetch");
    session.types("git credential-pat status");
    let screen = stage.ends("docs/status.svg", "status finds what is wrong and says what mends it");
    let (before, after) = screen.rsplit_once("credential-pat status").unwrap();
    assert!(before.contains("several accounts could answer") && before.contains("origin/main"));
    assert!(!after.contains("wrong"), "{after}");
}

/// A character and its colour's class, or none for the usual colour.
type Cell = (char, Option<&'static str>);

/// Returns these bytes as a terminal shows them: lines of cells.
fn lines(screen: &str) -> Vec<Vec<Cell>> {
    let mut lines = vec![Vec::new()];
    let (mut column, mut colour) = (0, None);
    let mut characters = screen.chars();
    while let Some(character) = characters.next() {
        let line = lines.last_mut().unwrap();
        match character {
            '\n' => lines.push(Vec::new()),
            '\r' => column = 0,
            '\u{1b}' => {
                let mut sequence = String::new();
                for part in characters.by_ref().skip(1) {
                    sequence.push(part);
                    if part.is_ascii_alphabetic() {
                        break;
                    }
                }
                match sequence.as_str() {
                    "K" => line.truncate(column),
                    "m" | "0m" => colour = None,
                    "1m" => colour = Some("bold"),
                    "31m" => colour = Some("red"),
                    "33m" => colour = Some("yellow"),
                    _ => {}
                }
            }
            other => {
                let is_full = column == usize::from(COLUMNS);
                if is_full {
                    lines.push(Vec::new());
                    column = 0;
                }
                let line = lines.last_mut().unwrap();
                line.resize(line.len().max(column + 1), (' ', None));
                line[column] = (other, colour);
                column += 1;
            }
        }
    }
    lines
}

/// Returns the screen as SVG: text that can be read, searched and copied. In pictures that may
/// move, typed text appears a while after the text that was shown before.
fn picture(screen: &str, title: &str) -> String {
    const WIDTH: usize = 850;
    const LINE: usize = 18;
    let mut lines = lines(screen);
    while lines.last().is_some_and(|line| text(line).trim().is_empty() || is_exit(&text(line))) {
        lines.pop();
    }
    lines.drain(..lines.iter().position(|line| text(line).contains('$')).unwrap_or(0));
    let height = lines.len() * LINE + 24;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n\
         rect {{ fill: #16181d }}\n\
         text {{ font: 13.5px ui-monospace, Menlo, Consolas, monospace; fill: #d5d9e0; \
         white-space: pre }}\n\
         .typed {{ font-weight: bold; fill: #fff }}\n.red {{ fill: #ff7b72 }}\n\
         .yellow {{ fill: #e3b341 }}\n.bold {{ font-weight: bold }}\n\
         @media (prefers-reduced-motion: no-preference) {{\n\
         text {{ animation: appear .1s both }}\n\
         @keyframes appear {{ from {{ opacity: 0 }} }}\n}}\n</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n"
    );
    let mut time = 0.0;
    for (number, line) in lines.iter().enumerate() {
        let shown = text(line);
        let line = match shown.split_once("]$ ").filter(|_| shown.starts_with('[')) {
            Some((_, command)) => {
                time += 1.2;
                format!("$ <tspan class=\"typed\">{}</tspan>", escaped(command))
            }
            None => coloured(line),
        };
        time += if shown.contains("]: ") || shown.contains("? [") { 0.8 } else { 0.1 };
        let y = number * LINE + 26;
        if !line.trim().is_empty() {
            writeln!(
                svg,
                "<text x=\"14\" y=\"{y}\" xml:space=\"preserve\" \
                 style=\"animation-delay:{time:.1}s\">{line}</text>"
            )
            .unwrap();
        }
    }
    svg + "</svg>\n"
}

fn text(line: &[Cell]) -> String {
    line.iter().map(|(character, _)| character).collect()
}

fn is_exit(line: &str) -> bool {
    line.ends_with("$ exit") || line == "exit"
}

fn coloured(line: &[Cell]) -> String {
    let mut markup = String::new();
    for part in line.chunk_by(|a, b| a.1 == b.1) {
        let text = escaped(&text(part));
        match part[0].1 {
            Some(class) => write!(markup, "<tspan class=\"{class}\">{text}</tspan>").unwrap(),
            None => markup.push_str(&text),
        }
    }
    markup
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
