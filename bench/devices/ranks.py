"""One device a rank, led by the first: what it is asked, all do, and the slowest of them tells.

The measuring code runs in the first rank alone, so that every decision is made once. Its device is
a ``LeadingDevice``; the other ranks ``follow`` the orders that it sends. A kernel that needs no
other rank is measured by the first alone, while the others wait.
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
"""Errors that mean the same whichever rank has them; others are a ``RuntimeError``."""


class Hand:
    """Carries out orders on one rank's device."""

    def __init__(self, device: Device, team: Team) -> None:
        self.device, self._team = device, team
        self.prepared: Prepared | None = None
        self.error: Exception | None = None

    def outcome(self, words: tuple[Any, ...]) -> Outcome:
        """Does what is ordered; an error is an outcome like others, and kept."""
        self.error = None
        try:
            return Outcome(self._do(*words))
        except Exception as error:  # noqa: BLE001 -- the first rank decides what an error costs
            self.error = error
            return Outcome(None, type(error).__name__, str(error))

    def _do(self, verb: str, *told: Any) -> Any:  # noqa: ANN401 -- as various as the orders
        if verb in ("check", "prepare"):
            name, point = told
            return self._begin(verb, find_kernel(name), point)
        if verb == "release":
            self.prepared = None
            return self.device.release()
        if self.prepared is None:
            raise RuntimeError(f"asked for {verb} before anything was prepared")
        if verb == "time":
            self._team.align()
            return self.device.time(self.prepared, *told)
        return self.prepared.spoil() if verb == "spoil" else self.prepared.spot_check()

    def _begin(self, verb: str, kernel: Kernel, point: Point) -> Check | None:
        if verb == "check":
            return self.device.check(kernel, point)
        self.prepared = None  # its buffers make room for those that follow
        self.prepared = self.device.prepare(kernel, point)
        return None


class LeadingDevice:
    """The first rank's device; a kernel across ranks is built, checked and timed by all.

    Attributes:
        whole: False while an order is under way, and for good once one was broken off.
    """

    def __init__(self, device: Device, team: Team) -> None:
        self._device, self._team = device, team
        self._hand = Hand(device, team)
        self.timer_resolution_s, self.live = device.timer_resolution_s, device.live
        self.whole = True

    def info(self) -> DeviceInfo:
        """Returns what the first rank's device reports."""
        return self._device.info()

    def limits(self) -> Limits:
        """Returns what the first rank's device has."""
        return self._device.limits()

    def lacks(self, dtype: str) -> str | None:
        """Returns why the first rank's device cannot do ``dtype``."""
        return self._device.lacks(dtype)

    def check(self, kernel: Kernel, point: Point) -> Check:
        """Runs the kernel's check, on all ranks if it needs them; the worst is told."""
        if not across(kernel):
            return self._device.check(kernel, point)
        return worst(self._ask("check", kernel.name, point))

    def prepare(self, kernel: Kernel, point: Point) -> Prepared:
        """Allocates a configuration's buffers, on all ranks if it needs them."""
        if not across(kernel):
            return self._device.prepare(kernel, point)
        self._ask("prepare", kernel.name, point)
        return PreparedOnAll(self)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Returns the time of the slowest rank, of calls that began on all at once."""
        if not isinstance(prepared, PreparedOnAll):
            return self._device.time(prepared, calls)
        return slowest(self._ask("time", calls))

    def now(self) -> float:
        """Returns seconds on the first rank's clock."""
        return self._device.now()

    def rest(self, seconds: float) -> None:
        """Leaves the devices idle: other ranks wait to be told what to do."""
        self._device.rest(seconds)

    def reading(self) -> Reading:
        """Returns how the first rank's device is."""
        return self._device.reading()

    def health(self) -> Health:
        """Returns the host's counters; CPU time of ranks that wait tells nothing."""
        return replace(self._device.health(), cpu_s=None)

    def release(self) -> None:
        """Gives buffers back, on all ranks that are still there."""
        if self.whole:
            self._ask("release")
        else:
            self._device.release()

    def end(self) -> None:
        """Sends the others home; one that is in the middle of something sees the first go."""
        if self.whole:
            self._team.order((END,))
            self._team.end()

    def of_all(self, verb: str) -> list[Any]:
        """Has every rank do something with what is prepared, and returns what each gives."""
        return self._ask(verb)

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel saw of itself on the first rank."""
        return self._hand.prepared.observed() if self._hand.prepared else {}

    def _ask(self, *words: Any) -> list[Any]:  # noqa: ANN401 -- as various as the orders
        """Sends an order, carries it out, and returns what every rank gives.

        Raises:
            LostRankError: a rank is gone, now or before.
            Exception: the first rank's own error, or else another's.
        """
        if not self.whole:
            raise LostRankError("another rank is gone")
        self.whole = False
        self._team.order(words)
        outcomes = self._team.outcomes(self._hand.outcome(words))
        self.whole = True
        if self._hand.error is not None:
            raise self._hand.error
        for number, one in enumerate(outcomes):
            if one.kind:
                raise KINDS.get(one.kind, RuntimeError)(f"on rank {number}: {one.words}")
        return [one.value for one in outcomes]


class PreparedOnAll:
    """A configuration that every rank has prepared; the latest only can be used."""

    at_once = 1

    def __init__(self, leader: LeadingDevice) -> None:
        self._leader = leader

    def spoil(self) -> None:
        """Overwrites the results on all ranks."""
        self._leader.of_all("spoil")

    def spot_check(self) -> Check | None:
        """Returns the worst of all ranks' checks."""
        return worst(self._leader.of_all("spot_check"))

    def observed(self) -> dict[str, float | str]:
        """Returns what the kernel saw of itself on the first rank."""
        return self._leader.observed()


def across(kernel: Kernel) -> bool:
    """Tells whether a kernel needs every rank."""
    return bool(getattr(kernel, "across_ranks", False))


def worst(checks: Sequence[Check]) -> Check:
    """Returns the check that failed, or else that with the largest error."""
    return max(checks, key=lambda check: (not check.passed, check.error))


def slowest(times: Sequence[Elapsed]) -> Elapsed:
    """Returns the longest time; what disturbed one rank disturbed all, which wait for it."""
    return Elapsed(
        max(one.seconds for one in times),
        max(one.wall_seconds for one in times),
        disturbed=any(one.disturbed for one in times),
    )


def follow(device: Device, team: Team) -> None:
    """Does on another rank what the first orders, until it ends.

    Raises:
        LostRankError: the first is gone.
    """
    hand = Hand(device, team)
    while (words := team.order(None)) != (END,):
        team.outcomes(hand.outcome(words))
    team.end()
