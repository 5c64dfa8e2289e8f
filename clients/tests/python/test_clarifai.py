"""Clarifai's Python clients against a Docket that holds the model.

    python test_clarifai.py [-v]       variables: see ../README.md

Takes what is installed: clarifai-grpc of any age, and the SDK where there is one.
"""

import asyncio
import importlib.metadata
import inspect
import os
import re
import time
import urllib.parse

for name in [n for n in os.environ if n.startswith("CLARIFAI_")]:
    del os.environ[name]

from report import Report, equal, holds, setting

URL = setting("DOCKET_URL").rstrip("/")
URL_TLS = setting("DOCKET_URL_TLS").rstrip("/")
CA = setting("DOCKET_CA")
URL_18080 = setting("DOCKET_URL_18080", needed=False)
URL_LIMITED = setting("DOCKET_URL_LIMITED", needed=False).rstrip("/")
TOKEN = setting("DOCKET_TOKEN")
TOKEN_MEMBER = setting("DOCKET_TOKEN_MEMBER")
MEMBER = setting("DOCKET_MEMBER")
ORG = setting("DOCKET_ORG")

# All that a user sets to have the vendor's programs ask Docket.
os.environ["CLARIFAI_GRPC_BASE"] = urllib.parse.urlsplit(URL_TLS).netloc
os.environ["CLARIFAI_API_BASE"] = URL  # the JSON channel reads it when it is imported
os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = CA
os.environ["REQUESTS_CA_BUNDLE"] = CA  # JSON over TLS
os.environ["SSL_CERT_FILE"] = CA  # the SDK's look at an address without a scheme
if any(n in os.environ for n in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")):
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"

import grpc
import google.protobuf
from clarifai_grpc.channel import http_client
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BoolValue

from clarifai_model import CODES, ClarifaiModel, lean, parts_of, queries, same_entries, whole

try:
    from clarifai import __version__ as SDK
    from clarifai.client.auth import create_stub
    from clarifai.client.auth.helper import ClarifaiAuthHelper
except ImportError:
    SDK = None

VERSION = importlib.metadata.version("clarifai-grpc")
TIMEOUT = 60  # seconds of one call
KINDS = set(resources_pb2.AuditLogTarget.DESCRIPTOR.fields_by_name)
ENUM = resources_pb2.EventType.DESCRIPTOR
PLAIN, TLS = urllib.parse.urlsplit(URL), urllib.parse.urlsplit(URL_TLS)

model = ClarifaiModel(setting("DOCKET_MODEL"))
report = Report()
seen_ids = set()
# What an entry looks like, by its bytes, and by its place in memory: they come again and again.
shown_entries, lean_entries = {}, {}


class Door:
    """One way to reach the server: a stub, and what it sends besides the message."""

    def __init__(self, stub, prefix="", metadata=True, json=False, run=None):
        self.stub, self.prefix, self.metadata = stub, prefix, metadata
        self.json, self.run = json, run

    def call(self, message, token=TOKEN, method="PostAuditLogSearches"):
        options = {} if self.json else {"timeout": TIMEOUT}
        if self.metadata:
            options["metadata"] = (("authorization", "Key " + token),)
        answer = getattr(self.stub, method)(message, **options)
        return self.run(answer) if self.run else answer

    def ask(self, request, user=ORG, token=TOKEN):
        """Entries of a request that must be answered."""
        response = self.call(message_of(request, user), token)
        self.status(response, status_code_pb2.SUCCESS, "Ok")
        equal(response.status.details, "", "details")
        return [shown_once(e) for e in response.entries]

    def status(self, response, code, description):
        status = response.status
        equal((status.code, status.description), (code, description), "status")
        equal(bool(re.fullmatch(re.escape(self.prefix) + "[0-9a-f]{32}", status.req_id)), True, f"req_id {status.req_id}")
        holds(status.req_id not in seen_ids, f"req_id {status.req_id} for the second time")
        seen_ids.add(status.req_id)
        equal(fields_of(status) - {"code", "description", "details", "req_id"}, set(), "further members of the status")


def message_of(request, user=ORG):
    """The request as a program writes it that uses the vendor's classes."""
    message = service_pb2.PostAuditLogSearchesRequest(sort_ascending=request.get("sort_ascending", False))
    if user is not None:
        message.user_app_id.CopyFrom(resources_pb2.UserAppIDSet(user_id=user))
    if "pagination" in request:
        message.pagination.CopyFrom(service_pb2.Pagination(**request["pagination"]))
    if "query" not in request:
        return message
    query = request["query"]
    arguments = {n: query[n] for n in ("user_ids", "source_ips") if n in query}
    for bound in ("timestamp_from", "timestamp_to"):
        if bound in query:
            seconds, nanos = parts_of(query[bound])
            arguments[bound] = Timestamp(seconds=seconds, nanos=nanos)
    if "success" in query:
        arguments["success"] = BoolValue(value=query["success"])
    # By name, as the vendor's page has it, where this client knows the name.
    operations = [o if o in ENUM.values_by_name else CODES.get(o, o) for o in query.get("operations", [])]
    targets = [target_of(t) for t in query.get("targets", [])]
    message.query.CopyFrom(resources_pb2.AuditLogQuery(operations=operations, targets=targets, **arguments))
    return message


def target_of(target):
    classes = {kind: field.message_type._concrete_class for kind, field
               in resources_pb2.AuditLogTarget.DESCRIPTOR.fields_by_name.items()}
    return resources_pb2.AuditLogTarget(**{kind: classes[kind](**members) for kind, members in target.items()})


def can_say(request):
    """Whether this client has the kinds of targets that the request names."""
    return all(kind in KINDS for t in (request.get("query") or {}).get("targets", []) for kind in t)


def shown(message):
    """A message as JSON members, enum values as numbers, nothing that is empty."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        return message.ToJsonString()
    members = {}
    for field, value in message.ListFields():
        many = not hasattr(value, "ListFields") and field.message_type is not None
        if many:
            members[field.name] = [shown(v) for v in value]
        elif field.message_type is not None:
            members[field.name] = shown(value)
        else:
            members[field.name] = value if isinstance(value, (str, int, bool)) else list(value)
    return members


def shown_once(entry):
    raw = entry.SerializeToString(deterministic=True)
    if raw not in shown_entries:
        shown_entries[raw] = shown(entry)
    return shown_entries[raw]


def seen(entries):
    """Entries of the model as this client sees them."""
    for entry in entries:
        if id(entry) not in lean_entries:
            lean_entries[id(entry)] = lean(entry, KINDS)
    return [lean_entries[id(entry)] for entry in entries]


def fields_of(message):
    return {field.name for field, _ in message.ListFields()}


def main():
    print(f"clarifai-grpc {VERSION}, grpcio {grpc.__version__}, protobuf {google.protobuf.__version__}, "
          f"SDK {SDK or 'not installed'}, {len(model.entries)} entries")
    first = Door(service_pb2_grpc.V2Stub(ClarifaiChannel.get_insecure_grpc_channel(PLAIN.hostname, PLAIN.port)))
    report.case("the log holds the model and little else", holds_model, first)
    silent = [q["name"] for q in queries()["answered"] if not can_say(q["request"])]
    if silent:
        report.not_tested(f"{len(silent)} queries", f"this client has no words for {', '.join(silent)}")
    for name, open_door in ways():
        door = None
        try:
            door = open_door()
            report.note(f"{name}: opens", None)
        except Exception as error:
            report.note(f"{name}: opens", error)
        if door:
            through(name, door)
    default_port()
    not_ours(first)
    throttled()
    report.close()


def holds_model(door):
    model.add_foreign(door.ask({"query": model.after()}))
    same_entries(door.ask(whole({})), seen(model.entries[:1000]))


def ways():
    """Every way that these packages have, by name."""
    def on(stub_of, **options):
        return lambda: Door(service_pb2_grpc.V2Stub(stub_of()), **options)

    sends_prefix = "X-Clarifai-Request-ID-Prefix" in inspect.getsource(http_client)  # 11.0.7 does not
    json_options = {"prefix": f"python-json-{VERSION}-" if sends_prefix else "", "json": True}
    yield "gRPC, plaintext", on(lambda: ClarifaiChannel.get_insecure_grpc_channel(PLAIN.hostname, PLAIN.port))
    yield "gRPC, TLS", on(ClarifaiChannel.get_grpc_channel)
    yield "gRPC, TLS, localhost", on(lambda: ClarifaiChannel.get_grpc_channel(f"localhost:{TLS.port}", CA))
    yield "JSON", on(ClarifaiChannel.get_json_channel, **json_options)
    yield "JSON, TLS", on(lambda: ClarifaiChannel.get_json_channel(URL_TLS), **json_options)
    if hasattr(ClarifaiChannel, "get_aio_grpc_channel"):
        runner = asyncio.Runner()
        aio = {"run": lambda call: runner.run(finish(call))}
        yield "asyncio, plaintext", lambda: runner.run(aio_door(False, aio))
        yield "asyncio, TLS", lambda: runner.run(aio_door(True, aio))
    if SDK:
        netloc = f"localhost:{TLS.port}"
        yield "SDK, http://", lambda: sdk_door(URL)
        yield "SDK, https://", lambda: sdk_door(URL_TLS)
        yield "SDK, https://, from the environment", lambda: sdk_door(None)
        yield "SDK, TLS without a scheme", lambda: sdk_door(netloc)
        yield "SDK, plaintext without a scheme", lambda: sdk_door(f"localhost:{PLAIN.port}")


async def finish(call):
    return await call


async def aio_door(tls, options):
    if tls:
        channel = ClarifaiChannel.get_aio_grpc_channel()
    else:
        channel = ClarifaiChannel.get_aio_insecure_grpc_channel(PLAIN.hostname, PLAIN.port)
    return Door(service_pb2_grpc.V2Stub(channel), **options)


def sdk_door(base, attempts=1):
    """The SDK puts the token and its own prefix into the metadata."""
    if base is None:
        variables = {"CLARIFAI_API_BASE": URL_TLS, "CLARIFAI_ROOT_CERTIFICATES_PATH": CA,
                     "CLARIFAI_PAT": TOKEN, "CLARIFAI_USER_ID": ORG}
        before = dict(os.environ)
        os.environ.update(variables)
        helper = ClarifaiAuthHelper.from_env()
        os.environ.clear()
        os.environ.update(before)
    else:
        secure = {"root_certificates_path": CA} if f":{TLS.port}" in base else {}
        helper = ClarifaiAuthHelper(user_id=ORG, pat=TOKEN, base=base, **secure)
    return Door(create_stub(helper, max_retry_attempts=attempts), prefix=f"sdk-python-{SDK}-", metadata=False)


def through(name, door):
    for query in queries()["answered"]:
        if can_say(query["request"]):
            report.case(f"{name}: {query['name']}", answered, door, query["request"])
    report.case(f"{name}: pages of 7 of one user", walk, door, {"query": {"user_ids": ["bob"]}}, 7)
    report.case(f"{name}: pages of the default size", walk, door, {}, None)
    for ascending in (False, True):
        report.case(f"{name}: pages of 101, oldest first: {ascending}", walk, door, {"sort_ascending": ascending}, 101)
    report.case(f"{name}: a member's own id", own, door, MEMBER)
    if door.metadata:
        report.case(f"{name}: me of a member", own, door, "me", TOKEN_MEMBER)
        for title, code, description, user, token in refusals():
            report.case(f"{name}: {title}", refused, door, code, description, {}, user, token)
    report.case(f"{name}: me of the owner", everything, door, "me")
    if door.json:
        report.case(f"{name}: no user is me", everything, door, None)
    else:
        report.case(f"{name}: no user", refused, door, 11102, "Invalid request", {}, None, TOKEN)
    report.case(f"{name}: somebody's log", refused, door, 11007, "API key has insufficient scopes", {}, "nobody-here", TOKEN)
    for query in queries()["refused"]:
        # Over JSON the client leaves out what is empty, so the target without id is there as well.
        report.case(f"{name}: {query['name']}", refused, door, query["code"], "Invalid request", query["request"], ORG, TOKEN)


def answered(door, request):
    """The page that the request asks for; and all of the answer, where that is more than the page."""
    same_entries(door.ask(request), seen(model.page(request)))
    if len(model.list(request)) > len(model.page(request)):
        same_entries(door.ask(whole(request)), seen(model.list(request)[:1000]))


def walk(door, request, size):
    """Page after page, as a caller has to: until one is not full."""
    got, most = [], len(model.entries) // (size or 128) + 2
    for page in range(1, most + 1):
        asked = {"page": page, "per_page": size} if size else {"page": page}
        entries = door.ask(dict(request, pagination=asked))
        got += entries
        if len(entries) < (size or 128):
            break
    same_entries(got, seen(model.list(request)))


def own(door, user, token=TOKEN):
    request = {"query": {"success": True}, "pagination": {"per_page": 1000}}
    same_entries(door.ask(request, user, token), seen(model.list(request, MEMBER)))


def everything(door, user):
    same_entries(door.ask({}, user), seen(model.page({})))


def refusals():
    no_key, no_scope = "Invalid API key or Invalid API key/application pair", "API key has insufficient scopes"
    yield "wrong key", 11008, no_key, ORG, "wrong" * 8
    yield "a member asks for the organization", 11007, no_scope, ORG, TOKEN_MEMBER
    yield "a member asks for somebody", 11007, no_scope, "bob", TOKEN_MEMBER


def refused(door, code, description, request, user, token):
    response = door.call(message_of(request, user), token)
    door.status(response, code, description)
    holds(response.status.details, "no details")
    equal(len(response.entries), 0, "entries")
    holds(token not in str(response), "the answer holds the key")


def default_port():
    """The vendor's insecure channel has a port of its own, unless told otherwise."""
    if not URL_18080:
        return report.not_tested("get_insecure_grpc_channel() without a port", "port 18080 is taken")
    os.environ["CLARIFAI_GRPC_BASE"] = urllib.parse.urlsplit(URL_18080).hostname
    try:
        door = Door(service_pb2_grpc.V2Stub(ClarifaiChannel.get_insecure_grpc_channel()))
        for query in queries()["answered"][:9]:
            report.case(f"gRPC, default port: {query['name']}", answered, door, query["request"])
    finally:
        os.environ["CLARIFAI_GRPC_BASE"] = urllib.parse.urlsplit(URL_TLS).netloc


def not_ours(door):
    report.case("another method", fails, door, grpc.StatusCode.UNIMPLEMENTED, service_pb2.ListAppsRequest(), "ListApps")


def fails(door, code, message, method):
    try:
        door.call(message, method=method)
    except grpc.RpcError as error:
        return equal(error.code(), code, "gRPC status")
    raise AssertionError("no error")


def throttled():
    if not URL_LIMITED:
        return report.not_tested("11005", "DOCKET_URL_LIMITED is not set")
    limited = urllib.parse.urlsplit(URL_LIMITED)
    door = Door(service_pb2_grpc.V2Stub(ClarifaiChannel.get_insecure_grpc_channel(limited.hostname, limited.port)))
    report.case("11005", too_many, door)
    if SDK:
        report.case("the SDK waits when there are too many", waits, sdk_door(URL_LIMITED, attempts=3), door)


def too_many(door):
    for _ in range(20):
        response = door.call(message_of({}))
        if response.status.code != status_code_pb2.SUCCESS:
            door.status(response, status_code_pb2.CONN_THROTTLED, "Making too many requests")
            return holds(response.status.details, "no details")
    raise AssertionError("20 requests and not one refused")


def waits(door, spender):
    """Several times, for where everything is slow there may be room again before the SDK asks."""
    for _ in range(5):
        too_many(spender)
        begun = time.monotonic()
        door.ask({"pagination": {"per_page": 1}})
        if time.monotonic() - begun > 4:
            return
    raise AssertionError("it did not wait")


if __name__ == "__main__":
    main()
