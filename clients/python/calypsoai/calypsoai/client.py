"""The client: where it asks, with which token, and the audit log below it."""

from calypsoai.audit import Audit
from calypsoai.transport import Transport

__all__ = ["CalypsoAI"]

_API = "/backend/v1"


class CalypsoAI:
    """Reads from the server at `url` with `token`. Nothing is asked until a method of `client` is called.

    `verify_tls=False` takes any certificate, `timeout` is in seconds and counts for connecting and for each
    wait for more of an answer.
    """

    def __init__(self, url: str, token: str, verify_tls: bool = True, timeout: float = 30.0) -> None:
        self._url = url.rstrip("/").removesuffix(_API).rstrip("/")
        self.client = Client(Transport(self._url + _API, token, verify_tls, timeout))

    def __repr__(self) -> str:
        return f"CalypsoAI(url={self._url!r})"


class Client:
    """What can be asked for, by the paths of the API."""

    def __init__(self, transport: Transport) -> None:
        self.audit = Audit(transport)
