//! Asks GitLab: `GET /personal_access_tokens/self` tells everything, also of the tokens of
//! projects, groups and service accounts, which are personal ones of a bot. `/oauth/token/info`
//! tells of an OAuth token. Deploy and job tokens cannot ask about themselves.
//!
//! `POST /personal_access_tokens/self/rotate` gives a new token in the place of any of these. The
//! old one ends in the same moment, and a second request with it ends the new one, too.
//!
//! A token's end is a day in UTC, and the token ends when that day begins.

use super::renewal::{self, JSON, Outcome, Renewal, Wish};
use super::{Api, Asking, Facts, Place, Question, Report, Revocation, Scheme, Subject, Told};
use crate::api::http::Answer;
use crate::api::state::{Standing, State};
use crate::forge::Kind;
use crate::forge::gitlab::{is_fine, may_renew};
use crate::secret::Secret;
use crate::time::{self, DAY, from_rfc3339};
use serde_json::Value;
use url::form_urlencoded;

pub(super) struct GitLab;

/// The path of the API below the root.
const API: &str = "/api/v4";

impl Api for GitLab {
    fn base(&self, place: &Place<'_>) -> Option<String> {
        // The registry takes the tokens of the site.
        let root = if place.is_certain { "https://gitlab.com" } else { place.root };
        Some(format!("{root}{API}"))
    }

    fn objection(&self, subject: &Subject<'_>) -> Option<&'static str> {
        match subject.kind {
            Some(Kind::Deploy) => Some("GitLab tells nothing of deploy tokens"),
            Some(Kind::CiJob) => Some("GitLab tells nothing of job tokens"),
            _ => None,
        }
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        if asking.subject.is_oauth {
            return oauth(asking);
        }
        let answer = asking.get("/personal_access_tokens/self", Scheme::Bearer, &[])?;
        match answer.status {
            401 => return Err(refused(asking.refused(&answer))),
            // It is no personal token. An OAuth token has no beginning that would tell it before.
            400 | 405 if asking.may_ask() => return oauth(asking),
            // The token may not ask this, but it is a good one.
            403 if lacks_scope(&answer) => return Ok(Report::good(Facts::default())),
            403 => return Err(asking.denied(&answer)),
            _ => {}
        }
        let json = asking.json(&answer)?;
        if !json["id"].is_u64() {
            return Err(asking.unexpected(&answer));
        }
        let scopes = asking.texts(&json["scopes"]);
        let mut facts = Facts {
            expiry: end(&json),
            last_used: json["last_used_at"].as_str().and_then(from_rfc3339),
            used_from: asking.texts(&json["last_used_ips"]),
            ..of_scopes(scopes)
        };
        if json["revoked"] == true {
            return Ok(Report { facts, ..Report::of(Standing::of(State::Refused, None)) });
        }
        if json["active"] == false {
            return Ok(Report { facts, ..Report::of(Standing::of(State::Ended, None)) });
        }
        let tells_its_user =
            |scope: &String| matches!(scope.as_str(), "api" | "read_api" | "read_user" | "sudo");
        if facts.scopes.iter().flatten().any(tells_its_user) && asking.may_ask() {
            facts.owner = owner(asking);
        }
        Ok(Report::good(facts))
    }

    fn renewal(&self, subject: &Subject<'_>, scopes: Option<&[String]>) -> Renewal {
        match (Renewal::by_page(subject), scopes) {
            (Renewal::ByPage, Some(scopes)) if !may_renew(scopes) => Renewal::ByPage,
            (Renewal::ByPage, _) => Renewal::ByToken,
            (none, _) => none,
        }
    }

    fn renew(&self, asking: &Asking<'_>, wish: &Wish<'_>) -> Outcome {
        // This path serves the tokens of projects, groups and service accounts, too. Where no end
        // is sent, the new token may have none.
        let url = format!("{}/personal_access_tokens/self/rotate", asking.base);
        let body = format!("{{\"expires_at\":\"{}\"}}", last_day(wish.expiry, asking.now));
        let question = Question {
            method: "POST",
            scheme: Some(Scheme::Bearer),
            headers: &[JSON],
            body: Some(&Secret::new(body.as_bytes())),
            ..Question::get(&url)
        };
        renewal::outcome(asking, asking.send(&question), "token", |json| Facts {
            expiry: end(json),
            ..of_scopes(asking.texts(&json["scopes"]))
        })
    }

    fn can_revoke(&self, kind: Option<Kind>) -> bool {
        !matches!(kind, Some(Kind::Deploy | Kind::CiJob))
    }

    fn revoke(&self, asking: &Asking<'_>) -> Revocation {
        if asking.subject.is_oauth {
            return revoke_oauth(asking);
        }
        let url = format!("{}/personal_access_tokens/self", asking.base);
        let scheme = Some(Scheme::Bearer);
        match asking.revoke(&Question { method: "DELETE", scheme, ..Question::get(&url) }) {
            Ok(answer) if matches!(answer.status, 400 | 405) => revoke_oauth(asking),
            Ok(answer) => asking.revocation(&answer),
            Err(revocation) => revocation,
        }
    }
}

/// The path below the root at which an OAuth token is asked about.
const INFO: &str = "/oauth/token/info";

/// Returns the forge's root, below which OAuth is beside the API.
fn root<'a>(asking: &Asking<'a>) -> &'a str {
    asking.base.strip_suffix(API).unwrap_or(asking.base)
}

