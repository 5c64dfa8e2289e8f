"""Whose log is whose: members, roles, organizations, and what stands in the header."""

import json

from clarifai_model import same_entries
from report import equal, setting
from wire import Grpc, Rest, block, number, user

ORG, MEMBER = setting("DOCKET_ORG"), setting("DOCKET_MEMBER")
OTHER_ORG = setting("DOCKET_OTHER_ORG")
TOKENS = {name: setting(f"DOCKET_TOKEN_{name}") for name in ("MEMBER", "AUDITOR", "WRITER", "OTHER")}
TOKENS.update({name: setting(f"DOCKET_TOKEN_{name}", needed=False) for name in ("EXPIRED", "REVOKED", "BLOCKED", "PROJECT")})
PROJECT = "main"  # the one of DOCKET_TOKEN_PROJECT
NO_SCOPE = "API key has insufficient scopes"

# Values of the header; {} is the token.
BAD_HEADERS = {
    "none": [], "empty": [""], "key alone": ["{}"], "Key without a token": ["Key"], "Key and a space": ["Key "],
    "key in small letters": ["key {}"], "KEY in capitals": ["KEY {}"], "Bearer": ["Bearer {}"], "Basic": ["Basic {}"],
    "two spaces": ["Key  {}"], "a tab": ["Key\t{}"], "two tokens": ["Key {} {}"], "no space": ["Key{}"], "another word": ["Keys {}"],
    "the header twice": ["Key {}", "Key {}"], "a good and a bad header": ["Key {}", "Bearer {}"], "a colon": ["Key: {}"],
    "a comma": ["Key {}, Key x"],
}


def bad_tokens(token):
    yield "unknown", token[:-4] + ("aaaa" if not token.endswith("aaaa") else "bbbb")
    yield "malformed", "not-a-token"
    yield "longer than it is", token + "x"
    yield "long", "k" * 8000
    yield "expired", TOKENS["EXPIRED"]
    yield "revoked", TOKENS["REVOKED"]
    yield "of a blocked member", TOKENS["BLOCKED"]


def cases(report, model, url, answer):
    def reads(name, token, identity, owner=None):
        report.case(f"{name} reads {identity}", read, token, identity, owner)

    def denied(name, token, identity):
        report.case(f"11007 {name} asks for {identity}", deny, token, identity)

    def read(token, identity, owner):
        for request in ({}, {"query": {"user_ids": ["alice", "bob"]}, "sort_ascending": True}):
            found = answer(Rest(url, token).ask(body_of(request), identity), 10000)
            same_entries(found.body["entries"], model.page(request, owner))
            equal(Grpc(url, token).ask(message_of(identity, request)).get("status", {}).get("code"), 10000, "code over gRPC")

    def deny(token, identity):
        answer(Rest(url, token).ask(user=identity), 11007)
        status = Grpc(url, token).ask(user(identity))["status"]
        equal((status["code"], status["description"]), (11007, NO_SCOPE), "status over gRPC")

    owner = setting("DOCKET_TOKEN")
    for name, token in (("the owner", owner), ("an auditor", TOKENS["AUDITOR"])):
        reads(name, token, ORG)
        reads(name, token, "me")
        reads(name, token, MEMBER, MEMBER)
        for identity in (OTHER_ORG, "nobody-here", ORG.upper(), "Me", f"{ORG} ", "*"):
            denied(name, token, identity)
    reads("a member", TOKENS["MEMBER"], "me", MEMBER)
    reads("a member", TOKENS["MEMBER"], MEMBER, MEMBER)
    for identity in (ORG, OTHER_ORG, "nobody-here", "bob", MEMBER.upper()):
        denied("a member", TOKENS["MEMBER"], identity)
    for identity in ("me", ORG, MEMBER, OTHER_ORG):
        denied("a writer", TOKENS["WRITER"], identity)
    for identity in (ORG, MEMBER, "nobody-here"):
        denied("another organization", TOKENS["OTHER"], identity)
    report.case("another organization sees its own", foreign, url, answer)
    if TOKENS["PROJECT"]:
        report.case("a token of a project sees its application", of_project, url, model, answer)
    else:
        report.not_tested("a token of a project", "DOCKET_TOKEN_PROJECT is not set")
    report.case("11007 tells nothing apart", alike, url, owner, answer)


def of_project(url, model, answer):
    """An entry belongs to the application that is its only one."""
    found = answer(Rest(url, TOKENS["PROJECT"]).ask(body_of({"pagination": {"per_page": 1000}})), 10000)
    same_entries(found.body["entries"], [e for e in model.entries if applications(e) == [PROJECT]])


def applications(entry):
    return [target["app"]["id"] for target in entry.get("targets", []) if "app" in target]


def foreign(url, answer):
    found = answer(Rest(url, TOKENS["OTHER"]).ask(user=OTHER_ORG), 10000)
    equal([e["req_id"] for e in found.body["entries"]], ["foreign"], "request ids")


def alike(url, owner, answer):
    """The same words for what is somebody else's and for what is nobody's."""
    texts = []
    for identity in (OTHER_ORG, "x" * len(OTHER_ORG)):
        found = answer(Rest(url, owner).ask(user=identity), 11007)
        texts.append(found.raw.decode().replace(found.status["req_id"], "ID").replace(identity, "WHO"))
    equal(texts[0], texts[1], "answers")


def body_of(request):
    return json.dumps(request).encode()


def message_of(identity, request):
    query = b"".join(block(3, u) for u in request.get("query", {}).get("user_ids", []))
    return user(identity) + (block(2, query) if query else b"") + (number(3, 1) if request.get("sort_ascending") else b"")
