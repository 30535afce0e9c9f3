//! The operation for which a request is made, and the repository. Only the calls of git and of git-lfs
//! lead somewhere, each in one spelling.

use super::policy::Policy;
use super::refusal::Refusal;
use super::request::{Head, Method};
use crate::context::{Context, unescape};
use crate::hex;

/// The ends of git-lfs's own paths.
const LOCKS: &str = "/info/lfs/locks/verify";
const BATCH: &str = "/info/lfs/objects/batch";

/// The operation for which a request is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// The list of refs before a fetch.
    RefsToFetch,
    /// The list of refs before a push.
    RefsToPush,
    /// A fetch.
    Fetch,
    /// A push.
    Push,
    /// The addresses from which to get objects of git-lfs, or to which to send them.
    LfsBatch,
    /// The list of the files of git-lfs that others have locked.
    LfsLocks,
    /// An object of git-lfs, by the name that it got in the answer to [`Self::LfsBatch`].
    LfsObject(String),
}

/// A repository, and the operation on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The operation.
    pub wanted: Wanted,
    /// The repository.
    pub repository: Context,
}

impl Head {
    /// Returns the repository and the operation for which this request is made.
    ///
    /// # Errors
    /// Where the request is not one that is served.
    pub fn route(&self, policy: &Policy) -> Result<Route, Refusal> {
        let (path, wanted) = self.wanted().ok_or(Refusal::NotUnderstood)?;
        let path = unescape(path).ok_or(Refusal::NotUnderstood)?;
        if path.is_empty() || !is_repository(&path) {
            return Err(Refusal::NotUnderstood);
        }
        // A host has one spelling. A name in any other is refused.
        let host = Context::of_host(b"https", self.host.as_bytes());
        let host = host.filter(|host| host.authority() == self.host);
        let host = policy.host(&self.host).or(host).ok_or(Refusal::NotUnderstood)?;
        let repository = host.scoped(&path).ok_or(Refusal::NotUnderstood)?;
        Ok(Route { wanted, repository })
    }

    /// Returns the path of the repository, and the operation.
    fn wanted(&self) -> Option<(&str, Wanted)> {
        let is = |name: &str, value: &str| self.header(name) == Some(value);
        let is_lfs = !self.gzip
            && self.header("Content-Type").is_some_and(|media_type| {
                // git-lfs adds the character set.
                media_type.split(';').next() == Some("application/vnd.git-lfs+json")
            });
        let path = self.path.as_str();
        let (ending, wanted) = match (self.method, self.query.as_deref()) {
            (Method::Get, Some("service=git-upload-pack")) => ("/info/refs", Wanted::RefsToFetch),
            (Method::Get, Some("service=git-receive-pack")) => ("/info/refs", Wanted::RefsToPush),
            (_, Some(_)) => return None,
            (Method::Post, None) if is("Content-Type", "application/x-git-upload-pack-request") => {
                ("/git-upload-pack", Wanted::Fetch)
            }
            (Method::Post, None)
                if is("Content-Type", "application/x-git-receive-pack-request") && !self.gzip =>
            {
                ("/git-receive-pack", Wanted::Push)
            }
            (Method::Post, None) if is_lfs && path.ends_with(LOCKS) => (LOCKS, Wanted::LfsLocks),
            (Method::Post, None) if is_lfs && path.ends_with(BATCH) => (BATCH, Wanted::LfsBatch),
            (Method::Get | Method::Put | Method::Post, None) => {
                let (repository, name) = path.rsplit_once("/lfs-object/")?;
                let is_name = hex::decode(name.as_bytes()).is_some_and(|bytes| bytes.len() == 16);
                let is_ours = is_name && !self.gzip;
                return is_ours.then(|| (repository, Wanted::LfsObject(name.to_owned())));
            }
        };
        Some((path.strip_suffix(ending)?, wanted))
    }
}

/// Returns whether no part of a repository's path could be taken for one that git adds.
fn is_repository(path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
    let is_added =
        |s: &&[u8]| [&b"git-upload-pack"[..], b"git-receive-pack", b"lfs-object"].contains(s);
    let is_info = |two: &[&[u8]]| two[0] == b"info" && [&b"refs"[..], b"lfs"].contains(&two[1]);
    !segments.iter().any(is_added) && !segments.windows(2).any(is_info)
}

#[cfg(test)]
mod tests {
    use super::{Route, Wanted};
    use crate::context::Context;
    use crate::lend::policy::Policy;
    use crate::lend::refusal::Refusal;
    use crate::lend::request::Head;

    fn host() -> Context {
        Context::of_host(b"https", b"h.example:8443").expect("a host")
    }

    fn policy() -> Policy {
        Policy { reads: vec![host()], pushes: vec![], branches: None, public: false, lfs: false }
    }

    fn get(target: &str) -> Option<Head> {
        Head::parse(format!("GET {target} HTTP/1.1\r\nHost: lend\r\n\r\n").as_bytes())
    }

    /// Returns where a request for this leads, where it can be read at all.
    fn route(target: &str) -> Option<Result<Route, Refusal>> {
        get(target).map(|head| head.route(&policy()))
    }

