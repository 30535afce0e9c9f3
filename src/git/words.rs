//! Words of `git config` commands: as a shell takes them, and as patterns for values.

/// A word as it is typed, in a shell that may be interactive: there `!` and `^` mean something.
pub(crate) fn typed(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./+,:@%=-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A pattern for just these values.
pub(crate) fn any_of(values: &[&str]) -> String {
    let mut patterns: Vec<String> = values.iter().map(|value| escaped(value)).collect();
    patterns.dedup();
    match patterns.as_slice() {
        [one] => format!("^{one}$"),
        several => format!("^({})$", several.join("|")),
    }
}

/// A text as a regular expression of git's that only it matches.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.[]*^$+?(){}|".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::{any_of, typed};

    #[test]
    fn a_word_is_quoted_where_a_shell_could_read_more_into_it() {
        for word in ["^!", "a b", "it's", "", "^store( |$)", "~/x", "é", "a=b"] {
            let words = shell_words::split(&typed(word)).expect("words");
            assert_eq!(words, [word]);
        }
        assert_eq!(
            typed("credential.https://h.example:8443.helper"),
            "credential.https://h.example:8443.helper"
        );
        assert_eq!(typed("^!"), "'^!'");
    }

    #[test]
    fn a_pattern_is_for_just_these_values() {
        assert_eq!(any_of(&["pat"]), "^pat$");
        assert_eq!(any_of(&["", "/a.b/x (1)"]), "^(|/a\\.b/x \\(1\\))$");
    }
}
