"""A day of administration: about sixty different changes, each of which is in the log, once, in order.

What was done is read back through Docket's own API and, where the vendors have a word for it, through their clients.
"""

import json
import os
import pathlib
from urllib.parse import urlsplit

from calypsoai import CalypsoAI
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from openai import OpenAI

import native
from report import Report, equal, holds, setting

ROOT = pathlib.Path(__file__).parents[3]
TYPES = {one["type"]: one for one in json.loads((ROOT / "crates/event/data/vocabulary.json").read_text("utf-8"))["types"]}
KEY_SHA256 = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"


class Day:
    """Makes changes, and keeps what must be told of them."""

    def __init__(self, token):
        self.token, self.told, self.changes = token, [], 0

    def do(self, method, path, body, *types, check=None):
        document, request = native.done(method, "/api/v1" + path, self.token, body)
        self.changes += 1
        self.told += [(kind, request, check) for kind in types]
        return document

    def nothing(self, method, path, body):
        """What is so already leaves nothing in the log."""
        native.done(method, "/api/v1" + path, self.token, body)


def after(**members):
    def check(event):
        for name, value in members.items():
            equal(event["data"]["after"].get(name), value, name)
    return check


def both(name, old, new):
    def check(event):
        equal(event["data"].get("before", {}).get(name), old, f"{name} before")
        equal(event["data"].get("after", {}).get(name), new, f"{name} after")
    return check


def administer(day):
    people(day)
    groups_and_roles(day)
    projects_and_accounts(day)
    tokens(day)
    settings(day)


def people(day):
    day.do("POST", "/members", {"email": "grace@example.com", "id": "grace", "role": "member"}, "user_account.created",
           check=after(email="grace@example.com", role="member"))
    day.do("POST", "/members", {"email": "alan@example.com", "id": "alan"}, "user_account.created")
    day.do("PATCH", "/members/grace", {"name": "Grace Hopper"}, "user_account.updated", check=both("name", None, "Grace Hopper"))
    day.do("PATCH", "/members/grace", {"email": "hopper@example.com"}, "user_account.updated",
           check=both("email", "grace@example.com", "hopper@example.com"))
    day.do("PATCH", "/members/grace", {"role": "auditor"}, "organization.member.updated", check=both("role", "member", "auditor"))
    day.nothing("PATCH", "/members/grace", {"role": "auditor"})
    day.do("POST", "/members/grace/block", None, "user_account.blocked", check=both("blocked", False, True))
    day.do("POST", "/members/hopper@example.com/unblock", None, "user_account.unblocked")
    invite = day.do("POST", "/invites", {"email": "new@example.com", "role": "auditor"}, "invite.sent",
                    check=after(email="new@example.com"))
    day.do("DELETE", f"/invites/{invite['id']}", None, "invite.deleted")


def groups_and_roles(day):
    day.do("POST", "/groups", {"id": "security", "name": "Security"}, "group.created", check=after(name="Security"))
    day.do("PATCH", "/groups/security", {"name": "Security team"}, "group.updated", check=both("name", "Security", "Security team"))
    day.do("PUT", "/groups/security/members/alan", None, "group.member.added")
    day.nothing("PUT", "/groups/security/members/alan", None)
    day.do("POST", "/roles", {"id": "readers", "name": "Readers", "permissions": ["audit:read"]}, "role.created",
           check=after(permissions=["audit:read"]))
    day.do("POST", "/roles", {"id": "project-reader", "name": "Reader", "permissions": ["audit:read"], "scope": "project"}, "role.created")
    day.do("PATCH", "/roles/readers", {"description": "May look"}, "role.updated")
    day.do("PATCH", "/roles/readers", {"permissions": ["audit:read", "audit:verify"]}, "role.updated",
           check=both("permissions", ["audit:read"], ["audit:read", "audit:verify"]))
    group = day.do("POST", "/assignments", {"role": "readers", "principal": {"kind": "group", "id": "security"}}, "role.assignment.created")
    alan = day.do("POST", "/assignments", {"role": "auditor", "principal": {"kind": "user", "id": "alan"}}, "user.role.granted")
    day.do("DELETE", f"/assignments/{alan['id']}", None, "user.role.retracted")
    day.do("DELETE", f"/assignments/{group['id']}", None, "role.assignment.deleted")
    day.do("DELETE", "/roles/readers", None, "role.deleted")
    day.do("DELETE", "/groups/security/members/alan", None, "group.member.removed")
    day.do("DELETE", "/groups/security", None, "group.deleted", check=both("name", "Security team", None))


