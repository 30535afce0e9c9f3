"""GitHub and GitHub Enterprise Server: `user`, `repos/O/R`, `installation/repositories`."""

from forge import answer, is_over

USER = {
    "login": "alice",
    "id": 1,
    "node_id": "MDQ6VXNlcjE=",
    "avatar_url": "https://github.example/a.gif",
    "gravatar_id": "",
    "url": "https://api.github.example/users/alice",
    "html_url": "https://github.example/alice",
    "followers_url": "https://api.github.example/users/alice/followers",
    "following_url": "https://api.github.example/users/alice/following{/other_user}",
    "gists_url": "https://api.github.example/users/alice/gists{/gist_id}",
    "starred_url": "https://api.github.example/users/alice/starred{/owner}{/repo}",
    "subscriptions_url": "https://api.github.example/users/alice/subscriptions",
    "organizations_url": "https://api.github.example/users/alice/orgs",
    "repos_url": "https://api.github.example/users/alice/repos",
    "events_url": "https://api.github.example/users/alice/events{/privacy}",
    "received_events_url": "https://api.github.example/users/alice/received_events",
    "type": "User",
    "site_admin": False,
    "name": "Alice",
    "company": None,
    "blog": "",
    "location": None,
    "email": None,
    "hireable": None,
    "bio": None,
    "public_repos": 1,
    "public_gists": 0,
    "followers": 0,
    "following": 0,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}


def head(token):
    lines = []
    if token["token"].startswith(("ghp_", "gho_")):
        lines.append("X-OAuth-Scopes: " + ", ".join(token["scopes"]))
    else:
        lines.append("X-OAuth-Scopes: ")
    if token.get("expires"):
        lines.append("github-authentication-token-expiration: " + token["expires"] + " "
                     + token.get("zone", "00:00:00 UTC"))
    if token.get("twice"):
        lines.append("github-authentication-token-expiration: 2026-12-01 00:00:00 UTC")
    return lines


def serve(request):
    token = request.token("bearer", "token", "basic")
    if not request.header("User-Agent"):
        answer(403, {"message": "Request forbidden by administrative rules."})
    if token is None or token.get("revoked") or is_over(token):
        docs = "https://docs.github.com/rest"
        answer(401, {"message": "Bad credentials", "documentation_url": docs, "status": "401"})
    old = token.get("old_server") and request.header("X-GitHub-Api-Version")
    if old:
        answer(400, {"message": "The version is not supported."})
    path = request.path.removeprefix("/api/v3")
    installation = token["token"].startswith("ghs_")
    if path == "/user":
        if installation:
            answer(403, {"message": "Resource not accessible by integration"})
        answer(200, USER | {"login": token["login"]}, *head(token))
    if path == "/installation/repositories" and installation:
        answer(200, {"total_count": 0, "repositories": []}, *head(token))
    if path.startswith("/repos/"):
        repository = path.removeprefix("/repos/")
        known = token.get("repositories", {}).get(repository)
        if known is None:
            answer(404, {"message": "Not Found", "status": "404"})
        if known.get("sso"):
            said = "Resource protected by organization SAML enforcement."
            answer(403, {"message": said}, "X-GitHub-SSO: required; url=" + known["sso"])
        if known.get("denied"):
            answer(403, {"message": known["denied"]})
        rights = {"admin": False, "maintain": False, "triage": False, "pull": True}
        rights["push"] = known.get("push", True)
        archived = known.get("archived", False)
        answer(200, {"id": 1, "full_name": repository, "private": True, "archived": archived,
                     "permissions": rights}, *head(token))
    answer(404, {"message": "Not Found", "status": "404"})
