#!/usr/bin/env python3
"""A forge's API as the real ones have it, run by Apache for each request. One file for each forge
answers what is its own; what they share, and what goes wrong on purpose, stands here.

What is known lies in FORGE_FOLDER: `tokens/*.json`, each a token with whose it is, its scopes and
its end; `fault`, a word for what goes wrong from now on; and `requests`, a line for each request
with the token's name, never the token."""

import base64
import glob
import importlib
import json
import os
import sys
import time
import urllib.parse

FOLDER = os.environ["FORGE_FOLDER"]
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# By what their paths begin with.
FORGES = [
    ("/api/v4/", "gitlab"),
    ("/oauth/", "gitlab"),
    ("/credentials/", "github"),
    ("/api/v3/", "github"),
    ("/user", "github"),
    ("/repos/", "github"),
    ("/installation/", "github"),
    ("/api/v1/", "gitea"),
    ("/2.0/", "bitbucket"),
    ("/rest/", "bitbucket"),
    ("/plugins/", "bitbucket"),
    ("/api/whoami-v2", "huggingface"),
]


class Request:
    def __init__(self):
        uri = urllib.parse.urlsplit(os.environ["REQUEST_URI"])
        self.path, self.query = uri.path, uri.query
        self.method = os.environ.get("REQUEST_METHOD", "GET")
        self.host = os.environ.get("HTTP_HOST", "")
        self.scheme, _, self.word = os.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        self.scheme, self.name = self.scheme.lower(), ""
        if self.scheme == "basic":
            self.name, _, self.word = base64.b64decode(self.word).decode().partition(":")
        self.private = os.environ.get("HTTP_PRIVATE_TOKEN", "")

    def json(self):
        """The JSON of the body, an object."""
        try:
            body = json.loads(self.body())
        except ValueError:
            body = None
        return body if isinstance(body, dict) else {}

    def header(self, name):
        return os.environ.get("HTTP_" + name.upper().replace("-", "_"), "")

    def body(self):
        return sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))

    def token(self, *schemes):
        """What is known of the token that came in one of these ways."""
        word = self.word if self.scheme in schemes else ""
        if "private" in schemes and self.private:
            word = self.private
        return next((t for t in tokens() if word and t["token"] == word), None)


def tokens():
    known = []
    for name in sorted(glob.glob(os.path.join(FOLDER, "tokens", "*.json"))):
        with open(name, encoding="utf-8") as file:
            known.append(json.load(file))
    return known


def change(token, **more):
    """Writes what is known of a token now."""
    token |= more
    name = os.path.join(FOLDER, "tokens", token["name"] + ".json")
    with open(name + ".new", "w", encoding="utf-8") as file:
        json.dump(token, file)
    os.rename(name + ".new", name)


def revoke(token):
    """Revokes a token: at once, or at the question of this number after it, or never, although it
    was accepted. Then the answer may be lost."""
    later = token.get("dies_at", 0)
    if later == 0:
        change(token, revoked=True)
    elif later != "never":
        change(token, dying=later)
    lost = token.get("lost", "")
    if lost == "cut":
        importlib.import_module("issuing").leave()
        sys.exit()
    if lost:
        time.sleep(float(lost))


def ages(token):
    """Counts a question about a token that was revoked with a delay."""
    if token.get("dying"):
        change(token, dying=token["dying"] - 1, revoked=token["dying"] == 1)


def is_over(token, end="expires"):
    return bool(token.get(end)) and token[end] <= time.strftime("%Y-%m-%d")


def answer(status, content="", *head, kind="application/json"):
    if not isinstance(content, (bytes, str)):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    lines = [f"Status: {status}", f"Content-Type: {kind}"]
    if not any(line.startswith("Content-Length:") for line in head):
        lines.append(f"Content-Length: {len(content)}")
    sys.stdout.buffer.write("\r\n".join([*lines, *head, "", ""]).encode() + content)
    sys.stdout.flush()
    sys.exit()


PAGE = "<!DOCTYPE html><html><body>Sign in</body></html>"


def goes_wrong(word, request):
    """What a host does that is broken, busy, or not what it seems. Some words are for one path."""
    word, _, path = word.partition(" ")
    if path and path not in request.path:
        return
    word, _, value = word.partition("=")
    said = {"message": value.replace("+", " ")}
    if word == "html":
        answer(value, PAGE, kind="text/html")
    elif word == "moved":
        answer(301, "", f"Location: {value}{request.path}")
    elif word == "moved-once" and not request.path.startswith(value):
        answer(301, "", f"Location: {value}{request.path}")
    elif word == "limited":
        answer(429, {"message": "Too Many Requests"}, f"Retry-After: {value}")
    elif word == "busy":
        answer(503, {"message": "The server is busy"}, f"Retry-After: {value}")
    elif word == "long":
        answer(200, b'{"login": "' + b"a" * 10_000_000 + b'"}')
    elif word == "slow":
        # For as long as nobody waits.
        sys.stdout.write("Status: 200\r\nContent-Type: application/json\r\n\r\n{")
        sys.stdout.flush()
        time.sleep(float(value))
    elif word == "echo":
        answer(401, {"message": f"no such token: {request.word}{request.private}"})
    elif word == "header":
        answer(401, {"message": f"bad header: {os.environ.get('HTTP_AUTHORIZATION')}"})
    elif word == "status":
        answer(*value.split("+", 1)[:1], {"message": value.split("+", 1)[-1].replace("+", " ")})
    elif word == "sleep":
        time.sleep(float(value))
    elif word == "together":
        meet(request.host)
    elif word == "nonsense":
        answer(200, "]")
    elif word == "denied":
        answer(403, said)


def meet(host):
    """Waits until another host is asked, too, and answers nobody while it is asked already."""
    mine = os.path.join(FOLDER, "asking-" + host.replace(":", "-"))
    try:
        os.close(os.open(mine, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        answer(500, {"message": "two at once"})
    met = os.path.join(FOLDER, "met")
    for _ in range(3000):
        if len(glob.glob(os.path.join(FOLDER, "asking-*"))) > 1:
            with open(met, "w", encoding="utf-8"):
                pass
        if os.path.exists(met):
            break
        time.sleep(0.01)
    # For long enough that another request to this host would come meanwhile.
    time.sleep(0.1)
    os.remove(mine)


def log(request, known):
    name = known["name"] if known else "-"
    method = "" if request.method == "GET" else request.method + ":"
    line = f"{request.host} {method}{request.path} {name}\n"
    with open(os.path.join(FOLDER, "requests"), "a", encoding="utf-8") as file:
        file.write(line)


def main():
    request = Request()
    known = request.token("basic", "bearer", "token", "private")
    log(request, known)
    if known:
        ages(known)
    fault = os.path.join(FOLDER, "fault")
    if os.path.exists(fault):
        with open(fault, encoding="utf-8") as file:
            goes_wrong(file.read().strip(), request)
    path = request.path
    below = os.path.join(FOLDER, "below")
    if os.path.exists(below):
        with open(below, encoding="utf-8") as file:
            root = file.read().strip()
        if not path.startswith(root):
            answer(404, PAGE, kind="text/html")
        request.path = path = path[len(root):]
    if path.startswith("/fault/"):
        importlib.import_module("git").serve(request, known)
    if "/_apis/" in path:
        importlib.import_module("azure").serve(request)
    for begin, forge in FORGES:
        if path.startswith(begin):
            importlib.import_module(forge).serve(request)
    answer(404, {"message": "Not Found"})


if __name__ == "__main__":
    # So that the forges' files get this very module.
    sys.modules["forge"] = sys.modules["__main__"]
    main()
