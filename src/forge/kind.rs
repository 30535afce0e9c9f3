//! The kinds of tokens that the forges issue, by the forges' names for them.

/// A kind of token. Two forges may use the same name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A token for a person's own use, at most forges.
    Personal,
    /// GitHub's older kind, for everything that its owner can reach.
    ClassicPersonal,
    /// GitHub's newer kind, for chosen repositories.
    FineGrainedPersonal,
    OauthApp,
    AppUser,
    Installation,
    Refresh,
    Deploy,
    CiJob,
    OauthSecret,
    /// A code with which an OAuth application fetches its token.
    OauthCode,
    Runner,
    Trigger,
    Feed,
    IncomingMail,
    Agent,
    Scim,
    FeatureFlags,
    Workspace,
    /// Atlassian's kind for a person's own use.
    Api,
    /// Bitbucket's kind for a repository, a project or a workspace; elsewhere simply a token.
    Access,
    AppPassword,
    DataCenterAccess,
}

impl Kind {
    /// Returns the forge's name for it, e.g. `classic personal access token`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal access token",
            Self::ClassicPersonal => "classic personal access token",
            Self::FineGrainedPersonal => "fine-grained personal access token",
            Self::OauthApp => "OAuth app token",
            Self::AppUser => "GitHub App user token",
            Self::Installation => "installation token",
            Self::Refresh => "refresh token",
            Self::Deploy => "deploy token",
            Self::CiJob => "CI job token",
            Self::OauthSecret => "OAuth application secret",
            Self::OauthCode => "OAuth authorization code",
            Self::Runner => "runner token",
            Self::Trigger => "trigger token",
            Self::Feed => "feed token",
            Self::IncomingMail => "incoming mail token",
            Self::Agent => "agent token",
            Self::Scim => "SCIM token",
            Self::FeatureFlags => "feature flags token",
            Self::Workspace => "workspace token",
            Self::Api => "API token",
            Self::Access => "access token",
            Self::AppPassword => "app password",
            Self::DataCenterAccess => "Data Center access token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use crate::context::Context;
    use crate::forge::at;

    #[test]
    fn a_person_finds_the_page_where_a_token_ends() {
        for (url, kind, page) in [
            ("https://github.com/org", Some(Kind::ClassicPersonal), "github.com/settings/tokens"),
            (
                "https://ghcr.io",
                Some(Kind::FineGrainedPersonal),
                "github.com/settings/personal-access-tokens",
            ),
            ("https://gitlab.com", None, "gitlab.com/-/user_settings/personal_access_tokens"),
            ("https://codeberg.org", None, "codeberg.org/user/settings/applications"),
            (
                "https://bitbucket.org",
                Some(Kind::Api),
                "id.atlassian.com/manage-profile/security/api-tokens",
            ),
            ("https://bitbucket.org", Some(Kind::Access), ""),
            ("https://dev.azure.com/org", None, "dev.azure.com/org/_usersSettings/tokens"),
            ("https://dev.azure.com", None, ""),
            ("https://huggingface.co", None, "huggingface.co/settings/tokens"),
        ] {
            let context = Context::from_canonical(url).expect("canonical");
            let found = at(&context).and_then(|forge| forge.list_of_tokens(&context, kind));
            let expected = (!page.is_empty()).then(|| format!("https://{page}"));
            assert_eq!(found, expected, "{url}");
        }
    }
}
