"""Bitbucket Cloud (`2.0/user`, `2.0/repositories`) and Data Center (`whoami`, `access-tokens`)."""

from forge import answer


def cloud(request):
    token = request.token("basic", "bearer")
    if token is None:
        said = "Token is invalid, expired, or not supported for this endpoint."
        answer(401, {"type": "error", "error": {"message": said}})
    head = ["x-oauth-scopes: " + ", ".join(token["scopes"]), "x-credential-type: apikey"]
    if request.path == "/2.0/user":
        if token.get("detail"):
            detail = {"required": ["read:user:bitbucket"], "granted": token["scopes"]}
            answer(403, {"type": "error", "error": {"message": "Your credentials lack one or more "
                         "required privilege scopes.", "detail": detail}})
        if token["token"].startswith("ATATT") and "@" not in request.name:
            answer(401, {"type": "error", "error": {"message": "Token is invalid."}})
        answer(200, {"type": "user", "username": token["login"], "account_id": "1"}, *head)
    if request.path.startswith("/2.0/repositories/"):
        if request.path.removeprefix("/2.0/repositories/") != "team/repo":
            answer(404, {"type": "error", "error": {"message": "Repository not found"}})
        answer(200, {"type": "repository", "full_name": "team/repo", "is_private": True}, *head)
    answer(404, {"type": "error", "error": {"message": "Resource not found"}})


def serve(request):
    if request.path.startswith("/2.0/"):
        cloud(request)
    token = request.token("bearer", "basic")
    if request.scheme and token is None:
        name = "com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException"
        said = "Authentication failed. Please check your credentials and try again."
        answer(401, {"errors": [{"context": None, "message": said, "exceptionName": name}]})
    if token and token.get("small"):
        name = "com.atlassian.bitbucket.AuthorisationException"
        said = "You are not permitted to access this resource"
        answer(401, {"errors": [{"context": None, "message": said, "exceptionName": name}]})
    if request.path == "/plugins/servlet/applinks/whoami":
        answer(200, token["login"] if token else "", kind="text/plain")
    if request.path.startswith("/rest/access-tokens/latest/users/"):
        if request.path.rsplit("/", 1)[1] != token["login"]:
            answer(401, {"errors": [{"message": "You are not permitted to access this resource"}]})
        answer(200, {"size": 1, "isLastPage": True, "values": [{
            "id": "252973515069",
            "name": "git",
            "permissions": token["scopes"],
            "createdDate": 1767225600000,
            "expiryDate": token.get("milliseconds"),
            "lastAuthenticated": 1767225600000,
        }]})
    answer(404, {"errors": [{"message": "not found"}]})
