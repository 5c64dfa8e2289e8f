"""Bodies for Clarifai's REST route: those that mean something, those that must be refused, and those that nothing decides."""

import json

MIB = 1 << 20
FORMAT, INVALID = 11100, 11102


def body(**members):
    return json.dumps(members).encode()


def query(**members):
    return body(query=members)


def target(**members):
    return query(targets=[members])


def timed(value):
    return query(timestamp_from=value)


# Body, the request in its usual spelling that it has to mean.
MEANS = {
    "nothing": (b"", {}),
    "{}": (b"{}", {}),
    "white space around": (b" \r\n\t{ } \n", {}),
    "null everywhere": (body(user_app_id=None, query=None, sort_ascending=None, pagination=None), {}),
    "null in the query": (query(timestamp_from=None, timestamp_to=None, user_ids=None, operations=None,
                                targets=None, success=None, source_ips=None), {}),
    "null in the pagination": (body(pagination={"page": None, "per_page": None}), {}),
    "camelCase": (body(userAppId={"userId": "x"}, sortAscending=True, pagination={"perPage": 3},
                       query={"timestampFrom": "2024-05-01T00:00:00Z", "userIds": ["alice"]}),
                  {"query": {"timestamp_from": "2024-05-01T00:00:00Z", "user_ids": ["alice"]},
                   "sort_ascending": True, "pagination": {"per_page": 3}}),
    "camelCase of a target": (target(moduleVersion={"id": "1_0_0", "moduleId": "x"}),
                              {"query": {"targets": [{"module_version": {"id": "1_0_0"}}]}}),
    "camelCase of the rest": (query(timestampTo="2024-05-01T00:00:00Z", sourceIps=["::1"]),
                              {"query": {"timestamp_to": "2024-05-01T00:00:00Z", "source_ips": ["::1"]}}),
    "names and numbers mixed": (query(operations=["MODEL_CREATE", 200, "EVENT_TYPE_NOT_SET", 0, 400]),
                                {"query": {"operations": [300, 200, 400]}}),
    "all zeros": (query(operations=[0, "EVENT_TYPE_NOT_SET"]), {}),
    "integers as strings": (body(pagination={"page": "2", "per_page": "5"}), {"pagination": {"page": 2, "per_page": 5}}),
    "the path counts, not the body": (body(user_app_id={"user_id": "nobody-here", "app_id": "main"}), {}),
    "escapes": (rb'{"query":{"user_ids":["\u0061lic\u0065","chlo\u00e9","\ud83d\udef0"]}}', {"query": {"user_ids": ["alice", "chloé"]}}),
    "escaped name": (rb'{"qu\u0065ry":{"user_ids":["alice"]}}', {"query": {"user_ids": ["alice"]}}),
    "a null character in a value": (query(user_ids=["ali\0ce"]), {"query": {"user_ids": ["ali\0ce"]}}),
    "offset": (query(timestamp_from="2024-05-01T02:00:00+02:00", timestamp_to="2024-05-31T16:29:59-07:30"),
               {"query": {"timestamp_from": "2024-05-01T00:00:00Z", "timestamp_to": "2024-05-31T23:59:59Z"}}),
    "offset of nothing": (timed("2024-05-31T23:59:59+00:00"), {"query": {"timestamp_from": "2024-05-31T23:59:59Z"}}),
    "one digit": (timed("2024-05-31T23:59:59.5Z"), {"query": {"timestamp_from": "2024-05-31T23:59:59.500Z"}}),
    "two digits and an offset": (timed("2024-06-01T01:59:59.50+02:00"), {"query": {"timestamp_from": "2024-05-31T23:59:59.500Z"}}),
    "nine digits": (timed("2024-05-31T23:59:59.499999999Z"), {"query": {"timestamp_from": "2024-05-31T23:59:59.500Z"}}),
    "targets with what is ignored": (query(targets=[{"model": {"id": "main", "toolkits": ["x"], "languages_full": [{"id": "de"}]}}]),
                                     {"query": {"targets": [{"model": {"id": "main"}}]}}),
    "null beside the kind of a target": (query(targets=[{"app": {"id": "main"}, "user": None}]),
                                         {"query": {"targets": [{"app": {"id": "main"}}]}}),
    "1000 values": (query(user_ids=["alice"] * 1000, operations=[300] * 1000, targets=[{"app": {"id": "main"}}] * 1000,
                          source_ips=["::1"] * 1000),
                    {"query": {"user_ids": ["alice"], "operations": [300], "targets": [{"app": {"id": "main"}}], "source_ips": ["::1"]}}),
    "exactly 1 MiB": (b"{}".ljust(MIB), {}),
    "page 2^32-1": (body(pagination={"page": 4294967295}), {"pagination": {"page": 4294967295}}),
}

