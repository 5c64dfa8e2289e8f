"""A walk over all pages of a log that grows meanwhile."""

import base64
import json
import unittest
from datetime import datetime, timedelta, timezone

from calypsoai import CalypsoAI
from stub import Stub

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Log:
    """A list of (second, id), asked by row offset like the server's."""

    def __init__(self, count):
        self.events = [(second, f"e{second}") for second in range(count)]

    def answer(self, query):
        asked = dict(query)
        wanted = sorted(self.events, reverse=asked.get("ascending") != "true")
        if "before" in asked:
            bound = datetime.fromisoformat(asked["before"])
            wanted = [(second, id) for second, id in wanted if at(second) < bound]
        row, limit = 0, int(asked.get("limit", 10))
        if "cursor" in asked:
            row = json.loads(base64.b64decode(asked["cursor"]))["row"]
        events = [self.event(*one) for one in wanted[row:row + limit]]
        after = row + limit if row + limit < len(wanted) else None
        return 200, {}, {"events": events, "next": None if after is None else cursor(after, limit), "prev": None}

    def event(self, second, id):
        hidden = id == "hidden"
        return {"createdAt": None if hidden else at(second).isoformat(), "id": id, "type": "task-created",
                "user": {"id": "u", "org": "o"}}


def at(second):
    return BEGIN + timedelta(seconds=second)


def cursor(row, limit):
    return base64.b64encode(json.dumps({"row": row, "limit": limit, "type": "row"}).encode()).decode()


class Iterate(unittest.TestCase):
    def walk(self, log, arrive, **keywords):
        with Stub(log.answer) as stub:
            found = []
            for event in CalypsoAI(stub.url, "t").client.audit.iterate(**keywords):
                found.append(event.id)
                arrive(len(found))
            return found, stub.asked

    def test_the_newest_may_have_any_time(self):
        for time in ("2026-01-02 03:04:05", "9999-12-31T23:59:59.999999+02:00", "9999-12-31T23:59:59.999999Z",
                     "0001-01-01T00:00:00+02:00", "once", None):
            event = {"createdAt": time, "id": "e", "type": "moon", "user": {"id": "u", "org": "o"}}
            with self.subTest(time), Stub(lambda _: (200, {}, {"events": [event]})) as stub:
                found = list(CalypsoAI(stub.url, "t").client.audit.iterate())
                self.assertEqual([one.id for one in found], ["e"])

    def test_newer_events_neither_come_nor_hide_others(self):
        log = Log(1000)
        old = [id for _, id in sorted(log.events, reverse=True)]
        found, asked = self.walk(log, lambda count: log.events.append((1000 + count, f"n{count}")))
        self.assertEqual(found, old)
        self.assertEqual(len(asked), 10)
        self.assertNotIn("before", dict(asked[0][2]))
        self.assertTrue(all(dict(query)["before"] == "2026-01-01T00:16:39.000001Z" for _, _, query, _ in asked[1:]))
        self.assertTrue(all(dict(query)["limit"] == "100" for _, _, query, _ in asked))

    def test_late_events_repeat_none(self):
        log = Log(100)
        old = [id for _, id in sorted(log.events, reverse=True)]
        found, _ = self.walk(log, lambda count: log.events.append((99, f"late{count}")), batchSize=7)
        self.assertEqual(len(set(found)), len(found))
        self.assertEqual([id for id in found if id.startswith("e")], old)

    def test_oldest_first_ends_when_it_has_caught_up(self):
        log = Log(50)
        arrive = lambda count: log.events.append((count + 100, f"n{count}")) if count <= 20 else None
        found, _ = self.walk(log, arrive, batchSize=10, ascending=True)
        self.assertEqual(found, [id for _, id in sorted(log.events)])

    def test_a_bound_of_the_callers_stays(self):
        found, asked = self.walk(Log(30), lambda _: None, batchSize=10, before=at(20), userId=["u"], type_="x")
        self.assertEqual(found, [f"e{second}" for second in reversed(range(20))])
        for _, _, query, _ in asked:
            self.assertEqual(dict(query)["before"], "2026-01-01T00:00:20Z")
            self.assertIn(("userId", "u"), query)

    def test_an_event_that_hides_its_time_bounds_nothing(self):
        log = Log(30)
        log.events.append((40, "hidden"))
        found, asked = self.walk(log, lambda _: None, batchSize=10)
        self.assertEqual(found, ["hidden"] + [f"e{second}" for second in reversed(range(30))])
        self.assertTrue(all("before" not in dict(query) for _, _, query, _ in asked))

    def test_an_empty_log_is_an_empty_walk(self):
        self.assertEqual(self.walk(Log(0), lambda _: None)[0], [])


if __name__ == "__main__":
    unittest.main()
