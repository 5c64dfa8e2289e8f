"""What is read, and what is printed of it."""

import json
import unittest
import warnings
from datetime import datetime, timezone

from calypsoai import datatypes
from calypsoai.datatypes import AuditEvent, AuditEventType, GetAuditResponse, User
from pydantic import ValidationError

USER = {
    "admin": None, "blocked": False, "createdAt": "2025-06-06T15:50:01.022000Z",
    "email": "ann@example.com", "id": "u1", "lastInvitationSentAt": "2025-06-06T15:50:01.022000Z",
    "name": "Ann", "org": "org_0123456789abcdef", "permissions": ["project:p:use_project", "a:b:c"],
    "roleIds": [], "roles": ["owner", "basic"], "social": False, "teams": [], "verified": True,
}
EVENT = {
    "createdAt": "2025-06-10T15:40:48.907940Z", "data": None,
    "id": "01975a80-538b-70de-be66-98f165aabbc4", "tokenId": "01975a80-538b-700d-afa6-69b1b88f5c2a",
    "type": "api-token-created", "user": USER,
}
PAGE = {"events": [EVENT], "next": "eyJyb3ciOjEwLCJsaW1pdCI6MTAsInR5cGUiOiJyb3cifQ==", "prev": None}


class Datatypes(unittest.TestCase):
    def test_the_documented_page_is_printed_as_it_came(self):
        page = GetAuditResponse.model_validate_json(json.dumps(PAGE))
        self.assertEqual(page.model_dump_json(indent=2), json.dumps(PAGE, indent=2))
        event = page.events[0]
        self.assertIs(event.type, AuditEventType.API_TOKEN_CREATED)
        self.assertEqual(event.createdAt, datetime(2025, 6, 10, 15, 40, 48, 907940, timezone.utc))
        self.assertEqual((event.tokenId, event.projectId, event.user.roles), (EVENT["tokenId"], None, ["owner", "basic"]))

    def test_keys_are_in_the_order_of_their_names(self):
        event = {"versionId": "v", "userId": "u", "zz": 1, "requestId": "r", "user": {"org": "o", "id": "u"},
                 "type": "brand-new", "agentSessionId": None, "id": "1", "Aa": [], "createdAt": None}
        dumped = AuditEvent.model_validate(event).model_dump(mode="json")
        self.assertEqual(list(dumped), ["Aa", "agentSessionId", "createdAt", "data", "id", "requestId", "type",
                                        "user", "userId", "versionId", "zz"])
        self.assertEqual(dumped["type"], "brand-new")
        self.assertEqual(list(AuditEvent.model_fields), sorted(AuditEvent.model_fields))
        self.assertEqual(list(dumped["user"]), list(USER))
        self.assertEqual(list(User.model_fields), sorted(User.model_fields))

    def test_further_keys_are_kept(self):
        event = AuditEvent.model_validate({**EVENT, "odd": {"a": [1]}, "user": {**USER, "machine": True}})
        self.assertEqual((event.odd, event.user.machine), ({"a": [1]}, True))
        dumped = json.loads(event.model_dump_json())
        self.assertEqual((dumped["odd"], dumped["user"]["machine"]), ({"a": [1]}, True))

    def test_a_user_may_be_as_small_as_id_and_org(self):
        user = User.model_validate({"id": "u", "org": "o"})
        self.assertEqual((user.email, user.name, user.verified, user.permissions), ("", "", True, []))
        for missing in ({"id": "u"}, {"org": "o"}, {}):
            self.assertRaises(ValidationError, User.model_validate, missing)

    def test_old_events_are_read_and_printed_as_they_came(self):
        event = {"createdAt": "yesterday", "data": None, "id": "1", "requestId": 5, "taskId": {"a": [1]}, "type": "moon",
                 "user": {**USER, "name": None, "email": None, "blocked": None, "roles": None, "createdAt": "once"},
                 "versionId": 3}
        page = GetAuditResponse.model_validate_json(json.dumps({"events": [event, EVENT]}))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            printed = json.loads(page.model_dump_json())["events"]
            self.assertEqual(page.events[0].model_dump(mode="json"), event)
            self.assertIsInstance(page.events[1].model_dump()["createdAt"], datetime)
        self.assertEqual(printed, [event, EVENT])

    def test_there_are_107_types_with_names_of_their_own(self):
        self.assertEqual(len(AuditEventType), 107)
        for member in AuditEventType:
            self.assertEqual(member.name, member.value.upper().replace("-", "_"))
            self.assertEqual(str(member), member.value)
            self.assertEqual(AuditEvent.model_validate({**EVENT, "type": member.value}).type, member)

    def test_the_module_says_what_it_offers(self):
        for name in datatypes.__all__:
            self.assertTrue(hasattr(datatypes, name))


if __name__ == "__main__":
    unittest.main()
