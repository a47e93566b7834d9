"""Finds the fastest configuration of a kernel within a budget, and says what more could gain.

Seeds first (squares and shapes that vendors favour, spread over the space), then turns between
neighbours of the best and points drawn at random, then re-trials of the leaders, because the best
of many noisy trials is biased. The winner is measured again, independently, by the loop.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from bench.devices.base import Device
from bench.kernels.common.base import Kernel, Point, UnsupportedError
from bench.measure.grid import Grid
from bench.measure.loop import in_turns
from bench.records.model import Search, Trial

SEEDS = 24
SEED_SHARE = 0.35
FINAL_SHARE = 0.25
RANDOM_SHARE = 0.25
LEADERS = 6
TRIAL_CALLS = 3
TRIAL_S = 0.01
HOPELESS_S, HOPELESS = 0.2, 4.0
"""A first call that takes longer, and that many times as long as at the best rate, is the only.

So is one that takes longer than the whole budget.
"""

DEAREST_SHARE = 1 / 8
"""A trial that would cost a larger share of the budget than this is left out."""


@dataclass
class Hunt:
    """The state of one search.

    Attributes:
        amounts: what each configuration does, in what its rate counts.
        times: seconds a call in every trial, by configuration number.
        call_s: their median, since a trial disturbed for the better would lead for good.
        calls: calls spent on it.
        failed: configurations that do not run here.
        trouble: why the last of them does not; where any is ``broken``, why the first such is.
        broken: whether one failed, and not for want of an operation.
        drawn: how many were drawn at random.
        pace: the best rate of any single trial, by which costs are foreseen.
    """

    device: Device
    kernel: Kernel
    grid: Grid
    amounts: list[float]
    budget_s: float
    start_s: float
    progress: Callable[[float], None]
    random: random.Random
    times: dict[int, list[float]] = field(default_factory=dict)
    call_s: dict[int, float] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    trouble: str = ""
    broken: bool = False
    drawn: int = 0
    pace: float = 0.0

    def rate(self, index: int) -> float:
        """Returns a tried configuration's rate, in what ``amount`` counts, a second."""
        return self.amounts[index] / self.call_s[index]

    def leaders(self) -> list[int]:
        """Returns the fastest configurations tried, the best first."""
        return sorted(self.call_s, key=self.rate, reverse=True)[:LEADERS]

    def spent(self) -> float:
        """Returns the share of the budget that is gone."""
        share = (self.device.now() - self.start_s) / self.budget_s
        self.progress(min(1.0, share))
        return share

    def open(self, index: int) -> bool:
        """Tells whether a configuration may be tried now: untried, running, and not too dear."""
        return not (index in self.call_s or index in self.failed or self.dear(index))

    def dear(self, index: int) -> bool:
        """Tells whether one trial would take too much of the budget, as far as can be foreseen."""
        expected = TRIAL_CALLS * self.amounts[index] / self.pace if self.pace else 0.0
        return not self.few() and expected > DEAREST_SHARE * self.budget_s

    def hopeless(self, index: int, first_s: float) -> bool:
        """Tells whether a first call is so long that it is enough: far behind, or all there was."""
        behind = first_s * self.pace > HOPELESS * self.amounts[index]
        return first_s > HOPELESS_S and (behind or first_s > self.budget_s)

    def fail(self, index: int, error: Exception) -> None:
        """Strikes off a configuration that failed, whatever was known of it."""
        self.failed.add(index)
        for known in (self.times, self.call_s, self.calls):
            known.pop(index, None)
        if not self.broken:
            self.trouble, self.broken = str(error), not isinstance(error, UnsupportedError)

    def few(self) -> bool:
        """Tells whether the space is so small that each configuration is tried, come what may."""
        return len(self.grid.points) <= LEADERS


def amount(kernel: Kernel, point: Point) -> float:
    """Returns what a configuration's rate counts: operations, for memory kernels bytes."""
    work = kernel.work(point)
    return work.bytes if kernel.figures(point) == ("memory_bandwidth",) else work.flop


def search(
    device: Device,
    kernel: Kernel,
    space: list[Point],
    budget_s: float,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Point, Search]:
    """Returns the fastest configuration found in ``space`` and all that was tried.

    The budget is kept but for the trial in progress; at least one configuration is tried.

    Raises:
        UnsupportedError: none runs here, each for want of an operation.
        RuntimeError: none runs here, and one failed otherwise, which may have cost the device.
    """
    hunt = Hunt(
        device, kernel, Grid(space), [amount(kernel, point) for point in space], budget_s,
        device.now(), progress,
        random.Random(len(space)),  # noqa: S311 -- no secret
    )  # fmt: skip
    _seed(hunt)
    while hunt.spent() < 1 - FINAL_SHARE:
        index = _next(hunt)
        if index is None:
            break
        _try(hunt, index)
    if not hunt.call_s:
        words = f"no configuration runs here: {hunt.trouble}"
        raise RuntimeError(words) if hunt.broken else UnsupportedError(words)
    _settle(hunt)
    return hunt.grid.points[hunt.leaders()[0]], _report(hunt)


