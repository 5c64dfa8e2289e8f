"""Docket's own API, as plainly as a script would use it."""

import json
import os
import urllib.error
import urllib.request


def call(method, path, token=None, body=None, headers=None, url=None):
    """Status, headers and document of an answer, whatever it is."""
    request = urllib.request.Request(
        (url or os.environ["DOCKET_URL"]) + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "User-Agent": "administration/1", **(headers or {})},
        method=method,
    )
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, error.headers, json.loads(text) if text else None


def done(method, path, token, body=None, headers=None, url=None):
    """The document of an answer that must be a success, with its request's id."""
    status, sent, document = call(method, path, token, body, headers, url)
    if status not in (200, 201):
        raise AssertionError(f"{method} {path}: {status} {document}")
    return document, sent["x-request-id"]


def events(token, query="", url=None):
    """All events, oldest first."""
    found, cursor = [], ""
    while True:
        page, _ = done("GET", f"/api/v1/events?order=recorded&direction=asc&limit=1000{query}{cursor}", token, url=url)
        found += page["events"]
        if not page["has_more"]:
            return found
        cursor = f"&cursor={page['next']}"
