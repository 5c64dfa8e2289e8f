"""Clarifai's audit log as a plain list: what the server has to answer, worked out the slow way."""

import functools
import ipaddress
import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).parent.parent / "clarifai"
EVENTS = json.loads((FOLDER / "events.json").read_text("utf-8"))
CODES = dict({e["name"]: e["code"] for e in EVENTS}, EVENT_TYPE_NOT_SET=0)
DESCRIPTIONS = {e["code"]: e["description"] for e in EVENTS}
# The kinds of targets by their numbers.
KINDS = {1: "user", 2: "role", 3: "team", 4: "app", 5: "module", 6: "module_version", 7: "workflow",
         8: "workflow_version", 9: "model", 10: "model_version", 11: "compute_cluster", 12: "nodepool",
         13: "deployment"}
PER_PAGE = 128
PER_PAGE_MAX = 1000
FOREIGN_MAX = 20  # entries that the set-up of the test wrote itself
REQUEST_ID = re.compile(r"[0-9a-f]{32}")


def queries():
    return json.loads((FOLDER / "queries.json").read_text("utf-8"))


class ClarifaiModel:
    """The imported entries, newest first."""

    def __init__(self, path):
        self.entries = json.loads(pathlib.Path(path).read_text("utf-8"))
        self.newest = max(e["timestamp"] for e in self.entries)
        self.foreign = 0

    def after(self):
        """A query for what is newer than the model: entries that the set-up of the test wrote."""
        return {"timestamp_from": self.newest[:-1].split(".")[0] + ".999999Z"}

    def add_foreign(self, entries):
        """Takes those entries into the list, so that all later comparisons are exact."""
        assert not self.foreign and len(entries) <= FOREIGN_MAX, f"{len(entries)} entries besides the model"
        for entry in entries:
            code = entry.get("operation")
            assert code in (100, 101, 102), f"an entry beside the model: {entry}"
            assert entry.get("description") == DESCRIPTIONS[code], f"its description: {entry}"
        assert entries == sorted(entries, key=lambda e: micros_of(e["timestamp"]), reverse=True), "their order"
        self.entries = list(entries) + self.entries
        self.foreign = len(entries)

    def list(self, request, owner=None):
        """All entries that the request asks for, in its order; only those of `owner` if there is one."""
        found = [e for e in self.entries if matches(e, request.get("query") or {})]
        if owner is not None:
            found = [e for e in found if actor(e) == owner]
        return found[::-1] if request.get("sort_ascending") else found

    def page(self, request, owner=None):
        """The entries of the one page that the request asks for."""
        asked = request.get("pagination") or {}
        size, page = asked.get("per_page") or PER_PAGE, asked.get("page") or 1
        return self.list(request, owner)[size * (page - 1):size * page]


def whole(request, per_page=PER_PAGE_MAX, page=1, ascending=None):
    """The same request with other pages."""
    changed = dict(request, pagination={"page": page, "per_page": per_page})
    if ascending is not None:
        changed["sort_ascending"] = ascending
    return changed


def matches(entry, query):
    time = micros_of(entry["timestamp"])
    begin, end = query.get("timestamp_from"), query.get("timestamp_to")
    if begin is not None and time < micros_of(begin, up=True):
        return False
    if end is not None and time > micros_of(end):
        return False
    if query.get("user_ids") and actor(entry) not in query["user_ids"]:
        return False
    wanted = [code for code in map(code_of, query.get("operations") or []) if code != 0]
    if wanted and entry.get("operation", 0) not in wanted:
        return False
    targets = {target_of(t) for t in entry.get("targets") or []}
    if query.get("targets") and not targets & {target_of(t) for t in query["targets"]}:
        return False
    if query.get("success") is not None and entry.get("success", False) != query["success"]:
        return False
    address = address_of(entry.get("source_ip", ""))
    addresses = [address_of(a) for a in query.get("source_ips") or []]
    return not addresses or (address is not None and address in addresses)


def actor(entry):
    return (entry.get("user") or {}).get("id")


def code_of(operation):
    return operation if isinstance(operation, int) else CODES[operation]


def target_of(target):
    (kind, members), = target.items()
    return kind, members.get("id", "")


@functools.cache
def address_of(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parts_of(text):
    """Seconds since 1970, and nanoseconds."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", text)
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    # Civil days by counting years from March, so that a leap day is the last of its year.
    years = year - (month < 3)
    days = 365 * years + years // 4 - years // 100 + years // 400 + (153 * ((month - 3) % 12) + 2) // 5 + day - 719469
    return days * 86400 + hour * 3600 + minute * 60 + second, int((found[7] or "").ljust(9, "0"))


@functools.cache
def micros_of(text, up=False):
    seconds, nanos = parts_of(text)
    return seconds * 1_000_000 + (nanos + (999 if up else 0)) // 1000


def lean(value, kinds=None):
    """An entry without its empty members, as it is on gRPC. Targets of kinds that are not among
    `kinds` become empty: an older or newer client does not see what is in them."""
    if isinstance(value, list):
        return [lean(item, kinds) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for name, member in value.items():
        member = lean(member, kinds)
        if name == "targets" and kinds is not None:
            member = [t if next(iter(t), None) in kinds else {} for t in member]
        if member or member is None:
            shown[name] = member
    return shown


def same_entries(got, wanted):
    """Compares two lists of entries member for member, and points at the first difference."""
    for place, (one, other) in enumerate(zip(got, wanted)):
        if one != other:
            raise AssertionError(f"entry {place}: got {text_of(one)}, wanted {text_of(other)}")
    if len(got) != len(wanted):
        raise AssertionError(f"got {len(got)} entries, wanted {len(wanted)}")


def text_of(entry):
    return json.dumps(entry, ensure_ascii=False, sort_keys=True)