/// Revokes an OAuth token, and with it its refresh token, as the application for which it was
/// issued. GitLab tells which one that is.
fn revoke_oauth(asking: &Asking<'_>) -> Revocation {
    let root = root(asking);
    let info = format!("{root}{INFO}");
    let scheme = Some(Scheme::Bearer);
    let answer = match asking.revoke(&Question { scheme, ..Question::get(&info) }) {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => return asking.revocation(&answer),
        Err(revocation) => return revocation,
    };
    let application = asking.json(&answer).ok().map(|json| json["application"]["uid"].clone());
    let Some(Value::String(application)) = application else { return Revocation::NoWay };
    let Ok(token) = str::from_utf8(asking.subject.token.expose()) else {
        return Revocation::NoWay;
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &application)
        .append_pair("token", token)
        .finish();
    let question = Question {
        method: "POST",
        url: &format!("{root}/oauth/revoke"),
        scheme: None,
        headers: &[("Content-Type", "application/x-www-form-urlencoded")],
        body: Some(&Secret::new(body.as_bytes())),
    };
    match asking.revoke(&question) {
        // It is the application that is not taken.
        Ok(answer) if answer.status == 401 => Revocation::NotDone(asking.denied(&answer).standing),
        Ok(answer) => asking.revocation(&answer),
        Err(revocation) => revocation,
    }
}

/// Returns the day at whose beginning a token ends that is wanted until this time: the same day, but
/// not today or before, which would be a token that has already ended.
fn last_day(expiry: u64, now: u64) -> String {
    let day = (expiry / DAY).max(now / DAY + 1);
    time::day(day.saturating_mul(DAY))
}

/// Returns whether an answer says that the token's scopes are too small for the question. Any other
/// 403 is about its owner, such as one who is blocked.
fn lacks_scope(answer: &Answer) -> bool {
    let json = serde_json::from_slice::<Value>(answer.body.expose());
    json.is_ok_and(|json| json["error"] == "insufficient_scope")
}

/// Returns the user's name, or nothing where it cannot be read: the token is no worse for that.
fn owner(asking: &Asking<'_>) -> Option<String> {
    let answer = asking.get("/user", Scheme::Bearer, &[]).ok()?;
    let json = asking.json(&answer).ok()?;
    asking.text(&json["username"])
}

