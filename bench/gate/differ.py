"""Differences between the conditions of two runs: which forbid a comparison, which are shown."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.errors import UsageError, first_of
from bench.gate.model import Run

NEVER = ("method", "inputs")
"""If these differ, the runs measured different things and are never compared."""
REFUSED = ("device", "machine", "together")
"""If these differ, the comparison is refused unless ``allow=`` permits it."""
TITLES = {
    "method": "method of measuring", "inputs": "inputs (data=)", "device": "device",
    "machine": "system", "together": "measured", "chip": "chip",
    "uid": "device of that kind", "node": "node",
    "driver": "driver", "runtime": "runtime", "torch": "torch", "python": "Python",
    "kernel": "system's kernel", "threads": "threads", "power_limit": "power limit",
    "libraries": "libraries", "variables": "environment",
    "onpaper": "onpaper", "suite": "suite", "benchmark": "pytest-benchmark",
}  # fmt: skip


LISTS = ("libraries", "variables")
"""Of these, only the entries that differ are shown."""


@dataclass(frozen=True)
class Difference:
    """One condition that has changed."""

    word: str
    before: str
    now: str

    def __str__(self) -> str:
        """Returns the condition with both values."""
        return f"{TITLES.get(self.word, self.word)} {self.before} before, {self.now} now"


def differences(now: Run, before: Run) -> Iterator[Difference]:
    """Yields the conditions that are known of both runs and differ."""
    for word, value in now.facts.items():
        other = before.facts.get(word)
        if value is None or other is None or value == other:
            continue
        if word in LISTS:
            yield Difference(word, _without(other, value), _without(value, other))
        else:
            yield Difference(word, other, value)


def _without(listed: str, others: str) -> str:
    """Returns the entries of a list that another lacks, ``none`` if it has all."""
    there = others.split(", ")
    return ", ".join(one for one in listed.split(", ") if one not in there) or "none"


def refusal(now: Run, before: Run, allow: tuple[str, ...]) -> str | None:
    """Returns why two runs are not comparable; None if they are."""
    for one in differences(now, before):
        if one.word in NEVER:
            return f"{before.name} cannot be compared: {one}; measure both the same way"
        if one.word in REFUSED and one.word not in allow:
            more = f"allow=[{one.word}] compares them anyway"
            return f"{before.name} cannot be compared: {one}; {more}"
    return None


def comparable(now: Run, before: list[Run], allow: tuple[str, ...]) -> tuple[list[Run], list[str]]:
    """Returns the comparable runs, and why others are not.

    Raises:
        UsageError: none is comparable.
    """
    refused = [refusal(now, one, allow) for one in before]
    kept = [one for one, word in zip(before, refused, strict=True) if word is None]
    why = [word for word in refused if word]
    if not kept:
        raise UsageError(first_of(why))
    return kept, why


def of_its_device(
    now: Run, before: list[Run], allow: tuple[str, ...]
) -> tuple[list[Run], list[str]]:
    """Returns the runs of this very device if there are any, and a line that says so."""
    uid = now.facts.get("uid")
    same = [one for one in before if uid and one.facts.get("uid") == uid]
    if not same or len(same) == len(before) or "uid" in allow:
        return before, []
    others = len(before) - len(same)
    line = f"Of {len(before)} earlier runs, the {len(same)} of this very device are used"
    return same, [f"{line}, not the {others} of others (allow=[uid] uses them all)."]


def difference_lines(now: Run, before: list[Run], allow: tuple[str, ...]) -> list[str]:
    """Returns the allowed differences in sentences, and allowances that were not needed."""
    found: dict[str, Difference] = {}
    for run in before:
        for one in differences(now, run):
            found.setdefault(one.word, one)
    wanted = [str(one) for one in found.values() if one.word in allow]
    others = [str(one) for one in found.values() if one.word not in allow]
    lines = [f"Changed, as intended: {'; '.join(wanted)}."] if wanted else []
    lines += [f"Changed: {'; '.join(others)}."] if others else []
    unchanged = [word for word in allow if word not in found]
    if unchanged:
        lines.append(f"allow= names what did not change: {', '.join(unchanged)}.")
    return [*lines, *_unknown(now, before)]


def _unknown(now: Run, before: list[Run]) -> list[str]:
    """Returns a caveat if the device may be another one: devices of one kind differ."""
    known = [run.facts.get("uid") for run in (now, *before)]
    if "uid" in now.facts and None in known:
        return ["No serial number was reported: it may be another device of the same kind."]
    if any(one != known[0] for one in known):
        return ["Devices of one kind differ by a few percent: a change may come from the device."]
    return []
