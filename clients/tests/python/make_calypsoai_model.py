"""Write the CalypsoAI entries that the client tests import and then ask for.

    python make_calypsoai_model.py FILE      the same bytes every time, standard library only

One JSON array, one entry a line, in the order in which the entries are appended. The order of
times is another one: some entries are late, and many share a moment.
"""

import json
import pathlib
import random
import re
import sys
from datetime import datetime, timedelta, timezone

ENTRIES = 700
BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)  # everything that a test's setup writes itself is later
TYPES = json.loads((pathlib.Path(__file__).parent.parent / "calypsoai/events.json").read_text("utf-8"))
LEGACY = ["brand-new", "user-login", "Brand New", "project_created", "ünï-code", "x.calypsoai.old"]
COMMON = ["project-created", "api-token-created", "scanner-enabled", "user-role-granted"]
# Numbers that a reader through 64-bit floats would change. They travel through the generator as
# marked strings and lose the marks at the end.
NUMBERS = ["12345678901234567890123", "8.533e+68", "1.0", "0.10", "1E5", "-0.0", "9007199254740993"]
USERS = {
    "u-ann": ("ann@example.com", "Ann Berg"), "u-bob": ("bob+audit@example.com", "Bob"),
    "auth0|carl": ("CARL@Example.com", "Carl Ö"), "u-dora/&=": ("", ""), "u-ümit": ("umit@example.com", "Ümit"),
    "machine-1": ("", "deployer"),
}
ALWAYS = 3  # every so many entries one is Ann's, so that what she did is more than a page


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = make(random.Random(20240107))
    lines = ",\n".join(unmark(json.dumps(e, ensure_ascii=False)) for e in entries)
    pathlib.Path(sys.argv[1]).write_text("[\n" + lines + "\n]\n", "utf-8")


def make(rng):
    types = [t["type"] for t in TYPES] * 3 + LEGACY * 4
    types += [rng.choice(COMMON) for _ in range(ENTRIES - len(types))]
    rng.shuffle(types)
    subjects = {t["type"]: t["subjects"] for t in TYPES}
    entries = []
    for number, (name, time) in enumerate(zip(types, times_of(rng, len(types)))):
        entry = {"type": name, "user": user_of(rng, number), "data": data_of(rng, number)}
        head_of(rng, number, time, entry)
        for field in subjects.get(name, []):
            subject_of(rng, field, entry)
        if rng.random() < 0.3:
            entry["requestId"] = f"req-{number:04d}"
        if name in LEGACY and rng.random() < 0.7:
            entry["odd key"] = free_form(rng, 2)
            entry["tokenId"] = f"legacy-{number}"
        if number % 5 == 2:  # members have no order
            entry = dict(sorted(entry.items(), key=lambda _: rng.random()))
        entries.append(entry)
    return entries


def times_of(rng, count):
    times, now = [], BEGIN
    while len(times) < count:
        now += timedelta(microseconds=rng.choice([1, 1, 999, 60_000_000, 3_600_000_001]))
        run = rng.choice([1, 1, 2, 3]) if rng.random() < 0.9 else 17  # longer than a page
        times += [now] * run
    del times[count:]
    for place in range(20, count):
        if rng.random() < 0.1:  # late
            times[place] = rng.choice(times[:place]) - timedelta(microseconds=rng.choice([0, 0, 7]))
    times[count // 2] = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return times


def head_of(rng, number, time, entry):
    """Id and time. Without a time there is an id that carries it, to the millisecond."""
    entry["id"] = uuid7(time, number)
    form = rng.random()
    if form < 0.04:
        entry["createdAt"] = None
    elif form < 0.08:
        pass
    elif form < 0.12:
        entry["createdAt"] = time.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    elif form < 0.15:
        entry["createdAt"] = time.replace(tzinfo=None).isoformat(sep=" ")
    elif form < 0.17:
        entry["createdAt"] = time.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
    else:
        entry["createdAt"] = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if form > 0.9:
            entry["id"] = f"legacy id {number} ü/&=+"


def uuid7(time, number):
    millis = (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    text = f"{millis:012x}7{number % 4096:03x}8{number:015x}"
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def user_of(rng, number):
    ident = "u-ann" if number % ALWAYS == 0 else rng.choice(list(USERS))
    email, name = USERS[ident]
    if rng.random() < 0.05:
        return {"id": ident, "org": "org_legacy"}
    user = {
        "admin": rng.choice([None, True, False]), "blocked": rng.random() < 0.1,
        "createdAt": rng.choice([None, "2023-06-06T15:50:01.022000Z"]), "email": email, "id": ident,
        "lastInvitationSentAt": None, "name": name, "org": "org_AbCdEfGh01234567",
        "permissions": rng.sample(["project:p-1:use_project", "project:p-1:roles",
                                   "organization:org_AbCdEfGh01234567:org_owner"], rng.randrange(4)),
        "roleIds": [], "roles": rng.sample(["basic", "owner", "super_admin"], rng.randrange(3)),
        "social": False, "teams": rng.choice([[], ["red"]]), "verified": rng.random() < 0.9,
    }
    if ident == "machine-1" or rng.random() < 0.03:
        user["machine"] = ident == "machine-1"
    if rng.random() < 0.05:
        user["nickname"] = free_form(rng, 1)
    return user


def subject_of(rng, field, entry):
    form = rng.random()
    if form < 0.9:
        entry[field] = f"{field}-{rng.randrange(40)}"
    elif form < 0.95:
        entry[field] = None


def data_of(rng, number):
    if number % 4:
        return None
    return rng.choice([free_form(rng, 3), {"name": f"Größe {number}", "note": "needle in the hay"}])


def free_form(rng, depth):
    kind = rng.randrange(7 if depth else 4)
    if kind == 0:
        return mark(rng.choice(NUMBERS))
    if kind == 1:
        return rng.choice([True, False, "", {}, []])
    if kind < 4:
        return rng.choice(["text", "zwei Wörter", "line\nbreak\t\u2028", "🛰️ é e\u0301", "<&>\"\\/", "null"])
    if kind == 4:
        return [free_form(rng, depth - 1) for _ in range(rng.randrange(4))]
    names = rng.sample(["id", "type", "b", "a", "B", "", "a.b", "set", "cut"], 3)
    return {name: free_form(rng, depth - 1) for name in names}


def mark(number):
    return f"\ue000{number}\ue000"


def unmark(text):
    return re.sub("\"\ue000([^\ue000]*)\ue000\"", r"\1", text)


if __name__ == "__main__":
    main()
