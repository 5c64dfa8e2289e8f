"""The audit log as a plain list: what the server has to answer, worked out the slow way."""

import json
import pathlib
import string

FOLDER = pathlib.Path(__file__).parent.parent
OLD_NAMES = {
    "checkpoint_permission.created": "checkpoint.permission.created",
    "checkpoint_permission.deleted": "checkpoint.permission.deleted",
}
UPPER_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
TARGETS = {t["type"]: t["targets"] for t in json.loads((FOLDER / "types.json").read_text("utf-8"))}


class Number(str):
    """A JSON number as it was written."""


def as_written(text):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse_constant)


def refuse_constant(word):
    raise ValueError(f"{word} is not JSON")


def canonical(value):
    """Text that is equal for equal JSON only: 1, 1.0, "1" and true all differ."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{canonical(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value)


def queries():
    return json.loads((FOLDER / "queries.json").read_text("utf-8"))


class AuditModel:
    def __init__(self, path):
        text = pathlib.Path(path).read_text("utf-8")
        self.entries = json.loads(text)  # numbers as a client sees them
        self.written = as_written(text)  # numbers as they were imported
        self.place = {e["id"]: i for i, e in enumerate(self.entries)}
        self.last_second = max(e["effective_at"] for e in self.entries)
        assert len(self.place) == len(self.entries), "the ids of the model are not unique"

    def bounded(self, query):
        """The query without anything that is newer than the model: entries which the set-up of the
        test wrote. Pages can then be compared exactly."""
        times = dict(query.get("effective_at") or {})
        times["lte"] = min(times.get("lte", self.last_second), self.last_second)
        return dict(query, effective_at=times)

    def list(self, query, order="desc"):
        """Places of all matching entries, in the order of the answer."""
        return [i for i in self.sequence(order) if matches(self.entries[i], query)]

    def sequence(self, order):
        if order == "asc":
            return list(range(len(self.entries)))
        return sorted(range(len(self.entries)), key=lambda i: (-self.entries[i]["effective_at"], -i))

    def page(self, query):
        """Places of the entries of one page, and whether there are more."""
        order, limit = query.get("order") or "desc", query.get("limit") or 20
        sequence = self.sequence(order)
        begin, end = 0, len(sequence)
        if query.get("after"):
            begin = sequence.index(self.place[query["after"]]) + 1
        if query.get("before"):
            end = sequence.index(self.place[query["before"]])
        found = [i for i in sequence[begin:end] if matches(self.entries[i], query)]
        if query.get("before") and not query.get("after"):
            return found[-limit:], len(found) > limit
        return found[:limit], len(found) > limit

    def answer(self, query):
        """The page as the server has to print it."""
        places, more = self.page(query)
        ids = [self.entries[i]["id"] for i in places]
        return {
            "object": "list", "data": [self.written[i] for i in places],
            "first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None,
            "has_more": more,
        }

    def ids(self, places):
        return [self.entries[i]["id"] for i in places]

    def anchors(self):
        """Ids worth standing at: both ends, inside and at the borders of the longest second, an
        entry that a plain list does not show, and one that came late."""
        order = self.ids(self.sequence("desc"))
        second = [e["effective_at"] for e in self.entries]
        busiest = max(sorted(set(second)), key=second.count)
        run = [i for i in order if second[self.place[i]] == busiest]
        late = next(i for i in range(1, len(second)) if 1 < second[i] < max(second[:i]))
        hidden = next(e["id"] for e in self.entries[100:] if is_tenant_scoped(e["type"]))
        return {
            "the newest": order[0], "the second": order[1], "the middle": order[len(order) // 2],
            "the first of a second": run[0], "inside a second": run[len(run) // 2],
            "the last of a second": run[-1], "a late one": self.entries[late]["id"],
            "a hidden one": hidden, "the last but one": order[-2], "the oldest": order[-1],
            "the first appended": self.entries[0]["id"], "the last appended": self.entries[-1]["id"],
        }


def matches(entry, query):
    if is_tenant_scoped(entry["type"]) != bool(query.get("tenant_only")):
        return False
    time, bounds = entry["effective_at"], query.get("effective_at") or {}
    if "gt" in bounds and not time > bounds["gt"]:
        return False
    if "gte" in bounds and not time >= bounds["gte"]:
        return False
    if "lt" in bounds and not time < bounds["lt"]:
        return False
    if "lte" in bounds and not time <= bounds["lte"]:
        return False
    types = [OLD_NAMES.get(t, t) for t in query.get("event_types") or []]
    emails = [e.translate(UPPER_TO_LOWER) for e in query.get("actor_emails") or []]
    wanted = [
        (query.get("project_ids"), [at(entry, "project", "id")]),
        (types, [entry["type"]]),
        (query.get("actor_ids"), actor_ids(entry)),
        (emails, [e.translate(UPPER_TO_LOWER) for e in actor_emails(entry)]),
        (query.get("resource_ids"), target_ids(entry)),
    ]
    return all(not asked or any(value in asked for value in values) for asked, values in wanted)


def is_tenant_scoped(name):
    return name.startswith("tenant.") or name in ("role.bound_to_resource", "role.unbound_from_resource")


def actor_ids(entry):
    paths = [("session", "user", "id"), ("api_key", "user", "id"),
             ("api_key", "service_account", "id"), ("api_key", "id")]
    return [at(entry, "actor", *path) for path in paths]


def actor_emails(entry):
    paths = [("session", "user", "email"), ("api_key", "user", "email")]
    return [email for path in paths if (email := at(entry, "actor", *path)) is not None]


def target_ids(entry):
    payload, found = entry.get(entry["type"]), []
    for path in TARGETS.get(entry["type"], []):
        values = [payload]
        for step in path.split("."):
            name, many = step.removesuffix("[]"), step.endswith("[]")
            values = [v.get(name) for v in values if isinstance(v, dict)]
            if many:
                values = [item for v in values if isinstance(v, list) for item in v]
        found += [v for v in values if isinstance(v, str)]
    return found


def at(value, *path):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
