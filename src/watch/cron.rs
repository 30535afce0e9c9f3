//! A line of the user's crontab, where systemd's user manager does not run.
//!
//! ```text
//! 23 9 * * * XDG_RUNTIME_DIR=/run/user/1000 /home/a/.local/bin/git-credential-pat watch run # git-credential-pat watch
//! ```
//!
//! cron gives few variables, and no session bus: the desktop's keychain is found by
//! `XDG_RUNTIME_DIR`. It mails what the program says. It runs nothing for a time at which the
//! machine was off. An unescaped `%` ends its line.
//!
//! All other lines stay byte for byte. The mark at the end of ours also says what had to be made for
//! it, so that this goes with it: the crontab itself, or the end of the line before.

use super::scheduler::{Trouble, run, succeeded};
use super::{Installed, Job, Rhythm, Way};
use crate::git::helper_line::program_in_path;
use crate::git::words::typed;

/// The end of our line.
const MARK: &str = " # git-credential-pat watch";

/// What had to be made before our line could be added, after [`MARK`].
const MADE_CRONTAB: &str = ", and this crontab";
const MADE_END: &str = ", and the end of the line before";

/// The longest command that cron reads.
const MOST: usize = 998;

/// The hour at which it runs, by the machine's clock.
const HOUR: u8 = 9;

/// Returns whether the program is there that changes crontabs.
pub(super) fn is_there() -> bool {
    program_in_path("crontab").is_some()
}

/// Returns the line for a job, without its end. The minute spreads the machines that ask one host.
///
/// # Errors
/// Where cron would cut it off.
pub(crate) fn line(job: &Job, minute: u8) -> Result<String, Trouble> {
    let words = job.variables.iter().map(|(name, value)| format!("{name}={}", typed(value)));
    let words = words.chain([typed(&job.program)]).chain(job.words.iter().map(typed));
    let command = words.collect::<Vec<_>>().join(" ").replace('%', "\\%");
    if command.len() + MARK.len() + MADE_END.len() > MOST {
        return Err(Trouble::TooLong);
    }
    let day = match job.rhythm {
        Rhythm::Daily => "*",
        Rhythm::Weekly => "1",
    };
    Ok(format!("{} {HOUR} * * {day} {command}{MARK}", minute % 60))
}

/// Reads a job from a line of ours.
fn read(line: &str) -> Option<Job> {
    let (line, _) = line.rsplit_once(MARK)?;
    let mut fields = line.splitn(6, ' ');
    let [_, _, _, _, day] = std::array::from_fn(|_| fields.next().unwrap_or_default());
    let rhythm = if day == "*" { Rhythm::Daily } else { Rhythm::Weekly };
    let words = shell_words::split(&fields.next()?.replace("\\%", "%")).ok()?;
    let mut variables = Vec::new();
    let mut words = words.into_iter();
    let program = loop {
        let word = words.next()?;
        match word.split_once('=') {
            Some((name, value)) if !word.starts_with('/') => {
                variables.push((name.to_owned(), value.to_owned()));
            }
            _ => break word,
        }
    };
    Some(Job { rhythm, program, words: words.collect(), variables })
}

/// Returns whether this line, without its end, is ours.
fn is_ours(line: &[u8]) -> bool {
    [MARK.to_owned(), format!("{MARK}{MADE_CRONTAB}"), format!("{MARK}{MADE_END}")]
        .iter()
        .any(|mark| line.ends_with(mark.as_bytes()))
        && !line.starts_with(b"#")
}

/// A user's crontab, which may not exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Crontab(Option<Vec<u8>>);

impl Crontab {
    /// Reads it.
    ///
    /// # Errors
    /// Where this user may have none.
    pub(crate) fn now() -> Result<Self, Trouble> {
        let output = run("crontab", &["-l"], None)?;
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        let is_none = !output.status.success()
            && ["no crontab", "no such file", "can't open"]
                .iter()
                .any(|words| said.contains(words));
        if is_none {
            return Ok(Self(None));
        }
        Ok(Self(Some(succeeded("crontab", output)?.stdout.to_vec())))
    }

    /// Returns our line, if there is one.
    pub(crate) fn ours(&self) -> Option<String> {
        let content = self.0.as_deref().unwrap_or_default();
        let line = content.split(|byte| *byte == b'\n').find(|line| is_ours(line))?;
        Some(String::from_utf8_lossy(line).into_owned())
    }

    /// Returns it with this line of ours.
    fn with(self, line: &str) -> Self {
        let Some(mut content) = self.0 else {
            return Self(Some(format!("{line}{MADE_CRONTAB}\n").into_bytes()));
        };
        let made = if content.last().is_some_and(|last| *last != b'\n') {
            content.push(b'\n');
            MADE_END
        } else {
            ""
        };
        content.extend_from_slice(format!("{line}{made}\n").as_bytes());
        Self(Some(content))
    }

