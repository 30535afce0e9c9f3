//! The meaning of a line of `credential.helper`, and the writing of ours.
//!
//! git runs a line as it is, by a shell, if its first byte is `/`; after a `!` it runs the rest;
//! any other line `X` means `git credential-X`. A line may be a shell snippet that holds a token,
//! so a line that is not understood is not shown.

use super::shell_line;
use crate::arguments::{self, HelperOptions, Invocation};
use crate::forge;
use crate::git::words;
use crate::keychain::{Identity, Kind};
use crate::protocol::Operation;
use crate::terminal::NAME;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A helper line's meaning.
#[derive(Clone)]
pub(crate) enum Helper {
    /// An empty line: git forgets the helpers before it.
    Reset,
    /// Our helper, without options where they are wrong.
    Ours(Option<Box<HelperOptions>>),
    /// Another helper, by git's name for it, e.g. `store`.
    Other(String),
    /// A shell snippet, which may hold a token.
    Snippet,
}

impl Helper {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Self {
        if line.is_empty() {
            return Self::Reset;
        }
        if let Some(ours) = OurLine::of(line) {
            return Self::Ours(ours.options().map(Box::new));
        }
        let Some(words) = program_words(line).filter(|_| !names_a_variable(line)) else {
            return Self::Snippet;
        };
        let is_path = line.starts_with('/') || words.first().is_some_and(|w| is_windows_path(w));
        let name = words.first().map(|word| {
            let name = file_stem(word);
            name.strip_prefix("git-credential-").unwrap_or(name)
        });
        match (name, line.starts_with('!')) {
            // `gh auth setup-git` and its like write such lines.
            (Some(name), true) if words[1..] == ["auth", "git-credential"] && is_name(name) => {
                Self::Other(name.to_owned())
            }
            (Some(name), false) if is_name(name) && (is_path || is_name(&words[0])) => {
                Self::Other(name.to_owned())
            }
            _ => Self::Snippet,
        }
    }

    /// Returns whether it keeps tokens in a file that anybody who has the file can read.
    pub(crate) fn is_plain_text(&self) -> bool {
        matches!(self, Self::Other(name) if name == "store" || name == "netrc")
    }

    /// Returns whether it is known to keep nothing that git stores, so that it gets no copies.
    pub(crate) fn only_answers(&self) -> bool {
        const ONLY_ANSWER: [&str; 7] =
            ["oauth", "azure", "gh", "glab", "gcloud", "gcloud.sh", "gcloud.cmd"];
        matches!(self, Self::Other(name) if ONLY_ANSWER.contains(&name.as_str()))
    }

    /// Returns whether it is ours and has a keychain, so that it keeps what git stores.
    pub(crate) fn is_our_keychain(&self) -> bool {
        matches!(self, Self::Ours(Some(options)) if options.source.is_none())
            || matches!(self, Self::Ours(None))
    }
}

/// Returns the words of a line, if it does nothing but run one program.
fn program_words(line: &str) -> Option<Vec<String>> {
    let words = shell_line::words(line.strip_prefix('!').unwrap_or(line))?;
    Some(words.into_iter().map(|word| word.text).collect())
}

/// Returns whether a variable, which may hold a token, stands in the program's name.
fn names_a_variable(line: &str) -> bool {
    let command = line.strip_prefix('!').unwrap_or(line);
    let first = shell_line::words(command).and_then(|words| words.into_iter().next());
    first.is_some_and(|first| command[..first.end].contains('$'))
}

/// Returns the file that a line of git's `store` names.
pub(crate) fn store_file(line: &str) -> Option<PathBuf> {
    let words = program_words(line)?;
    let at = words.iter().position(|word| word.starts_with("--file"))?;
    let path = match words[at].strip_prefix("--file=") {
        Some(path) => path,
        None => words.get(at + 1)?,
    };
    match path.strip_prefix("~/") {
        Some(rest) => Some(PathBuf::from(std::env::var_os("HOME")?).join(rest)),
        None => Some(PathBuf::from(path)),
    }
}

/// A line that runs us and does nothing else, split into its parts.
struct OurLine<'a> {
    /// The text before the options, as it is written.
    written: &'a str,
    /// The program's path, or none where git finds it by its name.
    path: Option<String>,
    /// The words after the program.
    rest: Vec<String>,
}

