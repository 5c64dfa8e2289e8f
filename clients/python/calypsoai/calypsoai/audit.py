"""The audit log: a page of it, and all of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

from calypsoai.datatypes import AuditEvent, AuditEventType, GetAuditResponse
from calypsoai.transport import Transport

__all__ = ["Audit"]

_PATH = "/audit"
_STEP = timedelta(microseconds=1)

Time = datetime | str
Types = AuditEventType | str | Iterable[AuditEventType | str]
Ids = str | Iterable[str]


class Audit:
    """The audit log of the token's organization."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self,
        cursor: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        ascending: bool | None = None,
        before: Time | None = None,
        after: Time | None = None,
        type_: Types | None = None,
        userId: Ids | None = None,
        onlyUser: bool | None = None,
    ) -> GetAuditResponse:
        """A page of events, newest first. By default only those of the token's owner.

        `cursor` is `next` or `prev` of an earlier page, to be sent with the same filters. `type_` and `userId`
        take one value or several. A `datetime` without a zone is in UTC.
        """
        scalars = [
            ("cursor", cursor),
            ("search", search),
            ("limit", None if limit is None else str(limit)),
            ("ascending", _bit(ascending)),
            ("before", _time(before)),
            ("after", _time(after)),
            ("onlyUser", _bit(onlyUser)),
        ]
        query = [(name, value) for name, value in scalars if value is not None]
        query += [("type", value) for value in _words(type_)]
        query += [("userId", value) for value in _words(userId)]
        return GetAuditResponse.model_validate_json(self._transport.get(_PATH, query))

    def iterate(
        self,
        batchSize: int = 100,
        *,
        search: str | None = None,
        ascending: bool | None = None,
        before: Time | None = None,
        after: Time | None = None,
        type_: Types | None = None,
        userId: Ids | None = None,
        onlyUser: bool | None = None,
    ) -> Iterator[AuditEvent]:
        """All events, page by page. Cursors are offsets: what arrives during the walk moves the rest.

        Newest first, the walk therefore ends above at the newest event of its first page, unless `before`
        already says where. Oldest first, it goes on until it has caught up. Either way no event comes twice.
        """
        types, users = _words(type_), _words(userId)
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            page = self.get(
                cursor=cursor,
                search=search,
                limit=batchSize,
                ascending=ascending,
                before=before,
                after=after,
                type_=types,
                userId=users,
                onlyUser=onlyUser,
            )
            if cursor is None and before is None and not ascending:
                before = _above(page.events)
            for event in page.events:
                if event.id is None or event.id not in seen:
                    if event.id is not None:
                        seen.add(event.id)
                    yield event
            cursor = page.next
            if cursor is None:
                return


def _above(events: list[AuditEvent]) -> datetime | None:
    """Just above the newest event, which is the first. Where it does not tell its time there is no bound: one
    below it would move the rows of all that follow."""
    newest = events[0].createdAt if events else None
    if not isinstance(newest, datetime):
        return None
    try:
        # Without a zone it is in UTC.
        newest = (newest.replace(tzinfo=newest.tzinfo or timezone.utc)).astimezone(timezone.utc)
        return newest + _STEP
    except OverflowError:
        return None


def _bit(value: bool | None) -> str | None:
    return None if value is None else str(bool(value)).lower()


def _time(value: Time | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _words(value: Iterable[str] | str | None) -> list[str]:
    """One word or several as a list; an enumeration's member as its value."""
    if value is None:
        return []
    words = [value] if isinstance(value, str) else value
    return [word.value if isinstance(word, AuditEventType) else word for word in words]
