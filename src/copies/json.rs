//! The texts of a JSON file, each with the names that lead to it. A library would copy a text with
//! escapes into memory that nobody wipes, and would give up where a brace is missing.

use std::ops::Range;

/// How many names above a text are kept: a file with more is no settings file.
const DEPTH: usize = 8;

/// A text that is a value.
pub(super) struct Value {
    /// Its bytes, without the quotes.
    pub(super) part: Range<usize>,
    /// The names above it, the outermost first.
    pub(super) keys: Vec<Range<usize>>,
}

/// Returns the values of a file that are texts.
pub(super) fn values(content: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    // The name of the present entry in each object or list that is open.
    let mut open: Vec<Option<Range<usize>>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = content.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => open.push(None),
            b'}' | b']' => {
                open.pop();
            }
            b'"' => {
                let part = at..end_of_text(content, at);
                at = part.end + 1;
                let next = content.get(at..).unwrap_or_default().trim_ascii_start();
                if let (Some(b':'), Some(name)) = (next.first(), open.last_mut()) {
                    *name = Some(part);
                } else {
                    let keys = open.iter().flatten().take(DEPTH).cloned().collect();
                    values.push(Value { part, keys });
                }
            }
            _ => {}
        }
    }
    values
}

/// Returns where the text that begins here ends: at its quote, or at the end of the file.
fn end_of_text(content: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&byte) = content.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    content.len()
}

#[cfg(test)]
mod tests {
    use super::values;

    fn read(text: &str) -> Vec<String> {
        let show = |range: &std::ops::Range<usize>| &text[range.clone()];
        let line = |value: &super::Value| {
            let keys: Vec<&str> = value.keys.iter().map(show).collect();
            format!("{}={}", keys.join("/"), show(&value.part))
        };
        values(text.as_bytes()).iter().map(line).collect()
    }

    #[test]
    fn each_text_has_the_names_above_it() {
        assert_eq!(
            read(
                "{\"auths\" :{\"ghcr.io\":{\"auth\":\"QQ==\"},\"b\":{}},\n \"c\": [\"d\", {\"e\": \"f\"}]}"
            ),
            ["auths/ghcr.io/auth=QQ==", "c=d", "c/e=f"]
        );
        assert_eq!(read("{\"a\\\"b\": \"c\\\\\", \"d\": \"\\\"e\"}"), ["a\\\"b=c\\\\", "d=\\\"e"]);
    }

    #[test]
    fn what_is_no_json_is_read_as_far_as_it_goes() {
        for text in ["", "{", "\"", "\"\\", "}}]", "{\"a\":", "\"a\":\"b", ":\"a\"", "[[[[\"x\""] {
            assert!(read(text).len() <= 2, "{text}");
        }
        let deep = "{\"a\":".repeat(100_000) + "\"x\"";
        assert_eq!(read(&deep), [format!("{}=x", ["a"; super::DEPTH].join("/"))]);
    }
}
