"""Clarifai's routes by hand: every refusal, bytes that no client sends, headers, connections.

    python test_clarifai.py [-v]       needs grpcio; variables: see ../README.md

After every group of cases an ordinary request must be answered as before.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

import connections
import frames
import grpc_cases
import json_cases
import people
from clarifai_model import ClarifaiModel, lean, same_entries, whole
from report import Report, among, equal, holds, setting
from wire import CORS, MIB, REQUEST_ID, Grpc, Rest, user

TOKEN = setting("DOCKET_TOKEN")
ORG = setting("DOCKET_ORG")
URL = setting("DOCKET_URL").rstrip("/")
PATH = f"/v2/users/{ORG}/audit_log/searches"
HEADER_DETAILS = "Empty or malformed authorization header. Please provide an API key or session token."
DESCRIPTIONS = {
    10000: ("Ok", 200), 11005: ("Making too many requests", 429), 11007: ("API key has insufficient scopes", 403),
    11008: ("Invalid API key or Invalid API key/application pair", 401), 11100: ("Bad request format", 400),
    11101: ("Resource does not exist", 404), 11102: ("Invalid request", 400), 11103: ("Method not allowed", 405),
    40033: ("Request is larger than the allowed limit", 413),
}
BEFORE_THE_METHOD = (11100, 11101, 11103)  # such an answer has no list of entries

model = ClarifaiModel(setting("DOCKET_MODEL"))
report = Report()
rest = Rest(URL, TOKEN)
rpc = Grpc(URL, TOKEN)


def main():
    print(f"raw requests, {len(model.entries)} entries")
    report.case("the log holds the model and little else", holds_model)
    for group in (bodies, sizes, authorization, request_ids, routes, cors, people_of, messages, by_hand, many_connections):
        group()
        report.case(f"an ordinary request after: {group.__name__}", healthy)
    report.close()


def holds_model():
    model.add_foreign(rest.ask(json_cases.query(**model.after())).body["entries"])
    healthy()


def healthy():
    same_entries(answer(rest.ask(json_cases.body(**whole({})), ORG), 10000).body["entries"], model.list({})[:1000])
    found = rpc.ask(user(ORG))
    equal((found["status"]["code"], found["status"]["description"]), (10000, "Ok"), "status")
    same_entries(found["entries"], lean(model.page({})))


def answer(found, code, http=None, details=None):
    """The answer has this code, and everything that goes with it."""
    holds(found.body is not None, f"HTTP {found.http} without a body")
    description, usual = DESCRIPTIONS[code]
    equal((found.http, found.status["code"], found.status["description"]), (http or usual, code, description),
          f"HTTP status, code, description with {found.raw[:300]}")
    equal(found.headers.get("content-type"), "application/json; charset=UTF-8", "content-type")
    equal(found.headers.get("x-clarifai-request-id"), found.status["req_id"], "x-clarifai-request-id")
    holds(REQUEST_ID.fullmatch(found.status["req_id"]), f"req_id {found.status['req_id']}")
    cross_origin(found)
    holds(TOKEN.encode() not in found.raw, "the answer holds the key")
    if code == 10000:
        return found
    holds(found.status.get("details"), "no details")
    equal(list(found.status), ["code", "description", "details", "req_id"], "members of the status")
    if details:
        equal(found.status["details"], details, "details")
    if code in BEFORE_THE_METHOD:
        equal(list(found.body), ["status"], "members of the answer")
    elif code in (11007, 11008, 11102) and http is None:
        equal(found.body.get("entries"), [], "entries")
    return found


def cross_origin(found):
    equal(found.headers.get("access-control-allow-origin"), "*", "access-control-allow-origin")
    for name in ("access-control-allow-methods", "access-control-allow-headers"):
        given = {word.strip().lower() for word in found.headers.get(name, "").split(",")}
        wanted = {word.lower() for word in CORS[name].split(",")}
        holds(wanted <= given, f"{name} lacks {wanted - given}")


def bodies():
    for name, (body, request) in json_cases.MEANS.items():
        report.case(f"body: {name}", means, body, request)
    for name, (body, code) in json_cases.REFUSED.items():
        report.case(f"{code} body: {name}", lambda body=body, code=code: answer(rest.ask(body, ORG), code))
    for name, body in json_cases.UNDECIDED.items():
        report.case(f"no server error: {name}", survives, body)


def means(body, request):
    same_entries(answer(rest.ask(body, ORG), 10000).body["entries"], model.page(request))


def survives(body, **options):
    found = rest.ask(body, ORG, **options)
    among(found.http, [200, 400, 413, 415], "HTTP status")
    holds("status" in found.body, "no status")


def sizes():
    large = b"{}".ljust(MIB + 1)
    for name, options in {"with length": {}, "in chunks": {"chunked": True}}.items():
        report.case(f"40033 {name}", lambda options=options: answer(rest.ask(large, ORG, **options), 40033))
    report.case("40033 of 3 MiB", lambda: answer(rest.ask(b"{}".ljust(3 * MIB), ORG), 40033))
    report.case("1 MiB in chunks", lambda: answer(rest.ask(large[:MIB], ORG, chunked=True), 10000))
    report.case("in chunks", chunked)
    for kind in ("application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/xml",
                 "multipart/form-data; boundary=x", "application/protobuf", "rubbish", "", "application/grpcx"):
        report.case(f"content type {kind!r}", content_type, kind)
    report.case("no server error: a body that says it is compressed", lambda: survives(b"{}", headers=key(("Content-Encoding", "gzip"))))
    report.case("no server error: a body without length", lambda: rest.ask(None, ORG).http)


def chunked():
    request = {"query": {"operations": [300]}, "pagination": {"per_page": 3}}
    found = answer(rest.ask(json_cases.body(**request), ORG, chunked=True), 10000)
    same_entries(found.body["entries"], model.page(request))


def content_type(kind):
    request = {"query": {"operations": [300]}}
    found = answer(rest.ask(json_cases.body(**request), ORG, headers=key(("Content-Type", kind))), 10000)
    same_entries(found.body["entries"], model.page(request))


def key(*more):
    return [("Authorization", f"Key {TOKEN}"), *more]


def authorization():
    for name, values in people.BAD_HEADERS.items():
        headers = [("Authorization", value.replace("{}", TOKEN)) for value in values]
        report.case(f"11102 header: {name}",
                    lambda headers=headers: answer(rest.ask(user=ORG, headers=headers), 11102, 401, HEADER_DETAILS))
    session = [("X-Clarifai-Session-Token", TOKEN)]
    report.case("11102 a session token alone", lambda: answer(rest.ask(user=ORG, headers=session), 11102, 401, HEADER_DETAILS))
    report.case("the name of the header in small letters",
                lambda: answer(rest.ask(user=ORG, headers=[("authorization", f"Key {TOKEN}")]), 10000))
    report.case("a session token beside the key", lambda: answer(rest.ask(user=ORG, headers=key(*session)), 10000))
    for name, token in people.bad_tokens(TOKEN):
        if token:
            report.case(f"11008 {name}", bad_token, token)
        else:
            report.not_tested(f"11008 {name}", "the variable is not set")


def bad_token(token):
    for identity in (ORG, "me", "nobody-here"):
        found = answer(rest.ask(user=identity, headers=[("Authorization", f"Key {token}")]), 11008)
        holds(token.encode() not in found.raw, "the answer holds the key")
        status = rpc.ask(user(identity), (("authorization", f"Key {token}"),))["status"]
        equal((status["code"], status["description"]), (11008, DESCRIPTIONS[11008][0]), "status over gRPC")


def request_ids():
    for prefix in ("webportal", "a", "x" * 64, "!~-{}\"'", "sdk-python-12.5.0", "0" * 32):
        report.case(f"request id: {prefix}", prefixed, prefix, [f"{prefix}-"])
        report.case(f"request id over gRPC: {prefix}", prefixed_grpc, prefix, [f"{prefix}-"])
    # At most 64 characters of it may be left.
    report.case("request id: 65 letters", prefixed, "x" * 65, ["", f"{'x' * 64}-"])
    report.case("request id over gRPC: 65 letters", prefixed_grpc, "x" * 65, ["", f"{'x' * 64}-"])
    for name, prefix in {"empty": "", "a space inside": "a b", "a tab": "a\tb", "beyond ASCII": "é"}.items():
        report.case(f"request id: {name}", prefixed, prefix, [""])
    report.case("request id over gRPC: a space inside", prefixed_grpc, "a b", [""])
    report.case("request ids differ", differ)


def prefixed(prefix, wanted):
    found = answer(rest.ask(user=ORG, headers=key(("X-Clarifai-Request-ID-Prefix", prefix))), 10000)
    among(found.status["req_id"][:-32], wanted, "what is in front of the request id")


def prefixed_grpc(prefix, wanted):
    metadata = (("authorization", f"Key {TOKEN}"), ("x-clarifai-request-id-prefix", prefix))
    identity = rpc.ask(user(ORG), metadata)["status"]["req_id"]
    among(identity[:-32], wanted, "what is in front of the request id")
    holds(REQUEST_ID.fullmatch(identity), f"req_id {identity}")


def differ():
    ids = [rest.ask(user=ORG).status["req_id"] for _ in range(20)] + [rpc.ask(user(ORG))["status"]["req_id"] for _ in range(20)]
    equal(len(set(ids)), 40, "different request ids")


def routes():
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        report.case(f"11103 {method}", lambda method=method: answer(rest.ask(b"", ORG, method=method), 11103, details="Method Not Allowed"))
    report.case("11103 HEAD", lambda: equal(rest.ask(None, ORG, method="HEAD").http, 405, "HTTP status"))
    for path in ("/v2/nothing", "/v2", "/v2/", "/v2/users", f"/v2/users/{ORG}", f"/v2/users/{ORG}/audit_log", f"{PATH}/", f"{PATH}/x",
                 f"/v2/users/{ORG}/audit_log/search", f"/v2/users/{ORG}/apps/main/audit_log/searches", "/v2/audit_log/searches"):
        for method in ("GET", "POST"):
            report.case(f"11101 {method} {path}", lambda path=path, method=method: answer(rest.ask(b"{}", path=path, method=method), 11101))
    report.case("11101 without a key", lambda: answer(rest.ask(path="/v2/nothing", headers=[]), 11101))
    report.case("11103 without a key", lambda: answer(rest.ask(b"", ORG, method="GET", headers=[]), 11103))
    report.case("percent-encoded id", lambda: answer(rest.ask(path=PATH.replace("/acme", "/%61c%6De")), 10000))
    report.case("a query string is ignored", lambda: answer(rest.ask(path=f"{PATH}?per_page=9999&x"), 10000))
    report.case("/v2/auth/methods", lambda: equal(rest.ask(None, path="/v2/auth/methods", method="GET", headers=[]).http, 200, "HTTP status"))
    for path in ("/v2/users//audit_log/searches", "/v2/users/%FF/audit_log/searches", "/v2/users/%/audit_log/searches",
                 "/v2/users/%00/audit_log/searches", "/v2/users/a%2Fb/audit_log/searches", f"/v2/users/{'x' * 5000}/audit_log/searches"):
        report.case(f"no server error: {path[:40]}", odd_path, path)


def odd_path(path):
    found = rest.ask(path=path)
    among(found.http, [400, 403, 404], "HTTP status")
    among(found.status["code"], [11100, 11101, 11102, 11007], "code")


def cors():
    asked = [("Origin", "http://example.com"), ("Access-Control-Request-Method", "POST"),
             ("Access-Control-Request-Headers", "authorization,content-type")]
    for name, headers in {"a preflight": asked, "OPTIONS alone": [], "OPTIONS with a wrong key": [("Authorization", "Key x")]}.items():
        report.case(name, preflight, headers)
    refusals = {"401": dict(headers=[("Origin", "null")]), "404": dict(path="/v2/nothing"), "405": dict(method="GET"),
                "400": dict(body=b"x"), "413": dict(body=b" " * (MIB + 1)), "403": dict(user="nobody-here")}
    for name, options in refusals.items():
        report.case(f"headers of a {name}", lambda options=options: cross_origin(rest.ask(**dict({"user": ORG}, **options))))


def preflight(headers):
    found = rest.ask(None, ORG, method="OPTIONS", headers=headers)
    among(found.http, [200, 204], "HTTP status")
    cross_origin(found)


def people_of():
    people.cases(report, model, URL, answer)


def messages():
    grpc_cases.cases(report, model, rpc)


def by_hand():
    frames.cases(report)


def many_connections():
    connections.cases(report, healthy, answer)


if __name__ == "__main__":
    main()
