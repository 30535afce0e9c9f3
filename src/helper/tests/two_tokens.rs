//! What becomes of an account's two tokens: every operation on every state.
//!
//! A state is written `P: Pa! / Gb`: a person's account, answered by the person's token `a`, which
//! was refused; beside it git's token `b`. `~` means expired, `r` with a refresh token, `°` set
//! aside 31 days ago, and `^` after the account's maker put away. `*` there is the note of a
//! rotation, and `< Px` at the end the token that it has replaced.

use super::NOW;
use crate::context::Context;
use crate::credential::{Aside, Credential, Maker, State, Token, TokenPlace, Username};
use crate::helper::two_tokens::{
    Rest, brought, disowned, put_away, refused, restored, rotated, without,
};
use crate::secret::Secret;

const DAY: u64 = 24 * 60 * 60;

/// The state; then the state after a store of git's new token `n`, of the token that answers and of
/// the one set aside; then after a refusal of the token that answers and of the one set aside. `=`
/// means unchanged, `-` that the row has no such token.
type Row = [&'static str; 6];

const ROWS: &[Row] = &[
    // A person's account, live.
    ["P: Pa", "P: Pa / Gn", "=", "-", "P: Pa!", "-"],
    ["P: Pa / Gb", "P: Pa / Gn", "=", "=", "P: Pa! / Gb", "P: Pa / Gb!"],
    ["P: Pa / Gb!", "P: Pa / Gn", "=", "=", "P: Pa! / Gb!", "="],
    ["P: Pa / Gb~r", "P: Pa / Gn", "=", "=", "P: Pa! / Gb~r", "P: Pa / Gb!~r"],
    ["P: Pa / Pb!", "=", "=", "=", "P: Pa! / Pb!", "="],
    ["P: Ga", "P: Ga / Gn", "=", "-", "P: Ga!", "-"],
    ["P: Ga / Gb", "P: Ga / Gn", "=", "=", "P: Ga! / Gb", "P: Ga / Gb!"],
    ["P: Ga / Pb!", "=", "=", "=", "P: Ga! / Pb!", "="],
    ["P: Ga / Pb", "=", "=", "=", "P: Ga! / Pb", "P: Ga / Pb!"],
    // A person's account whose own token is dead.
    ["P: Pa!", "P: Gn / Pa!", "P: Pa", "-", "=", "-"],
    ["P: Pa! / Gb", "P: Gn / Pa!", "P: Pa / Gb", "P: Gb / Pa!", "=", "P: Pa! / Gb!"],
    ["P: Pa! / Gb!", "P: Gn / Pa!", "P: Pa / Gb!", "P: Gb / Pa!", "=", "="],
    // A person's account in which one of git's is dead.
    ["P: Ga!", "P: Gn / Ga!", "P: Ga", "-", "=", "-"],
    ["P: Ga! / Pb!", "P: Gn / Pb!", "P: Ga / Pb!", "P: Pb / Ga!", "=", "="],
    ["P: Ga! / Gb", "P: Gn / Gb", "P: Ga / Gb", "P: Gb / Ga!", "=", "P: Ga! / Gb!"],
    ["P: Ga! / Gb!", "P: Gn / Ga!", "P: Ga / Gb!", "P: Gb / Ga!", "=", "="],
    // git's account, live.
    ["G: Ga", "G: Gn / Ga", "=", "-", "G: Ga!", "-"],
    ["G: Ga / Gb!", "G: Gn / Ga", "=", "=", "G: Ga! / Gb!", "="],
    ["G: Ga / Gb", "G: Gn / Gb", "=", "G: Gb / Ga", "G: Ga! / Gb", "G: Ga / Gb!"],
    ["G: Ga / Gb°", "G: Gn / Ga", "=", "G: Gb / Ga", "G: Ga! / Gb°", "G: Ga / Gb!°"],
    ["G: Ga / Gb~r", "G: Gn / Ga", "=", "G: Gbr / Ga", "G: Ga! / Gb~r", "G: Ga / Gb!~r"],
    // git's account, dead.
    ["G: Ga!", "G: Gn / Ga!", "G: Ga", "-", "=", "-"],
    ["G: Ga! / Gb", "G: Gn / Gb", "G: Ga / Gb", "G: Gb / Ga!", "=", "G: Ga! / Gb!"],
    ["G: Ga! / Gb°", "G: Gn / Gb°", "G: Ga / Gb°", "G: Gb / Ga!", "=", "G: Ga! / Gb!°"],
    ["G: Ga! / Gb!", "G: Gn / Ga!", "G: Ga / Gb!", "G: Gb / Ga!", "=", "="],
    // An expired token is dropped, unless it has a refresh token.
    ["P: Pa~", "P: Gn", "P: Pa", "-", "P: Pa!~", "-"],
    ["P: Pa~ / Gb", "P: Gn / Gb", "P: Pa / Gb", "P: Gb / Pa~", "P: Pa!~ / Gb", "P: Pa~ / Gb!"],
    ["P: Ga~ / Pb!", "P: Gn / Pb!", "P: Ga / Pb!", "P: Pb / Ga~", "P: Ga!~ / Pb!", "="],
    [
        "P: Pa~r / Gb",
        "P: Gn / Pa~r",
        "P: Par / Gb",
        "P: Gb / Pa~r",
        "P: Pa!~r / Gb",
        "P: Pa~r / Gb!",
    ],
    ["G: Ga~", "G: Gn", "G: Ga", "-", "G: Ga!~", "-"],
    ["G: Ga~r", "G: Gn / Ga~r", "G: Gar", "-", "G: Ga!~r", "-"],
    ["G: Ga~r / Gb", "G: Gn / Gb", "G: Gar / Gb", "G: Gb / Ga~r", "G: Ga!~r / Gb", "G: Ga~r / Gb!"],
    // An account that was put away answers nothing: it counts as dead, and a store brings it back.
    ["P^: Pa", "P: Gn / Pa!", "P: Pa", "-", "P^: Pa!", "-"],
    ["P^: Pa!", "P: Gn / Pa!", "P: Pa", "-", "=", "-"],
    ["P^: Pa / Gb", "P: Gn / Pa!", "P: Pa / Gb", "P: Gb / Pa!", "P^: Pa! / Gb", "P^: Pa / Gb!"],
    ["P^: Ga / Pb!", "P: Gn / Pb!", "P: Ga / Pb!", "P: Pb / Ga!", "P^: Ga! / Pb!", "="],
    ["G^: Ga / Gb", "G: Gn / Gb", "G: Ga / Gb", "G: Gb / Ga!", "G^: Ga! / Gb", "G^: Ga / Gb!"],
    ["G^: Ga", "G: Gn / Ga!", "G: Ga", "-", "G^: Ga!", "-"],
    // A rotation has begun, or its new token was not verified.
    ["P*: Pa", "=", "=", "-", "=", "-"],
    ["P*: Pa / Gb", "=", "=", "=", "=", "="],
    ["P*: Pa / Pb!", "=", "=", "=", "=", "="],
    ["P*: Pa~", "=", "=", "-", "=", "-"],
    ["P*: Pa!", "=", "=", "-", "=", "-"],
    ["P^*: Pa", "=", "=", "-", "=", "-"],
    ["P*: Pa < Px", "=", "=", "-", "=", "-"],
    ["P*: Pa / Gb < Px!", "=", "=", "=", "=", "="],
    // A rotation is over, but the old token was not revoked yet.
    ["P: Pa < Px", "P: Pa / Gn < Px", "=", "-", "P: Pa! < Px", "-"],
    ["P: Pa! < Px", "P: Gn / Pa! < Px", "P: Pa < Px", "-", "=", "-"],
    ["P: Pa / Gb < Px!", "P: Pa / Gn < Px!", "=", "=", "P: Pa! / Gb < Px!", "P: Pa / Gb! < Px!"],
    ["P^: Pa < Px", "P: Gn / Pa! < Px", "P: Pa < Px", "-", "P^: Pa! < Px", "-"],
];

fn maker(letter: char) -> Maker {
    if letter == 'P' { Maker::Person } else { Maker::Git }
}

fn token(text: &str) -> Token {
    let mut letters = text.chars();
    let made_by = maker(letters.next().expect("a maker"));
    let name = letters.next().expect("a name");
    Token {
        secret: Secret::new(name.to_string().as_bytes()),
        authtype: None,
        expiry: text.contains('~').then_some(NOW - 1),
        refresh_token: text.contains('r').then(|| Secret::new(b"refresh")),
        stored_at: NOW - 2 * DAY,
        rejected_at: text.contains('!').then_some(NOW - DAY),
        known: None,
        made_by,
    }
}

fn state(text: &str) -> Credential {
    let (account, tokens) = text.split_once(": ").expect("an account");
    let (tokens, previous) = tokens.split_once(" < ").map_or((tokens, None), |(a, b)| (a, Some(b)));
    let (answering, aside) = tokens.split_once(" / ").map_or((tokens, None), |(a, b)| (a, Some(b)));
    let context = Context::from_canonical("https://h.example").expect("canonical");
    let alice = Some(Username::new(b"alice"));
    let since = |text: &str| NOW - if text.contains('°') { 31 * DAY } else { DAY };
    Credential {
        made_by: maker(account.chars().next().expect("a maker")),
        put_away_at: account.contains('^').then_some(NOW - DAY),
        aside: aside.map(|text| Box::new(Aside { token: token(text), since: since(text) })),
        rotating_at: account.contains('*').then_some(NOW - 1),
        previous: previous.map(|text| Box::new(token(text))),
        ..Credential::new(context, alice, Secret::new(b""), 0)
    }
    .with_answering(token(answering))
}

fn letter(maker: Maker) -> char {
    if maker == Maker::Person { 'P' } else { 'G' }
}

fn token_text(token: &Token) -> String {
    let mut text = String::from(letter(token.made_by));
    text.push_str(&String::from_utf8_lossy(token.secret.expose()));
    text.extend(token.rejected_at.map(|_| '!'));
    text.extend(token.is_expired(NOW).then_some('~'));
    text.extend(token.refresh_token.as_ref().map(|_| 'r'));
    text
}

fn text(credential: &Credential) -> String {
    let mut text = String::from(letter(credential.made_by));
    text.extend(credential.put_away_at.map(|_| '^'));
    text.extend(credential.rotating_at.map(|_| '*'));
    text.push_str(": ");
    text.push_str(&token_text(&credential.answering()));
    if let Some(Aside { token, since }) = credential.aside.as_deref() {
        text.push_str(" / ");
        text.push_str(&token_text(token));
        text.extend((*since < NOW - 30 * DAY).then_some('°'));
    }
    if let Some(token) = &credential.previous {
        text.push_str(" < ");
        text.push_str(&token_text(token));
    }
    text
}

fn store(old: &Credential, new: &Token) -> Option<Credential> {
    brought(old, old.username.as_ref(), new, NOW)
}

/// Returns a token as git brings it: without anything that is known of it.
fn from_git(token: &Token) -> Token {
    Token {
        expiry: None,
        refresh_token: None,
        stored_at: NOW,
        rejected_at: None,
        made_by: Maker::Git,
        ..token.clone()
    }
}

#[test]
fn every_state_meets_every_operation() {
    for row in ROWS {
        let old = state(row[0]);
        assert_eq!(text(&old), row[0]);
        let answering = old.answering();
        let aside = old.aside.as_ref().map(|aside| &aside.token);
        let refuse = |token: &Token| refused(&old, (None, &token.secret), NOW);
        let results = [
            Some(store(&old, &from_git(&token("Gn")))),
            Some(store(&old, &from_git(&answering))),
            aside.map(|token| store(&old, &from_git(token))),
            Some(refuse(&answering)),
            aside.map(refuse),
        ];
        for (number, (expected, result)) in row[1..].iter().zip(results).enumerate() {
            let result = match &result {
                None => "-".to_owned(),
                Some(None) => "=".to_owned(),
                Some(Some(new)) => text(new),
            };
            assert_eq!(result, *expected, "{}, column {}", row[0], number + 1);
        }
        if let Some(previous) = &old.previous {
            let is_left = store(&old, &from_git(previous)).is_none() && refuse(previous).is_none();
            assert!(is_left, "{}: what a rotation has replaced", row[0]);
        }
        let other = Token { authtype: Some(b"Bearer".to_vec()), ..answering.clone() };
        let refusal = refused(&old, (other.authtype.as_deref(), &other.secret), NOW);
        assert!(refusal.is_none(), "{}: another scheme is another token", row[0]);
    }
}

#[test]
fn a_token_that_is_taken_out_leaves_the_others_and_none_that_answers() {
    for (before, taken, after) in [
        ("P: Pa", "Pa", "nothing"),
        ("P: Pa", "Pb", "="),
        ("P: Pa!", "Pa", "nothing"),
        ("P: Pa / Gb", "Pa", "P^: Gb"),
        ("P: Pa / Gb!", "Pa", "P^: Gb!"),
        ("P: Pa / Gb", "Gb", "P: Pa"),
        ("P: Pa / Ga", "Pa", "nothing"),
        ("P: Pa < Pb", "Pa", "P^: Pb"),
        ("P: Pa < Pb", "Pb", "P: Pa"),
        ("P: Pa < Pb!", "Pa", "nothing"),
        ("P*: Pa < Pb", "Pa", "P^: Pb"),
        ("P: Pa / Gc < Pb", "Pa", "P^: Gc < Pb"),
    ] {
        let rest = match without(&state(before), &token(taken).secret, NOW) {
            None => "=".to_owned(),
            Some(Rest::Nothing) => "nothing".to_owned(),
            Some(Rest::Account(new)) => text(&new),
        };
        assert_eq!(rest, after, "{before} without {taken}");
    }
}

#[test]
fn what_others_have_seen_is_marked_also_while_a_rotation_is_open() {
    for (before, seen, after) in [
        ("P*: Pa", "Pa", "P*: Pa!"),
        ("P: Pa / Gb", "Gb", "P: Pa / Gb!"),
        ("P: Pa!", "Pa", "="),
        ("P: Pa", "Pb", "="),
    ] {
        let seen_token = token(seen).secret;
        let new = disowned(&state(before), |_, own| *own == seen_token, NOW);
        assert_eq!(new.map_or("=".to_owned(), |new| text(&new)), after, "{before}, {seen}");
    }
}

#[test]
fn a_token_that_its_forge_has_ended_is_dead_with_every_scheme() {
    let old = Credential { authtype: Some(b"Bearer".to_vec()), ..state("P: Pa / Ga < Pa") };
    let secret = token("Pa").secret;
    assert!(matches!(without(&old, &secret, NOW), Some(Rest::Nothing)));
    let seen = disowned(&old, |_, own| *own == secret, NOW);
    assert_eq!(seen.and_then(|new| new.rejected_at), Some(NOW));
    let places = ["P: Pa", "P: Pb / Ga", "P: Pb < Pa", "P: Pb"].map(|text| {
        let bearer = Credential { authtype: Some(b"Bearer".to_vec()), ..state(text) };
        bearer.place_of(&secret)
    });
    let expected = [TokenPlace::Answering, TokenPlace::Aside, TokenPlace::Previous];
    assert_eq!(places[..3], expected.map(Some));
    assert_eq!(places[3], None);
}

#[test]
fn no_single_step_loses_a_token_of_a_persons_that_may_serve_again() {
    for row in ROWS {
        let old = state(row[0]);
        let persons = |credential: &Credential| {
            let mut texts = vec![credential.answering()];
            texts.extend(credential.aside.as_ref().map(|aside| aside.token.clone()));
            texts.extend(credential.previous.as_deref().cloned());
            texts.retain(|token| token.made_by == Maker::Person && !token.is_expired(NOW));
            texts.iter().map(|token| token.secret.expose().to_vec()).collect::<Vec<_>>()
        };
        if let Some(new) = store(&old, &from_git(&token("Gn"))) {
            let kept = persons(&new);
            assert!(persons(&old).iter().all(|token| kept.contains(token)), "{}", row[0]);
        }
    }
}

#[test]
fn an_expired_token_whose_refresh_token_has_a_successor_ends() {
    let new = Token { refresh_token: Some(Secret::new(b"next")), ..from_git(&token("Gn")) };
    for (old, expected) in [("G: Ga~r", "G: Gnr"), ("P: Pa~r / Gb", "P: Gnr / Gb")] {
        assert_eq!(store(&state(old), &new).map(|new| text(&new)).as_deref(), Some(expected));
    }
}

#[test]
fn what_was_refused_long_ago_lies_aside_no_more() {
    let long_ago = |text: &str| {
        let mut old = state(text);
        if let Some(aside) = &mut old.aside {
            aside.token.rejected_at = Some(NOW - 31 * DAY);
        }
        old
    };
    for (old, expected) in [
        ("P: Pa / Pb!", "P: Pa / Gn"),
        ("P: Ga / Pb!", "P: Ga / Gn"),
        ("P: Ga! / Pb!", "P: Gn / Ga!"),
        ("G: Ga / Gb!", "G: Gn / Ga"),
    ] {
        let new = store(&long_ago(old), &from_git(&token("Gn")));
        assert_eq!(new.map(|new| text(&new)).as_deref(), Some(expected), "{old}");
    }
    // An account is gone only when both of its tokens are.
    let mut both = long_ago("P: Pa! / Pb!");
    assert!(!both.is_gone(NOW));
    both.rejected_at = Some(NOW - 31 * DAY);
    assert!(both.is_gone(NOW));
    let mut younger = state("P: Pa! / Gb");
    younger.rejected_at = Some(NOW - 31 * DAY);
    assert!(!younger.is_gone(NOW));
    let new = store(&younger, &from_git(&token("Gn")));
    assert_eq!(new.map(|new| text(&new)).as_deref(), Some("P: Gn / Gb"));
}

#[test]
fn an_account_in_a_rotation_is_not_gone_while_one_of_its_tokens_may_live() {
    for old in ["P*: Pa!", "P*: Pa! < Px", "P: Pa! < Px"] {
        let old = Credential { rejected_at: Some(NOW - 31 * DAY), ..state(old) };
        assert!(!old.is_gone(NOW));
    }
}

#[test]
fn a_rotation_that_has_ended_leaves_its_new_token_alone() {
    for (old, keeps, expected) in [
        ("P*: Pa < Px", false, "P: Pa"),
        ("P*: Pa / Gb < Px", false, "P: Pa"),
        ("P*: Pa / Pb! < Px", true, "P: Pa < Px"),
    ] {
        assert_eq!(text(&rotated(state(old), keeps)), expected);
    }
}

#[test]
fn an_empty_token_is_never_set_aside() {
    for (old, expected) in [("G: Ga", "G: Gn"), ("P: Pa", "P: Gn")] {
        let old = Credential { token: Secret::new(b""), ..state(old) };
        let new = store(&old, &from_git(&token("Gn")));
        assert_eq!(new.map(|new| text(&new)).as_deref(), Some(expected));
    }
}

#[test]
fn put_away_is_a_mark_and_its_time() {
    for (old, expected) in [
        ("P: Pa / Gb", Some("P^: Pa / Gb")),
        ("G: Ga!", Some("G^: Ga!")),
        ("P^: Pa", None),
        ("P*: Pa", None),
        ("P*: Pa < Px", None),
        ("P: Pa < Px", Some("P^: Pa < Px")),
    ] {
        let new = put_away(&state(old), NOW);
        assert_eq!(new.as_ref().map(text).as_deref(), expected);
        assert!(new.is_none_or(|new| new.put_away_at == Some(NOW) && !new.is_live(NOW)));
    }
    let of_a_clock_ahead = Credential { stored_at: NOW + DAY, ..state("P: Pa") };
    let put_away_at = put_away(&of_a_clock_ahead, NOW).and_then(|new| new.put_away_at);
    assert_eq!(put_away_at, Some(NOW + DAY));
    let gone = Credential { put_away_at: Some(NOW - 31 * DAY), ..state("P: Pa / Gb") };
    assert!(gone.is_gone(NOW));
}

#[test]
fn a_persons_token_is_restored_before_gits_and_becomes_a_persons() {
    for (old, expected) in [
        ("P: Pa!", "P: Pa"),
        ("G: Ga!", "P: Pa"),
        ("P: Pa! / Gb", "P: Pa / Gb"),
        ("P: Ga / Pb!", "P: Pb / Ga"),
        ("P: Ga! / Pb!", "P: Pb / Ga!"),
        ("P: Ga! / Gb", "P: Pb / Ga!"),
        ("P: Ga! / Gb!", "P: Pa / Gb!"),
        ("G: Ga! / Gb", "P: Pb / Ga!"),
        ("P^: Pa", "P: Pa"),
        ("G^: Ga", "P: Pa"),
        ("P^: Pa!", "P: Pa"),
        ("P^: Pa / Gb", "P: Pa / Gb"),
        ("P^: Ga / Pb!", "P: Pb / Ga!"),
        ("G^: Ga / Gb", "P: Pa / Gb"),
        // What a rotation has replaced comes back where its new token was refused, and it was not.
        ("P: Pa! < Px", "P: Px / Pa!"),
        ("P*: Pa! < Px", "P: Px / Pa!"),
        ("P: Pa! / Gb < Px", "P: Px / Pa!"),
        ("P: Pa! < Px!", "P: Pa < Px!"),
        ("P: Pa! < Px~", "P: Pa < Px~"),
        ("P^: Pa < Px", "P: Pa < Px"),
        ("P*: Pa!", "P*: Pa"),
    ] {
        let new = restored(&state(old), NOW);
        assert_eq!(new.as_ref().map(text).as_deref(), Some(expected), "{old}");
        assert_eq!(new.map(|new| new.state(NOW)), Some(State::Live), "{old}");
    }
    for nothing in [
        "P: Pa < Px",
        "P*: Pa",
        "P: Pa",
        "P: Pa / Gb",
        "P: Pa / Gb!",
        "G: Ga",
        "G: Ga / Gb",
        "P: Pa~",
    ] {
        assert!(restored(&state(nothing), NOW).is_none(), "{nothing}");
    }
}

#[test]
fn a_token_that_takes_a_place_is_the_later_item_from_then_on() {
    let mut old = state("G: Ga! / Gb");
    old.stored_at = NOW + DAY;
    for new in [
        store(&old, &from_git(&token("Gn"))),
        store(&old, &from_git(&token("Gb"))),
        store(&old, &from_git(&token("Ga"))),
        restored(&old, NOW),
    ] {
        assert!(new.is_some_and(|new| new.stored_at > NOW));
    }
}
