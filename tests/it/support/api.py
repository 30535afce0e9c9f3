#!/usr/bin/env python3
"""What else a git host offers, run by Apache for each request: an API as forges have it, and a
cargo registry (index, upload, download). One of cargo's and one of npm's say that their files
are at the second host. All take the token in the `Authorization` header,
cargo's bare, others' after `Bearer` or `token`."""

import hashlib
import json
import os
import struct
import sys
import time

FOLDER = os.environ["API_FOLDER"]
BASE = "{REQUEST_SCHEME}://{HTTP_HOST}/api".format(**os.environ)
ELSEWHERE = os.environ["API_ELSEWHERE"]
CALL = os.environ["PATH_INFO"].strip("/")


def answer(status, content, *head):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    lines = [f"Status: {status}", f"Content-Length: {len(content)}", *head, "", ""]
    sys.stdout.buffer.write("\r\n".join(lines).encode() + content)
    sys.exit()


def path(*names):
    return os.path.join(FOLDER, *map(os.path.basename, names))


def publish():
    body = sys.stdin.buffer

    def part():
        return body.read(struct.unpack("<I", body.read(4))[0])

    crate, archive = json.loads(part()), part()
    with open(path(crate["name"] + ".crate"), "wb") as file:
        file.write(archive)
    line = {"name": crate["name"], "vers": crate["vers"], "deps": [], "features": {}}
    line |= {"cksum": hashlib.sha256(archive).hexdigest(), "yanked": False}
    with open(path(crate["name"]), "w", encoding="utf-8") as file:
        json.dump(line, file)
    answer("200 OK", {"warnings": {}})


def send(name):
    if not os.path.isfile(name):
        answer("404 Not Found", {"message": "no such file"})
    with open(name, "rb") as file:
        answer("200 OK", file.read())


with open(path("token"), encoding="utf-8") as known:
    scheme, _, token = os.environ.get("HTTP_AUTHORIZATION", "").rpartition(" ")
    if token != known.read() or scheme not in ("", "Bearer", "token"):
        answer("401 Unauthorized", {"message": "who are you?"}, "WWW-Authenticate: Bearer")

if CALL == "user":
    # So that whoever looks on sees the client.
    time.sleep(0.3)
    answer("200 OK", {"login": "alice", "scheme": scheme})
elif CALL == "index/config.json":
    answer("200 OK", {"dl": f"{BASE}/crates", "api": BASE, "auth-required": True})
elif CALL == "elsewhere/config.json":
    answer("200 OK", {"dl": f"{ELSEWHERE}/api/crates", "api": BASE, "auth-required": True})
elif CALL == "npm/elsewhere":
    dist = {"tarball": f"{ELSEWHERE}/api/elsewhere.tgz", "shasum": "0" * 40}
    version = {"name": "elsewhere", "version": "1.0.0", "dist": dist}
    tags = {"latest": "1.0.0"}
    answer("200 OK", {"name": "elsewhere", "dist-tags": tags, "versions": {"1.0.0": version}})
elif CALL == "api/v1/crates/new":
    publish()
elif CALL.startswith(("index/", "elsewhere/")):
    send(path(CALL))
elif CALL.startswith("crates/"):
    send(path(CALL.split("/")[1] + ".crate"))
answer("404 Not Found", {"message": "no such call"})
