"""CalypsoAI's audit log as a plain list: what the server has to answer, worked out the slow way."""

import base64
import json
import pathlib
from datetime import datetime, timedelta, timezone

from audit_model import as_written

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICRO = timedelta(microseconds=1)


class CalypsoModel:
    def __init__(self, path):
        text = pathlib.Path(path).read_text("utf-8")
        self.entries = json.loads(text)  # numbers as a client sees them
        self.written = as_written(text)  # numbers as they were imported
        self.times = [time_of(entry) for entry in self.entries]
        self.place = {entry["id"]: place for place, entry in enumerate(self.entries)}
        assert len(self.place) == len(self.entries), "the ids of the model are not unique"
        self.end = max(self.times) + 1  # what a set-up writes is later

    def bounded(self, query):
        """The query without anything that is newer than the model, so that pages can be compared exactly."""
        bound = moment(self.end)
        return dict(query, before=min(query["before"], bound) if "before" in query else bound)

    def list(self, query):
        """Places of all matching entries, in the order of the answer."""
        order = sorted(range(len(self.entries)), key=lambda i: (self.times[i], i))
        if not query.get("ascending"):
            order.reverse()
        return [i for i in order if self.matches(i, query)]

    def matches(self, place, query):
        entry, time = self.entries[place], self.times[place]
        if "before" in query and not time < micros(query["before"]):
            return False
        if "after" in query and not time > micros(query["after"]):
            return False
        if query.get("type_") and entry["type"] not in query["type_"]:
            return False
        if query.get("userId") and entry["user"]["id"] not in query["userId"]:
            return False
        return query.get("search", "").lower() in searched(entry)

    def printed(self, place):
        """The entry as the server has to print it, keys in order."""
        entry = dict(self.written[place])
        if "createdAt" not in entry:
            entry["createdAt"] = moment(self.times[place]).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry["user"] = dict(sorted(entry["user"].items()))
        return dict(sorted(entry.items()))

    def page(self, query, row=0, limit=10):
        """The answer to a page of the bounded query."""
        places = self.list(query)
        more, before = row + limit < len(places), max(0, row - limit)
        return {
            "events": [self.printed(i) for i in places[row:row + limit]],
            "next": cursor(row + limit, limit) if more else None,
            "prev": cursor(before, limit) if row else None,
        }


def cursor(row, limit):
    text = f'{{"row":{row},"limit":{limit},"type":"row"}}'
    return base64.b64encode(text.encode()).decode()


def time_of(entry):
    """Microseconds since 1970, cut."""
    text = entry.get("createdAt")
    if text is None:
        return int(entry["id"].replace("-", "")[:12], 16) * 1000
    if text.endswith("123Z"):  # nine digits, of which a datetime holds six
        text = text.removesuffix("123Z") + "Z"
    return micros(datetime.fromisoformat(text))


def micros(time):
    time = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return (time - EPOCH) // MICRO


def moment(count):
    return EPOCH + count * MICRO


def searched(entry):
    """All that a search looks at, in lower case, one text after the other."""
    texts = [entry[name] for name in entry if name in ("id", "type") or name.endswith("Id")]
    texts += [entry["user"].get(name) for name in ("id", "name", "email")]
    if entry.get("data") is not None:
        texts.append(json.dumps(entry["data"], ensure_ascii=False, separators=(",", ":")))
    return "\0".join(text for text in texts if isinstance(text, str)).lower()
