//! Asks Bitbucket Cloud, whose API has a host of its own, and Bitbucket Data Center.
//!
//! Cloud takes an API token only with the e-mail address of its account, so it is asked only where
//! the account's username is one. It tells no end. The token of a repository, a project or a
//! workspace has no user: it is tried at the repository.
//!
//! Data Center tells the user's name, and by that name everything about a user's token: the token
//! itself holds the number by which it is known there.

use super::{Api, Asking, Facts, Place, Report, Scheme, Subject, Told};
use crate::api::http::Answer;
use crate::api::state::{Reason, Standing, State};
use crate::base64;
use crate::credential::Username;
use crate::forge::Kind;
use serde_json::Value;

pub(super) struct Bitbucket;

/// The address of Cloud's API.
const CLOUD: &str = "https://api.bitbucket.org/2.0";

impl Api for Bitbucket {
    fn base(&self, place: &Place<'_>) -> Option<String> {
        Some(if place.is_certain { CLOUD.to_owned() } else { place.root.to_owned() })
    }

    fn objection(&self, subject: &Subject<'_>) -> Option<&'static str> {
        let name = subject.username.map(Username::as_bytes).unwrap_or_default();
        match subject.kind {
            Some(Kind::Api) if !name.contains(&b'@') => {
                Some("Bitbucket tells of an API token only to who names its e-mail address")
            }
            Some(Kind::Access) if subject.path.split('/').count() < 2 => {
                Some("Bitbucket tells of an access token only at its repository")
            }
            Some(Kind::AppPassword) => Some("Bitbucket takes no app passwords any more"),
            _ => None,
        }
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        match asking.subject.kind {
            Some(Kind::Api) => {
                let answer = asking.get("/user", Scheme::Basic, &[])?;
                of_cloud(asking, &answer)
            }
            Some(Kind::Access) => {
                let path = asking.subject.path.trim_end_matches(".git");
                let answer = asking.get(&format!("/repositories/{path}"), Scheme::Bearer, &[])?;
                of_cloud(asking, &answer)
            }
            _ if asking.is_certain => {
                let answer = asking.get("/user", Scheme::Bearer, &[])?;
                of_cloud(asking, &answer)
            }
            _ => data_center(asking),
        }
    }
}

fn of_cloud(asking: &Asking<'_>, answer: &Answer) -> Result<Report, Box<Report>> {
    match answer.status {
        401 => return Err(asking.refused(answer)),
        // The token is known, but may not ask this.
        403 if asking.subject.kind == Some(Kind::Api) => {
            let json = serde_json::from_slice::<Value>(answer.body.expose()).unwrap_or_default();
            let granted = asking.texts(&json["error"]["detail"]["granted"]);
            return Ok(Report::good(of_scopes(scopes_in(asking, answer).or(granted))));
        }
        403 => return Err(asking.denied(answer)),
        404 => {
            let standing = Standing::of(State::Absent, None);
            return Err(Report::wrong(standing.saying(asking.words(answer))));
        }
        _ => {}
    }
    let json = asking.json(answer)?;
    let owner = asking.text(&json["username"]);
    Ok(Report::good(Facts { owner, ..of_scopes(scopes_in(asking, answer)) }))
}

fn scopes_in(asking: &Asking<'_>, answer: &Answer) -> Option<Vec<String>> {
    let text = answer.header("x-oauth-scopes").filter(|text| !text.is_empty())?;
    let scopes = text.split([',', ' ']).filter(|scope| !scope.is_empty()).take(50);
    scopes.map(|scope| asking.said(scope.as_bytes())).collect()
}

fn of_scopes(scopes: Option<Vec<String>>) -> Facts {
    let has = |names: &[&str]| {
        scopes.as_ref().map(|all| all.iter().any(|scope| names.contains(&scope.as_str())))
    };
    let write = ["repository:write", "write:repository:bitbucket", "REPO_WRITE"];
    let admin = ["repository:admin", "admin:repository:bitbucket", "REPO_ADMIN"];
    let read = ["repository", "read:repository:bitbucket", "REPO_READ", "PROJECT_READ"];
    let may_push = has(&[&write[..], &admin[..], &["PROJECT_WRITE", "PROJECT_ADMIN"]].concat());
    let may_read = if may_push == Some(true) { may_push } else { has(&read) };
    Facts { scopes, may_read, may_push, ..Facts::default() }
}

fn data_center(asking: &Asking<'_>) -> Result<Report, Box<Report>> {
    let plain = [("Accept", "text/plain")];
    let answer = asking.get("/plugins/servlet/applinks/whoami", Scheme::Bearer, &plain)?;
    match answer.status {
        // Both also come for a token that is known and has too few permissions.
        401 | 403 if lacks_permission(&answer) => {
            let standing = Standing::of(State::Denied, Reason::Scope);
            return Err(Report::wrong(standing.saying(asking.words(&answer))));
        }
        401 => return Err(asking.refused(&answer)),
        403 => return Err(asking.denied(&answer)),
        200 if !answer.is_page() => {}
        _ => return Err(asking.unexpected(&answer)),
    }
    let name = answer.header("x-ausername");
    let name = name.unwrap_or_else(|| String::from_utf8_lossy(answer.body.expose()).into_owned());
    let is_slug = |b: u8| b.is_ascii_alphanumeric() || b"-_.@~".contains(&b);
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(is_slug) {
        // The token of a project or a repository has no user, and neither has an unknown token.
        return Err(Report::wrong(Standing::of(State::Unknown, Reason::Anonymous)));
    }
    let owner = asking.said(name.as_bytes());
    let path = format!("/rest/access-tokens/latest/users/{name}?limit=500");
    let listed = asking.may_ask().then(|| asking.get(&path, Scheme::Bearer, &[]));
    // A token that may not see the list is good all the same.
    let json = listed.and_then(Result::ok).and_then(|answer| asking.json(&answer).ok());
    let own =
        json.as_ref().zip(number(asking.subject.token.expose())).and_then(|(json, number)| {
            let mut tokens = json["values"].as_array()?.iter();
            tokens.find(|token| id_of(token).as_deref() == Some(&number))
        });
    let Some(token) = own else {
        return Ok(Report::good(Facts { owner, ..Facts::default() }));
    };
    let seconds = |name: &str| token[name].as_u64().map(|milliseconds| milliseconds / 1000);
    let expiry = seconds("expiryDate").map_or(Told::Never, Told::At);
    let scopes = asking.texts(&token["permissions"]);
    let last_used = seconds("lastAuthenticated");
    Ok(Report::good(Facts { owner, expiry, last_used, ..of_scopes(scopes) }))
}

/// Returns whether Data Center knows the token, and says that it may not do this.
fn lacks_permission(answer: &Answer) -> bool {
    let json = serde_json::from_slice::<Value>(answer.body.expose()).unwrap_or_default();
    let name = json["errors"][0]["exceptionName"].as_str();
    name.is_some_and(|name| name.ends_with("AuthorisationException"))
}

fn id_of(token: &Value) -> Option<String> {
    let id = &token["id"];
    id.as_str().map(ToOwned::to_owned).or_else(|| id.as_u64().map(|id| id.to_string()))
}

/// Returns the number of a token: the part before the colon of the encoded text after `BBDC-`.
fn number(token: &[u8]) -> Option<String> {
    let body = token.strip_prefix(b"BBDC-")?;
    let whole = &body[..body.len() / 4 * 4];
    let bytes = base64::decode(whole)?;
    let digits = bytes.split(|&byte| byte == b':').next()?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| String::from_utf8_lossy(digits).into_owned())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_data_center_token_tells_its_number() {
        // 252973515069:TESTONLY
        let token = ["BBDC-", "MjUyOTczNTE1MDY5OlRFU1RPTkxZ"].concat();
        assert_eq!(number(token.as_bytes()).as_deref(), Some("252973515069"));
        assert_eq!(number(b"BBDC-TESTONLY"), None);
        assert_eq!(number(b"TESTONLY"), None);
    }
}
