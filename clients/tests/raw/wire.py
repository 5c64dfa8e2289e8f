"""The wire by hand: protobuf bytes, a gRPC channel for bytes, and HTTP/1.1 requests of any shape."""

import http.client
import json
import re
import urllib.parse

import grpc

METHOD = "/clarifai.api.V2/PostAuditLogSearches"
TIME_S = 60  # of one request
REQUEST_ID = re.compile(r"(?:[!-~]{1,64}-)?[0-9a-f]{32}")
MIB = 1 << 20
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,OPTIONS,DELETE",
    "access-control-allow-headers": "Content-Type,Accept,Authorization,X-Clarifai-Session-Token,"
                                    "x-clarifai-request-id-prefix,x-request-id",
}
# Field numbers of the messages: name and, where it is not a scalar, what it is; * is repeated.
MESSAGES = {
    "answer": {1: "status status", 2: "entries *entry"},
    "status": {1: "code", 2: "description text", 3: "details text", 7: "req_id text"},
    "entry": {1: "timestamp time", 2: "user user", 3: "operation", 4: "description text", 5: "targets *target",
              6: "details *text", 7: "success bool", 8: "req_id text", 9: "source_ip text"},
    "user": {1: "id text", 3: "first_name text", 4: "last_name text", 5: "company_name text", 19: "job_title text",
             20: "job_role text", 24: "intention text", 6: "created_at time", 17: "visibility visibility"},
    "visibility": {1: "gettable"},
    "target": {1: "user user", 2: "role role", 3: "team team", 4: "app app", 5: "module module",
               6: "module_version module_version", 7: "workflow workflow", 8: "workflow_version workflow_version",
               9: "model model", 10: "model_version model_version", 11: "compute_cluster compute_cluster",
               12: "nodepool team", 13: "deployment deployment"},
    "role": {1: "id text", 4: "name text", 8: "type"},
    "team": {1: "id text", 4: "name text"},
    "app": {1: "id text", 2: "name text", 5: "user_id text"},
    "module": {1: "id text", 9: "user_id text", 10: "app_id text"},
    "module_version": {1: "id text", 2: "module_id text", 3: "app_id text", 4: "user_id text"},
    "workflow": {1: "id text", 2: "app_id text", 7: "user_id text", 14: "use_cases *text", 15: "check_consents *text"},
    "workflow_version": {1: "id text", 2: "workflow_id text", 8: "app_id text", 9: "user_id text"},
    "model": {1: "id text", 4: "app_id text", 9: "user_id text", 20: "toolkits *text", 21: "use_cases *text",
              25: "languages *text", 31: "languages_full *tag", 32: "check_consents *text"},
    "tag": {1: "name text", 2: "id text"},
    "model_version": {1: "id text", 13: "app_id text", 14: "user_id text"},
    "compute_cluster": {1: "id text", 5: "user_id text"},
    "deployment": {1: "id text", 2: "user_id text"},
    "time": {1: "seconds", 2: "nanos"},
}


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, value):
    """A text or a message."""
    raw = value.encode("utf-8") if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def user(identity):
    """The request's first field."""
    return block(1, block(1, identity))


def read_varint(raw, place):
    value, shift = 0, 0
    while True:
        byte = raw[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place


def decode(raw, kind):
    """A message as members of REST JSON, without empty ones. Whatever the table does not know is a fault."""
    members, place = {}, 0
    while place < len(raw):
        key, place = read_varint(raw, place)
        name, _, what = MESSAGES[kind][key >> 3].partition(" ")
        value, place = read_varint(raw, place)
        if key & 7 == 2:
            value, place = raw[place:place + value], place + value
        assert key & 7 == (2 if what and what != "bool" else 0), f"wire type of {kind}.{name}"
        many, what = what.startswith("*"), what.removeprefix("*")
        value = scalar(value, what)
        if many:
            members.setdefault(name, []).append(value)
        else:
            members[name] = value
    return members


def scalar(value, what):
    if what == "text":
        return value.decode("utf-8")
    if what == "bool":
        return bool(value)
    if what == "":
        return value - (1 << 64) if value >> 63 else value
    members = decode(value, what)
    return stamp(members.get("seconds", 0), members.get("nanos", 0)) if what == "time" else members


def stamp(seconds, nanos):
    days, second = divmod(seconds, 86400)
    # Civil date of a number of days, counted in eras of 400 years that begin in March.
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    date = f"{year + era * 400 + (month > 9):04d}-{(month + 2) % 12 + 1:02d}-{day - (153 * month + 2) // 5 + 1:02d}"
    fraction = re.sub(r"(000)+$", "", f"{nanos:09d}")
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{date}T{clock}{'.' + fraction if fraction else ''}Z"


class Grpc:
    """A channel for bytes, so that anything can be sent."""

    def __init__(self, url, token):
        address = urllib.parse.urlsplit(url).netloc
        options = [("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        self.channel, self.token = grpc.insecure_channel(address, options=options), token

    def ask(self, message, metadata=None, method=METHOD):
        """The answer decoded, or the RpcError."""
        if metadata is None:
            metadata = (("authorization", f"Key {self.token}"),)
        call = self.channel.unary_unary(method, request_serializer=None, response_deserializer=None)
        return decode(call(message, metadata=metadata, timeout=TIME_S), "answer")

    def status_of(self, message, **options):
        """The number of the gRPC status; 0 when there is an answer."""
        try:
            self.ask(message, **options)
        except grpc.RpcError as error:
            return error.code().value[0]
        return 0


class Answer:
    def __init__(self, response):
        self.http = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.raw = response.read()
        self.body = json.loads(self.raw) if self.raw else None

    @property
    def status(self):
        return self.body["status"]


class Rest:
    """One request, one connection; nothing is added to what the case says."""

    def __init__(self, url, token):
        self.url, self.token = urllib.parse.urlsplit(url), token

    def ask(self, body=b"{}", user="me", path=None, method="POST", headers=None, length=True, chunked=False):
        """`headers` None: the token's own. Pairs, since a name may come twice."""
        if headers is None:
            headers = [("Authorization", f"Key {self.token}")]
        path = path or f"/v2/users/{urllib.parse.quote(user, safe='')}/audit_log/searches"
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=TIME_S)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif length and body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body, encode_chunked=chunked)
            return Answer(connection.getresponse())
        finally:
            connection.close()
