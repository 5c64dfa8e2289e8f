"""One change, written in one vendor's shape and read through the clients of the others.

Every canonical type that two vendors have a word for, as crates/event/data/vocabulary.json lists them: its own word
where the entry comes from, its own or a broader one where it is read.
"""

import dataclasses
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import cross_calypsoai
import cross_clarifai
import cross_openai
from report import Report, equal, setting

VENDORS = [cross_openai, cross_clarifai, cross_calypsoai]
ROOT = pathlib.Path(__file__).parents[3]
TYPES = json.loads((ROOT / "crates/event/data/vocabulary.json").read_text("utf-8"))["types"]
# The first moment of what is written here; each entry has a second of its own.
FIRST = 1_700_000_000


@dataclasses.dataclass
class Change:
    """What happened, in nobody's shape."""

    entry: dict  # of the vocabulary
    writer: object  # the vendor in whose shape it is written
    second: int
    success: bool = True

    @property
    def user(self):
        return f"user-{self.second}"

    def target(self, kind):
        return f"{kind}-{self.second}"

    def is_told(self, kind):
        """Whether the entry that was written names a target of that kind."""
        return kind in self.writer.kinds(self.entry)


def own_word(entry, vendor):
    return entry["vendors"].get(vendor.NAME)


def shown_word(entry, vendor):
    """The word under which a vendor's client sees a type, and the entry that owns it."""
    own = own_word(entry, vendor)
    if own:
        return own, entry
    broader = entry.get("one_way", {}).get(vendor.NAME)
    if broader is None:
        return None, None
    owners = [one for one in TYPES if vendor.is_word(own_word(one, vendor), broader)]
    equal(len(owners), 1, f"owners of {broader}")
    return own_word(owners[0], vendor), owners[0]


def write(vendor, changes):
    """Posts the entries; they are durable when this returns."""
    body = json.dumps([vendor.entry(own_word(change.entry, vendor), change) for change in changes])
    request = urllib.request.Request(
        f"{setting('DOCKET_URL')}/api/v1/events?format={vendor.NAME}",
        body.encode(),
        {"Authorization": f"Bearer {setting('DOCKET_TOKEN')}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        equal(json.load(answer)["duplicates"], 0, "duplicates")


def import_for_account(vendor, changes):
    """Imports the entries as facts about an account at the vendor."""
    entries = [vendor.entry(own_word(change.entry, vendor), change) for change in changes]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(entries, file)
        file.flush()
        command = [setting("DOCKET"), "import", "--org", "acme", "--format", vendor.NAME,
                   "--account", f"account-at-{vendor.NAME}", file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    equal(json.loads(done.stdout), {"stored": len(entries), "duplicates": 0, "rejected": 0}, "import")


def check_read(reader, change, token, expected):
    word, owner = shown_word(change.entry, reader)
    found = reader.read(word, change.second, token)
    equal(len(found), 1 if expected else 0, f"entries of {change.entry['type']}")
    if expected:
        reader.check(found[0], word, owner, change)


def pairs():
    """Every type with a vendor that can write it and another that can read it."""
    for entry in TYPES:
        for writer in VENDORS:
            for reader in VENDORS:
                if writer is not reader and own_word(entry, writer) and shown_word(entry, reader)[0]:
                    yield entry, writer, reader


def main():
    report = Report()
    token, crossing = setting("DOCKET_TOKEN"), setting("DOCKET_TOKEN_CROSSING")
    second = FIRST
    for what, put, seen, success in [
        ("written here", write, {"plain": True, "crossing": True}, True),
        ("of an account", import_for_account, {"plain": False, "crossing": True}, True),
        ("that failed", write, None, False),
    ]:
        cases = []
        for entry, writer, reader in pairs():
            if success or writer.HAS_OUTCOME:
                cases.append((Change(entry, writer, second, success), reader))
                second += 1
        for vendor in VENDORS:
            changes = [change for change, _ in cases if change.writer is vendor]
            if changes:
                report.case(f"{vendor.NAME} {what}: {len(changes)} entries", put, vendor, changes)
        for change, reader in cases:
            name = f"{change.entry['type']} {what}, {change.writer.NAME} to {reader.NAME}"
            sees = seen or dict.fromkeys(("plain", "crossing"), reader.HAS_OUTCOME)
            report.case(name, check_read, reader, change, token, sees["plain"])
            report.case(f"{name}, crossing", check_read, reader, change, crossing, sees["crossing"])
            report.case(f"{name}, at home", check_read, change.writer, change, token, True)
    shared = {entry["type"] for entry, writer, reader in pairs() if own_word(entry, reader)}
    report.case("types with words of two vendors", equal, len(shared), expected_shared(), "shared types")
    report.close()


def expected_shared():
    names = [vendor.NAME for vendor in VENDORS]
    return sum(1 for entry in TYPES if sum(name in entry["vendors"] for name in names) > 1)


if __name__ == "__main__":
    main()
