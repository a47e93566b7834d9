"""Which circumstances of two runs differ: what forbids a comparison, and what is only told."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.errors import UsageError
from bench.gate.model import Run

NEVER = ("method", "inputs")
"""Where these differ, figures are of different things."""
REFUSED = ("device", "machine", "together")
"""Where these differ, the comparison is refused, unless it is wanted."""
TITLES = {
    "method": "method of measuring", "inputs": "inputs (data=)", "device": "device",
    "machine": "system", "together": "measured", "chip": "chip",
    "uid": "device of that kind", "node": "node",
    "driver": "driver", "runtime": "runtime", "torch": "torch", "python": "Python",
    "kernel": "system's kernel", "threads": "threads", "power_limit": "power limit",
    "onpaper": "onpaper", "suite": "suite", "benchmark": "pytest-benchmark",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One circumstance that is another now."""

    word: str
    before: str
    now: str

    def __str__(self) -> str:
        """Tells both values."""
        return f"{TITLES.get(self.word, self.word)} {self.before} before, {self.now} now"


def differences(now: Run, before: Run) -> Iterator[Difference]:
    """Yields what is known of both runs and differs."""
    for word, value in now.facts.items():
        other = before.facts.get(word)
        if value is not None and other is not None and value != other:
            yield Difference(word, other, value)


def refusal(now: Run, before: Run, allow: tuple[str, ...]) -> str | None:
    """Returns why two runs are not to be compared, None if they may be."""
    for one in differences(now, before):
        if one.word in NEVER:
            return f"{before.name} cannot be compared: {one}; measure both the same way"
        if one.word in REFUSED and one.word not in allow:
            more = f"allow=[{one.word}] compares them anyway"
            return f"{before.name} cannot be compared: {one}; {more}"
    return None


def comparable(now: Run, before: list[Run], allow: tuple[str, ...]) -> tuple[list[Run], list[str]]:
    """Returns the runs that may be compared, and why others may not.

    Raises:
        UsageError: none may be.
    """
    refused = [refusal(now, one, allow) for one in before]
    kept = [one for one, word in zip(before, refused, strict=True) if word is None]
    why = [word for word in refused if word]
    if not kept:
        more = f" (and {len(why) - 1} more)" if len(why) > 1 else ""
        raise UsageError(f"{why[0]}{more}")
    return kept, why


def of_its_device(
    now: Run, before: list[Run], allow: tuple[str, ...]
) -> tuple[list[Run], list[str]]:
    """Returns the runs of the very device where there are any, and a line that says so."""
    uid = now.facts.get("uid")
    own = [one for one in before if uid and one.facts.get("uid") == uid]
    if not own or len(own) == len(before) or "uid" in allow:
        return before, []
    others = len(before) - len(own)
    line = f"Of {len(before)} earlier runs, the {len(own)} of this very device are used"
    return own, [f"{line}, not the {others} of others (allow=[uid] uses them all)."]


def told(now: Run, before: list[Run], allow: tuple[str, ...]) -> list[str]:
    """Returns the differences that are allowed, in sentences: what was wanted, and what else."""
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
    """Returns what is not known of the device: another of its kind differs by itself."""
    known = [run.facts.get("uid") for run in (now, *before)]
    if "uid" in now.facts and None in known:
        return ["No serial number was reported: it may be another device of the same kind."]
    if any(one != known[0] for one in known):
        return ["Devices of one kind differ by a few percent: a change may come from the device."]
    return []
