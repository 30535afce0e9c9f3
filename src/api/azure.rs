//! Asks Azure DevOps: `connectionData` of the organisation tells whose the token is, and nothing
//! else. A token that is not taken may get a page to sign in, with 203 or a redirect, instead of a
//! 401, so only a real user in JSON counts.

use super::{Api, Asking, Facts, Place, Report, Scheme};
use crate::api::http::Answer;
use crate::api::state::{Standing, State};
use crate::context::unescape;
use crate::credential::Username;

pub(super) struct Azure;

/// The identifier of an anonymous user.
const NOBODY: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

impl Api for Azure {
    /// Returns the address with the organisation in it. The organisation is the first part of the
    /// path, the username in clone URLs, or, in older addresses, a part of the host.
    fn base(&self, place: &Place<'_>) -> Option<String> {
        let host = place.context.host();
        if place.is_certain && host != "dev.azure.com" {
            return Some(format!("https://{host}"));
        }
        let first = |path: &str| path.split('/').next().map(ToOwned::to_owned);
        let scope = place.context.owner().map(|owner| String::from_utf8_lossy(owner).into_owned());
        let name = place.username.map(|name| String::from_utf8_lossy(Username::as_bytes(name)));
        let is_plain = |text: &String| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let of_name = || name.map(std::borrow::Cow::into_owned).filter(|_| place.is_certain);
        let organisation = scope
            .filter(is_plain)
            .or_else(|| first(place.path).filter(is_plain))
            .or_else(|| of_name().filter(is_plain))?;
        let root = if place.is_certain { "https://dev.azure.com" } else { place.root };
        Some(format!("{root}/{organisation}"))
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        let headers = [
            ("Accept", "application/json;api-version=7.1-preview.1"),
            ("X-TFS-FedAuthRedirect", "Suppress"),
        ];
        let answer = match asking.get("/_apis/connectionData", Scheme::Nameless, &headers) {
            Ok(answer) => answer,
            Err(report) if is_sign_in(&report) => {
                let standing = Standing { state: State::Refused, reason: None, ..report.standing };
                return Err(Report::wrong(standing));
            }
            Err(report) => return Err(report),
        };
        match answer.status {
            203 | 401 => return Err(refused(asking, &answer)),
            403 => return Err(asking.denied(&answer)),
            404 => {
                let standing = Standing::of(State::Absent, None).saying(asking.words(&answer));
                return Err(Report::wrong(standing));
            }
            _ => {}
        }
        let user = &asking.json(&answer)?["authenticatedUser"];
        let Some(id) = user["id"].as_str() else { return Err(asking.unexpected(&answer)) };
        if id.eq_ignore_ascii_case(NOBODY) {
            return Err(Report::wrong(Standing::of(State::Refused, None)));
        }
        let account = asking.text(&user["properties"]["Account"]["$value"]);
        let owner = account.or_else(|| asking.text(&user["providerDisplayName"]));
        Ok(Report::good(Facts { owner, ..Facts::default() }))
    }
}

fn is_sign_in(report: &Report) -> bool {
    let address = report.standing.address.as_deref().unwrap_or_default();
    address.contains("/_signin") || address.starts_with("https://login.microsoftonline.com/")
}

/// Returns the report of a refusal. A header says whether the token has ended.
fn refused(asking: &Asking<'_>, answer: &Answer) -> Box<Report> {
    let error = answer.header("x-tfs-serviceerror").and_then(|text| unescape(&text));
    let said = error.and_then(|text| asking.said(&text)).or_else(|| asking.words(answer));
    let is_over = said.as_deref().is_some_and(|said| said.contains("has expired"));
    let state = if is_over { State::Ended } else { State::Refused };
    Report::wrong(Standing::of(state, None).saying(said))
}
