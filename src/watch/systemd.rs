//! A timer of systemd's user manager: two files of ours, `git-credential-pat-watch.service` and
//! `.timer`, in the user's folder of units.
//!
//! The manager runs while the user is logged in, or always where an administrator or the user has
//! said so by `loginctl enable-linger`. It knows the session bus, so that the desktop's keychain is
//! reached, and catches up on a time at which the machine was off.
//!
//! The files can be taken back where no manager runs, too: over SSH, in an uninstaller.

use super::scheduler::{Trouble, run, succeeded};
use super::{Installed, Job, Rhythm, Way};
use crate::state_folder;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of both units.
pub(crate) const UNIT: &str = "git-credential-pat-watch";

const TIMER: &str = "git-credential-pat-watch.timer";

const SERVICE: &str = "git-credential-pat-watch.service";

/// The first line of our files.
const MARK: &str = "# Written by git credential-pat watch, which also takes it back: watch off\n";

/// Returns whether this user's manager runs.
pub(super) fn is_there() -> bool {
    run("systemctl", &["--user", "show", "--property=Version"], None)
        .is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

/// Returns the folder of this user's units.
fn folder() -> Option<PathBuf> {
    let config = state_folder::variable("XDG_CONFIG_HOME")
        .or_else(|| Some(state_folder::variable("HOME")?.join(".config")))?;
    Some(config.join("systemd/user"))
}

/// The link by which the manager starts the timer.
fn link(folder: &Path) -> PathBuf {
    folder.join("timers.target.wants").join(TIMER)
}

/// Returns the files' names and texts for a job.
pub(crate) fn files(job: &Job) -> [(&'static str, String); 2] {
    let mut service = format!(
        "{MARK}[Unit]\nDescription=Check the tokens that git uses\n\
         Documentation=man:git-credential-pat(1)\n\n[Service]\nType=oneshot\n"
    );
    for (name, value) in &job.variables {
        let _ = writeln!(service, "Environment={}", quoted(&format!("{name}={value}"), false));
    }
    let words = job.words.iter().map(|word| format!(" {}", quoted(word, true)));
    let words: String = words.collect();
    let _ = writeln!(service, "ExecStart={}{words}", quoted(&job.program, false));
    service.push_str("NoNewPrivileges=yes\nTimeoutStartSec=1h\n");
    let when = match job.rhythm {
        Rhythm::Daily => "*-*-* 09:00:00",
        Rhythm::Weekly => "Mon *-*-* 09:00:00",
    };
    let timer = format!(
        "{MARK}[Unit]\nDescription=Check the tokens that git uses, {}\n\n\
         [Timer]\nOnCalendar={when}\nRandomizedDelaySec=1h\nPersistent=yes\n\n\
         [Install]\nWantedBy=timers.target\n",
        job.rhythm.word()
    );
    [(SERVICE, service), (TIMER, timer)]
}

/// Returns the files for people: each path, and its text.
pub(crate) fn shown(job: &Job) -> String {
    let folder = folder().unwrap_or_default();
    let file = |(name, text): &(&str, String)| format!("{}:\n{text}", folder.join(name).display());
    files(job).each_ref().map(file).join("\n")
}

/// Returns a word as systemd reads it: in quotes, without its specifiers. In the words after the
/// program it would put a variable's value for a `$`.
fn quoted(word: &str, replaces_variables: bool) -> String {
    let mut text = String::from('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '%' => text.push_str("%%"),
            '$' if replaces_variables => text.push_str("$$"),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            }
            c => text.push(c),
        }
    }
    text + "\""
}

/// Returns the words of a line that [`quoted`] has written. Control characters are in none of ours
/// that are read back.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let mut characters = rest.strip_prefix('"')?.chars();
        let mut word = String::new();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => word.push(characters.next().filter(|c| "\"\\".contains(*c))?),
                '%' => word.push(characters.next().filter(|c| *c == '%')?),
                '$' if !words.is_empty() => {
                    word.push(characters.next().filter(|c| *c == '$')?);
                }
                c => word.push(c),
            }
        }
        words.push(word);
        rest = characters.as_str().trim_start();
    }
    Some(words)
}

/// Reads a job from its files' texts.
fn read(service: &str, timer: &str) -> Option<Job> {
    let lines = |text: &str, name: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned).collect()
    };
    let [when] = &lines(timer, "OnCalendar=")[..] else { return None };
    let rhythm = if when.starts_with("Mon ") { Rhythm::Weekly } else { Rhythm::Daily };
    let [command] = &lines(service, "ExecStart=")[..] else { return None };
    let mut words_of_command = words(command)?.into_iter();
    let program = words_of_command.next()?;
    let mut variables = Vec::new();
    for line in lines(service, "Environment=") {
        let [word] = &words(&line)?[..] else { return None };
        let (name, value) = word.split_once('=')?;
        variables.push((name.to_owned(), value.to_owned()));
    }
    let job = Job { rhythm, program, words: words_of_command.collect(), variables };
    // What was changed by hand is no job of ours any more.
    let [(_, service_again), (_, timer_again)] = files(&job);
    (service_again == service && timer_again == timer).then_some(job)
}

