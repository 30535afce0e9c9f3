//! Reports tokens in plain text: in the files of git's `store`, in `.netrc` and in git's
//! configuration. They are counted, and never shown. An import decides what is said of each, and
//! what mends it.

use super::finding::{Finding, Mend};
use crate::cli::import::look::{Look, Stays, into_plain_text};
use crate::git::files;
use crate::git::words::typed;
use crate::setup::{Opened, Setups};

/// The number of entries that are named of one kind.
const MOST: usize = 3;

pub(super) fn findings(setups: &Setups) -> Vec<Finding> {
    let stores = setups.entries().store_files();
    let looks = into_plain_text(&stores, &mut Opened::to_look(setups));
    // A file that cannot be read is left out: the import of it says so.
    looks.into_iter().flatten().flat_map(|look| about(&look)).collect()
}

fn about(look: &Look) -> Vec<Finding> {
    let (name, from) = (&look.name, &look.from);
    let mut findings = Vec::new();
    let mut whats: Vec<(&'static str, String)> = match look.moved.len() {
        0 => Vec::new(),
        // Each token is in another setting, and has a finding of its own.
        _ if look.is_configuration => {
            let what = |label| (id(look, label), format!("a token lies in plain text: {label}"));
            look.moved.iter().map(|label| what(label)).collect()
        }
        count => vec![(id(look, ""), format!("{} in plain text in {name}", lie(count)))],
    };
    whats.dedup();
    for (id, what) in whats {
        findings.push(if let Some(kind) = look.forgetful {
            // A person should know this and be asked before a lasting copy is gone.
            let what = format!("{what}; import moves it to {}", kind.in_a_sentence());
            Finding::wrong(id, what, Mend::ours(&format!("import --from {from} --remove")))
        } else {
            Finding::wrong(id, what, Mend::ours(&format!("import --from {from} --remove --yes")))
        });
    }
    if look.differ > 0 {
        let what = format!(
            "{} in plain text in {name}, and the keychain has others for the same accounts",
            lie(look.differ)
        );
        let mend = Mend::ours(&format!("import --from {from} --replace --remove"));
        findings.push(Finding::wrong(id(look, ""), what, mend));
    }
    let mut rest: Vec<&Stays> = look.stays.iter().collect();
    while let Some(first) = rest.first().copied() {
        let is_alike = |other: &&Stays| other.why == first.why && other.file == first.file;
        let (alike, others) = rest.into_iter().partition::<Vec<_>, _>(is_alike);
        findings.push(about_what_stays(look, &alike));
        rest = others;
    }
    findings
}

/// Returns the finding about entries that stay for one reason.
fn about_what_stays(look: &Look, alike: &[&Stays]) -> Finding {
    let labels: Vec<&str> = alike.iter().take(MOST).map(|one| one.label.as_str()).collect();
    let more = alike.len() - labels.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let place = if look.is_configuration { String::new() } else { format!(" of {}", look.name) };
    let (labels, why) = (labels.join(", "), alike[0].why);
    let what =
        format!("what lies in plain text there, import leaves: {labels}{more}{place}: {why}");
    let mend = match &alike[0].file {
        Some(file) if look.is_configuration => {
            let is_users = files::global().is_some_and(|global| files::is_same(&global, file));
            let file = typed(file.as_os_str().as_encoded_bytes());
            let place = if is_users { "--global".to_owned() } else { format!("--file {file}") };
            Mend::Command(format!("git config {place} --edit"))
        }
        _ => Mend::Advice("no command moves it: take it out by hand, in an editor".to_owned()),
    };
    Finding::wrong(id(look, alike[0].label.as_str()), what, mend)
}

/// Returns the finding's name for programs.
fn id(look: &Look, label: &str) -> &'static str {
    match look.is_configuration {
        true if label.contains(".username in ") => "token-as-username",
        true => "token-in-url",
        false => "plain-text-file",
    }
}

fn lie(count: usize) -> String {
    match count {
        1 => "a token lies".to_owned(),
        count => format!("{count} tokens lie"),
    }
}