/// Returns what the scopes allow.
fn of_scopes(scopes: Option<Vec<String>>) -> Facts {
    let has = |names: &[&str]| {
        let scopes = scopes.as_ref()?;
        let has = scopes.iter().any(|scope| names.contains(&scope.as_str()));
        (has || !is_fine(scopes)).then_some(has)
    };
    let may_read = has(&["api", "read_repository", "write_repository"]);
    let may_push = has(&["api", "write_repository"]);
    Facts { scopes, may_read, may_push, ..Facts::default() }
}

fn end(json: &Value) -> Told {
    match &json["expires_at"] {
        Value::Null if json.get("expires_at").is_some() => Told::Never,
        Value::String(day) => from_rfc3339(day).map_or(Told::Nothing, Told::At),
        _ => Told::Nothing,
    }
}

fn oauth(asking: &Asking<'_>) -> Result<Report, Box<Report>> {
    let info = format!("{}{INFO}", root(asking));
    let answer = asking.get_at(&info, Scheme::Bearer, &[])?;
    if answer.status == 401 {
        return Err(refused(asking.refused(&answer)));
    }
    let json = asking.json(&answer)?;
    let scopes = asking.texts(&json["scope"]).or_else(|| asking.texts(&json["scopes"]));
    let seconds = json["expires_in"].as_u64().or_else(|| json["expires_in_seconds"].as_u64());
    let expiry = seconds.map_or(Told::Nothing, |s| Told::At(asking.now.saturating_add(s)));
    Ok(Report::good(Facts { expiry, ..of_scopes(scopes) }))
}

/// Returns the report of a refusal, in which GitLab says that a token is unknown, revoked or
/// expired.
fn refused(mut report: Box<Report>) -> Box<Report> {
    let said = report.standing.said.as_deref().unwrap_or_default().to_lowercase();
    if said.contains("revoked") {
        report.standing.state = State::Refused;
    }
    report
}

#[cfg(test)]
mod tests {
    use super::{Told, end, last_day, of_scopes};
    use crate::time::{DAY, from_rfc3339};
    use serde_json::json;

    #[test]
    fn an_end_is_a_day_that_does_not_count_any_more() {
        assert_eq!(end(&json!({ "expires_at": "2027-01-01" })), Told::At(1_798_761_600));
        assert_eq!(end(&json!({ "expires_at": null })), Told::Never);
        assert_eq!(end(&json!({ "expires_at": "soon" })), Told::Nothing);
        assert_eq!(end(&json!({})), Told::Nothing);
    }

    #[test]
    fn a_token_is_wanted_until_a_day_that_has_not_begun() {
        const NOW: u64 = 1_798_761_600 + 5; // 2027-01-01T00:00:05Z
        for (expiry, day) in [
            (NOW + 90 * DAY, "2027-04-01"),
            (from_rfc3339("2027-01-31T23:59:59Z").expect("a time"), "2027-01-31"),
            (from_rfc3339("2027-01-31").expect("a time"), "2027-01-31"),
            (NOW + 60, "2027-01-02"),
            (NOW, "2027-01-02"),
            (0, "2027-01-02"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(last_day(expiry, NOW), day, "{expiry}");
        }
    }

    #[test]
    fn scopes_say_whether_git_may_read_and_push() {
        for (scopes, opens) in [
            (Some(vec!["api"]), (Some(true), Some(true))),
            (Some(vec!["read_repository"]), (Some(true), Some(false))),
            (Some(vec!["write_repository"]), (Some(true), Some(true))),
            (Some(vec!["read_user", "read_api"]), (Some(false), Some(false))),
            (Some(vec!["granular"]), (None, None)),
            (Some(vec![]), (None, None)),
            (None, (None, None)),
        ] {
            let scopes = scopes.map(|all| all.into_iter().map(ToOwned::to_owned).collect());
            let facts = of_scopes(scopes);
            assert_eq!((facts.may_read, facts.may_push), opens);
        }
    }
}
