"""Connections that go wrong: cleartext on the TLS port, TLS on the other, half a request, many at once, too many requests."""

import http.client
import socket
import ssl
import threading
import time
import urllib.parse

from report import among, equal, holds, setting
from wire import TIME_S, Grpc, Rest, user

URL, URL_TLS = urllib.parse.urlsplit(setting("DOCKET_URL")), urllib.parse.urlsplit(setting("DOCKET_URL_TLS"))
CA = setting("DOCKET_CA")
TOKEN, ORG = setting("DOCKET_TOKEN"), setting("DOCKET_ORG")
# A second server that limits the rate of a token, and takes little time for half a request.
URL_LIMITED = setting("DOCKET_URL_LIMITED", needed=False)
URL_LIMITED_TLS = setting("DOCKET_URL_LIMITED_TLS", needed=False)
PATH = f"/v2/users/{ORG}/audit_log/searches"
ALERT = 0x15  # first byte of a TLS record that is an alert
CLOSE_TIME_S = 1  # for cleartext on the TLS port
SLOW_TIME_S = 15  # until the limited server has to have closed half a request
MOST_REQUESTS = 100  # until the limited server has to have said no
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Key {TOKEN}\r\n".encode()

CLEARTEXT = {
    "a request": f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a word": b"hello\r\n", "zeros": bytes(64), "a long request": b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 5000,
}
# What is sent, and then nothing more.
HALVES = {
    "half a line": b"POST /v2/us", "half a head": HEAD, "half a body": HEAD + b'Content-Length: 100\r\n\r\n{"query":',
    "half a chunk": HEAD + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"query":', "a head of gRPC alone": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "half a preface": b"PRI * HTTP/2.0\r\n", "nothing": b"",
}
# The same on the TLS port, before there is TLS.
HALF_HANDSHAKES = {"half of a TLS record": bytes([0x16, 3, 1, 2, 0, 1]), "nothing on the TLS port": b""}

# No request, or not one that HTTP allows.
RUBBISH = [
    b"\0" * 100, b"GET\r\n\r\n", b"\r\n" * 100, HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    HEAD + b"X: " + b"a" * 200_000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
]


def cases(report, healthy, answer):
    for name, sent in CLEARTEXT.items():
        report.case(f"cleartext on the TLS port: {name}", alert, sent)
    report.case("TLS on the cleartext port", tls_on_cleartext)
    report.case("TLS without ALPN is HTTP/1.1", over_tls, [])
    report.case("TLS with http/1.1", over_tls, ["http/1.1"])
    report.case("TLS prefers HTTP/2", alpn)
    report.case("TLS with a protocol that nobody speaks", unknown_alpn)
    report.case("a certificate for another name is noticed", other_name)
    report.case("connections that say nothing", idle, healthy)
    report.case("connections that break off", broken_off, healthy)
    report.case("bytes that are no request", rubbish)
    if not URL_LIMITED:
        return report.not_tested("11005, slow clients", "DOCKET_URL_LIMITED is not set")
    slow(report)
    report.case("11005", limited, answer)
    report.case("11005 over gRPC", limited_grpc)


def connect(url=URL):
    return socket.create_connection((url.hostname, url.port), timeout=TIME_S)


def read_all(stream):
    """Everything until the other side closes."""
    got = b""
    try:
        while piece := stream.recv(65536):
            got += piece
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return got


def alert(sent):
    begun = time.monotonic()
    with connect(URL_TLS) as stream:
        try:
            stream.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = read_all(stream)
    took = time.monotonic() - begun
    holds(took < CLOSE_TIME_S, f"closed after {took:.2f} s")
    holds(got[:1] == bytes([ALERT]), f"it said {got[:20]!r}")


def context(protocols=(), check=True):
    made = ssl.create_default_context(cafile=CA)
    if not check:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


def over_tls(protocols):
    connection = http.client.HTTPSConnection(URL_TLS.hostname, URL_TLS.port, timeout=TIME_S, context=context(protocols))
    connection.request("POST", PATH, b"{}", {"Authorization": f"Key {TOKEN}"})
    response = connection.getresponse()
    equal((response.status, response.version), (200, 11), "HTTP status and version")
    response.read()
    connection.close()


def alpn():
    with connect(URL_TLS) as stream, context(["http/1.1", "h2"]).wrap_socket(stream, server_hostname="localhost") as secure:
        among(secure.selected_alpn_protocol(), ["h2", "http/1.1"], "protocol")
    with connect(URL_TLS) as stream, context(["h2"]).wrap_socket(stream, server_hostname="127.0.0.1") as secure:
        equal(secure.selected_alpn_protocol(), "h2", "protocol")


