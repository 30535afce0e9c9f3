//! What forges and git hosts answer when they are asked about a token. Nothing panics, and two
//! questions are asked at most. What is shown and kept is short, moves no cursor and has no part of
//! the token. A forge is said to take a token only where an answer says so by its status.
//!
//! The input is a byte for the forge, one for the token and for how git ended, and then, between
//! bytes 0x1E: curl's output for the first question and for the second, git's words for push and for
//! reading.
#![no_main]

use git_credential_pat::rehearsed::{Given, Shown, check};
use libfuzzer_sys::fuzz_target;

/// The end of a part of the input.
const END: u8 = 0x1E;

/// Tokens of each forge, in the order in which they are counted.
const TOKENS: [[&str; 4]; 6] = [
    [
        "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "github_pat_TESTONLYTESTONLYTESTO_TESTONLYTESTONLYTESTONLY",
        "ghs_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789TESTONLY0123456789",
    ],
    [
        "glpat-TESTONLYTESTONLYTEST",
        "gldt-TESTONLYTESTONLYTEST",
        "glcbt-64_TESTONLYTESTONLYTEST",
        "TESTONLYTESTONLYTESTONLYTESTONLY",
    ],
    [
        "ATATTTESTONLYTESTONLYTESTONLY",
        "ATCTTTESTONLYTESTONLYTESTONLY",
        concat!("BBDC", "-MjUyOTczNTE1MDY5OlRFU1RPTkxZ"),
        "TESTONLY2345678923456789",
    ],
    ["0123456789abcdef0123456789abcdef01234567", "TESTONLY1", "T", "TESTONLYgitea"],
    ["TESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTEST", "TESTONLY1", "T", "TESTONLYazure"],
    ["hf_TESTONLYTESTONLYTESTONLYTESTONLYTE", "TESTONLY1", "T", "TESTONLYface"],
];

fuzz_target!(|data: &[u8]| {
    let [forge, how, rest @ ..] = data else { return };
    let mut parts = rest.splitn(4, |&byte| byte == END);
    let mut next = || parts.next().unwrap_or_default();
    let (first, second, push, read) = (next(), next(), next(), next());
    let number = usize::from(forge & 7) % TOKENS.len();
    let token = TOKENS[number][usize::from(how & 3)];
    let given = Given {
        forge: number,
        at_its_own_host: forge & 8 != 0,
        token: token.as_bytes(),
        curl: &[first, second],
        git: [(how & 4 != 0, push), (how & 8 != 0, read)],
    };
    if let Some(shown) = check(&given) {
        assert!(shown.questions <= 2, "it asks too often");
        is_fit(&shown, token);
        let says = |status: &[u8]| [first, second].iter().any(|part| holds(part, status));
        assert!(!shown.is_taken || says(b" 200") || says(b" 403"), "{}", shown.json);
    }
});

fn is_fit(shown: &Shown, token: &str) {
    assert!(shown.reads_back);
    let kept = String::from_utf8(shown.kept.clone().unwrap_or_default()).expect("JSON is text");
    assert!(!kept.contains('\n'), "it is one line of an item");
    assert!(shown.text.lines().count() <= 6 && shown.line.lines().count() == 1);
    for text in [&shown.text, &shown.json, &shown.line, &kept] {
        assert!(text.len() < 128 * 1024, "it is too long");
        let moves = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.chars().any(moves), "{text:?}");
        // A token of one letter is in many words.
        if token.len() > 8 {
            assert!(
                !token.as_bytes().windows(8).any(|part| holds(text.as_bytes(), part)),
                "{text}"
            );
        }
    }
    // Nothing in JSON needs more than this to be quoted.
    let mut letters = shown.json.chars();
    while let Some(letter) = letters.next() {
        assert!(letter != '\\' || matches!(letters.next(), Some('"' | '\\')), "{}", shown.json);
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
