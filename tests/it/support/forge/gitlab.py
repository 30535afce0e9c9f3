"""GitLab: `personal_access_tokens/self`, `self/rotate`, `user`, `oauth/token/info`,
`oauth/revoke`.

A token that is rotated is revoked, and its successor is of its family. Who rotates with one that is
revoked is taken for a thief, and all of the family are revoked."""

import datetime
import urllib.parse

import issuing
from forge import answer, is_over, revoke, tokens


def refuse(token):
    """GitLab tells an unknown token, a revoked one and one that is over apart."""
    if token is None:
        answer(401, {"message": "401 Unauthorized"})
    if token.get("revoked"):
        said = "Token was revoked. You have to re-authorize from the user."
        answer(401, {"error": "invalid_token", "error_description": said})
    if is_over(token):
        said = "Token is expired. You can either do re-authorization or token refresh."
        answer(401, {"error": "invalid_token", "error_description": said})


def family(token):
    return token.get("family", token["name"])


def rotate(request, token):
    if token is None:
        issuing.refuse("-", 401, {"message": "401 Unauthorized"})
    name = token["name"]
    if token.get("revoked"):
        for one in tokens():
            if family(one) == family(token):
                issuing.save(one | {"revoked": True})
        issuing.note(name, "reused")
    if token.get("revoked") or is_over(token):
        if not token.get("revoked"):
            issuing.note(name, 401)
        refuse(token)
    if token.get("job"):
        issuing.refuse(name, 401, {"message": "401 Unauthorized"})
    if token.get("oauth"):
        issuing.refuse(name, 405, {"message": "405 Method Not Allowed"})
    if not {"api", "self_rotate"} & set(token["scopes"]):
        issuing.refuse(name, 403, {"error": "insufficient_scope", "scope": "api self_rotate",
                                   "error_description": "The request requires higher privileges "
                                   "than provided by the access token."})
    end = request.json().get("expires_at")
    today = datetime.date.today()
    latest = today + datetime.timedelta(int(issuing.setting("lifetime") or 365))
    try:
        day = datetime.date.fromisoformat(end) if end else None
    except ValueError:
        issuing.refuse(name, 400, {"error": "expires_at is invalid"})
    if day and not today <= day <= latest:
        said = f"400 Bad request - Expires at must be before {latest}"
        issuing.refuse(name, 400, {"message": said})

    def commit():
        number = issuing.count()
        new = token | {
            "name": f"{family(token)}-{number}",
            "token": f"glpat-TESTONLYnext{number:08}",
            "family": family(token),
            "expires": end,
            "used": None,
            "addresses": [],
        }
        issuing.save(new)
        issuing.save(token | {"revoked": True})
        issuing.follow(token, new)
        return new

    issuing.issue(name, commit, lambda new: told(new) | {"token": new["token"]}, 200)


def told(token):
    return {
        "id": 7,
        "name": "git",
        "revoked": False,
        "created_at": "2026-01-01T00:00:00.000Z",
        "description": None,
        "scopes": token["scopes"],
        "user_id": 1,
        "last_used_at": token.get("used"),
        "active": True,
        "expires_at": token.get("expires"),
        "last_used_ips": token.get("addresses", []),
    }


def revoke_oauth(request):
    """As RFC 7009 has it: whoever is the application's, and an unknown token is no error."""
    form = dict(urllib.parse.parse_qsl(request.body().decode()))
    if form.get("client_id") != "x":
        answer(403, {"error": "unauthorized_client", "error_description": "You are not authorized"})
    for token in tokens():
        if token.get("oauth") and token["token"] == form.get("token"):
            revoke(token)
    answer(200, {}, "Retry-After: 0")


def serve(request):
    if request.path == "/oauth/revoke" and request.method == "POST":
        revoke_oauth(request)
    token = request.token("bearer", "private")
    if request.path.endswith("/personal_access_tokens/self/rotate"):
        if request.method != "POST":
            answer(405, {"error": "405 Not Allowed"})
        rotate(request, token)
    refuse(token)
    if request.path == "/oauth/token/info":
        if not token.get("oauth"):
            answer(401, {"error": "invalid_token", "error_description": "The access token is invalid"})
        answer(200, {
            "resource_owner_id": 1,
            "scope": token["scopes"],
            "expires_in": token.get("seconds", 7200),
            "application": {"uid": "x"},
            "created_at": 1796169600,
        })
    if request.path.endswith("/personal_access_tokens/self"):
        if token.get("oauth"):
            answer(400, {"message": "400 Bad request - This endpoint requires token type to be a "
                                    "personal access token"})
        if request.method == "DELETE":
            revoke(token)
            answer(204, "", "Retry-After: 0")
        if token.get("denied"):
            answer(403, {"message": "403 Forbidden  - " + token["denied"]})
        if token.get("may_not_ask"):
            answer(403, {"error": "insufficient_scope", "scope": "api read_api self_rotate"})
        answer(200, told(token))
    if request.path.endswith("/user"):
        if not {"api", "read_api", "read_user"} & set(token["scopes"]):
            answer(403, {"error": "insufficient_scope", "scope": "api read_api read_user"})
        answer(200, {"id": 1, "username": token["login"], "name": "A", "state": "active"})
    answer(404, {"message": "404 Not Found"})
