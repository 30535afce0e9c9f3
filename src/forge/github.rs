//! GitHub: github.com, GitHub Enterprise Cloud at `*.ghe.com`, and its registries.
//!
//! The last six characters of its classic tokens are the CRC-32 of the middle part in base 62.
//! Fine-grained tokens carry eight characters of a SHA-256, which GitHub does not document: a wrong
//! one is only a reason to ask.

use super::checksum::{BASE_32, BASE_62, crc_and_rest, is_number};
use super::{
    Beginning, Forge, Id, Integrity, Kind, Page, Recognised, Remark, Wanted, beginning_of,
    with_query,
};
use crate::context::Context;
use sha2::{Digest, Sha256};

pub(super) struct GitHub;

const REFRESH: Remark = Remark::Unfit("it opens no repository");

const BEGINNINGS: [Beginning; 6] = [
    Beginning::of("github_pat_", Kind::FineGrainedPersonal),
    Beginning::of("ghp_", Kind::ClassicPersonal),
    Beginning::of("gho_", Kind::OauthApp),
    Beginning::of("ghu_", Kind::AppUser),
    // The newer ones go on with a number, `_` and base64 for URLs.
    Beginning::of("ghs_", Kind::Installation).with_signs(),
    Beginning::of("ghr_", Kind::Refresh).but(REFRESH),
];

/// The hosts that take classic tokens only.
const REGISTRIES: [&str; 2] = ["ghcr.io", "npm.pkg.github.com"];

impl Forge for GitHub {
    fn id(&self) -> Id {
        Id::GitHub
    }

    fn name(&self) -> &'static str {
        "GitHub"
    }

    fn word(&self) -> &'static str {
        "github"
    }

    fn is_at(&self, host: &str) -> bool {
        matches!(host, "github.com" | "gist.github.com")
            || REGISTRIES.contains(&host)
            || host.ends_with(".ghe.com")
    }

    fn main_host(&self) -> Option<&'static str> {
        Some("github.com")
    }

    fn beginnings(&self) -> &'static [Beginning] {
        &BEGINNINGS
    }

    fn recognise(&self, token: &[u8]) -> Option<Recognised> {
        let (forge, beginning) = (self.id(), beginning_of(&BEGINNINGS, token)?);
        let integrity = match beginning.kind {
            Kind::FineGrainedPersonal => fine_grained(token),
            // The newer ones are longer, hold dots and say nothing about themselves.
            Kind::Installation if token.len() != 40 => Integrity::Unknown,
            Kind::Refresh => classic(token, 80),
            _ => classic(token, 40),
        };
        Some(beginning.recognised(forge, integrity))
    }

    fn username(&self, _token: &[u8]) -> &'static str {
        "x-access-token"
    }

    fn is_repository(&self, host: &str, path: &str) -> bool {
        host == "gist.github.com" && !path.is_empty() || path.split('/').count() == 2
    }

    fn objection(&self, host: &str, kind: Kind) -> Option<&'static str> {
        let refused = REGISTRIES.contains(&host) && kind == Kind::FineGrainedPersonal;
        refused.then_some("takes classic ones only")
    }

    fn pages(&self, wanted: &Wanted) -> Vec<Page> {
        let host = wanted.context.host();
        let is_registry = REGISTRIES.contains(&host);
        let site = site(wanted.context);
        let days = wanted.days.map(|days| days.to_string());
        let usual = if is_registry { "write:packages" } else { "repo,workflow" };
        let scopes = wanted.old_scopes().map(|scopes| scopes.join(","));
        let scopes = scopes.as_deref().unwrap_or(usual);
        let mut query = vec![("description", wanted.name), ("scopes", scopes)];
        query.extend(days.as_deref().map(|days| ("default_expires_at", days)));
        let classic = Page {
            address: with_query(&format!("{site}/settings/tokens/new"), &query),
            what: "a classic token, for everything that you can reach",
        };
        // A gist belongs to no repository, and fine-grained tokens are for repositories. On a
        // server of one's own the page for them cannot be filled in.
        let is_classic = wanted.old_kind() == Some(Kind::ClassicPersonal);
        if is_apart(host) || !self.is_at(host) || is_classic {
            return vec![classic];
        }
        let owner = wanted.context.owner().and_then(|owner| str::from_utf8(owner).ok());
        let mut query = vec![("name", wanted.name)];
        query.extend(owner.map(|owner| ("target_name", owner)));
        let days = days.filter(|_| wanted.days.is_some_and(|days| (1..=366).contains(&days)));
        query.extend(days.as_deref().map(|days| ("expires_in", days)));
        query.extend([("contents", "write"), ("workflows", "write")]);
        let page = format!("{site}/settings/personal-access-tokens/new");
        let fine_grained = Page {
            address: with_query(&page, &query),
            what: "a fine-grained token, for the repositories of one owner",
        };
        // Nobody tells the permissions of the old one.
        if wanted.old_kind() == Some(Kind::FineGrainedPersonal) {
            return vec![fine_grained];
        }
        vec![fine_grained, classic]
    }

    fn list_of_tokens(&self, context: &Context, kind: Option<Kind>) -> Option<String> {
        let page = match kind {
            Some(Kind::FineGrainedPersonal) => "personal-access-tokens",
            Some(Kind::OauthApp) => "applications",
            Some(Kind::AppUser | Kind::Refresh) => "apps/authorizations",
            Some(Kind::Installation) => "installations",
            _ => "tokens",
        };
        Some(format!("{}/settings/{page}", site(context)))
    }
}

