//! Asks GitHub: github.com, `*.ghe.com`, and GitHub Enterprise Server below `/api/v3`.
//!
//! `GET /user` tells the owner; headers tell scopes and end. Only classic and OAuth tokens have
//! scopes. An empty header means a token without scopes, or a kind of token that has none: the
//! token's beginning tells which. Single sign-on shows only in an answer about a repository of the
//! organisation.
//!
//! A token is revoked by telling that it was disclosed, which GitHub carries out a moment later and
//! mails to the owner. An installation's token ends itself.

use super::renewal::JSON;
use super::{Api, Asking, Facts, Place, Question, Report, Revocation, Scheme, Subject, Told};
use crate::api::http::Answer;
use crate::api::state::{Reason, Standing, State};
use crate::forge::Kind;
use crate::secret::Secret;
use crate::time::{HOUR, from_rfc3339};
use serde_json::json;

pub(super) struct GitHub;

const ACCEPT: (&str, &str) = ("Accept", "application/vnd.github+json");

/// The version of the API. An older server answers 400 to a version that it does not know.
const VERSION: (&str, &str) = ("X-GitHub-Api-Version", "2022-11-28");

const EXPIRY: &str = "github-authentication-token-expiration";

impl Api for GitHub {
    fn base(&self, place: &Place<'_>) -> Option<String> {
        let host = place.context.host();
        Some(match place.is_certain {
            true if host.ends_with(".ghe.com") => format!("https://api.{host}"),
            // This is also the API of gists and of the registries.
            true => "https://api.github.com".to_owned(),
            false => format!("{}/api/v3", place.root),
        })
    }

