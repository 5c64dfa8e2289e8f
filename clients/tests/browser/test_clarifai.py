"""A browser that shows a page from somewhere else, whose script asks Docket for the audit log.

    python test_clarifai.py [-v]       needs Chromium; variables: see ../README.md

The page comes from a server of this program, on a port of its own: another origin for the browser, which
therefore asks first whether it may send the header with the key (a preflight).
"""

import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "python"))

from clarifai_model import ClarifaiModel, REQUEST_ID, queries, same_entries, whole
from report import Report, equal, holds, setting

URL = setting("DOCKET_URL").rstrip("/")
URL_TLS = setting("DOCKET_URL_TLS").rstrip("/")
TOKEN = setting("DOCKET_TOKEN")
ORG = setting("DOCKET_ORG")
TIME_S = 120  # until the page has to have asked everything
END_TIME_S = 10  # for the browser to end when it is told to
BODY_BYTES_MAX = 8 << 20
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-extensions", "--no-proxy-server",
         # The browser does not know the CA; curl and the others check the certificate.
         "--ignore-certificate-errors"]

model = ClarifaiModel(setting("DOCKET_MODEL"))
report = Report()


class Page(http.server.BaseHTTPRequestHandler):
    """Serves the page and its list of what to ask; takes the answers."""

    def __init__(self, config, answers, done, *arguments):
        self.config, self.answers, self.done = config, answers, done
        super().__init__(*arguments)

    def do_GET(self):
        files = {"/": (FOLDER.joinpath("page.html").read_bytes(), "text/html; charset=utf-8"),
                 "/config.json": (self.config, "application/json")}
        body, kind = files.get(self.path, (b"", ""))
        self.answer(200 if kind else 404, body, kind or "text/plain")

    def do_POST(self):
        length = min(int(self.headers.get("Content-Length", 0)), BODY_BYTES_MAX)
        body = self.rfile.read(length)
        if self.path == "/answer":
            self.answers.append(json.loads(body))
        self.answer(204, b"", "text/plain")
        if self.path == "/done":
            self.done.set()

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if not CHROMIUM:
        report.not_tested("the browser", "chromium is not installed")
        return report.close()
    version = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    print(f"{version}, {len(model.entries)} entries")
    report.case("the log holds little but the model", holds_model)
    asks = [ask for base in (URL, URL_TLS) for ask in asks_of(base)]
    before = preflights()
    answers = browse([ask["sent"] for ask in asks])
    report.case("the page asked everything", equal, len(answers), len(asks), "answers")
    for ask, answer in zip(asks, answers):
        report.case(f"{ask['base']}: {ask['name']}", ask["check"], answer)
    report.case("the browser asked first", holds, preflights() > before, "no preflight was counted")
    report.close()


def holds_model():
    """What is newer than the model, asked without a browser."""
    request = urllib.request.Request(f"{URL}/v2/users/{ORG}/audit_log/searches", method="POST",
                                     data=json.dumps({"query": model.after()}).encode(),
                                     headers={"Authorization": f"Key {TOKEN}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        model.add_foreign(json.loads(response.read())["entries"])


def asks_of(base):
    """What the page is to ask at one address, and what has to come back."""
    word = base.split(":")[0]

    def ask(name, request, check, user=ORG, headers=None):
        sent = {"url": f"{base}/v2/users/{user}/audit_log/searches", "body": json.dumps(request), "headers": headers or {}}
        return {"base": word, "name": name, "sent": sent, "check": check}

    for query in queries()["answered"]:
        yield ask(query["name"], query["request"], functools.partial(answered, query["request"]))
    for ascending in (False, True):
        for page in range(1, len(model.entries) // 101 + 2):
            request = whole({}, 101, page, ascending)
            yield ask(f"page {page} of 101, oldest first: {ascending}", request, functools.partial(answered, request))
    for query in queries()["refused"]:
        yield ask(query["name"], query["request"], functools.partial(refused, 400, query["code"]))
    yield ask("somebody's log", {}, functools.partial(refused, 403, 11007), "nobody-here")
    yield ask("JSON as content type", {}, functools.partial(answered, {}), headers={"Content-Type": "application/json"})
    prefix = {"X-Clarifai-Request-ID-Prefix": "webportal"}
    yield ask("a prefix of the request id", {}, functools.partial(answered, {}, prefix="webportal-"), headers=prefix)
    # If this got through, the browser would not have asked whether it may send the others.
    yield ask("a header that is not allowed", {}, stopped, headers={"X-Not-Allowed": "1"})


def answered(request, answer, prefix=""):
    body = status(answer, 200, 10000, prefix)
    same_entries(body["entries"], model.page(request))


def refused(http_status, code, answer):
    body = status(answer, http_status, code)
    holds(body["status"].get("details"), "no details")


def status(answer, http_status, code, prefix=""):
    holds("error" not in answer, answer.get("error"))
    equal(answer["http"], http_status, f"HTTP status with {answer['text'][:200]}")
    body = json.loads(answer["text"])
    equal(body["status"]["code"], code, "code")
    request_id = body["status"]["req_id"]
    holds(request_id.startswith(prefix) and REQUEST_ID.fullmatch(request_id.removeprefix(prefix)), f"req_id {request_id}")
    return body


def stopped(answer):
    holds("Failed to fetch" in answer.get("error", ""), f"it came through: {answer}")


def preflights():
    """How many OPTIONS requests the server has counted."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{URL}/metrics", timeout=30) as response:
        text = response.read().decode()
    counts = re.findall(r'^docket_http_requests_total\{.*method="OPTIONS".* (\d+)$', text, re.MULTILINE)
    return sum(map(int, counts))


def browse(asks):
    """Opens the page, waits until it has asked everything, and ends the browser."""
    answers, done = [], threading.Event()
    config = json.dumps({"token": TOKEN, "asks": asks}).encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, config, answers, done))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="docket-browser-", ignore_cleanup_errors=True) as profile:
        log = open(os.path.join(profile, "log"), "w+b")
        page = f"http://127.0.0.1:{server.server_address[1]}/"
        browser = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={profile}/data", page], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env=dict(os.environ, HOME=profile))
        try:
            ended = not done.wait(TIME_S)
        finally:
            end(browser)
            server.shutdown()
        log.seek(0)
        tail = log.read().decode("utf-8", "replace")[-1500:]
        report.case("the page came to its end", holds, not ended, f"after {TIME_S} s: {tail}")
        log.close()
    return answers


def end(browser):
    browser.terminate()
    try:
        browser.wait(END_TIME_S)
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()


if __name__ == "__main__":
    main()