/// Returns whether a host of GitHub's has no site of its own.
fn is_apart(host: &str) -> bool {
    REGISTRIES.contains(&host) || host == "gist.github.com"
}

/// Returns the address of the site with a person's settings.
fn site(context: &Context) -> String {
    if is_apart(context.host()) {
        "https://github.com".to_owned()
    } else {
        context.host_level().to_string()
    }
}

/// Judges four characters of prefix, the middle, six characters of checksum over the middle.
fn classic(token: &[u8], length: usize) -> Integrity {
    if token.len() != length {
        return Integrity::Doubtful;
    }
    match crc_and_rest(&token[4..], 6) {
        Some((crc, sum)) if is_number(sum, crc, BASE_62) => Integrity::Right,
        _ => Integrity::Wrong,
    }
}

/// Judges a fine-grained token: of its last 16 characters the first eight are the first 40 bits of
/// a SHA-256 over everything before those 16, in base 32.
fn fine_grained(token: &[u8]) -> Integrity {
    if token.len() != 93 {
        return Integrity::Doubtful;
    }
    let (body, rest) = token.split_at(93 - 16);
    let start = Sha256::digest(body).iter().take(5).fold(0, |sum, &b| sum << 8 | u64::from(b));
    if is_number(&rest[..8], start, BASE_32) { Integrity::Right } else { Integrity::Doubtful }
}

#[cfg(test)]
mod tests {
    use super::{Forge, GitHub, Integrity, Wanted};
    use crate::context::Context;
    use crate::forge::{Kind, Old, Recognised, warnings};

    fn recognised(token: &str) -> Recognised {
        GitHub.recognise(token.as_bytes()).expect("GitHub's")
    }

    fn pages(url: &str, days: Option<u64>) -> Vec<String> {
        pages_like(url, days, None)
    }

    fn pages_like(url: &str, days: Option<u64>, old: Option<Old<'_>>) -> Vec<String> {
        let context = Context::from_canonical(url).expect("canonical");
        let wanted = Wanted { context: &context, name: "git on a box", days, old };
        GitHub.pages(&wanted).into_iter().map(|page| page.address).collect()
    }

    /// Bodies that are no token's, with the checksums that GitHub would give them.
    const CLASSIC: &str = "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";
    const FINE_GRAINED: &str = "github_pat_TESTONLYTESTONLYTESTON_TESTONLYTESTONLYTESTONLYTESTONLYTESTONLYTESOH2S2SW5TESTONLY";

    #[test]
    fn a_classic_token_carries_its_checksum() {
        let sound = recognised(CLASSIC);
        assert_eq!((sound.kind, sound.integrity), (Kind::ClassicPersonal, Integrity::Right));
        for at in [4, 20, 33, 34, 39] {
            let mut token = CLASSIC.to_owned().into_bytes();
            token[at] = if token[at] == b'z' { b'y' } else { b'z' };
            let integrity = GitHub.recognise(&token).expect("GitHub's").integrity;
            assert_eq!(integrity, Integrity::Wrong, "changed at {at}");
        }
        assert_eq!(recognised(&CLASSIC[..39]).integrity, Integrity::Doubtful);
    }