# Body, code.
REFUSED = {
    # no JSON, or none of the kind
    "a word": (b"nope", FORMAT), "an open brace": (b"{", FORMAT), "no value": (b'{"query":}', FORMAT),
    "a list": (b"[]", FORMAT), "a string": (b'"query"', FORMAT), "a number": (b"1", FORMAT), "true": (b"true", FORMAT),
    "two documents": (b"{}{}", FORMAT), "rubbish behind": (b"{} x", FORMAT), "a comma too many": (b'{"sort_ascending":true,}', FORMAT),
    "single quotes": (b"{'query':{}}", FORMAT), "a comment": (b"{/* */}", FORMAT), "NaN": (b'{"pagination":{"page":NaN}}', FORMAT),
    "a form": (b"query=1&page=2", FORMAT), "a null byte": (b"\0", FORMAT), "a null byte in a string": (b'{"query":{"user_ids":["a\0"]}}', FORMAT),
    "a null byte behind": (b"{}\0", FORMAT), "a newline in a string": (b'{"query":{"user_ids":["a\nb"]}}', FORMAT),
    "bytes that are not UTF-8": (b'{"query":{"user_ids":["\xff\xfe"]}}', FORMAT),
    "UTF-8 that is too long": (b'{"query":{"user_ids":["\xc0\xaf"]}}', FORMAT),
    "UTF-16": ('{"query":{}}'.encode("utf-16"), FORMAT),
    "a name twice": (b'{"sort_ascending":true,"sort_ascending":false}', FORMAT),
    "a name in both spellings": (b'{"sort_ascending":true,"sortAscending":false}', FORMAT),
    "a filter twice": (b'{"query":{"user_ids":["alice"],"user_ids":[]}}', FORMAT),
    "deep nesting": (b"[" * 100_000, FORMAT), "deep nesting in a field": (b'{"query":' * 50_000, FORMAT),
    "deep nesting in a target": (b'{"query":{"targets":[{"app":{"id":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_004, FORMAT),
    # unknown fields, at every level
    "unknown at the top": (body(filter={}), FORMAT), "unknown and null": (body(nothing=None), FORMAT),
    "unknown in user_app_id": (body(user_app_id={"user": "x"}), FORMAT), "unknown in the query": (query(user_id=["x"]), FORMAT),
    "unknown in the pagination": (body(pagination={"limit": 3}), FORMAT), "unknown kind of target": (target(dataset={"id": "x"}), FORMAT),
    "unknown in a target": (target(app={"id": "main", "nope": 1}), FORMAT),
    "unknown deep in a target": (target(user={"id": "x", "visibility": {"nope": 1}}), FORMAT),
    "unknown in a tag": (target(model={"id": "x", "languages_full": [{"nope": 1}]}), FORMAT),
    "a name of another case": (body(Query={}), FORMAT), "the number of a field": (body(**{"2": {}}), FORMAT),
    "an empty name": (body(**{"": 1}), FORMAT), "a misspelt filter": (query(source_ip=["::1"]), FORMAT),
    # wrong types
    "query is a list": (body(query=[]), FORMAT), "query is a string": (body(query="x"), FORMAT),
    "users are a string": (query(user_ids="alice"), FORMAT), "users are an object": (query(user_ids={"0": "alice"}), FORMAT),
    "a user is a number": (query(user_ids=[1]), FORMAT), "a user is null": (query(user_ids=[None]), FORMAT),
    "a user is a list": (query(user_ids=[["alice"]]), FORMAT), "operations are a string": (query(operations="MODEL_CREATE"), FORMAT),
    "an unknown operation": (query(operations=["MODEL_MADE"]), FORMAT), "an operation in small letters": (query(operations=["model_create"]), FORMAT),
    "an operation that begins right": (query(operations=["MODEL_CREATED"]), FORMAT), "an empty operation": (query(operations=[""]), FORMAT),
    "half an operation": (query(operations=[300.5]), FORMAT), "an operation beyond 32 bits": (query(operations=[1 << 31]), FORMAT),
    "an operation is true": (query(operations=[True]), FORMAT), "an operation is an object": (query(operations=[{}]), FORMAT),
    "targets are an object": (query(targets={"app": {"id": "main"}}), FORMAT), "a target is a string": (query(targets=["main"]), FORMAT),
    "an app is a string": (target(app="main"), FORMAT), "an id is a number": (target(app={"id": 5}), FORMAT),
    "two kinds in one target": (target(app={"id": "main"}, user={"id": "alice"}), FORMAT),
    "success is a string": (query(success="true"), FORMAT), "success is a number": (query(success=1), FORMAT),
    "success is an object": (query(success={"value": True}), FORMAT), "addresses are a string": (query(source_ips="::1"), FORMAT),
    "an address is a number": (query(source_ips=[127]), FORMAT), "sort is a string": (body(sort_ascending="true"), FORMAT),
    "sort is a number": (body(sort_ascending=1), FORMAT), "pagination is a number": (body(pagination=1), FORMAT),
    "page -1": (body(pagination={"page": -1}), FORMAT), "per_page -1": (body(pagination={"per_page": -1}), FORMAT),
    "page -1 as a string": (body(pagination={"page": "-1"}), FORMAT), "page 2^32": (body(pagination={"page": 1 << 32}), FORMAT),
    "page of a hundred digits": (b'{"pagination":{"page":' + b"9" * 100 + b"}}", FORMAT),
    "half a page": (body(pagination={"page": 1.5}), FORMAT), "page as a word": (body(pagination={"page": "one"}), FORMAT),
    "page is true": (body(pagination={"page": True}), FORMAT), "page is empty": (body(pagination={"page": ""}), FORMAT),
    "page with a space": (body(pagination={"page": " 1"}), FORMAT), "user id is a number": (body(user_app_id={"user_id": 1}), FORMAT),
    # timestamps
    "a date": (timed("2024-05-01"), FORMAT), "no time zone": (timed("2024-05-01T00:00:00"), FORMAT),
    "a space between": (timed("2024-05-01 00:00:00Z"), FORMAT), "month 13": (timed("2024-13-01T00:00:00Z"), FORMAT),
    "February 30": (timed("2024-02-30T00:00:00Z"), FORMAT), "February 29 of 2023": (timed("2023-02-29T00:00:00Z"), FORMAT),
    "hour 24": (timed("2024-05-01T24:00:00Z"), FORMAT), "minute 60": (timed("2024-05-01T00:60:00Z"), FORMAT),
    "a leap second": (timed("2016-12-31T23:59:60Z"), FORMAT), "year 0000": (timed("0000-12-31T23:59:59Z"), FORMAT),
    "year 10000": (timed("10000-01-01T00:00:00Z"), FORMAT), "before year 1 by its offset": (timed("0001-01-01T00:00:00+01:00"), FORMAT),
    "behind year 9999 by its offset": (timed("9999-12-31T23:59:59-01:00"), FORMAT), "ten digits": (timed("2024-05-01T00:00:00.0123456789Z"), FORMAT),
    "a point without digits": (timed("2024-05-01T00:00:00.Z"), FORMAT), "offset of 25 hours": (timed("2024-05-01T00:00:00+25:00"), FORMAT),
    "offset without colon": (timed("2024-05-01T00:00:00+0200"), FORMAT), "a word for a time": (timed("yesterday"), FORMAT),
    "no time": (timed(""), FORMAT), "a number for a time": (timed(1714521600), FORMAT),
    "an object for a time": (timed({"seconds": 1714521600}), FORMAT), "a year of two digits": (timed("24-05-01T00:00:00Z"), FORMAT),
    "a sign in front": (timed("-2024-05-01T00:00:00Z"), FORMAT),
    # understood, but not possible
    "per_page 1001": (body(pagination={"per_page": 1001}), INVALID), "per_page 2^32-1": (body(pagination={"per_page": (1 << 32) - 1}), INVALID),
    "per_page 1001 as a string": (body(pagination={"per_page": "1001"}), INVALID),
    "1001 users": (query(user_ids=["alice"] * 1001), INVALID), "1001 operations": (query(operations=[300] * 1001), INVALID),
    "1001 targets": (query(targets=[{"app": {"id": "main"}}] * 1001), INVALID), "1001 addresses": (query(source_ips=["::1"] * 1001), INVALID),
    "a target without kind": (query(targets=[{}]), INVALID), "a target without id": (target(app={}), INVALID),
    "a target with an empty id": (target(app={"id": ""}), INVALID), "a target with null as id": (target(app={"id": None}), INVALID),
    "one good and one bad target": (query(targets=[{"app": {"id": "main"}}, {"role": {}}]), INVALID),
}

# Nothing says what these mean; they must not shake the server.
UNDECIDED = {
    "null": b"null", "white space alone": b"  \n", "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate": rb'{"query":{"user_ids":["\ud800"]}}', "a number as a string for an operation": query(operations=["300"]),
    "an integer with an exponent": b'{"pagination":{"page":1e0}}', "an integer with a fraction": b'{"pagination":{"page":2.0}}',
    "an integer with a sign": b'{"pagination":{"page":-0}}', "letters of a timestamp in small": timed("2024-05-01t00:00:00z"),
    "a field of a target that is not in the audit log": target(app={"id": "main", "description": "x"}),
    "null as a target": query(targets=[None]), "null as an operation": query(operations=[None]),
    "null as a kind": target(app=None), "a number that is too large for anything": b'{"query":{"operations":[1e400]}}',
    "a long user id": query(user_ids=["a" * 100_000]), "many long names": json.dumps({f"{n}" * 50: n for n in range(2000)}).encode(),
}
