"""Bytes for Clarifai's gRPC method that its clients would not send."""

import grpc

from clarifai_model import KINDS, lean, same_entries
from people import BAD_HEADERS
from report import among, equal, holds, setting
from wire import MIB, block, number, user, varint

ORG = setting("DOCKET_ORG")
TOKEN = setting("DOCKET_TOKEN")
INVALID, FORMAT, OK = 11102, 11100, 10000
DESCRIPTIONS = {INVALID: "Invalid request", FORMAT: "Bad request format", OK: "Ok"}
U = user(ORG)


def per_page(size):
    return block(5, number(2, size))


def query(raw):
    return U + block(2, raw)


def target(kind, raw):
    return query(block(5, block(kind, raw)))


def time(seconds, nanos=0):
    return number(1, seconds) + number(2, nanos)


# Message, the request that it has to mean.
MEANS = {
    "unknown fields of every wire type": (U + number(100, 7) + block(101, "x") + varint(102 << 3 | 1) + b"12345678"
                                          + varint(103 << 3 | 5) + b"1234", {}),
    "the unused field 4": (U + block(4, "x"), {}),
    "unknown fields in the query": (query(block(3, "alice") + number(99, 1)), {"query": {"user_ids": ["alice"]}}),
    "unknown fields in a target": (target(4, block(1, "main") + block(99, "x") + number(7, 3)), {"query": {"targets": [{"app": {"id": "main"}}]}}),
    "unknown fields in user_app_id": (block(1, block(1, ORG) + block(2, "app") + block(9, "x")), {}),
    "unknown fields in a time": (query(block(1, time(1717199999) + number(9, 1))), {"query": {"timestamp_from": "2024-05-31T23:59:59Z"}}),
    "operations one by one": (query(number(4, 300) + number(4, 400)), {"query": {"operations": [300, 400]}}),
    "operations both ways": (query(number(4, 300) + block(4, varint(400) + varint(0)) + number(4, 200)), {"query": {"operations": [300, 400, 200]}}),
    "a negative operation": (query(number(4, -1)), {"query": {"operations": [-1]}}),
    "an empty pack of operations": (query(block(4, b"")), {}),
    "messages that come twice are merged": (block(1, block(2, "x")) + block(2, block(3, "alice")) + U + block(2, block(3, "bob")),
                                            {"query": {"user_ids": ["alice", "bob"]}}),
    "the last of two numbers counts": (U + per_page(1001) + per_page(3), {"pagination": {"per_page": 3}}),
    "the last of two kinds counts": (query(block(5, block(4, block(1, "main")) + block(9, block(1, "main")))),
                                     {"query": {"targets": [{"model": {"id": "main"}}]}}),
    "fields in another order": (per_page(5) + number(3, 1) + U, {"sort_ascending": True, "pagination": {"per_page": 5}}),
    "numbers that are longer than they need be": (U + b"\x18\x81\x80\x80\x00", {"sort_ascending": True}),
    "success, empty": (query(block(6, b"")), {"query": {"success": False}}),
    "empty times": (query(block(1, b"") + block(2, b"")),
                    {"query": {"timestamp_from": "1970-01-01T00:00:00Z", "timestamp_to": "1970-01-01T00:00:00Z"}}),
    "page 2^32-1": (U + block(5, number(1, (1 << 32) - 1) + number(2, 1000)), {"pagination": {"page": (1 << 32) - 1, "per_page": 1000}}),
    "exactly 1 MiB": (U + block(200, b"x" * (MIB - len(U) - 5)), {}),
    "1000 values": (query(block(3, "alice") * 1000 + number(4, 300) * 1000 + block(7, "::1") * 1000 + block(5, block(4, block(1, "main"))) * 1000),
                    {"query": {"user_ids": ["alice"], "operations": [300], "source_ips": ["::1"], "targets": [{"app": {"id": "main"}}]}}),
}

# Message, code in the status.
REFUSED = {
    "nothing": (b"", INVALID), "an empty user_app_id": (block(1, b""), INVALID), "an empty user id": (user(""), INVALID),
    "an app and no user": (block(1, block(2, "main")), INVALID),
    "per_page 1001": (U + per_page(1001), INVALID), "per_page 2^32-1": (U + per_page((1 << 32) - 1), INVALID),
    "a target without kind": (query(block(5, b"")), INVALID), "a target of an unknown kind": (target(99, block(1, "x")), INVALID),
    "a target without id": (target(4, b""), INVALID), "a target with an empty id": (target(13, block(1, "")), INVALID),
    "1001 users": (query(block(3, "alice") * 1001), INVALID), "1001 operations": (query(block(4, varint(300) * 1001)), INVALID),
    "1001 targets": (query(block(5, block(4, block(1, "main"))) * 1001), INVALID), "1001 addresses": (query(block(7, "::1") * 1001), INVALID),
    "a time behind year 9999": (query(block(1, time(253402300800))), FORMAT), "a time before year 1": (query(block(1, time(-62135596801))), FORMAT),
    "a time at the end of all numbers": (query(block(2, time((1 << 63) - 1))), FORMAT),
    "nanoseconds of a second": (query(block(1, time(0, 1_000_000_000))), FORMAT), "nanoseconds below zero": (query(block(1, time(0, -1))), FORMAT),
}