    #[test]
    fn the_other_classic_prefixes_follow_the_same_rule() {
        for (prefix, kind) in
            [("gho_", Kind::OauthApp), ("ghu_", Kind::AppUser), ("ghs_", Kind::Installation)]
        {
            let token = recognised(&CLASSIC.replace("ghp_", prefix));
            assert_eq!((token.kind, token.integrity), (kind, Integrity::Right));
        }
    }

    #[test]
    fn a_newer_installation_token_is_taken_as_it_is() {
        let token = format!("ghs_1_{}", "TESTONLY.TESTONLY-TESTONLY_".repeat(19));
        assert_eq!(recognised(&token).integrity, Integrity::Unknown);
    }

    #[test]
    fn a_fine_grained_tokens_checksum_is_only_a_reason_to_ask() {
        assert_eq!(recognised(FINE_GRAINED).integrity, Integrity::Right);
        let other = FINE_GRAINED.replace("TESTONLY", "TESTONLX");
        assert_eq!(recognised(&other).integrity, Integrity::Doubtful);
        let github = Context::from_canonical("https://github.com").expect("canonical");
        assert!(warnings(&github, FINE_GRAINED.as_bytes(), true).is_empty());
        let said = warnings(&github, other.as_bytes(), true);
        assert!(said.iter().all(|warning| !warning.strong) && said.len() == 1, "{said:?}");
    }

    #[test]
    fn a_registry_takes_classic_tokens_only() {
        for (host, token, count) in [
            ("https://ghcr.io", FINE_GRAINED, 1),
            ("https://npm.pkg.github.com", FINE_GRAINED, 1),
            ("https://ghcr.io", CLASSIC, 0),
            ("https://github.com", FINE_GRAINED, 0),
        ] {
            let context = Context::from_canonical(host).expect("canonical");
            let said = warnings(&context, token.as_bytes(), true);
            assert_eq!(said.iter().filter(|w| w.strong).count(), count, "{host}: {said:?}");
        }
    }

    #[test]
    fn a_refresh_token_is_not_for_git() {
        let context = Context::from_canonical("https://git.example").expect("canonical");
        let said = warnings(&context, b"ghr_TESTONLY", true);
        assert!(said.iter().any(|warning| warning.strong), "{said:?}");
    }

    #[test]
    fn the_page_for_a_successor_is_that_of_its_kind_with_its_scopes() {
        let scopes = ["repo".to_owned(), "read:org".to_owned()];
        let like = |kind, scopes: &'static [&'static str]| {
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            let old = Old { kind: Some(kind), scopes: Some(&scopes) };
            pages_like("https://github.com", Some(30), Some(old))
        };
        assert_eq!(
            like(Kind::ClassicPersonal, &["repo", "read:org"]),
            ["https://github.com/settings/tokens/new?description=git+on+a+box\
              &scopes=repo%2Cread%3Aorg&default_expires_at=30"]
        );
        assert!(like(Kind::ClassicPersonal, &[])[0].contains("scopes=repo%2Cworkflow"));
        let fine = like(Kind::FineGrainedPersonal, &[]);
        assert!(fine.len() == 1 && fine[0].contains("/personal-access-tokens/new?"), "{fine:?}");
        let old = Old { kind: None, scopes: Some(&scopes) };
        assert_eq!(pages_like("https://github.com", None, Some(old)).len(), 2);
    }

    #[test]
    fn the_pages_are_filled_in() {
        assert_eq!(
            pages("https://github.com/my-org/repo", Some(90)),
            [
                "https://github.com/settings/personal-access-tokens/new?name=git+on+a+box\
                 &target_name=my-org&expires_in=90&contents=write&workflows=write",
                "https://github.com/settings/tokens/new?description=git+on+a+box\
                 &scopes=repo%2Cworkflow&default_expires_at=90",
            ]
        );
        assert_eq!(
            pages("https://ghcr.io", None),
            ["https://github.com/settings/tokens/new?description=git+on+a+box\
              &scopes=write%3Apackages"]
        );
        let own = pages("https://github.example:8443/my-org", None);
        assert_eq!(own.len(), 1);
        assert!(own[0].starts_with("https://github.example:8443/settings/tokens/new?"), "{own:?}");
        assert!(!pages("https://github.com", Some(400))[0].contains("expires_in"));
        assert!(
            pages("https://corp.ghe.com", None)[0].starts_with("https://corp.ghe.com/settings/")
        );
    }
}
