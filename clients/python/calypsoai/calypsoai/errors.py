"""What is raised when the server refuses."""

import json
from typing import Any


class RequestError(Exception):
    """The server answered with a status of 400 or above."""

    def __init__(self, statusCode: int, text: str) -> None:
        self.statusCode = statusCode
        """The status of the answer."""
        self.body: Any = _document(text)
        """The answer as JSON, or its text when it is none."""
        self.message = _message(self.body)
        """What the answer says is wrong."""
        super().__init__(f"{statusCode}: {self.message}")

    def __reduce__(self) -> tuple[Any, ...]:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return (RequestError, (self.statusCode, text))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _message(body: Any) -> str:
    detail = body.get("detail") if isinstance(body, dict) else body
    if isinstance(detail, list):
        return "; ".join(_fault(fault) for fault in detail)
    return detail if isinstance(detail, str) else str(detail)


def _fault(fault: Any) -> str:
    if not isinstance(fault, dict):
        return str(fault)
    where = ".".join(str(step) for step in fault.get("loc", []))
    return f"{where}: {fault.get('msg')}"