impl<'a> OurLine<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let command = line.strip_prefix('!');
        let words = shell_line::words(command.unwrap_or(line))?;
        let first = words.first()?.text.as_str();
        let second = words.get(1).map(|word| word.text.as_str());
        let (length, path) = match (first, second) {
            ("pat", _) if command.is_none() => (1, None),
            ("git", Some("credential-pat")) if command.is_some() => (2, None),
            (NAME, _) if command.is_some() => (1, None),
            _ if file_stem(first) == NAME => (1, Some(first.to_owned())),
            _ => return None,
        };
        let end = words[length - 1].end + usize::from(command.is_some());
        let rest = words.into_iter().skip(length).map(|word| word.text).collect();
        Some(Self { written: &line[..end], path, rest })
    }

    /// Returns our options, if they are right.
    fn options(self) -> Option<HelperOptions> {
        let operation = Operation::Get.name().to_owned();
        let words: Vec<OsString> =
            self.rest.into_iter().chain([operation]).map(Into::into).collect();
        match arguments::parse(&words) {
            Ok(Invocation::Operation(_, options)) => Some(options),
            _ => None,
        }
    }
}

/// Returns the part of our line before the options, and the path of the program that it runs. A
/// bare name is looked up as git does.
pub(crate) fn our_program(line: &str) -> (&str, Option<PathBuf>) {
    let Some(ours) = OurLine::of(line) else { return ("", None) };
    let path = match ours.path {
        Some(path) => Some(PathBuf::from(path)).filter(|path| is_run(line) && is_program(path)),
        None => in_path().filter(|_| is_run(line)),
    };
    (ours.written, path)
}

/// Returns whether git runs our line as it is meant. What begins with neither `!` nor a path from the root,
/// it takes for a helper's name: of `~/bin/git-credential-pat`, too, it makes `git credential-~/bin/…`.
pub(crate) fn is_run(line: &str) -> bool {
    let is_named = || OurLine::of(line).is_some_and(|ours| ours.path.is_none());
    line.starts_with(['!', '/'])
        || is_windows_path(line)
        || (is_named() && !line.starts_with([' ', '\t']))
}

/// Returns whether our line itself names the keychain.
pub(crate) fn names_keychain(line: &str) -> bool {
    let is_option = |word: &String| word == "--keychain" || word.starts_with("--keychain=");
    OurLine::of(line).is_some_and(|ours| ours.rest.iter().any(is_option))
}

