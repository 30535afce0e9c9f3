//! Access that is lent: real git goes through `lend` to a real server, which knows the token, and a
//! hostile client says what git never would.

mod reading;

use crate::support::home::{Home, TOKEN};
use crate::support::sandbox::{Ran, run};

/// A person with a token for the git host, and a repository there that is nobody else's business.
fn home() -> Home {
    let home = Home::bare().with_git_host();
    home.approve(&home.url(""), "alice", TOKEN);
    home.server().create_repository("team/secret.git");
    home
}

/// Runs a command with access; the words of both are split at blanks.
fn lend(home: &Home, options: &str, command: &[&str]) -> Ran {
    let mut line = home.typed(&format!("lend {options} --"));
    line.args(command.iter().map(|word| home.fill(word)));
    run(line, b"")
}

/// The options by which a command comes in: by a port, and by a socket.
fn ways_in(home: &Home) -> [String; 2] {
    ["--port 0".to_owned(), format!("--socket {}", home.sandbox.path("pat").display())]
}
