"""curl, as the vendor's page has it, against a Docket that holds the model: HTTP/1.1 in the clear and over
TLS, HTTP/2 over TLS and in the clear.

    python test_clarifai.py [-v]       standard library only; variables: see ../README.md
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from clarifai_model import ClarifaiModel, REQUEST_ID, queries, same_entries, whole
from report import Report, equal, holds, setting

URL = setting("DOCKET_URL").rstrip("/")
URL_TLS = setting("DOCKET_URL_TLS").rstrip("/")
CA = setting("DOCKET_CA")
TOKEN = setting("DOCKET_TOKEN")
TOKEN_MEMBER = setting("DOCKET_TOKEN_MEMBER")
MEMBER = setting("DOCKET_MEMBER")
ORG = setting("DOCKET_ORG")
TIME_S = 60  # of one run of curl
LOCALHOST = URL_TLS.replace("127.0.0.1", "localhost")

# What curl is told, base, version of HTTP that it reports.
WAYS = {
    "HTTP/1.1": (["--http1.1"], URL, "1.1"),
    "HTTP/1.1, TLS": (["--http1.1", "--cacert", CA], URL_TLS, "1.1"),
    "HTTP/2, TLS": (["--http2", "--cacert", CA], LOCALHOST, "2"),
    "TLS, as curl likes": (["--cacert", CA], URL_TLS, "2"),
    "HTTP/2, plaintext": (["--http2-prior-knowledge"], URL, "2"),
}
model = ClarifaiModel(setting("DOCKET_MODEL"))
report = Report()
seen_ids = set()


class Answer:
    def __init__(self, text, written):
        self.text = text
        self.body = json.loads(text) if text else None
        self.http, self.version = written["http_code"], written["http_version"]
        self.headers = {name: values[-1] for name, values in written["headers"].items()}


def curl(way, user=ORG, token=TOKEN, body=None, path=None, more=()):
    """Runs curl. The header with the token goes through its standard input, where nobody reads it."""
    options, base, _ = WAYS[way]
    target = base + (path or f"/v2/users/{urllib.parse.quote(user, safe='')}/audit_log/searches")
    command = ["curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(TIME_S), *options,
               "--config", "-", "-w", '%{stderr}{"http_code": %{http_code}, "http_version": "%{http_version}", "headers": %{header_json}}']
    if body is not None:
        command += ["-X", "POST", "--data-raw", body]
    command += [*more, target]
    config = f'header = "Authorization: Key {token}"\n' if token else ""
    done = subprocess.run(command, input=config.encode(), capture_output=True, timeout=TIME_S + 5, check=False)
    equal(done.returncode, 0, f"curl ended with {done.stderr.decode()[:300]}")
    return Answer(done.stdout.decode("utf-8"), json.loads(done.stderr))


def main():
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    print(f"{version[:40]}, {len(model.entries)} entries")
    report.case("the log holds the model and little else", holds_model)
    for way in WAYS:
        for query in queries()["answered"]:
            report.case(f"{way}: {query['name']}", answered, way, query["request"])
        for query in queries()["refused"]:
            report.case(f"{way}: {query['name']}", refused, way, query["code"], "Invalid request", 400, query["request"])
        for ascending in (False, True):
            report.case(f"{way}: pages of 101, oldest first: {ascending}", walk, way, {"sort_ascending": ascending}, 101)
        report.case(f"{way}: pages of the default size", walk, way, {})
        people(way)
        report.case(f"{way}: all in one page", answered, way, whole({}))
        report.case(f"{way}: no body", no_body, way)
        report.case(f"{way}: JSON as content type", content_type, way)
        report.case(f"{way}: /v2/auth/methods", methods, way)
    report.case("curl does not trust the server by itself", untrusted)
    report.close()


def holds_model():
    model.add_foreign(ask("HTTP/1.1", {"query": model.after()}))
    same_entries(ask("HTTP/1.1", whole({})), model.entries[:1000])


def people(way):
    no_key, no_scope = "Invalid API key or Invalid API key/application pair", "API key has insufficient scopes"
    request = {"query": {"success": True}, "pagination": {"per_page": 1000}}
    report.case(f"{way}: a member's own id", owned, way, request, MEMBER, TOKEN)
    report.case(f"{way}: me of a member", owned, way, request, "me", TOKEN_MEMBER)
    report.case(f"{way}: wrong key", refused, way, 11008, no_key, 401, {}, ORG, "wrong" * 8)
    report.case(f"{way}: no key", refused, way, 11102, "Invalid request", 401, {}, ORG, None)
    report.case(f"{way}: a member asks for the organization", refused, way, 11007, no_scope, 403, {}, ORG, TOKEN_MEMBER)
    report.case(f"{way}: somebody's log", refused, way, 11007, no_scope, 403, {}, "nobody-here")


def ask(way, request, user=ORG, token=TOKEN, **options):
    answer = curl(way, user, token, json.dumps(request, ensure_ascii=False), **options)
    status(way, answer, 200, 10000, "Ok")
    equal(list(answer.body), ["status", "entries"], "members of the answer")
    equal(list(answer.body["status"]), ["code", "description", "req_id"], "members of the status")
    return answer.body["entries"]


def status(way, answer, http, code, description):
    equal(answer.http, http, f"HTTP status with {answer.text[:200]}")
    equal(answer.version, WAYS[way][2], "version of HTTP")
    found = answer.body["status"]
    equal((found["code"], found["description"]), (code, description), "status")
    holds(REQUEST_ID.fullmatch(found["req_id"]), f"req_id {found['req_id']}")
    holds(found["req_id"] not in seen_ids, f"req_id {found['req_id']} for the second time")
    seen_ids.add(found["req_id"])
    equal(answer.headers.get("content-type"), "application/json; charset=UTF-8", "content-type")
    equal(answer.headers.get("x-clarifai-request-id"), found["req_id"], "x-clarifai-request-id")


def answered(way, request):
    same_text(ask(way, request), model.page(request))


def same_text(got, wanted):
    """Equal in the order of members too."""
    same_entries(got, wanted)
    equal(json.dumps(got), json.dumps(wanted), "order of members")


def owned(way, request, user, token):
    same_text(ask(way, request, user, token), model.list(request, MEMBER))


def walk(way, request, size=None):
    got = []
    for page in range(1, len(model.entries) // (size or 128) + 3):
        asked = {"page": page, "per_page": size} if size else {"page": page}
        entries = ask(way, dict(request, pagination=asked))
        got += entries
        if len(entries) < (size or 128):
            break
    same_text(got, model.list(request))


def refused(way, code, description, http, request, user=ORG, token=TOKEN):
    answer = curl(way, user, token, json.dumps(request))
    status(way, answer, http, code, description)
    equal(list(answer.body["status"]), ["code", "description", "details", "req_id"], "members of the status")
    equal(answer.body.get("entries", []), [], "entries")
    holds(not token or token not in answer.text, "the answer holds the key")


def no_body(way):
    answer = curl(way, more=["-X", "POST"])
    status(way, answer, 200, 10000, "Ok")
    same_text(answer.body["entries"], model.page({}))


def content_type(way):
    """The vendor's page gives none, so curl says that it is a form."""
    request = {"query": {"operations": ["MODEL_DELETE"]}}
    for kind in ("application/json", "text/plain", ""):
        same_text(ask(way, request, more=["-H", f"Content-Type: {kind}" if kind else "Content-Type:"]), model.page(request))


def untrusted():
    """What --cacert changes: without it the certificate is nobody's."""
    command = ["curl", "-q", "--silent", "--noproxy", "*", "--max-time", str(TIME_S), f"{URL_TLS}/v2/auth/methods"]
    equal(subprocess.run(command, capture_output=True, timeout=TIME_S + 5, check=False).returncode, 60, "curl ended with")


def methods(way):
    answer = curl(way, token=None, path="/v2/auth/methods")
    equal(answer.http, 200, "HTTP status")
    equal(answer.version, WAYS[way][2], "version of HTTP")
    equal(answer.body["status"]["code"], 10000, "code")


if __name__ == "__main__":
    main()
