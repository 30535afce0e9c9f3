//! Asks GitLab: `GET /personal_access_tokens/self` tells everything, also of the tokens of
//! projects, groups and service accounts, which are personal ones of a bot. `/oauth/token/info`
//! tells of an OAuth token. Deploy and job tokens cannot ask about themselves.
//!
//! A token's end is a day in UTC, and the token ends when that day begins.

use super::{Api, Asking, Facts, Place, Report, Scheme, Subject, Told};
use crate::api::state::{Standing, State};
use crate::forge::Kind;
use crate::time::from_rfc3339;
use serde_json::Value;

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
            403 => return Ok(Report::good(Facts::default())),
            _ => {}
        }
        let json = asking.json(&answer)?;
        if !json["id"].is_u64() {
            return Err(asking.unexpected(&answer));
        }
        let scopes = asking.texts(&json["scopes"]);
        let mut facts = Facts {
            owner: None,
            expiry: end(&json),
            last_used: json["last_used_at"].as_str().and_then(from_rfc3339),
            used_from: asking.texts(&json["last_used_ips"]),
            ..of_scopes(scopes)
        };
        if json["revoked"] == true {
            return Ok(Report { standing: Standing::of(State::Refused, None), facts });
        }
        if json["active"] == false {
            return Ok(Report { standing: Standing::of(State::Ended, None), facts });
        }
        let tells_its_user =
            |scope: &String| matches!(scope.as_str(), "api" | "read_api" | "read_user" | "sudo");
        if facts.scopes.iter().flatten().any(tells_its_user) && asking.may_ask() {
            facts.owner = owner(asking);
        }
        Ok(Report::good(facts))
    }
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
        // Finer scopes have names that we do not know.
        let is_fine = scopes.is_empty() || scopes.iter().any(|scope| scope == "granular");
        let has = scopes.iter().any(|scope| names.contains(&scope.as_str()));
        (has || !is_fine).then_some(has)
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
    let root = asking.base.strip_suffix(API).unwrap_or(asking.base);
    let answer = asking.get_at(&format!("{root}/oauth/token/info"), Scheme::Bearer, &[])?;
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
    use super::{Told, end, of_scopes};
    use serde_json::json;

    #[test]
    fn an_end_is_a_day_that_does_not_count_any_more() {
        assert_eq!(end(&json!({ "expires_at": "2027-01-01" })), Told::At(1_798_761_600));
        assert_eq!(end(&json!({ "expires_at": null })), Told::Never);
        assert_eq!(end(&json!({ "expires_at": "soon" })), Told::Nothing);
        assert_eq!(end(&json!({})), Told::Nothing);
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
