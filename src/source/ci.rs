//! The token that a build runner brings for the forge that it works for.
//!
//! It serves only where three variables are set: the runner's own mark, the address of its server,
//! and the token. It serves only for exactly that server. A variable's name alone says nothing: a
//! Gitea runner calls its own instance's token `GITHUB_TOKEN`, too. Where only the token is
//! missing, a request for that server fails, and the error names the variable.
//!
//! | runner | mark | server | token, username |
//! |---|---|---|---|
//! | GitHub Actions, Enterprise | `GITHUB_ACTIONS` | `GITHUB_SERVER_URL` | `GITHUB_TOKEN`, `x-access-token` |
//! | Gitea, Forgejo Actions | `GITEA_ACTIONS`, `FORGEJO_ACTIONS` | `GITHUB_SERVER_URL` | `GITEA_TOKEN`, `FORGEJO_TOKEN`, else `GITHUB_TOKEN` |
//! | GitLab CI | `GITLAB_CI` | `CI_SERVER_PROTOCOL`, `CI_SERVER_FQDN` (older: `_HOST`, `_PORT`) | `CI_JOB_TOKEN`, `gitlab-ci-token`; else `CI_DEPLOY_PASSWORD`, `CI_DEPLOY_USER` |
//! | Azure Pipelines | `TF_BUILD` | `SYSTEM_COLLECTIONURI` | `SYSTEM_ACCESSTOKEN`, as Bearer |
//!
//! GitHub, Gitea and Azure hand their token out only where the job maps it to the variable.
//! Runners of other kinds bring no token for git, or a helper of their own.

use super::{Origin, Source, place};
use crate::context::Context;
use crate::credential::Username;

/// Returns the runner's source, read from these variables.
pub(super) fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Source> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_on = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let server = |name: &str| place(&variable(name)?).map(|place| place.host_level());
    let own_token = [("GITEA_ACTIONS", "GITEA_TOKEN"), ("FORGEJO_ACTIONS", "FORGEJO_TOKEN")];
    let own_token = own_token.into_iter().find(|(mark, _)| is_on(mark)).map(|(_, token)| token);
    if own_token.is_some() || is_on("GITHUB_ACTIONS") {
        let mut tokens = own_token.into_iter().chain(["GITHUB_TOKEN"]);
        let token = tokens.find(|name| variable(name).is_some());
        let token = token.unwrap_or("GITHUB_TOKEN");
        let source = source(server("GITHUB_SERVER_URL")?, token);
        let username = own_token.is_none().then(|| Username::new(b"x-access-token"));
        return Some(Source { username, ..source });
    }
    if is_on("GITLAB_CI") {
        let context = gitlab(&variable)?;
        let deploys = variable("CI_DEPLOY_USER").zip(variable("CI_DEPLOY_PASSWORD"));
        let Some((username, _)) = deploys.filter(|_| variable("CI_JOB_TOKEN").is_none()) else {
            let username = Some(Username::new(b"gitlab-ci-token"));
            let source = source(context, "CI_JOB_TOKEN");
            return Some(Source { username, any_username: false, ..source });
        };
        let username = Some(Username::new(username.as_bytes()));
        let source = source(context, "CI_DEPLOY_PASSWORD");
        return Some(Source { username, any_username: false, ..source });
    }
    if is_on("TF_BUILD") {
        let source = source(server("SYSTEM_COLLECTIONURI")?, "SYSTEM_ACCESSTOKEN");
        return Some(Source { authtype: Some(b"Bearer".to_vec()), ..source });
    }
    None
}

fn gitlab(variable: &impl Fn(&str) -> Option<String>) -> Option<Context> {
    let protocol = variable("CI_SERVER_PROTOCOL")?;
    let host = variable("CI_SERVER_FQDN").or_else(|| {
        let host = variable("CI_SERVER_HOST")?;
        Some(format!("{host}:{}", variable("CI_SERVER_PORT")?))
    })?;
    Context::of_host(protocol.as_bytes(), host.as_bytes())
}

fn source(context: Context, token: &str) -> Source {
    let origin = Origin::Variable(token.to_owned());
    Source { context, username: None, any_username: true, authtype: None, origin }
}

#[cfg(test)]
mod tests {
    use super::detect;
    use crate::source::{Origin, Source};