/// Returns our timer, if there is one.
pub(super) fn installed() -> Option<Installed> {
    let folder = folder()?;
    let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let (service, timer) = (text(SERVICE), text(TIMER));
    let is_ours = |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with(MARK));
    if !is_ours(&service) && !is_ours(&timer) {
        return None;
    }
    let job = read(&service.unwrap_or_default(), &timer.unwrap_or_default());
    Some(Installed { way: Way::Systemd, job })
}

/// Returns whether the manager starts our timer at all.
pub(crate) fn is_enabled() -> bool {
    folder().is_some_and(|folder| link(&folder).exists())
}

/// Writes the files, and has the manager start the timer.
///
/// # Errors
/// Where a file of this name is not ours, cannot be written, or the manager does not take it.
pub(crate) fn install(job: &Job) -> Result<(), Trouble> {
    let folder = folder().ok_or(Trouble::Unwritable)?;
    fs::create_dir_all(&folder).map_err(|_| Trouble::Unwritable)?;
    let files = files(job);
    for (name, _) in &files {
        let path = folder.join(name);
        let is_anothers = fs::symlink_metadata(&path)
            .is_ok_and(|_| !fs::read_to_string(&path).is_ok_and(|text| text.starts_with(MARK)));
        if is_anothers {
            return Err(Trouble::AnothersFile(path.display().to_string()));
        }
    }
    for (name, text) in &files {
        put(&folder, name, text).map_err(|_| Trouble::Unwritable)?;
    }
    manager(&["daemon-reload"])?;
    manager(&["enable", TIMER])?;
    // A timer that runs already would wait for the time that it was given before.
    manager(&["restart", TIMER])
}

/// Writes a file in one step.
fn put(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let new = folder.join(format!(".{name}.new"));
    fs::write(&new, text)?;
    fs::rename(&new, folder.join(name))
}

/// Takes the timer back, whether a manager runs or not.
///
/// # Errors
/// Where a file of ours cannot be removed.
pub(crate) fn remove() -> Result<(), Trouble> {
    let folder = folder().ok_or(Trouble::Unwritable)?;
    let has_manager = is_there();
    if has_manager {
        // It may never have been enabled, or may have run.
        let _ = manager(&["disable", "--now", TIMER]);
        let _ = manager(&["reset-failed", SERVICE]);
        let _ = manager(&["clean", "--what=state", TIMER]);
    }
    let link = link(&folder);
    for path in [link.clone(), folder.join(TIMER), folder.join(SERVICE)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Trouble::Unwritable);
            }
            _ => {}
        }
    }
    // Folders in which nothing is left were made for us, or are of no use.
    for folder in [link.parent(), Some(&*folder), folder.parent()].into_iter().flatten() {
        let _ = fs::remove_dir(folder);
    }
    if has_manager { manager(&["daemon-reload"]) } else { Ok(()) }
}

fn manager(words: &[&str]) -> Result<(), Trouble> {
    let output = run("systemctl", &[&["--user"], words].concat(), None)?;
    succeeded("systemctl", output).map(|_| ())
}

/// Returns when the timer starts the job next, in the manager's words.
pub(crate) fn next() -> Option<String> {
    let words = ["--user", "show", "--property=NextElapseUSecRealtime", "--value", TIMER];
    let output = run("systemctl", &words, None).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|text| output.status.success() && !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Job, Rhythm, files, quoted, read, words};

    #[test]
    fn what_is_quoted_reads_back_and_is_no_specifier_or_variable() {
        let hard = ["a b", "it's", "\"x\"", "a\\b", "100%h", "$HOME ${X}", "", ";", "é", "#"];
        let line: Vec<String> = hard.iter().map(|word| quoted(word, true)).collect();
        let line = format!("\"/p$x\" {}", line.join(" "));
        assert_eq!(words(&line).expect("words")[1..], hard);
        assert_eq!(words(&line).expect("words")[0], "/p$x");
        assert_eq!(quoted("%h$x", true), "\"%%h$$x\"");
        assert_eq!(quoted("a\nb", true), "\"a\\x0ab\"");
        for wrong in ["x", "\"a", "\"$x\" \"$x\"", "\"%h\"", "\"\\n\""] {
            assert_eq!(words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_job_reads_back_unless_somebody_has_changed_its_files() {
        let job = Job {
            rhythm: Rhythm::Weekly,
            program: "/a b/$x/git-credential-pat".to_owned(),
            words: ["watch", "run", "--tell", "sh -c 'x; $y' \"%n\""].map(str::to_owned).into(),
            variables: vec![("XDG_STATE_HOME".to_owned(), "/a %b/\"$x\"".to_owned())],
        };
        let [(_, service), (_, timer)] = files(&job);
        assert_eq!(read(&service, &timer), Some(job.clone()));
        let daily = Job { rhythm: Rhythm::Daily, ..job };
        let [_, (_, daily_timer)] = files(&daily);
        assert_eq!(read(&service, &daily_timer), Some(daily));
        assert_eq!(read(&format!("{service}Nice=5\n"), &timer), None);
        assert_eq!(read(&service, &timer.replace("09:", "10:")), None);
        assert_eq!(read("", &timer), None);
    }
}
