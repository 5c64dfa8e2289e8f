"""Counts cases, prints what failed, and ends with one line that says how many."""

import asyncio
import os
import sys
import traceback

LONGEST = 2000  # characters of one failure


class Report:
    def __init__(self):
        self.passed, self.failed, self.verbose = 0, 0, "-v" in sys.argv[1:]

    def case(self, name, run, *arguments):
        try:
            outcome = run(*arguments)
            if asyncio.iscoroutine(outcome):
                raise TypeError(f"{name} is asynchronous: use acase")
            self.note(name, None)
        except Exception as error:
            self.note(name, error)

    async def acase(self, name, run, *arguments):
        try:
            await run(*arguments)
            self.note(name, None)
        except Exception as error:
            self.note(name, error)

    def note(self, name, error):
        if error is None:
            self.passed += 1
            if self.verbose:
                print(f"ok    {name}")
            return
        self.failed += 1
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error}"
        print(f"FAIL  {name}\n      {text[:LONGEST]}\n      line {where.lineno} of {os.path.basename(where.filename)}")

    def not_tested(self, what, why):
        print(f"NOT TESTED  {what}: {why}")

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def among(got, wanted, what="value"):
    if got not in wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted one of {wanted!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def same_list(got, wanted, text):
    """Compares two lists of entries by `text`, and points at the first difference."""
    got_ids, wanted_ids = [e.get("id") for e in got], [e["id"] for e in wanted]
    for place, (one, other) in enumerate(zip(got, wanted)):
        if text(one) != text(other):
            raise AssertionError(f"entry {place}: got {text(one)}, wanted {text(other)}")
    if got_ids != wanted_ids:
        raise AssertionError(f"got {len(got_ids)} entries, wanted {len(wanted_ids)}; "
                             f"missing {minus(wanted_ids, got_ids)}, too many {minus(got_ids, wanted_ids)}")


def minus(some, others):
    return [i for i in some if i not in set(others)][:5]


def setting(name, needed=True):
    value = os.environ.get(name, "")
    if needed and not value:
        print(f"{name} is not set; README.md names the variables", file=sys.stderr)
        sys.exit(2)
    return value
