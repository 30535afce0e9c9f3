//! Asks Gitea, Forgejo and Codeberg. Gitea since 1.27 tells everything at `GET /token`, which takes
//! the token only after the word `token`. All others tell only whose it is, at `GET /user`. A token
//! without the scope for that gets 403, but is good all the same. None of their tokens has an end.
//!
//! They give a new token to a person who gives the [`password`], and to nobody who has a token alone.

use super::renewal::{Outcome, Renewal, Wish};
use super::{Api, Asking, Facts, Place, Question, Report, Revocation, Scheme, Subject, password};
use crate::api::state::State;
use crate::forge::Kind;
use crate::time::from_rfc3339;
use serde_json::Value;

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
        let facts = |json: &Value| of_scopes(asking.texts(&json["scopes"]));
        password::renew(asking, wish, facts)
    }

    fn can_revoke(&self, _kind: Option<Kind>) -> bool {
        true
    }

    fn revoke(&self, asking: &Asking<'_>) -> Revocation {
        let url = format!("{}/token", asking.base);
        let scheme = Some(Scheme::Token);
        match asking.revoke(&Question { method: "DELETE", scheme, ..Question::get(&url) }) {
            // An unknown token gets the same answer as a question that an older server does not
            // know.
            Ok(answer) if matches!(answer.status, 404 | 405) => match self.check(asking) {
                Err(report) if report.standing.state == State::Refused => {
                    Revocation::Dead(report.standing)
                }
                _ => Revocation::NoWay,
            },
            Ok(answer) => asking.revocation(&answer),
            Err(revocation) => revocation,
        }
    }
}

fn of_scopes(scopes: Option<Vec<String>>) -> Facts {
    let has = |names: &[&str]| {
        scopes.as_ref().map(|all| all.iter().any(|scope| names.contains(&scope.as_str())))
    };
    let may_push = has(&["all", "write:repository", "repo"]);
    let may_read = has(&["all", "write:repository", "read:repository", "repo"]);
    Facts { scopes, may_read, may_push, ..Facts::default() }
}
