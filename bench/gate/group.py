"""Each measurement of a run, with its counterparts in the runs that it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.gate.match import pairs
from bench.gate.model import Row, Run, Taken, Verdict

ITEMS = "suite.items="
"""Prefix of the word that names the items of a suite among what a run was asked for."""


@dataclass
class Group:
    """One measurement now, and in each earlier run that has it."""

    now: Taken | None
    before: list[Taken] = field(default_factory=list)

    @property
    def ran(self) -> tuple[Taken, ...]:
        """Returns the earlier measurements that have a result."""
        return tuple(one for one in self.before if one.speed)

    @property
    def compared(self) -> bool:
        """Returns whether there are two speeds to compare."""
        return bool(self.now and self.now.speed and self.ran)


def groups(now: Run, before: Sequence[Run]) -> list[Group]:
    """Returns the measurements of this run in order, followed by those that it lacks.

    Between runs that were asked for different things, nothing counts as lacking.
    """
    found = [Group(one) for one in now.taken]
    lacking: dict[tuple[str, ...], Group] = {}  # a searched shape is no part of a name
    for run in before:
        for here, there in pairs(now, run):
            if there is None:
                continue
            if here is not None:
                next(one for one in found if one.now is here).before.append(there)
            elif run.whole == now.whole:
                name = (*there.name, there.sizes)
                lacking.setdefault(name, Group(None)).before.append(there)
    return [*found, *lacking.values()]


def left_out(now: Run, before: Sequence[Run]) -> list[str]:
    """Returns the titles of measurements that earlier runs have and this one was not asked for.

    If some of those runs were asked for the same, the others do not count, unless their suite of
    that name had other items.
    """
    others = [run for run in before if run.whole != now.whole]
    if len(others) < len(before):
        others = [run for run in others if _of_other_items(run.whole, now.whole)]
    found = [there for run in others for here, there in pairs(now, run) if here is None and there]
    return list(dict.fromkeys(one.title for one in found if one.speed))


def _of_other_items(one: Sequence[str], other: Sequence[str]) -> bool:
    """Returns whether two runs were asked for the same, apart from the items of their suite."""
    apart = [word for word in {*one, *other} if word not in one or word not in other]
    return all(word.startswith(ITEMS) for word in apart)


def lone(group: Group, alike: int) -> Row | None:
    """Returns the row of a measurement without two speeds; None if it has nothing to say.

    Args:
        group: the measurement.
        alike: how many runs were asked for the same as this one.
    """
    now, ran = group.now, group.ran
    if now is None:
        gone = len(ran) * 2 >= alike and bool(ran)
        why = "it is not in this run"
        return _row(group, Verdict.MISSING, why, counts=True) if gone else None
    if now.speed:
        why = f"{group.before[-1].status} before: {group.before[-1].reason}" if group.before else ""
        return _row(group, Verdict.NEW, why)
    if ran:
        if now.status == "failed":
            return _row(group, Verdict.FAILED, now.reason, counts=True)
        return _row(group, Verdict.MISSING, f"{now.status} now: {now.reason}", counts=True)
    if now.status != "failed":
        return None
    failed = any(one.status == "failed" for one in group.before)
    change = "fails as before" if failed else "fails, skipped before" if group.before else "fails"
    return _row(group, Verdict.SAME if failed else Verdict.NEW, f"{change}: {now.reason}")


def _row(group: Group, word: Verdict, reason: str, *, counts: bool = False) -> Row:
    return Row(group.now, group.ran or tuple(group.before), word, reason, counts=counts)
