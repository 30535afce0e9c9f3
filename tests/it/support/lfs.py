#!/usr/bin/env python3
"""git-lfs's server side, as much of it as a push and a pull need, run by Apache for each
request (which has then been authenticated). Objects lie in the repository's folder."""

import json
import os
import sys

METHOD = os.environ["REQUEST_METHOD"]
REPOSITORY, _, CALL = os.environ["PATH_INFO"].strip("/").partition("/info/lfs/")
# The objects of one repository lie at another host, which wants a header of its own and no login.
IS_ELSEWHERE = REPOSITORY.endswith("elsewhere.git")
STORED = REPOSITORY
if IS_ELSEWHERE and not REPOSITORY.startswith("public/"):
    STORED = "public/" + REPOSITORY
FOLDER = os.path.join(os.environ["LFS_OBJECTS"], STORED, "lfs")
STORE = {"X-Store": "TESTONLYstore"}
BASE = "{REQUEST_SCHEME}://{HTTP_HOST}/".format(**os.environ) + REPOSITORY + "/info/lfs"


def answer(status, body, kind):
    head = f"Status: {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    sys.stdout.buffer.write(head.encode() + body)


def answer_json(content, status="200 OK"):
    answer(status, json.dumps(content).encode(), "application/vnd.git-lfs+json")


def read_body():
    return sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))


def described(wanted, operation):
    there = os.path.isfile(os.path.join(FOLDER, wanted["oid"]))
    described = {"oid": wanted["oid"], "size": wanted["size"]}
    if there == (operation == "download"):
        base, action = BASE, {}
        if IS_ELSEWHERE:
            base = f"https://{os.environ['FORGE_ELSEWHERE']}/{STORED}/info/lfs"
            action["header"] = STORE
        action["href"] = f"{base}/storage/{wanted['oid']}"
        described["actions"] = {operation: action}
        if operation == "upload":
            described["actions"]["verify"] = {"href": f"{BASE}/verify"}
    elif not there:
        described["error"] = {"code": 404, "message": "no such object"}
    return described


if (METHOD, CALL) == ("POST", "objects/batch"):
    asked = json.loads(read_body())
    objects = [described(wanted, asked["operation"]) for wanted in asked["objects"]]
    answer_json({"transfer": "basic", "objects": objects})
elif (METHOD, CALL) == ("POST", "locks/verify"):
    answer_json({"ours": [], "theirs": []})
elif (METHOD, CALL) == ("POST", "verify"):
    asked = json.loads(read_body())
    there = os.path.getsize(os.path.join(FOLDER, asked["oid"])) == asked["size"]
    answer_json({}, "200 OK" if there else "404 Not Found")
elif CALL.startswith("storage/") and IS_ELSEWHERE and os.environ.get("HTTP_X_STORE") != STORE["X-Store"]:
    answer_json({"message": "the store's header is missing"}, "403 Forbidden")
elif METHOD == "PUT" and "CONTENT_LENGTH" not in os.environ:
    answer_json({"message": "chunks are not taken"}, "411 Length Required")
elif METHOD == "PUT" and CALL.startswith("storage/"):
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, os.path.basename(CALL)), "wb") as file:
        file.write(read_body())
    answer("200 OK", b"", "application/octet-stream")
elif METHOD == "GET" and CALL.startswith("storage/"):
    with open(os.path.join(FOLDER, os.path.basename(CALL)), "rb") as file:
        answer("200 OK", file.read(), "application/octet-stream")
else:
    answer_json({"message": "no such call"}, "404 Not Found")
