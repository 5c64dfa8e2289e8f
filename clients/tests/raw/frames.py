"""gRPC by hand, through curl: content types, and frames around messages that no client would send."""

import re
import subprocess
import tempfile

from report import among, equal, holds, setting
from wire import METHOD, user

URL = setting("DOCKET_URL").rstrip("/")
TOKEN, ORG = setting("DOCKET_TOKEN"), setting("DOCKET_ORG")
TIME_S = 20
U = user(ORG)


def frame(message, flag=0, length=None):
    return bytes([flag]) + (len(message) if length is None else length).to_bytes(4, "big") + message


# Body, what the gRPC status may be.
FRAMES = {
    "as usual": (frame(U), [0]), "no message": (b"", [3, 13]), "half a frame": (frame(U)[:3], [3, 13]),
    "less than the frame says": (frame(U, length=len(U) + 9), [3, 13]), "a message of 4 GiB, announced": (frame(U, length=(1 << 32) - 1), [8]),
    "a message of 1 MiB and a byte, announced": (frame(U, length=(1 << 20) + 1), [8]),
    "compressed, but nobody says how": (frame(U, flag=1), [3, 12, 13]), "an unknown flag": (frame(U, flag=7), [3, 12, 13]),
    "two messages": (frame(U) + frame(U), [0, 3, 12, 13]), "an empty message": (frame(b""), [0]),
}
KINDS = {"application/grpc": [0], "application/grpc+proto": [0]}
ODD_KINDS = ["application/grpc+json", "application/grpc-web+proto", "application/json", "application/grpc; charset=utf-8"]


def cases(report):
    for kind, wanted in KINDS.items():
        report.case(f"content type of gRPC: {kind}", status, frame(U), wanted, kind)
    for kind in ODD_KINDS:
        report.case(f"no server error: content type of gRPC: {kind}", survives, kind)
    for name, (body, wanted) in FRAMES.items():
        report.case(f"frame: {name}", status, body, wanted)


def post(body, kind):
    """Headers and body of the answer. The token goes through standard input, where nobody reads it."""
    with tempfile.NamedTemporaryFile(prefix="docket-frame-") as file:
        file.write(body)
        file.flush()
        command = ["curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--http2-prior-knowledge", "--max-time", str(TIME_S),
                   "--config", "-", "-X", "POST", "-H", f"Content-Type: {kind}", "-H", "TE: trailers",
                   "--data-binary", f"@{file.name}", "-i", URL + METHOD]
        done = subprocess.run(command, input=f'header = "Authorization: Key {TOKEN}"\n'.encode(), capture_output=True,
                              timeout=TIME_S + 5, check=False)
    equal(done.returncode, 0, f"curl ended with {done.stderr.decode()[:300]}")
    head, _, answer = done.stdout.partition(b"\r\n\r\n")
    return head.decode(), answer


def status(body, wanted, kind="application/grpc"):
    head, answer = post(body, kind)
    holds(head.startswith("HTTP/2 200"), f"it said {head[:100]}")
    found = re.search(r"(?im)^grpc-status: (\d+)", head)
    if not found:
        # It is in the trailers, which curl does not show; a whole message came.
        equal(int.from_bytes(answer[1:5], "big"), len(answer) - 5, "length of the message")
    among(int(found[1]) if found else 0, wanted, "gRPC status")


def survives(kind):
    holds(not post(frame(U), kind)[0].startswith("HTTP/2 5"), "a server error")
