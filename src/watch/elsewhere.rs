//! Texts for the schedulers of macOS and Windows, which a person puts where they belong.

use super::{Job, Rhythm};
use std::fmt::Write;

/// The name by which launchd knows the job.
const LABEL: &str = "io.github.git-credential-pat.watch";

/// Where launchd looks for it.
const PLIST: &str = "~/Library/LaunchAgents/io.github.git-credential-pat.watch.plist";

/// The name of the task on Windows.
const TASK: &str = "git-credential-pat watch";

/// The longest command of a task on Windows.
const MOST: usize = 261;

/// Returns the text for this system, after the lines that say what to do with it.
pub(crate) fn to_install(job: &Job) -> String {
    if cfg!(windows) { task(job) } else { agent(job) }
}

/// Returns what to type on this system to take it back.
pub(crate) fn to_remove() -> String {
    if cfg!(windows) {
        format!("schtasks /Delete /F /TN \"{TASK}\"")
    } else {
        format!("launchctl bootout gui/$(id -u)/{LABEL}; rm {PLIST}")
    }
}

/// Returns a property list of launchd's.
fn agent(job: &Job) -> String {
    let mut text = format!(
        "Write this to {PLIST}, then type:\n  launchctl bootstrap gui/$(id -u) {PLIST}\n\n\
         <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n  \
         <key>ProgramArguments</key>\n  <array>\n"
    );
    for word in [&job.program].into_iter().chain(&job.words) {
        let _ = writeln!(text, "    <string>{}</string>", xml(word));
    }
    text.push_str("  </array>\n  <key>EnvironmentVariables</key>\n  <dict>\n");
    for (name, value) in &job.variables {
        let _ = writeln!(text, "    <key>{}</key>\n    <string>{}</string>", xml(name), xml(value));
    }
    text.push_str("  </dict>\n  <key>StartCalendarInterval</key>\n  <dict>\n");
    if job.rhythm == Rhythm::Weekly {
        text.push_str("    <key>Weekday</key>\n    <integer>1</integer>\n");
    }
    text + "    <key>Hour</key>\n    <integer>9</integer>\n    <key>Minute</key>\n    \
            <integer>0</integer>\n  </dict>\n</dict>\n</plist>\n"
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns the command that makes a task in Windows' Task Scheduler. A task gets the variables of
/// its user, so ours are not written.
fn task(job: &Job) -> String {
    let schedule = match job.rhythm {
        Rhythm::Daily => "DAILY",
        Rhythm::Weekly => "WEEKLY /D MON",
    };
    let words = [&job.program].into_iter().chain(&job.words);
    let command = words.map(|word| windows_word(word)).collect::<Vec<_>>().join(" ");
    let advice = if command.len() > MOST {
        "The Task Scheduler takes no command so long: write it into a .cmd file and name that.\n"
    } else {
        ""
    };
    // The command is one word of another command.
    let command = windows_word(&command);
    format!(
        "{advice}Type this:\n  schtasks /Create /F /SC {schedule} /ST 09:00 /TN \"{TASK}\" /TR {command}\n"
    )
}

/// Returns a word as programs on Windows split their command line.
fn windows_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:\\@=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::from('"');
    let mut backslashes = 0;
    for c in word.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => text.push_str(&"\\".repeat(backslashes * 2 + 1)),
            _ => text.push_str(&"\\".repeat(backslashes)),
        }
        if c != '\\' {
            backslashes = 0;
            text.push(c);
        }
    }
    text + &"\\".repeat(backslashes * 2) + "\""
}

#[cfg(test)]
mod tests {
    use super::{Job, Rhythm, agent, task, windows_word};

    fn job(rhythm: Rhythm) -> Job {
        Job {
            rhythm,
            program: "/opt/git-credential-pat".to_owned(),
            words: ["watch", "run", "--tell", "a <b> \"c\""].map(str::to_owned).into(),
            variables: vec![("SSL_CERT_FILE".to_owned(), "/a&b".to_owned())],
        }
    }

    #[test]
    fn launchd_gets_each_word_apart_and_no_markup_of_ours() {
        let text = agent(&job(Rhythm::Weekly));
        assert!(text.contains("<string>a &lt;b&gt; \"c\"</string>"), "{text}");
        assert!(text.contains("<string>/a&amp;b</string>"), "{text}");
        assert!(text.contains("<key>Weekday</key>\n    <integer>1</integer>"), "{text}");
        assert!(!agent(&job(Rhythm::Daily)).contains("Weekday"));
    }

    #[test]
    fn windows_gets_one_command_in_quotes() {
        let text = task(&job(Rhythm::Daily));
        assert!(
            text.contains(r#"/SC DAILY /ST 09:00 /TN "git-credential-pat watch" /TR "/opt/git"#),
            "{text}"
        );
        assert!(text.contains(r#"--tell \"a <b> \\\"c\\\"\""#), "{text}");
        assert_eq!(windows_word(r"C:\a b\"), r#""C:\a b\\""#);
        assert_eq!(windows_word(r#"a\"b"#), r#""a\\\"b""#);
    }
}
