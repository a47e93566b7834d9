"""The gate's data: runs, their measurements, and the verdict on each pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bench.errors import UsageError, did_you_mean
from bench.judging.rates import Interval
from bench.units import Dimension

Shape = frozenset[tuple[str, int | str]]
"""A configuration, as a key to find it in another run's search."""


class Verdict(StrEnum):
    """The gate's verdict on one measurement.

    ``failed``: it worked before, and fails or has a wrong result now. ``explained``: it is slower,
    and the clock, throttling or another disturbance accounts for it. ``missing``: it is gone.
    ``new``: there is nothing to compare it with.
    """

    FAILED = "failed"
    SLOWER = "slower"
    EXPLAINED = "explained"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    FASTER = "faster"
    NEW = "new"
    SAME = "same"


@dataclass(frozen=True)
class Speed:
    """The speed of one measurement; more is better.

    Attributes:
        value: work a second, or calls a second.
        down, up: standard error of its logarithm, towards slower and towards faster.
        freedom: degrees of freedom of those errors.
        swing: least standard error of a short load at a power cap, whose clock swings; 0 otherwise.
    """

    value: float
    down: float
    up: float
    freedom: float
    swing: float = 0.0


@dataclass(frozen=True)
class Clock:
    """The median clock under the load, and the standard error of its logarithm."""

    hz: float
    error: float


@dataclass(frozen=True)
class Taken:
    """One measurement of one run.

    Attributes:
        name: identifies it regardless of the fastest shape: kernel, dtype, data, label ...
        title: the same for people.
        parameters: the measured configuration.
        shape: the same for people.
        moves: whether the program chose the sizes, so that another run may choose others.
        status, reason: whether there is a result, and why not.
        speed: None without a result.
        shown: the result for people.
        dimension: the dimension of the result.
        clock: None if it was not recorded.
        clocked: whether its rate scales with the device's clock.
        troubles: what disturbed it or casts doubt on it.
        throttle: what held the clock down.
        tried: the call time of each configuration that a search tried, in seconds.
        sizes: the end of the title where a shape was fixed, empty for none.
        of: figure, kernel and dtype, for programs.
    """

    name: tuple[str, ...]
    title: str
    parameters: Mapping[str, int | str]
    shape: str
    moves: bool
    status: str
    reason: str
    speed: Speed | None
    shown: str
    dimension: Dimension
    clock: Clock | None = None
    clocked: bool = False
    troubles: tuple[str, ...] = ()
    throttle: tuple[str, ...] = ()
    tried: Mapping[Shape, float] = field(default_factory=dict)
    sizes: str = ""
    of: Mapping[str, str] = field(default_factory=dict)