    /// Returns it as it was without our lines.
    fn without(self) -> Self {
        let Some(content) = self.0 else { return Self(None) };
        let mut rest: Vec<u8> = Vec::with_capacity(content.len());
        let (mut made_crontab, mut made_end) = (false, false);
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            if is_ours(bare) {
                made_crontab |= bare.ends_with(MADE_CRONTAB.as_bytes());
                made_end |= bare.ends_with(MADE_END.as_bytes());
            } else {
                // Lines that have come after ours need the end of the line before.
                made_end = false;
                rest.extend_from_slice(line);
            }
        }
        if made_end && rest.last() == Some(&b'\n') {
            rest.pop();
        }
        Self(Some(rest).filter(|rest| !rest.is_empty() || !made_crontab))
    }

    /// Makes it the user's.
    fn put(&self) -> Result<(), Trouble> {
        let output = match &self.0 {
            Some(content) => run("crontab", &["-"], Some(content))?,
            None => run("crontab", &["-r"], None)?,
        };
        succeeded("crontab", output)?;
        if Self::now()? == *self { Ok(()) } else { Err(Trouble::NotWritten) }
    }
}

/// Returns our timer, if there is one.
///
/// # Errors
/// Where the crontab cannot be read.
pub(super) fn installed() -> Result<Option<Installed>, Trouble> {
    let line = Crontab::now()?.ours();
    Ok(line.map(|line| Installed { way: Way::Cron, job: read(&line) }))
}

/// Replaces our line in a crontab that still is as it was seen.
///
/// # Errors
/// Where somebody has changed it since, or it cannot be written.
pub(crate) fn install(line: &str, seen: &Crontab) -> Result<(), Trouble> {
    let now = Crontab::now()?;
    if now != *seen {
        return Err(Trouble::Changed);
    }
    now.without().with(line).put()
}

/// Takes our line back.
///
/// # Errors
/// Where the crontab cannot be read or written.
pub(crate) fn remove() -> Result<(), Trouble> {
    let now = Crontab::now()?;
    let rest = now.clone().without();
    if rest == now {
        return Ok(());
    }
    match (rest.put(), rest.0) {
        // Most crontabs take no last line without an end, even one that was there before.
        (Err(_), Some(mut content)) if content.last().is_some_and(|last| *last != b'\n') => {
            content.push(b'\n');
            Crontab(Some(content)).put()
        }
        (put, _) => put,
    }
}

/// Returns the time at which our line runs, `at 09:23 every day`.
pub(crate) fn when(line: &str) -> Option<String> {
    let mut fields = line.split(' ');
    let [minute, hour, _, _, day] = std::array::from_fn(|_| fields.next().unwrap_or_default());
    let (minute, hour): (u8, u8) = (minute.parse().ok()?, hour.parse().ok()?);
    let day = if day == "*" { "every day" } else { "every Monday" };
    Some(format!("at {hour:02}:{minute:02} {day}"))
}

#[cfg(test)]
mod tests {
    use super::{Crontab, Job, Rhythm, Trouble, line, read, when};

    fn job(words: &[&str]) -> Job {
        Job {
            rhythm: Rhythm::Daily,
            program: "/home/a b/git-credential-pat".to_owned(),
            words: words.iter().map(ToString::to_string).collect(),
            variables: vec![("XDG_RUNTIME_DIR".to_owned(), "/run/user/7".to_owned())],
        }
    }

    #[test]
    fn a_line_reads_back_and_has_no_bare_percent_sign() {
        for rhythm in [Rhythm::Daily, Rhythm::Weekly] {
            let job =
                Job { rhythm, ..job(&["watch", "run", "--tell", "a '$(b)' 100% ; \\ \"c\""]) };
            let line = line(&job, 23).expect("a line");
            assert!(!line.replace("\\%", "").contains('%'), "{line}");
            assert_eq!(read(&line), Some(job), "{line}");
        }
        let line = line(&job(&[]), 83).expect("a line");
        assert_eq!(when(&line).as_deref(), Some("at 09:23 every day"), "{line}");
    }

    #[test]
    fn a_line_that_cron_would_cut_off_is_refused() {
        let long = "x".repeat(900);
        assert_eq!(line(&job(&[&long]), 1), Err(Trouble::TooLong));
    }

    #[test]
    fn what_was_there_comes_back_byte_for_byte() {
        let line = line(&job(&["watch", "run"]), 5).expect("a line");
        let before: [Option<&[u8]>; 7] = [
            None,
            Some(b""),
            Some(b"\n"),
            Some(b"MAILTO=x\n1 2 * * * true # git-credential-pat watched\n"),
            Some(b"1 2 * * * true"),
            Some(b"# a comment # git-credential-pat watch\n\n\n1 2 * * * a\\%b \xff\n"),
            Some(b"1 2 * * * true\r\n"),
        ];
        for before in before {
            let before = Crontab(before.map(<[u8]>::to_vec));
            let with = before.clone().with(&line);
            assert!(with.ours().is_some_and(|ours| ours.starts_with(&line)), "{with:?}");
            let other = line.replacen('5', "6", 1);
            for changed in [with.clone(), with.without().with(&other)] {
                assert_eq!(changed.without(), before);
            }
        }
    }

    #[test]
    fn lines_that_came_after_ours_stay_when_it_goes() {
        let line = line(&job(&[]), 5).expect("a line");
        for (before, after) in [(&b"a"[..], &b"a\nb\n"[..]), (b"a\n", b"a\nb\n"), (b"", b"b\n")] {
            let Crontab(Some(mut with)) = Crontab(Some(before.to_vec())).with(&line) else {
                panic!("a crontab");
            };
            with.extend_from_slice(b"b\n");
            assert_eq!(Crontab(Some(with)).without(), Crontab(Some(after.to_vec())));
        }
    }
}