def projects_and_accounts(day):
    day.do("POST", "/projects", {"id": "p1", "name": "Chat"}, "project.created", check=after(name="Chat"))
    day.do("PATCH", "/projects/p1", {"name": "Chatbot"}, "project.updated", check=both("name", "Chat", "Chatbot"))
    given = day.do("POST", "/assignments", {"role": "project-reader", "principal": {"kind": "user", "id": "alan"}, "project": "p1"},
                   "user.role.granted")
    day.do("DELETE", f"/assignments/{given['id']}", None, "user.role.retracted")
    day.do("DELETE", "/roles/project-reader", None, "role.deleted")
    day.do("POST", "/service-accounts", {"id": "ci", "name": "CI", "role": "writer"}, "service_account.created")
    day.do("PATCH", "/service-accounts/ci", {"name": "Builds"}, "service_account.updated", check=both("name", "CI", "Builds"))
    day.do("PATCH", "/service-accounts/ci", {"role": "auditor"}, "service_account.updated", check=both("role", "writer", "auditor"))
    given = day.do("POST", "/assignments", {"role": "writer", "principal": {"kind": "service_account", "id": "ci"}}, "role.assignment.created")
    day.do("DELETE", f"/assignments/{given['id']}", None, "role.assignment.deleted")


def tokens(day):
    key = day.do("POST", "/tokens", {"owner": "ci"}, "api_key.created", check=after(owner="ci"))
    viewer = {"owner": "grace", "role": "auditor", "project": "p1", "name": "viewer", "expires_in_s": 3600,
              "view": ["type=project.*"], "cross_vendor": True}
    day.do("POST", "/tokens", viewer, "api_key.created", check=after(view=["type=project.*"], project="p1", cross_vendor=True))
    foreign = day.do("POST", "/tokens", {"owner": "alan", "key_sha256": KEY_SHA256}, "docket.api_key.registered")
    day.do("PATCH", f"/tokens/{key['id']}", {"name": "builds"}, "api_key.updated", check=both("name", None, "builds"))
    day.do("PATCH", f"/tokens/{key['id']}", {"expires_in_s": 86400}, "api_key.updated")
    following = day.do("POST", f"/tokens/{key['id']}/rotate", {"overlap_s": 60}, "api_key.created", "api_key.updated")
    day.do("DELETE", f"/tokens/{following['id']}", None, "api_key.deleted")
    day.do("DELETE", f"/tokens/{foreign['id']}", None, "api_key.deleted")
    day.do("DELETE", "/service-accounts/ci", None, "service_account.deleted")
    day.do("POST", "/projects/p1/archive", None, "project.archived")
    day.do("DELETE", "/projects/p1", None, "project.deleted")
    day.do("DELETE", "/members/alan", None, "user_account.deleted")


def settings(day):
    def put(body, *types, check=None):
        day.do("PATCH", "/settings", body, *types, check=check)

    put({"name": "Acme Inc"}, "organization.updated", check=both("name", None, "Acme Inc"))
    put({"retention_days": 400}, "organization.updated", check=both("retention_days", None, 400))
    put({"retention_days": 90, "confirm": True}, "organization.updated", check=both("retention_days", 400, 90))
    put({"retention_days": 0}, "organization.updated", check=both("retention_days", 90, None))
    put({"read_audit": False}, "organization.updated", check=both("read_audit", True, False))
    put({"read_audit": True}, "organization.updated")
    put({"allowed_ips": ["127.0.0.0/8"]}, "ip_allowlist.created", check=after(allowed_ips=["127.0.0.0/8"]))
    put({"allowed_ips": ["127.0.0.0/8", "::1/128"]}, "ip_allowlist.updated")
    put({"allowed_ips": []}, "ip_allowlist.deleted")
    day.do("POST", "/holds", {"id": "case-7", "name": "Case 7", "reason": "Subpoena"}, "docket.legal_hold.placed")
    day.do("PATCH", "/holds/case-7", {"reason": "Court order"}, "docket.legal_hold.updated",
           check=both("reason", "Subpoena", "Court order"))
    day.do("DELETE", "/holds/case-7", None, "docket.legal_hold.released")
    # Read back as they are, not as they were.
    shown, _ = native.done("GET", "/api/v1/settings", day.token)
    equal(shown["name"], "Acme Inc", "name in the settings")