    fn on(line: &str) -> Option<Source> {
        let words: Vec<(&str, &str)> =
            line.split_whitespace().filter_map(|word| word.split_once('=')).collect();
        detect(|name| words.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn each_runner_serves_its_own_server_and_no_other() {
        for (line, context, token, username, authtype) in [
            (
                "GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://github.com GITHUB_TOKEN=t",
                "https://github.com",
                "GITHUB_TOKEN",
                Some("x-access-token"),
                None,
            ),
            (
                "GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://ghes.example:8443 GITHUB_TOKEN=t",
                "https://ghes.example:8443",
                "GITHUB_TOKEN",
                Some("x-access-token"),
                None,
            ),
            (
                "GITHUB_ACTIONS=true GITEA_ACTIONS=true GITHUB_SERVER_URL=https://gitea.example/ \
                 GITHUB_TOKEN=t",
                "https://gitea.example",
                "GITHUB_TOKEN",
                None,
                None,
            ),
            (
                "FORGEJO_ACTIONS=true GITHUB_SERVER_URL=https://f.example/git FORGEJO_TOKEN=f \
                 GITHUB_TOKEN=t",
                "https://f.example",
                "FORGEJO_TOKEN",
                None,
                None,
            ),
            (
                "GITLAB_CI=true CI_SERVER_PROTOCOL=https CI_SERVER_FQDN=gl.example:8443 \
                 CI_SERVER_HOST=gl.example CI_JOB_TOKEN=t",
                "https://gl.example:8443",
                "CI_JOB_TOKEN",
                Some("gitlab-ci-token"),
                None,
            ),
            (
                "GITLAB_CI=true CI_SERVER_PROTOCOL=https CI_SERVER_HOST=gl.example \
                 CI_SERVER_PORT=443 CI_DEPLOY_USER=robot CI_DEPLOY_PASSWORD=t",
                "https://gl.example",
                "CI_DEPLOY_PASSWORD",
                Some("robot"),
                None,
            ),
            (
                "TF_BUILD=True SYSTEM_COLLECTIONURI=https://dev.azure.com/org/ \
                 SYSTEM_ACCESSTOKEN=t",
                "https://dev.azure.com",
                "SYSTEM_ACCESSTOKEN",
                None,
                Some("Bearer"),
            ),
        ] {
            let source = on(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(source.context.to_string(), context);
            assert!(source.origin == Origin::Variable(token.to_owned()), "{line}");
            assert_eq!(source.username.map(|name| name.to_string()).as_deref(), username);
            assert_eq!(source.authtype.as_deref(), authtype.map(str::as_bytes));
        }
    }

    #[test]
    fn where_only_the_token_is_missing_its_variable_is_named() {
        for (line, token) in [
            ("GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://github.com", "GITHUB_TOKEN"),
            (
                "GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://github.com GITHUB_TOKEN=",
                "GITHUB_TOKEN",
            ),
            // The token of another runner is not GitHub's.
            (
                "GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://github.com GITEA_TOKEN=t",
                "GITHUB_TOKEN",
            ),
            (
                "GITLAB_CI=true CI_SERVER_PROTOCOL=https CI_SERVER_FQDN=gl.example \
                 CI_DEPLOY_USER=robot",
                "CI_JOB_TOKEN",
            ),
            ("TF_BUILD=True SYSTEM_COLLECTIONURI=https://dev.azure.com/o/", "SYSTEM_ACCESSTOKEN"),
        ] {
            let source = on(line).unwrap_or_else(|| panic!("{line}"));
            assert!(source.origin == Origin::Variable(token.to_owned()), "{line}");
        }
    }

    #[test]
    fn without_a_runner_and_its_server_nothing_is_served() {
        for line in [
            "",
            "GITHUB_TOKEN=t",
            "GITHUB_SERVER_URL=https://github.com GITHUB_TOKEN=t",
            "GITHUB_ACTIONS=false GITHUB_SERVER_URL=https://github.com GITHUB_TOKEN=t",
            "GITHUB_ACTIONS=true GITHUB_TOKEN=t",
            "GITHUB_ACTIONS=true GITHUB_SERVER_URL=github.com GITHUB_TOKEN=t",
            "GITHUB_ACTIONS=true GITHUB_SERVER_URL=https://u@github.com GITHUB_TOKEN=t",
            "GITLAB_CI=true CI_SERVER_FQDN=gl.example CI_JOB_TOKEN=t",
            "GITLAB_CI=true CI_SERVER_PROTOCOL=https CI_SERVER_HOST=gl.example CI_JOB_TOKEN=t",
            "TF_BUILD=True SYSTEM_ACCESSTOKEN=t",
            "CIRCLECI=true GITHUB_TOKEN=t GITHUB_SERVER_URL=https://github.com",
        ] {
            assert!(on(line).is_none(), "{line}");
        }
    }
}
