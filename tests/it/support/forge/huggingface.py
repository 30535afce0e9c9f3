"""Hugging Face: `api/whoami-v2`."""

from forge import answer


def serve(request):
    token = request.token("bearer")
    if token is None:
        answer(401, {"error": "Invalid username or password."})
    access = {"displayName": "git", "role": token["scopes"][0], "createdAt": "2026-01-01T00:00:00Z"}
    auth = {"type": "access_token", "accessToken": access}
    answer(200, {"type": "user", "id": "1", "name": token["login"], "orgs": [], "auth": auth})
