"""CalypsoAI's shape of a change, and the stand-in for CalypsoAI's client to read it with."""

import datetime
import os

from calypsoai import CalypsoAI

from report import equal

NAME = "calypsoai"
# An entry says that something happened; there is no place for a failure.
HAS_OUTCOME = False
MICRO = datetime.timedelta(microseconds=1)


def is_word(word, other):
    return word is not None and word["type"] == other["type"]


def fields(entry):
    """Kinds of targets with the subject fields that have their ids."""
    return {rule["kind"]: rule["calypsoai"] for rule in entry.get("targets", []) if "calypsoai" in rule}


def kinds(entry):
    return set(fields(entry))


def moment(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc)


def entry(word, change):
    return {
        "id": f"cross-{change.second}",
        "type": word["type"],
        "createdAt": moment(change.second).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": None,
        "user": {"id": change.user, "email": "u@example.com", "name": "U", "org": "org_cross"},
        **{field: change.target(kind) for kind, field in fields(change.entry).items()},
    }


def read(word, second, token):
    audit = CalypsoAI(url=os.environ["DOCKET_URL"], token=token).client.audit
    time = moment(second)
    return audit.get(type_=word["type"], after=time - MICRO, before=time + MICRO, onlyUser=False).events


def check(found, word, owner, change):
    equal(str(found.type), word["type"], "type")
    equal(found.createdAt, moment(change.second), "createdAt")
    equal(found.user.id, change.user, "user")
    for kind, field in fields(owner).items():
        if change.is_told(kind):
            equal(getattr(found, field), change.target(kind), field)
