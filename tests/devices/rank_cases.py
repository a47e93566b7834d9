"""Two ranks in two threads, for tests of several ranks as one run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from bench.devices import ranks as led
from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import FakeDevice, FakePrepared, FakeSpec
from bench.devices.ranks import LeadingDevice, follow
from bench.devices.team import LostRankError, Outcome
from bench.kernels.common.base import Kernel, Point
from bench.records.model import Check

WAIT_S = 10.0


@dataclass
class Threads:
    """Two ranks in two threads: one queue a direction, and the order of what was said."""

    rank: int
    orders: "Queue[Any]"
    answers: "Queue[Any]"
    said: list[str] = field(default_factory=list)
    ended: bool = False
    lost: bool = False

    def order(self, words: tuple[Any, ...] | None) -> tuple[Any, ...]:
        if self.lost:
            raise LostRankError("another rank is gone")
        if self.rank == 0:
            assert words is not None
            self.said.append(words[0])
            self.orders.put(words)
            return words
        told: tuple[Any, ...] = self.orders.get(timeout=WAIT_S)
        return told

    def outcomes(self, mine: Outcome) -> list[Outcome]:
        if self.rank > 0:
            self.answers.put(mine)
            return []
        if self.lost:
            raise LostRankError("another rank is gone")
        return [mine, self.answers.get(timeout=WAIT_S)]

    def align(self) -> None:
        self.said.append("align")

    def end(self) -> None:
        self.ended = True


class Logging(FakeDevice):
    """A fake device that keeps what it was asked, and raises once if it is told to."""

    def __init__(self, spec: FakeSpec | None = None) -> None:
        super().__init__(spec or FakeSpec(noise="none"))
        self.log: list[object] = []
        self.trouble: dict[str, BaseException] = {}

    def _note(self, verb: str, *told: object) -> None:
        self.log.append((verb, *told))
        if verb in self.trouble:
            raise self.trouble.pop(verb)

    def check(self, kernel: Kernel, point: Point) -> Check:
        self._note("check", kernel.name, point)
        return super().check(kernel, point)

    def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
        self._note("prepare", kernel.name, point)
        return super().prepare(kernel, point)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        self._note("time", calls)
        return super().time(prepared, calls)

    def release(self) -> None:
        self._note("release")


@dataclass
class Pair:
    """A leader and its follower."""

    leader: LeadingDevice
    first: Logging
    second: Logging
    teams: tuple[Threads, Threads]
    thread: threading.Thread


@contextmanager
def paired() -> Iterator[Pair]:
    """Both ranks, ended at the end."""
    orders, answers = Queue[Any](), Queue[Any]()
    teams = Threads(0, orders, answers), Threads(1, orders, answers)
    first, second = Logging(), Logging()
    thread = threading.Thread(target=follow, args=(second, teams[1]), daemon=True)
    thread.start()
    yield Pair(LeadingDevice(first, teams[0]), first, second, teams, thread)
    orders.put((led.END,))
    thread.join(WAIT_S)
    assert not thread.is_alive()


def lose(pair: Pair) -> None:
    """The follower is gone from now on."""
    pair.teams[0].lost = True
