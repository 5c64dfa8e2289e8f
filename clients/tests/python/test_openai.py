"""OpenAI's Python client, synchronous and asynchronous, against a Docket that holds the model.

    python test_openai.py [-v]       variables: see ../README.md
"""

import asyncio
import json
import os
import time

for leaked in [name for name in os.environ if name.startswith("OPENAI_")]:
    del os.environ[leaked]

import openai
from openai import Omit

from audit_model import AuditModel, as_written, canonical, queries
from report import Report, among, equal, holds, same_list, setting

URL = setting("DOCKET_URL").rstrip("/")
TOKEN = setting("DOCKET_TOKEN")
TOKEN_NO_READ = setting("DOCKET_TOKEN_NO_READ", needed=False)
URL_LIMITED = setting("DOCKET_URL_LIMITED", needed=False).rstrip("/")
OTHER_ID = setting("DOCKET_OTHER_ID", needed=False)
PATH = "/organization/audit_logs"
LONGEST_WAIT = 20  # seconds of Retry-After that the test is willing to sit out
FOREIGN = 1000  # entries besides the model, at most
MOST_REQUESTS = 2000  # until the limited server has to have said no

model = AuditModel(setting("DOCKET_MODEL"))
report = Report()


class Door:
    """One of the two clients behind the same asynchronous calls; remembers what was exchanged."""

    def __init__(self, asynchronous, base=f"{URL}/v1", token=TOKEN, **options):
        self.asynchronous, self.exchanges = asynchronous, []
        options = {"max_retries": 0, **options}
        kind = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        http = openai.DefaultAsyncHttpxClient if asynchronous else openai.DefaultHttpxClient
        hook = self.note_async if asynchronous else self.note
        self.client = kind(base_url=base, api_key=token, admin_api_key=token, **options,
                           http_client=http(trust_env=False, event_hooks={"response": [hook]}))
        self.logs = self.client.admin.organization.audit_logs

    def note(self, response):
        self.exchanges.append((response, time.monotonic()))

    async def note_async(self, response):
        self.note(response)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.settle(self.client.close())

    async def settle(self, value):
        return await value if self.asynchronous else value

    async def first(self, query, **more):
        return await self.settle(self.logs.list(**spelled(query), **more))

    async def all(self, query):
        """Every entry that the client's own pagination yields."""
        pages = self.logs.list(**spelled(query))
        found = []
        if self.asynchronous:
            async for entry in pages:
                found.append(ending(found, entry))
        else:
            for entry in pages:
                found.append(ending(found, entry))
        return found

    async def page(self, query, **more):
        """One page as the server wrote it."""
        answer = await self.settle(self.logs.with_raw_response.list(**spelled(query), **more))
        return as_written(answer.text if isinstance(answer.text, str) else answer.text())

    async def request(self, method, path):
        return await self.settle(getattr(self.client, method)(path, cast_to=object))


def ending(found, entry):
    holds(len(found) < len(model.entries) + FOREIGN, "the pages do not end")
    return entry


def spelled(query):
    """`order` is not in the client's signature."""
    arguments = {k: v for k, v in query.items() if k != "order"}
    return dict(arguments, extra_query={"order": query["order"]}) if "order" in query else arguments


async def main():
    print(f"openai {openai.__version__} (Python), {len(model.entries)} entries")
    for asynchronous in (False, True):
        word = "async" if asynchronous else "sync"
        async with Door(asynchronous) as door:
            await report.acase(f"{word}: the log holds the model", holds_model, door)
            for query in queries()["answered"]:
                await report.acase(f"{word}: {query['name']}", answered, door, query)
            for query in queries()["refused"]:
                await report.acase(f"{word}: 400 {query['name']}", refused, door, query)
            await pagination(word, door)
            await doors(word, door)
        await refusals(word, asynchronous)
        await rate_limit(word, asynchronous)
    report.close()


async def holds_model(door):
    """Everything, both kinds, as the client prints it; and nothing foreign between the entries of
    the model, which the exact comparisons of pages rest on."""
    for tenant_only in (False, True):
        query = {"tenant_only": tenant_only, "limit": 100}
        got = [e.to_dict() for e in await door.all(query)]
        foreign = [e for e in got if e["id"] not in model.place]
        same_entries([e for e in got if e["id"] in model.place], model.list(query))
        for entry in foreign:
            holds(entry["effective_at"] > model.last_second, f"not of the model, but as old: {entry}")