def check_native(day, events, owner):
    equal([event["type"] for event in events], [kind for kind, _, _ in day.told], "types")
    key = next(event for event in native.events(day.token) if event["type"] == "api_key.created")["targets"][0]["id"]
    for event, (kind, request, check) in zip(events, day.told):
        try:
            equal(event["request_id"], request, "request_id")
            equal(event["actor"]["id"], owner, "actor")
            equal(event["credential"], {"kind": "api_key", "id": key}, "credential")
            equal(event["source"]["ip"], "127.0.0.1", "source address")
            equal(event["source"]["user_agent"], "administration/1", "user agent")
            equal(event["origin"], {"surface": "docket"}, "origin")
            holds(event["targets"], "targets")
            holds("before" in event["data"] or "after" in event["data"], "before or after")
            if check:
                check(event)
        except AssertionError as error:
            raise AssertionError(f"{kind}: {error}\n{event}") from error


def words(day, vendor, member):
    """What the vendor's clients must show, in order: its own word for a type, or a broader one."""
    def word(kind):
        entry = TYPES[kind]
        shown = entry["vendors"].get(vendor) or entry.get("one_way", {}).get(vendor, {})
        return shown.get(member)
    return [found for found in (word(kind) for kind, _, _ in day.told) if found is not None]


def openai_types(token):
    client = OpenAI(base_url=os.environ["DOCKET_URL"] + "/v1", admin_api_key=token, max_retries=0, timeout=30)
    return [one.type for one in client.admin.organization.audit_logs.list(limit=20)][::-1]


def calypsoai_types(token):
    audit, found, cursor = CalypsoAI(url=os.environ["DOCKET_URL"], token=token).client.audit, [], None
    while True:
        page = audit.get(onlyUser=False, limit=100, **({"cursor": cursor} if cursor else {}))
        found += [str(one.type) for one in page.events]
        cursor = page.next
        if not cursor:
            return found[::-1]


def clarifai_codes(token):
    server = urlsplit(os.environ["DOCKET_URL"])
    channel = ClarifaiChannel.get_insecure_grpc_channel(server.hostname, server.port)
    found, page = [], 1
    while True:
        answer = service_pb2_grpc.V2Stub(channel).PostAuditLogSearches(
            service_pb2.PostAuditLogSearchesRequest(
                user_app_id=resources_pb2.UserAppIDSet(user_id="me"),
                pagination=service_pb2.Pagination(page=page, per_page=20)),
            metadata=(("authorization", f"Key {token}"),), timeout=30)
        found += [one.operation for one in answer.entries]
        if len(answer.entries) < 20:
            return found[::-1]
        page += 1


def main():
    report = Report()
    token, owner = setting("DOCKET_TOKEN"), setting("DOCKET_OWNER")
    before = len(native.events(token))
    day = Day(token)
    report.case("the changes", administer, day)
    report.case("their number", holds, day.changes >= 55, f"{day.changes} changes")
    events = native.events(token)[before:]
    report.case("Docket's own API", check_native, day, events, owner)
    # The first events of an organization have words on some surfaces, too.
    begun = [("organization.created", None, None), ("api_key.created", None, None)]
    day.told = begun + day.told
    report.case("OpenAI's client", lambda: equal(openai_types(token), words(day, "openai", "type")))
    report.case("Clarifai's client", lambda: equal(
        clarifai_codes(token), words(day, "clarifai", "code")))
    report.case("CalypsoAI's stand-in", lambda: equal(calypsoai_types(token), words(day, "calypsoai", "type")))
    report.close()


if __name__ == "__main__":
    main()
