"""Gitea from 1.27 on, older ones and Forgejo: `token`, `user`."""

import os

from forge import FOLDER, answer, revoke


def serve(request):
    token = request.token("token", "bearer")
    if token and token.get("revoked"):
        token = None
    is_new = not os.path.exists(os.path.join(FOLDER, "old"))
    if request.path == "/api/v1/token" and is_new:
        if token is None:
            answer(404, {"message": "invalid personal token", "url": "/api/swagger"})
        if request.method == "DELETE":
            revoke(token)
            answer(204, "", "Retry-After: 0")
        answer(200, {
            "id": 3,
            "name": "git",
            "scopes": token["scopes"],
            "created_at": "2026-01-01T00:00:00Z",
            "last_used_at": token.get("used"),
            "user": {"id": 1, "login": token["login"]},
        })
    if token is None:
        answer(401, {"message": "invalid username, password or token"})
    if request.path == "/api/v1/user":
        if not {"all", "read:user", "write:user"} & set(token["scopes"]):
            said = "token does not have at least one of required scope(s): [read:user]"
            answer(403, {"message": said})
        answer(200, {"id": 1, "login": token["login"], "full_name": ""})
    answer(404, {"message": "The target couldn't be found."})
