"""What tests of the link kernels share: points, and ranks in threads."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.kernels import collective
from bench.kernels.common import inputs, ranks
from bench.kernels.common.base import Point
from bench.kernels.registry import kernel

CPU = torch.device("cpu")
HOST_LINK, PEER, COLLECTIVE = kernel("host_link"), kernel("peer"), kernel("collective")

OPERATIONS = tuple(collective.TITLES)


def collected(operation: str, count: int = 2, message: int = 4800) -> Point:
    """A collective."""
    told: dict[str, int | str] = {"operation": operation, "ranks": count}
    return Point("collective", "fp32", parameters={**told, "message_bytes": message})


class World:
    """Ranks in threads: each exchanges what it has with all others, in step."""

    def __init__(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.own = count, threading.local()
        self.met = threading.Barrier(count, timeout=10.0)
        self.given: list[Any] = [None] * count
        self.broken: str = ""
        groups = SimpleNamespace(data=None, backend="threads")
        monkeypatch.setattr(ranks, "count", lambda: count)
        monkeypatch.setattr(ranks, "rank", lambda: self.own.rank)
        monkeypatch.setattr(ranks, "joined", lambda: groups)
        monkeypatch.setattr(ranks, "gathered", self.exchanged)
        monkeypatch.setattr(collective, "_call", self.call)
        monkeypatch.setattr(inputs, "buffers", lambda _, size, *__: (torch.randn(size),))
        monkeypatch.setattr(inputs, "outputs", lambda size, *_: torch.empty(size))

    def exchanged(self, mine: object) -> list[Any]:
        self.given[self.own.rank] = mine
        self.met.wait()
        told = list(self.given)
        self.met.wait()
        return told

    def call(self, operation: str, source: torch.Tensor, target: torch.Tensor) -> Any:
        """The collective by its definition, on a loop's say."""

        def run() -> None:
            put = self.exchanged(target.clone() if operation == "all_reduce" else source)
            me = self.own.rank
            if operation == "all_gather":
                target.copy_(torch.cat(put))
            elif operation == "all_to_all":
                target.copy_(torch.cat([one.chunk(self.count)[me] for one in put]))
            else:
                total = torch.stack(put).sum(dim=0)
                target.copy_(total.chunk(self.count)[me] if target.shape != total.shape else total)
            if self.broken == "own" and operation != "all_reduce":
                target[: len(source) // self.count].zero_()
            elif self.broken:
                target.mul_(1.001)

        return run

    def all(self, work: Callable[[], Any]) -> list[Any]:
        """What each rank makes of the same work."""
        results: list[Any] = [None] * self.count

        def one(rank: int) -> None:
            self.own.rank = rank
            try:
                results[rank] = work()
            except Exception as error:  # noqa: BLE001 -- given back to be looked at
                results[rank] = error

        threads = [threading.Thread(target=one, args=(rank,)) for rank in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results