# Not a message at all.
BROKEN = {
    "cut in a length": U + b"\x12", "cut in a message": U + b"\x12\x05\x1a", "a length beyond the end": U[:-1], "cut in a number": b"\x18\x80",
    "a number without end": U + b"\x18" + b"\xff" * 11, "wire type 7": U + b"\x1f", "wire type 6": U + b"\x1e", "field 0": U + b"\x00\x01",
    "a group that ends before it began": U + b"\x0c", "a length of all bits": b"\x0a" + b"\xff" * 9 + b"\x01",
    "a user id that is not UTF-8": block(1, block(1, b"\xff\xfe")), "an address that is not UTF-8": query(block(7, b"\x80")),
    "JSON": b'{"user_app_id": {"user_id": "acme"}}', "deep groups": U + varint(50 << 3 | 3) * 10_000,
}

# Nothing says what these mean; they must not shake the server.
UNDECIDED = {
    "a number where a message is expected": number(1, 5), "a text where a number is expected": U + block(3, "x"),
    "a fixed number for a pack": query(varint(4 << 3 | 1) + b"12345678"), "a page beyond 32 bits": U + block(5, number(2, 1 << 40)),
    "a group": U + varint(50 << 3 | 3) + number(1, 1) + varint(50 << 3 | 4),
}
METHODS = ("/clarifai.api.V2/ListApps", "/clarifai.api.V2/PostAuditLogSearch", "/clarifai.api.V2/postAuditLogSearches",
           "/clarifai.api.V2/PostAuditLogSearches/x", "/clarifai.api.V2/", "/clarifai.api.V3/PostAuditLogSearches",
           "/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")


def cases(report, model, rpc):
    for name, (message, request) in MEANS.items():
        report.case(f"message: {name}", means, model, rpc, message, request)
    for kind, word in KINDS.items():
        identity = next(t[word]["id"] for e in model.entries for t in e.get("targets", []) if word in t)
        report.case(f"message: target {word}", means, model, rpc, target(kind, block(1, identity)),
                    {"query": {"targets": [{word: {"id": identity}}]}})
    for name, (message, code) in REFUSED.items():
        report.case(f"{code} message: {name}", refused, rpc, message, code)
    for name, message in BROKEN.items():
        report.case(f"gRPC 3: {name}", lambda message=message: equal(rpc.status_of(message), 3, "gRPC status"))
    for name, message in UNDECIDED.items():
        report.case(f"no server error: {name}", lambda message=message: among(rpc.status_of(message), [0, 3], "gRPC status"))
    for size in (MIB + 1, 3 * MIB, 8 * MIB):
        message = U + block(200, b"x" * (size - len(U) - 5 - (size > 2 * MIB)))
        report.case(f"gRPC 8: {len(message)} bytes", lambda message=message: equal(rpc.status_of(message), 8, "gRPC status"))
    for method in METHODS:
        report.case(f"gRPC 12: {method}", lambda method=method: equal(rpc.status_of(U, method=method), 12, "gRPC status"))
    for name, values in BAD_HEADERS.items():
        metadata = tuple(("authorization", value.replace("{}", TOKEN)) for value in values)
        if name not in ("empty", "a tab"):  # this client does not send them
            report.case(f"11102 metadata: {name}", refused, rpc, U, INVALID, metadata)
    report.case("11102 metadata: a session token", refused, rpc, U, INVALID, (("x-clarifai-session-token", TOKEN),))
    report.case("no server error: compressed", compressed, rpc)
    report.case("the call ends when its caller leaves", leaves, rpc)


def means(model, rpc, message, request):
    found = rpc.ask(message)
    equal(found["status"]["code"], OK, f"code with {found['status']}")
    same_entries(found.get("entries", []), lean(model.page(request)))


def refused(rpc, message, code, metadata=None):
    found = rpc.ask(message, metadata)
    status = found["status"]
    equal((status["code"], status["description"]), (code, DESCRIPTIONS[code]), f"status with {status}")
    holds(status.get("details"), "no details")
    holds("entries" not in found, "entries")


def compressed(rpc):
    call = rpc.channel.unary_unary("/clarifai.api.V2/PostAuditLogSearches")
    try:
        call(U, metadata=(("authorization", f"Key {TOKEN}"),), timeout=30, compression=grpc.Compression.Gzip)
    except grpc.RpcError as error:
        among(error.code().value[0], [3, 12], "gRPC status")


def leaves(rpc):
    for _ in range(20):
        call = rpc.channel.unary_unary("/clarifai.api.V2/PostAuditLogSearches")
        call.future(U + per_page(1000), metadata=(("authorization", f"Key {TOKEN}"),), timeout=30).cancel()
    equal(rpc.status_of(U), 0, "gRPC status")