async def answered(door, case):
    query, name = case["query"], case["name"]
    wanted = model.list(query)
    equal(not wanted, bool(case.get("empty")), f"{name}: model.json and queries.json disagree: empty")
    got = await door.all(dict(query, limit=100))
    same_entries([e.to_dict() for e in got if e.id in model.place], wanted)
    await same_page(door, model.bounded(query))


async def refused(door, case):
    await fails(door.first(case["query"]), openai.BadRequestError, 400, "invalid_request_error",
                case["code"], case["param"])


async def pagination(word, door):
    some = {"event_types": ["project.created", "login.failed", "invite.sent"]}
    plans = [(1, some), (3, {}), (7, {}), (100, {}), (7, {"tenant_only": True}),
             (20, {"order": "asc"}), (3, dict(some, order="asc")), (100, {"order": "desc"})]
    for limit, query in plans:
        name = f"{word}: pages of {limit} of {query or 'everything'}"
        await report.acase(name, walk, door, dict(query, limit=limit))
    for order in ("desc", "asc"):
        await report.acase(f"{word}: pages without limit, {order}", walk, door, {"order": order})
        await report.acase(f"{word}: one page, {order}", same_page, door, model.bounded({"order": order}))
        await report.acase(f"{word}: behind the very last entry, {order}", behind_the_last, door, order)
    await report.acase(f"{word}: a collector's cursor", collector, door)
    for place, anchor in model.anchors().items():
        for query in ({}, {"tenant_only": True}, some, {"order": "asc"}):
            name = f"{place}, {query or 'everything'}"
            await report.acase(f"{word}: after {name}", around, door, query, {"after": anchor})
            await report.acase(f"{word}: before {name}", around, door, query, {"before": anchor})
        await report.acase(f"{word}: client pages before {place}", walk_before, door, anchor)
    await between(word, door)