    fn with(lines: &str) -> Option<Head> {
        let head =
            format!("POST /h.example:8443/a/git-upload-pack HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        Head::parse(head.as_bytes())
    }

    const FETCH: &str = "Content-Type: application/x-git-upload-pack-request\r\n";
    const REFS: &str = "/info/refs?service=git-upload-pack";

    #[test]
    fn a_repository_is_named_as_at_its_host() {
        let route = route(&format!("/h.example:8443/a/b%20c.git{REFS}"));
        let repository = host().scoped(b"a/b c").expect("a path");
        assert_eq!(route, Some(Ok(Route { wanted: Wanted::RefsToFetch, repository })));
    }

    #[test]
    fn a_path_has_one_spelling() {
        for path in [
            "a/../b",
            "a/%2e%2e/b",
            "a/.%2E/b",
            "..%2fb",
            "a//b",
            "a\\b",
            "a/%252e",
            "a;x",
            "a%00",
            "a#b",
            "{a,b}",
            "a[1-3]",
            "a%41",
            "a/.git",
            "a.git.git",
            "a/./b",
            "",
            "/a",
            "a/",
            "a/info/refs",
            "a/git-upload-pack",
            "a/info/lfs",
            "a:b",
            "a'b",
            "a\"b",
            "a$b",
            "a&b",
            "a/git-receive-pack/b",
            "a/lfs-object/b",
            "\u{fc}",
        ] {
            let route = route(&format!("/h.example:8443/{path}{REFS}"));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{path}: {route:?}");
        }
        let deep = vec!["a"; 33].join("/");
        let route = route(&format!("/h.example:8443/{deep}{REFS}"));
        assert_eq!(route, Some(Err(Refusal::NotUnderstood)));
    }

    #[test]
    fn a_host_has_one_spelling() {
        for name in [
            "H.example:8443",
            "h.example:08443",
            "h.example.:8443",
            "a@h.example:8443",
            "h.example%40x",
            "h.example:8443:",
            "",
            "h.example:443",
        ] {
            let route = route(&format!("/{name}/a{REFS}"));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{name}: {route:?}");
        }
        // A host that is not lent is understood, so that the refusal can name it.
        let route = get(&format!("/g.example/a{REFS}")).expect("a head").route(&policy());
        assert_eq!(route.expect("a route").repository.to_string(), "https://g.example/a");
    }

    #[test]
    fn git_lfs_asks_for_addresses_and_locks_and_goes_to_the_addresses_it_got() {
        let name = "0".repeat(32);
        for (method, path, wanted) in [
            ("POST", "/info/lfs/objects/batch", Wanted::LfsBatch),
            ("POST", "/info/lfs/locks/verify", Wanted::LfsLocks),
            // This is the check after an upload, which has the media type of a question.
            ("POST", &format!("/lfs-object/{name}"), Wanted::LfsObject(name.clone())),
            ("PUT", &format!("/lfs-object/{name}"), Wanted::LfsObject(name.clone())),
        ] {
            let head = format!(
                "{method} /h.example:8443/a{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\
                 Content-Type: application/vnd.git-lfs+json; charset=utf-8\r\n\r\n"
            );
            let route = Head::parse(head.as_bytes()).expect("a head").route(&policy());
            assert_eq!(route.map(|route| route.wanted), Ok(wanted), "{method} {path}");
        }
    }

    #[test]
    fn only_gits_own_calls_are_served() {
        for target in [
            "/info/refs",
            "/info/refs?service=git-upload-archive",
            "/HEAD",
            "/objects/info/packs",
            "/info/refs?service=git-upload-pack&a=b",
            "/git-upload-pack",
            "/archive/main.zip",
            "",
            "/info/refs?service=git-upload-pack&service=git-receive-pack",
            "/info/lfs/locks",
            "/info/refs?",
            "/git-upload-archive",
            "/lfs-object/0123",
        ] {
            let route = route(&format!("/h.example:8443/a{target}"));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{target}");
        }
        let wrong_type = with("Content-Type: text/plain\r\nContent-Length: 4\r\n").expect("a head");
        assert_eq!(wrong_type.route(&policy()), Err(Refusal::NotUnderstood));
        let fetch = with(&format!("{FETCH}Content-Encoding: gzip\r\nContent-Length: 4\r\n"));
        let route = fetch.expect("a head").route(&policy()).expect("a route");
        assert_eq!(route.wanted, Wanted::Fetch);
        // A push is read here, so its body must not be compressed.
        let push = "POST /h.example:8443/a/git-receive-pack HTTP/1.1\r\nHost: x\r\n\
                    Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\n";
        let plain = Head::parse(format!("{push}\r\n").as_bytes()).expect("a head");
        assert_eq!(plain.route(&policy()).map(|route| route.wanted), Ok(Wanted::Push));
        let gzip = Head::parse(format!("{push}Content-Encoding: gzip\r\n\r\n").as_bytes());
        assert_eq!(gzip.expect("a head").route(&policy()), Err(Refusal::NotUnderstood));
    }
}
