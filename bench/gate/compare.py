"""Compares a run with another one, or with a set of runs."""

import math
from collections.abc import Sequence

from bench.errors import UsageError, first_of
from bench.gate import clocks
from bench.gate.differ import comparable, difference_lines, of_its_device
from bench.gate.group import Group, groups, left_out, lone
from bench.gate.model import ENDED, Finding, Row, Run, Taken, Terms, Verdict, middle
from bench.gate.searched import luck
from bench.gate.spread import Variance, common, moderated, variance_of
from bench.gate.weigh import ENOUGH, WIDE, is_widened, may_be_slower, ratio, verdict
from bench.judging.rates import Interval
from bench.judging.throttle import SWING
from bench.judging.titles import FAKE
from bench.records.model import SHAPE
from bench.words import some_of

ORDER = list(Verdict)
LISTED = 5
"""Most titles of left-out measurements that are listed."""
OTHER_SHAPE = "another shape won"
SWINGS = (
    f"a short load at a power cap, with ±{SWING:.1%} for the swings of its clock: "
    f"{ENOUGH} such earlier runs show its true spread"
)
COUNTED = (Verdict.FAILED, Verdict.SLOWER)


def compare(
    now: Run,
    before: Sequence[Run],
    terms: Terms,
    unread: Sequence[str] = (),
    lacking: Sequence[Row] = (),
) -> Finding:
    """Returns the verdict on each measurement of a run.

    Args:
        now: the run.
        before: one run, or a set, whose spread between runs is taken into account.
        terms: the strictness.
        unread: files of the set that could not be read, and why.
        lacking: rows of what was asked for and no run measured.

    Raises:
        UsageError: none is comparable, or they share no measurement and nothing is lacking.
    """
    kept, refused = comparable(now, list(before), terms.allow)
    kept, of_it = of_its_device(now, kept, terms.allow)
    found = groups(now, kept)
    both = [one for one in found if one.compared]
    alone = _alone(now, kept, found)
    if not both and not any(row.counts for row in (*alone, *lacking)):
        raise UsageError(f"{now.name} and {_named(kept)} have no measurement in common")
    rows = [*_rows(both, terms), *alone, *lacking]
    most = max((len(one.ran) for one in both), default=len(kept))
    heading = (*_heading(now, kept, [*refused, *unread], most), *of_it, *_asked_less(now, kept))
    return Finding(
        title=title(rows, ENDED.get(now.state, "")),
        heading=(*heading, *difference_lines(now, kept, terms.allow)),
        rows=tuple(sorted(rows, key=sort_key)),
        notes=tuple(_notes(len(both), most, terms)),
        record=now.name,
        against=tuple(run.name for run in kept),
        strictness={"level": terms.level, "least": terms.least},
        ended=ENDED.get(now.state, ""),
        backend=now.backend,
    )


def _alone(now: Run, kept: Sequence[Run], found: Sequence[Group]) -> list[Row]:
    """Returns the rows of what only one side measured."""
    alike = sum(run.whole == now.whole for run in kept)
    return [row for one in found if not one.compared and (row := lone(one, alike))]


def _named(runs: Sequence[Run]) -> str:
    return runs[0].name if len(runs) == 1 else f"the {len(runs)} runs"


def _asked_less(now: Run, kept: Sequence[Run]) -> list[str]:
    """Returns a line that names what earlier runs measured and this one was not asked for."""
    names = left_out(now, kept)
    if not names:
        return []
    are = "is" if len(names) == 1 else "are"
    return [f"Asked for other items: {some_of(names, LISTED, '; ')} {are} left out."]


def _rows(both: Sequence[Group], terms: Terms) -> list[Row]:
    """Returns the rows with two speeds; their intervals hold jointly."""
    level = terms.level / max(1, len(both))
    variances = [_variance(one.ran) for one in both]
    shared = common([one for one in variances if one])
    return [
        _row(one, moderated(variance, shared), level, terms)
        for one, variance in zip(both, variances, strict=True)
    ]


def _variance(ran: Sequence[Taken]) -> Variance | None:
    return variance_of([math.log(one.speed.value) for one in ran if one.speed])


def _row(group: Group, between: Variance | None, level: float, terms: Terms) -> Row:
    now, ran = group.now, group.ran
    assert now is not None  # noqa: S101 -- the group is compared
    assert now.speed is not None  # noqa: S101 -- as above
    speeds = [one.speed for one in ran if one.speed]
    found = ratio(now.speed, speeds, between, level)
    clock = clocks.clock_ratio(now, ran, level)
    word, reason = verdict(found, terms.least)
    noisy = found.low <= 1 <= found.high
    remarks = [reason, "" if noisy else clocks.remark(found, clock, now)]
    if word is Verdict.AMBIGUOUS and is_widened(now.speed, speeds):
        remarks.append(SWINGS)
    open_ = word is Verdict.SLOWER or (
        word is Verdict.AMBIGUOUS and may_be_slower(found, terms.least)
    )
    sides = clocks.Sides(now, ran)
    if word is not Verdict.SLOWER and (slower := clocks.hidden(found, clock, sides, terms.least)):
        word, remarks, open_ = Verdict.AMBIGUOUS, [slower], True
    elif excuse := _excuse(word, found, clock, sides, terms):
        word, remarks = excuse[0], [excuse[1]]
    another = "" if word is Verdict.SAME else _other_shape(now, middle(ran) or ran[-1])
    return Row(
        now=now,
        before=ran,
        verdict=word,
        reason=_joined([one for one in (*remarks, another) if one]),
        ratio=found,
        clock=clock.value if clock else None,
        counts=open_,
    )