async def walk(door, query):
    """The client's pagination: the same entries, and no request more than needed."""
    query = model.bounded(query)
    wanted = model.list(query, query.get("order", "desc"))
    before = len(door.exchanges)
    got = await door.all(query)
    same_entries([e.to_dict() for e in got], wanted)
    equal(len(door.exchanges) - before, max(1, -(-len(wanted) // query.get("limit", 20))), "requests")


async def around(door, query, cursor):
    for limit in (1, 3, 100):
        await same_page(door, dict(model.bounded(query), **cursor, limit=limit))
    await same_page(door, dict(model.bounded(query), **cursor))


async def walk_before(door, anchor):
    """The client keeps `before` and adds `after`: that ends after one page more at most."""
    query = dict(model.bounded({}), before=anchor, limit=3)
    places, more = model.page(query)
    before = len(door.exchanges)
    got = await door.all(query)
    same_entries([e.to_dict() for e in got], places)
    equal(len(door.exchanges) - before, 2 if more else 1, "requests")


async def between(word, door):
    order = model.ids(model.sequence("desc"))
    pairs = {"far apart": (order[10], order[-10]), "near": (order[100], order[104]),
             "neighbours": (order[50], order[51]), "the same": (order[50], order[50]),
             "crossed": (order[80], order[20]), "both ends": (order[0], order[-1])}
    for name, (after, before) in pairs.items():
        for query in ({}, {"tenant_only": True}, {"order": "asc"}):
            cursors = {"after": after, "before": before}
            title = f"{word}: between {name}, {query or 'everything'}"
            await report.acase(title, around, door, query, cursors)


async def behind_the_last(door, order):
    last = model.ids(model.sequence(order))[-1]
    query = dict(model.bounded({}), order=order, after=last)
    empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    equal(await door.page(query), empty)


async def collector(door):
    """Keeps `last_id` for ever and asks again, without bounds: sees each entry once, in the order
    in which they were appended."""
    cursor, got = None, []
    for _ in range(len(model.entries) + FOREIGN):
        query = {"order": "asc", "limit": 7}
        page = await door.page(dict(query, after=cursor) if cursor else query)
        shape(page, 7)
        if not page["data"]:
            break
        cursor = page["last_id"]
        got += [e for e in page["data"] if e["id"] in model.place]
    same_list(got, [model.written[i] for i in model.list({}, "asc")], canonical)
    equal((await door.page({"order": "asc", "after": cursor}))["data"], [], "asked again")


async def doors(word, door):
    """Bases, headers and parameters that must not change the answer."""
    for base in (f"{URL}/v1/", URL, f"{URL}/"):
        async with Door(door.asynchronous, base) as other:
            await report.acase(f"{word}: base {base}", same_page, other, model.bounded({}))
    async with Door(door.asynchronous, project="proj_none") as other:
        await report.acase(f"{word}: OpenAI-Project is ignored", same_page, other, model.bounded({}))
    await report.acase(f"{word}: unknown parameters are ignored", unknown_parameters, door)
    await report.acase(f"{word}: typed members", typed, door)
    await report.acase(f"{word}: x-request-id", request_ids, door)


async def unknown_parameters(door):
    arguments = spelled(model.bounded({}))
    extra = {"sort": "up", "expand[]": ["a", "b"], "api-version": "1"}
    page = await door.settle(door.logs.list(**arguments, extra_query=extra))
    same_entries([e.to_dict() for e in page.data], model.page(model.bounded({}))[0])


async def typed(door):
    """What a caller reads through the client's own names."""
    query = {"event_types": ["project.created"], "actor_ids": ["user-anna", "user-bob", "user-dora", "user-zoe"]}
    for entry, place in zip(await door.all(model.bounded(query)), model.list(query), strict=True):
        wanted = model.entries[place]
        equal(entry.effective_at, wanted["effective_at"])
        equal(entry.project.id if entry.project else None, (wanted.get("project") or {}).get("id"))
        if wanted.get("project.created"):
            equal(entry.project_created.id, wanted["project.created"].get("id"))
        session = wanted["actor"].get("session")
        if session and "id" in session["user"]:
            equal(entry.actor.session.user.id, session["user"]["id"])


async def request_ids(door):
    page = await door.first({"limit": 1})
    holds(page._request_id, "the page has no request id")
    ids = [r.headers.get("x-request-id") for r, _ in door.exchanges]
    holds(all(ids), "an answer has no x-request-id")
    equal(len(set(ids)), len(ids), "different request ids")
    kinds = {r.headers.get("content-type", "").split(";")[0] for r, _ in door.exchanges}
    equal(kinds, {"application/json"}, "content types")


async def refusals(word, asynchronous):
    denied, unknown = openai.AuthenticationError, f"sk-admin-{'wrong' * 6}"
    kind, no_code = "invalid_request_error", [None]
    async with Door(asynchronous) as door:
        await report.acase(f"{word}: 401 without key", fails,
                           door.first({}, extra_headers={"Authorization": Omit()}),
                           denied, 401, kind, no_code)
        await report.acase(f"{word}: 404 unknown path", fails, door.request("get", "/organization/audit_log"),
                           openai.NotFoundError, 404, kind, no_code)
        for method in ("post", "put", "patch", "delete"):
            await report.acase(f"{word}: 405 {method}", fails, door.request(method, PATH),
                               openai.APIStatusError, 405, kind, ["method_not_supported"])
        if OTHER_ID:
            await report.acase(f"{word}: cursor of another organization", foreign_cursor, door)
        else:
            report.not_tested(f"{word}: cursor of another organization", "DOCKET_OTHER_ID is not set")
    async with Door(asynchronous, token=unknown) as door:
        await report.acase(f"{word}: 401 wrong key", fails, door.first({}), denied, 401, kind,
                           ["invalid_api_key"], [None], unknown)
    async with Door(asynchronous, organization="org_other") as door:
        await report.acase(f"{word}: 401 organization of somebody else", fails, door.first({}),
                           denied, 401, kind, ["mismatched_organization"])
    if not TOKEN_NO_READ:
        return report.not_tested(f"{word}: 403", "DOCKET_TOKEN_NO_READ is not set")
    async with Door(asynchronous, token=TOKEN_NO_READ) as door:
        await report.acase(f"{word}: 403", no_permission, door)


async def no_permission(door):
    for query in ({}, {"limit": 1, "tenant_only": True}, {"after": "audit_log-none"}):
        error = await fails(door.first(query), openai.PermissionDeniedError, 403,
                            "invalid_request_error", [None])
        holds("api.audit_logs.read" in error.message, f"names no scope: {error.message}")


async def foreign_cursor(door):
    """The same words for an entry of another organization and for one that never was."""
    for name in ("after", "before"):
        texts = []
        for cursor in (OTHER_ID, "x" * len(OTHER_ID)):
            error = await fails(door.first({name: cursor}), openai.BadRequestError, 400,
                                "invalid_request_error", ["invalid_value", "invalid_type"], [name])
            texts.append(json.dumps(error.body).replace(cursor, "CURSOR"))
        equal(texts[0], texts[1], "answer to the cursor of another organization")


async def rate_limit(word, asynchronous):
    if not URL_LIMITED:
        return report.not_tested(f"{word}: 429 and retries", "DOCKET_URL_LIMITED is not set")
    async with Door(asynchronous, f"{URL_LIMITED}/v1") as door:
        await report.acase(f"{word}: 429", limited, door)
    async with Door(asynchronous, f"{URL_LIMITED}/v1", max_retries=2) as door:
        await report.acase(f"{word}: 429 is tried again", tries_again, door)


async def limited(door):
    for _ in range(MOST_REQUESTS):
        try:
            await door.first({"limit": 1})
        except openai.RateLimitError as error:
            described(error, 429, "requests", ["rate_limit_exceeded"], [None])
            wait = error.response.headers.get("retry-after", "")
            holds(wait.isdigit() and 1 <= int(wait) <= 60, f"Retry-After: {wait!r}")
            return
    raise AssertionError(f"{MOST_REQUESTS} requests and no 429")


async def tries_again(door):
    """The client waits as told and counts its attempts; in the end it has a page or the error."""
    for _ in range(MOST_REQUESTS):
        first = len(door.exchanges)
        try:
            await door.first({"limit": 1})
            outcome = 200
        except openai.RateLimitError as error:
            described(error, 429, "requests", ["rate_limit_exceeded"], [None])
            outcome = 429
        attempts = door.exchanges[first:]
        if attempts[0][0].status_code == 429:
            break
    equal(attempts[0][0].status_code, 429, "first attempt")
    equal([r.request.headers["x-stainless-retry-count"] for r, _ in attempts],
          [str(n) for n in range(len(attempts))], "retry counts")
    holds(2 <= len(attempts) <= 3, f"{len(attempts)} attempts")
    holds(outcome == 200 or len(attempts) == 3, "gave up early")
    for (response, then), (_, later) in zip(attempts, attempts[1:]):
        wait = int(response.headers["retry-after"])
        holds(wait <= LONGEST_WAIT, f"Retry-After: {wait} is too long for this test")
        holds(later - then >= wait * 0.95, f"came back after {later - then:.2f} s of {wait}")


async def fails(call, kind, status, error_type, codes, params=(None,), secret=None):
    try:
        await call
    except kind as error:
        described(error, status, error_type, codes, params)
        holds(not secret or secret not in error.response.text, "the message holds the key")
        return error
    raise AssertionError(f"no {kind.__name__}")


def described(error, status, error_type, codes, params):
    equal(error.status_code, status, "status")
    equal(error.type, error_type, "type")
    among(error.code, codes, "code")
    among(error.param, params, "param")
    holds(error.request_id, "the error has no request id")
    envelope = json.loads(error.response.text)
    equal(sorted(envelope), ["error"], "members of the body")
    equal(sorted(envelope["error"]), ["code", "message", "param", "type"], "members of the error")
    holds(envelope["error"]["message"], "the message is empty")
    holds(error.response.headers["content-type"].split(";")[0] == "application/json", "content type")


async def same_page(door, query):
    got, wanted = await door.page(query), model.answer(query)
    same_list(got["data"], wanted["data"], canonical)
    equal({k: v for k, v in got.items() if k != "data"},
          {k: v for k, v in wanted.items() if k != "data"}, f"page of {query}")


def same_entries(got, places):
    same_list(got, [model.entries[i] for i in places], canonical)


def shape(page, limit):
    ids = [e["id"] for e in page["data"]]
    holds(len(ids) <= limit, "more entries than asked for")
    equal(page["object"], "list")
    equal((page["first_id"], page["last_id"]), (ids[0], ids[-1]) if ids else (None, None))
    holds(page["has_more"] is False or (page["has_more"] is True and ids), "has_more")


if __name__ == "__main__":
    asyncio.run(main())
