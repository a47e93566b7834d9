"""Devices of several ranks behind one interface: rank 0 leads, and the slowest rank's time counts.

The measuring code runs in rank 0 only, so that every decision is made once. Its device is a
``LeadingDevice``; the other ranks ``follow`` the orders that it broadcasts. A kernel that needs no
other rank is measured by rank 0 alone, while the others wait.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.devices.base import Device, Elapsed, Health, Prepared, Reading
from bench.devices.team import LostRankError, Outcome, Team
from bench.kernels.common.base import Kernel, Limits, Point, UnsupportedError
from bench.kernels.registry import kernel as find_kernel
from bench.records.model import Check, DeviceInfo

END = "end"


KINDS: dict[str, type[Exception]] = {
    "UnsupportedError": UnsupportedError,
    "MemoryError": MemoryError,
}
"""Errors of another rank that keep their type; all others become ``RuntimeError``."""


class Worker:
    """Executes orders on one rank's device."""

    def __init__(self, device: Device, team: Team) -> None:
        self.device, self._team = device, team
        self.prepared: Prepared | None = None
        self.most = 0
        self.error: Exception | None = None

    def outcome(self, words: tuple[Any, ...]) -> Outcome:
        """Executes an order; an error becomes an outcome, and is kept in ``error``."""
        self.error = None
        try:
            return Outcome(self._do(*words))
        except Exception as error:  # noqa: BLE001 -- the first rank decides what an error costs
            self.error = error
            return Outcome(None, type(error).__name__, str(error))

    def _do(self, verb: str, *arguments: Any) -> Any:  # noqa: ANN401 -- depends on the order
        if verb in ("check", "prepare"):
            name, point = arguments
            return self._begin(verb, find_kernel(name), point)
        if verb == "release":
            self.prepared = None
            return self.device.release()
        if self.prepared is None:
            raise RuntimeError(f"asked for {verb} before anything was prepared")
        if verb == "time":
            if self.most:
                self.prepared.spoil()
            self._team.align()
            return self.device.time(self.prepared, *arguments)
        return self.prepared.spoil() if verb == "spoil" else self.prepared.spot_check()

    def _begin(self, verb: str, kernel: Kernel, point: Point) -> Check | None:
        if verb == "check":
            return self.device.check(kernel, point)
        self.prepared = None  # frees its buffers before new ones are allocated
        self.most = most_calls(kernel, point)
        self.prepared = self.device.prepare(kernel, point)
        return None


class LeadingDevice:
    """Rank 0's device; a kernel across ranks is built, checked and timed on all of them.

    Attributes:
        whole: False while an order is being executed, and for good once one was interrupted.
    """

    def __init__(self, device: Device, team: Team) -> None:
        self._device, self._team = device, team
        self._worker = Worker(device, team)
        self.timer_resolution_s, self.live = device.timer_resolution_s, device.live
        self.whole = True

    def info(self) -> DeviceInfo:
        """Returns what rank 0's device reports."""
        return self._device.info()

    def limits(self) -> Limits:
        """Returns the limits of rank 0's device."""
        return self._device.limits()

    def lacks(self, dtype: str) -> str | None:
        """Returns why rank 0's device does not support ``dtype``."""
        return self._device.lacks(dtype)

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's check, on all ranks if it needs them; returns the worst."""
        if not across(kernel):
            return self._device.check(kernel, point)
        return worst(self._ask("check", kernel.name, point))

    def prepare(self, kernel: Kernel, point: Point) -> Prepared:
        """Allocates a configuration's buffers, on all ranks if it needs them."""
        if not across(kernel):
            return self._device.prepare(kernel, point)
        self._ask("prepare", kernel.name, point)
        return PreparedOnAll(self, most_calls(kernel, point))

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Returns the slowest rank's time of calls that all ranks begin together."""
        if not isinstance(prepared, PreparedOnAll):
            return self._device.time(prepared, calls)
        return slowest(self._ask("time", calls))

    def now(self) -> float:
        """Returns seconds on rank 0's clock."""
        return self._device.now()

    def rest(self, seconds: float) -> None:
        """Leaves the devices idle: the other ranks wait for an order."""
        self._device.rest(seconds)

    def reading(self) -> Reading:
        """Returns the telemetry of rank 0's device."""
        return self._device.reading()

    def health(self) -> Health:
        """Returns the host's counters without CPU time, which says nothing of ranks that wait."""
        return replace(self._device.health(), cpu_s=None)

    def release(self) -> None:
        """Frees cached buffers, on all ranks while all are reachable."""
        if self.whole:
            self._ask("release")
        else:
            self._device.release()

    def end(self) -> None:
        """Ends the other ranks; one that is still busy notices that rank 0 has gone."""
        if self.whole:
            self._team.order((END,))
            self._team.end()

    def of_all(self, verb: str) -> list[Any]:
        """Executes an order on every rank's prepared configuration; returns all results."""
        return self._ask(verb)

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel observed on rank 0."""
        return self._worker.prepared.observed() if self._worker.prepared else {}

    def _ask(self, *words: Any) -> list[Any]:  # noqa: ANN401 -- depends on the order
        """Broadcasts an order, executes it here too, and returns every rank's result.

        Raises:
            LostRankError: a rank is gone, now or before.
            Exception: rank 0's own error, or else the first of another rank.
        """
        if not self.whole:
            raise LostRankError("another rank is gone")
        self.whole = False
        self._team.order(words)
        outcomes = self._team.outcomes(self._worker.outcome(words))
        self.whole = True
        if self._worker.error is not None:
            raise self._worker.error
        for rank, outcome in enumerate(outcomes):
            if outcome.kind:
                raise KINDS.get(outcome.kind, RuntimeError)(f"on rank {rank}: {outcome.words}")
        return [outcome.value for outcome in outcomes]


class PreparedOnAll:
    """A configuration that every rank has prepared; only the latest is usable.

    Attributes:
        most: the most calls of a timed batch, which begins with a reset; 0 if it needs none.
    """

    at_once = 1

    def __init__(self, leader: LeadingDevice, most: int = 0) -> None:
        self._leader, self.most = leader, most

    def spoil(self) -> None:
        """Overwrites the results on all ranks."""
        self._leader.of_all("spoil")

    def spot_check(self) -> Check | None:
        """Returns the worst of all ranks' checks."""
        return worst(self._leader.of_all("spot_check"))

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel observed on rank 0."""
        return self._leader.observed()


def across(kernel: Kernel) -> bool:
    """Returns whether a kernel needs every rank."""
    return bool(getattr(kernel, "across_ranks", False))


def most_calls(kernel: Kernel, point: Point) -> int:
    """Returns after how many calls a kernel's buffers need a reset; 0 if they need none."""
    most = getattr(kernel, "most", None)
    return int(most(point)) if most else 0


def worst(checks: Sequence[Check]) -> Check:
    """Returns a failed check if there is one, else the one with the largest error."""
    return max(checks, key=lambda check: (not check.passed, check.error))


def slowest(times: Sequence[Elapsed]) -> Elapsed:
    """Returns the longest times; disturbed if any rank was, since all wait for the slowest."""
    return Elapsed(
        max(elapsed.seconds for elapsed in times),
        max(elapsed.wall_seconds for elapsed in times),
        disturbed=any(elapsed.disturbed for elapsed in times),
    )


def follow(device: Device, team: Team) -> None:
    """Executes rank 0's orders on this rank until it ends.

    Raises:
        LostRankError: rank 0 is gone.
    """
    worker = Worker(device, team)
    while (words := team.order(None)) != (END,):
        team.outcomes(worker.outcome(words))
    team.end()
