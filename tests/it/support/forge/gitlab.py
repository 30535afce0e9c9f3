"""GitLab: `personal_access_tokens/self`, `user`, `oauth/token/info`."""

from forge import answer, is_over


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


def serve(request):
    token = request.token("bearer", "private")
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
        answer(200, {
            "id": 7,
            "name": "git",
            "revoked": False,
            "created_at": "2026-01-01T00:00:00.000Z",
            "description": None,
            "scopes": token["scopes"],
            "user_id": 1,
            "last_used_at": token.get("used"),
            "last_used_ips": token.get("addresses", []),
            "active": True,
            "expires_at": token.get("expires"),
        })
    if request.path.endswith("/user"):
        if not {"api", "read_api", "read_user"} & set(token["scopes"]):
            answer(403, {"error": "insufficient_scope", "scope": "api read_api read_user"})
        answer(200, {"id": 1, "username": token["login"], "name": "A", "state": "active"})
    answer(404, {"message": "404 Not Found"})
