"""Write the Clarifai audit log entries that the client tests import and then ask for.

    python make_clarifai_model.py FILE        the same bytes every time, standard library only

One JSON array, one entry a line, as the vendor's REST API prints them: newest first, enum values as
numbers, timestamps with 0, 3, 6 or 9 digits. No two entries are equal in all members. Many share a
microsecond; those stand in the order in which a listing, newest first, has to give them.
"""

import json
import pathlib
import random
import sys

ENTRIES = 900
BEGIN = 1706745600  # 2024-02-01T00:00:00Z
MILLION = 1_000_000
DAY = 86_400
EVENTS = json.loads((pathlib.Path(__file__).parent.parent / "clarifai/events.json").read_text("utf-8"))
BY_CODE = {e["code"]: e for e in EVENTS}

# The acting users. Each has one or more profiles, as they were when the entry was written.
ALICE = {"id": "alice", "first_name": "Alice", "last_name": "Ng", "company_name": "Example",
         "job_title": "Engineer", "job_role": "Data Science", "intention": "Train a model",
         "created_at": "2023-01-11T05:36:46.977773Z", "visibility": {"gettable": 10}}
USERS = {
    "alice": [ALICE, dict(ALICE, job_title="Lead"), {"id": "alice"}],
    "bob": [{"id": "bob", "first_name": "Bob", "created_at": "2023-05-02T00:00:00Z", "visibility": {"gettable": 30}}],
    "Bob": [{"id": "Bob"}],  # ids mind case
    "chloé": [{"id": "chloé", "first_name": "Chloé", "last_name": "Müller", "visibility": {"gettable": 50}}],
    "dan/ops 1": [{"id": "dan/ops 1", "company_name": "A & B \"GmbH\" <x>"}],
    "监督员": [{"id": "监督员", "first_name": "督", "job_title": "🛰 operator", "created_at": "2022-12-31T23:59:59.500Z"}],
    "erin": [{"id": "erin", "visibility": {"gettable": 10}}, {"id": "erin", "intention": "line\nbreak\tand \\ slash"}],
}
COMMON_USERS = list(USERS)
USERS["rare"] = [{"id": "rare", "created_at": "2024-01-01T00:00:00.123456789Z"}]  # acts once

ADDRESSES = ["3.234.120.41", "52.1.2.3", "10.0.0.7", "192.0.2.200", "fe80::1", "::1", "2001:db8:0:0:1::9",
             # three spellings of one address
             "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:DB8:0::1"]
