//! What is lent: contexts to read, exact repositories to push to, and the branches of those.
//!
//! Nothing is lent by default, and no rule takes something away again: whatever is not named is
//! refused. A repository to push to is named exactly and not by a prefix, because many forges
//! create a repository when somebody pushes to it.

use super::branches::Branches;
use super::refusal::Refusal;
use crate::context::Context;

/// The access that a lending gives.
pub struct Policy {
    /// The contexts, hosts or parts of hosts, that may be read.
    pub reads: Vec<Context>,
    /// The repositories that may be pushed to.
    pub pushes: Vec<Context>,
    /// The branches that may be pushed. `None` where no repository may be pushed to.
    pub branches: Option<Branches>,
    /// Whether other repositories of the same hosts may be read without the token.
    pub public: bool,
    /// Whether git-lfs is served.
    pub lfs: bool,
}

/// The way in which a repository may be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// With the token.
    Lent,
    /// Without any token, as everybody can.
    Public,
}

impl Policy {
    /// Returns the host of this name, `github.com` or `localhost:8443`, if a part of it is lent.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<Context> {
        let lent = |place: &&Context| place.authority() == name;
        Some(self.places().find(lent)?.host_level())
    }

    /// Returns the hosts of which a part is lent, each once.
    #[must_use]
    pub fn hosts(&self) -> Vec<Context> {
        let mut hosts = Vec::new();
        for host in self.places().map(Context::host_level) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// Returns how this repository may be read.
    ///
    /// # Errors
    /// Where the repository may not be read.
    pub fn read(&self, repository: &Context) -> Result<Access, Refusal> {
        let around = repository.outwards();
        if self.pushes.contains(repository) || self.reads.iter().any(|p| around.contains(p)) {
            return Ok(Access::Lent);
        }
        if self.public && self.host(&repository.authority()).is_some() {
            return Ok(Access::Public);
        }
        Err(Refusal::NotLent(repository.clone()))
    }

    /// Checks that this repository may be pushed to.
    ///
    /// # Errors
    /// Where it may not.
    pub fn push(&self, repository: &Context) -> Result<(), Refusal> {
        match self.read(repository)? {
            Access::Lent if self.pushes.contains(repository) => Ok(()),
            Access::Lent => Err(Refusal::ReadOnly(repository.clone())),
            Access::Public => Err(Refusal::NotLent(repository.clone())),
        }
    }

    fn places(&self) -> impl Iterator<Item = &Context> {
        self.reads.iter().chain(&self.pushes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Policy};
    use crate::context::Context;
    use crate::lend::branches::Branches;
    use crate::lend::refusal::Refusal;

    fn at(text: &str) -> Context {
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let host = Context::of_host(b"https", host.as_bytes()).expect("a host");
        host.scoped(path.as_bytes()).expect("a path")
    }

    fn policy(public: bool) -> Policy {
        Policy {
            reads: vec![at("h.example/my-org"), at("g.example")],
            pushes: vec![at("h.example/other/app")],
            branches: Branches::parse("agent/*"),
            public,
            lfs: false,
        }
    }

    #[test]
    fn a_place_is_lent_with_what_is_below_it_and_nothing_beside_it() {
        let policy = policy(false);
        for lent in ["h.example/my-org/a", "h.example/my-org/a/b.git", "g.example/x", "g.example"] {
            assert_eq!(policy.read(&at(lent)), Ok(Access::Lent), "{lent}");
        }
        for other in [
            "h.example/my-orgX/a",
            "h.example/My-Org/a",
            "h.example/other/app2",
            "e.example/my-org",
        ] {
            assert_eq!(policy.read(&at(other)), Err(Refusal::NotLent(at(other))), "{other}");
        }
    }

    #[test]
    fn a_repository_to_push_to_is_exact_and_may_be_read() {
        let policy = policy(false);
        for repository in ["h.example/other/app", "h.example/other/app.git"] {
            assert_eq!(policy.push(&at(repository)), Ok(()));
            assert_eq!(policy.read(&at(repository)), Ok(Access::Lent));
        }
        let read_only = at("h.example/my-org/a");
        assert_eq!(policy.push(&read_only), Err(Refusal::ReadOnly(read_only.clone())));
        for other in ["h.example/other/app/x", "h.example/other", "h.example/other/app.wiki"] {
            assert_eq!(policy.push(&at(other)), Err(Refusal::NotLent(at(other))), "{other}");
        }
    }

    #[test]
    fn what_everybody_can_read_is_read_without_the_token_and_at_lent_hosts_alone() {
        let policy = policy(true);
        assert_eq!(policy.read(&at("h.example/their/a")), Ok(Access::Public));
        assert_eq!(policy.read(&at("h.example/my-org/a")), Ok(Access::Lent));
        assert!(policy.read(&at("e.example/a")).is_err());
        assert!(matches!(policy.push(&at("h.example/their/a")), Err(Refusal::NotLent(_))));
    }

    #[test]
    fn a_host_is_known_by_the_very_name_that_it_has() {
        let policy = policy(false);
        assert_eq!(policy.host("h.example"), Some(at("h.example")));
        for other in ["H.example", "h.example:443", "h.example:8443", "h.example.", "e.example"] {
            assert_eq!(policy.host(other), None, "{other}");
        }
    }
}
