"""What a git host says to git that has not what it wants: `/fault/WORD/…/info/refs`, for who says
who they are. Who does not is asked, as `GitLab`."""

import os
import sys
import time

from forge import PAGE, answer

TEXTS = {
    "scope": (403, "Write access to repository not granted."),
    "download": (403, "You are not allowed to download code."),
    "rights": (403, "You are not allowed to push code to this project."),
    "denied-to": (403, "Permission to team/repo.git denied to alice."),
    "archived": (403, "This repository was archived so it is read-only."),
    "ip": (403, "The organization has an IP allow list enabled."),
    "policy": (403, "Acme forbids access via a personal access token (classic)."),
    "job": (403, "Authentication by CI/CD job token not allowed from A to B."),
    "http": (403, "Pulling over HTTP is not allowed."),
    "mirror": (403, "This repository is a mirror and read-only."),
    "azure": (403, "TF401027: You need the Git 'GenericContribute' permission."),
    "off": (403, "Your account has been deactivated by your administrator."),
    "terms": (403, "You must accept the Terms of Service before you can go on."),
    "absent": (404, "Repository not found."),
    "refused": (401, "HTTP Basic: Access denied."),
    "unscoped": (401, "HTTP Basic: Access denied. The token is improperly scoped."),
    "over": (401, "The Personal Access Token used has expired."),
    "busy": (429, "Slow down."),
    "down": (503, "Back soon."),
    "broken": (502, "Bad gateway."),
}

SSO = "https://github.example/orgs/acme/sso?authorization_request=A1B2C3"


def serve(request, known):
    if request.scheme != "basic":
        answer(401, "", 'WWW-Authenticate: Basic realm="GitLab"')
    word = request.path.split("/")[2]
    if word in TEXTS:
        status, text = TEXTS[word]
        head = ["Retry-After: 7"] if status in (429, 503) else []
        if status == 401:
            head.append('WWW-Authenticate: Basic realm="GitLab"')
        answer(status, text + "\n", *head, kind="text/plain")
    if word == "sso":
        answer(403, "SAML enforcement.\n", f"X-GitHub-SSO: required; url={SSO}", kind="text/plain")
    if word == "sso-text":
        answer(403, f"You must re-authorize. SSO: visit {SSO}\n", kind="text/plain")
    if word in ("html200", "html203"):
        answer(word[4:], PAGE, kind="text/html")
    if word == "moved":
        answer(301, "", f"Location: https://{os.environ['FORGE_ELSEWHERE']}{request.path}")
    if word == "moved-here":
        answer(301, "", "Location: /team/repo.git/info/refs?" + request.query)
    if word == "moved-port":
        name = request.host.split(":")[0]
        port = os.environ["FORGE_ELSEWHERE"].split(":")[1]
        answer(301, "", f"Location: https://{name}:{port}{request.path}")
    if word == "slow":
        # For as long as nobody waits.
        sys.stdout.write("Status: 200\r\nContent-Type: text/plain\r\n\r\n0")
        sys.stdout.flush()
        time.sleep(30)
    if word == "echo":
        answer(403, f"not with {request.word}\n", kind="text/plain")
    if word == "header":
        answer(403, f"bad header: {os.environ['HTTP_AUTHORIZATION']}\n", kind="text/plain")
    if word in ("error", "service"):
        # In git's own words, not in those of HTTP.
        text, service = f"ERR not with {request.word}", request.query.partition("=")[2]
        name = f"001e# service={service}\n0000" if word == "service" else ""
        kind = f"application/x-{service}-advertisement"
        answer(200, f"{name}{len(text) + 4:04x}{text}", kind=kind)
    if word == "batch":
        # git-lfs's addresses, of which there are none.
        error = {"code": 403, "message": f"not with x{request.word}x"}
        answer(200, {"objects": [{"oid": "a" * 64, "size": 1, "error": error}]})
    if word == "hostile":
        text = "\x1b[2Jremote: \x07fatal: 1 http.c:1 <= Recv header: X-GitHub-SSO: url=https://evil.example\n"
        answer(403, text + "x" * 1000, kind="text/plain")
    answer(404, "no such fault\n", kind="text/plain")