def _seed(hunt: Hunt) -> None:
    """Tries favoured configurations from cheap to dear: the first gives a pace to plan by."""
    seeds = sorted(
        range(min(SEEDS, len(hunt.grid.points))),
        key=lambda index: hunt.amounts[index],
    )
    for index in seeds:
        if hunt.call_s and not hunt.few() and hunt.spent() > SEED_SHARE:
            return
        if hunt.open(index):
            _try(hunt, index)


def _next(hunt: Hunt) -> int | None:
    """Returns an untried configuration: a neighbour of a leader, or one drawn at random."""
    if hunt.random.random() >= RANDOM_SHARE:
        for leader in hunt.leaders():
            near = [index for index in hunt.grid.neighbours(leader) if hunt.open(index)]
            if near:
                return hunt.random.choice(near)
    left = [index for index in range(len(hunt.grid.points)) if hunt.open(index)]
    if not left:
        return None
    hunt.drawn += 1
    return hunt.random.choice(left)


def _try(hunt: Hunt, index: int) -> None:
    """Times a configuration briefly; one that does not run here, or no more, is noted as such."""
    try:
        first, times, batch = _timed(hunt, index)
    except (UnsupportedError, MemoryError, RuntimeError) as error:
        hunt.fail(index, error)
        return
    hunt.times.setdefault(index, []).extend(times if batch > 1 else [first, *times])
    hunt.call_s[index] = max(median(hunt.times[index]), 1e-12)
    hunt.calls[index] = hunt.calls.get(index, 0) + max(1, batch * len(times))
    fastest = max(min([first, *times]), 1e-12)
    hunt.pace = max(hunt.pace, hunt.amounts[index] / fastest)


def _timed(hunt: Hunt, index: int) -> tuple[float, list[float], int]:
    """Returns the time of a first call, that of a call in each batch after it, and their size."""
    prepared = hunt.device.prepare(hunt.kernel, hunt.grid.points[index])
    once = hunt.device.time(prepared, 1)
    first = once.seconds
    about_s = first if first > 0 else once.wall_seconds  # too short for the timer, or it stands
    batch = in_turns(max(1, math.ceil(TRIAL_S / TRIAL_CALLS / max(about_s, 1e-9))), prepared)
    rounds = 0 if hunt.hopeless(index, first) else TRIAL_CALLS - (1 if first > TRIAL_S else 0)
    return first, [hunt.device.time(prepared, batch).seconds / batch for _ in range(rounds)], batch


def _settle(hunt: Hunt) -> None:
    """Tries the leaders again, in turn, with what is left of the budget."""
    rounds = 0
    while hunt.spent() < 1 and rounds < 4 * LEADERS and len(hunt.call_s) > 1:
        _try(hunt, min(hunt.leaders(), key=lambda index: hunt.calls[index] * hunt.call_s[index]))
        rounds += 1


def _report(hunt: Hunt) -> Search:
    trials = tuple(
        Trial(parameters=dict(hunt.grid.points[index].parameters), median_s=median_s, calls=calls)
        for (index, median_s), calls in zip(hunt.call_s.items(), hunt.calls.values(), strict=True)
    )
    whole = len(hunt.call_s) == len(hunt.grid.points)
    rates = [hunt.rate(index) for index in hunt.call_s]
    return Search(
        space=len(hunt.grid.points),
        trials=trials,
        left_out=len(hunt.failed) + sum(map(hunt.dear, range(len(hunt.grid.points)))),
        took_s=hunt.device.now() - hunt.start_s,
        gain_estimate=0.0 if whole else gain_estimate(rates),
        chance_next_beats_at_most=0.0 if whole else 1 - 0.05 ** (1 / max(1, hunt.drawn)),
    )


def gain_estimate(rates: list[float]) -> float | None:
    """Returns the relative rise of the best rate that a much longer search is expected to find.

    None where too few were tried to tell.

    The end of the distribution of rates is estimated from the spacings at its top: the mean
    distance from the best to the next few, divided by their number (after Robson & Whitlock 1964,
    Biometrika 51:33, whose estimate takes one spacing; more steady it).
    """
    top = sorted(rates, reverse=True)[:LEADERS]
    if len(top) < LEADERS:
        return None
    rest = top[1:]
    return (top[0] - sum(rest) / len(rest)) / len(rest) / top[0]
