//! Asks Gitea, Forgejo and Codeberg. Gitea since 1.27 tells everything at `GET /token`, which takes
//! the token only after the word `token`. All others tell only whose it is, at `GET /user`. A token
//! without the scope for that gets 403, but is good all the same. None of their tokens has an end.
//!
//! They give a new token to a person who gives the password, at `POST /users/NAME/tokens`, and to
//! nobody who has a token alone.

use super::renewal::{self, JSON, Outcome, Renewal, Wish};
use super::{Api, Asking, Facts, Place, Question, Report, Scheme, Subject, basic};
use crate::api::state::{Reason, Standing, State};
use crate::secret::Secret;
use crate::time::from_rfc3339;
use serde_json::json;
use std::str;
use url::Url;

pub(super) struct Gitea;

impl Api for Gitea {
    fn base(&self, place: &Place<'_>) -> Option<String> {
        Some(format!("{}/api/v1", place.root))
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        let answer = asking.get("/token", Scheme::Token, &[])?;
        if answer.status == 200 {
            let json = asking.json(&answer)?;
            let owner = asking.text(&json["user"]["login"]);
            if owner.is_none() {
                return Err(asking.unexpected(&answer));
            }
            let scopes = asking.texts(&json["scopes"]);
            return Ok(Report::good(Facts {
                owner,
                last_used: json["last_used_at"].as_str().and_then(from_rfc3339),
                ..of_scopes(scopes)
            }));
        }
        if answer.status == 401 && !asking.may_ask() {
            return Err(asking.refused(&answer));
        }
        // An older Gitea and another program answer 404 or 401, and so does an unknown token.
        let answer = asking.get("/user", Scheme::Token, &[])?;
        match answer.status {
            401 => return Err(asking.refused(&answer)),
            403 => {
                let said = asking.words(&answer);
                let lives = said.is_some_and(|said| said.contains("scope"));
                return if lives {
                    Ok(Report::good(Facts::default()))
                } else {
                    Err(asking.denied(&answer))
                };
            }
            _ => {}
        }
        let owner = asking.text(&asking.json(&answer)?["login"]);
        if owner.is_none() {
            return Err(asking.unexpected(&answer));
        }
        Ok(Report::good(Facts { owner, ..Facts::default() }))
    }

    fn renewal(&self, subject: &Subject<'_>, _scopes: Option<&[String]>) -> Renewal {
        match Renewal::by_page(subject) {
            Renewal::ByPage => Renewal::ByPassword,
            none => none,
        }
    }

    fn renew(&self, asking: &Asking<'_>, wish: &Wish<'_>) -> Outcome {
        let unfit = |reason| Outcome::DidNotHappen(Standing::of(State::Unknown, reason));
        let Some(person) = &wish.person else { return unfit(Reason::NoWay) };
        let Some(url) = tokens_of(asking.base, person.name) else { return unfit(Reason::NoApi) };
        let login = basic(person.name.as_bytes(), person.password.expose());
        let otp = person.otp.map_or(Ok(""), |otp| str::from_utf8(otp.expose()));
        let (Ok(login), Ok(otp)) = (str::from_utf8(&login), otp) else {
            return unfit(Reason::NoWay);
        };
        let mut headers = vec![JSON, ("Authorization", login)];
        // Forgejo takes the header by both names.
        headers.extend((!otp.is_empty()).then_some(("X-Gitea-OTP", otp)));
        let body = json!({ "name": wish.name, "scopes": wish.scopes }).to_string();
        let question = Question {
            method: "POST",
            headers: &headers,
            body: Some(&Secret::new(body.as_bytes())),
            ..Question::get(&url)
        };
        renewal::asked(asking, &question, "sha1", |json| of_scopes(asking.texts(&json["scopes"])))
    }
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

fn of_scopes(scopes: Option<Vec<String>>) -> Facts {
    let has = |names: &[&str]| {
        scopes.as_ref().map(|all| all.iter().any(|scope| names.contains(&scope.as_str())))
    };
    let may_push = has(&["all", "write:repository", "repo"]);
    let may_read = has(&["all", "write:repository", "read:repository", "repo"]);
    Facts { scopes, may_read, may_push, ..Facts::default() }
}

#[cfg(test)]
mod tests {
    use super::tokens_of;

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
}
