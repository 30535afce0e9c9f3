"""Gitea from 1.27 on, older ones and Forgejo: `token`, `user`, `users/NAME/tokens`.

The last one takes the password of a person, which lies in `people/NAME.json`, and no token. Who has
a second factor must give its code."""

import hashlib
import json
import os
import zlib

import issuing
from forge import FOLDER, answer, revoke, tokens


def person(request):
    """The person whose name and password these are."""
    name = os.path.basename(request.name)
    try:
        with open(os.path.join(FOLDER, "people", name + ".json"), encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        known = {}
    if request.scheme != "basic" or not name or known.get("password") != request.word:
        return name, 401, "invalid username, password or token"
    if known.get("otp") and request.header("X-Gitea-OTP") != known["otp"]:
        return name, 401, "invalid provided OTP"
    if not request.path.startswith(f"/api/v1/users/{name}/tokens"):
        return name, 403, "user should be the owner of the tokens"
    return name, 200, ""


def serve_tokens(request):
    name, status, said = person(request)
    mine = [token for token in tokens() if token["login"] == name and not token.get("revoked")]
    if request.method == "DELETE":
        if status != 200:
            answer(status, {"message": said})
        number = request.path.rsplit("/", 1)[1]
        for token in mine:
            if str(identifier(token)) == number:
                issuing.save(token | {"revoked": True})
                answer(204)
        answer(404, {"message": "The target couldn't be found."})
    if request.method != "POST":
        if status != 200:
            answer(status, {"message": said})
        answer(200, [told(token) for token in mine])
    if status != 200:
        issuing.refuse(name, status, {"message": said})
    wanted = request.json()
    if any(title(token) == wanted.get("name") for token in mine):
        issuing.refuse(name, 400, {"message": "access token name has been used already"})
    if not wanted.get("name") or not wanted.get("scopes"):
        issuing.refuse(name, 400, {"message": "access token must have a scope"})

    def commit():
        number = issuing.count()
        new = {
            "name": f"{name}-{number}",
            "title": wanted["name"],
            "token": hashlib.sha1(f"TESTONLY{number}".encode()).hexdigest(),
            "login": name,
            "scopes": wanted["scopes"],
        }
        issuing.save(new)
        return new

    issuing.issue(name, commit, lambda new: told(new) | {"sha1": new["token"]}, 201)


def identifier(token):
    return zlib.crc32(token["token"].encode())


def title(token):
    return token.get("title", token["name"])


def told(token):
    return {
        "id": identifier(token),
        "name": title(token),
        "sha1": "",
        "token_last_eight": token["token"][-8:],
        "scopes": token["scopes"],
        "created_at": "2026-01-01T00:00:00Z",
        "last_used_at": token.get("used"),
    }


def serve(request):
    if request.path.startswith("/api/v1/users/"):
        serve_tokens(request)
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
            "name": title(token),
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