def middle(taken: Sequence[Taken]) -> Taken | None:
    """Returns the measurement with the median rate, the last one if none has a rate."""
    ran = sorted((one.speed.value, place) for place, one in enumerate(taken) if one.speed)
    if not ran:
        return taken[-1] if taken else None
    return taken[ran[(len(ran) - 1) // 2][1]]


@dataclass(frozen=True)
class Run:
    """Everything that one run measured, and its conditions.

    Attributes:
        name: of the record or the file.
        day: when it started, ISO; empty if unknown.
        about: the device and its kind, for people.
        facts: conditions that must agree, or are shown if they differ, by the words of ``allow=``.
        taken: its measurements.
        whole: what it was asked to measure; runs asked for the same should have the same rows.
        state: how it ended.
        backend: of the device; ``fake`` is a simulated one, empty is unknown.
    """

    name: str
    day: str
    about: str
    facts: Mapping[str, str | None]
    taken: tuple[Taken, ...]
    whole: tuple[str, ...] = ()
    state: str = "complete"
    backend: str = ""


@dataclass(frozen=True)
class Row:
    """One measurement before and now.

    Attributes:
        now: in the run that is judged, None if it is missing there.
        before: in the runs that it is compared with.
        ratio: now over before, with bounds that hold jointly for all rows; None without both.
        clock: the clock now over the clock before, None unless both are known.
        verdict, reason: the judgement.
        counts: whether it keeps the gate from passing: it is slower, or may be.
        judged: the verdict on a published figure (reached, short ...); empty against runs.
        published: the figure's value in base units, None against runs.
        limit: the share of it that counts as reached, None against runs.
    """

    now: Taken | None
    before: tuple[Taken, ...]
    verdict: Verdict
    reason: str = ""
    ratio: Interval | None = None
    clock: float | None = None
    counts: bool = False
    judged: str = ""
    published: float | None = None
    limit: float | None = None

    @property
    def code(self) -> int:
        """Returns the exit code of this row alone: 0 passes, 1 fails, 3 is not settled."""
        if not self.counts:
            return 0
        return 1 if self.verdict in (Verdict.FAILED, Verdict.SLOWER) else 3

    @property
    def words(self) -> str:
        """Returns verdict and reason for people; against a sheet, in the words of ``show``."""
        word = self.judged or self.verdict.value
        return f"{word}: {self.reason}" if self.reason else word

    @property
    def taken(self) -> Taken:
        """Returns the measurement that names the row."""
        return self.now or self.before[-1]


@dataclass(frozen=True)
class Terms:
    """The strictness of the gate.

    Attributes:
        level: the chance that any row is called slower or faster although nothing changed.
        least: the smallest relative difference that matters.
        allow: conditions that may differ.
    """

    level: float = 0.01
    least: float = 0.01
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The result of the gate.

    Attributes:
        title: the outcome in a few words.
        heading: what was compared with what, and which conditions differ.
        rows: the worst first.
        notes: the method of judging.
        columns: titles of the value before, the value now, and their ratio.
        sources: of published values, numbered as they are marked.
        record: the run that is judged.
        against: the runs that it is compared with, or the chip.
        strictness: the strictness, by the keys of the command.
        ended: how an incomplete run ended, in words; empty if it is complete.
        judges: whether any row has a real verdict.
        limits: what limits were made of this run, in words; empty if none were.
        limited: keys of figures that are judged by a limit of their own, not by the margin.
        backend: of the judged run's device; ``fake`` is a simulated one, empty is unknown.
    """

    title: str
    heading: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    columns: tuple[str, str, str] = field(default=("before", "now", "change"))
    sources: tuple[str, ...] = ()
    record: str = ""
    against: tuple[str, ...] = ()
    strictness: Mapping[str, float] = field(default_factory=dict)
    ended: str = ""
    judges: bool = True
    limits: str = ""
    limited: tuple[str, ...] = ()
    backend: str = ""

    @property
    def code(self) -> int:
        """Returns the exit code: 0 same or faster, 1 slower, 3 not settled, or not measured."""
        codes = {row.code for row in self.rows}
        if 1 in codes:
            return 1
        return 3 if 3 in codes or self.ended or not self.judges else 0


ENDED = {"running": "did not finish", "interrupted": "was interrupted"}
"""How an incomplete run ended."""
ALLOWED = (
    "chip", "device", "driver", "kernel", "libraries", "machine", "node", "onpaper", "power_limit",
    "python", "runtime", "suite", "threads", "together", "torch", "uid", "variables",
)  # fmt: skip
"""The words of ``allow=``."""


def terms(level: float, least: float, allow: list[str]) -> Terms:
    """Returns the terms, checked.

    Raises:
        UsageError: a level or least difference outside its range, or an unknown word.
    """
    if not 0 < level <= 0.2:
        raise UsageError(f"level={level:g} must be above 0 and at most 0.2")
    if not 0 <= least <= 0.5:
        raise UsageError(f"least={least:g} must be 0 or more and at most 0.5")
    for word in allow:
        if word not in ALLOWED:
            raise UsageError(f"allow= knows no {word!r}: {did_you_mean(word, ALLOWED)}")
    return Terms(level, least, tuple(allow))