/// Returns a program's name without its folder and without the ending that it has on Windows.
fn file_stem(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Returns where a shell finds us.
pub(crate) fn in_path() -> Option<PathBuf> {
    program_in_path(&format!("{NAME}{}", std::env::consts::EXE_SUFFIX))
}

/// Returns where a shell finds a program.
pub(crate) fn program_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether this is a program that can be run.
#[cfg(unix)]
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether this is a program that can be run.
#[cfg(not(unix))]
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Returns whether this is the program that runs now, or the one that started it in its own name.
pub(crate) fn is_this_program(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let is_it = |this: PathBuf| this.canonicalize().is_ok_and(|this| this == path);
    std::env::current_exe().is_ok_and(is_it) || this_path().is_some_and(is_it)
}

/// Returns this program's path, as it was started: a link on that path, or a script that became
/// this program, may still be right after an upgrade.
pub(crate) fn this_path() -> Option<PathBuf> {
    let word = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    let started = if word.components().count() > 1 {
        Some(word)
    } else if word.file_stem().is_some_and(|word| word == NAME) {
        in_path()
    } else {
        None
    };
    let has_our_name = |path: &PathBuf| path.file_stem().is_some_and(|name| name == NAME);
    let started = started.filter(|path| has_our_name(path) && is_program(path));
    let path = started.or_else(|| std::env::current_exe().ok())?;
    std::path::absolute(path).ok()
}

/// Returns the bare name as a helper line has it, or nothing where git would not find this program
/// by it.
pub(crate) fn by_name() -> Option<String> {
    in_path().filter(|path| is_this_program(path)).map(|_| "pat".to_owned())
}

/// Returns this program's path as a helper line names it, or nothing where it is no text.
pub(crate) fn by_path() -> Option<String> {
    let path = this_path()?;
    let path = path.to_str().filter(|path| !path.contains(char::is_control))?;
    // Windows separates folders by a backslash, which is a shell's escape.
    Some(if cfg!(windows) { escaped(&path.replace('\\', "/")) } else { escaped(path) })
}

/// Returns a path as git's shell reads it. A quote cannot come first: git would look for a command
/// `credential-'…`. So each character that a shell could misread is escaped by itself.
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"/._-+,:@".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Returns the options as a helper line names them, for this keychain.
pub(crate) fn options_for(keychain: Kind, options: &HelperOptions) -> String {
    let mut text = format!(" --keychain {}", keychain.name());
    let numbers = [
        ("--timeout", options.lifetime.filter(|_| keychain == Kind::Kernel)),
        ("--cache", options.cache.filter(|_| !matches!(keychain, Kind::Kernel | Kind::Vault))),
    ];
    for (name, seconds) in numbers {
        if let Some(seconds) = seconds {
            text = format!("{text} {name} {}", seconds.as_secs());
        }
    }
    match options.identity.as_ref().filter(|_| keychain == Kind::Vault) {
        Some(Identity::File(path)) => {
            text =
                format!("{text} --identity {}", words::typed(path.as_os_str().as_encoded_bytes()));
        }
        Some(Identity::Command(line)) => {
            text = format!("{text} --identity-command {}", words::typed(line));
        }
        None => {}
    }
    for (name, is_given) in
        [("--allow-http", options.allow_http), ("--log", options.log), ("--notify", options.notify)]
    {
        if is_given {
            text = format!("{text} {name}");
        }
    }
    text
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 40
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !forge::is_token(word.as_bytes())
}

fn is_windows_path(word: &str) -> bool {
    word.as_bytes().get(1..3).is_some_and(|after| after == b":/" || after == b":\\")
}

#[cfg(test)]
mod tests {
    use super::{
        Helper, HelperOptions, OurLine, escaped, is_run, options_for, our_program, store_file,
    };
    use crate::keychain::Kind;
    use crate::source::{Origin, SourceOptions};

    fn our_options(line: &str) -> Option<HelperOptions> {
        OurLine::of(line)?.options()
    }

    #[test]
    fn our_line_is_found_however_it_is_written() {
        for line in [
            "pat --keychain kernel",
            "/home/a/.local/bin/git-credential-pat --keychain kernel --timeout 60",
            "/home/a\\ b/bin/git-credential-pat --keychain=kernel",
            "!'/home/a b/git-credential-pat' --keychain kernel",
            "!\"$HOME/bin/git-credential-pat\" --keychain kernel",
            "!~/.local/bin/git-credential-pat --keychain kernel",
            "! git-credential-pat --keychain kernel",
            "!git credential-pat --keychain kernel",
            "/opt/git-credential-pat/bin/git-credential-pat --keychain kernel",
            "/home/a\\ --b/bin/git-credential-pat --keychain kernel",
            "C:/bin/git-credential-pat.exe --keychain kernel",
            "'/x/git-credential-pat --dir/git-credential-pat' --keychain kernel",
        ] {
            let options = our_options(line).expect(line);
            assert_eq!(options.kind, Some(Kind::Kernel), "{line}");
            let written = our_program(line).0;
            assert!(line[written.len()..].starts_with(" --keychain"), "{line}: {written}");
        }
        assert!(our_options("pat").is_some_and(|options| options.kind.is_none()));
    }

    #[test]
    fn a_line_is_run_if_git_takes_its_first_word_for_a_program_or_our_name() {
        for (line, runs) in [
            ("pat --keychain kernel", true),
            ("\"pat\" --keychain kernel", true),
            ("/bin/git-credential-pat", true),
            ("!~/bin/git-credential-pat", true),
            ("C:/bin/git-credential-pat.exe", true),
            ("~/bin/git-credential-pat --keychain kernel", false),
            ("$HOME/bin/git-credential-pat", false),
            ("bin/git-credential-pat", false),
            ("'/bin/git-credential-pat'", false),
            (" pat --keychain kernel", false),
            (" /bin/git-credential-pat", false),
        ] {
            assert_eq!(is_run(line), runs, "{line}");
            assert!(matches!(Helper::parse(line), Helper::Ours(Some(_))), "{line}");
        }
    }

    #[test]
    fn our_name_among_the_options_misleads_nobody() {
        let place = "--for https://h.example";
        for program in ["pat", "/usr/bin/git-credential-pat", "!git-credential-pat"] {
            for (words, origin) in [
                (
                    "--file /run/credentials/git-credential-pat.service/token",
                    Origin::File("/run/credentials/git-credential-pat.service/token".into()),
                ),
                (
                    "--file /home/a/.config/git-credential-pat",
                    Origin::File("/home/a/.config/git-credential-pat".into()),
                ),
                (
                    "--command 'cat /srv/git-credential-pat; x'",
                    Origin::Command("cat /srv/git-credential-pat; x".to_owned()),
                ),
            ] {
                let line = format!("{program} {place} {words}");
                let options = our_options(&line).expect(&line);
                let Some(SourceOptions::Bound(source)) = options.source else { panic!("{line}") };
                assert!(source.origin == origin, "{line}");
                assert_eq!(our_program(&line).0, program);
            }
        }
    }

    #[test]
    fn a_snippet_that_runs_us_is_a_snippet() {
        for line in [
            "!P capability </dev/null >/dev/null; tee -a leak | P --keychain kernel",
            "!tee leak | P --keychain kernel",
            "!P --keychain kernel | tee leak",
            "!P --keychain kernel && true",
            "!X=1 P --keychain kernel",
            "!sh -c 'P --keychain kernel'",
            "!f() { P \"$@\"; }; f",
            "P --keychain kernel; true",
            "P --keychain $(cat x)",
            "P --keychain kernel #",
        ] {
            for program in ["/usr/bin/git-credential-pat", "git-credential-pat"] {
                let line = line.replace('P', program);
                assert!(matches!(Helper::parse(&line), Helper::Snippet), "{line}");
            }
        }
    }

    #[test]
    fn another_helper_is_not_ours() {
        for line in [
            "",
            "store",
            "libsecret",
            "/usr/bin/pat",
            "!pat --keychain kernel",
            "patch",
            "pat --unknown",
            "x-git-credential-pat",
            "/bin/git-credential-patch",
            "/opt/git-credential-pat/bin/helper",
            "store --file /home/a/git-credential-pat",
        ] {
            assert!(our_options(line).is_none(), "{line}");
        }
        assert!(matches!(Helper::parse("pat --unknown"), Helper::Ours(None)));
        for (line, helper) in [
            ("/usr/bin/pat", "pat"),
            ("/opt/git-credential-pat/bin/helper", "helper"),
            ("store --file /home/a/git-credential-pat", "store"),
        ] {
            assert!(matches!(Helper::parse(line), Helper::Other(name) if name == helper), "{line}");
        }
    }

    #[test]
    fn other_helpers_have_a_name_and_snippets_none() {
        for (line, name) in [
            ("store --file x", "store"),
            ("/usr/lib/git-core/git-credential-libsecret", "libsecret"),
            ("C:/Program\\ Files/Git/bin/git-credential-manager.exe", "manager"),
            ("!/usr/bin/gh auth git-credential", "gh"),
        ] {
            let read = Helper::parse(line);
            assert!(matches!(&read, Helper::Other(read) if read == name), "{line}");
        }
        for line in ["!f() { echo password=TESTONLY; }; f", "TESTONLY'", "a$b", "!x", "!"] {
            assert!(matches!(Helper::parse(line), Helper::Snippet), "{line}");
        }
    }

    #[test]
    fn a_store_names_its_file() {
        assert_eq!(store_file("store --file '/a b/c'"), Some("/a b/c".into()));
        assert_eq!(store_file("store --file=/c"), Some("/c".into()));
        assert_eq!(store_file("store"), None);
    }

    #[test]
    fn a_path_is_written_as_the_shell_reads_it() {
        for path in ["/a/b-c_d.e", "/odd 'one' \"two\" $HOME é [x]* `y` \\z #;&|~=%"] {
            let words = shell_words::split(&escaped(path)).expect("words");
            assert_eq!(words, [path]);
        }
        assert_eq!(escaped("/a b"), "/a\\ b");
    }

    #[test]
    fn what_fits_another_keychain_is_kept() {
        let options =
            our_options("pat --log --keychain kernel --timeout 60 --allow-http").expect("ours");
        assert_eq!(
            options_for(Kind::Kernel, &options),
            " --keychain kernel --timeout 60 --allow-http --log"
        );
        let service = " --keychain secret-service --allow-http --log";
        assert_eq!(options_for(Kind::SecretService, &options), service);
        let text = " --keychain vault --identity-command 'age -d /a\\ b/git-credential-pat/x' --allow-http";
        let options = our_options(&format!("/bin/git-credential-pat{text}")).expect("ours");
        assert_eq!(options_for(Kind::Vault, &options), text);
        assert_eq!(options_for(Kind::Kernel, &options), " --keychain kernel --allow-http");
    }
}