APPS = ["testapp1", "app-ü", "app 2/x", "main"]
IDS = {
    "user": ["alice", "bob", "frida", "chloé"], "role": ["admin", "viewer", "org-contributor"],
    "team": ["team-1", "team-2", "команда"], "app": APPS, "module": ["mod-1", "mod-2"],
    "module_version": ["1_0_0", "1_0_1"], "workflow": ["workflow-838250", "General", "alice"],
    "workflow_version": ["a72a9f65cb2648888b724291a0ba8cef", "b0"], "model": ["visual-classifier", "model-2", "main"],
    "model_version": ["0f1e2d3c4b5a", "v2"], "compute_cluster": ["cluster-1", "cluster-eu"],
    "nodepool": ["pool-1", "pool-2"], "deployment": ["deploy-1", "deploy-2"],
}
COMMON = [300, 300, 301, 303, 400, 403, 600, 700, 800, 100, 103, 200, 203, 900, 1000, 1100]
# Kind -> members beside the id that a few targets have.
FURTHER = {
    "user": [{"first_name": "Frida", "visibility": {"gettable": 50}}],
    "role": [{"name": "Contributor", "type": 1}, {"name": "Team role"}],
    "team": [{"name": "Team «eins»"}],
    "app": [{"name": "Test app", "user_id": "alice"}],
    "module": [{"user_id": "alice", "app_id": "main"}],
    "module_version": [{"module_id": "mod-1", "app_id": "main", "user_id": "alice"}],
    "workflow": [{"app_id": "main", "user_id": "bob"}],
    "workflow_version": [{"workflow_id": "General", "app_id": "main", "user_id": "bob"}],
    "model_version": [{"app_id": "main", "user_id": "bob"}],
    "compute_cluster": [{"user_id": "bob"}],
    "deployment": [{"user_id": "bob"}],
}
# Moments at the ends of May 2024, the month of the vendor's time example.
EDGES = ["2024-05-01T00:00:00Z", "2024-05-31T23:59:59Z", "2024-05-31T23:59:59.000001Z",
         "2024-05-31T23:59:59.500Z", "2024-05-31T23:59:59.999999Z", "2024-06-01T00:00:00Z",
         "2024-04-30T23:59:59.999999Z"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = ",\n".join(json.dumps(e, ensure_ascii=False) for e in make(random.Random(20240501)))
    pathlib.Path(sys.argv[1]).write_text("[\n" + lines + "\n]\n", "utf-8")


def make(rng):
    codes = list(BY_CODE) * 3
    codes += [rng.choice(COMMON) for _ in range(ENTRIES - len(codes))]
    rng.shuffle(codes)
    entries = [entry(rng, number, code, nanos) for number, (code, nanos) in enumerate(zip(codes, times(rng, len(codes))))]
    entries[len(entries) // 3]["user"] = USERS["rare"][0]
    creations(rng, entries)
    entries = [{name: e[name] for name in MEMBERS if name in e} for e in entries]
    texts = [json.dumps(e, sort_keys=True) for e in entries]
    # The number of an entry breaks ties: the later one is the newer one.
    order = sorted(range(len(entries)), key=lambda i: (-nanos_of(entries[i]["timestamp"]), -i))
    return [entries[i] for i in order if texts.index(texts[i]) == i]


MEMBERS = ["timestamp", "user", "operation", "description", "targets", "details", "success", "req_id", "source_ip"]


def times(rng, count):
    """Nanoseconds, rising: moments of the list above, runs of one microsecond, hours between."""
    found, now = [nanos_of(e) for e in EDGES], BEGIN * MILLION
    while len(found) < count:
        now += rng.choice([1, 1, 999, 2_500, MILLION, 3600 * MILLION, DAY * MILLION, 3 * DAY * MILLION])
        form = rng.random()
        if form < 0.15:
            now -= now % MILLION  # whole seconds
        elif form < 0.3:
            now -= now % 1000  # whole milliseconds
        run = rng.choice([1, 1, 1, 2, 3]) if rng.random() < 0.96 else 24  # longer than a page
        found += [now * 1000] * run
        if form > 0.93:  # further digits, within one microsecond
            found += [now * 1000 + digits for digits in (1, 250, 999)]
    return sorted(found[:count])


def entry(rng, number, code, nanos):
    made = {"timestamp": stamp(nanos), "operation": code, "description": BY_CODE[code]["description"]}
    if rng.random() < 0.95:
        made["user"] = rng.choice(USERS[rng.choice(COMMON_USERS)])
    targets = targets_of(rng, BY_CODE[code]["targets"])
    if targets:
        made["targets"] = targets
    details = details_of(rng, code, targets)
    if details:
        made["details"] = details
    made["success"] = rng.random() < 0.9
    if rng.random() < 0.93:
        prefix = rng.choice(["", "webportal-", "webportal-", "sdk-python-12.5.0-", "python-json-11.0.7-"])
        made["req_id"] = prefix + identity(rng)
    if rng.random() < 0.95:
        made["source_ip"] = rng.choice(ADDRESSES)
    return made


def targets_of(rng, kinds):
    form = rng.random()
    if form < 0.04:
        return []
    kinds = list(kinds)
    if form < 0.10:
        kinds.pop()  # less than usual, maybe nothing
    elif form < 0.14:
        kinds += [rng.choice(list(IDS))]  # more than usual
    elif form < 0.16:
        kinds += ["app", "app"]
    if rng.random() < 0.2:
        rng.shuffle(kinds)
    return [{kind: target(rng, kind)} for kind in kinds]


def target(rng, kind):
    """A target; those members are there that REST prints even when they are empty."""
    made = {"id": rng.choice(IDS[kind]) if rng.random() < 0.8 else identity(rng)}
    further = rng.random() < 0.1
    if kind == "model":
        made.update(app_id="main" if further else "")
        if further:
            made["user_id"] = "bob"
        made.update(toolkits=["Clarifai"] if further else [], use_cases=["vision", "ünïcode"] if further else [],
                    languages=["de"] if further else [],
                    languages_full=[{"name": "Deutsch", "id": "de"}, {"id": "fr"}] if further else [],
                    check_consents=["consent"] if further else [])
    elif further and kind in FURTHER:
        made.update(rng.choice(FURTHER[kind]))
    if kind == "workflow":
        made.update(use_cases=["ocr"] if further else [], check_consents=[])
    return made


def details_of(rng, code, targets):
    form = rng.random()
    if form < 0.1:
        return []
    first = next(iter(targets[0].values()))["id"] if targets else "?"
    if form < 0.15:
        return [f"Changed '{first}'", "Name: «alt» → “neu”", "", "{\"json\": [1, 2.50]}\u2028end"]
    return [f"{BY_CODE[code]['description']}: '{first}'"]


def creations(rng, entries):
    """What creating an application leaves behind: three entries of one request with rising times."""
    for first in range(40, len(entries) - 3, 90):
        request, app, begin = "webportal-" + identity(rng), {"app": {"id": rng.choice(APPS)}}, BEGIN * MILLION + first * DAY * 300_000
        workflow = {"workflow": {"id": f"workflow-{first}", "use_cases": [], "check_consents": []}}
        version = {"workflow_version": {"id": identity(rng)}}
        steps = [(600, [app]), (400, [workflow, app]), (403, [workflow, version, app])]
        for step, (code, targets) in enumerate(steps):
            entries[first + step].update(
                operation=code, description=BY_CODE[code]["description"], targets=targets, user=ALICE, success=True,
                timestamp=stamp((begin + 19_757 * step) * 1000), req_id=request, source_ip="3.234.120.41",
                details=[f"Create {next(iter(targets[0]))} '{next(iter(targets[0].values()))['id']}'"])


def identity(rng):
    return f"{rng.getrandbits(128):032x}"


def nanos_of(text):
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    date, clock = seconds.split("T")
    year, month, day = map(int, date.split("-"))
    hour, minute, second = map(int, clock.split(":"))
    days = days_before(year, month) + day - 1
    return (days * DAY + hour * 3600 + minute * 60 + second) * 1000 * MILLION + int(fraction.ljust(9, "0"))


def days_before(year, month):
    """Days from 1970 to the first of a month."""
    lengths = [31, 29 if leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return sum(366 if leap(y) else 365 for y in range(1970, year)) + sum(lengths[: month - 1])


def leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def stamp(nanos):
    """RFC 3339 with as many groups of three digits as it needs."""
    seconds, rest = divmod(nanos, 1000 * MILLION)
    days, second = divmod(seconds, DAY)
    year, month = 1970, 1
    while days_before(year + 1, 1) <= days:
        year += 1
    while month < 12 and days_before(year, month + 1) <= days:
        month += 1
    day = days - days_before(year, month) + 1
    fraction = f"{rest:09d}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    whole = f"{year:04d}-{month:02d}-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{whole}{'.' + fraction if fraction else ''}Z"


if __name__ == "__main__":
    main()