def unknown_alpn():
    try:
        with connect(URL_TLS) as stream, context(["nonsense/9"]).wrap_socket(stream, server_hostname="localhost") as secure:
            equal(secure.selected_alpn_protocol(), None, "protocol")
    except (ssl.SSLError, ConnectionResetError):
        pass  # refused, as RFC 7301 has it


def other_name():
    try:
        with connect(URL_TLS) as stream, context().wrap_socket(stream, server_hostname="example.com"):
            pass
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("the certificate was taken for example.com")


def tls_on_cleartext():
    begun = time.monotonic()
    try:
        with connect() as stream, context(["h2", "http/1.1"], check=False).wrap_socket(stream):
            pass
    except (ssl.SSLError, ConnectionResetError):
        return holds(time.monotonic() - begun < 5, "it took long")
    raise AssertionError("the cleartext port speaks TLS")


def idle(healthy):
    streams = [connect(url) for url in (URL, URL_TLS) for _ in range(50)]
    try:
        healthy()
    finally:
        for stream in streams:
            stream.close()


def broken_off(healthy):
    for _ in range(20):
        for sent in HALVES.values():
            with connect() as stream:
                stream.sendall(sent)
    healthy()


def rubbish():
    for sent in RUBBISH:
        with connect() as stream:
            stream.settimeout(10)
            try:
                stream.sendall(sent)
                stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            got = read_all(stream)
            holds(not got.startswith(b"HTTP/1.1 2") and not got.startswith(b"HTTP/1.1 5"), f"to {sent[:20]!r} it said {got[:40]!r}")


def slow(report):
    """All at once, so that it takes no longer than the slowest."""
    plain, outcomes = urllib.parse.urlsplit(URL_LIMITED), {}
    halves = {name: (plain, sent, False) for name, sent in HALVES.items()}
    if URL_LIMITED_TLS:
        tls = urllib.parse.urlsplit(URL_LIMITED_TLS)
        halves.update({name: (tls, sent, False) for name, sent in HALF_HANDSHAKES.items()})
        halves.update({f"{name}, over TLS": (tls, sent, True) for name, sent in HALVES.items()})
    else:
        report.not_tested("slow clients over TLS", "DOCKET_URL_LIMITED_TLS is not set")

    def wait(name, arguments):
        try:
            outcomes[name] = half(*arguments)
        except Exception as error:
            outcomes[name] = error

    threads = [threading.Thread(target=wait, args=item, daemon=True) for item in halves.items()]
    for thread in threads:
        thread.start()
    report.case("others are served beside slow clients", served)
    for thread in threads:
        thread.join(SLOW_TIME_S + 10)
    for name in halves:
        report.note(f"a slow client: {name}", outcomes.get(name, AssertionError("not closed")))


def half(url, sent, secure):
    """Sends it and waits until the server closes."""
    begun = time.monotonic()
    with connect(url) as stream:
        stream.settimeout(SLOW_TIME_S)
        if secure:
            # The limited server has an authority of its own; what its certificate says is tested elsewhere.
            stream = context(["h2" if sent.startswith(b"PRI") else "http/1.1"], check=False).wrap_socket(stream)
        stream.sendall(sent)
        try:
            got = read_all(stream)
        except TimeoutError:
            raise AssertionError(f"not closed within {SLOW_TIME_S} s") from None
    holds(not got.startswith(b"HTTP/1.1 2"), f"it said {got[:60]!r} after {time.monotonic() - begun:.1f} s")


def served():
    """Without a token, since those of this server are few."""
    for _ in range(20):
        equal(Rest(URL_LIMITED, TOKEN).ask(None, ORG, method="OPTIONS", headers=[]).http in (200, 204), True, "OPTIONS")
        time.sleep(0.05)


def limited(answer):
    for _ in range(MOST_REQUESTS):
        found = Rest(URL_LIMITED, TOKEN).ask(user=ORG)
        if found.http != 200:
            return answer(found, 11005)
    raise AssertionError(f"{MOST_REQUESTS} requests and not one refused")


def limited_grpc():
    rpc = Grpc(URL_LIMITED, TOKEN)
    for _ in range(MOST_REQUESTS):
        status = rpc.ask(user(ORG))["status"]
        if status["code"] != 10000:
            return equal((status["code"], status["description"]), (11005, "Making too many requests"), "status")
    raise AssertionError(f"{MOST_REQUESTS} requests and not one refused")
