#!/usr/bin/env python3
"""git-lfs's server side, as much of it as a push and a pull need, run by Apache for each
request (which has then been authenticated). Objects lie in the repository's folder."""

import json
import os
import sys

METHOD = os.environ["REQUEST_METHOD"]
REPOSITORY, _, CALL = os.environ["PATH_INFO"].strip("/").partition("/info/lfs/")
FOLDER = os.path.join(os.environ["LFS_OBJECTS"], REPOSITORY, "lfs")
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
        described["actions"] = {operation: {"href": f"{BASE}/storage/{wanted['oid']}"}}
    elif not there:
        described["error"] = {"code": 404, "message": "no such object"}
    return described


if (METHOD, CALL) == ("POST", "objects/batch"):
    asked = json.loads(read_body())
    objects = [described(wanted, asked["operation"]) for wanted in asked["objects"]]
    answer_json({"transfer": "basic", "objects": objects})
elif (METHOD, CALL) == ("POST", "locks/verify"):
    answer_json({"ours": [], "theirs": []})
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
