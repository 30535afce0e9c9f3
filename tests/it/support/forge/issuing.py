"""What the forges share that give out tokens by their API, and what goes wrong at that on purpose: a
word in the file `issuing`. Each request for a token is a line in the file `issued`: the name of the
old token, or of the person, and what came of it."""

import base64
import glob
import hashlib
import json
import os
import signal
import time

from forge import FOLDER, PAGE, answer


def setting(name):
    """What a file of the state says, or nothing."""
    try:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def note(old, result):
    with open(os.path.join(FOLDER, "issued"), "a", encoding="utf-8") as file:
        file.write(f"{old} {result}\n")


def refuse(old, status, content, *head):
    note(old, status)
    answer(status, content, *head)


def count():
    """A number that no token has yet."""
    return len(glob.glob(os.path.join(FOLDER, "tokens", "*.json"))) + 1


def save(token):
    """Writes what is known of a token, in one step."""
    name = os.path.join(FOLDER, "tokens", token["name"])
    with open(name + ".new", "w", encoding="utf-8") as file:
        json.dump(token, file)
    os.rename(name + ".new", name + ".json")


def follow(old, new):
    """Lets git in with the new token where it let the old one in."""
    users = os.path.join(os.path.dirname(FOLDER), "users")
    digest = lambda token: "{SHA}" + base64.b64encode(hashlib.sha1(token.encode()).digest()).decode()
    with open(users, encoding="utf-8") as file:
        text = file.read()
    with open(users, "w", encoding="utf-8") as file:
        file.write(text.replace(digest(old["token"]), digest(new["token"])))


def leave():
    """Closes the connection without a byte: the process that has it ends."""
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(0)


def issue(old, commit, told, status):
    """Makes a new token by `commit`, and answers what is `told` of it, if nothing goes wrong."""
    word, _, value = setting("issuing").partition("=")
    if word == "leave":
        note(old, "nothing")
        leave()
    if word == "later":
        # Those who asked may be gone by then.
        time.sleep(float(value))
    new = commit()
    note(old, new["name"])
    content = json.dumps(told(new))
    if word == "close":
        leave()
    elif word == "slow":
        time.sleep(float(value))
    elif word == "html":
        answer(200, PAGE, kind="text/html")
    elif word == "moved":
        answer(301, "", f"Location: https://{os.environ['FORGE_ELSEWHERE']}/x")
    elif word == "status":
        answer(value, {"message": "something went wrong"})
    elif word == "empty":
        answer(status, {k: v for k, v in told(new).items() if v != new["token"]})
    elif word == "same":
        answer(status, told(new | {"token": old_token(old)}))
    elif word == "escaped":
        token = new["token"]
        content = content.replace(token, f"\\u{ord(token[0]):04x}{token[1:]}")
    elif word == "cut":
        answer(status, content[:-20], f"Content-Length: {len(content)}")
    answer(status, content)


def old_token(name):
    with open(os.path.join(FOLDER, "tokens", name + ".json"), encoding="utf-8") as file:
        return json.load(file)["token"]
