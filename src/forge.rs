//! What is known of the places where tokens come from. So far: the username that goes with
//! one.

use crate::context::Context;

/// The username to send with a token where the person gave none. These hosts look at the
/// token alone; the name is their convention, or ours, and never empty.
#[must_use]
pub(crate) fn conventional_username(context: &Context, token: &[u8]) -> &'static str {
    match context.host() {
        "github.com" => "x-access-token",
        "gitlab.com" => "oauth2",
        // An Atlassian API token; the others are a repository's or workspace's.
        "bitbucket.org" if token.starts_with(b"ATATT") => "x-bitbucket-api-token-auth",
        "bitbucket.org" => "x-token-auth",
        _ => "token",
    }
}

/// Whether clone URLs of this host carry a username that says nothing about the account.
#[must_use]
pub(crate) fn has_meaningless_usernames(context: &Context) -> bool {
    matches!(context.host(), "dev.azure.com" | "bitbucket.org")
}
