"""A platform's story, as docs/platform.md tells it: an organization for each customer, one token that writes, and the
keys that customers have already, behind nginx.
"""

import contextlib
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from openai import AuthenticationError, OpenAI, PermissionDeniedError

import native
from report import Report, equal, holds, setting

PAGE = pathlib.Path(__file__).parents[3] / "docs/platform.md"
# Where a customer's programs are.
CUSTOMER_ADDRESS = "127.0.0.5"
EVENTS = 12


class Platform(http.server.BaseHTTPRequestHandler):
    """What the platform itself answers."""

    def do_GET(self):
        body = json.dumps({"platform": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def platform():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@contextlib.contextmanager
def nginx(docket, backend, port):
    """nginx with the configuration of the page, at other ports."""
    blocks = re.findall(r"```nginx\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    equal(len(blocks), 1, "configurations on the page")
    text = blocks[0]
    for shown, used in [("127.0.0.1:8080", docket), ("127.0.0.1:9000", f"127.0.0.1:{backend}"),
                        ("127.0.0.1:8000", f"127.0.0.1:{port}")]:
        equal(text.count(shown), 1, shown)
        text = text.replace(shown, used)
    with tempfile.TemporaryDirectory() as folder:
        paths = "".join(f"  {name}_temp_path {folder}/{name};\n"
                        for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        user = "user root;\n" if os.geteuid() == 0 else ""
        config = pathlib.Path(folder) / "nginx.conf"
        config.write_text(f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
                          f"events {{}}\nhttp {{\n  access_log off;\n{paths}{text}}}\n", "utf-8")
        process = subprocess.Popen(["nginx", "-p", folder, "-c", str(config)], stdin=subprocess.DEVNULL)
        try:
            wait(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait(port, process):
    for _ in range(200):
        holds(process.poll() is None, "nginx runs")
        with contextlib.suppress(OSError):
            http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def key(number):
    return f"sk-customer-{number}-{'x' * 20}"


class Story:
    def __init__(self):
        self.admin, self.ingest = setting("DOCKET_TOKEN_ADMIN"), setting("DOCKET_TOKEN_INGEST")
        self.customers = int(setting("DOCKET_CUSTOMERS"))

    def org(self, number):
        return f"customer-{number}"

    def here(self, number):
        return {"docket-organization": self.org(number)}

    def make(self):
        for number in range(self.customers):
            made, _ = native.done("POST", "/api/v1/orgs", self.admin, {
                "id": self.org(number), "name": f"Customer {number}", "owner_email": f"admin@{self.org(number)}.example"})
            equal(made["id"], self.org(number), "id")

    def register(self):
        for number in range(self.customers):
            native.done("POST", "/api/v1/tokens", self.admin, {
                "owner": f"admin@{self.org(number)}.example", "role": "auditor",
                "key_sha256": hashlib.sha256(key(number).encode()).hexdigest()}, self.here(number))

    def write(self):
        for number in range(self.customers):
            events = [{"type": "project.created", "actor": {"id": f"user-{number}"}, "request_id": f"{number}-{index}",
                       "targets": [{"kind": "project", "id": f"p-{number}-{index}"}]} for index in range(EVENTS)]
            path = f"/api/v1/orgs/{self.org(number)}/events"
            headers = {"Idempotency-Key": f"batch-{number}"}
            first, _ = native.done("POST", path, self.ingest, events, headers)
            again, _ = native.done("POST", path, self.ingest, events, headers)
            equal(again["ids"], first["ids"], "ids of the repeat")

    def limits(self):
        """What the platform's tokens may not do."""
        org = self.org(0)
        for method, path, token, body, headers in [
            ("POST", "/api/v1/orgs", self.ingest, {"id": "x", "owner_email": "a@b.c"}, {}),
            ("POST", f"/api/v1/orgs/{org}/events", self.admin, [], {}),
            ("GET", "/api/v1/events", self.ingest, None, {}),
            ("GET", "/api/v1/events", self.ingest, None, self.here(0)),
            ("POST", "/api/v1/tokens", self.ingest, {"owner": "x"}, self.here(0)),
            ("GET", "/api/v1/members", key(0), None, {}),
            ("GET", "/api/v1/members", key(0), None, self.here(1)),
        ]:
            status, _, document = native.call(method, path, token, body, headers)
            equal(status, 403, f"{method} {path} {document}")


def read(url, secret):
    client = OpenAI(base_url=url + "/v1", admin_api_key=secret, max_retries=0, timeout=30)
    return list(client.admin.organization.audit_logs.list(limit=5, event_types=["project.created"]))


def check_customers(story, url):
    for number in range(story.customers):
        found = read(url, key(number))
        equal(len(found), EVENTS, f"entries of customer {number}")
        equal({one.actor.session.user.id for one in found}, {f"user-{number}"}, "actors")
        equal(len({one.id for one in found}), EVENTS, "different entries")


def check_routes(url):
    for path in ["/v1/chat/completions", "/v1/organization/users", "/api/v1/events", "/metrics", "/v1/organization/audit_logs/x"]:
        status, _, document = native.call("GET", path, url=url)
        equal((status, document), (200, {"platform": path}), path)


def check_strangers(url):
    for secret in ["sk-nobody", key(0) + "x"]:
        try:
            read(url, secret)
        except AuthenticationError:
            continue
        raise AssertionError(f"{secret} was let in")


def check_denied(story, url, port):
    """A key that may not read is refused, and its organization finds the customer's own address in the log."""
    secret = "sk-writer-" + "y" * 20
    native.done("POST", "/api/v1/tokens", story.admin, {
        "owner": f"admin@{story.org(0)}.example", "role": "writer",
        "key_sha256": hashlib.sha256(secret.encode()).hexdigest()}, story.here(0))
    try:
        read(url, secret)
    except PermissionDeniedError:
        pass
    else:
        raise AssertionError("a writer has read")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(CUSTOMER_ADDRESS, 0))
    connection.request("GET", "/v1/organization/audit_logs", headers={"Authorization": f"Bearer {secret}"})
    equal(connection.getresponse().status, 403, "status")
    for _ in range(100):
        denied = native.events(key(0), "&type=docket.request.denied")
        addresses = [one["source"]["ip"] for one in denied]
        if CUSTOMER_ADDRESS in addresses:
            break
        time.sleep(0.1)
    equal(addresses[-1], CUSTOMER_ADDRESS, "source address")
    equal(denied[-1]["error"]["code"], "permission_missing", "error code")
    holds(secret not in json.dumps(denied), "the key is in no event")


def check_instance(story):
    made = [one["targets"][0]["id"] for one in native.events(story.admin, "&type=organization.created")]
    equal(made, [story.org(number) for number in range(story.customers)], "organizations in the instance's log")


def main():
    report, story = Report(), Story()
    report.case("organizations", story.make)
    report.case("keys", story.register)
    report.case("events", story.write)
    report.case("limits of the platform's tokens", story.limits)
    report.case("the instance's log", check_instance, story)
    docket = setting("DOCKET_URL").removeprefix("http://")
    port = int(setting("DOCKET_NGINX_PORT"))
    url = f"http://127.0.0.1:{port}"
    with platform() as backend, nginx(docket, backend, port):
        report.case("customers read their own", check_customers, story, url)
        report.case("everything else goes to the platform", check_routes, url)
        report.case("strangers", check_strangers, url)
        report.case("a refused request", check_denied, story, url, port)
    report.close()


if __name__ == "__main__":
    main()
