"""OpenAI's shape of a change, and OpenAI's client to read it with."""

import os

from openai import OpenAI

from report import equal

NAME = "openai"
# An entry says that something happened; there is no place for a failure.
HAS_OUTCOME = False


def is_word(word, other):
    return word is not None and word["type"] == other["type"]


def paths(entry):
    """Kinds of targets with the place of their id in a payload."""
    rules = entry.get("targets", [])
    return {rule["kind"]: rule["openai"] for rule in rules
            if "openai" in rule and "openai_when" not in rule and "[]" not in rule["openai"]}


def kinds(entry):
    return set(paths(entry))


def entry(word, change):
    name = word["type"]
    payload = {}
    for kind, path in paths(change.entry).items():
        put(payload, path, change.target(kind))
    return {
        "id": f"audit_log-cross-{change.second}",
        "object": "organization.audit_log",
        "type": name,
        "effective_at": change.second,
        "actor": {"type": "session", "session": {"user": {"id": change.user, "email": "u@example.com"}}},
        name: payload,
    }


def put(payload, path, value):
    *outer, last = path.split(".")
    for name in outer:
        payload = payload.setdefault(name, {})
    payload[last] = value


def read(word, second, token):
    client = OpenAI(base_url=os.environ["DOCKET_URL"] + "/v1", admin_api_key=token, max_retries=0, timeout=30)
    page = client.admin.organization.audit_logs.list(
        event_types=[word["type"]], effective_at={"gte": second, "lte": second})
    return [one.model_dump(by_alias=True, exclude_none=True) for one in page.data]


def check(found, word, owner, change):
    equal(found["type"], word["type"], "type")
    equal(found["effective_at"], change.second, "effective_at")
    equal(found["actor"]["session"]["user"]["id"], change.user, "user")
    payload = found.get(word["type"], {})
    for kind, path in paths(owner).items():
        if change.is_told(kind):
            equal(at(payload, path), change.target(kind), path)
    # What tells a place in a project from one in the organization.
    if word["type"].startswith("user."):
        project = change.target("project") if change.is_told("project") else None
        equal(found.get("project", {}).get("id"), project, "project")


def at(payload, path):
    for name in path.split("."):
        payload = payload.get(name, {})
    return payload
