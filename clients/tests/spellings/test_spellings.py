"""Raw HTTP requests: every spelling of a query, every refusal, the headers of every answer.

    python test_spellings.py [-v]    standard library only; variables: see ../README.md
"""

import gzip
import http.client
import json
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from audit_model import AuditModel, as_written, canonical, queries
from report import Report, among, equal, holds, same_list, setting

URL = urllib.parse.urlsplit(setting("DOCKET_URL"))
TOKEN = setting("DOCKET_TOKEN")
TOKEN_NO_READ = setting("DOCKET_TOKEN_NO_READ", needed=False)
URL_LIMITED = setting("DOCKET_URL_LIMITED", needed=False)
OTHER_ID = setting("DOCKET_OTHER_ID", needed=False)
ORG = setting("DOCKET_ORG", needed=False)
PATH = "/v1/organization/audit_logs"
BAD_KEY = f"sk-admin-{'wrong' * 6}"
INVALID = ["invalid_value", "invalid_type"]
MOST_REQUESTS = 2000  # until the limited server has to have said no

model = AuditModel(setting("DOCKET_MODEL"))
report = Report()
UPTO = f"effective_at[lte]={model.last_second}"  # leaves out what the set-up of the test wrote


class Wire:
    """One connection that stays open; every answer passes the checks that hold for all of them."""

    def __init__(self, url=URL):
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self.request_ids = []

    def ask(self, *request, **options):
        try:
            return self.exchange(*request, **options)
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next case begins afresh
            raise

    def exchange(self, target, method="GET", token=TOKEN, headers={}, body=None):
        headers = dict(headers)
        if token is not None and "authorization" not in map(str.lower, headers):
            headers["Authorization"] = f"Bearer {token}"
        self.connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        text = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            text = gzip.decompress(text)
        kind = response.headers.get("Content-Type", "").replace(" ", "").lower()
        among(kind, ["application/json", "application/json;charset=utf-8"], "Content-Type")
        identity = response.headers.get("x-request-id")
        holds(identity, "no x-request-id")
        holds(identity not in self.request_ids, f"x-request-id {identity} for the second time")
        self.request_ids.append(identity)
        return response, text.decode("utf-8")


wire = Wire()


def main():
    print(f"raw HTTP, {len(model.entries)} entries")
    for query in queries()["answered"]:
        for style, name_of in STYLES.items():
            report.case(f"{style}: {query['name']}", answered, name_of, query["query"])
    for query in queries()["refused"]:
        report.case(f"400 {query['name']}", refused, written(query["query"], "{}[]".format),
                    query["code"], query["param"])
    for name, raw, query in SPELLINGS:
        report.case(f"spelling: {name}", same, raw, query)
    for name, raw, parameters in REFUSED:
        report.case(f"400 {name}", refused, raw, INVALID, parameters)
    for name, raw in UNDECIDED:
        report.case(f"no server error: {name}", survives, raw)
    pages()
    headers()
    refusals()
    rate_limit()
    report.close()


STYLES = {
    "name%5B%5D": lambda name, _: f"{name}%5B%5D",
    "name[]": lambda name, _: f"{name}[]",
    "name[n]": lambda name, number: f"{name}[{number}]",
    "name%5bn%5d": lambda name, number: f"{name}%5b{number}%5d",
    "name": lambda name, _: name,
}

