"""Finds the fastest configuration of a kernel within a budget, and estimates what is left to gain.

First seeds (squares and shapes that vendors favour), then a mix of neighbours of the best and
random draws, then re-trials of the fastest in turns, since the best of many noisy trials is
biased. The winner is measured again, independently, by the timing loop.
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
"""Favoured configurations that are tried first."""
SEED_SHARE = 0.35
FINAL_SHARE = 0.25
"""Shares of the budget for the seeds at most, and for trying the leaders again."""
RANDOM_SHARE = 0.25
"""Share of random draws among the other configurations."""
LEADERS = 6
CONTENDERS, NEAR = 12, 0.1
"""So many of the fastest, within this relative distance of the best, are tried again once before
the leaders are: one trial on a hot device must not cost a configuration the choice."""
TRIAL_CALLS = 3
TRIAL_S = 0.01
"""Batches of a trial, and their duration in all, in s."""
HOPELESS_S, HOPELESS = 0.2, 4.0
"""A configuration gets no second call if its first takes longer than ``HOPELESS_S`` and either
``HOPELESS`` times as long as at the best rate so far, or more than the whole budget."""

DEAREST_SHARE = 1 / 8
"""A trial expected to cost a larger share of the budget than this is left out."""


@dataclass
class Hunt:
    """The state of one search.

    Attributes:
        amounts: work of each configuration, in the unit of its rate (operations or bytes).
        times: seconds per call of every trial, by configuration index.
        call_s: their median; by the minimum, one lucky trial would lead for good.
        calls: number of calls spent on each configuration.
        failed: configurations that do not run here.
        trouble: why the last of them does not run; if ``broken``, why the first such failed.
        broken: whether one failed for another reason than a missing operation.
        drawn: number of configurations drawn at random.
        pace: the best rate of any single trial, from which costs are predicted.
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
        """Returns a tried configuration's rate, in units of ``amount`` per second."""
        return self.amounts[index] / self.call_s[index]

    def leaders(self, most: int = LEADERS) -> list[int]:
        """Returns the fastest configurations tried, the best first."""
        return sorted(self.call_s, key=self.rate, reverse=True)[:most]

    def contenders(self) -> list[int]:
        """Returns the configurations that may prove the fastest once they are tried again."""
        best, *others = self.leaders(CONTENDERS)
        least = (1 - NEAR) * self.rate(best)
        return [best, *(index for index in others if self.rate(index) >= least)]

    def spent(self) -> float:
        """Returns the fraction of the budget spent."""
        share = (self.device.now() - self.start_s) / self.budget_s
        self.progress(min(1.0, share))
        return share

    def open(self, index: int) -> bool:
        """Returns whether a configuration may be tried: untried, not failed, affordable."""
        return not (index in self.call_s or index in self.failed or self.dear(index))

    def dear(self, index: int) -> bool:
        """Returns whether a trial is expected to cost too much of the budget."""
        expected = TRIAL_CALLS * self.amounts[index] / self.pace if self.pace else 0.0
        return not self.few() and expected > DEAREST_SHARE * self.budget_s

    def hopeless(self, index: int, first_s: float) -> bool:
        """Returns whether a first call is so slow that it remains the only one."""
        behind = first_s * self.pace > HOPELESS * self.amounts[index]
        return first_s > HOPELESS_S and (behind or first_s > self.budget_s)

    def fail(self, index: int, error: Exception) -> None:
        """Excludes a configuration that failed, and forgets its trials."""
        self.failed.add(index)
        for by_index in (self.times, self.call_s, self.calls):
            by_index.pop(index, None)
        if not self.broken:
            self.trouble, self.broken = str(error), not isinstance(error, UnsupportedError)

    def few(self) -> bool:
        """Returns whether the space is so small that every configuration is tried."""
        return len(self.grid.points) <= LEADERS


def amount(kernel: Kernel, point: Point) -> float:
    """Returns the work that a configuration's rate counts: operations, or bytes of a stream."""
    work = kernel.work(point)
    return work.bytes if kernel.figures(point) == ("memory_bandwidth",) else work.flop


def search(
    device: Device,
    kernel: Kernel,
    space: list[Point],
    budget_s: float,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Point, Search]:
    """Returns the fastest configuration found in ``space``, and all trials.

    The budget is exceeded by the trial in progress at most; at least one configuration is tried.

    Raises:
        UnsupportedError: none runs here, each for lack of an operation.
        RuntimeError: none runs here, and one failed otherwise, possibly breaking the device.
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
        reason = f"no configuration runs here: {hunt.trouble}"
        raise RuntimeError(reason) if hunt.broken else UnsupportedError(reason)
    _settle(hunt)
    return hunt.grid.points[hunt.leaders()[0]], _report(hunt)


def _seed(hunt: Hunt) -> None:
    """Tries favoured configurations, cheapest first, so that a pace is known to predict costs."""
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
    """Returns an untried configuration, a leader's neighbour or a random one; None if none left."""
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
    """Times a configuration briefly; one that raises is excluded, even after earlier trials."""
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
    """Returns the first call's time, the time per call of each further batch, and their size."""
    prepared = hunt.device.prepare(hunt.kernel, hunt.grid.points[index])
    once = hunt.device.time(prepared, 1)
    first = once.seconds
    about_s = first if first > 0 else once.wall_seconds  # below the timer's resolution, or broken
    batch = in_turns(max(1, math.ceil(TRIAL_S / TRIAL_CALLS / max(about_s, 1e-9))), prepared)
    rounds = 0 if hunt.hopeless(index, first) else TRIAL_CALLS - (1 if first > TRIAL_S else 0)
    return first, [hunt.device.time(prepared, batch).seconds / batch for _ in range(rounds)], batch


def _settle(hunt: Hunt) -> None:
    """Tries the contenders again, then the leaders, with what is left of the budget.

    Only these trials of a contender count: they follow each other, on an equally warm device. The
    leaders take turns: the least timed one is next.
    """
    again, rounds = hunt.contenders(), 0
    while hunt.spent() < 1 and rounds < 4 * LEADERS and len(hunt.call_s) > 1:
        if again:
            index = again.pop()
            hunt.times[index] = []
        else:
            index = min(hunt.leaders(), key=lambda one: hunt.calls[one] * hunt.call_s[one])
        _try(hunt, index)
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
    """Returns the expected relative gain of a much longer search, None if too few were tried.

    The upper end of the distribution of rates is estimated from the spacings at its top: the mean
    distance from the best to the next few, divided by their number (after Robson & Whitlock 1964,
    Biometrika 51:33, who use one spacing; several are less noisy).
    """
    top = sorted(rates, reverse=True)[:LEADERS]
    if len(top) < LEADERS:
        return None
    rest = top[1:]
    return (top[0] - sum(rest) / len(rest)) / len(rest) / top[0]
