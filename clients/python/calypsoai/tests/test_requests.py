"""What is sent, how often, and what is raised."""

import pickle
import unittest
from datetime import datetime, timedelta, timezone
from unittest import mock

import requests
from calypsoai import AuditEventType, CalypsoAI, RequestError
from stub import Stub

EMPTY = (200, {}, {"events": [], "next": None, "prev": None})


class Requests(unittest.TestCase):
    def asked(self, *arguments, **keywords):
        with Stub(lambda _: EMPTY) as stub:
            CalypsoAI(url=stub.url, token="t0ken").client.audit.get(*arguments, **keywords)
            (method, path, query, headers), = stub.asked
        self.assertEqual((method, path), ("GET", "/backend/v1/audit"))
        self.assertEqual(headers["Authorization"], "Bearer t0ken")
        return query

    def test_nothing_is_sent_but_what_is_given(self):
        self.assertEqual(self.asked(), [])
        self.assertEqual(
            self.asked(limit=1000, type_=AuditEventType.API_TOKEN_CREATED),
            [("limit", "1000"), ("type", "api-token-created")],
        )

    def test_a_token_that_no_header_can_carry_is_refused_unseen(self):
        for token in ("t0ken\n", "t0ken x", "", "t\u20acken"):
            with self.assertRaises(ValueError) as raised:
                CalypsoAI(url="http://127.0.0.1", token=token)
            self.assertNotIn("ken", str(raised.exception).replace("token", ""))

    def test_what_is_said_of_tls_counts_whatever_the_environment_says(self):
        given = []

        def send(_session, _request, **keywords):
            given.append(keywords["verify"])
            answer = requests.Response()
            answer.status_code, answer._content = 200, b'{"events":[]}'
            return answer

        bundle = {"REQUESTS_CA_BUNDLE": "/company/ca.pem"}
        with mock.patch.dict("os.environ", bundle), mock.patch("requests.Session.send", send):
            for verify_tls in (True, False):
                CalypsoAI("https://127.0.0.1", "t", verify_tls=verify_tls).client.audit.get()
        self.assertEqual(given, ["/company/ca.pem", False])

    def test_every_parameter_has_its_name_and_spelling(self):
        moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
        query = self.asked("c=", "a b&", 7, True, moment, datetime(2026, 1, 1),
                           [AuditEventType.TASK_CREATED, "brand-new"], ("u1", "u+2"), False)
        self.assertEqual(query, [
            ("cursor", "c="), ("search", "a b&"), ("limit", "7"), ("ascending", "true"),
            ("before", "2026-01-02T01:04:05.000006Z"), ("after", "2026-01-01T00:00:00Z"),
            ("onlyUser", "false"), ("type", "task-created"), ("type", "brand-new"),
            ("userId", "u1"), ("userId", "u+2"),
        ])
        self.assertEqual(self.asked(before="soon", userId="u"), [("before", "soon"), ("userId", "u")])

    def test_addresses_may_end_in_a_slash_or_the_path(self):
        for ending in ["", "/", "//", "/backend/v1", "/backend/v1/"]:
            with Stub(lambda _: EMPTY) as stub:
                CalypsoAI(stub.url + ending, "t").client.audit.get()
                self.assertEqual(stub.asked[0][1], "/backend/v1/audit", ending)

    def test_nothing_is_asked_at_construction_and_the_token_is_not_shown(self):
        with Stub(lambda _: EMPTY) as stub:
            client = CalypsoAI(url=stub.url, token="t0ken", verify_tls=False, timeout=1.0)
            self.assertEqual(repr(client), f"CalypsoAI(url='{stub.url}')")
            self.assertEqual(stub.asked, [])
            for part in (client.client, client.client.audit):
                self.assertNotIn("t0ken", repr(part) + str(vars(part)))


class Refusals(unittest.TestCase):
    def refused(self, status, body, headers=None):
        with Stub(lambda _: (status, headers or {}, body)) as stub, self.assertRaises(RequestError) as raised:
            CalypsoAI(stub.url, "t").client.audit.get()
        return raised.exception, len(stub.asked)

    def test_errors_tell_status_body_and_message(self):
        body = {"detail": [{"loc": ["query", "limit"], "msg": "too small", "type": "greater_than_equal"}]}
        error, times = self.refused(422, body)
        self.assertEqual((error.statusCode, error.body, times), (422, body, 1))
        self.assertEqual(str(error), "422: query.limit: too small")
        self.assertEqual(pickle.loads(pickle.dumps(error)).body, body)
        error, times = self.refused(403, {"detail": "Forbidden"})
        self.assertEqual((error.message, times), ("Forbidden", 1))
        error, _ = self.refused(500, "<html>")
        self.assertEqual((error.body, error.message), ("<html>", "<html>"))
        error, _ = self.refused(404, [1])
        self.assertEqual((error.body, error.message), ([1], "1"))

    def test_what_asks_for_patience_is_tried_three_times_more(self):
        for status in (429, 503):
            for retry_after, waits in [("0", [0, 0, 0]), ("2", [2, 2, 2]), (None, [1, 2, 4]), ("x", [1, 2, 4]),
                                       ("86400", [60, 60, 60]),
                                       ("Thu, 01 Jan 1970 00:00:00 GMT", [0, 0, 0])]:
                headers = {} if retry_after is None else {"Retry-After": retry_after}
                with mock.patch("time.sleep") as sleep:
                    error, times = self.refused(status, {"detail": "later"}, headers)
                self.assertEqual((error.statusCode, times), (status, 4))
                self.assertEqual([call.args[0] for call in sleep.call_args_list], waits, retry_after)

    def test_a_retry_may_succeed(self):
        answers = [(429, {"Retry-After": "0"}, "{}"), (503, {"Retry-After": "0"}, "{}"), EMPTY]
        with Stub(lambda _: answers.pop(0)) as stub:
            self.assertEqual(CalypsoAI(stub.url, "t").client.audit.get().events, [])
            self.assertEqual(len(stub.asked), 3)


if __name__ == "__main__":
    unittest.main()
