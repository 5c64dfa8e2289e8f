"""Sends requests, again where the server asks for patience, and raises what it refuses."""

import re
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests

from calypsoai.errors import RequestError

_RETRIED = {429, 503}
_RETRIES_MAX = 3
_WAIT_MAX_S = 60.0
_TOKEN = re.compile("[!-~]+")

Pairs = Sequence[tuple[str, str]]


class Transport:
    """Requests to one server with one token."""

    def __init__(self, base: str, token: str, verify_tls: bool, timeout: float) -> None:
        self._base = base
        self._timeout = timeout
        self._session = requests.Session()
        self._verify_tls = verify_tls
        self._session.auth = _Bearer(token)
        self._session.headers["Accept"] = "application/json"

    def get(self, path: str, query: Pairs) -> bytes:
        """The body of the answer; RequestError on every status of 400 and above."""
        attempt = 0
        while True:
            # Given with the request, as the environment overrules what a session says.
            verify = {} if self._verify_tls else {"verify": False}
            answer = self._session.get(
                self._base + path, params=list(query), timeout=self._timeout, **verify)
            if answer.status_code < 400:
                return answer.content
            if answer.status_code not in _RETRIED or attempt == _RETRIES_MAX:
                raise RequestError(answer.status_code, answer.text)
            time.sleep(_wait_s(answer.headers.get("Retry-After"), attempt))
            attempt += 1


class _Bearer(requests.auth.AuthBase):
    """The token, which nothing prints. As a session's auth it also keeps a .netrc from replacing it."""

    def __init__(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            # What is wrong with it is not shown: it is a secret.
            raise ValueError("the token has characters that no header can carry, such as a line break or a space")
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _wait_s(retry_after: str | None, attempt: int) -> float:
    """Seconds until the next attempt: what the server says, else twice as long each time."""
    wait = float(2**attempt)
    if retry_after is not None and retry_after.strip().isdecimal():
        wait = float(retry_after)
    elif retry_after is not None:
        try:
            until = parsedate_to_datetime(retry_after)
        except ValueError:
            return wait
        if until.tzinfo is None:
            until = until.replace(tzinfo=timezone.utc)
        wait = (until - datetime.now(timezone.utc)).total_seconds()
    return min(max(wait, 0.0), _WAIT_MAX_S)
