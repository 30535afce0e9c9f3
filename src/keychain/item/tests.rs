//! What is written reads back, and what was planted or cut off does not.

use super::{Content, decode, label};
use crate::context::Context;
use crate::credential::{Account, Aside, Credential, Maker, Token, Username};
use crate::error::Error;
use crate::secret::{Buffer, Secret};

fn full() -> Credential {
    Credential {
        context: Context::from_canonical("https://h.example:8443/a b/%FF").expect("canonical"),
        username: Some(Username::new(b"al=ice\xFF")),
        any_username: true,
        made_by: Maker::Git,
        put_away_at: Some(3),
        token: Secret::new(b"ghp_TESTONLY=1"),
        authtype: Some(b"Bearer".to_vec()),
        expiry: Some(1_798_761_600),
        refresh_token: Some(Secret::new(b"ghr_TESTONLY")),
        stored_at: 1,
        rejected_at: Some(2),
        known: Some(Secret::new(br#"{"owner":"alice"}"#)),
        token_by: Maker::Git,
        aside: Some(Box::new(Aside { token: other(), since: 4 })),
        rotating_at: Some(7),
        previous: Some(Box::new(Token { secret: Secret::new(b"ghp_TESTONLY3"), ..other() })),
        linked_to: None,
        server: None,
    }
}

fn other() -> Token {
    Token {
        secret: Secret::new(b"ghp_TESTONLY2"),
        authtype: Some(b"Bearer".to_vec()),
        expiry: Some(1_798_761_601),
        refresh_token: Some(Secret::new(b"ghr_TESTONLY2")),
        stored_at: 5,
        rejected_at: Some(6),
        known: Some(Secret::new(b"{}")),
        made_by: Maker::Git,
    }
}

#[test]
fn a_label_names_the_account_and_shows_no_token() {
    let label_for = |name: &[u8]| {
        let Credential { context, .. } = full();
        label(&Account { context, username: Username::new(name) })
    };
    let place = "https://h.example:8443/a b/%FF";
    assert_eq!(label_for(b"hf_maier"), format!("Git token for hf_maier at {place}"));
    for name in [&b""[..], b"hf_TESTONLYTESTONLY"] {
        assert_eq!(label_for(name), format!("Git token at {place}"));
    }
}

#[test]
fn what_is_written_reads_back() {
    let bare = Credential {
        username: None,
        any_username: false,
        made_by: Maker::Person,
        put_away_at: None,
        token: Secret::new(b""),
        authtype: None,
        expiry: None,
        refresh_token: None,
        rejected_at: None,
        token_by: Maker::Person,
        aside: None,
        rotating_at: None,
        previous: None,
        ..full()
    };
    let token = Token { authtype: None, expiry: None, refresh_token: None, ..other() };
    let token = Token { rejected_at: None, made_by: Maker::Person, ..token };
    let bare_aside =
        Credential { aside: Some(Box::new(Aside { token, since: 0 })), ..bare.clone() };
    let begun = Credential { rotating_at: Some(9), ..bare_aside.clone() };
    let kept = Credential { previous: full().previous, ..bare.clone() };
    let empty_name = Credential { username: Some(Username::default()), ..bare.clone() };
    let link = Credential {
        context: Context::from_canonical("docker://r.example").expect("canonical"),
        linked_to: Context::from_canonical("https://h.example/team"),
        ..empty_name.clone()
    };
    let named =
        Credential { server: Some("https://r.example/a%b\n\r/".to_owned()), ..link.clone() };
    for credential in [full(), bare, bare_aside, begun, kept, empty_name, link, named] {
        let content = Buffer::from(Content::of(&credential).to_bytes());
        assert!(decode(&content).is_ok_and(|read| read == credential));
    }
}

#[test]
fn a_token_of_several_lines_is_kept_whole_and_adds_no_line() {
    for token in [
        "{\n  \"TESTONLY\": \"a%b\"\r\n}\n",
        "\n",
        "TESTONLY\ncontext=https://evil.example\ntoken_escaped=true",
        "TESTONLY\0%0A",
        // These tokens are one line, and stand there as they are.
        "TESTONLY%0A",
        "100%",
        "token_escaped=true",
    ] {
        let (secret, lines) = (|| Secret::new(token.as_bytes()), token.contains('\n'));
        let aside = Aside { token: Token { secret: secret(), ..other() }, since: 4 };
        let previous = Some(Box::new(Token { secret: secret(), ..other() }));
        let aside = Some(Box::new(aside));
        let whole = Credential { token: secret(), aside, previous, ..full() };
        let content = Buffer::from(Content::of(&whole).to_bytes());
        assert!(decode(&content).is_ok_and(|read| read == whole), "{token}");
        let is_end = |b: &&u8| **b == b'\n';
        let ends = content.expose().iter().filter(is_end).count();
        let usual = Content::of(&full()).to_bytes().iter().filter(is_end).count();
        let marks = if lines || token.contains('\0') { 3 } else { 0 };
        assert_eq!(ends, usual + marks, "{token}");
    }
}

#[test]
fn what_does_not_say_whose_it_is_is_a_persons() {
    let content = b"t\ncontext=https://h.example\nusername=alice\nstored_at=1\n";
    let read = decode(&Buffer::new(content)).expect("sound");
    assert_eq!((read.made_by, read.token_by), (Maker::Person, Maker::Person));
    assert!(read.aside.is_none() && read.put_away_at.is_none());
    assert!(*Content::of(&read).to_bytes() == content[..], "it is written as before");
}

#[test]
fn who_begins_a_rotation_keeps_room_for_two_tokens() {
    for known in [None, Some(Secret::new(&[b'x'; 300]))] {
        let old = Token { known: known.clone(), refresh_token: None, ..other() };
        let begun = Credential { previous: None, aside: None, ..full() }.with_answering(old);
        let new = Token { secret: Secret::new(&[b'n'; 400]), known, ..begun.answering() };
        let previous = Some(Box::new(begun.answering()));
        let answered = Credential { previous, ..begun.clone() }.with_answering(new);
        assert!(Content::of(&begun).len() >= Content::of(&answered).len());
    }
}

#[test]
fn the_token_stands_alone_on_the_first_line() {
    assert!(Content::of(&full()).to_bytes().starts_with(b"ghp_TESTONLY=1\ncontext="));
}

#[test]
fn what_was_cut_off_or_planted_is_damaged() {
    let decode = |bytes: &[u8]| -> Result<Credential, Error> { decode(&Buffer::new(bytes)) };
    for bytes in [
        &b""[..],
        b"token",
        b"token\n",
        b"token\nusername=a\n",
        b"token\ncontext=h\n",
        b"token\ncontext=https://h.example",
        b"to\rken\ncontext=https://h.example\n",
        b"token\ncontext=https://h.example\nusername=a\0\n",
        b"token\ncontext=https://H.example\n",
        b"token\ncontext=https://h.example\nstored_at=x\n",
        b"t\ncontext=https://h.example\nx\n",
        b"t\ncontext=https://evil.example\ncontext=https://h.example\n",
        b"t\ncontext=https://h.example\nusername=a\nusername=b\n",
        b"t\ncontext=https://h.example\nrejected_at=1\nrejected_at=4000000000\n",
        b"\ncontext=https://h.example\nlinked_to=https://g.example\n",
        b"\ncontext=docker://r.example\nlinked_to=docker://g.example\n",
        b"\ncontext=docker://r.example\nlinked_to=g.example\n",
        b"t\ncontext=docker://r.example\nlinked_to=https://g.example\n",
        b"t\ncontext=https://h.example\naside_since=1\n",
        b"t\ncontext=https://h.example\naside=t1\n",
        b"t\ncontext=https://h.example\naside=t1\naside_since=1\naside=t2\n",
        b"t\ncontext=https://h.example\naside=t1\naside_since=1\naside_rejected_at=x\n",
        b"t\ncontext=https://h.example\nmade_by=git\nmade_by=git\n",
        b"t\ncontext=https://h.example\nrotating_at=x\n",
        b"t\ncontext=https://h.example\nrotating_at=1\nrotating_at=1\n",
        b"t\ncontext=https://h.example\nprevious=t1\nprevious=t2\n",
        b"t\ncontext=https://h.example\nprevious=t1\nprevious_stored_at=x\n",
        b"t%\ncontext=https://h.example\ntoken_escaped=true\n",
        b"t\ncontext=https://h.example\ntoken_escaped=true\ntoken_escaped=true\n",
        b"t\ncontext=docker://r.example\nserver=%FF\n",
        b"t\ncontext=docker://r.example\nserver=a\nserver=a\n",
    ] {
        assert!(decode(bytes).is_err(), "{:?}", bytes.escape_ascii().to_string());
    }
    let later = b"t\ncontext=https://h.example\nadded_later=1\naside_added_later=1\n\
        previous_added_later=1\nprevious2=t1\n";
    assert!(decode(later).is_ok_and(|credential| credential.token.expose() == b"t"));
}
