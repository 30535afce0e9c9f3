"""GitHub and GitHub Enterprise Server: `user`, `repos/O/R`, `installation/repositories`,
`credentials/revoke`, `installation/token`. What an
answer must have beside what is told here comes from GitHub's own description of its API, cut to these
paths, in `github.json` (of the npm package `@octokit/openapi`, MIT)."""

import json
import os

from forge import answer, is_over, revoke, tokens

with open(os.path.join(os.path.dirname(__file__), "github.json"), encoding="utf-8") as file:
    DESCRIPTION = json.load(file)


def example(schema):
    """The least that a description allows."""
    if "$ref" in schema:
        return example(DESCRIPTION["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return example(schema[several][0])
    if schema.get("nullable"):
        return None
    if "allOf" in schema:
        return {k: v for part in schema["allOf"] for k, v in example(part).items()}
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        known = schema.get("properties", {})
        return {name: example(known.get(name, {})) for name in schema.get("required", [])}
    text = {"date-time": "2026-01-01T00:00:00Z", "uri": "https://github.example/x"}
    plain = {"array": [], "string": text.get(schema.get("format"), "x")}
    return plain.get(kind, {"integer": 1, "number": 1, "boolean": False}.get(kind))


def described(path):
    schema = DESCRIPTION["paths"][path]["get"]["responses"]["200"]
    return example(schema)


def head(token):
    lines = []
    if token["token"].startswith(("ghp_", "gho_")):
        lines.append("X-OAuth-Scopes: " + ", ".join(token["scopes"]))
    else:
        lines.append("X-OAuth-Scopes: ")
    if token.get("expires"):
        lines.append("github-authentication-token-expiration: " + token["expires"] + " "
                     + token.get("zone", "00:00:00 UTC"))
    if token.get("partial"):
        lines.append("X-GitHub-SSO: partial-results; organizations=" + token["partial"])
    if token.get("end"):
        lines.append("github-authentication-token-expiration: " + token["end"])
    if token.get("twice"):
        lines.append("github-authentication-token-expiration: 2026-12-01 00:00:00 UTC")
    return lines


def disclosed(request):
    """github.com takes it from anybody who does not sign in, a server of one's own from others."""
    own = request.path.startswith("/api/v3/")
    if request.scheme and not own:
        answer(403, {"message": "This endpoint takes no authenticated requests."})
    if own and not request.token("bearer"):
        answer(401, {"message": "Bad credentials"})
    docs = "https://docs.github.com/rest"
    wrong = {"message": "Validation Failed", "documentation_url": docs, "errors": ["x"]}
    try:
        body = json.loads(request.body())
        words = body["credentials"]
    except (ValueError, KeyError):
        answer(422, wrong)
    beginnings = ("ghp_", "github_pat_", "gho_", "ghu_", "ghr_")
    if request.header("Content-Type") == "" and os.environ.get("CONTENT_TYPE") != "application/json":
        answer(422, wrong)
    if not words or not all(word.startswith(beginnings) for word in words):
        answer(422, wrong)
    for token in tokens():
        if token["token"] in words:
            revoke(token)
    answer(202, {}, "Retry-After: 0")


def serve(request):
    if request.path.endswith("/credentials/revoke") and request.method == "POST":
        disclosed(request)
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
    if path == "/installation/token" and request.method == "DELETE":
        if not token["token"].startswith("ghs_"):
            answer(403, {"message": "You must authenticate with an installation access token"})
        revoke(token)
        answer(204, "", "Retry-After: 0")
    installation = token["token"].startswith("ghs_")
    if path == "/user":
        if installation:
            answer(403, {"message": "Resource not accessible by integration"})
        answer(200, described("/user") | {"login": token["login"]}, *head(token))
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
            answer(403, {"message": known["denied"]}, *known.get("head", []))
        rights = {"admin": False, "maintain": False, "triage": False, "pull": True}
        rights["push"] = known.get("push", True)
        archived = known.get("archived", False)
        told = {"full_name": repository, "private": True, "archived": archived}
        told |= {"permissions": rights}
        answer(200, described("/repos/{owner}/{repo}") | told, *head(token))
    answer(404, {"message": "Not Found", "status": "404"})
