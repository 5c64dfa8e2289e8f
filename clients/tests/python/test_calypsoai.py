"""The stand-in for CalypsoAI's Python client against a Docket that holds the model.

    python test_calypsoai.py [-v]       variables: see ../README.md
"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta

import requests
from calypsoai import AuditEventType, CalypsoAI, RequestError

from audit_model import as_written, canonical
from calypsoai_model import CalypsoModel, cursor, moment
from report import Report, among, equal, holds, same_list, setting

URL = setting("DOCKET_URL").rstrip("/")
TOKEN = setting("DOCKET_TOKEN")  # of the member, with audit:read
TOKEN_MEMBER = setting("DOCKET_TOKEN_MEMBER")  # of the member, with audit:read_own
TOKEN_WRITER = setting("DOCKET_TOKEN_WRITER")
TOKEN_OTHER = setting("DOCKET_TOKEN_OTHER")  # of another organization
TOKEN_REVOKED = setting("DOCKET_TOKEN_REVOKED")
MEMBER = setting("DOCKET_MEMBER")
ORG = setting("DOCKET_ORG")
URL_LIMITED = setting("DOCKET_URL_LIMITED", needed=False).rstrip("/")
PATH = "/backend/v1/audit"
ARRIVALS = 1000  # events of the walk during which others arrive

model = CalypsoModel(setting("DOCKET_MODEL"))
report = Report()
audit = CalypsoAI(url=URL, token=TOKEN).client.audit
everybody = model.bounded({"onlyUser": False})


def main():
    print(f"calypsoai stand-in, {len(model.entries)} entries")
    report.case("the log holds the model, member for member", holds_model)
    samples()
    for name, query in queries().items():
        report.case(f"iterate: {name}", iterates, query)
        report.case(f"pages: {name}", pages, query)
    for limit in (1, 10, 97, 1000):
        report.case(f"forward and back, {limit} a page", forward_and_back, limit)
    report.case("default: the owner's own events", own_events)
    report.case("every type is found by its member of AuditEventType", every_type)
    report.case("cursors: size and row", cursors)
    report.case("an unknown user is an empty page", unknown_user)
    report.case("another organization sees nothing of it", other_organization)
    report.case(f"iterate over {ARRIVALS} events while others arrive", arrivals)
    report.case("our own members print as they stood", members)
    refusals()
    report.close()


def get(query="", token=TOKEN, **options):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{URL}{PATH}{query}", headers=headers, timeout=30, **options)


def raw(query, row=0, limit=10, with_cursor=True):
    """The page as the server wrote it."""
    wire = {"type": query.get("type_"), "userId": query.get("userId"), "limit": limit,
            "cursor": cursor(row, limit) if with_cursor else None}
    for name in ("search", "ascending", "onlyUser"):
        wire[name] = None if query.get(name) is None else str(query[name]).lower()
    for name in ("before", "after"):
        wire[name] = query[name].isoformat() if name in query else None
    answer = get(token=TOKEN, params=wire)
    equal(answer.status_code, 200, answer.text)
    return as_written(answer.text)


def arguments(query):
    return {name: value for name, value in query.items()}


def ids(places):
    return [model.entries[place]["id"] for place in places]


def holds_model():
    wanted = model.page(everybody, 0, 1000)
    got = raw(everybody, 0, 1000)
    same_list(got["events"], wanted["events"], canonical)
    equal([list(e) for e in got["events"]], [list(e) for e in wanted["events"]], "order of keys")
    users = [[list(e["user"]) for e in page["events"]] for page in (got, wanted)]
    equal(users[0], users[1], "order of the users' keys")
    equal((list(got), got["next"], got["prev"]), (["events", "next", "prev"], None, None))


def queries():
    """What is asked of everybody's events; each is walked and paged."""
    middle = moment(model.times[len(model.times) // 3])
    busy = max(model.times, key=model.times.count)
    inside = {"after": moment(busy - 1), "before": moment(busy + 1)}
    asked = {
        "everything": {}, "oldest first": {"ascending": True},
        "one type": {"type_": ["project-created"]},
        "types": {"type_": ["scanner-enabled", AuditEventType.OAUTH_CLIENT_CREATED, "user-role-granted"]},
        "one user": {"userId": [MEMBER]}, "users": {"userId": ["auth0|carl", "u-dora/&=", "u-ümit"]},
        "before": {"before": middle}, "after": {"after": middle},
        "a moment that many share": inside, "the same, oldest first": {**inside, "ascending": True},
        "an empty span": {"after": middle, "before": middle + timedelta(microseconds=1)},
        "in another zone": {"after": middle.astimezone()},
        "a text in data": {"search": "NEEDLE in"}, "a text in ids": {"search": "legacy id 1"},
        "a text in subjects": {"search": "scannerid-7"}, "a text in types": {"search": "rand"},
        "a text in users": {"search": "ÜMIT@"}, "a text in names": {"search": "ann b"},
        "a text in requests": {"search": "req-00"}, "two characters": {"search": "gr"},
        "one character": {"search": "ö"}, "a text of nobody": {"search": "no such thing"},
        "a text and a user": {"search": "needle", "userId": [MEMBER]},
        "all together": {"type_": ["project-created", "api-token-created"], "userId": [MEMBER, "u-bob"],
                         "after": moment(0), "before": middle, "search": "-", "ascending": True},
    }
    return {name: model.bounded({"onlyUser": False, **query}) for name, query in asked.items()}


def iterates(query):
    found = [event.id for event in audit.iterate(batchSize=37, **query)]
    equal(found, ids(model.list(query)))


def pages(query):
    """Each page of seven, asked for by row, as the server prints it."""
    count = len(model.list(query))
    for row in sorted({0, 7, 70, max(0, count - 8), max(0, count - 7), count, count + 100}):
        got, wanted = raw(query, row, 7), model.page(query, row, 7)
        equal((got["next"], got["prev"]), (wanted["next"], wanted["prev"]), f"row {row} of {count}")
        same_list(got["events"], wanted["events"], canonical)


def forward_and_back(limit):
    forward, page = [], audit.get(limit=limit, **everybody)
    holds(page.prev is None, "the first page has a page before it")
    while True:
        forward.append([event.id for event in page.events])
        if page.next is None:
            break
        page = audit.get(cursor=page.next, **everybody)
    equal(sum(forward, []), ids(model.list(everybody)))
    holds(forward[-1], "the last page is empty")
    back = [forward[-1]]
    while page.prev is not None:
        page = audit.get(cursor=page.prev, **everybody)
        back.append([event.id for event in page.events])
    equal(back[::-1], forward)


def own_events():
    own = ids(model.list(model.bounded({"userId": [MEMBER]})))
    bound = everybody["before"]
    for token in (TOKEN, TOKEN_MEMBER):
        log = CalypsoAI(URL, token).client.audit
        for query in ({}, {"onlyUser": True}, {"userId": MEMBER}, {"userId": [MEMBER], "onlyUser": True}):
            equal([event.id for event in log.iterate(before=bound, **query)], own, str(query))
    equal(len(audit.get(before=bound).events), 10, "size of a page without limit")


def every_type():
    for member in AuditEventType:
        wanted = ids(model.list(model.bounded({"type_": [member.value]})))
        holds(wanted, f"the model has no {member}")
        page = audit.get(limit=1000, type_=member, onlyUser=False, before=everybody["before"])
        equal([event.id for event in page.events], wanted, member)
        holds(all(event.type is member for event in page.events), f"{member} is read as another")


def cursors():
    first = audit.get(before=everybody["before"], onlyUser=False)
    equal(first.next, "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ==")
    wanted = ids(model.list(everybody))
    both = audit.get(cursor=first.next, limit=3, **everybody)
    equal(([e.id for e in both.events], both.next, both.prev), (wanted[10:13], cursor(13, 3), cursor(7, 3)))
    past = audit.get(cursor=cursor(10**12, 10), **everybody)
    equal((past.events, past.next, past.prev), ([], None, cursor(10**12 - 10, 10)))


def unknown_user():
    page = audit.get(userId="nobody", before=everybody["before"])
    equal((page.events, page.next, page.prev), ([], None, None))


def other_organization():
    other = CalypsoAI(URL, TOKEN_OTHER).client.audit
    equal(other.get(userId=MEMBER).events, [])
    found = {event.id for event in other.iterate(onlyUser=False)}
    equal(found & set(model.place), set())


def write(token, events, content="application/json", suffix=""):
    answer = requests.post(f"{URL}/api/v1/events{suffix}", data=json.dumps(events), timeout=30,
                           headers={"Authorization": f"Bearer {token}", "Content-Type": content})
    equal(answer.status_code, 200, answer.text)
    return answer.json()["ids"]


def arrivals():
    """Live writes in the vendor's dialect; the walk sees those from before it, each once, newest first."""
    def entry(word):
        return {"type": word, "taskId": "t", "user": {"id": "u-live", "org": "o"}}

    count = ARRIVALS
    before = [i for _ in range(2) for i in write(TOKEN_WRITER, [entry("task-created")] * (count // 2), suffix="?format=calypsoai")]
    found = []
    for number, event in enumerate(audit.iterate(batchSize=100, userId="u-live")):
        found.append(event.id)
        if number % 50 == 0:
            write(TOKEN_WRITER, [entry("task-canceled")] * 3, suffix="?format=calypsoai")
    equal(found, before[::-1])
    oldest = [event.id for event in audit.iterate(userId="u-live", ascending=True)]
    equal((oldest[:count], len(oldest), len(set(oldest))), (before, count + 60, count + 60))


def members():
    """A native event whose actor is a member carries how the member stands at that moment."""
    target = {"kind": "project", "id": "p-native", "name": "Shop"}
    event = {"type": "project.created", "actor": {"id": MEMBER}, "targets": [target]}
    ident, = write(TOKEN_WRITER, event)
    page = audit.get(limit=1)
    equal((page.events[0].id, page.events[0].projectId), (ident, "p-native"))
    user = page.events[0].user
    equal((user.id, user.org, user.email, user.roles), (MEMBER, ORG, "ann@example.com", ["auditor"]))
    equal((user.admin, user.blocked), (False, False))
    holds(f"organization:{ORG}:audit_read" in user.permissions, f"permissions {user.permissions}")
    holds(user.createdAt is not None, "no createdAt")


# The calls are those of the vendor's two documented samples; url and token lines are the ones that change.
SAMPLE = """
from calypsoai import CalypsoAI
{imported}
SERVER_URL = {url!r}
SERVER_TOKEN = {token!r}

cai = CalypsoAI(url=SERVER_URL, token=SERVER_TOKEN)
logs = cai.client.audit.get({call})
print(logs.model_dump_json(indent=2))
"""


def samples():
    created = "limit=1000, type_=AuditEventType.API_TOKEN_CREATED"
    report.case("the first sample", sample, "", "", {}, 10)
    report.case("the second sample", sample, "from calypsoai.datatypes import AuditEventType\n", created,
                {"type_": ["api-token-created"]}, 1000)


def sample(imported, call, query, limit):
    text = SAMPLE.format(url=URL, token=TOKEN, imported=imported, call=call)
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, env=clean())
    equal((run.returncode, run.stderr), (0, ""))
    page = json.loads(run.stdout)
    equal(run.stdout, json.dumps(page, indent=2, ensure_ascii=False) + "\n", "an indent of two")
    equal(list(page), ["events", "next", "prev"])
    wanted = model.list({"userId": [MEMBER], **query})
    holds(page["events"], "the sample prints nothing")
    equal([event["id"] for event in page["events"]], ids(wanted[:limit]))
    for event, place in zip(page["events"], wanted):
        equal(list(event), sorted(event), "order of keys")
        equal(set(event), set(model.printed(place)) | {"createdAt", "data", "id", "type", "user"})
        first = ["admin", "blocked", "createdAt", "email", "id", "lastInvitationSentAt", "name", "org",
                 "permissions", "roleIds", "roles", "social", "teams", "verified"]
        equal(list(event["user"])[:len(first)], first, "order of the user's keys")


def clean():
    return {name: value for name, value in os.environ.items() if not name.startswith("DOCKET_")}


def refusals():
    for name, query, loc, kind in bad_queries():
        report.case(f"422 {name}", invalid, query, loc, kind)
    for name, token in (("no token", None), ("an unknown token", "docket_nonsense"), ("a revoked token", TOKEN_REVOKED)):
        report.case(f"401 {name}", refused, get(token=token), 401, {"WWW-Authenticate": "Bearer"})
    for name, query, token in (
        ("everybody's events", "?onlyUser=false", TOKEN_MEMBER), ("another's events", "?userId=u-bob", TOKEN_MEMBER),
        ("one's own and another's", f"?userId={MEMBER}&userId=u-bob", TOKEN_MEMBER), ("a writer", "", TOKEN_WRITER),
    ):
        report.case(f"403 {name}", refused, get(query, token), 403, {})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/backend", "/backend/v1", "/backend/v1/audit/x", "/backend/v2/audit"):
        report.case(f"404 {path}", refused, requests.get(URL + path, headers=headers, timeout=30), 404, {})
    for method in ("post", "put", "delete"):
        answer = requests.request(method, URL + PATH, headers=headers, timeout=30)
        report.case(f"405 {method}", refused, answer, 405, {"Allow": None})
    report.case("the client raises what is refused", raises)
    rate_limit()


def bad_queries():
    def cursor_of(text):
        import base64
        return base64.b64encode(text.encode()).decode()

    for value in ("0", "-1", "-99999999999999999999"):
        yield f"limit {value}", {"limit": value}, ["limit"], "greater_than_equal"
    for value in ("1001", "99999999999999999999"):
        yield f"limit {value}", {"limit": value}, ["limit"], "less_than_equal"
    for value in ("", "ten", "1.5", "1e2", "null", "٥"):
        yield f"limit {value!r}", {"limit": value}, ["limit"], "int_parsing"
    for value in ("", "user-login", "project.created", "Project-Created", "project-created,user-created"):
        yield f"type {value!r}", {"type": value}, ["type", 0], "enum"
    for name in ("before", "after"):
        for value in ("", "soon", "2026-02-30T00:00:00Z", "2026-11-20", "1700000000", "2026-11-20T25:00:00Z"):
            yield f"{name} {value!r}", {name: value}, [name], "datetime_parsing"
    for name in ("ascending", "onlyUser"):
        yield f"{name} 2", {name: "2"}, [name], "bool_parsing"
    rows = ("-1", "1.5", "1e3", '"10"', "null", "true", "[]", "{}", "9" * 40)
    texts = [f'{{"row":{row},"limit":10,"type":"row"}}' for row in rows]
    texts += [f'{{"row":0,"limit":{limit},"type":"row"}}' for limit in ("0", "-1", "1001", '"1"', "null", "9" * 40)]
    texts += ["", "{", "null", "[]", "7", '{"row":0,"limit":10}', '{"row":0,"limit":10,"type":"page"}', "\0", "[" * 100]
    for text in texts:
        yield f"cursor of {text[:40]!r}", {"cursor": cursor_of(text)}, ["cursor"], "value_error"
    for text in ("%", "é", "AAA", "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ", "x" * 5000):
        yield f"cursor {text[:10]!r}", {"cursor": text}, ["cursor"], "value_error"


def invalid(query, loc, kind):
    answer = get(params=query)
    equal(answer.status_code, 422, answer.text)
    equal(answer.headers["Content-Type"], "application/json")
    fault, = answer.json()["detail"]
    equal((set(fault), fault["loc"], fault["type"]), ({"loc", "msg", "type"}, ["query", *loc], kind))
    holds(isinstance(fault["msg"], str) and fault["msg"], "no text")


def refused(answer, status, headers):
    equal(answer.status_code, status, answer.text)
    equal(answer.headers["Content-Type"], "application/json")
    body = answer.json()
    holds(list(body) == ["detail"] and isinstance(body["detail"], str) and body["detail"], f"body {body}")
    for name, value in headers.items():
        holds(name in answer.headers, f"no {name}")
        among(answer.headers[name], [value or answer.headers[name]])


def raises():
    for call, status in (
        (lambda: audit.get(limit=0), 422), (lambda: audit.get(cursor="x"), 422), (lambda: audit.get(type_="x"), 422),
        (lambda: CalypsoAI(URL, "x").client.audit.get(), 401),
        (lambda: CalypsoAI(URL, TOKEN_MEMBER).client.audit.get(onlyUser=False), 403),
        (lambda: CalypsoAI(URL + "/x", TOKEN).client.audit.get(), 404),
    ):
        try:
            call()
        except RequestError as error:
            equal(error.statusCode, status, str(error))
            holds(error.message and TOKEN not in str(error), "no message, or too much of one")
            continue
        raise AssertionError(f"no {status}")


def rate_limit():
    if not URL_LIMITED:
        report.not_tested("429", "DOCKET_URL_LIMITED is not set")
        return
    report.case("429 with Retry-After", limited)
    report.case("the client waits and goes on", patient)


def limited():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answers = [requests.get(URL_LIMITED + PATH, headers=headers, timeout=30) for _ in range(6)]
    over = [answer for answer in answers if answer.status_code != 200]
    holds(over, "no request was too many")
    for answer in over:
        refused(answer, 429, {"Retry-After": None})
        holds(1 <= int(answer.headers["Retry-After"]) <= 60, answer.headers["Retry-After"])


def patient():
    log, begun = CalypsoAI(URL_LIMITED, TOKEN).client.audit, time.monotonic()
    for _ in range(4):
        equal(len(log.get(before=everybody["before"]).events), 10)
    holds(time.monotonic() - begun > 1, "the rate limit let everything through")


main()