    fn objection(&self, subject: &Subject<'_>) -> Option<&'static str> {
        (subject.kind == Some(Kind::Refresh)).then_some("it is a refresh token")
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        let is_installation = asking.subject.kind == Some(Kind::Installation);
        // An installation's token has no user, and may not ask for one.
        let path = if is_installation { "/installation/repositories?per_page=1" } else { "/user" };
        let answer = ask(asking, path)?;
        match answer.status {
            401 => return Err(asking.refused(&answer)),
            403 => return Err(denied(asking, &answer)),
            _ => {}
        }
        let json = asking.json(&answer)?;
        let owner = if is_installation { None } else { asking.text(&json["login"]) };
        if owner.is_none() && !is_installation {
            return Err(asking.unexpected(&answer));
        }
        let has_scopes =
            matches!(asking.subject.kind, Some(Kind::ClassicPersonal | Kind::OauthApp) | None);
        let scopes = answer.header("x-oauth-scopes").filter(|_| has_scopes);
        // Where the token has no known beginning, the meaning of an empty header is not known.
        let scopes = scopes.filter(|text| !text.is_empty() || asking.subject.kind.is_some());
        let scopes = scopes.and_then(|text| scopes_in(asking, &text));
        let expiry = match answer.header(EXPIRY) {
            Some(text) => end(&text).map_or(Told::Nothing, Told::At),
            // An installation tells none, and of two ends nobody knows which one is meant.
            None if is_installation || answer.has(EXPIRY) => Told::Nothing,
            None => Told::Never,
        };
        let facts = Facts { owner, expiry, ..of_scopes(scopes) };
        let mut report = Report::good(facts);
        report.notes.extend(unseen(&answer));
        if let Some(repository) = repository(asking.subject.path).filter(|_| asking.may_ask()) {
            look_at(asking, &repository, &mut report)?;
        }
        Ok(report)
    }

    fn can_revoke(&self, kind: Option<Kind>) -> bool {
        // A refresh token alone could be revoked, but nobody could tell whether it was.
        let kinds = [
            Kind::ClassicPersonal,
            Kind::FineGrainedPersonal,
            Kind::OauthApp,
            Kind::AppUser,
            Kind::Installation,
        ];
        kind.is_some_and(|kind| kinds.contains(&kind))
    }

    fn revoke(&self, asking: &Asking<'_>) -> Revocation {
        let answer = match asking.subject.kind {
            Some(Kind::Installation) => {
                let url = format!("{}/installation/token", asking.base);
                let scheme = Some(Scheme::Bearer);
                let question = Question {
                    method: "DELETE",
                    scheme,
                    headers: &[ACCEPT],
                    ..Question::get(&url)
                };
                asking.revoke(&question)
            }
            _ => disclose(asking),
        };
        match answer {
            Ok(answer) if answer.status == 403 => {
                Revocation::NotDone(denied(asking, &answer).standing)
            }
            Ok(answer) => asking.revocation(&answer),
            Err(revocation) => revocation,
        }
    }
}

/// Tells GitHub that the token was seen by others, with the refresh token beside it. github.com
/// takes this from anybody, and refuses it with an `Authorization`; a server of one's own takes it
/// only from who signs in.
fn disclose(asking: &Asking<'_>) -> Result<Answer, Revocation> {
    let credentials: Option<Vec<&str>> = [Some(asking.subject.token), asking.subject.refresh_token]
        .into_iter()
        .flatten()
        .map(|token| str::from_utf8(token.expose()).ok())
        .collect();
    let Some(credentials) = credentials else { return Err(Revocation::NoWay) };
    let body = Secret::new(json!({ "credentials": credentials }).to_string().as_bytes());
    let question = Question {
        method: "POST",
        url: &format!("{}/credentials/revoke", asking.base),
        scheme: (!asking.is_certain).then_some(Scheme::Bearer),
        headers: &[ACCEPT, JSON],
        body: Some(&body),
    };
    asking.revoke(&question)
}

/// Asks with the version of the API, and once more without it where the server does not know it.
fn ask(asking: &Asking<'_>, path: &str) -> Result<Answer, Box<Report>> {
    if !asking.is_certain {
        return asking.get(path, Scheme::Bearer, &[ACCEPT]);
    }
    let answer = asking.get(path, Scheme::Bearer, &[ACCEPT, VERSION])?;
    if answer.status == 400 && asking.may_ask() {
        return asking.get(path, Scheme::Bearer, &[ACCEPT]);
    }
    Ok(answer)
}

/// Returns the report of a 403: too many questions, no single sign-on, or the reason in the text.
fn denied(asking: &Asking<'_>, answer: &Answer) -> Box<Report> {
    let mut report = asking.denied(answer);
    let said = report.standing.said.as_deref().unwrap_or_default().to_lowercase();
    let is_limit = answer.header("retry-after").is_some()
        || answer.header("x-ratelimit-remaining").as_deref() == Some("0")
        || said.contains("rate limit");
    if is_limit {
        return Report::wrong(asking.limited(answer));
    }
    if let Some(sso) = answer.header("x-github-sso") {
        report.standing.reason = Some(Reason::Sso);
        report.standing.address = sso_address(asking, &sso);
    }
    let wanted = answer.header("x-accepted-github-permissions").filter(|wanted| !wanted.is_empty());
    if report.standing.reason == Some(Reason::Scope)
        && let Some(wanted) = wanted.and_then(|wanted| asking.said(wanted.as_bytes()))
    {
        report.notes.push(format!("what it takes: {wanted}"));
    }
    report
}

/// Returns a note about the organisations whose part of a good answer is left out because the token
/// is not let in there by single sign-on: `partial-results; organizations=21955855,20582480`.
fn unseen(answer: &Answer) -> Option<String> {
    const MOST: usize = 10;
    let header = answer.header("x-github-sso")?;
    let (_, numbers) = header.strip_prefix("partial-results")?.split_once("organizations=")?;
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let numbers: Vec<&str> = numbers.split(',').map(str::trim).filter(is_number).collect();
    let more = if numbers.len() > MOST { ", …" } else { "" };
    let some = numbers.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    (!some.is_empty()).then(|| {
        format!("single sign-on is missing at the organisations with these numbers: {some}{more}")
    })
}

/// Returns the address in `required; url=https://…`.
fn sso_address(asking: &Asking<'_>, header: &str) -> Option<String> {
    let (_, url) = header.split_once("url=")?;
    asking.said(url.trim().as_bytes()).filter(|url| url.starts_with("https://"))
}

/// Asks what the token may do with a repository. The answer has its owner's rights, and does not
/// tell those of a fine-grained token.
fn look_at(asking: &Asking<'_>, repository: &str, report: &mut Report) -> Result<(), Box<Report>> {
    let answer = ask(asking, &format!("/repos/{repository}"))?;
    report.notes.extend(unseen(&answer).filter(|_| answer.status == 200));
    match answer.status {
        401 => return Err(asking.refused(&answer)),
        403 => {
            let mut denied = denied(asking, &answer);
            denied.facts = report.facts.clone();
            denied.notes.append(&mut report.notes);
            return Err(denied);
        }
        404 => {
            let standing = Standing::of(State::Absent, None).saying(asking.words(&answer));
            report.standing = standing;
            return Ok(());
        }
        _ => {}
    }
    let json = asking.json(&answer)?;
    let rights = &json["permissions"];
    let is_archived = json["archived"] == true;
    let facts = &mut report.facts;
    let is_fine = asking.subject.kind == Some(Kind::FineGrainedPersonal);
    facts.may_read = rights["pull"].as_bool().or(facts.may_read);
    let may_push = rights["push"].as_bool().filter(|may| !(is_fine && *may));
    facts.may_push = match (facts.may_push, may_push) {
        _ if is_archived => Some(false),
        (Some(false), _) | (_, Some(false)) => Some(false),
        (known, _) if is_fine => known,
        (Some(true), Some(true)) => Some(true),
        (known, says) => says.or(known),
    };
    Ok(())
}

/// Returns `owner/name` of a path, if it is that of a repository.
fn repository(path: &str) -> Option<String> {
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let (owner, name) = path.split_once('/')?;
    (is_plain(owner) && is_plain(name)).then(|| path.to_owned())
}

fn scopes_in(asking: &Asking<'_>, text: &str) -> Option<Vec<String>> {
    let scopes = text.split(',').map(str::trim).filter(|scope| !scope.is_empty()).take(50);
    scopes.map(|scope| asking.said(scope.as_bytes())).collect()
}

fn of_scopes(scopes: Option<Vec<String>>) -> Facts {
    let has = |name: &str| scopes.as_ref().map(|all| all.iter().any(|scope| scope == name));
    // With `public_repo` and without `repo`, the token opens only public repositories.
    let may_push = match (has("repo"), has("public_repo")) {
        (Some(false), Some(true)) | (None, _) => None,
        (repo, _) => repo,
    };
    Facts { may_read: may_push.filter(|may| *may), may_push, scopes, ..Facts::default() }
}

/// Reads both forms of the end: `2027-01-31 15:04:05 UTC` and `2027-01-31 15:04:05 -0700`.
fn end(text: &str) -> Option<u64> {
    let mut words = text.split(' ');
    let (day, time, zone) = (words.next()?, words.next()?, words.next()?);
    let local = from_rfc3339(&format!("{day}T{time}Z"))?;
    if matches!(zone, "UTC" | "GMT" | "Z") {
        return Some(local);
    }
    let (sign, digits) = zone.split_at_checked(1)?;
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let offset = hours.parse::<u64>().ok()? * HOUR + minutes.parse::<u64>().ok()? * 60;
    match sign {
        "-" => local.checked_add(offset),
        "+" => local.checked_sub(offset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{end, of_scopes, repository};

    #[test]
    fn both_forms_of_an_end_are_read_and_nothing_is_guessed() {
        const NEW_YEAR: u64 = 1_798_761_600; // 2027-01-01T00:00:00Z
        for (text, time) in [
            ("2027-01-01 00:00:00 UTC", Some(NEW_YEAR)),
            ("2026-12-31 17:00:00 -0700", Some(NEW_YEAR)),
            ("2027-01-01 05:30:00 +0530", Some(NEW_YEAR)),
            ("2027-01-01 00:00:00 CEST", None),
            ("2027-01-01", None),
            ("2027-01-01 00:00:00 -07:00", None),
            ("", None),
        ] {
            assert_eq!(end(text), time, "{text}");
        }
    }

    #[test]
    fn a_repository_is_two_plain_names() {
        for (path, name) in [
            ("o/r.git", Some("o/r")),
            ("o/r", Some("o/r")),
            ("o", None),
            ("o/r/x", None),
            ("o/r?x", None),
            ("", None),
        ] {
            assert_eq!(repository(path).as_deref(), name, "{path}");
        }
    }

    #[test]
    fn what_a_classic_token_lacks_is_known_and_what_is_not_said_is_not() {
        let of = |scopes: &[&str]| {
            let facts = of_scopes(Some(scopes.iter().map(ToString::to_string).collect()));
            (facts.may_read, facts.may_push)
        };
        assert_eq!(of(&["repo", "workflow"]), (Some(true), Some(true)));
        assert_eq!(of(&["read:org"]), (None, Some(false)));
        assert_eq!(of(&["public_repo"]), (None, None));
        assert_eq!(of_scopes(None).may_push, None);
    }
}
