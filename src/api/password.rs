//! Asks Gitea and Forgejo with a person's password, at `/users/NAME/tokens`: which tokens the person
//! has, for a new one, and that an old one be deleted. They answer nobody who has a token alone.
//!
//! The password and the code of a second factor go into headers, and are kept nowhere.

use super::http::{Answer, Trouble};
use super::renewal::{self, JSON, Outcome, Person, Wish, refusal};
use super::state::{Reason, Standing, State};
use super::{Asking, Facts, Question, basic};
use crate::secret::Secret;
use serde_json::{Value, json};
use std::str;
use url::Url;

/// The number of tokens that one answer lists.
const PER_PAGE: usize = 50;

/// What the forge knows of a token, for the person who has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    id: u64,
    pub(crate) name: String,
    /// Its scopes, by the forge's names.
    pub(crate) scopes: Vec<String>,
}

/// Looks for the token that is asked about among those of the person. Returns nothing where it is
/// not there, or where its end does not tell it from another. Nothing is changed.
///
/// # Errors
/// Why there is no answer: [`State::Refused`] where the password or the code is not taken.
pub(crate) fn look_up(asking: &Asking<'_>, person: &Person<'_>) -> Result<Option<Entry>, Standing> {
    find(asking, person, |one| is_end_of(one, asking.subject.token))
}

/// Looks for the person's token of this name. Nothing is changed.
///
/// # Errors
/// Those of [`look_up`].
pub(crate) fn look_for(
    asking: &Asking<'_>,
    person: &Person<'_>,
    name: &str,
) -> Result<Option<Entry>, Standing> {
    find(asking, person, |one| one["name"] == *name)
}

/// Returns the only token that is meant, if there is one.
fn find(
    asking: &Asking<'_>,
    person: &Person<'_>,
    is_meant: impl Fn(&Value) -> bool,
) -> Result<Option<Entry>, Standing> {
    let url = tokens_of(asking.base, person.name).ok_or_else(unfit)?;
    let mut found = Vec::new();
    for page in 1.. {
        let url = format!("{url}?limit={PER_PAGE}&page={page}");
        let answer = ask(asking, person, &Question::get(&url))
            .map_err(|trouble| asking.unanswered(trouble))?;
        let listed = match answer.status {
            200 => serde_json::from_slice::<Vec<Value>>(answer.body.expose())
                .map_err(|_| asking.unexpected(&answer).standing)?,
            400..500 => return Err(refusal(asking, &answer)),
            _ => return Err(asking.unexpected(&answer).standing),
        };
        let is_last = listed.len() < PER_PAGE || !asking.may_ask();
        found.extend(listed.into_iter().filter(&is_meant));
        if is_last {
            break;
        }
    }
    let [one] = &found[..] else { return Ok(None) };
    Ok(entry(asking, one))
}

fn entry(asking: &Asking<'_>, one: &Value) -> Option<Entry> {
    let scopes = asking.texts(&one["scopes"])?;
    Some(Entry { id: one["id"].as_u64()?, name: asking.text(&one["name"])?, scopes })
}

/// Returns whether the last characters that the forge shows are those of this token.
fn is_end_of(one: &Value, token: &Secret) -> bool {
    let shown = one["token_last_eight"].as_str().unwrap_or_default().as_bytes();
    shown.len() == 8 && token.expose().ends_with(shown)
}

/// Asks for a new token, by the only request.
pub(super) fn renew(
    asking: &Asking<'_>,
    wish: &Wish<'_>,
    facts: impl FnOnce(&Value) -> Facts,
) -> Outcome {
    let Some(person) = &wish.person else { return Outcome::DidNotHappen(unfit()) };
    let Some(url) = tokens_of(asking.base, person.name) else {
        return Outcome::DidNotHappen(unfit());
    };
    let body = json!({ "name": wish.name, "scopes": wish.scopes }).to_string();
    let body = Secret::new(body.as_bytes());
    let question = Question { method: "POST", body: Some(&body), ..Question::get(&url) };
    renewal::outcome(asking, ask(asking, person, &question), "sha1", facts)
}

/// Deletes a token of the person's.
///
/// # Errors
/// Why it may still be there.
pub(crate) fn delete(
    asking: &Asking<'_>,
    person: &Person<'_>,
    entry: &Entry,
) -> Result<(), Standing> {
    let url = tokens_of(asking.base, person.name).ok_or_else(unfit)?;
    let url = format!("{url}/{}", entry.id);
    let question = Question { method: "DELETE", ..Question::get(&url) };
    let answer = ask(asking, person, &question).map_err(|trouble| asking.unanswered(trouble))?;
    match answer.status {
        204 | 404 => Ok(()),
        400..500 => Err(refusal(asking, &answer)),
        _ => Err(asking.unexpected(&answer).standing),
    }
}

/// Asks once, in the name of the person.
fn ask(
    asking: &Asking<'_>,
    person: &Person<'_>,
    question: &Question<'_>,
) -> Result<Answer, Trouble> {
    asking.beside.replace(person.otp.into_iter().chain([person.password]).cloned().collect());
    let login = basic(person.name.as_bytes(), person.password.expose());
    let login = str::from_utf8(&login).map_err(|_| Trouble::Unfit)?;
    let mut headers = vec![("Authorization", login)];
    if let Some(otp) = person.otp {
        // Forgejo takes this name, too.
        headers.push(("X-Gitea-OTP", str::from_utf8(otp.expose()).map_err(|_| Trouble::Unfit)?));
    }
    headers.extend(question.body.map(|_| JSON));
    asking.send(&Question { headers: &headers, ..*question })
}

fn unfit() -> Standing {
    Standing::of(State::Unknown, Reason::NoWay)
}

/// Returns the address of a person's tokens.
fn tokens_of(base: &str, name: &str) -> Option<String> {
    let mut url = Url::parse(base).ok()?;
    // A name of dots would lead to another path.
    if name.is_empty() || matches!(name, "." | "..") {
        return None;
    }
    url.path_segments_mut().ok()?.extend(["users", name, "tokens"]);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::{is_end_of, tokens_of};
    use crate::secret::Secret;
    use serde_json::json;

    #[test]
    fn a_name_is_one_part_of_the_address() {
        let of = |name| tokens_of("https://h.example/git/api/v1", name);
        for (name, path) in [
            ("alice", Some("users/alice/tokens")),
            ("a b/c?#", Some("users/a%20b%2Fc%3F%23/tokens")),
            ("%2e%2e", Some("users/%252e%252e/tokens")),
            ("..", None),
            (".", None),
            ("", None),
        ] {
            let whole = path.map(|path| format!("https://h.example/git/api/v1/{path}"));
            assert_eq!(of(name), whole, "{name}");
        }
    }

    #[test]
    fn a_token_is_known_by_all_of_the_end_that_is_shown() {
        let token = Secret::new(b"0123456789abcdef");
        for (shown, is_it) in [
            (json!("89abcdef"), true),
            (json!("9abcdef"), false),
            (json!("89abcde0"), false),
            (json!(""), false),
            (json!(null), false),
        ] {
            assert_eq!(is_end_of(&json!({ "token_last_eight": shown }), &token), is_it, "{shown}");
        }
    }
}