EMAIL, SPACED = "bob+audit@example.com", "bob audit@example.com"
ALPHA = {"project_ids": ["proj_alpha"]}
BOTH = {"project_ids": ["proj_alpha", "proj_beta"]}
CREATED = {"event_types": ["project.created"]}
SECOND = model.entries[len(model.entries) // 4]["effective_at"]
RANGE = {"gte": SECOND - 90000, "lt": SECOND}
NUMBERS = (SECOND - 90000, SECOND)

# name, raw query (UPTO is added unless it holds a range), the query that it has to mean
SPELLINGS = [
    ("plus is a space", "actor_emails[]=bob+audit@example.com", {"actor_emails": [SPACED]}),
    ("%20 is a space", "actor_emails[]=bob%20audit%40example.com", {"actor_emails": [SPACED]}),
    ("%2B is a plus", "actor_emails[]=bob%2Baudit%40example.com", {"actor_emails": [EMAIL]}),
    ("bare @", "actor_emails[]=dora@example.com", {"actor_emails": ["dora@example.com"]}),
    ("quotes and stars as they are", "actor_emails[]='(eve)*!~@example.com", {"actor_emails": ["'(eve)*!~@example.com"]}),
    ("quotes and stars encoded", "actor_emails[]=%27%28eve%29%2A%21%7E%40example.com", {"actor_emails": ["'(eve)*!~@example.com"]}),
    ("UTF-8 in upper and lower hex", "actor_ids[]=user-%C3%bcmit%2F%26%3d", {"actor_ids": ["user-ümit/&="]}),
    ("slash as it is", "actor_ids[]=user-%C3%BCmit/%26%3D", {"actor_ids": ["user-ümit/&="]}),
    ("second = belongs to the value", "actor_ids[]=user-%C3%BCmit/%26=", {"actor_ids": ["user-ümit/&="]}),
    ("plus for the space in an id", "project_ids[]=proj_sp+ace%2F%26%3D%C3%BC", {"project_ids": ["proj_sp ace/&=ü"]}),
    ("letters of a name encoded", "%70roject%5Fids%5B%5D=proj_alpha", ALPHA),
    ("two spellings of one list", "project_ids=proj_alpha&project_ids[]=proj_beta", BOTH),
    ("three spellings of one list", "project_ids[1]=proj_beta&project_ids=proj_alpha&project_ids%5B%5D=proj_none", BOTH),
    ("numbers with gaps", "project_ids[7]=proj_alpha&project_ids[3]=proj_beta", BOTH),
    ("one number twice", "project_ids[0]=proj_alpha&project_ids[0]=proj_beta", BOTH),
    ("comma in a value", "actor_emails[]=carl@example.com,dora@example.com", {"actor_emails": ["carl@example.com,dora@example.com"]}),
    ("encoded comma in a value", "actor_emails=carl@example.com%2Cdora@example.com", {"actor_emails": ["carl@example.com,dora@example.com"]}),
    ("empty list", "project_ids[]=", {}),
    ("empty list without =", "project_ids[]", {}),
    ("empty value beside another", "project_ids[]=&project_ids[]=proj_alpha", ALPHA),
    ("every list empty", "project_ids=&event_types[]=&actor_ids[]=&actor_emails[0]=&resource_ids[]=", {}),
    ("empty scalars", "after=&before=&limit=&order=&tenant_only=", {}),
    ("empty bounds", "effective_at[gt]=&effective_at[gte]=&effective_at[lt]=", {}),
    ("empty range", "effective_at=", {}),
    ("empty pairs between &", "&&limit=3&&", {"limit": 3}),
    ("nothing", "", {}),
    ("true", "tenant_only=true", {"tenant_only": True}),
    ("1", "tenant_only=1", {"tenant_only": True}),
    ("false", "tenant_only=false", {}),
    ("0", "tenant_only=0", {}),
    ("order desc", "order=desc", {}),
    ("order asc", "order=asc", {"order": "asc"}),
    ("order asc, tenant_only=1", "order=asc&tenant_only=1", {"order": "asc", "tenant_only": True}),
    ("unknown parameters", "foo=1&sort=up&page=2&api-version=3&x[]=1&x[y]=2", {}),
    ("unknown parameter without value", "debug&limit=5", {"limit": 5}),
    ("unknown parameters that resemble known ones", "project_id=proj_alpha&event_type=x&Limit=3&actor_id[]=1", {}),
    ("any order of parameters", "limit=4&event_types[]=login.failed&tenant_only=false&event_types[]=project.created",
     {"limit": 4, "event_types": ["project.created", "login.failed"]}),
    ("old name of a type", "event_types=checkpoint_permission.created", {"event_types": ["checkpoint.permission.created"]}),
    ("limit 1", "limit=1", {"limit": 1}),
    ("limit 100", "limit=100", {"limit": 100}),
    ("bounds in bare brackets", "effective_at[gte]=%d&effective_at[lt]=%d" % NUMBERS, {"effective_at": RANGE}),
    ("bounds in encoded brackets", "effective_at%%5Bgte%%5D=%d&effective_at%%5blt%%5d=%d" % NUMBERS, {"effective_at": RANGE}),
    ("all four bounds", "effective_at[gt]=%d&effective_at[gte]=0&effective_at[lt]=%d&effective_at[lte]=%d" % (*NUMBERS, SECOND),
     {"effective_at": {"gt": SECOND - 90000, "gte": 0, "lt": SECOND, "lte": SECOND}}),
    ("pairs", "effective_at=gte,%d,lt,%d" % NUMBERS, {"effective_at": RANGE}),
    ("pairs with encoded commas", "effective_at=gte%%2C%d%%2Clt%%2C%d" % NUMBERS, {"effective_at": RANGE}),
    ("pairs the other way round", "effective_at=lt,%d,gte,%d" % NUMBERS[::-1], {"effective_at": RANGE}),
    ("one pair", "effective_at=lte,%d" % SECOND, {"effective_at": {"lte": SECOND}}),
    ("four pairs", "effective_at=gt,0,gte,%d,lt,%d,lte,%d" % (*NUMBERS, SECOND),
     {"effective_at": {"gt": 0, "gte": SECOND - 90000, "lt": SECOND, "lte": SECOND}}),
    ("range that holds nothing", "effective_at[gt]=99999999999999999999", {"effective_at": {"gt": 99999999999999999999}}),
    ("range that crosses itself", "effective_at=gt,9,lt,3", {"effective_at": {"gt": 9, "lt": 3}}),
]

BOUNDS = ["effective_at"] + [f"effective_at[{op}]" for op in ("gt", "gte", "lt", "lte")]

# name, raw query, what `param` may say
REFUSED = [
    ("a hash as Perl prints it", "effective_at=HASH%280x5652a1b2c3d4%29", BOUNDS[:1]),
    ("a bare number as range", "effective_at=1704067200", BOUNDS[:1]),
    ("an operator alone", "effective_at=gte", BOUNDS[:1]),
    ("a pair and a half", "effective_at=gte,1,lt", BOUNDS[:1]),
    ("an unknown operator", "effective_at=after,1", BOUNDS),
    ("a word in a pair", "effective_at=gte,now", BOUNDS),
    ("a word in the second pair", "effective_at=gte,1,lt,now", BOUNDS),
    ("a word as bound", "effective_at[gte]=now", BOUNDS),
    ("hexadecimal as bound", "effective_at[gte]=0x10", BOUNDS),
    ("number and rubbish as bound", "effective_at[lt]=12abc", BOUNDS),
    ("boolean yes", "tenant_only=yes", ["tenant_only"]),
    ("boolean 2", "tenant_only=2", ["tenant_only"]),
    ("boolean null", "tenant_only=null", ["tenant_only"]),
    ("limit as word", "limit=ten", ["limit"]),
    ("limit with rubbish behind", "limit=10abc", ["limit"]),
    ("order as word", "order=ascending", ["order"]),
    ("types cut at a comma", "event_types[]=project.created,login.failed", ["event_types"]),
    ("type without a dot", "event_types=created", ["event_types"]),
    ("one good and one bad type", "event_types[]=project.created&event_types[]=created", ["event_types"]),
    ("tenant_only=1 with an organization type", "tenant_only=1&event_types[0]=project.created", ["event_types"]),
    ("cursor with a null byte", "after=%00", ["after"]),
    ("both cursors, the first unknown", "after=nothing&before=" + urllib.parse.quote(model.entries[0]["id"]), ["after"]),
]

# Nothing says what these mean; they must not shake the server.
UNDECIDED = [
    ("percent without digits", "after=%ZZ"), ("percent at the end", "limit=5%"),
    ("bytes that are not UTF-8", "actor_ids[]=%FF%FE"), ("unknown bound", "effective_at[foo]=1"),
    ("fraction as bound", "effective_at[gte]=1.5"), ("limit twice", "limit=5&limit=6"),
    ("nested brackets", "project_ids[a][b]=1"), ("open bracket", "project_ids[=1"),
    ("huge limit", "limit=" + "9" * 40), ("long value", "actor_ids[]=" + "a" * 6000),
    ("null byte in a value", "project_ids[]=%00"), ("only an equals sign", "="),
]


def answered(name_of, query):
    same(written(query, name_of), query)


def written(query, name_of):
    pairs = []
    for name, value in query.items():
        if isinstance(value, list):
            numbered = [f"{name_of(name, n)}={quoted(v)}" for n, v in enumerate(value)]
            pairs += numbered
        elif isinstance(value, dict):
            pairs += [f"{name}[{op}]={quoted(v)}" for op, v in value.items()]
        else:
            pairs.append(f"{name}={quoted(value)}")
    return "&".join(pairs)


def quoted(value):
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return urllib.parse.quote(text, safe="")


def same(raw, query):
    """The page for the raw query is the one that the model gives for `query`, number for number.
    Without an upper bound of its own the query gets one."""
    bounds = query.get("effective_at", {})
    if "lt" not in bounds and "lte" not in bounds:
        raw, query = "&".join([raw, UPTO] if raw else [UPTO]), model.bounded(query)
    response, text = wire.ask(f"{PATH}?{raw}")
    equal(response.status, 200, f"status for {raw}: {text}")
    same_text(text, query)


def same_text(text, query):
    got, wanted = as_written(text), model.answer(query)
    same_list(got["data"], wanted["data"], canonical)
    equal(canonical(dict(got, data=[])), canonical(dict(wanted, data=[])), "envelope")


def refused(raw, codes, parameters):
    error_of(wire.ask(f"{PATH}?{raw}"), 400, codes, parameters)


def survives(raw):
    response, text = wire.ask(f"{PATH}?{raw}")
    among(response.status, [200, 400, 414, 431], "status")
    json.loads(text)


def pages():
    order = model.ids(model.sequence("desc"))
    for place in (0, 1, 40, 41, -2, -1):
        for cursor in ("after", "before"):
            for order_of in ("", "&order=asc"):
                query = {cursor: order[place], "limit": 9}
                raw = f"{cursor}={quoted(order[place])}&limit=9{order_of}"
                report.case(f"{cursor} entry {place}{order_of}", same, raw, dict(query, order="asc") if order_of else query)
    few = len(model.list(CREATED))
    for limit in (few - 1, few, few + 1):
        report.case(f"limit {limit} for {few} entries", same, f"event_types[]=project.created&limit={limit}",
                    dict(CREATED, limit=limit))
    odd = [i for i in order if urllib.parse.quote(i) != i]
    for identity in odd:
        report.case(f"cursor {identity}", same, f"after={quoted(identity)}", {"after": identity})
        plus = urllib.parse.quote_plus(identity)
        report.case(f"cursor {identity} with +", same, f"before={plus}", {"before": identity})
    report.case("no query at all", no_query, PATH)
    report.case("question mark alone", no_query, f"{PATH}?")


def no_query(target):
    """20 entries, of which those of the model lead the list that the model gives."""
    response, text = wire.ask(target)
    equal(response.status, 200, "status")
    page = as_written(text)
    equal(sorted(page), ["data", "first_id", "has_more", "last_id", "object"], "members")
    equal(len(page["data"]), 20, "entries")
    got = [e for e in page["data"] if e["id"] in model.place]
    same_list(got, [model.written[i] for i in model.list({})[:len(got)]], canonical)


def headers():
    everything = model.bounded({})
    variants = {
        "gzip offered": {"Accept-Encoding": "gzip, deflate"},
        "Content-Length: 0": {"Content-Length": "0", "Accept-Encoding": "gzip"},
        "Content-Type on GET": {"Content-Type": "application/json"},
        "Accept": {"Accept": "application/json"},
        "what JavaScript sends": {"Accept": "application/json", "Accept-Language": "*", "Sec-Fetch-Mode": "cors",
                                  "X-Stainless-Retry-Count": "0", "User-Agent": "OpenAI/JS 7.55.0"},
        "OpenAI-Project": {"OpenAI-Project": "proj_none"},
        "name of a header in lower case": {"authorization": f"Bearer {TOKEN}"},
    }
    for name, sent in variants.items():
        report.case(f"header: {name}", with_headers, PATH, sent, everything)
    if ORG:
        report.case("header: own organization", with_headers, PATH, {"OpenAI-Organization": ORG}, everything)
    else:
        report.not_tested("header: own organization", "DOCKET_ORG is not set")
    report.case("path without /v1", with_headers, PATH.removeprefix("/v1"), {}, everything)
    report.case("one connection for many requests", keeps_open)


def with_headers(path, sent, query):
    response, text = wire.ask(f"{path}?{UPTO}", headers=sent)
    equal(response.status, 200, "status")
    same_text(text, query)


def keeps_open():
    fresh = Wire()
    fresh.connection.connect()
    socket = fresh.connection.sock
    for target in [f"{PATH}?limit=1", f"{PATH}?limit=0", "/v1/nothing", f"{PATH}?limit=2"] * 5:
        fresh.ask(target)
        holds(fresh.connection.sock is socket, f"the server closed the connection after {target}")


def refusals():
    for path in ("/v1/organization/audit_log", "/v1/organization/audit_logs/x", "/v1/nothing", "/v1"):
        report.case(f"404 {path}", status, 404, [None], path)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in (PATH, PATH.removeprefix("/v1")):
            report.case(f"405 {method} {path}", status, 405, ["method_not_supported"], path, method)
    report.case("401 without key", status, 401, [None], PATH, "GET", None)
    report.case("401 without key, though the query is bad", status, 401, [None], f"{PATH}?limit=0", "GET", None)
    report.case("401 wrong key", wrong_key, f"{PATH}?after={OTHER_ID or 'nothing'}")
    report.case("401 wrong key without /v1", wrong_key, PATH.removeprefix("/v1"))
    report.case("401 organization of somebody else", status, 401, ["mismatched_organization"], PATH, "GET",
                TOKEN, {"OpenAI-Organization": "org_other"})
    if TOKEN_NO_READ:
        for raw in ("", "?limit=0", "?after=nothing"):
            report.case(f"403 {raw}", no_permission, PATH + raw)
    else:
        report.not_tested("403", "DOCKET_TOKEN_NO_READ is not set")
    if OTHER_ID:
        report.case("cursor of another organization", foreign_cursor)
    else:
        report.not_tested("cursor of another organization", "DOCKET_OTHER_ID is not set")


def status(code, codes, target, method="GET", token=TOKEN, sent={}):
    if method in ("POST", "PUT", "PATCH"):
        sent = {"Content-Type": "application/json", "Content-Length": "2"}
        return error_of(wire.ask(target, method, token, sent, b"{}"), code, codes, [None])
    return error_of(wire.ask(target, method, token, sent), code, codes, [None])


def wrong_key(target):
    message = status(401, ["invalid_api_key"], target, "GET", BAD_KEY)
    holds(BAD_KEY not in message, "the message holds the key")


def no_permission(target):
    holds("api.audit_logs.read" in status(403, [None], target, "GET", TOKEN_NO_READ), "names no scope")


def foreign_cursor():
    for name in ("after", "before"):
        texts = []
        for cursor in (OTHER_ID, "x" * len(OTHER_ID)):
            answer = wire.ask(f"{PATH}?{name}={quoted(cursor)}")
            error_of(answer, 400, INVALID, [name])
            texts.append(answer[1].replace(cursor, "CURSOR"))
        equal(texts[0], texts[1], "answer to the cursor of another organization")


def rate_limit():
    if not URL_LIMITED:
        return report.not_tested("429", "DOCKET_URL_LIMITED is not set")
    report.case("429", limited, Wire(urllib.parse.urlsplit(URL_LIMITED)))


def limited(other):
    for _ in range(MOST_REQUESTS):
        response, text = other.ask(f"{PATH}?limit=1")
        if response.status == 200:
            continue
        error_of((response, text), 429, ["rate_limit_exceeded"], [None], "requests")
        wait = response.headers.get("Retry-After", "")
        holds(wait.isdigit() and 1 <= int(wait) <= 60, f"Retry-After: {wait!r}")
        return
    raise AssertionError(f"{MOST_REQUESTS} requests and no 429")


def error_of(answer, code, codes, parameters, kind="invalid_request_error"):
    response, text = answer
    equal(response.status, code, f"status, with {text}")
    body = json.loads(text)
    equal(sorted(body), ["error"], "members of the body")
    error = body["error"]
    equal(sorted(error), ["code", "message", "param", "type"], "members of the error")
    equal(error["type"], kind, "type")
    among(error["code"], codes, "code")
    among(error["param"], parameters, "param")
    holds(isinstance(error["message"], str) and error["message"], "no message")
    return error["message"]


if __name__ == "__main__":
    main()
