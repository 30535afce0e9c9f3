//! Asks Hugging Face: `whoami-v2` tells the owner and the token's role. It wants to be asked
//! seldom, and answers 429 to frequent questions.

use super::{Api, Asking, Facts, Place, Report, Scheme, Told};
use crate::time::from_rfc3339;
use serde_json::Value;

pub(super) struct HuggingFace;

impl Api for HuggingFace {
    fn base(&self, place: &Place<'_>) -> Option<String> {
        let root = if place.is_certain { "https://huggingface.co" } else { place.root };
        Some(format!("{root}/api"))
    }

    fn check(&self, asking: &Asking<'_>) -> Result<Report, Box<Report>> {
        let answer = asking.get("/whoami-v2", Scheme::Bearer, &[])?;
        match answer.status {
            401 => return Err(asking.refused(&answer)),
            403 => return Err(asking.denied(&answer)),
            _ => {}
        }
        let json = asking.json(&answer)?;
        let owner = asking.text(&json["name"]);
        if owner.is_none() {
            return Err(asking.unexpected(&answer));
        }
        let auth = &json["auth"];
        let role = asking.text(&auth["accessToken"]["role"]);
        let (may_read, may_push) = match role.as_deref() {
            Some("write") => (Some(true), Some(true)),
            Some("read") => (Some(true), Some(false)),
            _ => (None, None),
        };
        let scopes = role.map(|role| vec![role]);
        let ends = [&auth["expiresAt"], &auth["accessToken"]["expiration"]];
        let expiry = ends.into_iter().find_map(Value::as_str).and_then(from_rfc3339);
        let expiry = expiry.map_or(Told::Nothing, Told::At);
        let facts = Facts { owner, scopes, expiry, may_read, may_push, ..Facts::default() };
        Ok(Report::good(facts))
    }

    fn wants_to_be_spared(&self) -> bool {
        true
    }
}