def _excuse(
    word: Verdict, found: Interval, clock: Interval | None, sides: clocks.Sides, terms: Terms
) -> tuple[Verdict, str] | None:
    """Returns the verdict and reason of a change that is not due to code; None if it may be."""
    held = clocks.explained(word, found, clock, sides, terms.least)
    if held := held or clocks.disturbed(word, sides.now, sides.before):
        return Verdict.EXPLAINED if word is Verdict.SLOWER else Verdict.AMBIGUOUS, held
    chance = luck(word, sides.now, sides.before, terms.level, clock)
    chance = chance or clocks.maybe(word, found, clock, sides, terms.least)
    return (Verdict.AMBIGUOUS, chance) if chance else None


def _joined(remarks: Sequence[str]) -> str:
    """Joins remarks; that another shape won is mentioned once."""
    first, *rest = remarks or [""]
    repeated = f"{OTHER_SHAPE}: " if first.startswith(OTHER_SHAPE) else ""
    return "; ".join([first, *(one.removeprefix(repeated) for one in rest)])


def _other_shape(now: Taken, before: Taken) -> str:
    if now.parameters == before.parameters:
        return ""
    if now.shape and now.shape != before.shape:
        names = (*SHAPE, "shape")
        sizes = any(now.parameters.get(one) != before.parameters.get(one) for one in names)
        word = "shape" if sizes else "way"
        return f"another {word} won: {now.shape} instead of {before.shape}"
    changed = [
        f"{name}={value}" for name, value in now.parameters.items()
        if before.parameters.get(name) != value
    ]  # fmt: skip
    return f"another configuration: {', '.join(changed)}" if changed else ""


def sort_key(row: Row) -> tuple[int, bool, float]:
    """Returns the sort key of a row: those that count first, then the slowest of a verdict."""
    return ORDER.index(row.verdict), not row.counts, row.ratio.value if row.ratio else 1.0


def title(rows: Sequence[Row], ended: str = "") -> str:
    """Returns the outcome in a few words; an unfinished run is not settled."""
    tally = {word: sum(row.verdict is word for row in rows) for word in ORDER}
    words = [f"{count} {word.value}" for word, count in tally.items() if count]
    bad = any(row.counts and row.verdict in COUNTED for row in rows)
    held = tally[Verdict.EXPLAINED] and not ended
    open_ = ended or any(row.counts for row in rows)
    head = "not settled" if open_ else "not slower"
    head = "slower" if bad else "slower, but explained" if held else head
    return f"gate: {head} ({', '.join(words)})"


def _heading(now: Run, kept: Sequence[Run], refused: Sequence[str], most: int) -> list[str]:
    """Returns what is compared; ``most`` earlier runs at most have a measurement in common."""
    if len(kept) == 1:
        lines = [f"Now {now.name} ({now.about}), before {kept[0].name} ({kept[0].about})."]
    else:
        days = sorted(run.day for run in kept)
        since = ", " + " to ".join(dict.fromkeys((days[0], days[-1]))) if days[0] else ""
        each = "; each measurement is in one of them only" if most == 1 else ""
        lines = [f"Now {now.name} ({now.about}), before {len(kept)} runs{since}{each}."]
    if refused:
        lines.append(f"Left out: {first_of(refused)}.")
    if any(run.backend == "fake" for run in (now, *kept)):
        lines.append(FAKE)
    ended = [f"{run.name} {ENDED[run.state]}" for run in (now, *kept) if run.state in ENDED]
    return [*lines, *([f"{'; '.join(ended[:3])}."] if ended else [])]


def _notes(count: int, runs: int, terms: Terms) -> list[str]:
    """Returns the method of judging, in sentences."""
    level, least, wide = 1 - terms.level, terms.least, WIDE * terms.least
    holds = f"those of all {count} rows hold together" if count > 1 else "it holds"
    method = (
        f"Intervals are of the ratio of rates, and {holds} at {100 * level:g}% (Bonferroni; "
        "Welch's test on logarithms of medians, with effective samples as degrees of freedom)."
    )
    words = (
        f"slower, faster: the whole interval lies beyond {100 * least:g}%. same: it lies within, "
        f"or includes no change and rules out {100 * wide:g}%. ambiguous: neither. "
        "explained: slower, and the clock, throttling or another disturbance accounts for it."
    )
    single = (
        "A single earlier run does not show how much runs, or devices, differ; a folder of runs "
        "does: against=FOLDER."
    )
    few = "; so few show it only roughly, five or more are better" if runs < ENOUGH else ""
    several = f"The spread of the {runs} earlier runs is part of each interval{few}."
    return [method, words, single if runs == 1 else several]
